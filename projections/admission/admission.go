package admission

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// Projection is the admission fold: admission.threads in, the canonical log out.
func Projection() projections.Projection {
	return projections.Projection{
		Name:      "admission",
		From:      []string{schemas.TopicThreads},
		To:        append(schemas.CanonicalTopics(), schemas.TopicOutcomes, schemas.TopicExceptions),
		Changelog: func(string) string { return "changelog.admission" },
		Values:    projections.Values{Encode: encode, Decode: decode},
		Apply:     apply,
		Load:      load,
		Reference: true,
	}
}

// folding is one delivery on its way through the fold.
type folding struct {
	st  projections.State
	env projections.Env
	at  schemas.Time // append time of the record that is folded: admitted_at of whatever it lets through
	out []projections.Output
}

func (f *folding) emit(e schemas.Event) { f.out = append(f.out, projections.Output{Event: e}) }

func apply(st projections.State, d schemas.Delivery, env projections.Env) ([]projections.Output, error) {
	f := &folding{st: st, env: env, at: d.AppendTime}
	if _, ok := d.Event.(*schemas.Tick); ok {
		return f.out, f.tick()
	}
	entry, ok := schemas.Lookup(d.Event.EventType())
	if !ok || entry.Kind != schemas.Fact || d.Event.Header().Intake == nil {
		return nil, contract("%s on admission.threads did not come through intake", d.Event.EventType())
	}
	err := f.arrive(d)
	return f.out, err
}

// arrive takes in one event: a copy, something that waits, or something to admit.
func (f *folding) arrive(d schemas.Delivery) error {
	m := d.Event.Header()
	t := f.thread(m.CorrelationID)
	if hash, seen := t.seenHash(m.EventID); seen {
		if hash == shortHash(m.Intake.ContentHash) {
			f.emit(schemas.NewOutcome("admission", schemas.OutcomeDUPLICATE, d, t.name))
			return nil
		}
		f.emit(schemas.NewConflict(d, t.name))
		return &schemas.PoisonError{Class: schemas.DeadLetterClassCONFLICT,
			Reason: "event_id was used before with other content: a changed fact needs a new document version or a correction"}
	}
	missing := t.missing(d.Event)
	if len(missing) == 0 {
		err := f.admit(t, d, false)
		var wait *waiting
		if !errors.As(err, &wait) {
			if err == nil {
				f.release(t)
			}
			return f.settle(t, err)
		}
		missing = wait.needs
	}
	f.hold(t, d, missing)
	return f.settle(t, nil)
}

// settle writes the thread back, unless the event died: then nothing of it may stay.
func (f *folding) settle(t *thread, err error) error {
	if err != nil {
		return err
	}
	t.progress.LastAt = f.at
	f.st.Put(progressKey(t.name), t.progress)
	f.index(t)
	return nil
}

// admit completes an event and emits it to the canonical log. A *waiting error says which reference data it lacks; any other is the event's own fault.
// On an error nothing has changed.
func (f *folding) admit(t *thread, d schemas.Delivery, released bool) error {
	e := d.Event
	m := e.Header()
	c := &completion{folding: f, t: t}
	if err := c.complete(e); err != nil {
		return err
	}
	topic, ok := schemas.CanonicalTopic(e)
	if !ok {
		return contract("%s has no canonical topic", e.EventType())
	}
	if err := fits(d, e); err != nil {
		return err
	}
	m.ThreadSequence = schemas.Some(t.progress.NextSequence)
	t.progress.NextSequence++
	c.apply(e)
	if !released { // what was held was seen when it came
		t.see(m.EventID, shortHash(m.Intake.ContentHash))
	}
	f.out = append(f.out, projections.Output{Event: e, Topic: topic, Key: t.name, Acked: func(offset int64) { t.setSeenOffset(m.EventID, offset) }})
	if released {
		o := schemas.NewOutcome("admission", schemas.OutcomeRELEASED, d, t.name)
		o.CanonicalTopic = topic
		f.emit(o)
	}
	for _, x := range c.exceptions {
		f.emit(x)
	}
	return nil
}

