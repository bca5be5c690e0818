package admission

import (
	"github.com/throughline/throughline/schemas"
)

func (c *completion) invoiced(x *schemas.InvoiceIssued) error {
	exponent, err := c.exponent(x.Currency)
	if err != nil {
		return err
	}
	order := c.t.order()
	if x.OrderID == "" {
		order = nil
	}
	if err := c.invoiceHead(x, order); err != nil {
		return err
	}
	b := billing{completion: c, order: order, exponent: exponent, taken: map[string]schemas.Decimal{}}
	for i := range x.Lines {
		if err := b.line(x, i); err != nil {
			return err
		}
	}
	if order != nil {
		if err := c.taxRestated(x, exponent); err != nil {
			return err
		}
	}
	for i := range x.Lines {
		if l := &x.Lines[i]; l.StatesTax {
			restate(l.Amounts, l.StatedTaxes)
		}
	}
	c.document, c.docKind = &schemas.ThreadDocument{DocumentID: x.InvoiceID, Currency: x.Currency, FX: x.FX, Funding: x.Funding, Channel: x.Channel, Lines: append(taxedLines(x), b.noted...)}, "invoice"
	return nil
}

func (c *completion) invoiceHead(x *schemas.InvoiceIssued, order *schemas.OrderAccepted) error {
	if order == nil {
		if x.Funding == nil {
			return contract("an invoice without order_id must state its funding")
		}
		if x.FX == nil {
			x.FX = c.spot(x.Currency, schemas.RateTypeSPOT)
		}
		return c.ours(x.FX)
	}
	if x.Currency != order.Currency {
		return contract("currency is not the order's")
	}
	if x.Channel == "" {
		x.Channel = order.Channel
	}
	x.Funding = funding(order)
	var err error
	if x.FX = order.FX; order.Terms != schemas.TermsPREPAID {
		x.FX, err = c.shipmentRate(x, order)
	}
	return err
}

func (c *completion) credited(x *schemas.CreditMemoIssued) error {
	exponent, err := c.exponent(x.Currency)
	if err != nil {
		return err
	}
	order := c.t.order()
	if x.OrderID == "" {
		order = nil
	}
	if err := c.creditHead(x, order); err != nil {
		return err
	}
	taken := map[string]schemas.Decimal{}
	doc := &schemas.ThreadDocument{DocumentID: x.CreditMemoID, Currency: x.Currency, FX: x.FX, Funding: x.Funding, Channel: x.Channel}
	for i := range x.Lines {
		l := &x.Lines[i]
		l.StatesTax = false // only we say so
		c.creditedLineOf(order, l)
		if l.Amounts == nil {
			if err := c.creditLine(x, i, order, taken, exponent); err != nil {
				return err
			}
		} else {
			c.statedCredit(x, l, order, taken)
		}
		if err := c.creditCost(x, l); err != nil {
			return err
		}
		line := schemas.DocumentLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Stock: l.Stock, Cost: l.Cost}
		if l.Quantity != nil {
			line.Qty, line.BaseUOM = l.Quantity.BaseQty, l.Quantity.BaseUOM
		}
		doc.Lines = append(doc.Lines, line)
	}
	c.document, c.docKind = doc, "credit"
	return nil
}

func (c *completion) creditHead(x *schemas.CreditMemoIssued, order *schemas.OrderAccepted) error {
	if order == nil {
		if x.Funding == nil {
			return contract("a credit memo without order_id must state what it settles (funding)")
		}
		if x.FX == nil {
			x.FX = c.spot(x.Currency, schemas.RateTypeSPOT)
		}
		return c.ours(x.FX)
	}
	if x.Currency != order.Currency {
		return contract("currency is not the order's")
	}
	if x.Channel == "" {
		x.Channel = order.Channel
	}
	switch {
	case x.Funding == nil:
		x.Funding = funding(order)
		if order.Terms == schemas.TermsPREPAID {
			x.Funding.Settles = schemas.SettlesCREDIT_MEMO
		}
	case x.Funding.Settles != schemas.SettlesCREDIT_MEMO && x.Funding.Settles != schemas.SettlesRECEIVABLE:
		return contract("funding.settles of a credit memo is CREDIT_MEMO or RECEIVABLE: say which, or leave funding out and it is the order's")
	}
	var err error
	if x.FX = order.FX; order.Terms != schemas.TermsPREPAID {
		x.FX, err = c.creditRate(x, order)
	}
	return err
}

