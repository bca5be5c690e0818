package admission

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

func loss(id, shipment, n string) *schemas.ShipmentLost {
	x := &schemas.ShipmentLost{Meta: meta("loss", id), LossID: id, ShipmentID: shipment, OrderID: "O1", Liable: schemas.LiablePartyCARRIER}
	if n != "" {
		q := qty(n)
		x.Lines = []schemas.LostLine{{ShipmentLineID: "a", Quantity: &q}}
	}
	return x
}

func atOurRisk(id string) *schemas.OrderAccepted {
	o := plain(id)
	o.Lines[0].Amounts.Gross, o.Lines[0].Amounts.Net, o.Lines[0].Amounts.Total = schemas.MustDecimal("100"), schemas.MustDecimal("100"), schemas.MustDecimal("100")
	o.Control = schemas.ControlTransfer{Point: schemas.TransferPointAT_DELIVERY}
	return o
}

// What is left on its way is delivered, however the source says it; with what was lost it is the shipment line, in money and in cost.
func TestADeliveryIsOfWhatIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		events        []schemas.Event
		revenue, cost string // of all deliveries
	}{
		"lost one, then all":      {[]schemas.Event{loss("L1", "S1", "1"), delivered("D1", "S1")}, "66.67", "28.25"},
		"lost one, then two":      {[]schemas.Event{loss("L1", "S1", "1"), deliveredPart("D1", "S1", "2")}, "66.67", "28.25"},
		"two, then the lost":      {[]schemas.Event{deliveredPart("D1", "S1", "2"), loss("L1", "S1", "")}, "66.67", "28.25"},
		"one by one":              {[]schemas.Event{deliveredPart("D1", "S1", "1"), deliveredPart("D2", "S1", "1"), deliveredPart("D3", "S1", "1")}, "100", "42.375"},
		"one back, then the rest": {[]schemas.Event{undelivered("R1", "S1", "1"), delivered("D1", "S1")}, "66.67", "28.25"},
	} {
		k := newDesk(t)
		k.say(atOurRisk("O1"), ship("O1", "S1", "3"))
		k.say(c.events...)
		k.clean(0)
		revenue, cost := zero, zero
		for _, e := range k.canonical {
			if d, ok := e.(*schemas.ShipmentDelivered); ok {
				recomputes(t, name, d.Lines[0].Amounts, d.Lines[0].Basis)
				revenue, cost = revenue.Add(d.Lines[0].Amounts.Net), cost.Add(d.Lines[0].Cost.CostAmount)
			}
		}
		same(t, name+": revenue", revenue, c.revenue)
		same(t, name+": cost", cost, c.cost)
		k.say(delivered("D9", "S1"))
		k.died(schemas.DeadLetterClassCONTRACT, "delivered, lost or brought back before")
	}
	k := newDesk(t)
	k.say(atOurRisk("O1"), ship("O1", "S1", "3"), loss("L1", "S1", "1"), deliveredPart("D1", "S1", "3"))
	k.died(schemas.DeadLetterClassCONTRACT, "more of it than was still on its way")
}

// What comes back undelivered is what was shipped: found by its SKU, of several lots the one that is on its way, and nothing else.
func TestWhatComesBackUndeliveredWasShipped(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "1", "1", "1")
	s.Lines[1].Stock = stock("B")
	other, b, lots := undelivered("R1", "S1", "1"), undelivered("R2", "S1", "1"), undelivered("R3", "S1", "1")
	other.Lines[0].Stock, b.Lines[0].Stock = stock("C"), stock("B")
	second := lots.Lines[0]
	second.LineID, second.OrderLineID = "2", ""
	lots.Lines = append(lots.Lines, second)
	k.say(atOurRisk("O1"), s, other)
	k.died(schemas.DeadLetterClassCONTRACT, "what comes back undelivered is what was shipped")
	k.say(b)
	k.clean(0)
	same(t, "cost", last[*schemas.ReturnReceived](k).Lines[0].Cost.CostAmount, "9.5")
	k.say(lots)
	k.clean(0)
	k.say(delivered("D1", "S1"))
	k.died(schemas.DeadLetterClassCONTRACT, "delivered, lost or brought back before")
	k.say(void("V1", lots), delivered("D2", "S1"))
	k.clean(0)
	if got := last[*schemas.ShipmentDelivered](k).Lines; len(got) != 2 || got[0].ShipmentLineID != "a" || got[1].ShipmentLineID != "c" {
		t.Errorf("delivered %+v, want a and c", got)
	}
}

