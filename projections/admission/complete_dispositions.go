package admission

import (
	"cmp"

	"github.com/throughline/throughline/schemas"
)

func dispositionedOf(receipt string) string { return "dispositioned:" + receipt }

// dispositioned values each line as its receipt did, and holds it against that: another item is not what came back, and what has left the inspection has left it
// once. A refurbished piece stays in it until it is put back into stock or given away, at what it is worth since: what is left in inspection is valued at its average, so that together no
// more is written off than came back.
func (c *completion) dispositioned(x *schemas.ReturnDispositioned) error {
	receipt, used, lost := c.t.document("receipt", x.ReceiptID), map[*schemas.DocumentLine]schemas.Decimal{}, map[*schemas.DocumentLine]schemas.Decimal{}
	for i := range x.Lines {
		l := &x.Lines[i]
		from := c.quote(receipt, "receipt line", ownID, l.ReceiptLineID)
		switch {
		case from == nil || from.Cost == nil:
			return contract("lines.receipt_line_id is not a line of the receipt")
		case from.Stock.SKU != l.Stock.SKU:
			return contract("lines.stock is not what came back under receipt_line_id: correct the receipt, or name the line that it is")
		case from.Stock.Location != l.Stock.Location:
			return contract("lines.stock.location is not where it came back: it is inspected there; what is put away elsewhere is transferred then")
		case from.BaseUOM != l.Quantity.BaseUOM:
			return contract("lines.quantity.base_uom is not that of the receipt")
		case c.t.counted(dispositionedOf(x.ReceiptID), from.LineID).Add(used[from]).Add(l.Quantity.BaseQty).Cmp(from.Qty) > 0:
			return contract("lines.quantity is more than came back and is still in inspection: void the disposition that took it wrongly, or correct the receipt")
		}
		l.OrderLineID, l.Stock.Owner = cmp.Or(l.OrderLineID, from.OrderLineID), from.Stock.Owner
		if l.Cost == nil {
			left := from.Qty.Sub(c.t.counted(dispositionedOf(x.ReceiptID), from.LineID)).Sub(used[from])
			l.Cost = c.inspectedCost(x.ReceiptID, from, left, lost[from], l.Quantity.BaseQty)
		}
		lost[from] = lost[from].Add(writtenDown(l, from))
		if l.Outcome != schemas.ReturnOutcomeREFURBISH {
			used[from] = used[from].Add(l.Quantity.BaseQty)
		}
	}
	return nil
}

// refurbishedOf is the tally of what refurbishing has written off of the pieces of a receipt that are still in inspection, in the entity's currency.
func refurbishedOf(receipt string) string { return "refurbished:" + receipt }

// inspectedCost is what a quantity of a receipt's line is worth of which so much is left in inspection; lost is what earlier lines of the event changed.
func (c *completion) inspectedCost(receipt string, from *schemas.DocumentLine, left, lost, q schemas.Decimal) *schemas.CostBasis {
	unit := from.Cost.UnitCost
	if down := c.t.counted(refurbishedOf(receipt), from.LineID).Add(lost); !down.IsZero() && left.Sign() > 0 {
		unit = left.MulRound(unit, 4, schemas.HalfUp).Sub(down).Max(zero).Div(left, 8, schemas.HalfUp)
	}
	return costOf(from.Cost.Method, unit, q, from.Cost.CostVersion, from.Cost.Currency)
}

// writtenDown is by how much a line changes what the pieces left in inspection are worth below their cost: REFURBISH adds its loss, what leaves takes its part along.
func writtenDown(l *schemas.DispositionLine, from *schemas.DocumentLine) schemas.Decimal {
	if l.Cost == nil {
		return zero
	}
	if l.Outcome == schemas.ReturnOutcomeREFURBISH {
		return l.Cost.CostAmount.Sub(l.RecoverableValue.Or(l.Cost.CostAmount))
	}
	return l.Cost.CostAmount.Sub(l.Quantity.BaseQty.MulRound(from.Cost.UnitCost, 4, schemas.HalfUp))
}

// inspected is the effect of a line of a disposition.
func (c *completion) inspected(x *schemas.ReturnDispositioned, l *schemas.DispositionLine, signed func(schemas.Decimal) schemas.Decimal) {
	if l.Outcome != schemas.ReturnOutcomeREFURBISH {
		c.count(dispositionedOf(x.ReceiptID), l.ReceiptLineID, signed(l.Quantity.BaseQty))
	}
	if receipt := c.t.document("receipt", x.ReceiptID); receipt != nil {
		if from := c.quote(receipt, "receipt line", ownID, l.ReceiptLineID); from != nil && from.Cost != nil {
			c.count(refurbishedOf(x.ReceiptID), l.ReceiptLineID, signed(writtenDown(l, from)))
		}
	}
}
