package admission

import (
	"cmp"

	"github.com/throughline/throughline/schemas"
)

// billing is one invoice on its way through completion.
type billing struct {
	*completion
	order    *schemas.OrderAccepted
	exponent uint8
	taken    map[string]schemas.Decimal                // of order lines, by earlier lines of the invoice
	billed   map[*schemas.DocumentLine]schemas.Decimal // of shipment lines, the same
	shipment string
	tally    string                 // of shipment
	noted    []schemas.DocumentLine // what later events must know of its lines, beside their taxes
}

// Tallies of what came of a shipment's lines, which a thread keeps as it keeps reservations, counting up. There is none before it is needed.
func invoicedOf(shipment string) string { return "invoiced:" + shipment }

// count adds to a tally.
func (c *completion) count(tally, line string, q schemas.Decimal) {
	c.expect(tally, line, &schemas.StockRef{}, q)
}

func (t *thread) counted(tally, line string) schemas.Decimal {
	if r := t.reservation(tally, line); r != nil {
		return r.Remaining
	}
	return zeroQty
}

// line completes line n, and counts it where it bills a line of the order: a charge that only names the goods it is about bills nothing of them.
func (b *billing) line(x *schemas.InvoiceIssued, n int) error {
	l := &x.Lines[n]
	from, err := b.complete(l, n)
	if err != nil || b.order == nil || l.OrderLineID == "" {
		return err
	}
	line, progress, err := b.orderLine(b.order, l.OrderLineID)
	if err != nil || !sameKind(line.Kind, l.Kind) {
		return nil // a line of the bill that is none of the order
	}
	done := progress.Invoiced.Add(b.taken[l.OrderLineID])
	if l.Quantity == nil {
		if goods(l.Kind) || !done.IsZero() {
			return nil
		}
		q := line.Quantity // a charge that says its amount only is the whole one
		l.Quantity = &q
	}
	b.taken[l.OrderLineID] = b.taken[l.OrderLineID].Add(l.Quantity.BaseQty)
	if from != nil && sliceOf(line, l.Basis) {
		b.placeAt(&slicing{kind: ofInvoiced, id: l.OrderLineID, line: line, done: done}, l.Basis.QtyBefore, l.Basis.QtyThis)
	}
	limit := line.Quantity.BaseQty
	if l.ShipmentID != "" && goods(l.Kind) {
		limit = progress.Shipped
	}
	if done.Add(l.Quantity.BaseQty).Cmp(limit) > 0 || b.twice(from, l.Quantity.BaseQty) {
		b.exception("OVER_COMMITTED", "more is invoiced than was ordered or shipped", x)
	}
	b.note(l, from)
	if from != nil {
		if b.billed == nil {
			b.billed = map[*schemas.DocumentLine]schemas.Decimal{}
		}
		b.billed[from] = b.billed[from].Add(l.Quantity.BaseQty)
	}
	return nil
}

// note keeps what a later event cannot find elsewhere: the cost of goods of an order line that shipped at several, for its credit memo; and what is billed ahead in another currency than the
// books', for the shipment that takes its rate.
func (b *billing) note(l *schemas.InvoiceLine, from *schemas.DocumentLine) {
	if !goods(l.Kind) {
		return
	}
	line := schemas.DocumentLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Stock: l.Stock, Qty: l.Quantity.BaseQty}
	switch {
	case from == nil && l.ShipmentID == "" && b.foreign(b.order.Currency) && b.order.Terms != schemas.TermsPREPAID:
		b.noted = append(b.noted, line)
	case from != nil && from.Cost != nil && from.Stock != nil:
		if first := b.shippedCost(l.OrderLineID, from.Stock.SKU); first != nil && !first.UnitCost.Equal(from.Cost.UnitCost) {
			line.Stock, line.Cost = from.Stock, from.Cost
			b.noted = append(b.noted, line)
		}
	}
}

