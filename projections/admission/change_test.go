package admission

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

// change moves line 1 of an order from what it says to another quantity at the same unit price, and whatever edit does besides.
func change(id string, o *schemas.OrderAccepted, n string, edit func(*schemas.ChangedLine)) *schemas.OrderChanged {
	l := &o.Lines[0]
	before := &schemas.OrderLineState{Stock: l.Stock, Quantity: l.Quantity, RequestedDate: l.RequestedDate, Amounts: l.Amounts}
	after := *before
	after.Quantity = qty(n)
	gross := schemas.MustDecimal("33.33").MulRound(schemas.MustDecimal(n), 4, schemas.HalfUp)
	after.Amounts = schemas.LineAmounts{Gross: gross, Net: gross, FreightNet: zero, Total: gross}
	x := &schemas.OrderChanged{Meta: meta("order change", id), OrderID: o.OrderID, ChangeID: id, OrderVersion: id, Reason: "test",
		Lines: []schemas.ChangedLine{{LineID: "1", Kind: schemas.LineKindGOODS, Before: before, After: &after}}}
	if edit != nil {
		edit(&x.Lines[0])
	}
	return x
}

// plain is an order of 3 A without discount, freight and tax.
func plain(id string) *schemas.OrderAccepted {
	o := order(id)
	gross := schemas.MustDecimal("99.99")
	o.Lines[0].Amounts = schemas.LineAmounts{Gross: gross, Net: gross, FreightNet: zero, Total: gross}
	return o
}

// A change moves open demand and what is sliced afterwards; what has shipped keeps its amounts, and a void of the change brings all of it back.
func TestOrderChanged(t *testing.T) {
	k := newDesk(t)
	more := change("C1", plain("O1"), "5", nil)
	k.say(more, plain("O1"), ship("O1", "S1", "1"))
	k.clean(0)
	same(t, "open_before", last[*schemas.OrderChanged](k).Lines[0].OpenBefore.V, "3")
	same(t, "demand", k.line("O1", "1").Demand, "4")
	k.say(ship("O1", "S2", "4"))
	k.clean(0)
	got := last[*schemas.ShipmentShipped](k).Lines[0]
	same(t, "the rest's gross", got.Amounts.Gross, "133.32")
	same(t, "of", got.Basis.OrderedQty, "5")

	k = newDesk(t)
	k.say(plain("O1"), more, void("V1", more))
	k.clean(0)
	same(t, "demand after the void", k.line("O1", "1").Demand, "3")
	k.say(ship("O1", "S1", "3"))
	same(t, "gross after the void", last[*schemas.ShipmentShipped](k).Lines[0].Amounts.Gross, "99.99")
}

// More shipped than was ordered, and the order was changed to it: what is there already is no demand.
func TestOrderChangedToWhatHasShipped(t *testing.T) {
	k := newDesk(t)
	sixth := change("C1", plain("O1"), "6", nil)
	k.say(plain("O1"), ship("O1", "S1", "5"), sixth)
	k.clean(1) // an exception of the shipment, before the change
	same(t, "satisfied", last[*schemas.OrderChanged](k).Lines[0].Satisfied.V, "2")
	same(t, "demand", k.line("O1", "1").Demand, "1")
	k.say(void("V1", sixth)) // five of three would have shipped again
	k.died(schemas.DeadLetterClassCONTRACT, "what has shipped or was billed since stands by the changed order")

	k = newDesk(t)
	third := change("C1", plain("O1"), "4", nil)
	k.say(plain("O1"), ship("O1", "S1", "2"), cancel("O1", "X1", "1", "2", schemas.ReleasedFromNONE), third)
	same(t, "satisfied where more was shipped and cancelled", last[*schemas.OrderChanged](k).Lines[0].Satisfied.V, "1")
	before := k.line("O1", "1").Demand
	k.say(void("V1", third))
	same(t, "demand after the void", k.line("O1", "1").Demand, before.Text())

	k = newDesk(t)
	k.say(plain("O1"), ship("O1", "S1", "3"), change("C1", plain("O1"), "5", nil))
	if got := last[*schemas.OrderChanged](k).Lines[0].Satisfied; got.Set {
		t.Errorf("%s satisfied where no more had shipped than was ordered", got.V)
	}
	same(t, "demand of what is ordered now", k.line("O1", "1").Demand, "2")
}

