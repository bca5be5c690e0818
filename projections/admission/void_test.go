package admission

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// A void takes back once. The second one, which another system sends for the same fact, would post a second reversal.
func TestAVoidTakesBackOnce(t *testing.T) {
	k := newDesk(t)
	o, s := order("O1"), ship("O1", "S1", "2")
	k.say(o, s, void("V1", s))
	k.clean(0)
	same(t, "shipped", k.line("O1", "1").Shipped, "0")
	same(t, "demand", k.line("O1", "1").Demand, "3")
	k.say(void("V2", s))
	k.died(schemas.DeadLetterClassCONTRACT, "was voided before")
	k.say(void("V1", s))
	if k.count(schemas.OutcomeDUPLICATE) != 1 {
		t.Error("the same void a second time is a duplicate")
	}
	same(t, "shipped", k.line("O1", "1").Shipped, "0")
	if v := last[*schemas.EventVoided](k); v.Meta.Correction.StandingRuleSet != "2026-01" || len(v.Meta.Correction.Original) == 0 {
		t.Errorf("the void holds original of %d bytes under rule set %q", len(v.Meta.Correction.Original), v.Meta.Correction.StandingRuleSet)
	}
}

// domain.md §2.6: a wrong fact is a void and a new event. What quotes the voided document waits for the corrected one.
func TestAVoidedOrderIsAcceptedAnewCorrected(t *testing.T) {
	k := newDesk(t)
	o := order("O1")
	k.say(o, void("V1", o), ship("O1", "S1", "2"))
	if len(k.held()) != 1 {
		t.Fatalf("held %q, want the shipment, which waits for a standing order", k.held())
	}
	corrected := again(order("O1"))
	corrected.Lines[0].Quantity = qty("5")
	k.say(corrected)
	k.clean(0)
	same(t, "demand", k.line("O1", "1").Demand, "3")
	same(t, "shipped gross", last[*schemas.ShipmentShipped](k).Lines[0].Amounts.Gross, "40.00")
	k.say(again(again(order("O1"))))
	k.died(schemas.DeadLetterClassCONTRACT, "accepted before under another event id")
}

func TestAnInvoiceOfAVoidedShipmentWaitsForTheCorrectedOne(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "2")
	k.say(order("O1"), s, void("V1", s), invoice("O1", "I1", "S1"))
	if len(k.held()) != 1 {
		t.Fatalf("held %q, want the invoice", k.held())
	}
	k.say(again(ship("O1", "S1", "1")))
	k.clean(0)
	same(t, "invoiced gross", last[*schemas.InvoiceIssued](k).Lines[0].Amounts.Gross, "33.33")
	same(t, "invoiced", k.line("O1", "1").Invoiced, "1")
}

// The correction may overtake the void: then the document still stands afterwards.
func TestTheCorrectionOvertakesTheVoid(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "2")
	k.say(order("O1"), s, again(ship("O1", "S1", "1")), void("V1", s), invoice("O1", "I1", "S1"))
	if k.clean(1); k.raised[0].Code != "E8" { // until the void comes it looks like a parcel that left twice
		t.Errorf("told %+v", k.raised[0])
	}
	same(t, "shipped", k.line("O1", "1").Shipped, "1")
	same(t, "invoiced gross", last[*schemas.InvoiceIssued](k).Lines[0].Amounts.Gross, "33.33")
}

// What is voided under the feet of a shipment leaves open demand or a reservation below zero: somebody must look.
func TestVoidOfWhatOthersBuiltUpon(t *testing.T) {
	k := newDesk(t)
	o := order("O1")
	k.say(o, ship("O1", "S1", "2"), void("V1", o))
	k.clean(1)
	k = newDesk(t)
	r := reserve("O1", "R1", "3")
	k.say(order("O1"), r, ship("O1", "S1", "1@R1"), void("V1", r))
	k.clean(1)
}

func TestAVoidOfAHeldEventWaitsWithIt(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "2")
	k.say(s, void("V1", s))
	if len(k.held()) != 2 {
		t.Fatalf("held %q, want the shipment and its void", k.held())
	}
	k.say(order("O1"))
	k.clean(0)
	same(t, "shipped", k.line("O1", "1").Shipped, "0")
	if k.canonical[2].EventType() != "event.voided" || k.canonical[2].Header().ThreadSequence.V != 2 {
		t.Errorf("third in the thread: %s at %d", k.canonical[2].EventType(), k.canonical[2].Header().ThreadSequence.V)
	}
}

func TestAVoidThatNamesItsOriginalWrongly(t *testing.T) {
	for what, spoil := range map[string]func(*schemas.EventVoided){
		"corrected_event_type is not the original's": func(v *schemas.EventVoided) { v.Meta.Correction.CorrectedEventType = "fulfillment.packed" },
		"legal_entity is not the original's":         func(v *schemas.EventVoided) { v.Meta.LegalEntity = "CA" },
	} {
		k := newDesk(t)
		k.refer(&schemas.ReferenceEntity{Entity: "CA", Version: "1", FunctionalCurrency: "CAD", Zone: "America/Toronto"})
		s := ship("O1", "S1", "2")
		v := void("V1", s)
		spoil(v)
		k.say(order("O1"), s, v)
		k.died(schemas.DeadLetterClassCONTRACT, what)
		same(t, "shipped", k.line("O1", "1").Shipped, "2")
	}
}

func TestAVoidedReservationIsMadeAnewElsewhere(t *testing.T) {
	k := newDesk(t)
	r := reserve("O1", "R1", "3")
	moved := again(reserve("O1", "R1", "3"))
	moved.Lines[0].Stock.Location = "DC2"
	k.say(order("O1"), r, void("V1", r), moved, ship("O1", "S1", "3@R1"))
	k.clean(0)
	l := last[*schemas.ShipmentShipped](k).Lines[0]
	same(t, "reserved_consumed", l.ReservedConsumed.V, "3")
	if l.ReservedLocation != "DC2" {
		t.Errorf("reserved_location %q, want DC2: the stock at DC1 was never reserved", l.ReservedLocation)
	}
}
