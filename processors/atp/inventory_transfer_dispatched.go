package atp

import "github.com/throughline/throughline/schemas"

// inventoryTransferDispatched takes goods off the shelf that they leave, uses up their reservation, and expects them where they go, under
// the transfer and the day of arrival (domain.md §1.4 row 11). Goods that leave from hold are unavailable nowhere while they travel.
func inventoryTransferDispatched(d *draft, x *schemas.InventoryTransferDispatched) error {
	d.room(4 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.ReservationID != "" && !l.ReservedConsumed.Set {
			return missing(inLine(i, "reserved_consumed"))
		}
		p, q := at(&l.Stock, &l.Quantity), l.Quantity.BaseQty
		d.add(schemas.BucketON_HAND, p, q.Neg())
		if onHold(l.Stock.StockStatus) && l.Stock.StockStatus != schemas.StockStatusIN_TRANSIT {
			d.add(schemas.BucketUNAVAILABLE, p, q.Neg())
		}
		d.add(schemas.BucketRESERVED, p, l.ReservedConsumed.V.Neg())
		d.due(schemas.BucketINBOUND, p.or("", x.ToLocation), q, x.Eta, x.TransferID)
	}
	return nil
}
