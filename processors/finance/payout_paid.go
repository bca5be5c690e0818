package finance

import "github.com/throughline/throughline/schemas"

// payoutPaid books an announced payout: 1060 against 1050{batch}; a negative one will be debited (domain.md §2.3).
func payoutPaid(d *draft, x *schemas.PayoutPaid) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("batch_id", x.BatchID, "payout_id", x.PayoutID, "psp", x.PSP)
	d.money(bankClearing, d.named("payout", x.PayoutID), x.Amount.Amount, nil)
	d.money(pspClearing, d.named("batch", x.BatchID), x.Amount.Amount.Neg(), nil)
	return nil
}