// complete gives a line its amounts: those of the shipment line that it names, else its slice from the front. from is the shipment line that it bills.
func (b *billing) complete(l *schemas.InvoiceLine, n int) (from *schemas.DocumentLine, err error) {
	if l.Amounts == nil && (b.order == nil || l.Kind == schemas.LineKindCHARGE && l.OrderLineID == "") {
		return nil, contract("lines.amounts is missing: only a line of an order can be completed")
	}
	if s := b.t.document("shipment", l.ShipmentID); s != nil && b.order != nil {
		if l.ShipmentID != b.shipment {
			b.shipment, b.tally = l.ShipmentID, invoicedOf(l.ShipmentID)
		}
		if from = b.billable(l, s); l.Amounts == nil {
			return from, copyShipment(l, from)
		}
		if from != nil && goods(l.Kind) {
			l.ShipmentLineID, l.OrderLineID = from.LineID, cmp.Or(l.OrderLineID, from.OrderLineID)
		}
		return from, nil
	}
	if l.Amounts != nil {
		return nil, nil
	}
	line, progress, err := b.orderLine(b.order, l.OrderLineID)
	switch {
	case err != nil:
		return nil, err
	case !sameKind(line.Kind, l.Kind):
		return nil, contract("lines.amounts is missing: a line of another kind than the order's is no part of it, and states its amounts")
	case l.Quantity == nil:
		q := line.Quantity
		l.Quantity = &q
	}
	if err := sameUnit(line, l.Quantity); err != nil {
		return nil, err
	}
	done := progress.Invoiced.Add(b.taken[l.OrderLineID])
	l.Amounts, l.Basis = b.slice(&slicing{kind: ofInvoiced, id: l.OrderLineID, line: line, done: done}, l.Quantity.BaseQty, true, b.exponent, n)
	if l.Stock == nil {
		l.Stock = line.Stock
	}
	return nil, nil
}

// billable is the shipment line that a line bills: the one it names, else the next of its order line that is of its SKU and quantity and is not billed yet; where
// there is none, the first of its SKU again.
func (b *billing) billable(l *schemas.InvoiceLine, s *schemas.ThreadDocument) *schemas.DocumentLine {
	if l.ShipmentLineID != "" {
		return b.quote(s, "shipment line", ownID, l.ShipmentLineID)
	}
	first := b.quote(s, "shipment's order line", orderedID, l.OrderLineID)
	if first == nil || b.bills(l, first) && !b.twice(first, first.Qty) {
		return first
	}
	var again *schemas.DocumentLine
	for i := range s.Lines {
		from := &s.Lines[i]
		if from.OrderLineID != l.OrderLineID || !ofSKU(l, from) {
			continue
		}
		bills := b.bills(l, from)
		if bills && !b.twice(from, from.Qty) {
			return from
		}
		if again == nil || bills && !b.bills(l, again) {
			again = from
		}
	}
	return again
}

// bills says whether a line that names no shipment line may mean this one.
func (b *billing) bills(l *schemas.InvoiceLine, from *schemas.DocumentLine) bool {
	return (l.Quantity == nil || l.Amounts != nil || l.Quantity.BaseQty.Equal(from.Qty)) && ofSKU(l, from)
}

func ofSKU(l *schemas.InvoiceLine, from *schemas.DocumentLine) bool {
	return l.Stock == nil || from.Stock == nil || l.Stock.SKU == from.Stock.SKU
}

// twice says whether a shipment line would be billed beyond what it shipped.
func (b *billing) twice(from *schemas.DocumentLine, q schemas.Decimal) bool {
	return from != nil && b.t.counted(b.tally, from.LineID).Add(b.billed[from]).Add(q).Cmp(from.Qty) > 0
}

func copyShipment(l *schemas.InvoiceLine, from *schemas.DocumentLine) error {
	switch {
	case from == nil && l.ShipmentLineID == "":
		return contract("lines.shipment_line_id is missing, and no line of the shipment is of that order line and SKU: name the shipment line")
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

// sameKind says whether a line of a document is of the order line it names, and not only about it.
func sameKind(a, b schemas.LineKind) bool { return a == b || goods(a) && goods(b) }
