package finance

import "github.com/throughline/throughline/schemas"

// receivableReclassified moves a balance between two roles of the chart, a positive amount to the debit of to_role (domain.md §2.3). Where only functional
// currency moves, what rounding has left (§2.8, 3), the amount is zero and functional_amount says how much.
func receivableReclassified(d *draft, x *schemas.ReceivableReclassified) error {
	from, ok := accountOf(x.FromRole)
	if !ok {
		return unmapped("from_role")
	}
	to, ok := accountOf(x.ToRole)
	if !ok {
		return unmapped("to_role")
	}
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("invoice_id", x.InvoiceID, "order_id", x.OrderID, "reclassification_id", x.ReclassificationID)
	toKey, fromKey := d.reclassified(&to, x.ToKey, x), d.reclassified(&from, x.FromKey, x)
	if !x.FunctionalAmount.Set {
		d.money(to.Code, toKey, x.Amount.Amount, nil)
		d.money(from.Code, fromKey, x.Amount.Amount.Neg(), nil)
		return nil
	}
	switch exponent, err := schemas.CurrencyExponent(x.FunctionalCurrency); {
	case !x.Amount.Amount.IsZero():
		return contract("functional_amount stands beside an amount that is not zero: one event moves either")
	case err != nil:
		return contract("functional_currency is not in ISO 4217")
	case x.FX != nil && x.FX.FunctionalCurrency != x.FunctionalCurrency:
		return contract("functional_currency is not that of fx")
	default:
		d.functional, d.functionAt = x.FunctionalCurrency, exponent
	}
	d.leg(to.Code, toKey, noAmount, d.functional, x.FunctionalAmount.V, nil)
	d.leg(from.Code, fromKey, noAmount, d.functional, x.FunctionalAmount.V.Neg(), nil)
	return nil
}

// reclassified is the control key of one side: the stated one, else the document's; none where the account has no key.
func (d *draft) reclassified(a *Account, stated string, x *schemas.ReceivableReclassified) string {
	switch {
	case a.Key == "":
		return ""
	case stated != "":
		return stated
	}
	return d.named("invoice", x.InvoiceID, "order", x.OrderID, "reclassification", x.ReclassificationID)
}
