package finance

import "github.com/throughline/throughline/schemas"

// returnDispositioned books what inspection decided (domain.md §2.3): RESTOCK nothing; SCRAP 5100 against 1200; REFURBISH the
// loss above the value kept; VENDOR a claim on 1300 and the loss above it; RETURN_TO_CUSTOMER 1260 against 1200.
func returnDispositioned(d *draft, x *schemas.ReturnDispositioned) error {
	d.about("credit_memo_id", x.CreditMemoID, "disposition_id", x.DispositionID, "order_id", x.OrderID,
		"return_receipt_id", x.ReceiptID, "rma_id", x.RMAID)
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Outcome == schemas.ReturnOutcomeRESTOCK {
			continue
		}
		cost, err := d.cost(i, l.Cost, &l.Quantity)
		if err != nil {
			return err
		}
		if err := d.disposition(i, x, l, cost); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) disposition(i int, x *schemas.ReturnDispositioned, l *schemas.DispositionLine, cost schemas.Decimal) error {
	it := itemOf(l.OrderLineID, &l.Stock, &l.Quantity)
	key := d.orderLine(x.OrderID, l.OrderLineID, "return", x.ReceiptID, l.ReceiptLineID)
	valued := l.Outcome == schemas.ReturnOutcomeREFURBISH || l.Outcome == schemas.ReturnOutcomeVENDOR
	if valued && !l.RecoverableValue.Set {
		return contract(inLine(i, "recoverable_value") + " is absent, and the outcome needs it")
	}
	kept := l.RecoverableValue.Or(noAmount)
	switch l.Outcome {
	case schemas.ReturnOutcomeSCRAP:
		d.worth(inventoryWriteOff, "", cost, &it)
		d.goods(&l.Stock, key, cost.Neg(), &it)
	case schemas.ReturnOutcomeREFURBISH: // the pieces stay, so that neither leg has a quantity
		lost := cost.Sub(kept)
		value := item{orderLine: it.orderLine, sku: it.sku, location: it.location}
		d.leg(inventoryWriteOff, "", lost, d.functional, lost, &value)
		if l.Stock.Owner == schemas.StockOwnerCONSIGNED {
			d.leg(goodsReceived, key, lost.Neg(), d.functional, lost.Neg(), &value) // the supplier's goods: what they lost is owed to him
		} else {
			d.leg(inventory, d.stock(&l.Stock), lost.Neg(), d.functional, lost.Neg(), &value)
		}
	case schemas.ReturnOutcomeVENDOR:
		d.gather(claims, d.named("claim", x.DispositionID), "", kept)
		d.worth(inventoryWriteOff, "", cost.Sub(kept), &it)
		d.goods(&l.Stock, key, cost.Neg(), &it)
	case schemas.ReturnOutcomeRETURN_TO_CUSTOMER:
		d.worth(rightToRecover, key, cost, &it)
		d.goods(&l.Stock, key, cost.Neg(), &it)
	default:
		return unmapped(inLine(i, "outcome"))
	}
	return nil
}
