package admission

import (
	"cmp"
	"strings"

	"github.com/throughline/throughline/schemas"
)

func (c *completion) returned(x *schemas.ReturnReceived) error {
	doc := &schemas.ThreadDocument{DocumentID: x.ReceiptID}
	if err := c.returnedAgainst(x); err != nil {
		return err
	}
	used := map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		c.returnedLineOf(x, l)
		c.expectedBack(x, l, used)
		if doc, line := c.undelivered(x, l, used); doc != nil {
			if line == nil {
				return contract("lines.stock is not what the shipment had for lines.order_line_id: what comes back undelivered is what was shipped")
			}
			if err := c.leaves(doc, line, l.Quantity.BaseQty, used, i); err != nil {
				return err
			}
			c.soldOnPaper(line, used[wayLine(doc, line.LineID)], x)
			l.OrderLineID, l.Stock.Owner = cmp.Or(l.OrderLineID, line.OrderLineID), line.Stock.Owner // it changed hands nowhere
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

// returnedLineOf finds the order's line of goods of which a source only says by which line of a credit memo, or with which shipment, they went: what they are worth must meet on 1260 what
// their memo put there, and that is kept by the order's line.
func (c *completion) returnedLineOf(x *schemas.ReturnReceived, l *schemas.ReturnLine) {
	if x.OrderID == "" || l.OrderLineID != "" {
		return
	}
	if memo := c.t.document("credit", x.CreditMemoID); memo != nil {
		if l.OrderLineID = onlyLine(memo, l.Stock.SKU, l.CreditMemoLineID); l.OrderLineID != "" {
			return
		}
	}
	if s := c.t.document("shipment", cmp.Or(l.ShipmentID, x.ShipmentID)); s != nil {
		l.OrderLineID = onlyLine(s, l.Stock.SKU, "")
	}
}

// onlyLine is the order's line of a document's line that is named, else of those of a SKU where it is one; "" where it is several or none.
func onlyLine(doc *schemas.ThreadDocument, sku, named string) (line string) {
	for i := range doc.Lines {
		l := &doc.Lines[i]
		switch {
		case l.OrderLineID == "":
		case named != "" && l.LineID == named:
			return l.OrderLineID
		case named != "" || l.Stock == nil || l.Stock.SKU != sku || l.OrderLineID == line:
		case line != "":
			return ""
		default:
			line = l.OrderLineID
		}
	}
	return line
}

// returnedAgainst says what an undelivered return answers. A carrier cannot know whose the goods were on their way: where control had passed at shipment they were sold, and what comes back
// is like any other return, with its credit memo or before it; only what was still ours leaves the goods in transit (domain.md §2.3).
func (c *completion) returnedAgainst(x *schemas.ReturnReceived) error {
	if x.Against != schemas.ReturnAgainstUNDELIVERED {
		return nil
	}
	own, sold := 0, 0
	for i := range x.Lines {
		doc := c.t.document("shipment", cmp.Or(x.Lines[i].ShipmentID, x.ShipmentID))
		if doc != nil && ours(doc) {
			own++
		} else {
			sold++
		}
	}
	switch {
	case own > 0 && sold > 0:
		return contract("lines.shipment_id: some of it was still ours on its way and some was sold at shipment: send a return for each")
	case sold > 0 && x.CreditMemoID != "":
		x.Against = schemas.ReturnAgainstCREDITED
	case sold > 0:
		x.Against = schemas.ReturnAgainstBLIND
	}
	return nil
}

// returnCost is the cost at which returned goods had been issued: the credit memo's, which has put it on 1260 and must find it there again, else the shipment's, else the standard.
func (c *completion) returnCost(x *schemas.ReturnReceived, l *schemas.ReturnLine) *schemas.CostBasis {
	if credit := c.t.document("credit", x.CreditMemoID); credit != nil {
		if from := creditedLine(credit, l); from != nil && from.Cost != nil {
			return costOf(from.Cost.Method, from.Cost.UnitCost, l.Quantity.BaseQty, from.Cost.CostVersion, from.Cost.Currency)
		}
	}
	shipment := cmp.Or(l.ShipmentID, x.ShipmentID)
	if x.OrderID == "" {
		shipment = ""
	}
	return c.issueCost(shipment, l.OrderLineID, l.Stock.SKU, l.Quantity.BaseQty)
}

// creditedLine is the line of a credit memo that a return answers: the one that it names, else the one of its order line and SKU.
func creditedLine(credit *schemas.ThreadDocument, l *schemas.ReturnLine) *schemas.DocumentLine {
	for i := range credit.Lines {
		if from := &credit.Lines[i]; l.CreditMemoLineID != "" && from.LineID == l.CreditMemoLineID {
			return from
		}
	}
	for i := range credit.Lines {
		if from := &credit.Lines[i]; l.CreditMemoLineID == "" && from.OrderLineID == l.OrderLineID && from.Stock != nil && from.Stock.SKU == l.Stock.SKU {
			return from
		}
	}
	return nil
}

// shippedCost is the cost at which goods of an order line first left, where nobody says with which shipment: the order's first that had them.
func (c *completion) shippedCost(orderLine, sku string) *schemas.CostBasis {
	if orderLine == "" {
		return nil
	}
	for _, fact := range c.t.progress.Facts {
		id, ok := strings.CutPrefix(fact, "shipment:")
		if !ok {
			continue
		}
		if s := c.t.document("shipment", id); s != nil {
			if l := c.shippedAs(s, orderLine, sku); l != nil && l.Cost != nil {
				return l.Cost
			}
		}
	}
	return nil
}

// notReceived completes what is given up from the authorisation and the credit memo.
func (c *completion) notReceived(x *schemas.ReturnClosedNotReceived) error {
	doc, credit := c.t.document("rma", x.RMAID), c.t.document("credit", x.CreditMemoID)
	used := map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		line := c.notReceivedLine(doc, credit, l)
		if line == nil || line.BaseUOM != l.Quantity.BaseUOM {
			return contract("lines.line_id is not a line of the authorisation, or is counted in another unit")
		}
		l.OrderLineID, l.Stock = cmp.Or(line.OrderLineID, l.OrderLineID), line.Stock
		if !l.ExpectedConsumed.Set {
			l.ExpectedConsumed = schemas.Some(c.arrives(comingBack(x.RMAID), l.LineID, l.Quantity.BaseQty, used))
			if doc != nil && l.ExpectedConsumed.V.Cmp(l.Quantity.BaseQty) < 0 {
				c.exception("OVER_COMMITTED", "more is closed as not received than is still expected back: void the closing of what came, or was closed before", x)
			}
		}
		if doc != nil && !l.ExpectedDate.Set {
			l.ExpectedDate = doc.ExpectedDate
		}
		if l.Cost == nil {
			l.Cost = c.creditedCost(credit, l)
		}
	}
	return nil
}

// notReceivedLine is the line of the authorisation; of the credit memo where the authorisation stands in a thread of its own, because it came before the memo and there is no order.
func (c *completion) notReceivedLine(rma, credit *schemas.ThreadDocument, l *schemas.NotReceivedLine) *schemas.DocumentLine {
	switch {
	case rma != nil:
		return c.quote(rma, "rma line", ownID, l.LineID)
	case credit != nil:
		return c.quote(credit, "credit line", ownID, l.CreditMemoLineID)
	}
	return nil
}

// creditedCost is the cost at which a credit memo expects goods back, else the standard.
func (c *completion) creditedCost(credit *schemas.ThreadDocument, l *schemas.NotReceivedLine) *schemas.CostBasis {
	if credit != nil {
		from := c.quote(credit, "credit line", ownID, l.CreditMemoLineID)
		if from == nil && l.OrderLineID != "" {
			from = c.quote(credit, "credit's order line", orderedID, l.OrderLineID)
		}
		if from != nil && from.Cost != nil {
			return costOf(from.Cost.Method, from.Cost.UnitCost, l.Quantity.BaseQty, from.Cost.CostVersion, from.Cost.Currency)
		}
	}
	return c.standardCost(l.Stock.SKU, l.Quantity.BaseQty)
}
