package atp

import "github.com/throughline/throughline/schemas"

// orderChanged moves the open demand of a changed line, and the difference in quantity with it (domain.md §1.4 row 2). Demand stands under
// a SKU, a place and a date; where any of them changes, what is still open goes down there and up under the new ones. What was reserved
// or has shipped stands nowhere any more and stays where it is; nor is an increase demand, so far as more had shipped than was ordered. A line that is dropped has no new place: what it demanded is taken back
// under the old one.
func orderChanged(d *draft, x *schemas.OrderChanged) error {
	d.room(2 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.Kind == schemas.LineKindCHARGE || l.Kind == schemas.LineKindGIFT_CARD:
			continue
		case !l.OpenBefore.Set:
			return missing(inLine(i, "open_before"))
		case l.Before != nil && l.Before.Stock == nil:
			return contract(inLine(i, "before.stock") + " of a GOODS line is absent")
		case l.After != nil && l.After.Stock == nil:
			return contract(inLine(i, "after.stock") + " of a GOODS line is absent")
		}
		if l.After == nil {
			demanded(d, l.Before, ordered(l.Before).Neg())
			continue
		}
		open := l.OpenBefore.V
		demanded(d, l.Before, open.Neg())
		demanded(d, l.After, open.Add(ordered(l.After)).Sub(ordered(l.Before)).Sub(l.Satisfied.V))
	}
	return nil
}

// demanded changes the open demand of a line as one of its states says where and when.
func demanded(d *draft, s *schemas.OrderLineState, qty schemas.Decimal) {
	if s != nil {
		d.due(schemas.BucketOPEN_DEMAND, at(s.Stock, &s.Quantity), qty, s.RequestedDate, "")
	}
}

func ordered(s *schemas.OrderLineState) schemas.Decimal {
	if s == nil {
		return schemas.Decimal{}
	}
	return s.Quantity.BaseQty
}
