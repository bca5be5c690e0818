package atp

import "github.com/throughline/throughline/schemas"

// inventoryReceived puts accepted goods on hand, takes what was expected of them out of inbound, under its date and document, and
// keeps from sale what is not AVAILABLE yet (domain.md §1.4 row 6). The supplier's own goods (CONSIGNED) can be promised as well.
func inventoryReceived(d *draft, x *schemas.InventoryReceived) error {
	d.room(3 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		p, q := at(&l.Stock, &l.Accepted), l.Accepted.BaseQty
		d.add(schemas.BucketON_HAND, p, q)
		if onHold(l.Stock.StockStatus) {
			d.add(schemas.BucketUNAVAILABLE, p, q)
		}
		d.due(schemas.BucketINBOUND, p, l.ExpectedConsumed.V.Neg(), l.ExpectedDate, l.ExpectedDocument)
	}
	return nil
}
