package finance

import "github.com/throughline/throughline/schemas"

// receivableRecovered books money for a receivable that was given up: 1060 against 6300, and 2300 for the tax that was reclaimed and is owed again
// (domain.md §2.3). The bank line that brings it is matched as a remittance of the recovery's id.
func receivableRecovered(d *draft, x *schemas.ReceivableRecovered) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("customer_ref", x.CustomerRef, "invoice_id", x.InvoiceID, "order_id", x.OrderID, "recovery_id", x.RecoveryID, "write_off_id", x.WriteOffID)
	regained := x.Amount.Amount
	if r := x.TaxRelief; r != nil {
		if r.Currency != x.Amount.Currency {
			return contract("tax_relief.currency is not the currency of the amount")
		}
		regained = regained.Sub(r.Amount)
		d.gather(taxPayable, d.named("jurisdiction", x.TaxJurisdiction), x.TaxJurisdiction, r.Amount.Neg())
	}
	d.money(bankClearing, d.named("remittance", x.RecoveryID), x.Amount.Amount, nil)
	d.money(badDebt, "", regained.Neg(), nil)
	return nil
}
