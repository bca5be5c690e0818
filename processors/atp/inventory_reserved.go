package atp

import "github.com/throughline/throughline/schemas"

// inventoryReserved turns demand into a hard allocation: reserved up, and for an order's line open demand down by what it took over,
// under the SKU, place and date where that stood (domain.md §1.4 row 7). ATP does not move. A soft reservation moves nothing.
func inventoryReserved(d *draft, x *schemas.InventoryReserved) error {
	if x.Hardness == schemas.HardnessSOFT {
		return nil
	}
	d.room(2 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		p := at(&l.Stock, &l.Quantity)
		d.add(schemas.BucketRESERVED, p, l.Quantity.BaseQty)
		if x.Serves == schemas.ReservationServesTRANSFER {
			continue
		}
		if !l.DemandConsumed.Set {
			return missing(inLine(i, "demand_consumed"))
		}
		d.due(schemas.BucketOPEN_DEMAND, p.or(l.DemandSKU, l.DemandLocation), l.DemandConsumed.V.Neg(), l.DemandDate, "")
	}
	return nil
}
