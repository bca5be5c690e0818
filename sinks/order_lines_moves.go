package sinks

import "github.com/throughline/throughline/schemas"

// read says what an event does to order lines. Charges and gift cards never ship, so that no law of quantities holds for them: they are left out, and with
// them documents that name no order.
//
// demanded is what inventory.deltas must say too, by other code: open demand and reservations of the line together. It is not ordered - shipped -
// cancelled: what a short gave up is demanded no more and cancelled not yet, and what ships beyond its demand takes none.
func (m *lineMoves) read(e schemas.Event) {
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		m.order = x.OrderID
		for i := range x.Lines {
			if l := &x.Lines[i]; isGoods(l.Kind) {
				m.add(l.LineID, skuOf(l.Stock), &l.Quantity).set(ordered, l.Quantity.BaseQty).set(demanded, l.Quantity.BaseQty)
			}
		}
	case *schemas.OrderChanged:
		m.changed(x)
	case *schemas.OrderLineCancelled:
		m.cancelled(x)
	case *schemas.InventoryReserved:
		m.order = x.OrderID
		for i := range x.Lines {
			if l := &x.Lines[i]; x.Hardness != schemas.HardnessSOFT && x.OrderID != "" && l.DemandConsumed.Set && !l.DemandConsumed.V.Equal(l.Quantity.BaseQty) {
				m.add(l.LineID, l.Stock.SKU, &l.Quantity).set(demanded, l.Quantity.BaseQty.Sub(l.DemandConsumed.V)) // for what never arrived
			}
		}
	case *schemas.InventoryReservationReleased:
		m.order = x.OrderID
		for i := range x.Lines {
			if l := &x.Lines[i]; x.ReturnsTo != schemas.ReturnsToOPEN_DEMAND {
				m.add(l.LineID, l.Stock.SKU, &l.Quantity).set(demanded, l.Quantity.BaseQty.Neg())
			}
		}
	case *schemas.FulfillmentShortShipped:
		m.order = x.OrderID
		for i := range x.Lines {
			if l := &x.Lines[i]; l.Outcome == schemas.ShortOutcomeCANCEL {
				m.add(l.OrderLineID, l.Stock.SKU, &l.Quantity).set(demanded, l.Quantity.BaseQty.Neg())
			}
		}
	default:
		m.travelled(e)
	}
}

// changed: a line that is new has nothing before, one that is dropped nothing after. What is taken back leaves the SKU that was there.
func (m *lineMoves) changed(x *schemas.OrderChanged) {
	m.order = x.OrderID
	for i := range x.Lines {
		l := &x.Lines[i]
		stands, other := l.After, l.Before
		if m.back {
			stands, other = other, stands
		}
		if stands == nil {
			stands = other
		}
		if stands == nil || !isGoods(l.Kind) {
			continue
		}
		q := noQty
		if l.After != nil {
			q = q.Add(l.After.Quantity.BaseQty)
		}
		if l.Before != nil {
			q = q.Sub(l.Before.Quantity.BaseQty)
		}
		m.add(l.LineID, skuOf(stands.Stock), &stands.Quantity).set(ordered, q).set(demanded, q.Sub(l.Satisfied.V))
	}
}

// cancelled passes over lines without stock, which are charges: admission copies the stock of all others from the order.
func (m *lineMoves) cancelled(x *schemas.OrderLineCancelled) {
	m.order = x.OrderID
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Stock == nil {
			continue
		}
		move := m.add(l.LineID, l.Stock.SKU, &l.Quantity).set(cancelled, l.Quantity.BaseQty)
		if l.ReleasedFrom == schemas.ReleasedFromOPEN_DEMAND {
			move.set(demanded, l.Quantity.BaseQty.Neg())
		}
	}
}

// travelled: goods on their way to the customer and back. Where they stay ours until they arrive they are undelivered, and nobody bills them, until then;
// lost or brought back they are in transit no more.
func (m *lineMoves) travelled(e schemas.Event) {
	switch x := e.(type) {
	case *schemas.ShipmentShipped:
		m.order = x.OrderID
		for i := range x.Lines {
			l := &x.Lines[i]
			move := m.add(l.OrderLineID, l.Stock.SKU, &l.Quantity).set(shipped, l.Quantity.BaseQty).set(demanded, l.ReservedConsumed.V.Add(l.DemandConsumed.V).Neg())
			if oursUntilThere(x.Control) {
				move.set(undelivered, l.Quantity.BaseQty).set(inTransit, l.Quantity.BaseQty)
			}
		}
	case *schemas.ShipmentDelivered:
		m.order = x.OrderID
		for i := range x.Lines {
			l := &x.Lines[i]
			if l.Quantity == nil {
				continue
			}
			move := m.add(l.OrderLineID, skuOf(l.Stock), l.Quantity).set(delivered, l.Quantity.BaseQty)
			if oursUntilThere(x.Control) {
				move.set(undelivered, l.Quantity.BaseQty.Neg()).set(inTransit, l.Quantity.BaseQty.Neg())
			}
		}
	case *schemas.ShipmentLost:
		m.order = x.OrderID
		for i := range x.Lines {
			if l := &x.Lines[i]; l.Quantity != nil && oursUntilThere(x.Control) {
				m.add(l.OrderLineID, skuOf(l.Stock), l.Quantity).set(inTransit, l.Quantity.BaseQty.Neg())
			}
		}
	case *schemas.ReturnReceived:
		m.order = x.OrderID
		for i := range x.Lines {
			l := &x.Lines[i]
			if l.OrderLineID == "" {
				continue
			}
			move := m.add(l.OrderLineID, l.Stock.SKU, &l.Quantity).set(returned, l.Quantity.BaseQty)
			if x.Against == schemas.ReturnAgainstUNDELIVERED {
				move.set(inTransit, l.Quantity.BaseQty.Neg())
			}
		}
	default:
		m.billed(e)
	}
}

// billed: a credit memo for goods that never shipped takes back an invoice that ran ahead; the others are of what has shipped.
func (m *lineMoves) billed(e schemas.Event) {
	switch x := e.(type) {
	case *schemas.InvoiceIssued:
		m.order = x.OrderID
		for i := range x.Lines {
			if l := &x.Lines[i]; l.OrderLineID != "" && l.Quantity != nil && isGoods(l.Kind) {
				m.add(l.OrderLineID, skuOf(l.Stock), l.Quantity).set(invoiced, l.Quantity.BaseQty)
			}
		}
	case *schemas.CreditMemoIssued:
		m.order = x.OrderID
		for i := range x.Lines {
			l := &x.Lines[i]
			if l.OrderLineID == "" || l.Quantity == nil || !isGoods(l.Kind) {
				continue
			}
			move := m.add(l.OrderLineID, skuOf(l.Stock), l.Quantity).set(credited, l.Quantity.BaseQty)
			if l.Goods == schemas.CreditedGoodsNOT_SHIPPED {
				move.set(creditedUnshipped, l.Quantity.BaseQty)
			}
		}
	}
}

func isGoods(kind schemas.LineKind) bool { return kind == "" || kind == schemas.LineKindGOODS }

func oursUntilThere(c *schemas.ControlTransfer) bool {
	return c != nil && c.Point == schemas.TransferPointAT_DELIVERY
}

func skuOf(s *schemas.StockRef) string {
	if s == nil {
		return ""
	}
	return s.SKU
}