// What quotes an order version waits for it, whatever overtakes what: amounts are sliced by the version that the event was made by.
func TestQuotedVersionsAreWaitedFor(t *testing.T) {
	o := plain("O1")
	o.OrderVersion = "C0"
	first := change("C1", o, "5", nil)
	first.PreviousVersion = "C0"
	grown := *o
	grown.Lines = slices.Clone(o.Lines)
	grown.Lines[0].Quantity, grown.Lines[0].Amounts = first.Lines[0].After.Quantity, first.Lines[0].After.Amounts
	second := change("C2", &grown, "6", nil)
	second.PreviousVersion = "C1"
	s, b, r, c := ship("O1", "S1", "6"), bill("O1", "I1", "1"), reserve("O1", "R1", "1"), cancel("O1", "X1", "1", "1", schemas.ReleasedFromNONE)
	sh := short("O1", "SH1", "", "1", schemas.ShortOutcomeWAIT)
	s.OrderVersion, b.OrderVersion, r.OrderVersion, c.OrderVersion, sh.OrderVersion = "C2", "C2", "C2", "C2", "C2"
	for _, e := range []schemas.Event{s, b, r, c, sh} {
		k := newDesk(t)
		k.say(e, second, o)
		if got := k.held(); len(got) != 2 || !strings.HasPrefix(got[0], e.EventType()) || !strings.Contains(got[0], "version:C2") {
			t.Fatalf("held: %v, want %s, which waits for C2, and C2 itself", got, e.EventType())
		}
		k.say(first)
		if len(k.held()) > 0 || len(k.letters) > 0 {
			t.Errorf("%s: held %v, letters %v", e.EventType(), k.held(), k.reasons())
		}
	}
	k := newDesk(t)
	k.say(s, second, o, first)
	k.clean(0)
	got := last[*schemas.ShipmentShipped](k).Lines[0]
	same(t, "gross", got.Amounts.Gross, "199.98")
	same(t, "of", got.Basis.OrderedQty, "6")
}

func TestOrderChangesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		edit  func(*schemas.ChangedLine)
		n     string
		part  string
		ships string
	}{
		"another state before":  {func(l *schemas.ChangedLine) { b := *l.Before; b.Quantity = qty("4"); l.Before = &b }, "5", "not what the order says", "1"},
		"a known line as new":   {func(l *schemas.ChangedLine) { l.Before = nil }, "5", "a new line has none", "1"},
		"an unknown line":       {func(l *schemas.ChangedLine) { l.LineID = "9" }, "5", "a new line has none", "1"},
		"less than has shipped": {nil, "1", "less than has shipped", "2"},
		"dropped and shipped":   {func(l *schemas.ChangedLine) { l.After = nil }, "5", "less than has shipped", "1"},
		"a price of what shipped": {func(l *schemas.ChangedLine) {
			l.After.Amounts.Gross = schemas.MustDecimal("500")
			l.After.Amounts.Net = l.After.Amounts.Gross
		}, "5", "changes the amounts of what has shipped", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newDesk(t)
			k.say(plain("O1"), ship("O1", "S1", c.ships), change("C1", plain("O1"), c.n, c.edit))
			k.died(schemas.DeadLetterClassCONTRACT, c.part)
		})
	}
}

// Less than is reserved is told, and demand goes below zero until somebody releases it.
func TestOrderChangedBelowItsReservation(t *testing.T) {
	k := newDesk(t)
	k.say(plain("O1"), reserve("O1", "R1", "3"), change("C1", plain("O1"), "2", nil))
	k.clean(1)
	k.say(release("O1", "L1", "R1", "1", schemas.ReturnsToOPEN_DEMAND))
	same(t, "demand", k.line("O1", "1").Demand, "0")
	same(t, "reserved", k.line("O1", "1").Reserved, "2")
}

// New lines, another SKU and date, and a dropped line.
func TestOrderChangedInWhatItHolds(t *testing.T) {
	k := newDesk(t)
	o := plain("O1")
	b := stock("B")
	moved := change("C1", o, "3", func(l *schemas.ChangedLine) {
		l.After.Stock, l.After.RequestedDate = &b, schemas.Some(schemas.DateOf(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)))
	})
	added := change("C2", o, "2", func(l *schemas.ChangedLine) { l.LineID, l.Before = "3", nil })
	k.say(o, moved, added)
	k.clean(0)
	r := reserve("O1", "R1", "3")
	r.Lines[0].Stock = b
	k.say(r)
	got := last[*schemas.InventoryReserved](k).Lines[0]
	if got.DemandDate != moved.Lines[0].After.RequestedDate || got.DemandSKU != "B" {
		t.Errorf("demand stands under %v and %s", got.DemandDate, got.DemandSKU)
	}
	same(t, "the new line's demand", k.line("O1", "3").Demand, "2")
	dropped := change("C3", o, "2", func(l *schemas.ChangedLine) { l.LineID, l.Before, l.After = "3", l.After, nil })
	k.say(dropped)
	k.clean(0)
	same(t, "the dropped line's demand", k.line("O1", "3").Demand, "0")
}

