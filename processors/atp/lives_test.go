package atp

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// TestCompleteLivesNetToZero: whatever is announced and came or was called off, ordered and changed and shipped, nothing of it is left in any
// bucket but on hand, unavailable and safety stock, under any SKU, place, date or document; in whatever order the deltas are added.
func TestCompleteLivesNetToZero(t *testing.T) {
	g := &generator{rand.New(rand.NewPCG(seed, 11))}
	left, kinds := map[bucketKey]schemas.Decimal{}, map[string]int{}
	for i := range 500 {
		for _, life := range [][]schemas.Event{g.lifeOfPurchase(i), g.lifeOfTransfer(i), g.lifeOfReturn(i), g.lifeOfParcel(i), g.lifeOfOrder(i)} {
			g.Shuffle(len(life), func(i, j int) { life[i], life[j] = life[j], life[i] })
			for n, e := range life {
				kinds[e.EventType()]++
				*e.Header() = schemas.Meta{EventID: schemas.NamedID("life", strconv.Itoa(i), e.EventType(), strconv.Itoa(n)), EventType: e.EventType(), CorrelationID: "life", RuleSet: DefaultRuleSet}
				sum(left, deltas(t, e))
			}
		}
	}
	reported := 0
	for k, qty := range left {
		switch k.bucket {
		case schemas.BucketON_HAND, schemas.BucketUNAVAILABLE:
			continue
		}
		if !qty.IsZero() && reported < 10 {
			reported++
			t.Errorf("%s is left in %+v", qty, k)
		}
	}
	if len(kinds) != 14 {
		t.Errorf("the lives have events of %d types: %v", len(kinds), kinds)
	}
}

// parts cuts q in up to three parts that sum to it.
func (g *generator) parts(q schemas.Decimal) (all []schemas.Decimal) {
	for range g.IntN(3) {
		part := g.number().Min(q)
		if !part.IsZero() {
			all, q = append(all, part), q.Sub(part)
		}
	}
	if !q.IsZero() {
		all = append(all, q)
	}
	return all
}

func pieces(q schemas.Decimal) schemas.Quantity {
	return schemas.Quantity{Qty: q, UOM: "EA", BaseQty: q, BaseUOM: "EA"}
}

// lifeOfPurchase: expected, expected otherwise, received in parts; in half of them the last part is called off instead.
func (g *generator) lifeOfPurchase(i int) []schemas.Event {
	id, stock, was, is := "PO-"+strconv.Itoa(i), g.stock(), g.quantity(), g.quantity()
	due, later := g.date().V, g.date().V
	line := schemas.ChangedExpectation{LineID: "1", Stock: stock, Before: was, After: is, DueBefore: due, DueAfter: later}
	life := []schemas.Event{
		&schemas.InventoryExpected{ExpectationID: id, DocumentType: schemas.InboundDocumentPURCHASE_ORDER, Lines: []schemas.ExpectedLine{{LineID: "1", Stock: stock, Quantity: was, DueDate: due}}},
		&schemas.InventoryExpectationChanged{ExpectationID: id, ChangeID: "1", Lines: []schemas.ChangedExpectation{line}},
	}
	parts := g.parts(is.BaseQty)
	for n, part := range parts {
		if n == len(parts)-1 && i%2 == 0 {
			line = schemas.ChangedExpectation{LineID: "1", Stock: stock, Before: pieces(part), After: pieces(schemas.NewDecimal(0, 6)), DueBefore: later, DueAfter: later}
			life = append(life, &schemas.InventoryExpectationChanged{ExpectationID: id, ChangeID: "2", Lines: []schemas.ChangedExpectation{line}})
			continue
		}
		life = append(life, &schemas.InventoryReceived{ReceiptID: id + strconv.Itoa(n), Lines: []schemas.ReceiptLine{{LineID: "1", Stock: stock, Accepted: pieces(part),
			ExpectedConsumed: schemas.Some(part), ExpectedDate: schemas.Some(later), ExpectedDocument: id}}})
	}
	return life
}

// lifeOfTransfer: reserved, dispatched, received in parts.
func (g *generator) lifeOfTransfer(i int) []schemas.Event {
	id, q, eta := "TR-"+strconv.Itoa(i), g.quantity(), g.date()
	from := schemas.StockRef{SKU: "A", Location: "DC1"}
	life := []schemas.Event{
		&schemas.InventoryReserved{ReservationID: "RV", Serves: schemas.ReservationServesTRANSFER, TransferID: id, Lines: []schemas.ReservationLine{{LineID: "1", Stock: from, Quantity: q}}},
		&schemas.InventoryTransferDispatched{TransferID: id, DispatchID: id, FromLocation: "DC1", ToLocation: "DC2", Eta: eta,
			Lines: []schemas.DispatchedLine{{LineID: "1", Stock: from, Quantity: q, ReservationID: "RV", ReservedConsumed: schemas.Some(q.BaseQty)}}},
	}
	for _, part := range g.parts(q.BaseQty) {
		life = append(life, &schemas.InventoryTransferReceived{TransferID: id, ReceiptID: "TI", ToLocation: "DC2", Lines: []schemas.TransferredLine{
			{LineID: "1", Stock: schemas.StockRef{SKU: "A", Location: "DC2"}, Quantity: pieces(part), ExpectedConsumed: schemas.Some(part), ExpectedDate: eta}}})
	}
	return life
}

