package admission

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// referencePrefix begins what a tick, and only a tick, can find.
const referencePrefix = "reference:"

func waitsForReference(h *schemas.ThreadHold) bool {
	return slices.ContainsFunc(h.WaitsFor, func(w string) bool { return strings.HasPrefix(w, referencePrefix) })
}

const hour = schemas.Time(3600e6)

// patience is how long an event may wait before somebody is told (domain.md §4.3). The deadline changes nothing else.
func patience(eventType string) schemas.Time {
	switch eventType {
	case "shipment.shipped", "fulfillment.short_shipped":
		return 2 * hour // E7: shipment without order
	case "refund.issued":
		return 8 * hour // E4: same day
	}
	return 24 * hour
}

// hold keeps an event until what it lacks has come.
func (f *folding) hold(t *thread, d schemas.Delivery, missing []string) {
	m := d.Event.Header()
	n := t.progress.NextHold
	t.progress.NextHold++
	deadline := f.at + patience(d.Event.EventType())
	t.progress.Holds = append(t.progress.Holds, schemas.ThreadHold{N: n, EventID: m.EventID, EventType: d.Event.EventType(), WaitsFor: missing, Deadline: deadline})
	t.see(m.EventID, shortHash(m.Intake.ContentHash))
	held := &schemas.HeldRecord{Value: slices.Clone(d.Record.Value), AppendTime: f.at, Partition: d.Partition, Offset: d.Offset, Laps: d.Laps}
	if d.Topic != schemas.TopicThreads {
		held.Partition, held.Offset = m.Intake.Partition, m.Intake.Offset
	}
	f.st.Put(holdKey(t.name, n), held)
	o := schemas.NewOutcome("admission", schemas.OutcomeHELD, d, t.name)
	o.WaitsFor, o.Deadline = missing, schemas.Some(deadline)
	f.emit(o)
}

func (t *thread) dropHold(n int32) {
	t.progress.Holds = slices.DeleteFunc(t.progress.Holds, func(h schemas.ThreadHold) bool { return h.N == n })
}

// heldDelivery decodes a held event. Its bytes are ours, written under a schema that this binary knows or can resolve.
func (f *folding) heldDelivery(t *thread, h schemas.ThreadHold) (*schemas.HeldRecord, schemas.Delivery, error) {
	held, ok := f.st.Get(holdKey(t.name, h.N)).(*schemas.HeldRecord)
	if !ok {
		return &schemas.HeldRecord{}, schemas.Delivery{}, contract("the body of a held event is gone")
	}
	d := schemas.Delivery{Position: schemas.Position{Topic: schemas.TopicThreads, Partition: held.Partition, Offset: held.Offset}, AppendTime: held.AppendTime,
		Record: &kgo.Record{Value: held.Value}}
	var err error
	d.Event, err = schemas.DecodeEmbedded(held.Value, h.EventType)
	return held, d, err
}

// index notes whether a tick must look at the thread.
func (f *folding) index(t *thread) {
	if !t.waited && len(t.progress.Holds) == 0 {
		return // nothing waits and nothing waited: looking for the note would cost more than the rest of many an event
	}
	w := schemas.ThreadWaiting{}
	for i := range t.progress.Holds {
		h := &t.progress.Holds[i]
		w.Reference = w.Reference || waitsForReference(h)
		if !h.Overdue && (!w.Deadline.Set || h.Deadline < w.Deadline.V) {
			w.Deadline = schemas.Some(h.Deadline)
		}
	}
	key := waitingKey(t.name)
	old, had := f.st.Get(key).(*schemas.ThreadWaiting)
	wanted := w.Reference || w.Deadline.Set
	switch {
	case wanted && (!had || *old != w):
		f.st.Put(key, &w)
	case !wanted && had:
		f.st.Put(key, nil)
	}
}

// tick looks at what waits for reference data or has waited too long.
func (f *folding) tick() error {
	for _, key := range f.st.Keys("w") {
		w, ok := f.st.Get(key).(*schemas.ThreadWaiting)
		if !ok || !w.Reference && (!w.Deadline.Set || w.Deadline.V > f.at) {
			continue
		}
		t := f.thread(key[1:])
		emitted := len(f.out)
		changed := f.retryReference(t)
		f.raiseOverdue(t)
		if !changed && len(f.out) == emitted {
			continue // what still waits is not written anew at every tick
		}
		if err := f.settle(t, nil); err != nil {
			return err
		}
	}
	return nil
}

// retryReference tries what waits for reference data; changed says that a hold ended or waits for something else now.
func (f *folding) retryReference(t *thread) (changed bool) {
	for again := true; again; {
		again = false
		for i := range t.progress.Holds {
			h := &t.progress.Holds[i]
			if !waitsForReference(h) {
				continue
			}
			waited := h.WaitsFor
			if f.tryHeld(t, i) {
				f.release(t)
				again, changed = true, true
				break
			}
			changed = changed || !slices.Equal(waited, h.WaitsFor)
		}
	}
	return changed
}

// raiseOverdue tells of what has waited past its deadline, once.
func (f *folding) raiseOverdue(t *thread) {
	for i := range t.progress.Holds {
		h := &t.progress.Holds[i]
		if h.Overdue || h.Deadline > f.at {
			continue
		}
		h.Overdue = true
		_, d, err := f.heldDelivery(t, *h)
		if err != nil {
			continue
		}
		still := slices.DeleteFunc(slices.Clone(h.WaitsFor), t.satisfied)
		f.emit(schemas.NewException("HOLD_OVERDUE", "waits for "+strings.Join(still, ", "), schemas.Owner(h.EventType), d.Event))
		f.emit(schemas.NewOutcome("admission", schemas.OutcomeOVERDUE, d, t.name))
	}
}
