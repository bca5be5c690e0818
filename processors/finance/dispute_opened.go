package finance

import "github.com/throughline/throughline/schemas"

// disputeOpened books money that the customer's bank took back, for now: 1070 A and 6120 the fee, against 1050
// (domain.md §2.3).
func disputeOpened(d *draft, x *schemas.DisputeOpened) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("balance_transaction", x.BalanceTransaction, "dispute_id", x.DisputeID, "order_id", x.OrderID,
		"payment_id", x.PaymentID, "psp", x.PSP)
	fee := x.Fee.Or(noAmount)
	d.money(disputedFunds, d.named("dispute", x.DisputeID), x.Amount.Amount, nil)
	d.money(disputeFees, "", fee, nil)
	d.money(pspClearing, d.named("payment", x.PaymentID), x.Amount.Amount.Add(fee).Neg(), nil)
	return nil
}
