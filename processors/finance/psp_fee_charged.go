package finance

import "github.com/throughline/throughline/schemas"

// pspFeeCharged books a processor's charge, signed (+ is a cost): FEE 6100, RESERVE 1055, TOPUP 1000, FUNDED_PROMOTION 1320,
// and 1310 for input tax, against 1050 (domain.md §2.3). The money has moved, so an UNKNOWN category goes to 9000, always with
// exception E18: somebody must map it.
func pspFeeCharged(d *draft, x *schemas.PSPFeeCharged) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("balance_transaction", x.BalanceTransaction, "batch_id", x.BatchID, "fee_id", x.FeeID,
		"payment_id", x.PaymentID, "psp", x.PSP)
	account, key := paymentFees, ""
	switch x.FeeType {
	case schemas.PSPFeeTypeFEE:
	case schemas.PSPFeeTypeRESERVE:
		account, key = pspReserve, d.named("psp", x.PSP)
	case schemas.PSPFeeTypeTOPUP:
		account, key = bank, d.named("psp", x.PSP)
	case schemas.PSPFeeTypeFUNDED_PROMOTION:
		account, key = dueFromFunders, d.named("funder", string(schemas.FundedByMARKETPLACE))
	case schemas.PSPFeeTypeUNKNOWN:
		account, key = suspense, d.named("event", x.Meta.EventID.String())
		d.raise("E18", "a processor's charge of an unknown category stands on 9000: map it under a new rule version, then supersede the entry", &x.Amount)
	default:
		return unmapped("fee_type")
	}
	d.fee(account, key, x.Amount.Amount, x.Tax.Or(noAmount), x.TaxJurisdiction,
		d.named("payment", x.PaymentID, "batch", x.BatchID, "psp", x.PSP))
	return nil
}

// fee books a charge and its input tax against 1050.
func (d *draft) fee(account, key string, amount, tax schemas.Decimal, jurisdiction, payee string) {
	d.money(account, key, amount, nil)
	d.gather(inputTax, d.named("jurisdiction", jurisdiction), jurisdiction, tax)
	d.money(pspClearing, payee, amount.Add(tax).Neg(), nil)
}

// raise adds an exception beside the entry: the same event raises the same one, so that a replay is no alarm.
func (d *draft) raise(code, summary string, amount *schemas.Money) {
	m := d.cause.Header()
	x := &schemas.ExceptionRaised{
		Meta: m.Follow(d.identity(1 + len(d.exceptions))), Code: code, Summary: summary, Owner: "Platform + Controller", Thread: m.CorrelationID,
		SubjectEventID: schemas.Some(m.EventID), SubjectEventType: d.cause.EventType(), Amount: &schemas.Money{Amount: amount.Amount, Currency: amount.Currency},
	}
	x.Meta.EventType = "exception.raised"
	d.exceptions = append(d.exceptions, x)
}
