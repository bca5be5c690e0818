package admission

import (
	"cmp"

	"github.com/throughline/throughline/schemas"
)

// moves completes what changes an order, and goods on their way: between places, to the customer, and back.
func (c *completion) moves(e schemas.Event) error {
	switch x := e.(type) {
	case *schemas.OrderChanged:
		return c.changed(x)
	case *schemas.OrderClosed:
		return c.closed(x)
	case *schemas.CancellationRequested:
		return c.requested(x)
	case *schemas.InventoryTransferDispatched:
		return c.dispatched(x)
	case *schemas.InventoryTransferReceived:
		return c.transferred(x)
	case *schemas.InventoryCostRevalued:
		for i := range x.Lines {
			if x.Lines[i].Currency != c.entity.FunctionalCurrency {
				return contract("lines.currency is not the legal entity's")
			}
		}
	case *schemas.ShipmentDelivered:
		return c.delivered(x)
	case *schemas.ShipmentReturnedToSender:
		return c.returning(x)
	case *schemas.ShipmentLost:
		return c.lost(x)
	case *schemas.ReturnAuthorised:
		c.authorised(x)
	case *schemas.ReturnClosedNotReceived:
		return c.notReceived(x)
	}
	return c.money(e)
}

// Names under which a thread keeps what is still to arrive of a document, line by line, as it keeps reservations.
func inTransit(shipment string) string { return "transit:" + shipment }
func onTheWay(dispatch string) string  { return "dispatch:" + dispatch }
func comingBack(rma string) string     { return "rma:" + rma }
func returningTo(rts string) string    { return "returning:" + rts }
func closedOf(rma string) string       { return "closed:" + rma }

// expect adds to what is still to arrive of a document's line; a negative quantity has arrived, or will not.
func (c *completion) expect(document, line string, stock *schemas.StockRef, q schemas.Decimal) {
	if q.IsZero() {
		return
	}
	if r := c.t.reservation(document, line); r != nil {
		r.Remaining = r.Remaining.Add(q)
		return
	}
	c.t.progress.Reservations = append(c.t.progress.Reservations, schemas.ThreadReservation{ReservationID: document, LineID: line, SKU: stock.SKU,
		Location: stock.Location, Remaining: q})
}

// arrives is how much of a quantity is of what was still to arrive; used is what earlier lines of the same event took.
func (c *completion) arrives(document, line string, q schemas.Decimal, used map[string]schemas.Decimal) schemas.Decimal {
	r := c.t.reservation(document, line)
	if r == nil {
		return zeroQty
	}
	key := document + "\x00" + line
	q = q.Min(r.Remaining.Sub(used[key]).Max(zeroQty))
	used[key] = used[key].Add(q)
	return q
}

func (c *completion) dispatched(x *schemas.InventoryTransferDispatched) error {
	doc := &schemas.ThreadDocument{DocumentID: x.DispatchID, ExpectedDate: x.Eta}
	used := map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		l.ReservedConsumed = schemas.Some(zeroQty)
		if l.ReservationID != "" {
			r := c.t.reservation(l.ReservationID, l.LineID)
			if r == nil || r.SKU != l.Stock.SKU || r.Location != l.Stock.Location {
				return contract("lines.stock is not what was reserved for the line under reservation_id")
			}
			l.ReservedConsumed = schemas.Some(c.arrives(l.ReservationID, l.LineID, l.Quantity.BaseQty, used))
		}
		if l.Cost == nil {
			l.Cost = c.standardCost(l.Stock.SKU, l.Quantity.BaseQty)
		}
		arriving := l.Stock // where it will arrive, as with returns
		arriving.Location = x.ToLocation
		doc.Lines = append(doc.Lines, schemas.DocumentLine{LineID: l.LineID, Stock: &arriving, Qty: l.Quantity.BaseQty, BaseUOM: l.Quantity.BaseUOM, Cost: l.Cost})
	}
	c.document, c.docKind = doc, "dispatch"
	return nil
}

