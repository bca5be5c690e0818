package finance

import "github.com/throughline/throughline/schemas"

// marketplaceFeeCharged books a marketplace's charge, signed (+ is a cost): an agent's COMMISSION 6140, all others 6110, and
// 1310 for input tax, against 1050 (domain.md §2.3).
func marketplaceFeeCharged(d *draft, x *schemas.MarketplaceFeeCharged) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("batch_id", x.BatchID, "fee_id", x.FeeID, "marketplace", x.Marketplace, "order_id", x.OrderID, "payment_id", x.PaymentID)
	account := marketplaceFees
	if x.FeeType == schemas.MarketplaceFeeTypeCOMMISSION {
		account = salesCommissions
	}
	d.fee(account, "", x.Amount.Amount, x.Tax.Or(noAmount), x.TaxJurisdiction,
		d.named("payment", x.PaymentID, "batch", x.BatchID, "psp", x.Marketplace))
	return nil
}
