package schemas

func (c *contractCheck) billing(e Event) {
	switch x := e.(type) {
	case *InvoiceIssued:
		c.text("invoice_id", x.InvoiceID)
		c.currency("currency", x.Currency)
		c.fx("fx", x.FX, x.Currency)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			l := &x.Lines[i]
			c.kind("lines", l.Kind, l.ChargeCode)
			c.amounts("lines.amounts", l.Amounts)
			if l.Quantity != nil {
				c.quantity("lines.quantity", l.Quantity)
			}
		})
	case *CreditMemoIssued:
		c.creditMemo(x)
	case *ReceivableWrittenOff:
		c.text("write_off_id", x.WriteOffID)
		c.money("amount", &x.Amount)
		c.fx("fx", x.FX, x.Amount.Currency)
	case *GiftCardSold:
		c.text("sale_id", x.SaleID)
		c.text("card_ref", x.CardRef)
		c.money("amount", &x.Amount)
		c.fx("fx", x.FX, x.Amount.Currency)
	case *PeriodClosed:
		c.period(x.Period)
	case *PeriodReopened:
		c.period(x.Period)
	default:
		c.payment(e)
	}
}

func (c *contractCheck) period(name string) {
	if _, err := parsePeriod(name); err != nil {
		c.fail("period is not year-month")
	}
}

func (c *contractCheck) creditMemo(x *CreditMemoIssued) {
	c.text("credit_memo_id", x.CreditMemoID)
	c.currency("currency", x.Currency)
	c.fx("fx", x.FX, x.Currency)
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		l := &x.Lines[i]
		c.kind("lines", l.Kind, l.ChargeCode)
		c.amounts("lines.amounts", l.Amounts)
		if (l.Kind == LineKindGOODS || l.Kind == "") && l.Goods == "" {
			c.fail("lines.goods is missing: say NOT_SHIPPED, EXPECTED_BACK or KEPT")
		}
		if l.Quantity != nil {
			c.positive("lines.quantity", l.Quantity)
		}
	})
}

func (c *contractCheck) payment(e Event) {
	switch x := e.(type) {
	case *PaymentCaptured:
		c.cash("payment_id", x.PaymentID, &x.Amount, x.FX, true)
	case *RefundIssued:
		c.cash("refund_id", x.RefundID, &x.Amount, x.FX, true)
		if x.Settles == SettlesCREDIT_MEMO {
			c.text("credit_memo_id", x.CreditMemoID)
		}
		if x.Settles == SettlesLOSS {
			c.fail("settles: a refund settles CREDIT_MEMO, CUSTOMER_DEPOSIT or RECEIVABLE")
		}
	case *PSPFeeCharged:
		c.cash("fee_id", x.FeeID, &x.Amount, x.FX, false)
		c.text("psp", x.PSP)
	case *MarketplaceFeeCharged:
		c.cash("fee_id", x.FeeID, &x.Amount, x.FX, false)
		c.text("marketplace", x.Marketplace)
	case *PaymentSettled:
		c.cash("settlement_id", x.SettlementID, &x.Gross, x.BookedFX, false)
		c.text("batch_id", x.BatchID)
		c.text("payment_id", x.PaymentID)
		if !x.Gross.Amount.Sub(x.Fee).Equal(x.Net) {
			c.fail("net is not gross less fee")
		}
	case *PayoutPaid:
		c.cash("payout_id", x.PayoutID, &x.Amount, x.FX, false)
		c.text("batch_id", x.BatchID)
	case *BankStatementLineMatched:
		c.cash("line_id", x.LineID, &x.Amount, x.FX, false)
		c.text("bank_account", x.BankAccount)
		c.text("matched_id", x.MatchedID)
	case *DisputeOpened:
		c.cash("dispute_id", x.DisputeID, &x.Amount, x.FX, true)
		c.text("payment_id", x.PaymentID)
	case *DisputeLost:
		c.cash("dispute_id", x.DisputeID, &x.Amount, x.FX, true)
		c.text("payment_id", x.PaymentID)
		if x.Settles == SettlesRECEIVABLE {
			c.fail("settles: a lost dispute settles CUSTOMER_DEPOSIT, CREDIT_MEMO or LOSS")
		}
	}
}

// cash checks one movement of money; a fee and a payout are signed, a capture and a refund are not.
func (c *contractCheck) cash(field, id string, amount *Money, fx *Fx, positive bool) {
	c.text(field, id)
	c.money("amount", amount)
	c.fx("fx", fx, amount.Currency)
	if positive && amount.Amount.Sign() <= 0 {
		c.fail("amount is not positive")
	}
}