// transferred values each line as its dispatch did, and stamps what it takes of what was on its way.
func (c *completion) transferred(x *schemas.InventoryTransferReceived) error {
	id := dispatchOf(x)
	doc, used := c.t.document("dispatch", id), map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		l.DispatchLineID = cmp.Or(l.DispatchLineID, l.LineID)
		from := c.quote(doc, "dispatch line", ownID, l.DispatchLineID)
		switch {
		case from == nil:
			return contract("lines.dispatch_line_id is not a line of the dispatch")
		case from.Stock.SKU != l.Stock.SKU:
			return contract("lines.stock is not what was dispatched")
		case from.BaseUOM != l.Quantity.BaseUOM:
			return contract("lines.quantity.base_uom is not that of the dispatch")
		}
		l.Stock.Owner = from.Stock.Owner // goods change places, and no hands
		if from.Stock.Location != l.Stock.Location {
			l.ExpectedLocation = from.Stock.Location
		}
		if !l.ExpectedConsumed.Set {
			l.ExpectedConsumed, l.ExpectedDate = schemas.Some(c.arrives(onTheWay(id), l.DispatchLineID, l.Quantity.BaseQty, used)), doc.ExpectedDate
		}
		if l.ExpectedConsumed.V.Cmp(l.Quantity.BaseQty) < 0 {
			c.exception("OVER_COMMITTED", "more is received than was dispatched and is still on its way", x)
		}
		if l.Cost == nil {
			l.Cost = costOf(from.Cost.Method, from.Cost.UnitCost, l.Quantity.BaseQty, from.Cost.CostVersion, from.Cost.Currency)
		}
	}
	return nil
}

func (c *completion) returning(x *schemas.ShipmentReturnedToSender) error {
	doc := c.t.document("shipment", x.ShipmentID)
	back := &schemas.ThreadDocument{DocumentID: x.ReturnID, ExpectedDate: x.ExpectedDate}
	for i := range x.Lines {
		l := &x.Lines[i]
		from := c.quote(doc, "shipment line", ownID, l.ShipmentLineID)
		if from == nil {
			return contract("lines.shipment_line_id is not a line of the shipment")
		}
		if from.BaseUOM != l.Quantity.BaseUOM {
			return contract("lines.quantity.base_uom is not that of the shipment line")
		}
		l.OrderLineID = from.OrderLineID
		if l.Stock == nil {
			l.Stock = from.Stock
		}
		back.Lines = append(back.Lines, schemas.DocumentLine{LineID: l.ShipmentLineID, OrderLineID: l.OrderLineID, Stock: l.Stock, Qty: l.Quantity.BaseQty, BaseUOM: l.Quantity.BaseUOM})
	}
	c.document, c.docKind = back, "returning"
	return nil
}

func (c *completion) authorised(x *schemas.ReturnAuthorised) {
	doc := &schemas.ThreadDocument{DocumentID: x.RMAID, ExpectedDate: x.ExpectedDate}
	for i := range x.Lines {
		l := &x.Lines[i]
		doc.Lines = append(doc.Lines, schemas.DocumentLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Stock: &l.Stock, Qty: l.Quantity.BaseQty, BaseUOM: l.Quantity.BaseUOM})
	}
	c.document, c.docKind = doc, "rma"
}

// expectedBack stamps what a returned line takes of what was expected back, under the date where that stands.
func (c *completion) expectedBack(x *schemas.ReturnReceived, l *schemas.ReturnLine, used map[string]schemas.Decimal) {
	if doc, line := c.announced(x, l); line != nil && !l.ExpectedConsumed.Set {
		l.ExpectedConsumed, l.ExpectedDate = schemas.Some(c.arrives(announcedAs(x), line.LineID, l.Quantity.BaseQty, used)), doc.ExpectedDate
		if l.ExpectedConsumed.V.Cmp(l.Quantity.BaseQty) < 0 && c.t.counted(closedOf(x.RMAID), line.LineID).Sign() > 0 {
			c.exception("OVER_COMMITTED", "goods come back that were closed as not received: void the closing", x)
		}
	}
}

// announced is the document that told that a returned line would come, and its line there; none where it came unexpected, or elsewhere than expected.
func (c *completion) announced(x *schemas.ReturnReceived, l *schemas.ReturnLine) (*schemas.ThreadDocument, *schemas.DocumentLine) {
	kind, id := "rma", x.RMAID
	if x.ReturnedToSenderID != "" {
		kind, id = "returning", x.ReturnedToSenderID
	}
	doc := c.t.document(kind, id)
	if doc == nil {
		return nil, nil
	}
	line := c.quote(doc, kind+" line", ownID, l.LineID)
	if (line == nil || line.Stock == nil || line.Stock.SKU != l.Stock.SKU) && l.OrderLineID != "" {
		line = c.quote(doc, kind+" order line", orderedID, l.OrderLineID)
	}
	if line == nil || line.Stock == nil || line.Stock.SKU != l.Stock.SKU || line.Stock.Location != l.Stock.Location || line.BaseUOM != l.Quantity.BaseUOM {
		return nil, nil
	}
	return doc, line
}

func announcedAs(x *schemas.ReturnReceived) string {
	if x.ReturnedToSenderID != "" {
		return returningTo(x.ReturnedToSenderID)
	}
	return comingBack(x.RMAID)
}

