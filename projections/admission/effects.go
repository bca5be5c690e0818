package admission

import (
	"github.com/throughline/throughline/schemas"
)

// apply notes in the thread what the completed event has done. A reversal undoes what its original did.
func (c *completion) apply(e schemas.Event) {
	if schemas.Reverses(e) {
		c.effect(c.original, -1)
		c.forget(c.original)
		return
	}
	if superseded, ok := e.(*schemas.RuleSuperseded); ok {
		c.t.stand(superseded)
		return
	}
	if fact := factsOf(e); fact != "" {
		c.keepBoth(fact, e)
		c.t.learn(fact)
	}
	for _, noted := range notedOf(e) {
		c.t.learn(noted)
	}
	c.moneyMoved(e, true)
	c.noteSlices()
	if c.document != nil {
		c.st.Put(documentKey(c.t.name, c.docKind, c.document.DocumentID), c.document)
	}
	if order, ok := e.(*schemas.OrderAccepted); ok {
		c.st.Put(orderKey(c.t.name), order)
	}
	c.effect(e, 1)
}

// forget takes back what a voided event let others find, so that whatever quotes it from now on waits for the corrected one.
func (c *completion) forget(e schemas.Event) {
	c.t.learn(voidedFact(e.Header().EventID))
	if s, ok := e.(*schemas.ShipmentShipped); ok && !c.t.knows(leftFact(s.ShipmentID)) {
		c.t.learn(leftFact(s.ShipmentID))
	}
	for _, noted := range notedOf(e) {
		c.t.unlearn(noted)
	}
	c.moneyMoved(e, false)
	fact := factsOf(e)
	if fact == "" {
		return
	}
	if c.t.unlearn(fact); c.t.knows(fact) {
		c.keepOther(fact, e)
		return
	}
	key := factKey(c.t.name, fact)
	if _, ok := e.(*schemas.OrderAccepted); ok {
		key = orderKey(c.t.name)
	}
	if c.st.Get(key) != nil {
		c.st.Put(key, nil)
	}
}

// effect adds an event's quantities to the thread's lines, sign +1, or takes them back, sign -1.
func (c *completion) effect(e schemas.Event, sign int) {
	signed := func(q schemas.Decimal) schemas.Decimal {
		if sign < 0 {
			return q.Neg()
		}
		return q
	}
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		c.accept(x, signed)
	case *schemas.OrderChanged:
		c.change(x, sign)
	case *schemas.OrderLineCancelled:
		for i := range x.Lines {
			l := &x.Lines[i]
			c.onLine(l.LineID, func(p *schemas.LineProgress) {
				q := signed(l.Quantity.BaseQty)
				p.Cancelled = p.Cancelled.Add(q)
				if l.ReleasedFrom == schemas.ReleasedFromOPEN_DEMAND {
					p.Demand = p.Demand.Sub(q)
				}
			})
		}
	case *schemas.InventoryReserved:
		c.reserve(x, sign)
	case *schemas.InventoryReservationReleased:
		for i := range x.Lines {
			l := &x.Lines[i]
			c.unreserve(x.ReservationID, l.LineID, signed(l.Quantity.BaseQty), x.ReturnsTo == schemas.ReturnsToOPEN_DEMAND)
		}
	case *schemas.FulfillmentShortShipped:
		for i := range x.Lines {
			c.short(&x.Lines[i], signed)
		}
	default:
		c.documentEffect(e, signed)
	}
}

// short says of one line what processors/atp says: a short of what was never reserved takes nothing off a reservation.
func (c *completion) short(l *schemas.ShortLine, signed func(schemas.Decimal) schemas.Decimal) {
	cancelled, q := l.Outcome == schemas.ShortOutcomeCANCEL, signed(l.Quantity.BaseQty)
	switch {
	case l.Outcome == schemas.ShortOutcomeWAIT:
	case l.ReservationID != "":
		c.unreserve(l.ReservationID, l.OrderLineID, q, !cancelled)
	case cancelled:
		c.onLine(l.OrderLineID, func(p *schemas.LineProgress) { p.Demand = p.Demand.Sub(q) })
	}
}

func (c *completion) documentEffect(e schemas.Event, signed func(schemas.Decimal) schemas.Decimal) {
	switch x := e.(type) {
	case *schemas.ShipmentShipped:
		for i := range x.Lines {
			l := &x.Lines[i]
			if x.Control != nil && x.Control.Point == schemas.TransferPointAT_DELIVERY {
				c.expect(inTransit(x.ShipmentID), l.LineID, &l.Stock, signed(l.Quantity.BaseQty))
			}
			c.unreserve(l.ReservationID, l.OrderLineID, signed(l.ReservedConsumed.V), false)
			c.onLine(l.OrderLineID, func(p *schemas.LineProgress) {
				p.Shipped = p.Shipped.Add(signed(l.Quantity.BaseQty))
				p.Demand = p.Demand.Sub(signed(l.DemandConsumed.V))
				c.undone(ofShipped, p, p.Shipped, i, l.Quantity.BaseQty, l.Amounts, l.Basis)
			})
		}
	case *schemas.InvoiceIssued:
		for i := range x.Lines {
			c.billedLine(&x.Lines[i], i, signed)
		}
	case *schemas.CreditMemoIssued:
		for i := range x.Lines {
			c.creditedLine(&x.Lines[i], i, signed)
		}
	default:
		c.moveEffect(e, signed)
	}
}

