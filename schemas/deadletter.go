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
	p := PoisonOf(cause)
	l := &DeadLetter{
		Stage: s.Name, Consumer: s.Group, Class: p.Class, Reason: p.Reason, Owner: Owner(""), Attempts: 1,
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
	l.cut()
	l.Describe(e)
	return l
}

// PoisonOf is the class and reason of an error that kills a record. What is no PoisonError gives none away: its text may hold values.
func PoisonOf(cause error) *PoisonError {
	var p *PoisonError
	if errors.As(cause, &p) {
		return p
	}
	return &PoisonError{Class: DeadLetterClassRULE_ERROR, Reason: "processing returned an error of no class; the log has it"}
}

// letterRoom is what a letter needs beside the dead record's bytes.
const letterRoom = 512 << 10

// cut makes a record fit into its letter. A compressed batch may hold one that is larger than any topic takes, and a letter that cannot be written would
// stop its consumer for ever.
func (l *DeadLetter) cut() {
	n := len(l.Key) + len(l.Value)
	for _, h := range l.Headers {
		n += len(h.Key) + len(h.Value) + 8
	}
	if n <= letterMax-letterRoom {
		return
	}
	l.Class, l.Key, l.Value, l.Headers = DeadLetterClassLIMIT_EXCEEDED, head(l.Key), head(l.Value), nil
	l.Reason += "; the record is too large for a letter, which holds its beginning only"
}

func head(b []byte) []byte { return b[:min(len(b), letterRoom/2)] }

const maxRefs = 1000 // of an event's subject_refs stand in its letter too

// Describe copies what could be read of the dead event.
func (l *DeadLetter) Describe(e Event) {
	if e == nil {
		return
	}
	m := e.Header()
	l.DeadEventID, l.DeadEventType, l.Owner = Some(m.EventID), e.EventType(), Owner(e.EventType())
	l.Meta.LegalEntity, l.Meta.CausationID, l.Meta.Traceparent = m.LegalEntity, Some(m.EventID), m.Traceparent
	l.Meta.Period = m.Period
	if len(m.SubjectRefs) <= maxRefs {
		l.Meta.SubjectRefs = m.SubjectRefs
	}
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