// creditLine takes its slice from the front of what was shipped, or, for goods that never shipped, from the back of what was invoiced.
func (c *completion) creditLine(x *schemas.CreditMemoIssued, n int, order *schemas.OrderAccepted, taken map[string]schemas.Decimal, exponent uint8) error {
	l := &x.Lines[n]
	if order == nil || l.OrderLineID == "" || l.Quantity == nil {
		return contract("lines.amounts is missing: only a quantity of an order line can be completed")
	}
	line, progress, err := c.orderLine(order, l.OrderLineID)
	if err != nil {
		return err
	}
	if err := sameUnit(line, l.Quantity); err != nil {
		return err
	}
	if !sameKind(line.Kind, l.Kind) {
		return contract("lines.amounts is missing: a line of another kind than the order's is no part of it, and states its amounts")
	}
	unshipped, key := creditedAs(l)
	done, this, freight := taken[key], l.Quantity.BaseQty, l.CreditsFreight || unshipped || !goods(line.Kind)
	taken[key] = done.Add(this)
	s, left := c.creditable(line, progress, unshipped, done)
	if left.Cmp(this) < 0 {
		c.exception("OVER_COMMITTED", "more is credited than was shipped, or than was invoiced and not shipped", x)
	}
	l.Amounts, l.Basis = c.slice(&s, this, freight, exponent, n)
	c.creditedTaxes(l, line, c.placesOf(line, l.Basis, n), freight, exponent)
	if l.Stock == nil {
		l.Stock = c.creditedStock(l, line)
	}
	return nil
}

// statedCredit holds a line whose amounts the source states against the order's line: they stand, and more than there is to credit is told all the same.
func (c *completion) statedCredit(x *schemas.CreditMemoIssued, l *schemas.CreditLine, order *schemas.OrderAccepted, taken map[string]schemas.Decimal) {
	if order == nil || l.Quantity == nil {
		return
	}
	line, progress, err := c.orderLine(order, l.OrderLineID)
	if err != nil || !sameKind(line.Kind, l.Kind) {
		return // a line of the memo that is none of the order
	}
	if l.Stock == nil && l.Goods == schemas.CreditedGoodsEXPECTED_BACK {
		l.Stock = c.creditedStock(l, line)
	}
	unshipped, key := creditedAs(l)
	_, left := c.creditable(line, progress, unshipped, taken[key])
	taken[key] = taken[key].Add(l.Quantity.BaseQty)
	switch {
	case left.Cmp(l.Quantity.BaseQty) < 0:
		c.exception("OVER_COMMITTED", "more is credited than was shipped, or than was invoiced and not shipped", x)
	case l.Amounts.Net.Abs().Cmp(line.Amounts.Net.Abs()) > 0:
		c.exception("OVER_COMMITTED", "more money is credited than the order line holds", x)
	}
}

// creditedLineOf is the order's line of a credit that names only the line of a shipment.
func (c *completion) creditedLineOf(order *schemas.OrderAccepted, l *schemas.CreditLine) {
	doc := c.t.document("shipment", l.ShipmentID)
	if order == nil || doc == nil || l.OrderLineID != "" || l.ShipmentLineID == "" || !goods(l.Kind) {
		return
	}
	if from := c.quote(doc, "shipment line", ownID, l.ShipmentLineID); from != nil {
		l.OrderLineID = from.OrderLineID
	}
}

// creditedAs says from which end of an order line a credit takes its slice, and under which key it counts: the two ends do not count against each other.
func creditedAs(l *schemas.CreditLine) (unshipped bool, key string) {
	if unshipped = goods(l.Kind) && l.Goods == schemas.CreditedGoodsNOT_SHIPPED; unshipped {
		return true, l.OrderLineID + "\x00unshipped"
	}
	return false, l.OrderLineID
}

// creditedStock is what a credit line that does not say so is about: what the shipment line it names had, which may be a substitute, else what was ordered.
func (c *completion) creditedStock(l *schemas.CreditLine, line *schemas.OrderLine) *schemas.StockRef {
	doc := c.t.document("shipment", l.ShipmentID)
	if doc == nil || line.Stock == nil {
		return line.Stock
	}
	from := c.quote(doc, "shipment line", ownID, l.ShipmentLineID)
	if from == nil && c.shippedAs(doc, l.OrderLineID, line.Stock.SKU) == nil {
		from = c.quote(doc, "shipment's order line", orderedID, l.OrderLineID)
	}
	if from == nil {
		return line.Stock
	}
	return from.Stock
}

// creditable is where a credit takes its slice from, and how much there is to credit: of goods what was shipped, or was invoiced and did not ship; of a charge
// or a gift card, which never ship, what was invoiced.
func (c *completion) creditable(line *schemas.OrderLine, progress *schemas.LineProgress, unshipped bool, done schemas.Decimal) (slicing, schemas.Decimal) {
	s := slicing{kind: ofCredited, id: line.LineID, line: line, done: progress.Credited.Add(done)}
	switch {
	case unshipped:
		s.kind, s.done, s.end = ofUnshipped, progress.CreditedUnshipped.Add(done), c.invoicedEnd(progress)
		return s, progress.Invoiced.Sub(s.done).Sub(progress.Shipped)
	case goods(line.Kind):
		return s, progress.Shipped.Sub(s.done)
	}
	return s, progress.Invoiced.Sub(s.done)
}

