package finance

import "github.com/throughline/throughline/schemas"

// inventoryAdjusted books a loss (5100 / 1200), a find (1200 / 5100) or an opening balance (1200 / 3000) at cost; the sign of
// the quantity decides (domain.md §2.3). The supplier's own goods (CONSIGNED) are not on our books.
func inventoryAdjusted(d *draft, x *schemas.InventoryAdjusted) error {
	d.about("adjustment_id", x.AdjustmentID)
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Stock.Owner == schemas.StockOwnerCONSIGNED {
			continue
		}
		cost, err := d.cost(i, l.Cost, &l.Quantity)
		if err != nil {
			return err
		}
		if l.Quantity.BaseQty.Sign() < 0 {
			cost = cost.Neg()
		}
		it := itemOf("", &l.Stock, &l.Quantity)
		if l.Reason == schemas.AdjustmentReasonOPENING {
			d.worth(inventory, d.stock(&l.Stock), cost, &it)
			d.gather(openingBalance, d.named("adjustment", x.AdjustmentID), "", cost.Neg())
			continue
		}
		d.worth(inventoryWriteOff, "", cost.Neg(), &it)
		d.worth(inventory, d.stock(&l.Stock), cost, &it)
	}
	return nil
}
