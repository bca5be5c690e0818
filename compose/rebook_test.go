package compose_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/projections/admission"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/projections/operations"
	"github.com/throughline/throughline/schemas"
)

// closePeriod announces a close as the tools do, without what they check before.
func (w *ward) closePeriod(entity, period string) {
	w.t.Helper()
	at := schemas.TimeOf(time.Now())
	x := &schemas.PeriodClosed{Period: period, ClosedAt: at, By: "controller"}
	x.Meta = schemas.Meta{EventID: schemas.NamedID("close", period), EventType: x.EventType(), SchemaVersion: 1, LegalEntity: entity, OccurredAt: at, OccurredTZOffset: "Z",
		Source: schemas.Source{System: "throughline", Instance: "controller", DocType: "period close", DocID: entity + "/" + period, Transition: "closed"}}
	topic, ok := schemas.IntakeTopic(x)
	if !ok {
		w.t.Fatal("a close has no intake topic")
	}
	value, err := w.codec.Encode(x)
	if err != nil {
		w.t.Fatal(err)
	}
	w.produce(&kgo.Record{Topic: topic, Key: []byte(schemas.DocumentKey(x.Meta.Source)), Value: value})
	w.rest()
}

// victimOf is the first event of a company that some type of is.
func victimOf(t *testing.T, company *simulate.Company, eventType string) schemas.UUID {
	t.Helper()
	for e := range company.Events() {
		if e.EventType() != eventType {
			continue
		}
		if id := e.Header().EventID; !id.IsZero() {
			return id
		}
		return schemas.SourceID(e.Header().Source)
	}
	t.Fatalf("the company has no %s", eventType)
	return schemas.UUID{}
}

// byAccount sums a journal by account, over all periods.
func byAccount(entries []schemas.Delivery) map[string]schemas.Decimal {
	sums := map[string]schemas.Decimal{}
	for _, d := range entries {
		for _, l := range d.Event.(*schemas.JournalEntry).Lines {
			sums[l.Account] = sums[l.Account].Add(l.AmountFn)
		}
	}
	return sums
}

func (w *ward) rebook(ctx context.Context, id schemas.UUID, ruleSet string) (replay.Rebooked, error) {
	limited, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	return w.desk().Rebook(limited, id, ruleSet, "the account is mapped since")
}

// S48: a letter that is found after its period was closed is never redriven into it. It is rebooked: its entry stands in the first open period, the original period
// is kept, nothing is reversed, and it is booked once, however often and by whichever way somebody asks.
func TestS48ALetterOfAClosedPeriodIsRebooked(t *testing.T) {
	w := newWard(t, 25, 10)
	victim := victimOf(t, w.company, "shipment.shipped")
	w.project(intake.Projection(), nil)
	w.project(admission.Projection(), nil)
	w.project(operations.Projection(), nil)
	w.process(finance.Processor(), func(e schemas.Event) bool { return e.Header().EventID == victim })
	stopFinance := w.stops[len(w.stops)-1]
	w.publish()
	w.rest()
	letter := w.letterOf(replay.Open)
	dead, err := w.codec.Deliver(t.Context(), &kgo.Record{Topic: letter.Topic, Partition: letter.Partition, Offset: letter.Offset, Value: letter.Value})
	if err != nil {
		t.Fatal(err)
	}
	m := dead.Event.Header()
	if _, err := w.rebook(t.Context(), letter.Meta.EventID, ""); !errors.Is(err, replay.ErrRefused) || !strings.Contains(err.Error(), "is open") {
		t.Fatalf("rebooking while the period is open: %v, want a refusal", err)
	}
	w.closePeriod(m.LegalEntity, m.Period)
	w.sick.Store(false)
	if r := w.redrive(letter, replay.CameRefused); !strings.Contains(r.Reason, "throughline dlq rebook "+letter.Meta.EventID.String()) {
		t.Errorf("the refusal does not say what to do: %s", r.Reason)
	}
	if n := w.count(schemas.TopicActions); n != 0 {
		t.Errorf("the refused redrive wrote %d actions", n)
	}
	if _, err := w.rebook(t.Context(), letter.Meta.EventID, "1999-01"); !errors.Is(err, replay.ErrRefused) {
		t.Fatalf("rebooking by rules that nobody announced: %v, want a refusal", err)
	}
	w.rebookInterrupted(letter, stopFinance)
	done, err := w.rebook(t.Context(), letter.Meta.EventID, "")
	if err != nil || done.Original != m.Period || done.Period <= m.Period || done.RuleSet != finance.DefaultRuleSet {
		t.Fatalf("rebooked %+v, %v; want an entry after %s by %s", done, err, m.Period, finance.DefaultRuleSet)
	}
	w.bookedOnce(letter, m, done)
}

// rebookInterrupted rebooks while finance is away, and then starts finance.
func (w *ward) rebookInterrupted(letter *replay.Letter, stopFinance func() error) {
	w.t.Helper()
	if err := stopFinance(); err != nil {
		w.t.Fatal(err)
	}
	short, cancel := context.WithTimeout(w.t.Context(), 3*time.Second)
	_, err := w.rebook(short, letter.Meta.EventID, "")
	if cancel(); err == nil || !strings.Contains(err.Error(), "rebook again to resume") {
		w.t.Fatalf("without finance: %v, want an error that says what to do", err)
	}
	w.process(finance.Processor(), nil)
}

