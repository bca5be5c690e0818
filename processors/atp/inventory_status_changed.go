package atp

import "github.com/throughline/throughline/schemas"

// inventoryStatusChanged makes goods unavailable, or available again (domain.md §1.4 row 10). Between two kinds of hold nothing moves.
func inventoryStatusChanged(d *draft, x *schemas.InventoryStatusChanged) error {
	d.room(2 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		p, q := at(&l.Stock, &l.Quantity), l.Quantity.BaseQty
		if onHold(l.FromStatus) {
			d.add(schemas.BucketUNAVAILABLE, p, q.Neg())
		}
		if onHold(l.ToStatus) {
			d.add(schemas.BucketUNAVAILABLE, p, q)
		}
	}
	return nil
}

// onHold says whether goods of a status may not be promised; a source that says nothing means goods that can.
func onHold(s schemas.StockStatus) bool { return s != "" && s != schemas.StockStatusAVAILABLE }
