package schemas

import (
	"context"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Position is where a record stands in Kafka.
type Position struct {
	Topic     string
	Partition int32
	Offset    int64
}

func (p Position) String() string { return fmt.Sprintf("%s/%d@%d", p.Topic, p.Partition, p.Offset) }

// Delivery is an event and where it was read.
type Delivery struct {
	Event Event
	Position
	AppendTime Time // record time: append time on the topics that we own
	SchemaID   int
	Laps       int32       // how often the record was redriven
	Record     *kgo.Record // raw bytes and headers; aliases the fetch buffer, clone what outlives the poll
	// EnvelopeOnly: of Event, the header alone was read (see Reuse.Envelope).
	EnvelopeOnly bool
}

// Deliver decodes a record. The delivery has its position and bytes even where the event cannot be decoded.
func (c *Codec) Deliver(ctx context.Context, r *kgo.Record) (Delivery, error) {
	d := Delivery{Position: Position{r.Topic, r.Partition, r.Offset}, AppendTime: TimeOf(r.Timestamp), Record: r}
	var err error
	d.Event, d.SchemaID, err = c.Decode(ctx, r.Value)
	return d, err
}

// Identity names the rule that derives a child: the child's id is UUIDv5(parent, rule@version/n).
type Identity struct {
	Rule    string
	Version int
	N       int
}

// Name is what the id is derived by: rule@version/n.
func (i Identity) Name() string {
	return i.Rule + "@" + strconv.Itoa(i.Version) + "/" + strconv.Itoa(i.N)
}

// Follow is the envelope of the n-th record that rule@version derives from m: same input, same identity, for ever. The child inherits
// who, when and which thread; what only the source could know (document, sequence, correction, intake position) stays with the parent.
func (m *Meta) Follow(id Identity) Meta {
	return Meta{
		EventID: m.EventID.Derive(id.Name()), LegalEntity: m.LegalEntity, SchemaVersion: 1,
		OccurredAt: m.OccurredAt, OccurredTZOffset: m.OccurredTZOffset, TimeQuality: m.TimeQuality,
		Source:        Source{System: m.Source.System, Instance: m.Source.Instance, DocType: m.Source.DocType, DocID: m.Source.DocID},
		CorrelationID: m.CorrelationID, CausationID: Some(m.EventID),
		RecordedAt: m.RecordedAt, EffectiveDate: m.EffectiveDate, AdmittedAt: m.AdmittedAt, RuleSet: m.RuleSet,
		Period: m.Period, OriginalPeriod: m.OriginalPeriod, Late: m.Late, Traceparent: m.Traceparent,
	}
}
