package finance

import "github.com/throughline/throughline/schemas"

// giftCardSold books a liability, no revenue and no tax: wherever the price stands against 2200 (domain.md §2.3).
func giftCardSold(d *draft, x *schemas.GiftCardSold) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("customer_ref", x.CustomerRef, "invoice_id", x.InvoiceID, "order_id", x.OrderID, "sale_id", x.SaleID)
	var account, key string
	switch x.PaidInto {
	case schemas.PaidIntoORDER_DEPOSIT:
		account, key = customerDeposits, d.named("order", x.OrderID, "sale", x.SaleID)
	case schemas.PaidIntoRECEIVABLE:
		account, key = receivable, d.named("invoice", x.InvoiceID, "order", x.OrderID, "sale", x.SaleID)
	case schemas.PaidIntoPSP:
		account, key = pspClearing, d.named("payment", x.PaymentRef, "sale", x.SaleID)
	case schemas.PaidIntoBANK_CLEARING:
		account, key = bankClearing, d.named("payment", x.PaymentRef, "sale", x.SaleID)
	case schemas.PaidIntoBANK:
		account, key = bank, d.named("bank", x.PaymentRef, "sale", x.SaleID)
	default:
		return unmapped("paid_into")
	}
	d.money(account, key, x.Amount.Amount, nil)
	d.money(giftCards, d.named("card", x.CardRef), x.Amount.Amount.Neg(), nil)
	return nil
}