// A claim for goods of the customer is made once for each of them.
func TestGoodsOfTheCustomerAreLostOnce(t *testing.T) {
	k := newDesk(t)
	first := loss("L1", "S1", "1")
	k.say(order("O1"), ship("O1", "S1", "3"), first, loss("L2", "S1", ""))
	k.clean(0)
	same(t, "the rest", last[*schemas.ShipmentLost](k).Lines[0].Quantity.BaseQty, "2")
	k.say(loss("L3", "S1", "1"))
	k.died(schemas.DeadLetterClassCONTRACT, "lost or brought back before")
	k.say(void("V1", first), loss("L4", "S1", "1"))
	k.clean(0)
	same(t, "shipped", k.line("O1", "1").Shipped, "3")
}

// The shipment's terms say whose goods were lost, not the carrier.
func TestALossIsUnderTheShipmentsTerms(t *testing.T) {
	k := newDesk(t)
	x := loss("L1", "S1", "")
	x.Control = &schemas.ControlTransfer{Point: schemas.TransferPointAT_DELIVERY}
	o := order("O1")
	o.Control.Point = schemas.TransferPointAT_SHIPMENT
	k.say(o, ship("O1", "S1", "3"), x)
	k.clean(0)
	if got := last[*schemas.ShipmentLost](k).Control.Point; got != schemas.TransferPointAT_SHIPMENT {
		t.Errorf("lost under %s, shipped AT_SHIPMENT", got)
	}
}

// A void of a shipment of which something came tells so.
func TestAVoidOfAShipmentThatWentOn(t *testing.T) {
	for name, c := range map[string]struct {
		point schemas.TransferPoint
		then  []schemas.Event
		told  int
	}{
		"nothing came of it":   {schemas.TransferPointAT_DELIVERY, nil, 0},
		"delivered":            {schemas.TransferPointAT_DELIVERY, []schemas.Event{delivered("D1", "S1")}, 1},
		"lost, ours":           {schemas.TransferPointAT_DELIVERY, []schemas.Event{loss("L1", "S1", "1")}, 1},
		"brought back":         {schemas.TransferPointAT_DELIVERY, []schemas.Event{undelivered("R1", "S1", "1")}, 1},
		"lost, the customer's": {schemas.TransferPointAT_SHIPMENT, []schemas.Event{loss("L1", "S1", "1")}, 1},
		"returned":             {schemas.TransferPointAT_SHIPMENT, []schemas.Event{returned("O1", "R1", "S1", "1")}, 1},
		"invoiced":             {schemas.TransferPointAT_SHIPMENT, []schemas.Event{invoice("O1", "I1", "S1")}, 1},
		"credited":             {schemas.TransferPointAT_SHIPMENT, []schemas.Event{credit("O1", "C1", schemas.CreditedGoodsKEPT, "1")}, 1},
		"of another shipment":  {schemas.TransferPointAT_SHIPMENT, []schemas.Event{ship("O1", "S2", "1"), invoice("O1", "I1", "S2")}, 0},
	} {
		k := newDesk(t)
		o, s := order("O1"), ship("O1", "S1", "2")
		o.Control.Point = c.point
		k.say(o, s)
		k.say(c.then...)
		k.clean(0)
		k.say(void("V1", s))
		if len(k.raised) != c.told || len(k.letters) > 0 {
			t.Errorf("%s: %d exceptions, want %d; letters %q", name, len(k.raised), c.told, k.reasons())
		}
	}
}

