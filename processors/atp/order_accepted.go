package atp

import "github.com/throughline/throughline/schemas"

// orderAccepted: what is ordered is demanded, where and when the order says (domain.md §1.4 row 1). ATP falls here, once. Charges
// and gift cards never ship and make no demand.
func orderAccepted(d *draft, x *schemas.OrderAccepted) error {
	d.room(len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Kind == schemas.LineKindCHARGE || l.Kind == schemas.LineKindGIFT_CARD {
			continue
		}
		if l.Stock == nil {
			return contract(inLine(i, "stock") + " of a GOODS line is absent")
		}
		d.due(schemas.BucketOPEN_DEMAND, at(l.Stock, &l.Quantity), l.Quantity.BaseQty, l.RequestedDate, "")
	}
	return nil
}
