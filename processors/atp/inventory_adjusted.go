package atp

import "github.com/throughline/throughline/schemas"

// inventoryAdjusted moves on hand by the signed quantity, and unavailable with it where the goods were, or go, on hold (domain.md
// §1.4 row 9). An OPENING balance is gross: open orders of the cut-over come as events of their own (§3.3).
func inventoryAdjusted(d *draft, x *schemas.InventoryAdjusted) error {
	d.room(2 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		p := at(&l.Stock, &l.Quantity)
		d.add(schemas.BucketON_HAND, p, l.Quantity.BaseQty)
		if l.FromHold {
			d.add(schemas.BucketUNAVAILABLE, p, l.Quantity.BaseQty)
		}
	}
	return nil
}
