package finance

import "github.com/throughline/throughline/schemas"

// inventoryCostRevalued gives goods on hand another value: up 1200 / 5300, down 5300 / 1200 (domain.md §2.3). No piece moves, so that
// no leg has a quantity; the supplier's own goods (CONSIGNED) have no value on our books.
func inventoryCostRevalued(d *draft, x *schemas.InventoryCostRevalued) error {
	d.about("revaluation_id", x.RevaluationID)
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.Stock.Owner == schemas.StockOwnerCONSIGNED:
			continue
		case d.functional == "":
			if err := d.open(l.Currency, nil); err != nil {
				return contract(inLine(i, "currency") + " is not in ISO 4217")
			}
		case l.Currency != d.functional:
			return contract(inLine(i, "currency") + " is not that of the lines before it")
		}
		if !l.OnHand.MulRound(l.NewUnitCost.Sub(l.OldUnitCost), amountScale, schemas.HalfUp).Equal(l.Amount) {
			return contract(inLine(i, "amount") + " is not on_hand times the difference of the unit costs")
		}
		it := itemOf("", &l.Stock, nil)
		d.money(inventory, d.stock(&l.Stock), l.Amount, &it)
		d.money(revaluation, "", l.Amount.Neg(), &it)
	}
	return nil
}
