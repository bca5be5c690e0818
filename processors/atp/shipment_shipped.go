package atp

import "github.com/throughline/throughline/schemas"

// shipmentShipped takes what left from on hand, and what it used up from the reservation and from open demand, each under the SKU and
// place where that stood (domain.md §1.4 row 20). Their sum is less than the quantity when more ships than was ordered. What a line
// used up is a fact of its order, which admission stamps: without it ATP would be wrong for ever.
func shipmentShipped(d *draft, x *schemas.ShipmentShipped) error {
	d.room(3 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.ReservationID != "" && !l.ReservedConsumed.Set:
			return missing(inLine(i, "reserved_consumed"))
		case l.ReservationID == "" && !l.DemandConsumed.Set:
			return missing(inLine(i, "demand_consumed"))
		}
		p := at(&l.Stock, &l.Quantity)
		d.add(schemas.BucketON_HAND, p, l.Quantity.BaseQty.Neg())
		d.add(schemas.BucketRESERVED, p.or(l.ReservedSKU, l.ReservedLocation), l.ReservedConsumed.V.Neg())
		d.due(schemas.BucketOPEN_DEMAND, p.or(l.DemandSKU, l.DemandLocation), l.DemandConsumed.V.Neg(), l.DemandDate, "")
	}
	return nil
}
