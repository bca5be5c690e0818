package finance

import "github.com/throughline/throughline/schemas"

// returnClosedNotReceived gives up the right to goods that were credited and did not come back: a loss, 5100, or, where the customer is billed again,
// cost of goods after all, 5000; against 1260 (domain.md §2.3). The new invoice is an event of its own, with a CHARGE REBILL_RETURN.
func returnClosedNotReceived(d *draft, x *schemas.ReturnClosedNotReceived) error {
	d.about("closing_id", x.ClosingID, "credit_memo_id", x.CreditMemoID, "order_id", x.OrderID, "rma_id", x.RMAID)
	var account string
	switch x.Outcome {
	case schemas.NotReceivedOutcomeWRITTEN_OFF:
		account = inventoryWriteOff
	case schemas.NotReceivedOutcomeBILLED_AGAIN:
		account = costOfGoods
	default:
		return unmapped("outcome")
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		cost, err := d.cost(i, l.Cost, &l.Quantity)
		if err != nil {
			return err
		}
		it := itemOf(l.OrderLineID, l.Stock, &l.Quantity)
		key := d.orderLine(x.OrderID, l.OrderLineID, "rma", x.RMAID, l.LineID)
		if x.CreditMemoID != "" && l.CreditMemoLineID != "" {
			key = d.orderLine(x.OrderID, l.OrderLineID, "credit_memo", x.CreditMemoID, l.CreditMemoLineID)
		}
		d.worth(account, "", cost, &it)
		d.worth(rightToRecover, key, cost.Neg(), &it)
	}
	return nil
}
