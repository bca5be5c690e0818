package admission

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// Goods of a shipment under AT_DELIVERY are ours until they arrive. Each piece of them is delivered, lost or brought back, once; what is delivered earns its part of
// what the shipment line would have, and what is not is free again to be earned by another shipment.

func lostOf(shipment string) string     { return "lost:" + shipment }
func returnedOf(shipment string) string { return "returned:" + shipment }

const undeliveredLines = "undelivered" // tally of order lines: shipped, and lost or brought back before it arrived

// ours says whether a shipment's goods are ours until they arrive.
func ours(doc *schemas.ThreadDocument) bool { return atDelivery(doc.Control) }

func atDelivery(control *schemas.ControlTransfer) bool {
	return control != nil && control.Point == schemas.TransferPointAT_DELIVERY
}

// ahead is how much of a shipment's line may still be delivered, lost or brought back; used is what earlier lines of the event took.
func (c *completion) ahead(doc *schemas.ThreadDocument, line string, used map[string]schemas.Decimal) schemas.Decimal {
	if r := c.t.reservation(inTransit(doc.DocumentID), line); r != nil {
		return r.Remaining.Sub(used[wayLine(doc, line)]).Max(zeroQty)
	}
	return zeroQty
}

func wayLine(doc *schemas.ThreadDocument, line string) string { return doc.DocumentID + "\x00" + line }

// way slices what a shipment's line is worth over its quantity.
func way(doc *schemas.ThreadDocument, from *schemas.DocumentLine, ahead schemas.Decimal) *slicing {
	return &slicing{kind: ofWay, id: wayLine(doc, from.LineID), done: from.Qty.Sub(ahead),
		line: &schemas.OrderLine{LineID: from.LineID, Quantity: *quantityOf(from, from.Qty), Amounts: *from.Amounts}}
}

// delivered copies the shipment's lines: whole, or of goods that were ours on the way what the delivery says, else what has not been lost or brought back.
func (c *completion) delivered(x *schemas.ShipmentDelivered) error {
	doc := c.t.document("shipment", x.ShipmentID)
	x.Channel, x.Currency, x.FX, x.Funding, x.Control = doc.Channel, doc.Currency, doc.FX, doc.Funding, doc.Control
	exponent, err := c.exponent(doc.Currency)
	if err != nil {
		return err
	}
	if len(x.Lines) == 0 {
		for i := range doc.Lines {
			if !ours(doc) || c.ahead(doc, doc.Lines[i].LineID, nil).Sign() > 0 {
				x.Lines = append(x.Lines, schemas.DeliveredLine{ShipmentLineID: doc.Lines[i].LineID})
			}
		}
		if len(x.Lines) == 0 {
			return gone()
		}
	}
	used := map[string]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		from := c.quote(doc, "shipment line", ownID, l.ShipmentLineID)
		if from == nil {
			return contract("lines.shipment_line_id is not a line of the shipment")
		}
		l.OrderLineID, l.Stock, l.Amounts, l.Basis, l.Cost = from.OrderLineID, from.Stock, from.Amounts, from.Basis, from.Cost
		if ours(doc) {
			if err := c.deliveredPart(doc, from, l, i, used, exponent); err != nil {
				return err
			}
		} else if l.Quantity != nil && !l.Quantity.BaseQty.Equal(from.Qty) {
			return contract("lines.quantity is not that of the shipment line: a line whose goods were the customer's at hand-over is delivered whole, and what is missing of it is lost or comes back")
		} else {
			l.Quantity = quantityOf(from, from.Qty)
		}
	}
	return nil
}

// deliveredPart takes a delivered quantity off its way, with its part of the amounts unless it is the whole line.
func (c *completion) deliveredPart(doc *schemas.ThreadDocument, from *schemas.DocumentLine, l *schemas.DeliveredLine, n int, used map[string]schemas.Decimal, exponent uint8) error {
	ahead := c.ahead(doc, from.LineID, used)
	if l.Quantity == nil {
		l.Quantity = quantityOf(from, ahead)
	}
	q := l.Quantity.BaseQty
	if l.Quantity.BaseUOM != "" && l.Quantity.BaseUOM != from.BaseUOM {
		return contract("lines.quantity.base_uom is not that of the shipment line")
	}
	l.Quantity = quantityOf(from, q)
	if q.Sign() <= 0 || ahead.Cmp(q) < 0 {
		return gone()
	}
	used[wayLine(doc, from.LineID)] = used[wayLine(doc, from.LineID)].Add(q)
	if q.Equal(from.Qty) {
		return nil
	}
	l.Amounts, l.Basis = c.slice(way(doc, from, ahead), q, true, exponent, n)
	l.Cost = costOf(from.Cost.Method, from.Cost.UnitCost, q, from.Cost.CostVersion, from.Cost.Currency)
	return nil
}

func gone() error {
	return contract("lines.shipment_line_id was delivered, lost or brought back before, or more of it than was still on its way: void what took it wrongly, or say what is left")
}

