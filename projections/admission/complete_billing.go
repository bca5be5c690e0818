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
	c.document, c.docKind = &schemas.ThreadDocument{DocumentID: x.InvoiceID, Currency: x.Currency, FX: x.FX, Funding: x.Funding, Channel: x.Channel, Lines: taxedLines(x)}, "invoice"
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
		if l.Amounts == nil {
			if err := c.creditLine(x, i, order, taken, exponent); err != nil {
				return err
			}
		} else {
			c.statedCredit(x, l, order, taken)
		}
		c.creditCost(l)
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
	if x.Funding == nil {
		x.Funding = funding(order)
		if order.Terms == schemas.TermsPREPAID {
			x.Funding.Settles = schemas.SettlesCREDIT_MEMO
		}
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

// creditCost is what the goods that are expected back had cost: the shipment's, where the line names it, else the standard.
func (c *completion) creditCost(l *schemas.CreditLine) {
	if l.Cost != nil || l.Goods != schemas.CreditedGoodsEXPECTED_BACK || l.Stock == nil || l.Quantity == nil {
		return
	}
	l.Cost = c.issueCost(l.ShipmentID, l.OrderLineID, l.Stock.SKU, l.Quantity.BaseQty)
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

func (c *completion) returned(x *schemas.ReturnReceived) error {
	doc := &schemas.ThreadDocument{DocumentID: x.ReceiptID}
	if err := c.returnedAgainst(x); err != nil {
		return err
	}
	used := map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		c.expectedBack(x, l, used)
		if doc, line := c.undelivered(x, l, used); doc != nil {
			if line == nil {
				return contract("lines.stock is not what the shipment had for lines.order_line_id: what comes back undelivered is what was shipped")
			}
			if err := c.leaves(doc, line, l.Quantity.BaseQty, used, i); err != nil {
				return err
			}
		}
		if l.Cost == nil {
			l.Cost = c.returnCost(x, l)
		}
		stock := l.Stock
		doc.Lines = append(doc.Lines, schemas.DocumentLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Stock: &stock, Qty: l.Quantity.BaseQty,
			BaseUOM: l.Quantity.BaseUOM, Cost: l.Cost})
	}
	c.document, c.docKind = doc, "receipt"
	return nil
}

func dispositionedOf(receipt string) string { return "dispositioned:" + receipt }

// dispositioned values each line as its receipt did, and holds it against that: another item is not what came back, and what has left the inspection has left it
// once. A refurbished piece stays in it until it is put back into stock or given away.
func (c *completion) dispositioned(x *schemas.ReturnDispositioned) error {
	receipt, used := c.t.document("receipt", x.ReceiptID), map[*schemas.DocumentLine]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		from := c.quote(receipt, "receipt line", ownID, l.ReceiptLineID)
		switch {
		case from == nil || from.Cost == nil:
			return contract("lines.receipt_line_id is not a line of the receipt")
		case from.Stock.SKU != l.Stock.SKU:
			return contract("lines.stock is not what came back under receipt_line_id: correct the receipt, or name the line that it is")
		case from.BaseUOM != l.Quantity.BaseUOM:
			return contract("lines.quantity.base_uom is not that of the receipt")
		case c.t.counted(dispositionedOf(x.ReceiptID), from.LineID).Add(used[from]).Add(l.Quantity.BaseQty).Cmp(from.Qty) > 0:
			return contract("lines.quantity is more than came back and is still in inspection: void the disposition that took it wrongly, or correct the receipt")
		}
		if l.Outcome != schemas.ReturnOutcomeREFURBISH {
			used[from] = used[from].Add(l.Quantity.BaseQty)
		}
		if l.Cost != nil {
			continue
		}
		l.Cost = costOf(from.Cost.Method, from.Cost.UnitCost, l.Quantity.BaseQty, from.Cost.CostVersion, from.Cost.Currency)
	}
	return nil
}
