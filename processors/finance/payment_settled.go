package finance

import "github.com/throughline/throughline/schemas"

// paymentSettled moves a payment, refund or dispute from 1050{payment} to 1050{batch}: net of the fee where the fee was booked
// on the payment, else gross (domain.md §2.3). The batch takes it at the settlement's rate, the payment gives what it stands
// at; 7000 takes the difference and, where the settlement currency is another, the counter-leg of each currency.
func paymentSettled(d *draft, x *schemas.PaymentSettled) error {
	if !x.Gross.Amount.Sub(x.Fee).Equal(x.Net) {
		return contract("net is not gross less fee")
	}
	if err := d.openAt(x.Gross.Currency, "booked_fx", x.BookedFX); err != nil {
		return err
	}
	if x.BookedFX == nil && x.SettlementFX != nil && x.SettlementFX.FunctionalCurrency != d.currency {
		return missing("booked_fx")
	}
	d.about("batch_id", x.BatchID, "dispute_id", x.DisputeID, "order_id", x.OrderID, "payment_id", x.PaymentID,
		"psp", x.PSP, "refund_id", x.RefundID, "settlement_id", x.SettlementID)
	moved := x.Gross.Amount
	if x.FeeBookedOnPayment {
		moved = x.Net
	}
	in, err := d.settlement(x, moved)
	if err != nil {
		return err
	}
	stood := d.stood(x, moved, in)
	d.leg(pspClearing, d.named("batch", x.BatchID), in.amount, in.currency, in.functional, nil)
	d.leg(pspClearing, d.named("payment", x.PaymentID), moved.Neg(), d.currency, stood.Neg(), nil)
	if in.currency != d.currency {
		d.leg(realisedFX, "", moved, d.currency, stood, nil)
		d.leg(realisedFX, "", in.amount.Neg(), in.currency, in.functional.Neg(), nil)
		return nil
	}
	d.exchange()
	return nil
}

// settled is what a batch takes.
type settled struct {
	amount     schemas.Decimal
	currency   string
	functional schemas.Decimal
}

// settlement is the moved amount as the batch takes it. The processor states its net in the settlement currency; where gross is
// moved, gross is in the same proportion.
func (d *draft) settlement(x *schemas.PaymentSettled, moved schemas.Decimal) (settled, error) {
	s, fx := settled{moved, d.currency, moved}, x.SettlementFX
	if x.Settlement != nil && x.Settlement.Currency != d.currency {
		exponent, err := schemas.CurrencyExponent(x.Settlement.Currency)
		if err != nil {
			return s, contract("settlement.currency is not in ISO 4217")
		}
		s.amount, s.currency = x.Settlement.Amount, x.Settlement.Currency
		if !moved.Equal(x.Net) && !x.Net.IsZero() {
			s.amount = s.amount.MulDiv(moved, x.Net, exponent, d.mode).Round(amountScale, schemas.Down)
		}
		s.functional = s.amount
	}
	switch {
	case s.currency == d.functional:
		return s, nil
	case fx == nil:
		return s, missing("settlement_fx")
	}
	s.functional = s.amount.MulRound(fx.Rate, d.functionAt, d.mode).Round(amountScale, schemas.Down)
	return s, d.agrees("settlement_fx", fx, s.currency)
}

// stood is what the moved amount stands at on 1050{payment}: the gross at the booked rate, less a fee that was booked there. The
// processor's fee events carry the settlement's rate; a dispute's fee was booked with the dispute.
func (d *draft) stood(x *schemas.PaymentSettled, moved schemas.Decimal, in settled) schemas.Decimal {
	if d.currency == d.functional || !x.FeeBookedOnPayment {
		return d.valued(moved, d.fx)
	}
	gross := d.valued(x.Gross.Amount, d.fx)
	switch {
	case x.Kind == schemas.SettledKindDISPUTE:
		return gross.Sub(d.valued(x.Fee, d.fx))
	case x.SettlementFX != nil && x.SettlementFX.TxnCurrency == d.currency:
		return gross.Sub(d.valued(x.Fee, x.SettlementFX))
	case moved.IsZero():
		return gross.Sub(d.valued(x.Fee, d.fx))
	}
	return gross.Sub(x.Fee.MulDiv(in.functional, moved, d.functionAt, d.mode).Round(amountScale, schemas.Down))
}
