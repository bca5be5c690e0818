package admission

import (
	"fmt"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// What several lines of one shipment take of a reservation or of open demand is taken once (domain.md §3.3).
func TestLinesOfOneShipmentShareWhatTheyConsume(t *testing.T) {
	for _, c := range []struct {
		name             string
		reservations     []string
		lines            []string
		reserved, demand []string
		exceptions       int
	}{
		{"two lots, nothing reserved", nil, []string{"2", "1"}, []string{"0", "0"}, []string{"2", "1"}, 0},
		{"more than ordered in two lots", nil, []string{"2", "2"}, []string{"0", "0"}, []string{"2", "1"}, 1},
		{"one reservation, two lots", []string{"3"}, []string{"2@R0", "1@R0"}, []string{"2", "1"}, []string{"0", "0"}, 0},
		{"two reservations", []string{"2", "1"}, []string{"2@R0", "1@R1"}, []string{"2", "1"}, []string{"0", "0"}, 0},
		{"an unreserved lot first", []string{"1"}, []string{"2", "1@R0"}, []string{"0", "1"}, []string{"2", "0"}, 0},
		{"more than is reserved", []string{"1"}, []string{"3@R0"}, []string{"1"}, []string{"2"}, 0},
	} {
		k := newDesk(t)
		k.say(order("O1"))
		for i, n := range c.reservations {
			k.say(reserve("O1", fmt.Sprintf("R%d", i), n))
		}
		k.say(ship("O1", "S1", c.lines...))
		k.clean(c.exceptions)
		for i, l := range last[*schemas.ShipmentShipped](k).Lines {
			same(t, c.name+": reserved_consumed", l.ReservedConsumed.V, c.reserved[i])
			same(t, c.name+": demand_consumed", l.DemandConsumed.V, c.demand[i])
		}
		if p := k.line("O1", "1"); p.Demand.Sign() < 0 || p.Reserved.Sign() < 0 {
			t.Errorf("%s: demand %s, reserved %s", c.name, p.Demand.Text(), p.Reserved.Text())
		}
	}
}

// Admission counts of a short what processors/atp derives from it.
func TestShortOutcomes(t *testing.T) {
	for _, c := range []struct {
		reservation      string
		outcome          schemas.ShortOutcome
		reserved, demand string
	}{
		{"R1", schemas.ShortOutcomeWAIT, "3", "0"},
		{"R1", schemas.ShortOutcomeBACKORDER, "2", "1"},
		{"R1", schemas.ShortOutcomeSUBSTITUTE, "2", "1"},
		{"R1", schemas.ShortOutcomeCANCEL, "2", "0"},
		{"", schemas.ShortOutcomeWAIT, "0", "3"},
		{"", schemas.ShortOutcomeBACKORDER, "0", "3"},
		{"", schemas.ShortOutcomeCANCEL, "0", "2"},
	} {
		k := newDesk(t)
		k.say(order("O1"))
		if c.reservation != "" {
			k.say(reserve("O1", "R1", "3"))
		}
		s := short("O1", "X1", c.reservation, "1", c.outcome)
		k.say(s)
		k.clean(0)
		same(t, string(c.outcome)+" reserved", k.line("O1", "1").Reserved, c.reserved)
		same(t, string(c.outcome)+" demand", k.line("O1", "1").Demand, c.demand)
		k.say(void("V1", s))
		k.clean(0)
		if c.reservation == "" {
			same(t, string(c.outcome)+" demand after the void", k.line("O1", "1").Demand, "3")
		} else {
			same(t, string(c.outcome)+" reserved after the void", k.line("O1", "1").Reserved, "3")
		}
	}
}

func TestReleases(t *testing.T) {
	k := newDesk(t)
	k.say(order("O1"), reserve("O1", "R1", "3"), release("O1", "L1", "R1", "3", schemas.ReturnsToOPEN_DEMAND))
	k.clean(0)
	same(t, "demand", k.line("O1", "1").Demand, "3")
	k.say(release("O1", "L2", "R1", "3", schemas.ReturnsToNOTHING)) // first admitted wins; the second is told
	k.clean(1)

	k = newDesk(t)
	soft := reserve("O1", "R1", "3")
	soft.Hardness = schemas.HardnessSOFT
	k.say(order("O1"), soft, release("O1", "L1", "R1", "3", schemas.ReturnsToNOTHING))
	k.died(schemas.DeadLetterClassCONTRACT, "soft reservation moved no stock")
	k.say(short("O1", "X1", "R1", "1", schemas.ShortOutcomeCANCEL))
	k.died(schemas.DeadLetterClassCONTRACT, "soft reservation moved no stock")
	k.say(ship("O1", "S1", "3@R1"))
	k.clean(0)
	same(t, "demand_consumed", last[*schemas.ShipmentShipped](k).Lines[0].DemandConsumed.V, "3")

	k = newDesk(t)
	elsewhere := release("O1", "L1", "R1", "1", schemas.ReturnsToNOTHING)
	elsewhere.Lines[0].Stock.Location = "DC2"
	k.say(order("O1"), reserve("O1", "R1", "3"), elsewhere)
	k.died(schemas.DeadLetterClassCONTRACT, "lines.stock is not what was reserved")
	same(t, "reserved", k.line("O1", "1").Reserved, "3")
}

// A transfer's reservation and its release know no order.
func TestTransferReservation(t *testing.T) {
	k := newDesk(t)
	r, l := reserve("", "R1", "3"), release("", "L1", "R1", "2", schemas.ReturnsToNOTHING)
	r.TransferID, r.Serves, l.TransferID = "T1", schemas.ReservationServesTRANSFER, "T1"
	k.say(l, r)
	k.clean(0)
	if k.count(schemas.OutcomeHELD) != 1 || k.count(schemas.OutcomeRELEASED) != 1 {
		t.Errorf("%d held, %d released, want the release to wait for its reservation", k.count(schemas.OutcomeHELD), k.count(schemas.OutcomeRELEASED))
	}
}

// S37, S38: another SKU from another location takes what was reserved, and stands at its own cost.
func TestSubstitutionAtShipment(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "3@R1")
	s.Lines[0].Stock = schemas.StockRef{SKU: "B", Location: "DC2"}
	k.say(order("O1"), reserve("O1", "R1", "3"), s)
	k.clean(0)
	l := last[*schemas.ShipmentShipped](k).Lines[0]
	if l.ReservedSKU != "A" || l.ReservedLocation != "DC1" || l.DemandSKU != "A" || l.DemandLocation != "DC1" {
		t.Errorf("consumes %s at %s, demand of %s at %s: want A at DC1", l.ReservedSKU, l.ReservedLocation, l.DemandSKU, l.DemandLocation)
	}
	same(t, "cost", l.Cost.CostAmount, "28.50")
}

