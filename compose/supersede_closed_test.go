package compose_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

// A plan under other rules shows money in the periods in which apply books it: the first open one, where that of the original has been closed. One that was made
// before the close is not applied.
func TestPlanShowsMoneyWhereItWillBeBooked(t *testing.T) {
	w := booksOf(t, nil, nil)
	set := &schemas.ReferenceRuleSet{Name: nextRules, Version: "1", Rounding: schemas.RoundingHALF_UP, ActiveFrom: 4_000_000_000_000_000}
	set.Meta = schemas.Meta{LegalEntity: "*", EventID: schemas.NamedID("next rules")}
	w.produce(w.event(set))
	selection := replay.Selection{Processor: "finance", RuleSet: nextRules}
	early := w.plan(selection)
	if len(early.Effect.Superseded) == 0 {
		t.Fatal("the plan supersedes nothing")
	}
	shows(t, early, wardPeriod)
	w.closePeriod(wardEntity, wardPeriod)
	if _, err := w.apply(early); !errors.Is(err, replay.ErrRefused) || !strings.Contains(err.Error(), "plan again") || !strings.Contains(err.Error(), "2026-02") {
		t.Errorf("a plan of before the close is applied: %v", err)
	}
	plan := w.plan(selection)
	shows(t, plan, "2026-02")
	if done, err := w.apply(plan); err != nil || done.Added != len(plan.Effect.Superseded) {
		t.Fatalf("applied %+v, %v", done, err)
	}
	w.rest()
	booked := map[string]schemas.Decimal{}
	for _, d := range w.read(schemas.TopicJournal) {
		j := d.Event.(*schemas.JournalEntry)
		if j.CauseType != "rule.superseded" {
			continue
		}
		for _, l := range j.Lines {
			booked[j.Meta.Period+" "+l.Account] = booked[j.Meta.Period+" "+l.Account].Add(l.AmountFn)
		}
	}
	for _, m := range plan.Effect.Money {
		key := m.Period + " " + m.Account
		if !booked[key].Equal(m.Amount) {
			t.Errorf("%s: the plan says %s, and %s was booked", key, m.Amount.Text(), booked[key].Text())
		}
		delete(booked, key)
	}
	for key, v := range booked {
		if !v.IsZero() {
			t.Errorf("%s: %s was booked, of which the plan says nothing", key, v.Text())
		}
	}
}

// shows wants all money and every superseded event of a plan in one period.
func shows(t *testing.T, p replay.Plan, period string) {
	t.Helper()
	if len(p.Effect.Money) == 0 {
		t.Error("the plan shows no money")
	}
	for _, m := range p.Effect.Money {
		if m.Period != period {
			t.Errorf("the plan shows %s on %s in %s, want %s", m.Amount.Text(), m.Account, m.Period, period)
		}
	}
	for _, e := range p.Effect.Superseded {
		if e.Period != period || e.Entity != wardEntity {
			t.Errorf("%s would be booked in %s of %s, want %s", e.Position, e.Period, e.Entity, period)
		}
	}
}
