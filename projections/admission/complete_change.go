package admission

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// changed holds a change against the order as it stands, and stamps where the open demand of each line was.
func (c *completion) changed(x *schemas.OrderChanged) error {
	order := c.t.order()
	exponent, err := c.exponent(order.Currency)
	if err != nil {
		return err
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		at := slices.IndexFunc(order.Lines, func(o schemas.OrderLine) bool { return o.LineID == l.LineID })
		if (at < 0) != (l.Before == nil) {
			return contract("lines.before: a line of the order has one, a new line has none")
		}
		l.OpenBefore, l.Satisfied = schemas.Some(zeroQty), schemas.Opt[schemas.Decimal]{}
		if at < 0 {
			continue
		}
		line, progress := &order.Lines[at], c.t.line(l.LineID)
		if progress == nil || !says(line, l.Kind, l.Before) {
			return contract("lines.before is not what the order says: send the change against its current version")
		}
		l.OpenBefore = schemas.Some(progress.Demand)
		if err := c.keeps(line, l.After, progress, exponent); err != nil {
			return err
		}
		after := zeroQty
		if l.After != nil {
			after = l.After.Quantity.BaseQty
		}
		// What shipped beyond the order is ordered now: nobody waits for it.
		beyond := progress.Shipped.Add(progress.Cancelled).Sub(line.Quantity.BaseQty).Min(after.Sub(line.Quantity.BaseQty))
		if goods(line.Kind) && beyond.Sign() > 0 {
			l.Satisfied = schemas.Some(beyond)
		}
		if goods(line.Kind) && progress.Demand.Add(after).Sub(line.Quantity.BaseQty).Sign() < 0 {
			c.exception("OVER_COMMITTED", "less is ordered than was reserved, shipped or cancelled: release or credit that", x)
		}
	}
	return nil
}

// says holds a line's state before a change against the order's.
func says(line *schemas.OrderLine, kind schemas.LineKind, b *schemas.OrderLineState) bool {
	if b == nil { // a dropped line
		return line.Quantity.BaseQty.IsZero()
	}
	if goods(line.Kind) != goods(kind) || !b.Quantity.BaseQty.Equal(line.Quantity.BaseQty) || b.Quantity.BaseUOM != line.Quantity.BaseUOM ||
		!b.Amounts.Total.Equal(line.Amounts.Total) || b.RequestedDate != line.RequestedDate {
		return false
	}
	if line.Stock == nil || b.Stock == nil {
		return line.Stock == nil && b.Stock == nil
	}
	return b.Stock.SKU == line.Stock.SKU && b.Stock.Location == line.Stock.Location
}

// keeps refuses a change of what has shipped or was billed: those amounts are in the books. A price changes by credit memo, or on a new line.
func (c *completion) keeps(line *schemas.OrderLine, after *schemas.OrderLineState, progress *schemas.LineProgress, exponent uint8) error {
	for _, s := range [...]slicing{{kind: ofShipped, done: progress.Shipped}, {kind: ofInvoiced, done: progress.Invoiced}} {
		done := s.done
		switch {
		case done.Sign() <= 0:
			continue
		case after == nil || after.Quantity.BaseQty.Cmp(done) < 0:
			return contract("lines.after is less than has shipped or was billed: cancel or credit instead")
		case after.Quantity.BaseUOM != line.Quantity.BaseUOM:
			return contract("lines.after.quantity.base_uom is not the line's")
		}
		changed := *line
		changed.Quantity, changed.Amounts = after.Quantity, after.Amounts
		was, upTo := c.standing(line, s.kind, done, after.Quantity.BaseQty, exponent)
		is, _ := c.amounts(part{&changed, zeroQty, upTo, true}, exponent)
		if !was.Gross.Equal(is.Gross) || !was.Net.Equal(is.Net) || !was.FreightNet.Equal(is.FreightNet) || !sameTaxes(was.Taxes, is.Taxes) {
			return contract("lines.after changes the amounts of what has shipped or was billed: credit it, or add a line")
		}
	}
	return nil
}