// leaves takes goods off their way that will not arrive; it refuses to take them twice.
func (c *completion) leaves(doc *schemas.ThreadDocument, from *schemas.DocumentLine, q schemas.Decimal, used map[string]schemas.Decimal, n int) error {
	ahead := c.ahead(doc, from.LineID, used)
	if q.Sign() <= 0 || ahead.Cmp(q) < 0 {
		return gone()
	}
	used[wayLine(doc, from.LineID)] = used[wayLine(doc, from.LineID)].Add(q)
	place, more := c.take(way(doc, from, ahead), q)
	c.hold(n, place)
	for i := range more {
		c.hold(n, more[i])
	}
	return nil
}

// soldOnPaper tells of goods that will not arrive and were credited as if they had been sold: revenue was taken back that was never earned.
func (c *completion) soldOnPaper(from *schemas.DocumentLine, q schemas.Decimal, e schemas.Event) {
	if p := c.t.line(from.OrderLineID); p != nil && p.Credited.Sign() > 0 && p.Credited.Cmp(p.Shipped.Sub(q)) > 0 {
		c.exception("OVER_COMMITTED", "what never arrives was credited as sold: void that credit memo, and credit the goods as NOT_SHIPPED", e)
	}
}

func quantityOf(from *schemas.DocumentLine, q schemas.Decimal) *schemas.Quantity {
	return &schemas.Quantity{Qty: q, UOM: from.BaseUOM, BaseQty: q, BaseUOM: from.BaseUOM}
}

// lost values what is gone, once. Who bears it depends on the shipment's terms, whatever the carrier believes.
func (c *completion) lost(x *schemas.ShipmentLost) error {
	doc := c.t.document("shipment", x.ShipmentID)
	x.Control = doc.Control
	used := map[string]schemas.Decimal{}
	if len(x.Lines) == 0 {
		for i := range doc.Lines {
			if c.losable(doc, &doc.Lines[i], used).Sign() > 0 {
				x.Lines = append(x.Lines, schemas.LostLine{ShipmentLineID: doc.Lines[i].LineID})
			}
		}
		if len(x.Lines) == 0 {
			return gone()
		}
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		from := c.quote(doc, "shipment line", ownID, l.ShipmentLineID)
		if from == nil {
			return contract("lines.shipment_line_id is not a line of the shipment")
		}
		left := c.losable(doc, from, used)
		if l.Quantity == nil {
			l.Quantity = quantityOf(from, left)
		}
		q := l.Quantity.BaseQty
		switch {
		case l.Quantity.BaseUOM != from.BaseUOM || q.Cmp(from.Qty) > 0:
			return contract("lines.quantity is more than was shipped, or in another unit")
		case q.Sign() <= 0 || left.Cmp(q) < 0:
			return gone()
		case !ours(doc):
			used[wayLine(doc, from.LineID)] = used[wayLine(doc, from.LineID)].Add(q)
		default:
			if err := c.leaves(doc, from, q, used, i); err != nil {
				return err
			}
			c.soldOnPaper(from, used[wayLine(doc, from.LineID)], x)
		}
		l.OrderLineID, l.Stock = from.OrderLineID, from.Stock
		l.Cost = costOf(from.Cost.Method, from.Cost.UnitCost, q, from.Cost.CostVersion, from.Cost.Currency)
	}
	return nil
}

// losable is how much of a shipment's line can be lost: what is still on its way, or, where it is the customer's since hand-over, what nobody lost before.
func (c *completion) losable(doc *schemas.ThreadDocument, from *schemas.DocumentLine, used map[string]schemas.Decimal) schemas.Decimal {
	if ours(doc) {
		return c.ahead(doc, from.LineID, used)
	}
	return from.Qty.Sub(c.t.counted(lostOf(doc.DocumentID), from.LineID)).Sub(used[wayLine(doc, from.LineID)])
}

// undelivered is the shipment line that comes back instead of arriving, where the goods were still ours: of several of its order line and SKU, one of which
// enough is on its way.
func (c *completion) undelivered(x *schemas.ReturnReceived, l *schemas.ReturnLine, used map[string]schemas.Decimal) (*schemas.ThreadDocument, *schemas.DocumentLine) {
	shipment := l.ShipmentID
	if shipment == "" {
		shipment = x.ShipmentID
	}
	doc := c.t.document("shipment", shipment)
	if x.Against != schemas.ReturnAgainstUNDELIVERED || doc == nil || !ours(doc) {
		return nil, nil
	}
	first := c.shippedAs(doc, l.OrderLineID, l.Stock.SKU)
	if first == nil || c.ahead(doc, first.LineID, used).Cmp(l.Quantity.BaseQty) >= 0 {
		return doc, first
	}
	for i := range doc.Lines {
		from := &doc.Lines[i]
		if isOf(from, l.OrderLineID, l.Stock.SKU) && c.ahead(doc, from.LineID, used).Cmp(l.Quantity.BaseQty) >= 0 {
			return doc, from
		}
	}
	return doc, first
}

// shippedAs is the first line of a shipment that is of a SKU, and of an order line where that is known: a substitute is not what it stands for.
func (c *completion) shippedAs(doc *schemas.ThreadDocument, orderLine, sku string) *schemas.DocumentLine {
	if orderLine != "" {
		if first := c.quote(doc, "shipment's order line", orderedID, orderLine); first == nil || isOf(first, orderLine, sku) {
			return first
		}
	}
	for i := range doc.Lines {
		if isOf(&doc.Lines[i], orderLine, sku) {
			return &doc.Lines[i]
		}
	}
	return nil
}

