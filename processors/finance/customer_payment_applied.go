package finance

import "github.com/throughline/throughline/schemas"

// customerPaymentApplied books a remittance against the invoices it pays (domain.md §2.3): 1060 what was paid, 4100 the early-payment discount that
// was taken, 1110 what was paid short, against 1100 per invoice. 1100 gives what it was booked at, and so do discount and deduction, which move no
// cash; the cash stands at the payment's own rate, and 7000 takes the difference (§2.5 rule 5).
func customerPaymentApplied(d *draft, x *schemas.CustomerPaymentApplied) error {
	if err := d.open(x.Currency, x.FX); err != nil {
		return err
	}
	d.about("bank_account", x.BankAccount, "customer_ref", x.CustomerRef, "remittance_id", x.RemittanceID)
	paid := noAmount
	for i := range x.Lines {
		paid = paid.Add(x.Lines[i].Paid)
	}
	d.room(3*len(x.Lines) + 2)
	d.money(bankClearing, d.named("remittance", x.RemittanceID), paid, nil)
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.BookedFX == nil && d.currency != d.functional:
			return missing(inLine(i, "booked_fx"))
		case l.BookedFX != nil:
			if x.FX == nil && l.BookedFX.FunctionalCurrency != d.currency {
				return missing("fx")
			}
			if err := d.agrees(inLine(i, "booked_fx"), l.BookedFX, d.currency); err != nil {
				return err
			}
		}
		discount, deduction, invoice := l.Discount.Or(noAmount), l.Deduction.Or(noAmount), d.named("invoice", l.InvoiceID)
		d.moneyAt(l.BookedFX, discounts, "", discount, nil)
		d.moneyAt(l.BookedFX, customerDeductions, invoice, deduction, nil)
		d.moneyAt(l.BookedFX, receivable, invoice, l.Paid.Add(discount).Add(deduction).Neg(), nil)
	}
	d.exchange()
	return nil
}
