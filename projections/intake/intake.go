package intake

import (
	"fmt"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// Projection is the intake fold: every intake topic and its own redrives in, admission.threads out.
func Projection() projections.Projection {
	return projections.Projection{
		Name:      "intake",
		From:      append(schemas.IntakeTopics(), schemas.RedriveIntake),
		To:        []string{schemas.TopicThreads, schemas.TopicOutcomes, schemas.TopicExceptions},
		Changelog: func(topic string) string { return "changelog." + topic },
		Values:    projections.Values{Encode: encode, Decode: decode},
		Apply:     apply,
		Reuse:     true,
	}
}

func encode(b []byte, _ string, v any) ([]byte, error) {
	return schemas.AppendState(b, v.(*schemas.IntakeSeen))
}

func decode(_ string, b []byte) (any, error) {
	seen := &schemas.IntakeSeen{}
	return seen, schemas.ReadState(b, seen)
}

func apply(st projections.State, d schemas.Delivery, _ projections.Env) ([]projections.Output, error) {
	e := d.Event
	if topic, ok := schemas.IntakeTopic(e); !ok || topic != d.Topic {
		return nil, contract("%s does not belong on %s", e.EventType(), d.Topic)
	}
	if err := schemas.CheckContract(e); err != nil {
		return nil, err
	}
	m := e.Header()
	hash := schemas.ContentHash(e)
	key := string(m.EventID[:])
	if seen, ok := st.Get(key).(*schemas.IntakeSeen); ok {
		return again(d, seen, hash)
	}
	thread, err := threadOf(st, e)
	if err != nil {
		return nil, err
	}
	m.CorrelationID = thread
	m.RecordedAt = schemas.Some(schemas.TimeOf(d.Record.Timestamp))
	m.Intake = &schemas.IntakeRef{Topic: d.Topic, Partition: d.Partition, Offset: d.Offset, ContentHash: append([]byte{schemas.ContentHashVersion}, hash[:]...)}
	st.Put(key, &schemas.IntakeSeen{ContentHash: hash[:8], Thread: thread, EventType: e.EventType()})
	return []projections.Output{{Event: e, Topic: schemas.TopicThreads, Key: thread}}, nil
}

// again is the same id a second time: a duplicate, or a conflict where the content differs.
func again(d schemas.Delivery, seen *schemas.IntakeSeen, hash [32]byte) ([]projections.Output, error) {
	if string(seen.ContentHash) == string(hash[:8]) {
		return []projections.Output{{Event: schemas.NewOutcome("intake", schemas.OutcomeDUPLICATE, d, seen.Thread)}}, nil
	}
	return []projections.Output{{Event: schemas.NewConflict(d, seen.Thread)}}, &schemas.PoisonError{
		Class: schemas.DeadLetterClassCONFLICT, Reason: "event_id was used before with other content: a changed fact needs a new document version or a correction"}
}

// threadOf is the event's thread; a correction takes its original's, which it embeds or which came through this topic before it.
func threadOf(st projections.State, e schemas.Event) (string, error) {
	if !schemas.TakesThread(e) {
		if thread := schemas.Thread(e); thread != "" {
			return thread, nil
		}
		return "", contract("%s names no order and no document of its own", e.EventType())
	}
	c := e.Header().Correction
	if seen, ok := st.Get(string(c.CorrectedEventID[:])).(*schemas.IntakeSeen); ok {
		return seen.Thread, nil
	}
	if len(c.Original) > 0 {
		original, err := schemas.DecodeEmbedded(c.Original, c.CorrectedEventType)
		if err != nil {
			return "", contract("meta.correction.original cannot be read")
		}
		if original.Header().EventID != c.CorrectedEventID {
			return "", contract("meta.correction.original is another event than corrected_event_id")
		}
		if thread := schemas.Thread(original); thread != "" {
			return thread, nil
		}
		return "", contract("meta.correction.original names no order and no document of its own")
	}
	return "", contract("meta.correction.corrected_event_id has not come under this source document: embed the original, or send the correction again after it")
}

func contract(format string, args ...any) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: fmt.Sprintf(format, args...)}
}
