package finance

import "github.com/throughline/throughline/schemas"

// giftCardRevoked takes a sold card back: 2200 against what its price is owed on, CREDIT_MEMO 2150 or RECEIVABLE 1100 (domain.md §2.3).
func giftCardRevoked(d *draft, x *schemas.GiftCardRevoked) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("credit_memo_id", x.CreditMemoID, "invoice_id", x.InvoiceID, "order_id", x.OrderID, "revocation_id", x.RevocationID)
	var account, key string
	switch x.Settles {
	case schemas.SettlesCREDIT_MEMO:
		account, key = refundsPayable, d.named("credit_memo", x.CreditMemoID, "revocation", x.RevocationID)
	case schemas.SettlesRECEIVABLE:
		account, key = receivable, d.named("invoice", x.InvoiceID, "order", x.OrderID, "credit_memo", x.CreditMemoID, "revocation", x.RevocationID)
	default:
		return contract("settles of a revoked card is neither CREDIT_MEMO nor RECEIVABLE")
	}
	d.money(giftCards, d.named("card", x.CardRef), x.Amount.Amount, nil)
	d.money(account, key, x.Amount.Amount.Neg(), nil)
	return nil
}
