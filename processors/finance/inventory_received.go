package finance

import "github.com/throughline/throughline/schemas"

// inventoryReceived books goods from a supplier: 1200 at standard cost, 2050 at what the purchase order says, the variance on
// 5200 (domain.md §2.3). The supplier's own goods (CONSIGNED) are not ours until sold.
func inventoryReceived(d *draft, x *schemas.InventoryReceived) error {
	d.about("receipt_id", x.ReceiptID, "supplier_ref", x.SupplierRef)
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Stock.Owner == schemas.StockOwnerCONSIGNED {
			continue
		}
		standard, err := d.cost(i, l.Cost, &l.Accepted)
		if err != nil {
			return err
		}
		owed := standard
		if l.UnitCost.Set {
			owed = l.Accepted.BaseQty.MulRound(l.UnitCost.V, amountScale, d.mode)
		}
		it := itemOf("", &l.Stock, &l.Accepted)
		variance := item{sku: it.sku, location: it.location}
		d.worth(inventory, d.stock(&l.Stock), standard, &it)
		d.leg(priceVariance, "", owed.Sub(standard), d.functional, owed.Sub(standard), &variance)
		d.worth(goodsReceived, d.purchase(x.ReceiptID, l), owed.Neg(), &it)
	}
	return nil
}

// purchase is the key of 2050: the purchase order's line, else the receipt's.
func (d *draft) purchase(receipt string, l *schemas.ReceiptLine) string {
	if l.PoID != "" {
		return d.keys.of("po", l.PoID, "/", l.PoLineID)
	}
	return d.keys.of("receipt", receipt, "/", l.LineID)
}
