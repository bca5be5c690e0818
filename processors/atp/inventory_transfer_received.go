package atp

import "github.com/throughline/throughline/schemas"

// inventoryTransferReceived puts goods on hand where they arrived, and takes what was on its way of them out of inbound, under the transfer,
// the place and the day that the dispatch named (domain.md §1.4 row 11). What is not AVAILABLE is kept from sale, as with any receipt.
func inventoryTransferReceived(d *draft, x *schemas.InventoryTransferReceived) error {
	d.room(3 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		if !l.ExpectedConsumed.Set {
			return missing(inLine(i, "expected_consumed"))
		}
		p, q := at(&l.Stock, &l.Quantity), l.Quantity.BaseQty
		d.add(schemas.BucketON_HAND, p, q)
		if onHold(l.Stock.StockStatus) {
			d.add(schemas.BucketUNAVAILABLE, p, q)
		}
		d.due(schemas.BucketINBOUND, p.or("", l.ExpectedLocation), l.ExpectedConsumed.V.Neg(), l.ExpectedDate, x.TransferID)
	}
	return nil
}
