package admission

import "github.com/throughline/throughline/schemas"

func (c *completion) received(x *schemas.InventoryReceived) error {
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Cost == nil {
			l.Cost = c.standardCost(l.Stock.SKU, l.Accepted.BaseQty)
		}
	}
	return nil
}

func (c *completion) adjusted(x *schemas.InventoryAdjusted) error {
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Cost == nil {
			l.Cost = c.standardCost(l.Stock.SKU, l.Quantity.BaseQty)
		}
	}
	return nil
}

func (c *completion) reserved(x *schemas.InventoryReserved) error {
	if x.OrderID == "" {
		x.Serves = schemas.ReservationServesTRANSFER // which transfer_id says
	}
	if x.OrderID == "" || x.Hardness == schemas.HardnessSOFT {
		return nil
	}
	order, used := c.t.order(), map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		line, progress, err := c.shippable(order, l.LineID, &l.Quantity)
		if err != nil {
			return err
		}
		l.DemandDate, l.DemandLocation = demandOf(line)
		l.DemandSKU = demandSKU(line)
		consumed := l.Quantity.BaseQty
		if c.t.counted(undeliveredLines, l.LineID).Sign() > 0 { // what never arrived is owed again and stands nowhere as demand
			consumed = consumed.Min(progress.Demand.Sub(used[l.LineID]).Max(zeroQty))
			used[l.LineID] = used[l.LineID].Add(consumed)
		}
		l.DemandConsumed = schemas.Some(consumed)
	}
	return nil
}

func (c *completion) reservationReleased(x *schemas.InventoryReservationReleased) error {
	order := c.t.order()
	for i := range x.Lines {
		l := &x.Lines[i]
		if err := c.releases(x, x.ReservationID, l.LineID, &l.Stock, l.Quantity.BaseQty); err != nil {
			return err
		}
		if order == nil {
			continue
		}
		line, _, err := c.shippable(order, l.LineID, &l.Quantity)
		if err != nil {
			return err
		}
		l.DemandDate, l.DemandLocation = demandOf(line)
		l.DemandSKU = demandSKU(line)
	}
	return nil
}

// releases checks that what an event gives up of a reservation was reserved, as that SKU and there: deltas that name anything else would raise ATP for
// ever (domain.md §3.3).
func (c *completion) releases(e schemas.Event, reservation, line string, stock *schemas.StockRef, q schemas.Decimal) error {
	r := c.t.reservation(reservation, line)
	switch {
	case r == nil:
		return contract("reservation_id holds nothing of the line: a soft reservation moved no stock, and has none to give back")
	case r.SKU != stock.SKU || r.Location != stock.Location:
		return contract("lines.stock is not what was reserved under reservation_id")
	case r.Remaining.Cmp(q) < 0:
		c.exception("OVER_COMMITTED", "more is released than is still reserved", e)
	}
	return nil
}

func (c *completion) shortShipped(x *schemas.FulfillmentShortShipped) error {
	order := c.t.order()
	for i := range x.Lines {
		l := &x.Lines[i]
		line, _, err := c.shippable(order, l.OrderLineID, &l.Quantity)
		if err != nil {
			return err
		}
		if l.ReservationID != "" && l.Outcome != schemas.ShortOutcomeWAIT {
			if err := c.releases(x, l.ReservationID, l.OrderLineID, &l.Stock, l.Quantity.BaseQty); err != nil {
				return err
			}
		}
		l.DemandDate, l.DemandLocation = demandOf(line)
		l.DemandSKU = demandSKU(line)
	}
	return nil
}

func (c *completion) shipped(x *schemas.ShipmentShipped) error {
	order := c.t.order()
	exponent, err := c.exponent(order.Currency)
	if err != nil {
		return err
	}
	if p := x.LabelPrice; p != nil && p.Currency != order.Currency && p.Currency != c.entity.FunctionalCurrency {
		return contract("label_price is in neither the order's nor the legal entity's currency: convert it, or leave it out, and the carrier's bill is the cost")
	}
	x.Channel, x.Currency, x.Funding, x.FX = order.Channel, order.Currency, funding(order), c.shippedRate(x, order)
	if x.Control == nil {
		control := order.Control
		x.Control = &control
	}
	taken, used := map[string]schemas.Decimal{}, map[string]schemas.Decimal{} // by earlier lines of this shipment
	doc := &schemas.ThreadDocument{DocumentID: x.ShipmentID, Currency: x.Currency, FX: x.FX, Funding: x.Funding, Channel: x.Channel, Control: x.Control}
	c.accrue(doc, x.LabelPrice)
	for i := range x.Lines {
		l := &x.Lines[i]
		line, progress, err := c.shippable(order, l.OrderLineID, &l.Quantity)
		if err != nil {
			return err
		}
		done := progress.Shipped.Add(taken[l.OrderLineID])
		c.consume(l, line, progress, used)
		taken[l.OrderLineID] = taken[l.OrderLineID].Add(l.Quantity.BaseQty)
		if l.Amounts == nil {
			l.Amounts, l.Basis = c.slice(&slicing{kind: ofShipped, id: l.OrderLineID, line: line, done: done}, l.Quantity.BaseQty, true, exponent, i)
		}
		if l.Cost == nil {
			l.Cost = c.standardCost(l.Stock.SKU, l.Quantity.BaseQty)
		}
		if done.Add(l.Quantity.BaseQty).Add(progress.Cancelled).Cmp(line.Quantity.BaseQty) > 0 {
			c.exception("OVER_COMMITTED", "shipped and cancelled exceed ordered", x)
		}
		stock := l.Stock
		doc.Lines = append(doc.Lines, schemas.DocumentLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Stock: &stock, Qty: l.Quantity.BaseQty,
			BaseUOM: l.Quantity.BaseUOM, Amounts: l.Amounts, Basis: l.Basis, Cost: l.Cost})
	}
	c.document, c.docKind = doc, "shipment"
	return nil
}

// consume stamps what a shipped line takes: its reservation first, then open demand; what is more than ordered takes neither. used is what earlier lines
// of the shipment took of each reservation and of each line's demand.
func (c *completion) consume(l *schemas.ShipmentLine, line *schemas.OrderLine, progress *schemas.LineProgress, used map[string]schemas.Decimal) {
	left := l.Quantity.BaseQty
	reserved, open := zeroQty, "demand\x00"+l.OrderLineID
	if r := c.t.reservation(l.ReservationID, l.OrderLineID); l.ReservationID != "" && r != nil {
		from := "reservation\x00" + l.ReservationID + "\x00" + l.OrderLineID
		reserved = left.Min(r.Remaining.Sub(used[from]).Max(zeroQty))
		used[from] = used[from].Add(reserved)
		if r.SKU != l.Stock.SKU {
			l.ReservedSKU = r.SKU
		}
		if r.Location != l.Stock.Location {
			l.ReservedLocation = r.Location
		}
	}
	demand := left.Sub(reserved).Min(progress.Demand.Sub(used[open]).Max(zeroQty))
	used[open] = used[open].Add(demand)
	l.ReservedConsumed, l.DemandConsumed = schemas.Some(reserved), schemas.Some(demand)
	l.DemandDate, l.DemandLocation = demandOf(line)
	l.DemandSKU = demandSKU(line)
}

var zeroQty = schemas.NewDecimal(0, 6)
