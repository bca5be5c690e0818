package schemas

import (
	"errors"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Stage says who writes a letter.
type Stage struct {
	Name  string // processor:finance, sink:events
	Group string // the consumer group
}

// NewLetter is the dead letter of record r at stage s. Its id names the consumer and the position, so that a repetition shares it; where r is a
// redrive, both are those of the first death, so that laps count on one key. e may be nil: then nothing could be read.
func NewLetter(s Stage, r *kgo.Record, e Event, cause error) *DeadLetter {
	class, reason := DeadLetterClassRULE_ERROR, "derivation returned an error of no class"
	var p *PoisonError
	if errors.As(cause, &p) {
		class, reason = p.Class, p.Reason
	}
	l := &DeadLetter{
		Stage: s.Name, Consumer: s.Group, Class: class, Reason: reason, Owner: Owner(""), Attempts: 1,
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, RecordTime: TimeOf(r.Timestamp), Key: r.Key, Value: r.Value,
	}
	for _, h := range r.Headers {
		l.Headers = append(l.Headers, LetterHeader{Key: h.Key, Value: h.Value})
	}
	if redrive, ok := e.(*Redrive); ok {
		l.Topic, l.Partition, l.Offset, l.RecordTime = redrive.Topic, redrive.Partition, redrive.Offset, redrive.RecordTime
		l.Key, l.Value, l.Headers, l.Laps = redrive.Key, redrive.Value, redrive.Headers, redrive.Laps
		e = nil
	}
	if len(l.Value) >= 5 && l.Value[0] == 0 {
		l.SchemaID = Some(int32(uint32(l.Value[1])<<24 | uint32(l.Value[2])<<16 | uint32(l.Value[3])<<8 | uint32(l.Value[4])))
	}
	l.Meta = Meta{
		EventID: LetterID(s.Group, Position{l.Topic, l.Partition, l.Offset}), OccurredAt: l.RecordTime, OccurredTZOffset: "Z",
		Source: Source{System: "throughline", Instance: s.Group, DocType: "dead letter", DocID: l.Topic + "/" + strconv.Itoa(int(l.Partition)) + "@" + strconv.FormatInt(l.Offset, 10)},
	}
	l.Describe(e)
	return l
}

// Describe copies what could be read of the dead event.
func (l *DeadLetter) Describe(e Event) {
	if e == nil {
		return
	}
	m := e.Header()
	l.DeadEventID, l.DeadEventType, l.Owner = Some(m.EventID), e.EventType(), Owner(e.EventType())
	l.Meta.LegalEntity, l.Meta.CausationID, l.Meta.Traceparent = m.LegalEntity, Some(m.EventID), m.Traceparent
	l.Meta.SubjectRefs, l.Meta.Period = m.SubjectRefs, m.Period
	l.Meta.Intake = m.Intake // what died at admission or later accounts for its intake record
	if l.Thread = m.CorrelationID; l.Thread == "" {
		l.Thread = Thread(e)
	}
	l.Meta.CorrelationID = l.Thread
}

// LetterID is the id of the letter that group writes for the record at p.
func LetterID(group string, p Position) UUID {
	return NamedID("letter", group, p.Topic, strconv.Itoa(int(p.Partition)), strconv.FormatInt(p.Offset, 10))
}

// Unwrap is the record that a redrive carries, as it stood when it died; a record that is no redrive is returned as it is. The time stays that of
// the redrive's own record: what judges by append time judges by it.
func (d Delivery) Unwrap() (*kgo.Record, *Redrive) {
	r, ok := d.Event.(*Redrive)
	if !ok {
		return d.Record, nil
	}
	inner := &kgo.Record{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.RecordTime.Time(), Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		inner.Headers = append(inner.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
	return inner, r
}