// Inspection decides about what came back, and of each piece once; a refurbished one stays until it goes.
func TestADispositionIsOfWhatCameBack(t *testing.T) {
	scrap := func(id, n string) *schemas.ReturnDispositioned {
		x := disposed("O1", id, "R1", n)
		x.Lines[0].Outcome = schemas.ReturnOutcomeSCRAP
		return x
	}
	k := newDesk(t)
	k.say(order("O1"), ship("O1", "S1", "3"), returned("O1", "R1", "S1", "2"))
	other := scrap("D1", "1")
	other.Lines[0].Stock = stock("B")
	k.say(other)
	k.died(schemas.DeadLetterClassCONTRACT, "not what came back")
	k.say(scrap("D2", "3"))
	k.died(schemas.DeadLetterClassCONTRACT, "more than came back")
	better := disposed("O1", "D3", "R1", "2")
	better.Lines[0].Outcome, better.Lines[0].RecoverableValue = schemas.ReturnOutcomeREFURBISH, schemas.Some(schemas.MustDecimal("9"))
	gone := scrap("D4", "1")
	k.say(better, gone, disposed("O1", "D5", "R1", "1"))
	k.clean(0)
	k.say(scrap("D6", "1"))
	k.died(schemas.DeadLetterClassCONTRACT, "still in inspection")
	k.say(void("V1", gone), scrap("D7", "1"))
	k.clean(0)
}

// A void of a change must find the line as the change left it, and nothing in the books by it.
func TestAVoidOfAChangeIsHeldAgainstWhatCameAfter(t *testing.T) {
	o := plain("O1")
	dearer := change("C1", o, "4", func(l *schemas.ChangedLine) {
		g := schemas.MustDecimal("200")
		l.After.Amounts = schemas.LineAmounts{Gross: g, Net: g, FreightNet: zero, Total: g}
	})
	k := newDesk(t)
	k.say(o, dearer, ship("O1", "S1", "3"), void("V1", dearer))
	k.died(schemas.DeadLetterClassCONTRACT, "what has shipped or was billed since")
	k.say(ship("O1", "S2", "1"))
	k.clean(0)
	same(t, "the last one's gross", last[*schemas.ShipmentShipped](k).Lines[0].Amounts.Gross, "50")

	first := change("C1", o, "4", nil)
	grown := *o
	grown.Lines = []schemas.OrderLine{o.Lines[0]}
	grown.Lines[0].Quantity, grown.Lines[0].Amounts = first.Lines[0].After.Quantity, first.Lines[0].After.Amounts
	second := change("C2", &grown, "10", nil)
	k = newDesk(t)
	k.say(o, first, second, void("V1", first))
	k.died(schemas.DeadLetterClassCONTRACT, "void the later change first")
	k.say(void("V2", second), void("V1", first))
	k.clean(0)
	same(t, "demand", k.line("O1", "1").Demand, "3")
	k = newDesk(t) // less than is reserved
	k.say(o, first, reserve("O1", "R1", "4"), void("V1", first))
	k.clean(1)

	added := change("C3", o, "2", func(l *schemas.ChangedLine) { l.LineID, l.Before = "3", nil })
	k = newDesk(t)
	s := ship("O1", "S1", "1")
	s.Lines[0].OrderLineID = "3"
	k.say(o, added, s, void("V1", added))
	k.died(schemas.DeadLetterClassCONTRACT, "what has shipped or was billed since")
	dropped := change("C4", o, "3", func(l *schemas.ChangedLine) { l.After = nil })
	k = newDesk(t)
	k.say(o, dropped, void("V1", dropped))
	k.clean(0)
	same(t, "demand of the line that is back", k.line("O1", "1").Demand, "3")
}
