package admission

import (
	"cmp"

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
	taken := map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Amounts == nil {
			if err := c.invoiceLine(l, order, taken, exponent); err != nil {
				return err
			}
		}
		c.overInvoiced(x, l, order, taken)
	}
	if order != nil {
		c.taxRestated(x, exponent)
	}
	for i := range x.Lines {
		if l := &x.Lines[i]; l.StatesTax {
			restate(l.Amounts, l.StatedTaxes)
		}
	}
	c.document, c.docKind = &schemas.ThreadDocument{DocumentID: x.InvoiceID, Currency: x.Currency, FX: x.FX, Funding: x.Funding, Channel: x.Channel}, "invoice"
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

// invoiceLine copies the amounts of the shipment line that it names; one that names none takes its slice from the front.
func (c *completion) invoiceLine(l *schemas.InvoiceLine, order *schemas.OrderAccepted, taken map[string]schemas.Decimal, exponent uint8) error {
	if order == nil || l.Kind == schemas.LineKindCHARGE && l.OrderLineID == "" {
		return contract("lines.amounts is missing: only a line of an order can be completed")
	}
	if s := c.t.document("shipment", l.ShipmentID); s != nil {
		return c.copyShipment(l, s)
	}
	line, progress, err := c.orderLine(order, l.OrderLineID)
	if err != nil {
		return err
	}
	if l.Quantity == nil {
		q := line.Quantity
		l.Quantity = &q
	}
	if err := sameUnit(line, l.Quantity); err != nil {
		return err
	}
	before := progress.Invoiced.Add(taken[l.OrderLineID])
	l.Amounts, l.Basis = c.amounts(part{line, before, l.Quantity.BaseQty, true}, exponent)
	if l.Stock == nil {
		l.Stock = line.Stock
	}
	return nil
}

// overInvoiced counts a line, and tells where more is billed than there is to bill: than was shipped where the line names a shipment, which may have been
// billed before, else than was ordered.
func (c *completion) overInvoiced(x *schemas.InvoiceIssued, l *schemas.InvoiceLine, order *schemas.OrderAccepted, taken map[string]schemas.Decimal) {
	if order == nil || l.Quantity == nil || !goods(l.Kind) {
		return
	}
	line, progress, err := c.orderLine(order, l.OrderLineID)
	if err != nil {
		return // a line of the bill that is none of the order
	}
	taken[l.OrderLineID] = taken[l.OrderLineID].Add(l.Quantity.BaseQty)
	limit := line.Quantity.BaseQty
	if l.ShipmentID != "" {
		limit = progress.Shipped
	}
	if progress.Invoiced.Add(taken[l.OrderLineID]).Cmp(limit) > 0 {
		c.exception("OVER_COMMITTED", "more is invoiced than was ordered or shipped", x)
	}
}