// cameBack takes a returned line off what was expected, and off its way where it never arrived.
func (c *completion) cameBack(x *schemas.ReturnReceived, n int, signed func(schemas.Decimal) schemas.Decimal) {
	l := &x.Lines[n]
	if x.Against == schemas.ReturnAgainstBLIND && l.OrderLineID != "" {
		c.count(blindOf(x.ReceiptID), l.LineID, signed(l.Quantity.BaseQty))
	}
	if _, line := c.announced(x, l); line != nil {
		c.expect(announcedAs(x), line.LineID, &l.Stock, signed(l.ExpectedConsumed.V).Neg())
	}
	if c.neverArrived(x.Meta.EventID, n, l.OrderLineID, signed) {
		return
	}
	if doc, line := c.undelivered(x, l, nil); line != nil { // taken before the thread noted its places
		c.off(doc.DocumentID, line.LineID, signed(l.Quantity.BaseQty))
	} else if doc := c.t.document("shipment", l.ShipmentID); doc != nil {
		if from := c.shippedAs(doc, l.OrderLineID, l.Stock.SKU); from != nil {
			c.count(returnedOf(doc.DocumentID), from.LineID, signed(l.Quantity.BaseQty))
		}
	}
}

// accrue notes what a shipment accrues for its label, in both currencies as processors/finance books it.
func (c *completion) accrue(doc *schemas.ThreadDocument, label *schemas.Money) {
	if label == nil {
		return
	}
	functional := schemas.Money{Amount: label.Amount, Currency: c.entity.FunctionalCurrency}
	if label.Currency != c.entity.FunctionalCurrency && doc.FX != nil {
		if exponent, err := schemas.CurrencyExponent(c.entity.FunctionalCurrency); err == nil {
			functional.Amount = label.Amount.MulRound(doc.FX.Rate, exponent, c.rounding).Round(4, schemas.Down)
		}
	}
	doc.Freight, doc.FreightFunctional = label, &functional
}

// freightBilled stamps what each shipment accrued. The first bill takes it off; what a later one asks for is cost.
func (c *completion) freightBilled(x *schemas.FreightCostBilled) error {
	for i := range x.Shipments {
		s := &x.Shipments[i]
		if doc := c.t.document("shipment", s.ShipmentID); doc != nil && !c.t.knows(billedFact(s.ShipmentID)) {
			s.Accrued, s.AccruedFunctional = doc.Freight, doc.FreightFunctional
		}
	}
	return c.rate(&x.FX, x.Amount.Currency)
}

// moveEffect notes what is on its way, and what is no more.
func (c *completion) moveEffect(e schemas.Event, signed func(schemas.Decimal) schemas.Decimal) {
	switch x := e.(type) {
	case *schemas.InventoryTransferDispatched:
		for i := range x.Lines {
			l := &x.Lines[i]
			c.unreserve(l.ReservationID, l.LineID, signed(l.ReservedConsumed.V), false)
			c.expect(onTheWay(x.DispatchID), l.LineID, &l.Stock, signed(l.Quantity.BaseQty))
		}
	case *schemas.InventoryTransferReceived:
		for i := range x.Lines {
			l := &x.Lines[i]
			c.expect(onTheWay(dispatchOf(x)), l.DispatchLineID, &l.Stock, signed(l.ExpectedConsumed.V).Neg())
		}
	case *schemas.ReturnAuthorised:
		for i := range x.Lines {
			c.expect(comingBack(x.RMAID), x.Lines[i].LineID, &x.Lines[i].Stock, signed(x.Lines[i].Quantity.BaseQty))
		}
	case *schemas.ShipmentReturnedToSender:
		for i := range x.Lines {
			c.expect(returningTo(x.ReturnID), x.Lines[i].ShipmentLineID, x.Lines[i].Stock, signed(x.Lines[i].Quantity.BaseQty))
		}
	case *schemas.ReturnClosedNotReceived:
		for i := range x.Lines {
			c.expect(comingBack(x.RMAID), x.Lines[i].LineID, x.Lines[i].Stock, signed(x.Lines[i].ExpectedConsumed.V).Neg())
			c.count(closedOf(x.RMAID), x.Lines[i].LineID, signed(x.Lines[i].Quantity.BaseQty))
		}
	case *schemas.ShipmentDelivered:
		for i := range x.Lines {
			c.arrived(x, i, signed)
		}
	case *schemas.ShipmentLost:
		for i := range x.Lines {
			c.wasLost(x, i, signed)
		}
	case *schemas.ReturnReceived:
		for i := range x.Lines {
			c.cameBack(x, i, signed)
		}
	case *schemas.ReturnDispositioned:
		for i := range x.Lines {
			c.inspected(x, &x.Lines[i], signed)
		}
	default:
		c.authorize(e, signed)
	}
}
