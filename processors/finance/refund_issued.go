package finance

import "github.com/throughline/throughline/schemas"

// refundIssued books money given back: what it settles (CREDIT_MEMO 2150, CUSTOMER_DEPOSIT 2100, RECEIVABLE 1100) against the
// account of the method. Only its producer knows what it settles; without that there is no entry (domain.md §2.3).
func refundIssued(d *draft, x *schemas.RefundIssued) error {
	if err := d.openTwo(x.Amount.Currency, x.FX, x.BookedFX, "booked_fx"); err != nil {
		return err
	}
	d.about("balance_transaction", x.BalanceTransaction, "credit_memo_id", x.CreditMemoID, "invoice_id", x.InvoiceID,
		"order_id", x.OrderID, "payment_id", x.PaymentID, "psp", x.PSP, "refund_id", x.RefundID)
	var settled, settledKey string
	switch x.Settles {
	case schemas.SettlesCREDIT_MEMO:
		settled, settledKey = refundsPayable, d.named("credit_memo", x.CreditMemoID, "refund", x.RefundID)
	case schemas.SettlesCUSTOMER_DEPOSIT:
		settled, settledKey = customerDeposits, d.named("order", x.OrderID, "refund", x.RefundID)
	case schemas.SettlesRECEIVABLE:
		settled, settledKey = receivable, d.named("invoice", x.InvoiceID, "credit_memo", x.CreditMemoID, "refund", x.RefundID)
	case "":
		return missing("settles")
	default:
		return contract("settles of a refund is neither CREDIT_MEMO, CUSTOMER_DEPOSIT nor RECEIVABLE")
	}
	account, key, err := d.tender(x.Method, x.CardRef, "refund", x.RefundID)
	if err != nil {
		return err
	}
	if account == pspClearing {
		key = d.named("payment", x.PaymentID, "refund", x.RefundID) // payment.settled moves it from there
	}
	d.moneyAt(either(x.BookedFX, x.FX), settled, settledKey, x.Amount.Amount, nil)
	d.moneyAt(either(x.FX, x.BookedFX), account, key, x.Amount.Amount.Neg(), nil)
	d.exchange()
	return nil
}
