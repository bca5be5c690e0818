package finance

import (
	"errors"
	"slices"
	"testing"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// corrected plays an event and its correction, and gives both with what the correction derives to.
func corrected(t *testing.T, event, correction string) (original, e schemas.Event, entries []*schemas.JournalEntry, raised []*schemas.ExceptionRaised) {
	t.Helper()
	w := newWorld(t)
	w.given("given cost A 14.125")
	original = w.build(parse(t, event))
	e = w.build(parse(t, correction))
	derived, err := Derive(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range derived {
		if x, ok := x.(*schemas.ExceptionRaised); ok {
			raised = append(raised, x)
		}
	}
	return original, e, entriesOf(t, e), raised
}

// entriesOf are the entries that an event derives to.
func entriesOf(t *testing.T, e schemas.Event) (entries []*schemas.JournalEntry) {
	t.Helper()
	derived, err := Derive(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range derived {
		if x, ok := x.(*schemas.JournalEntry); ok {
			entries = append(entries, x)
		}
	}
	return entries
}

// TestS44RuleActivatedLater: reversal and new entry follow from one event in one derivation, each with its number, so that no reader ever sees a state
// without the event's effect (S48), and both stay beside what stood.
func TestS44RuleActivatedLater(t *testing.T) {
	original, e, entries, raised := corrected(t, "psp psp.fee_charged FE-1 type UNKNOWN, amount 1.23 USD, batch B-1",
		"ops rule.superseded RS-1 rebooks psp.fee_charged FE-1, old 2010-01, new test-2")
	stood := deriveEntry(t, original)
	if len(entries) != 2 || len(raised) != 0 {
		t.Fatalf("%d entries, %d exceptions", len(entries), len(raised))
	}
	for n, entry := range entries {
		want := e.Header().Follow(schemas.Identity{Rule: "rule.superseded", Version: 1, N: n}).EventID
		if entry.Meta.EventID != want || entry.N != int32(n) || entry.Meta.CorrelationID != e.Header().CorrelationID {
			t.Errorf("entry %d: %+v", n, entry.Meta)
		}
	}
	if entries[0].Reverses.V != stood.Meta.EventID || entries[1].Reverses.Set {
		t.Errorf("reversal of %v, new entry of %v", entries[0].Reverses, entries[1].Reverses)
	}
	if legsText(entries[1]) != "6100 1.23  1050 -1.23" {
		t.Errorf("the new entry is %s", legsText(entries[1]))
	}
}

// TestSupersededIntoSuspenseRaisesAgain: what goes to 9000 under the new rules needs somebody under them too, by an exception of its own.
func TestSupersededIntoSuspenseRaisesAgain(t *testing.T) {
	original, e, entries, raised := corrected(t, "psp psp.fee_charged FE-1 type UNKNOWN, amount 1.23 USD, batch B-1",
		"ops rule.superseded RS-1 rebooks psp.fee_charged FE-1, new "+DefaultRuleSet)
	if len(entries) != 1 || len(raised) != 1 {
		t.Fatalf("%d entries, %d exceptions", len(entries), len(raised))
	}
	x := raised[0]
	if x.Meta.EventID != e.Header().Follow(schemas.Identity{Rule: "rule.superseded", Version: 1, N: 2}).EventID || x.SubjectEventID.V != original.Header().EventID {
		t.Errorf("got %+v", x)
	}
}

// TestVoidOfASupersededEvent negates what stands now, and names as reversed the entry by which it stands: the second one of the last rule.superseded.
func TestVoidOfASupersededEvent(t *testing.T) {
	w := newWorld(t)
	original := w.build(parse(t, "psp psp.fee_charged FE-1 type UNKNOWN, amount 1.23 USD, batch B-1"))
	first := w.build(parse(t, "ops rule.superseded RS-1 rebooks psp.fee_charged FE-1, old "+DefaultRuleSet+", new test-2")).(*schemas.RuleSuperseded)
	again := w.build(parse(t, "ops rule.superseded RS-2 rebooks psp.fee_charged FE-1, old test-2, new "+DefaultRuleSet)).(*schemas.RuleSuperseded)
	again.Meta.Correction.StandingRuleSet, again.Standing = "test-2", &schemas.Standing{EventID: first.Meta.EventID, RuleSet: DefaultRuleSet}
	v := w.build(parse(t, "ops event.voided V-1 voids psp.fee_charged FE-1"))
	v.Header().Correction.StandingRuleSet = DefaultRuleSet
	schemas.Stand(v, &schemas.Standing{EventID: again.Meta.EventID, RuleSet: DefaultRuleSet})

	stood := deriveEntry(t, original)
	for _, e := range []schemas.Event{first, again, v} {
		entries := entriesOf(t, e)
		if got := entries[0].Reverses; !got.Set || got.V != stood.Meta.EventID {
			t.Errorf("%s reverses %v, want %s of %s", e.EventType(), got, stood.Meta.EventID, stood.RuleID)
		}
		if was, now := legsText(stood), legsText(negated(entries[0])); was != now {
			t.Errorf("%s reverses %s, and what stands is %s", e.EventType(), now, was)
		}
		stood = entries[len(entries)-1]
	}
}

// negated is an entry with all signs turned.
func negated(e *schemas.JournalEntry) *schemas.JournalEntry {
	back := *e
	back.Lines = slices.Clone(e.Lines)
	for i := range back.Lines {
		l := &back.Lines[i]
		l.AmountTxn, l.AmountFn = l.AmountTxn.Neg(), l.AmountFn.Neg()
	}
	return &back
}

func TestUnknownNewRuleSetStopsTheProcess(t *testing.T) {
	w := newWorld(t)
	w.build(parse(t, capture1))
	e := w.build(parse(t, "ops rule.superseded RS-1 rebooks payment.captured P-1, old 2010-01, new 2099-01"))
	if _, err := Derive(e); !errors.Is(err, processors.ErrUnknownRuleSet) {
		t.Errorf("got %v", err)
	}
}

// TestS43EntryForAClosedPeriod: the entry stands in the period that admission gave, with the one that it belongs to beside it; its reversal stands where
// the void is, so that the closed period stays as it is.
func TestS43EntryForAClosedPeriod(t *testing.T) {
	w := newWorld(t)
	late := w.build(parse(t, capture1))
	m := late.Header()
	m.Period, m.OriginalPeriod, m.Late = "2026-04", "2026-03", true
	v := w.build(parse(t, "ops event.voided V-1 voids payment.captured P-1"))
	v.Header().Period, v.Header().EffectiveDate = "2026-05", schemas.Some(schemas.Date(20_580))
	entry, reversal := deriveEntry(t, late), deriveEntry(t, v)
	if entry.Meta.Period != "2026-04" || entry.Meta.OriginalPeriod != "2026-03" || !entry.Meta.Late || entry.Meta.EffectiveDate != m.EffectiveDate {
		t.Errorf("the entry stands in %+v", entry.Meta)
	}
	if reversal.Meta.Period != "2026-05" || reversal.Meta.Late || reversal.Meta.EffectiveDate.V != 20_580 {
		t.Errorf("the reversal stands in %+v", reversal.Meta)
	}
}

// TestS23DateIsTheEntitysOwn: neither the clock nor the offset of the source moves an entry to another date or period than admission judged.
func TestS23DateIsTheEntitysOwn(t *testing.T) {
	for _, offset := range []string{"Z", "+05:30", "+09:00", "-03:30", "+02:00"} {
		e := newWorld(t).build(parse(t, capture1))
		m := e.Header()
		m.OccurredTZOffset, m.OccurredAt = offset, 1_774_745_999_999_999 // the last microsecond before Europe's clocks go forward
		entry := deriveEntry(t, e)
		if entry.Meta.EffectiveDate.V != 20_514 || entry.Meta.Period != "2026-03" {
			t.Errorf("%s: %v, %s", offset, entry.Meta.EffectiveDate, entry.Meta.Period)
		}
	}
}

// TestS45UnmappedIsNoSuspense: a code without an account is a letter that says what to do, and not one leg on 9000 or anywhere.
func TestS45UnmappedIsNoSuspense(t *testing.T) {
	for _, line := range []string{
		"billing invoice.issued INV-1 on-account; 1 × A @ 10.00; charge ENGRAVING 5.00",
		"billing credit_memo.issued CM-1 settles RECEIVABLE; charge ENGRAVING 5.00",
		"erp receivable.reclassified RX-1 from RECEIVABLE, to PETTY_CASH, amount 4.00 USD",
	} {
		derived, err := Derive(newWorld(t).build(parse(t, line)))
		var poison *schemas.PoisonError
		if !errors.As(err, &poison) || poison.Class != schemas.DeadLetterClassUNMAPPED_ACCOUNT || len(derived) != 0 {
			t.Errorf("%s: %d events, %v", line, len(derived), err)
		}
	}
	if slices.ContainsFunc(RuleSets[0].Rules, func(v RuleVersion) bool { return v.Version != 1 }) {
		t.Error("the default set was changed: a set that was in force never is")
	}
}