// bookedOnce wants what was rebooked in the books once, and no way by which it could come again.
func (w *ward) bookedOnce(letter *replay.Letter, of *schemas.Meta, done replay.Rebooked) {
	w.t.Helper()
	entries := 0
	for _, d := range w.read(schemas.TopicJournal) {
		switch j := d.Event.(*schemas.JournalEntry); j.Meta.CausationID.V.String() {
		case of.EventID.String():
			w.t.Errorf("an entry of the dead event stands in %s", j.Meta.Period)
		case done.By:
			if entries++; j.N != 1 || j.Meta.Period != done.Period || j.Meta.OriginalPeriod != of.Period || !j.Meta.Late || j.Reverses.Set {
				w.t.Errorf("the entry is number %d of %s, originally of %s, late %v, reverses %v", j.N, j.Meta.Period, j.Meta.OriginalPeriod, j.Meta.Late, j.Reverses)
			}
		}
	}
	if entries != 1 {
		w.t.Errorf("%d entries of the rule.superseded, want 1", entries)
	}
	if _, err := w.rebook(w.t.Context(), letter.Meta.EventID, ""); !errors.Is(err, replay.ErrRefused) || !strings.Contains(err.Error(), "cured already") {
		w.t.Errorf("rebooking again: %v, want a refusal", err)
	}
	if l := w.letterOf(replay.Cured); l.Who != "kim" || !strings.Contains(l.Why, "mapped since") {
		w.t.Errorf("rebooked by %q because %q", l.Who, l.Why)
	}
	w.redrive(letter, replay.CameNothing)
	past := &schemas.OperatorAction{Action: schemas.ActionKindREDRIVE, Who: "somebody", Why: "past the desk", Topic: letter.At.Topic, Partition: schemas.Some(letter.At.Partition),
		Offset: schemas.Some(letter.At.Offset), LetterID: schemas.Some(letter.Meta.EventID), Consumer: letter.Consumer}
	past.Meta = schemas.Meta{EventID: schemas.NamedID("past the desk"), EventType: past.EventType(), LegalEntity: "*", OccurredAt: 1}
	w.produce(w.event(past))
	w.rest()
	if n := w.count(schemas.RedriveFinance); n != 0 {
		w.t.Errorf("%d redrives of a letter that was answered", n)
	}
	is, want := byAccount(w.read(schemas.TopicJournal)), byAccount(w.undisturbed().logs[schemas.TopicJournal])
	for account, sum := range want {
		if !is[account].Equal(sum) {
			w.t.Errorf("%s stands at %s, want %s", account, is[account].Text(), sum.Text())
		}
	}
	if e := w.plan(replay.Selection{Processor: "finance"}).Effect; e.Changes()+len(e.Dead)+len(e.Caused) != 0 {
		w.t.Errorf("a plan finds %d changes, %d dead, %d that die", e.Changes(), len(e.Dead), len(e.Caused))
	}
	next := w.plan(replay.Selection{Processor: "finance", RuleSet: nextRules})
	if next.Effect.Changes() != len(next.Effect.Superseded) || len(next.Effect.Dead)+len(next.Effect.Caused) != 0 {
		w.t.Errorf("under other rules %+v", next.Effect)
	}
}

// What was lost is not replayed into a period that was closed since: its books would not be those that were closed.
func TestReplayLeavesAClosedPeriodAlone(t *testing.T) {
	w := losing(t, 31, shipped)
	plan := w.plan(replay.Selection{Processor: "finance"})
	if len(plan.Effect.New) == 0 || plan.Effect.New[0].Period == "" {
		t.Fatalf("nothing is planned, or of no period: %+v", plan.Effect.New)
	}
	first := plan.Effect.New[0]
	x := &schemas.PeriodClosed{Period: first.Period, ClosedAt: schemas.TimeOf(time.Now()), By: "controller"}
	x.Meta = schemas.Meta{EventID: schemas.NamedID("close"), EventType: x.EventType(), LegalEntity: first.Entity, OccurredAt: 1, AdmittedAt: schemas.Some(schemas.Time(1)), RuleSet: "2010-01"}
	topic, ok := schemas.CanonicalTopic(x)
	if !ok {
		t.Fatal("a close has no topic")
	}
	value, err := w.codec.Encode(x)
	if err != nil {
		t.Fatal(err)
	}
	entries := w.count(schemas.TopicJournal)
	w.produce(&kgo.Record{Topic: topic, Value: value})
	if _, err := w.apply(plan); !errors.Is(err, replay.ErrRefused) || !strings.Contains(err.Error(), "throughline reopen "+first.Period+" --entity "+first.Entity) {
		t.Errorf("applied with %v, want a refusal that says what to do", err)
	}
	w.rest()
	if n := w.count(schemas.TopicJournal); n != entries {
		t.Errorf("%d entries more in a closed period", n-entries)
	}
}
