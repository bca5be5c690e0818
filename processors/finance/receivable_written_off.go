package finance

import "github.com/throughline/throughline/schemas"

// receivableWrittenOff gives up a receivable: 6300 against 1100, and 2300 for the tax that the authority gives back. The
// amount is signed: a negative one takes an earlier write-off back (domain.md §2.3).
func receivableWrittenOff(d *draft, x *schemas.ReceivableWrittenOff) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("customer_ref", x.CustomerRef, "invoice_id", x.InvoiceID, "order_id", x.OrderID, "write_off_id", x.WriteOffID)
	loss := x.Amount.Amount
	if r := x.TaxRelief; r != nil {
		if r.Currency != x.Amount.Currency {
			return contract("tax_relief.currency is not the currency of the amount")
		}
		loss = loss.Sub(r.Amount)
		d.gather(taxPayable, d.named("jurisdiction", x.TaxJurisdiction), x.TaxJurisdiction, r.Amount)
	}
	d.money(badDebt, "", loss, nil)
	d.money(receivable, d.named("invoice", x.InvoiceID, "write_off", x.WriteOffID), x.Amount.Amount.Neg(), nil)
	return nil
}
