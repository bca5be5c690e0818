package finance

import "github.com/throughline/throughline/schemas"

// paymentCaptured books money taken: the account of the method against 2100 (CUSTOMER_DEPOSIT) or 1100 (RECEIVABLE), as the
// order's funding says (domain.md §2.3). Cash stands at the payment's own rate, the balance it settles at the rate that it was
// booked at; 7000 takes the difference (§2.5 rule 5). A capture whose failure came first took nothing.
func paymentCaptured(d *draft, x *schemas.PaymentCaptured) error {
	if x.FailureEventID.Set {
		return nil
	}
	if err := d.openTwo(x.Amount.Currency, x.FX, x.BookedFX, "booked_fx"); err != nil {
		return err
	}
	if x.Funding == nil {
		return missing("funding")
	}
	d.about("balance_transaction", x.BalanceTransaction, "invoice_id", x.InvoiceID, "order_id", x.OrderID,
		"payment_id", x.PaymentID, "psp", x.PSP)
	account, key, err := d.tender(x.Method, x.CardRef, "payment", x.PaymentID)
	if err != nil {
		return err
	}
	d.moneyAt(either(x.FX, x.BookedFX), account, key, x.Amount.Amount, nil)
	switch x.Funding.Settles {
	case schemas.SettlesCUSTOMER_DEPOSIT:
		account, key = customerDeposits, d.named("order", x.OrderID, "payment", x.PaymentID)
	case schemas.SettlesRECEIVABLE:
		account, key = receivable, d.named("invoice", x.InvoiceID, "order", x.OrderID, "payment", x.PaymentID)
	default:
		return contract("funding.settles of a capture is neither CUSTOMER_DEPOSIT nor RECEIVABLE")
	}
	d.moneyAt(either(x.BookedFX, x.FX), account, key, x.Amount.Amount.Neg(), nil)
	d.exchange()
	return nil
}

// openTwo opens a document whose amount stands at two rates; each falls back to the other.
func (d *draft) openTwo(currency string, fx, other *schemas.Fx, otherField string) error {
	if err := d.open(currency, either(fx, other)); err != nil {
		return err
	}
	if other == nil {
		return nil
	}
	return d.agrees(otherField, other, currency)
}

func either(fx, other *schemas.Fx) *schemas.Fx {
	if fx != nil {
		return fx
	}
	return other
}

// tender is the account and key of a payment method: a gift card pays with its liability, a bank transfer is expected on the
// statement, everything else comes through a processor.
func (d *draft) tender(m schemas.PaymentMethod, card, kind, id string) (account, key string, err error) {
	switch m {
	case schemas.PaymentMethodCARD, schemas.PaymentMethodWALLET, schemas.PaymentMethodMARKETPLACE, schemas.PaymentMethodCOD:
		return pspClearing, d.named(kind, id), nil
	case schemas.PaymentMethodBANK:
		return bankClearing, d.named(kind, id), nil
	case schemas.PaymentMethodGIFT_CARD, schemas.PaymentMethodSTORE_CREDIT:
		return giftCards, d.named("card", card, kind, id), nil
	}
	return "", "", unmapped("method")
}