// What works by a version of the order waits for it, the first one too.
func TestReleasedWaitsForTheVersionItQuotes(t *testing.T) {
	released := func(id, version string) *schemas.FulfillmentReleased {
		return &schemas.FulfillmentReleased{Meta: meta("release", id), FulfillmentID: id, OrderID: "O1", OrderVersion: version, Warehouse: "DC1",
			Lines: []schemas.ReleasedLine{{OrderLineID: "1", Quantity: qty("1")}}}
	}
	k := newDesk(t)
	o := plain("O1")
	o.OrderVersion = "v1"
	k.say(o, released("F1", "v1"), released("F2", "C1"))
	if len(k.held()) != 1 {
		t.Fatalf("held %q, want F2", k.held())
	}
	k.say(change("C1", plain("O1"), "4", nil), released("F3", "v1"))
	k.clean(0)
}

// A closing that does not agree with what came is told; it posts nothing and moves nothing.
func TestOrderClosed(t *testing.T) {
	d := schemas.MustDecimal
	closed := func(id, shipped string) *schemas.OrderClosed {
		return &schemas.OrderClosed{Meta: meta("closing", id), OrderID: "O1", ClosingID: id, Lines: []schemas.ClosedLine{{LineID: "1", Ordered: d("3"), Shipped: d(shipped),
			Cancelled: d("0"), Returned: d("0"), Invoiced: d("0")}}}
	}
	k := newDesk(t)
	k.say(plain("O1"), ship("O1", "S1", "3"), closed("X1", "3"))
	k.clean(0)
	k.say(closed("X2", "2"))
	k.clean(1)
	k = newDesk(t)
	k.say(plain("O1"), ship("O1", "S1", "1"), closed("X1", "1"))
	k.clean(1) // two are open
}

func supersede(id string, e schemas.Event, from, to string) *schemas.RuleSuperseded {
	m := meta("rule.superseded", id)
	m.CorrelationID = schemas.Thread(e)
	m.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonINCORRECT_DATA, CorrectedEventID: e.Header().EventID, CorrectedEventType: e.EventType()}
	return &schemas.RuleSuperseded{Meta: m, PlanID: "P", Reason: "test", OldRuleSet: from, NewRuleSet: to}
}

// superseding is the id of a rule.superseded of that name.
func superseding(id string) schemas.UUID { return meta("rule.superseded", id).EventID }

// A superseding moves nothing but what stands: a later void negates that, a stale plan is refused, and what was voided stays voided (S44, S48).
func TestS44S48RuleSuperseded(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "1")
	k.say(plain("O1"), s, supersede("X1", s, "2026-01", "2026-07"))
	k.died(schemas.DeadLetterClassCONTRACT, "new_rule_set is not announced")
	k.announce("2026-07", "2026-09", "2026-11")
	k.say(supersede("X1", s, "2026-01", "2026-07"))
	k.clean(0)
	got := last[*schemas.RuleSuperseded](k)
	if got.Meta.Correction.StandingRuleSet != "2026-01" || len(got.Meta.Correction.Original) == 0 {
		t.Errorf("standing %q, %d bytes embedded", got.Meta.Correction.StandingRuleSet, len(got.Meta.Correction.Original))
	}
	same(t, "shipped", k.line("O1", "1").Shipped, "1")
	k.say(supersede("X2", s, "2026-01", "2026-09"))
	k.died(schemas.DeadLetterClassCONTRACT, "make the plan anew")
	k.say(supersede("X3", s, "2026-07", "2026-09"), void("V1", s))
	k.clean(0)
	first, second := superseding("X1"), superseding("X3")
	if got.Standing != nil {
		t.Errorf("before the first rule.superseded the entry stood by %+v", got.Standing)
	}
	if by := last[*schemas.RuleSuperseded](k).Standing; by == nil || by.EventID != first || by.RuleSet != got.Meta.RuleSet {
		t.Errorf("the second rule.superseded finds the entry standing by %+v, want %s", by, first)
	}
	v := last[*schemas.EventVoided](k)
	if v.Meta.Correction.StandingRuleSet != "2026-09" || v.Standing == nil || v.Standing.EventID != second {
		t.Errorf("the void negates what stood under %q by %+v, want %s", v.Meta.Correction.StandingRuleSet, v.Standing, second)
	}
	k.say(supersede("X4", s, "2026-09", "2026-11"))
	k.died(schemas.DeadLetterClassCONTRACT, "voided before")
}