// What can never ship is refused before it moves stock or revenue, and so is a quantity in another unit.
func TestLinesThatCannotBeMeant(t *testing.T) {
	boxes := schemas.Quantity{Qty: schemas.MustDecimal("1"), UOM: "BX", BaseQty: schemas.MustDecimal("1"), BaseUOM: "BX"}
	charge, unknown, unit := ship("O1", "S1", "1"), ship("O1", "S2", "1"), ship("O1", "S3", "1")
	charge.Lines[0].OrderLineID, unknown.Lines[0].OrderLineID, unit.Lines[0].Quantity = "2", "9", boxes
	wrong := reserve("O1", "R1", "1")
	wrong.Lines[0].LineID = "2"
	billed := bill("O1", "I1", "1")
	billed.Lines[0].Quantity = &boxes
	for what, e := range map[string]schemas.Event{
		"never ships":                      charge,
		"not a line of the order":          unknown,
		"base_uom is not":                  unit,
		"never reserved":                   wrong,
		"lines.quantity.base_uom":          billed,
		"released_from is OPEN_DEMAND":     cancel("O1", "C1", "2", "1", schemas.ReleasedFromOPEN_DEMAND),
		"holds nothing of the line":        release("O1", "L1", "R9", "1", schemas.ReturnsToNOTHING),
		"amounts is missing":               &schemas.InvoiceIssued{Meta: meta("invoice", "I2"), InvoiceID: "I2", OrderID: "O1", Currency: "USD", Lines: []schemas.InvoiceLine{{LineID: "x", Kind: schemas.LineKindCHARGE}}},
		"currency is not the order's":      &schemas.InvoiceIssued{Meta: meta("invoice", "I3"), InvoiceID: "I3", OrderID: "O1", Currency: "EUR"},
		"not that of the shipment line":    partly("O1", "I4", "S0", "1"),
		"is not a line of the shipment":    lineOf(invoice("O1", "I5", "S0"), "z"),
		"receipt_line_id is not a line of": wrongLine(disposed("O1", "D1", "T0", "1")),
	} {
		k := newDesk(t)
		k.say(order("O1"), reserve("O1", "R9", "1"), ship("O1", "S0", "2"), returned("O1", "T0", "S0", "1"))
		if what == "holds nothing of the line" {
			e.(*schemas.InventoryReservationReleased).Lines[0].LineID = "7"
		}
		before := fmt.Sprint(*k.line("O1", "1"))
		k.say(e)
		k.died(schemas.DeadLetterClassCONTRACT, what)
		if after := fmt.Sprint(*k.line("O1", "1")); after != before {
			t.Errorf("%s: what died left a trace:\n%s\n%s", what, before, after)
		}
	}
}

func partly(order, id, shipment, n string) *schemas.InvoiceIssued {
	x, q := invoice(order, id, shipment), qty(n)
	x.Lines[0].Quantity = &q
	return x
}

func lineOf(x *schemas.InvoiceIssued, line string) *schemas.InvoiceIssued {
	x.Lines[0].ShipmentLineID = line
	return x
}

func wrongLine(x *schemas.ReturnDispositioned) *schemas.ReturnDispositioned {
	x.Lines[0].ReceiptLineID = "9"
	return x
}
