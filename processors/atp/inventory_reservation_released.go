package atp

import "github.com/throughline/throughline/schemas"

// inventoryReservationReleased gives up what was really released: reserved down; open demand up again if it returns there; and goods
// that had been picked are unavailable until somebody has put them back (domain.md §1.4 row 8).
func inventoryReservationReleased(d *draft, x *schemas.InventoryReservationReleased) error {
	d.room(3 * len(x.Lines))
	picked := x.StateAtRelease == schemas.ReservationStatePICKED || x.StateAtRelease == schemas.ReservationStatePACKED
	for i := range x.Lines {
		l := &x.Lines[i]
		p, q := at(&l.Stock, &l.Quantity), l.Quantity.BaseQty
		d.add(schemas.BucketRESERVED, p, q.Neg())
		if picked {
			d.add(schemas.BucketUNAVAILABLE, p, q)
		}
		if x.ReturnsTo == schemas.ReturnsToOPEN_DEMAND {
			d.due(schemas.BucketOPEN_DEMAND, p.or(l.DemandSKU, l.DemandLocation), q, l.DemandDate, "")
		}
	}
	return nil
}
