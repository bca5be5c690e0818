package admission

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// charge is an invoice line of another kind than goods; amount is what it states, "" for nothing.
func charge(id, orderLine, n, amount string) schemas.InvoiceLine {
	l := schemas.InvoiceLine{LineID: id, Kind: schemas.LineKindCHARGE, ChargeCode: "MANUAL", OrderLineID: orderLine}
	if n != "" {
		q := qty(n)
		l.Quantity = &q
	}
	if amount != "" {
		a := schemas.MustDecimal(amount)
		l.Amounts = &schemas.LineAmounts{Gross: a, Net: a, FreightNet: zero, Total: a}
	}
	return l
}

func charged(id string, lines ...schemas.InvoiceLine) *schemas.InvoiceIssued {
	return &schemas.InvoiceIssued{Meta: meta("invoice", id), InvoiceID: id, OrderID: "O1", Currency: "USD", Lines: lines}
}

func creditedCharge(id, n string) *schemas.CreditMemoIssued {
	x := credit("O1", id, "", n)
	x.Lines[0].Kind, x.Lines[0].ChargeCode, x.Lines[0].OrderLineID = schemas.LineKindCHARGE, "FREIGHT", "2"
	return x
}

// twoTrips is an order whose second line is a charge of 10.01 for two.
func twoTrips() *schemas.OrderAccepted {
	o := order("O1")
	a := schemas.MustDecimal("10.01")
	o.Lines[1].Quantity, o.Lines[1].Amounts = qty("2"), schemas.LineAmounts{Gross: a, Net: a, FreightNet: zero, Total: a}
	return o
}

// A charge that names the goods it is about bills nothing of them, and cannot have their amounts.
func TestAChargeAboutGoodsIsNoneOfThem(t *testing.T) {
	k := newDesk(t)
	k.say(order("O1"), ship("O1", "S1", "3"), charged("I1", charge("1", "1", "1", "5")), bill("O1", "I2", "1"))
	same(t, "qty_before of the first goods billed", last[*schemas.InvoiceIssued](k).Lines[0].Basis.QtyBefore, "0")
	k.say(bill("O1", "I3", "2"))
	k.clean(0)
	same(t, "invoiced", k.line("O1", "1").Invoiced, "3")
	k.say(charged("I4", charge("1", "1", "1", "")))
	k.died(schemas.DeadLetterClassCONTRACT, "states its amounts")
	x := creditedCharge("C1", "1")
	x.Lines[0].OrderLineID = "1"
	k.say(x)
	k.died(schemas.DeadLetterClassCONTRACT, "states its amounts")
}

// An order's charge is sliced, billed and credited like its goods: as much as was ordered, as much as was billed.
func TestAnOrdersChargeIsCounted(t *testing.T) {
	k := newDesk(t)
	k.say(twoTrips(), charged("I1", charge("1", "2", "1", ""), charge("2", "2", "1", "")))
	k.clean(0)
	x := last[*schemas.InvoiceIssued](k)
	same(t, "both", x.Lines[0].Amounts.Net.Add(x.Lines[1].Amounts.Net), "10.01")
	k.say(creditedCharge("C1", "1"), creditedCharge("C2", "1"))
	k.clean(0)
	same(t, "credited", k.line("O1", "2").Credited, "2")
	k.say(creditedCharge("C3", "1"))
	k.clean(1)
	k.say(charged("I2", charge("1", "2", "1", "")))
	k.clean(2)

	k = newDesk(t) // one that says its amount and no quantity is the whole charge
	k.say(twoTrips(), charged("I1", charge("1", "2", "", "10.01")), creditedCharge("C1", "2"))
	k.clean(0)
	k.say(creditedCharge("C2", "1"))
	k.clean(1)
}

// substituted ships an A and a B for line 1.
func substituted() *schemas.ShipmentShipped {
	s := ship("O1", "S1", "1", "1")
	s.Lines[1].Stock = stock("B")
	return s
}

func ofShipment(id string, skus ...string) *schemas.InvoiceIssued {
	x := charged(id)
	for i, sku := range skus {
		l := schemas.InvoiceLine{LineID: string(rune('1' + i)), Kind: schemas.LineKindGOODS, OrderLineID: "1", ShipmentID: "S1"}
		if sku != "" {
			s := stock(sku)
			l.Stock = &s
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

// A line that names a shipment and an order line only bills the next of it, or the one of its SKU.
func TestAnInvoiceLineFindsItsShipmentLine(t *testing.T) {
	for name, c := range map[string]struct {
		invoices []*schemas.InvoiceIssued
		want     []string
		told     int
	}{
		"both in one":              {[]*schemas.InvoiceIssued{ofShipment("I1", "", "")}, []string{"a", "b"}, 0},
		"one after another":        {[]*schemas.InvoiceIssued{ofShipment("I1", ""), ofShipment("I2", "")}, []string{"a", "b"}, 0},
		"by SKU, the second first": {[]*schemas.InvoiceIssued{ofShipment("I1", "B", "A")}, []string{"b", "a"}, 0},
		"three of two":             {[]*schemas.InvoiceIssued{ofShipment("I1", "", "", "")}, []string{"a", "b", "a"}, 1},
		"the substitute twice":     {[]*schemas.InvoiceIssued{ofShipment("I1", "B"), ofShipment("I2", "B")}, []string{"b", "b"}, 1},
	} {
		k := newDesk(t)
		k.say(order("O1"), substituted(), ship("O1", "S2", "1"))
		var got []string
		for _, x := range c.invoices {
			k.say(x)
			for _, l := range last[*schemas.InvoiceIssued](k).Lines {
				got = append(got, l.ShipmentLineID)
			}
		}
		k.clean(c.told)
		if len(got) != len(c.want) {
			t.Fatalf("%s: billed %v, want %v", name, got, c.want)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: billed %v, want %v", name, got, c.want)
			}
		}
	}
	k := newDesk(t)
	k.say(order("O1"), substituted(), ofShipment("I1", "C"))
	k.died(schemas.DeadLetterClassCONTRACT, "name the shipment line")
}

// Each shipment line is billed once, however much of its order line is unbilled; a voided bill gives it back.
func TestAShipmentLineIsBilledOnce(t *testing.T) {
	k := newDesk(t)
	first := invoice("O1", "I1", "S1")
	k.say(order("O1"), ship("O1", "S1", "1"), ship("O1", "S2", "1"), first, invoice("O1", "I2", "S1"))
	k.clean(1)
	k = newDesk(t)
	k.say(order("O1"), ship("O1", "S1", "1"), ship("O1", "S2", "1"), first, void("V1", first), invoice("O1", "I2", "S1"), invoice("O1", "I3", "S2"))
	k.clean(0)
}

// A substitute has its own cost: when it comes back, and when its credit expects it back.
func TestASubstituteKeepsItsCost(t *testing.T) {
	k := newDesk(t)
	r := returned("O1", "R1", "S1", "1")
	r.Lines[0].Stock = stock("B")
	k.say(order("O1"), substituted(), r)
	same(t, "came back", last[*schemas.ReturnReceived](k).Lines[0].Cost.CostAmount, "9.5")
	c := credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1")
	c.Lines[0].ShipmentID, c.Lines[0].ShipmentLineID = "S1", "b"
	k.say(c)
	k.clean(0)
	l := last[*schemas.CreditMemoIssued](k).Lines[0]
	same(t, "expected back", l.Cost.CostAmount, "9.5")
	if l.Stock.SKU != "B" {
		t.Errorf("credits %s, want B", l.Stock.SKU)
	}
}
