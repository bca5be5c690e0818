package finance

import "github.com/throughline/throughline/schemas"

// disputeLost clears 1070 at the rate that it was booked at, against what the loss settles: CUSTOMER_DEPOSIT 2100, CREDIT_MEMO
// 2150, LOSS 6130, of which an authority may give its tax back on 2300 by jurisdiction (domain.md §2.3); 7000 takes what two rates leave (§2.5 rule 5).
func disputeLost(d *draft, x *schemas.DisputeLost) error {
	if err := d.openTwo(x.Amount.Currency, x.FX, x.BookedFX, "booked_fx"); err != nil {
		return err
	}
	d.about("credit_memo_id", x.CreditMemoID, "dispute_id", x.DisputeID, "order_id", x.OrderID, "payment_id", x.PaymentID, "psp", x.PSP)
	var account, key string
	switch x.Settles {
	case schemas.SettlesCUSTOMER_DEPOSIT:
		account, key = customerDeposits, d.named("order", x.OrderID, "payment", x.PaymentID)
	case schemas.SettlesCREDIT_MEMO:
		account, key = refundsPayable, d.named("credit_memo", x.CreditMemoID, "dispute", x.DisputeID)
	case schemas.SettlesLOSS:
		account = chargebackLosses
	default:
		return contract("settles of a lost dispute is neither CUSTOMER_DEPOSIT, CREDIT_MEMO nor LOSS")
	}
	rate, loss := either(x.FX, x.BookedFX), x.Amount.Amount
	if len(x.TaxRelief) > 0 && x.Settles != schemas.SettlesLOSS {
		return contract("tax_relief: only a loss has any; what a credit memo or a deposit settles took its tax back there")
	}
	for i := range x.TaxRelief {
		if x.TaxRelief[i].Amount.Sign() <= 0 {
			return contract("tax_relief.amount is not above zero")
		}
		loss = loss.Sub(x.TaxRelief[i].Amount)
	}
	d.moneyAt(rate, account, key, loss, nil)
	for i := range x.TaxRelief {
		r := &x.TaxRelief[i]
		d.moneyAt(rate, taxPayable, d.named("jurisdiction", r.Jurisdiction), r.Amount, nil)
		d.lines[len(d.lines)-1].TaxJurisdiction = r.Jurisdiction
	}
	d.moneyAt(either(x.BookedFX, x.FX), disputedFunds, d.named("dispute", x.DisputeID), x.Amount.Amount.Neg(), nil)
	d.exchange()
	return nil
}
