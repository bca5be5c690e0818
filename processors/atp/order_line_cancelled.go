package atp

import "github.com/throughline/throughline/schemas"

// orderLineCancelled takes back open demand, under the place and date where it stands (domain.md §1.4 row 3). After a short with
// outcome CANCEL the quantity stands nowhere any more (NONE); what was reserved or picked is released first, by an event of its own.
func orderLineCancelled(d *draft, x *schemas.OrderLineCancelled) error {
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.ReleasedFrom != schemas.ReleasedFromOPEN_DEMAND {
			continue
		}
		if l.Stock == nil {
			return missing(inLine(i, "stock"))
		}
		p := at(l.Stock, &l.Quantity).or("", l.DemandLocation)
		d.due(schemas.BucketOPEN_DEMAND, p, l.Quantity.BaseQty.Neg(), l.DemandDate, "")
	}
	return nil
}