// billedLine counts what an invoice line bills of the order's line, and of a shipment's.
func (c *completion) billedLine(l *schemas.InvoiceLine, n int, signed func(schemas.Decimal) schemas.Decimal) {
	p := c.t.line(l.OrderLineID)
	if p == nil || l.Quantity == nil || !c.counts(l.OrderLineID, l.Kind) {
		return
	}
	q := signed(l.Quantity.BaseQty)
	p.Invoiced = p.Invoiced.Add(q)
	c.undone(ofInvoiced, p, p.Invoiced, n, l.Quantity.BaseQty, l.Amounts, l.Basis)
	if goods(l.Kind) && l.ShipmentLineID != "" {
		c.count(invoicedOf(l.ShipmentID), l.ShipmentLineID, q)
	}
}

func (c *completion) creditedLine(l *schemas.CreditLine, n int, signed func(schemas.Decimal) schemas.Decimal) {
	p := c.t.line(l.OrderLineID)
	if p == nil || l.Quantity == nil || !c.counts(l.OrderLineID, l.Kind) {
		return
	}
	q := signed(l.Quantity.BaseQty)
	if goods(l.Kind) && l.Goods == schemas.CreditedGoodsNOT_SHIPPED {
		p.CreditedUnshipped = p.CreditedUnshipped.Add(q)
		c.undone(ofUnshipped, p, p.CreditedUnshipped, n, l.Quantity.BaseQty, l.Amounts, l.Basis)
		return
	}
	p.Credited = p.Credited.Add(q)
	if goods(l.Kind) && l.Goods == schemas.CreditedGoodsEXPECTED_BACK {
		c.creditedBack(l, q)
	}
	c.undone(ofCredited, p, p.Credited, n, l.Quantity.BaseQty, l.Amounts, l.Basis)
}

// counts says whether a line of a document is of the order line that it names. Of an order that was voided only goods are known to be.
func (c *completion) counts(id string, kind schemas.LineKind) bool {
	if line := c.lineOf(id); line != nil {
		return sameKind(line.Kind, kind)
	}
	return goods(kind)
}

// undone frees what line n of a voided document had taken of an order's line; done is what stands without it.
func (c *completion) undone(kind string, p *schemas.LineProgress, done schemas.Decimal, n int, q schemas.Decimal, a *schemas.LineAmounts, b *schemas.AllocationBasis) {
	if c.original == nil {
		return
	}
	s := &slicing{kind: kind, id: p.LineID, line: c.lineOf(p.LineID), done: done}
	if kind == ofUnshipped {
		s.end = c.invoicedEnd(p)
	}
	c.giveBack(s, c.original.Header().EventID, n, q, a, b)
}

func (c *completion) accept(x *schemas.OrderAccepted, signed func(schemas.Decimal) schemas.Decimal) {
	for i := range x.Lines {
		l := &x.Lines[i]
		if c.t.line(l.LineID) == nil {
			c.t.progress.Lines = append(c.t.progress.Lines, noProgress(l.LineID))
		}
		if goods(l.Kind) {
			c.onLine(l.LineID, func(p *schemas.LineProgress) { p.Demand = p.Demand.Add(signed(l.Quantity.BaseQty)) })
		}
	}
}

func (c *completion) reserve(x *schemas.InventoryReserved, sign int) {
	if x.Hardness == schemas.HardnessSOFT {
		return
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		q, demand := l.Quantity.BaseQty, l.DemandConsumed.Or(l.Quantity.BaseQty)
		if sign < 0 {
			q, demand = q.Neg(), demand.Neg()
		}
		if r := c.t.reservation(x.ReservationID, l.LineID); r != nil {
			if r.Remaining.IsZero() { // of a reservation that was used up or voided: what is reserved now may be elsewhere
				r.SKU, r.Location = l.Stock.SKU, l.Stock.Location
			}
			r.Remaining = r.Remaining.Add(q)
		} else {
			c.t.progress.Reservations = append(c.t.progress.Reservations, schemas.ThreadReservation{ReservationID: x.ReservationID, LineID: l.LineID,
				SKU: l.Stock.SKU, Location: l.Stock.Location, Remaining: q})
		}
		c.onLine(l.LineID, func(p *schemas.LineProgress) {
			p.Reserved, p.Demand = p.Reserved.Add(q), p.Demand.Sub(demand)
		})
	}
}

// unreserve takes q off a reservation; back says that it is open demand again. One that is used up stays: a void of what used it gives it back.
func (c *completion) unreserve(reservation, line string, q schemas.Decimal, back bool) {
	if r := c.t.reservation(reservation, line); r != nil {
		r.Remaining = r.Remaining.Sub(q)
	}
	c.onLine(line, func(p *schemas.LineProgress) {
		p.Reserved = p.Reserved.Sub(q)
		if back {
			p.Demand = p.Demand.Add(q)
		}
	})
}

func (c *completion) onLine(id string, change func(*schemas.LineProgress)) {
	if p := c.t.line(id); p != nil {
		change(p)
	}
}