// fits refuses a completed event that its topic would not take. Completing multiplies a document's size by a few, so small ones are not measured.
func fits(d schemas.Delivery, e schemas.Event) error {
	if len(d.Record.Value) < schemas.RecordMax/16 {
		return nil
	}
	b, err := schemas.EncodeEmbedded(e)
	if err == nil && len(b) > schemas.RecordMax-64<<10 {
		err = &schemas.PoisonError{Class: schemas.DeadLetterClassTOO_LARGE, Reason: "the document is too large once its amounts and costs are stamped: split it"}
	}
	return err
}

// release admits held events whose prerequisites have come, until no more can go. One that turns out to be wrong dies here, as a letter of the record
// that brought it.
func (f *folding) release(t *thread) {
	for again := true; again; {
		again = false
		for i := 0; i < len(t.progress.Holds); i++ {
			h := &t.progress.Holds[i]
			if waitsForReference(h) || !t.knowsAll(h.WaitsFor) {
				continue
			}
			if f.tryHeld(t, i) {
				again = true
				break
			}
		}
	}
}

// tryHeld admits the i-th held event, or kills it; false means that it still waits.
func (f *folding) tryHeld(t *thread, i int) bool {
	h := t.progress.Holds[i]
	held, d, err := f.heldDelivery(t, h)
	if err == nil {
		if missing := t.missing(d.Event); len(missing) > 0 {
			t.progress.Holds[i].WaitsFor = missing
			return false
		}
		err = f.admit(t, d, true)
	}
	var wait *waiting
	if errors.As(err, &wait) {
		t.progress.Holds[i].WaitsFor = wait.needs
		return false
	}
	if err != nil {
		t.unsee(h.EventID) // a redrive is let in as if it had never come
		f.letter(held, d.Event, err)
	}
	t.dropHold(h.N)
	f.st.Put(holdKey(t.name, h.N), nil)
	return true
}

// letter is the dead letter of an event that died after it had waited.
func (f *folding) letter(held *schemas.HeldRecord, e schemas.Event, cause error) {
	rec := &kgo.Record{Topic: schemas.TopicThreads, Partition: held.Partition, Offset: held.Offset, Timestamp: held.AppendTime.Time(), Value: held.Value}
	if e != nil {
		rec.Key = []byte(e.Header().CorrelationID)
	}
	var poison *schemas.PoisonError
	if !errors.As(cause, &poison) {
		cause = &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: cause.Error()}
	}
	l := schemas.NewLetter(schemas.Stage{Name: "admission", Group: schemas.Group("admission")}, rec, e, cause)
	l.Laps = held.Laps // or no further redrive of it would be heard
	f.emit(l)
}

// load names the canonical original that a void corrects: admission keeps the position of every event it admitted.
func load(st projections.State, d schemas.Delivery) (schemas.Position, bool) {
	m := d.Event.Header()
	failed, ok := d.Event.(*schemas.PaymentCaptureFailed)
	if !ok && (!schemas.Corrects(d.Event) || m.Correction == nil) {
		return schemas.Position{}, false
	}
	f := &folding{st: st}
	t, corrected := f.thread(m.CorrelationID), m.Correction
	if corrected == nil {
		id, booked := t.captureOf(failed.PaymentID)
		if !booked {
			return schemas.Position{}, false
		}
		corrected = &schemas.Correction{CorrectedEventID: id, CorrectedEventType: "payment.captured"}
	}
	offset, seen := t.seenOffset(corrected.CorrectedEventID)
	entry, known := schemas.Lookup(corrected.CorrectedEventType)
	if !seen || !known || offset < 0 {
		return schemas.Position{}, false
	}
	// Canonical topics and admission.threads are keyed and partitioned alike: by thread, by us.
	return schemas.Position{Topic: entry.Topic, Partition: d.Partition, Offset: offset}, true
}

// waiting says which reference data an event needs and does not find.
type waiting struct{ needs []string }

func (w *waiting) Error() string { return fmt.Sprintf("waiting for %v", w.needs) }

func contract(format string, args ...any) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: fmt.Sprintf(format, args...)}
}