func (c *completion) copyShipment(l *schemas.InvoiceLine, s *schemas.ThreadDocument) error {
	var from *schemas.DocumentLine
	if l.ShipmentLineID != "" {
		from = c.quote(s, "shipment line", ownID, l.ShipmentLineID)
	} else {
		from = c.quote(s, "shipment's order line", orderedID, l.OrderLineID)
	}
	switch {
	case from == nil:
		return contract("lines.shipment_line_id is not a line of the shipment")
	case l.Quantity != nil && !l.Quantity.BaseQty.Equal(from.Qty):
		return contract("lines.quantity is not that of the shipment line it names: bill a shipment line whole, or name none")
	}
	amounts := *from.Amounts
	l.Amounts, l.Basis, l.OrderLineID, l.ShipmentLineID = &amounts, from.Basis, from.OrderLineID, from.LineID
	if l.Stock == nil {
		l.Stock = from.Stock
	}
	if l.Quantity == nil {
		l.Quantity = &schemas.Quantity{Qty: from.Qty, UOM: from.BaseUOM, BaseQty: from.Qty, BaseUOM: from.BaseUOM}
	}
	return nil
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
		if l.Amounts == nil {
			if err := c.creditLine(x, l, order, taken, exponent); err != nil {
				return err
			}
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
func (c *completion) creditLine(x *schemas.CreditMemoIssued, l *schemas.CreditLine, order *schemas.OrderAccepted, taken map[string]schemas.Decimal, exponent uint8) error {
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
	unshipped, key := l.Goods == schemas.CreditedGoodsNOT_SHIPPED, l.OrderLineID
	if unshipped {
		key += "\x00unshipped" // the two ends of one line do not count against each other
	}
	done, this, freight := taken[key], l.Quantity.BaseQty, l.CreditsFreight || unshipped
	taken[key] = done.Add(this)
	before, left := progress.Credited.Add(done), progress.Shipped.Sub(progress.Credited).Sub(done)
	if unshipped {
		open := progress.Invoiced.Sub(progress.CreditedUnshipped).Sub(done)
		before, left = open.Sub(this), open.Sub(progress.Shipped)
	}
	if left.Cmp(this) < 0 {
		c.exception("OVER_COMMITTED", "more is credited than was shipped, or than was invoiced and not shipped", x)
	}
	l.Amounts, l.Basis = c.amounts(part{line, before, this, freight}, exponent)
	if l.Stock == nil {
		l.Stock = line.Stock
	}
	return nil
}

// creditCost is what the goods that are expected back had cost: the shipment's, where the line names it, else the standard.
func (c *completion) creditCost(l *schemas.CreditLine) {
	if l.Cost != nil || l.Goods != schemas.CreditedGoodsEXPECTED_BACK || l.Stock == nil || l.Quantity == nil {
		return
	}
	l.Cost = c.issueCost(l.ShipmentID, l.OrderLineID, l.Stock.SKU, l.Quantity.BaseQty)
}

// issueCost is the cost at which goods were issued: of the shipment where it is named, else the standard of the effective date.
func (c *completion) issueCost(shipment, orderLine, sku string, base schemas.Decimal) *schemas.CostBasis {
	if s := c.t.document("shipment", shipment); s != nil {
		if l := c.quote(s, "shipment's order line", orderedID, orderLine); l != nil && l.Cost != nil {
			return costOf(l.Cost.Method, l.Cost.UnitCost, base, l.Cost.CostVersion, l.Cost.Currency)
		}
	}
	return c.standardCost(sku, base)
}

func (c *completion) returned(x *schemas.ReturnReceived) error {
	doc := &schemas.ThreadDocument{DocumentID: x.ReceiptID}
	used := map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		c.expectedBack(x, l, used)
		if doc, line := c.undelivered(x, l); line != nil {
			if err := c.leaves(doc, line.LineID, l.Quantity.BaseQty, used); err != nil {
				return err
			}
		}
		if l.Cost == nil {
			shipment := l.ShipmentID
			if x.Against == schemas.ReturnAgainstUNDELIVERED {
				shipment = cmp.Or(shipment, x.ShipmentID)
			}
			if x.OrderID == "" {
				shipment = ""
			}
			l.Cost = c.issueCost(shipment, l.OrderLineID, l.Stock.SKU, l.Quantity.BaseQty)
		}
		stock := l.Stock
		doc.Lines = append(doc.Lines, schemas.DocumentLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Stock: &stock, Qty: l.Quantity.BaseQty,
			BaseUOM: l.Quantity.BaseUOM, Cost: l.Cost})
	}
	c.document, c.docKind = doc, "receipt"
	return nil
}

// dispositioned values each line as its receipt did.
func (c *completion) dispositioned(x *schemas.ReturnDispositioned) error {
	receipt := c.t.document("receipt", x.ReceiptID)
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Cost != nil {
			continue
		}
		from := c.quote(receipt, "receipt line", ownID, l.ReceiptLineID)
		if from == nil || from.Cost == nil {
			return contract("lines.receipt_line_id is not a line of the receipt")
		}
		l.Cost = costOf(from.Cost.Method, from.Cost.UnitCost, l.Quantity.BaseQty, from.Cost.CostVersion, from.Cost.Currency)
	}
	return nil
}