func isOf(from *schemas.DocumentLine, orderLine, sku string) bool {
	return (orderLine == "" || from.OrderLineID == orderLine) && from.Stock != nil && from.Stock.SKU == sku
}

// off takes goods off their way, where a thread keeps them as on it.
func (c *completion) off(shipment, line string, q schemas.Decimal) {
	if r := c.t.reservation(inTransit(shipment), line); r != nil {
		r.Remaining = r.Remaining.Sub(q)
	}
}

// arrived is the effect of line n of a delivery.
func (c *completion) arrived(x *schemas.ShipmentDelivered, n int, signed func(schemas.Decimal) schemas.Decimal) {
	l := &x.Lines[n]
	c.off(x.ShipmentID, l.ShipmentLineID, signed(l.Quantity.BaseQty))
	if doc := c.t.document("shipment", x.ShipmentID); c.original != nil && doc != nil && ours(doc) {
		if from := c.quote(doc, "shipment line", ownID, l.ShipmentLineID); from != nil {
			c.giveBack(way(doc, from, c.ahead(doc, from.LineID, nil)), x.Meta.EventID, n, l.Quantity.BaseQty, l.Amounts, l.Basis)
		}
	}
}

// wasLost is the effect of line n of a loss.
func (c *completion) wasLost(x *schemas.ShipmentLost, n int, signed func(schemas.Decimal) schemas.Decimal) {
	l := &x.Lines[n]
	switch {
	case c.neverArrived(x.Meta.EventID, n, l.OrderLineID, signed):
	case atDelivery(x.Control): // taken before the thread noted its places
		c.off(x.ShipmentID, l.ShipmentLineID, signed(l.Quantity.BaseQty))
	default:
		c.count(lostOf(x.ShipmentID), l.ShipmentLineID, signed(l.Quantity.BaseQty))
	}
}

// neverArrived is the effect of what line n of an event took off its way without its having arrived: its order line has that much less shipped, and that place of
// its amounts is free. false where the event took nothing off. Where the shipment was voided since, or has other lines now, only the order line is counted: the
// shipment's own void has given its places back.
func (c *completion) neverArrived(by schemas.UUID, n int, orderLine string, signed func(schemas.Decimal) schemas.Decimal) bool {
	held := taker(by, n)
	var places []schemas.ThreadSlice
	for i := range c.t.progress.Slices {
		if p := &c.t.progress.Slices[i]; p.TakenBy == held && p.Kind == ofWay {
			places = append(places, *p)
		}
	}
	if len(places) == 0 {
		return false
	}
	shipment, id, _ := strings.Cut(places[0].LineID, "\x00")
	all := quantityIn(places)
	c.off(shipment, id, signed(all))
	var from *schemas.DocumentLine
	doc := c.t.document("shipment", shipment)
	if doc != nil {
		if from = c.quote(doc, "shipment line", ownID, id); from != nil {
			orderLine = from.OrderLineID
		}
	}
	progress := c.t.line(orderLine)
	if progress == nil {
		return true
	}
	if from == nil {
		progress.Shipped = progress.Shipped.Sub(signed(all))
		c.count(undeliveredLines, orderLine, signed(all))
		c.t.progress.Slices = slices.DeleteFunc(c.t.progress.Slices, func(p schemas.ThreadSlice) bool { return p.TakenBy == held && p.Kind == ofWay })
		return true
	}
	s := &slicing{kind: ofShipped, id: orderLine, line: c.lineOf(orderLine), done: progress.Shipped}
	progress.Shipped = progress.Shipped.Sub(signed(all))
	c.count(undeliveredLines, orderLine, signed(all))
	for i := range places {
		c.freeShipped(s, earned(s, from, &places[i]))
	}
	if s.done = progress.Shipped; c.original != nil {
		c.giveBack(way(doc, from, c.ahead(doc, id, nil)), by, n, all, nil, nil)
	} else {
		c.tidySlices(s)
	}
	return true
}

// freeShipped frees a place of an order line, or takes it again where what had freed it is voided.
func (c *completion) freeShipped(s *slicing, place schemas.ThreadSlice) {
	if c.original == nil {
		c.t.progress.Slices = append(c.t.progress.Slices, place)
		return
	}
	c.takeAgain(s, place)
	s.done = s.done.Add(place.This)
}

// earned is the place, in the order line's amounts, of a place in its shipment line's.
func earned(s *slicing, from *schemas.DocumentLine, p *schemas.ThreadSlice) schemas.ThreadSlice {
	place := schemas.ThreadSlice{Kind: s.kind, LineID: s.id, Of: from.Qty, Before: p.Before, This: p.This, Amounts: from.Amounts}
	if p.This.Equal(from.Qty) && sliceOf(s.line, from.Basis) {
		place.Of, place.Before, place.Amounts = zeroQty, from.Basis.QtyBefore, nil
	}
	return place
}