// A superseded event of a closed period goes to the first open one, with its own period kept.
func TestS43SupersededIntoTheFirstOpenPeriod(t *testing.T) {
	k := newDesk(t)
	k.announce("2026-07")
	s := ship("O1", "S1", "1")
	k.say(plain("O1"), s)
	shipped := last[*schemas.ShipmentShipped](k).Meta
	before := shipped.Period
	closes := k.now + 10
	k.refer(&schemas.PeriodClosed{Meta: schemas.Meta{LegalEntity: "US"}, Period: before, ClosedAt: closes})
	k.now += 60e6
	next := supersede("X1", s, "2026-01", "2026-07")
	next.Meta.OccurredAt += 40 * 24 * 3600e6 // whatever it says itself: the date is the shipment's
	k.say(next)
	k.clean(0)
	m := last[*schemas.RuleSuperseded](k).Meta
	if m.EffectiveDate != shipped.EffectiveDate {
		t.Errorf("effective on %s, the shipment on %s", m.EffectiveDate.V, shipped.EffectiveDate.V)
	}
	if m.Period <= before || m.OriginalPeriod != before || !m.Late {
		t.Errorf("period %s, original %s, late %t; the shipment's is %s", m.Period, m.OriginalPeriod, m.Late, before)
	}
	v := void("V1", s)
	v.Meta.OccurredAt += 40 * 24 * 3600e6
	k.say(v)
	k.clean(0)
	if voided := last[*schemas.EventVoided](k).Meta; voided.EffectiveDate.V != shipped.EffectiveDate.V+40 {
		t.Errorf("the void is effective on %s, the shipment on %s: its date is its own", voided.EffectiveDate.V, shipped.EffectiveDate.V)
	}
}

// What reverses a fact under a name of its own must name that fact.
func TestReversalsNameTheirOwnDocument(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "1")
	wrong := &schemas.ShipmentVoided{Meta: void("V1", s).Meta, VoidID: "V1", ShipmentID: "S2", OrderID: "O1", Reason: "label"}
	right := &schemas.ShipmentVoided{Meta: void("V2", s).Meta, VoidID: "V2", ShipmentID: "S1", OrderID: "O1", Reason: "label"}
	k.say(plain("O1"), s, wrong)
	k.died(schemas.DeadLetterClassCONTRACT, "shipment_id is not that")
	k.say(right)
	k.clean(0)
	same(t, "shipped", k.line("O1", "1").Shipped, "0")

	r := refund("O1", "RF", "5", schemas.SettlesCUSTOMER_DEPOSIT)
	failed := &schemas.RefundFailed{Meta: void("V3", r).Meta, FailureID: "V3", RefundID: "RF", OrderID: "O1", Amount: r.Amount, Reason: "account closed"}
	k.say(failed, r)
	k.clean(0)
	c := capture("O1", "P1", "5")
	never := &schemas.PaymentCaptureFailed{Meta: meta("failure", "F1"), FailureID: "F1", PaymentID: "P9", OrderID: "O1", Method: c.Method, Amount: c.Amount, Reason: "declined"}
	k.say(never)
	k.clean(0)
}

// announce tells of rule sets that are to be in force some day.
func (k *desk) announce(names ...string) {
	for _, n := range names {
		k.refer(&schemas.ReferenceRuleSet{Name: n, Version: "1", ActiveFrom: start + 1e15})
	}
}

// An event that died has no entry: its letter is answered once. Where an entry stands by an earlier superseding, a second one beside it would double the books.
func TestS48WhatAnsweredALetterIsNotAnsweredAgain(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "1")
	k.refer(&schemas.ReferenceRuleSet{Name: "2026-07", Version: "1", ActiveFrom: schemas.Time(1 << 60)})
	answer := func(id string) *schemas.RuleSuperseded {
		x := supersede(id, s, "", "2026-07")
		x.LetterID = schemas.Some(schemas.NamedID("letter"))
		return x
	}
	k.say(plain("O1"), s, answer("X1"))
	k.clean(0)
	if set := last[*schemas.RuleSuperseded](k).Meta.Correction.StandingRuleSet; set != "2026-01" {
		t.Errorf("the letter's own rules are %q", set)
	}
	k.say(answer("X2"))
	k.died(schemas.DeadLetterClassCONTRACT, "old_rule_set is missing, and an entry stands")
	k.say(supersede("X3", s, "2026-07", "2026-01"))
	k.clean(0)
}