// standing is the amounts that a change must keep: up to the line's front, whose free places stay what they are; or, where the line becomes shorter than that, of
// what stands, which is then all at its beginning.
func (c *completion) standing(line *schemas.OrderLine, kind string, done, of schemas.Decimal, exponent uint8) (*schemas.LineAmounts, schemas.Decimal) {
	free := c.free(kind, line.LineID)
	front := done.Add(quantityIn(free))
	was, _ := c.amounts(part{line, zeroQty, front, true}, exponent)
	if of.Cmp(front) >= 0 {
		return was, front
	}
	for i := range free {
		p, _ := c.piece(line, &free[i], true, exponent)
		negate(p)
		add(was, p)
	}
	return was, done
}

func negate(a *schemas.LineAmounts) {
	a.Gross, a.Net, a.FreightNet, a.Total = a.Gross.Neg(), a.Net.Neg(), a.FreightNet.Neg(), a.Total.Neg()
	for i := range a.Taxes {
		a.Taxes[i].Amount, a.Taxes[i].Base = a.Taxes[i].Amount.Neg(), a.Taxes[i].Base.Neg()
	}
}

// keepPlaces keeps the free and the held places of a line what they were worth before a change; where nothing stands of it, or it becomes shorter than its front,
// there are none left.
func (c *completion) keepPlaces(was *schemas.OrderLine, of schemas.Decimal) {
	p := c.t.line(was.LineID)
	if p == nil || len(c.t.progress.Slices) == 0 {
		return
	}
	for _, s := range [...]slicing{{kind: ofShipped, done: p.Shipped}, {kind: ofInvoiced, done: p.Invoiced}, {kind: ofCredited, done: p.Credited}, {kind: ofUnshipped, done: p.CreditedUnshipped}} {
		if s.done.Sign() <= 0 || of.Cmp(s.done.Add(quantityIn(c.free(s.kind, was.LineID)))) < 0 {
			c.t.progress.Slices = without(c.t.progress.Slices, s.kind, was.LineID)
		}
	}
	for i := range c.t.progress.Slices {
		if s := &c.t.progress.Slices[i]; s.LineID == was.LineID && s.Kind != ofWay && s.Amounts == nil {
			amounts := was.Amounts
			s.Of, s.Amounts = was.Quantity.BaseQty, &amounts
		}
	}
}

func sameTaxes(a, b []schemas.TaxAmount) bool {
	return slices.EqualFunc(a, b, func(x, y schemas.TaxAmount) bool {
		return x.Jurisdiction == y.Jurisdiction && x.On == y.On && x.Remitter == y.Remitter && x.Amount.Equal(y.Amount)
	})
}

// change brings the order to its new state, sign +1, or back, sign -1.
func (c *completion) change(x *schemas.OrderChanged, sign int) {
	stored := c.t.order()
	if stored == nil {
		return
	}
	order := *stored
	order.Lines = slices.Clone(stored.Lines)
	if sign > 0 && x.OrderVersion != "" {
		order.OrderVersion = x.OrderVersion
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		from, to := l.Before, l.After
		if sign < 0 {
			from, to = to, from
		}
		c.restated(&order, l, to)
		if goods(l.Kind) {
			c.onLine(l.LineID, func(p *schemas.LineProgress) {
				if p.Demand = p.Demand.Sub(ordered(from)).Add(ordered(to)); sign > 0 {
					p.Demand = p.Demand.Sub(l.Satisfied.V)
				} else {
					p.Demand = p.Demand.Add(l.Satisfied.V)
				}
			})
		}
	}
	c.st.Put(orderKey(c.t.name), &order)
}

func ordered(s *schemas.OrderLineState) schemas.Decimal {
	if s == nil {
		return zeroQty
	}
	return s.Quantity.BaseQty
}

