package schemas

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Reuse decodes records one after another into the same memory, one event per schema: most of what decoding costs is memory. It is used by one goroutine
// at a time.
type Reuse struct {
	Codec  *Codec
	events map[[prefixSize]byte]Event
}

// Deliver is Codec.Deliver. The delivery's event is overwritten by the next record of its schema: whoever keeps it, or a slice or pointer of it, uses
// the codec itself. Strings may be kept.
func (u *Reuse) Deliver(ctx context.Context, r *kgo.Record) (Delivery, error) {
	if len(r.Value) < prefixSize {
		return u.Codec.Deliver(ctx, r)
	}
	prefix := [prefixSize]byte(r.Value)
	e, known := u.events[prefix]
	if !known {
		d, err := u.Codec.Deliver(ctx, r)
		if err == nil {
			if u.events == nil {
				u.events = map[[prefixSize]byte]Event{}
			}
			u.events[prefix] = d.Event
		}
		return d, err
	}
	id, _, err := splitPrefix(r.Value)
	d := Delivery{Position: Position{r.Topic, r.Partition, r.Offset}, AppendTime: TimeOf(r.Timestamp), Record: r, SchemaID: id}
	if err == nil {
		err = u.Codec.DecodeInto(ctx, r.Value, e)
	}
	if err != nil {
		delete(u.events, prefix) // after an error it is not to be read
		return d, err
	}
	d.Event = e
	return d, nil
}
