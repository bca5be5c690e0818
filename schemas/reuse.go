package schemas

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Reuse decodes records one after another into the same memory, one event per schema: most of what decoding costs is memory. It is used by one goroutine
// at a time.
type Reuse struct {
	Codec *Codec
	// Envelope says of an event type that its body is of no use: of records of our own schemas, the envelope alone is read, and Delivery.EnvelopeOnly
	// says so. What is wrong with such a body is not seen. Nil: all bodies are read.
	Envelope func(eventType string) bool
	events   map[[prefixSize]byte]reused
}

// reused is the memory for the records of one schema.
type reused struct {
	event    Event
	envelope bool // only that is read, and nothing else of event was ever written
}

// Deliver is Codec.Deliver. The delivery's event is overwritten by the next record of its schema: whoever keeps it, or a slice or pointer of it, uses
// the codec itself. Strings may be kept.
func (u *Reuse) Deliver(ctx context.Context, r *kgo.Record) (Delivery, error) {
	if len(r.Value) < prefixSize {
		return u.Codec.Deliver(ctx, r)
	}
	prefix := [prefixSize]byte(r.Value)
	to, known := u.events[prefix]
	if !known {
		if to = u.envelope(r.Value); to.event == nil {
			d, err := u.Codec.Deliver(ctx, r)
			if err == nil {
				u.keep(prefix, reused{event: d.Event})
			}
			return d, err
		}
		u.keep(prefix, to)
	}
	id, body, err := splitPrefix(r.Value)
	d := Delivery{Position: Position{r.Topic, r.Partition, r.Offset}, AppendTime: TimeOf(r.Timestamp), Record: r, SchemaID: id, EnvelopeOnly: to.envelope}
	switch {
	case err != nil:
	case to.envelope:
		if u.Codec.decodeMeta(body, to.event.Header()) != nil {
			return u.Codec.Deliver(ctx, r) // which says what is wrong with it
		}
	default:
		err = u.Codec.DecodeInto(ctx, r.Value, to.event)
	}
	if err != nil {
		delete(u.events, prefix) // after an error it is not to be read
		return d, err
	}
	d.Event = to.event
	return d, nil
}

func (u *Reuse) keep(prefix [prefixSize]byte, to reused) {
	if u.events == nil {
		u.events = map[[prefixSize]byte]reused{}
	}
	u.events[prefix] = to
}

// envelope is the memory for records like this one, where their bodies are not read: whether they are depends on their schema alone, never on what was read
// before. It has no event where they are.
func (u *Reuse) envelope(value []byte) reused {
	if u.Envelope == nil {
		return reused{}
	}
	id, _, err := splitPrefix(value)
	subject, own := u.Codec.subjects[id]
	if err != nil || !own {
		return reused{}
	}
	if e := eventOfSubject(subject); e != nil && u.Envelope(e.EventType()) {
		return reused{event: e, envelope: true}
	}
	return reused{}
}
