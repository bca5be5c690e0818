package finance

import "github.com/throughline/throughline/schemas"

// payoutFailed takes an announced payout back: 1050{batch} against 1060, both at the rate that the payout was booked at, so that it is the exact
// reverse (domain.md §2.3, §2.5 rule 5).
func payoutFailed(d *draft, x *schemas.PayoutFailed) error {
	if err := d.openAt(x.Amount.Currency, "booked_fx", x.BookedFX); err != nil {
		return err
	}
	if x.BookedFX == nil && x.FX != nil && x.FX.FunctionalCurrency != x.Amount.Currency {
		return missing("booked_fx")
	}
	d.about("batch_id", x.BatchID, "payout_failure_id", x.FailureID, "payout_id", x.PayoutID, "psp", x.PSP)
	d.money(pspClearing, d.named("batch", x.BatchID), x.Amount.Amount, nil)
	d.money(bankClearing, d.named("payout", x.PayoutID), x.Amount.Amount.Neg(), nil)
	return nil
}