// lifeOfReturn: authorised; each part comes, or is closed as never received.
func (g *generator) lifeOfReturn(i int) []schemas.Event {
	id, stock, q, due := "RMA-"+strconv.Itoa(i), g.stock(), g.quantity(), g.date()
	life := []schemas.Event{&schemas.ReturnAuthorised{RMAID: id, ExpectedDate: due, Lines: []schemas.AuthorisedLine{{LineID: "1", Stock: stock, Quantity: q}}}}
	for _, part := range g.parts(q.BaseQty) {
		if g.IntN(2) == 0 {
			life = append(life, &schemas.ReturnClosedNotReceived{ClosingID: "CL", RMAID: id, Lines: []schemas.NotReceivedLine{
				{LineID: "1", Stock: &stock, Quantity: pieces(part), ExpectedConsumed: schemas.Some(part), ExpectedDate: due}}})
			continue
		}
		life = append(life, &schemas.ReturnReceived{ReceiptID: "RR", RMAID: id, Against: schemas.ReturnAgainstCREDITED, Lines: []schemas.ReturnLine{
			{LineID: "1", Stock: stock, Quantity: pieces(part), ExpectedConsumed: schemas.Some(part), ExpectedDate: due}}})
	}
	return life
}

// lifeOfParcel: the carrier brings it back; returns name its notice, and now and then an RMA or the shipment as well.
func (g *generator) lifeOfParcel(i int) []schemas.Event {
	id, stock, q, due := "RTS-"+strconv.Itoa(i), g.stock(), g.quantity(), g.date()
	life := []schemas.Event{&schemas.ShipmentReturnedToSender{ReturnID: id, ShipmentID: "SH", OrderID: "SO", ExpectedDate: due,
		Lines: []schemas.ReturningLine{{ShipmentLineID: "1", Stock: &stock, Quantity: q}}}}
	for _, part := range g.parts(q.BaseQty) {
		life = append(life, &schemas.ReturnReceived{ReceiptID: "RR", ReturnedToSenderID: id, RMAID: oneOf(g, "", "RMA"), ShipmentID: oneOf(g, "", "SH"), Against: schemas.ReturnAgainstUNDELIVERED,
			Lines: []schemas.ReturnLine{{LineID: "1", Stock: stock, Quantity: pieces(part), ExpectedConsumed: schemas.Some(part), ExpectedDate: due}}})
	}
	return life
}

// lifeOfOrder: ordered, a part of it reserved, changed in SKU, place, date and quantity, and shipped or cancelled.
func (g *generator) lifeOfOrder(i int) []schemas.Event {
	was, id := g.state(), "SO-"+strconv.Itoa(i)
	kept := g.number().Min(was.Quantity.BaseQty)
	open := was.Quantity.BaseQty.Sub(kept)
	is := g.state()
	is.Quantity = pieces(kept.Add(g.number()))
	life := []schemas.Event{
		&schemas.OrderAccepted{OrderID: id, Lines: []schemas.OrderLine{{LineID: "1", Stock: was.Stock, Quantity: was.Quantity, RequestedDate: was.RequestedDate}}},
		&schemas.InventoryReserved{ReservationID: "RV", OrderID: id, Lines: []schemas.ReservationLine{{LineID: "1", Stock: *was.Stock, Quantity: pieces(kept),
			DemandConsumed: schemas.Some(kept), DemandDate: was.RequestedDate}}},
		&schemas.ShipmentShipped{ShipmentID: "SH-R", OrderID: id, Lines: []schemas.ShipmentLine{{LineID: "1", OrderLineID: "1", Stock: *was.Stock, Quantity: pieces(kept),
			ReservationID: "RV", ReservedConsumed: schemas.Some(kept)}}},
		&schemas.OrderChanged{OrderID: id, ChangeID: "1", Lines: []schemas.ChangedLine{{LineID: "1", Before: was, After: is, OpenBefore: schemas.Some(open)}}},
	}
	for _, part := range g.parts(is.Quantity.BaseQty.Sub(kept)) {
		if g.IntN(2) == 0 {
			life = append(life, &schemas.OrderLineCancelled{OrderID: id, CancellationID: "CA", Lines: []schemas.CancelledLine{{LineID: "1", Stock: is.Stock, Quantity: pieces(part),
				ReleasedFrom: schemas.ReleasedFromOPEN_DEMAND, DemandDate: is.RequestedDate}}})
			continue
		}
		life = append(life, &schemas.ShipmentShipped{ShipmentID: "SH", OrderID: id, Lines: []schemas.ShipmentLine{{LineID: "1", OrderLineID: "1", Stock: *is.Stock, Quantity: pieces(part),
			DemandConsumed: schemas.Some(part), DemandDate: is.RequestedDate}}})
	}
	return life
}