// restated puts a line's new state into the order. A line that is dropped stays with nothing to ship, so that what quotes it is told so.
func (c *completion) restated(order *schemas.OrderAccepted, l *schemas.ChangedLine, to *schemas.OrderLineState) {
	at := slices.IndexFunc(order.Lines, func(o schemas.OrderLine) bool { return o.LineID == l.LineID })
	if at < 0 {
		at = len(order.Lines)
		order.Lines = append(order.Lines, schemas.OrderLine{LineID: l.LineID, Kind: l.Kind, ChargeCode: l.ChargeCode})
	}
	if c.t.line(l.LineID) == nil {
		c.t.progress.Lines = append(c.t.progress.Lines, noProgress(l.LineID))
	}
	line := &order.Lines[at]
	c.keepPlaces(line, ordered(to))
	if to == nil {
		line.Quantity.Qty, line.Quantity.BaseQty = zeroQty, zeroQty
		line.Amounts = schemas.LineAmounts{Gross: zero, Net: zero, FreightNet: zero, Total: zero}
		return
	}
	line.Stock, line.Quantity, line.RequestedDate, line.UnitPrice, line.Amounts = to.Stock, to.Quantity, to.RequestedDate, to.UnitPrice, to.Amounts
}

func noProgress(id string) schemas.LineProgress {
	return schemas.LineProgress{LineID: id, Demand: zeroQty, Reserved: zeroQty, Shipped: zeroQty, Cancelled: zeroQty, Invoiced: zeroQty, Credited: zeroQty,
		CreditedUnshipped: zeroQty}
}

// closed holds what its source believes of an order against what came. The event posts nothing and moves nothing; where it is wrong, somebody is told.
func (c *completion) closed(x *schemas.OrderClosed) error {
	for i := range x.Lines {
		l := &x.Lines[i]
		line, progress, err := c.orderLine(c.t.order(), l.LineID)
		if err != nil {
			return err
		}
		switch {
		case goods(line.Kind) && !progress.Demand.IsZero() || !progress.Reserved.IsZero():
			c.exception("ORDER_NOT_DONE", "the order is closed, and something of it is still open or reserved", x)
		case !l.Ordered.Equal(line.Quantity.BaseQty) || !c.shippedIs(l.Shipped, progress) || !l.Cancelled.Equal(progress.Cancelled) || !l.Invoiced.Equal(progress.Invoiced):
			c.exception("ORDER_DIFFERS", "the order is closed with other quantities than have come: an event is missing", x)
		}
	}
	return nil
}

// shippedIs says whether a quantity is what shipped of a line, with or without what never arrived.
func (c *completion) shippedIs(q schemas.Decimal, p *schemas.LineProgress) bool {
	return q.Equal(p.Shipped) || q.Equal(p.Shipped.Add(c.t.counted(undeliveredLines, p.LineID)))
}

// undoes refuses to take a change back over what came after it: another change, or what was shipped and billed by it.
func (c *completion) undoes(x *schemas.OrderChanged) error {
	order := c.t.order()
	if order == nil {
		return nil
	}
	exponent, err := c.exponent(order.Currency)
	if err != nil {
		return err
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		line, progress, err := c.orderLine(order, l.LineID)
		if err != nil {
			continue
		}
		if !says(line, l.Kind, l.After) {
			return contract("the order was changed again since: void the later change first, or send a new order.changed against its current version")
		}
		if err := c.keeps(line, l.Before, progress, exponent); err != nil {
			return contract("what has shipped or was billed since stands by the changed order: void that first, or send a new order.changed that keeps it")
		}
		if goods(line.Kind) && progress.Demand.Add(ordered(l.Before)).Sub(ordered(l.After)).Add(l.Satisfied.V).Sign() < 0 {
			c.exception("OVER_COMMITTED", "less is ordered than was reserved, shipped or cancelled: release or credit that", x)
		}
	}
	return nil
}

// requested checks that a cancellation is asked of lines that the order has.
func (c *completion) requested(x *schemas.CancellationRequested) error {
	for i := range x.Lines {
		line, _, err := c.orderLine(c.t.order(), x.Lines[i].LineID)
		if err != nil {
			return err
		}
		if err := sameUnit(line, &x.Lines[i].Quantity); err != nil {
			return err
		}
	}
	return nil
}
