package finance

import "github.com/throughline/throughline/schemas"

// disputeWon books money that the customer's bank gave back: 1050 A and the fee that came back with it, against 1070 at the rate that it was
// booked at and 6120 (domain.md §2.3); 7000 takes what the amount's two rates leave (§2.5 rule 5).
func disputeWon(d *draft, x *schemas.DisputeWon) error {
	if err := d.openTwo(x.Amount.Currency, x.FX, x.BookedFX, "booked_fx"); err != nil {
		return err
	}
	d.about("balance_transaction", x.BalanceTransaction, "dispute_id", x.DisputeID, "order_id", x.OrderID, "payment_id", x.PaymentID, "psp", x.PSP)
	fee, now, booked := x.FeeRefunded.Or(noAmount), either(x.FX, x.BookedFX), either(x.BookedFX, x.FX)
	d.moneyAt(now, pspClearing, d.named("payment", x.PaymentID), x.Amount.Amount.Add(fee), nil)
	d.moneyAt(now, disputeFees, "", fee.Neg(), nil)
	d.moneyAt(booked, disputedFunds, d.named("dispute", x.DisputeID), x.Amount.Amount.Neg(), nil)
	d.leg(realisedFX, "", noAmount, d.functional, d.valued(x.Amount.Amount, booked).Sub(d.valued(x.Amount.Amount, now)), nil)
	return nil
}