// invoicedEnd is how far a line's invoices reach.
func (c *completion) invoicedEnd(progress *schemas.LineProgress) schemas.Decimal {
	return progress.Invoiced.Add(quantityIn(c.free(ofInvoiced, progress.LineID)))
}

// creditCost is what the goods that are expected back had cost: the shipment's, where the line names it; else that at which they came back already, which 1260 must lose again; else that
// of the shipment which the memo's invoice billed; else the standard.
func (c *completion) creditCost(x *schemas.CreditMemoIssued, l *schemas.CreditLine) error {
	if l.Cost != nil || l.Goods != schemas.CreditedGoodsEXPECTED_BACK || !goods(l.Kind) {
		return nil
	}
	if l.Stock == nil || l.Quantity == nil {
		return contract("lines.stock or lines.quantity is missing: goods that are expected back are valued by both")
	}
	if l.ShipmentID == "" {
		for _, cost := range []*schemas.CostBasis{c.blindCost(l.OrderLineID, l.Stock.SKU), c.billedCost(x.InvoiceID, l.OrderLineID, l.Stock.SKU)} {
			if cost != nil {
				l.Cost = costOf(cost.Method, cost.UnitCost, l.Quantity.BaseQty, cost.CostVersion, cost.Currency)
				return nil
			}
		}
	}
	l.Cost = c.issueCost(l.ShipmentID, l.OrderLineID, l.Stock.SKU, l.Quantity.BaseQty)
	return nil
}

// blindCost is the one cost at which goods of an order line came back before anything was credited; nil where none did, or where they came at several.
func (c *completion) blindCost(orderLine, sku string) *schemas.CostBasis {
	var cost *schemas.CostBasis
	for _, receipt := range c.documents("receipt") {
		for i := range receipt.Lines {
			l := &receipt.Lines[i]
			if orderLine == "" || !isOf(l, orderLine, sku) || l.Cost == nil || c.t.counted(blindOf(receipt.DocumentID), l.LineID).Sign() <= 0 {
				continue
			}
			if cost != nil && !cost.UnitCost.Equal(l.Cost.UnitCost) {
				return nil
			}
			cost = l.Cost
		}
	}
	return cost
}

// creditedBack takes what is credited off what came back before it.
func (c *completion) creditedBack(l *schemas.CreditLine, q schemas.Decimal) {
	if l.Stock == nil {
		return
	}
	for _, receipt := range c.documents("receipt") {
		for i := range receipt.Lines {
			from := &receipt.Lines[i]
			r := c.t.reservation(blindOf(receipt.DocumentID), from.LineID)
			if r == nil || !isOf(from, l.OrderLineID, l.Stock.SKU) {
				continue
			}
			part := q.Min(r.Remaining.Max(zeroQty)) // a void gives back what may have been taken
			if q.Sign() < 0 {
				part = q.Max(r.Remaining.Sub(from.Qty).Min(zeroQty))
			}
			r.Remaining, q = r.Remaining.Sub(part), q.Sub(part)
		}
	}
}

// blindOf is the tally of what came back before it was credited.
func blindOf(receipt string) string { return "blind:" + receipt }

// billedCost is the cost of what an invoice billed of an order line, where that is not what its first shipment had; nil where it is, or where nobody knows.
func (c *completion) billedCost(invoice, orderLine, sku string) *schemas.CostBasis {
	doc := c.t.document("invoice", invoice)
	for i := 0; doc != nil && i < len(doc.Lines); i++ {
		if l := &doc.Lines[i]; orderLine != "" && l.Cost != nil && isOf(l, orderLine, sku) {
			return l.Cost
		}
	}
	return nil
}

// issueCost is the cost at which goods were issued: of the shipment where it is named, else of the first that had them, else the standard of the effective date.
func (c *completion) issueCost(shipment, orderLine, sku string, base schemas.Decimal) *schemas.CostBasis {
	if s := c.t.document("shipment", shipment); s != nil {
		if l := c.shippedAs(s, orderLine, sku); l != nil && l.Cost != nil {
			return costOf(l.Cost.Method, l.Cost.UnitCost, base, l.Cost.CostVersion, l.Cost.Currency)
		}
	}
	if cost := c.shippedCost(orderLine, sku); cost != nil {
		return costOf(cost.Method, cost.UnitCost, base, cost.CostVersion, cost.Currency)
	}
	return c.standardCost(sku, base)
}
