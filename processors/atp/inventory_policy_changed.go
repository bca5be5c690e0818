package atp

import "github.com/throughline/throughline/schemas"

// inventoryPolicyChanged keeps more or less of a SKU back (domain.md §1.4 row 14). The other settings are for who promises and who orders.
func inventoryPolicyChanged(d *draft, x *schemas.InventoryPolicyChanged) error {
	d.room(len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		d.add(schemas.BucketSAFETY_STOCK, place{l.Stock.SKU, l.Stock.Location, l.BaseUOM}, l.After.SafetyStock.Sub(l.Before.SafetyStock))
	}
	return nil
}
