package admission

import "github.com/throughline/throughline/schemas"

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
		if l.StatesTax {
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
		return nil
	}
	if x.Currency != order.Currency {
		return contract("currency is not the order's")
	}
	if x.Channel == "" {
		x.Channel = order.Channel
	}
	x.Funding = funding(order)
	if x.FX = order.FX; order.Terms != schemas.TermsPREPAID {
		x.FX = c.shipmentRate(x, order)
	}
	return nil
}

// shipmentRate is the rate of the first shipment that an on-account invoice names, so that what it clears on 1150 is what stands there.
func (c *completion) shipmentRate(x *schemas.InvoiceIssued, order *schemas.OrderAccepted) *schemas.Fx {
	for i := range x.Lines {
		if s := c.t.document("shipment", x.Lines[i].ShipmentID); s != nil {
			return s.FX
		}
	}
	return c.spot(order.Currency, schemas.RateTypeSPOT)
}

// invoiceLine copies the amounts of the shipment line that it names; one that names none takes its slice from the front.
func (c *completion) invoiceLine(l *schemas.InvoiceLine, order *schemas.OrderAccepted, taken map[string]schemas.Decimal, exponent uint8) error {
	if order == nil || l.Kind == schemas.LineKindCHARGE && l.OrderLineID == "" {
		return contract("lines.amounts is missing: only a line of an order can be completed")
	}
	if s := c.t.document("shipment", l.ShipmentID); s != nil {
		return copyShipment(l, s)
	}
	line, progress, err := c.orderLine(order, l.OrderLineID)
	if err != nil {
		return err
	}
	if l.Quantity == nil {
		q := line.Quantity
		l.Quantity = &q
	}
	before := progress.Invoiced.Add(taken[l.OrderLineID])
	taken[l.OrderLineID] = taken[l.OrderLineID].Add(l.Quantity.BaseQty)
	l.Amounts, l.Basis = c.amounts(part{line, before, l.Quantity.BaseQty, true}, exponent)
	if l.Stock == nil {
		l.Stock = line.Stock
	}
	return nil
}

func copyShipment(l *schemas.InvoiceLine, s *schemas.ThreadDocument) error {
	for i := range s.Lines {
		from := &s.Lines[i]
		if from.LineID != l.ShipmentLineID && (l.ShipmentLineID != "" || from.OrderLineID != l.OrderLineID) {
			continue
		}
		if l.Quantity != nil && !l.Quantity.BaseQty.Equal(from.Qty) {
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
	return contract("lines.shipment_line_id is not a line of the shipment")
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
		return nil
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
	if x.FX = order.FX; order.Terms != schemas.TermsPREPAID {
		if inv := c.t.document("invoice", x.InvoiceID); inv != nil {
			x.FX = inv.FX
		} else {
			x.FX = c.spot(order.Currency, schemas.RateTypeSPOT)
		}
	}
	return nil
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
	done, this, limit := taken[l.OrderLineID], l.Quantity.BaseQty, progress.Shipped
	taken[l.OrderLineID] = done.Add(this)
	before := progress.Credited.Add(done)
	freight := l.CreditsFreight
	if l.Goods == schemas.CreditedGoodsNOT_SHIPPED {
		freight, limit = true, progress.Invoiced.Sub(progress.CreditedUnshipped).Sub(done)
		before = limit.Sub(this)
		limit = this.Add(limit.Min(zeroQty))
	}
	if before.Add(this).Cmp(limit) > 0 && l.Goods != schemas.CreditedGoodsNOT_SHIPPED || before.Sign() < 0 {
		c.exception("OVER_COMMITTED", "more is credited than was shipped or invoiced", x)
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
		for i := range s.Lines {
			if l := &s.Lines[i]; l.OrderLineID == orderLine && l.Cost != nil {
				return costOf(l.Cost.Method, l.Cost.UnitCost, base, l.Cost.CostVersion, l.Cost.Currency)
			}
		}
	}
	return c.standardCost(sku, base)
}

func (c *completion) returned(x *schemas.ReturnReceived) error {
	doc := &schemas.ThreadDocument{DocumentID: x.ReceiptID}
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Cost == nil {
			shipment := l.ShipmentID
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
		for j := range receipt.Lines {
			if from := &receipt.Lines[j]; from.LineID == l.ReceiptLineID && from.Cost != nil {
				l.Cost = costOf(from.Cost.Method, from.Cost.UnitCost, l.Quantity.BaseQty, from.Cost.CostVersion, from.Cost.Currency)
			}
		}
		if l.Cost == nil {
			return contract("lines.receipt_line_id is not a line of the receipt")
		}
	}
	return nil
}
