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
			if l.StatesTax && len(l.StatedTaxes) == 0 && l.Amounts != nil && len(l.Amounts.Taxes) > 0 {
				c.fail("lines.stated_taxes is empty, and lines.amounts has taxes: an invoice that states its tax names each, with an amount of 0 where none is due")
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
		c.receivables(e)
	}
}

// receivables checks what is paid, recovered, moved or billed to us.
func (c *contractCheck) receivables(e Event) {
	switch x := e.(type) {
	case *CustomerPaymentApplied:
		c.applied(x)
	case *GiftCardRevoked:
		c.cash("revocation_id", x.RevocationID, &x.Amount, x.FX, true)
		c.text("card_ref", x.CardRef)
		if x.Settles != SettlesCREDIT_MEMO && x.Settles != SettlesRECEIVABLE {
			c.fail("settles: a revoked card settles CREDIT_MEMO or RECEIVABLE")
		}
	case *GiftCardBreakageRecognised:
		c.cash("breakage_id", x.BreakageID, &x.Amount, x.FX, true)
		c.text("card_ref", x.CardRef)
	case *ReceivableRecovered:
		c.cash("recovery_id", x.RecoveryID, &x.Amount, x.FX, true)
	case *ReceivableReclassified:
		c.reclassified(x)
	case *FreightCostBilled:
		c.cash("bill_id", x.BillID, &x.Amount, x.FX, false)
		c.text("carrier", x.Carrier)
		c.text("order_id", x.OrderID)
		sum := x.Amount.Amount
		c.lines("shipments", len(x.Shipments), func(i int) string { return x.Shipments[i].ShipmentID }, func(i int) { sum = sum.Sub(x.Shipments[i].Amount) })
		if !sum.IsZero() {
			c.fail("amount is not the sum of shipments.amount")
		}
	default:
		c.payment(e)
	}
}

func (c *contractCheck) applied(x *CustomerPaymentApplied) {
	c.text("remittance_id", x.RemittanceID)
	c.currency("currency", x.Currency)
	c.fx("fx", x.FX, x.Currency)
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		l := &x.Lines[i]
		c.text("lines.invoice_id", l.InvoiceID)
		c.fx("lines.booked_fx", l.BookedFX, x.Currency)
		if l.Deduction.Set && !l.Deduction.V.IsZero() && l.DeductionReason == "" {
			c.fail("lines.deduction_reason is missing: say why it was paid short")
		}
	})
}

func (c *contractCheck) reclassified(x *ReceivableReclassified) {
	c.text("reclassification_id", x.ReclassificationID)
	c.text("from_role", x.FromRole)
	c.text("to_role", x.ToRole)
	c.money("amount", &x.Amount)
	c.fx("fx", x.FX, x.Amount.Currency)
	if x.FunctionalAmount.Set {
		c.currency("functional_currency", x.FunctionalCurrency)
	}
	if x.Amount.Amount.IsZero() && !x.FunctionalAmount.Set {
		c.fail("amount is zero and functional_amount is missing: nothing moves")
	}
}

func (c *contractCheck) period(name string) {
	if _, err := parsePeriod(name); err != nil {
		c.fail("period is not year-month")
	}
}

func (c *contractCheck) creditMemo(x *CreditMemoIssued) {
	c.text("credit_memo_id", x.CreditMemoID)
	if x.RestockingFee.V.Sign() < 0 {
		c.fail("restocking_fee is negative: a fee is what the customer gets less")
	}
	c.currency("currency", x.Currency)
	c.fx("fx", x.FX, x.Currency)
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		l := &x.Lines[i]
		c.kind("lines", l.Kind, l.ChargeCode)
		c.amounts("lines.amounts", l.Amounts)
		if l.Kind == "" || l.Kind == LineKindGOODS {
			if a := l.Amounts; a != nil && !a.FreightNet.IsZero() && !l.CreditsFreight && l.Goods != CreditedGoodsNOT_SHIPPED {
				c.fail("lines.amounts.freight_net is credited, and lines.credits_freight is not set: set it, or leave the freight out")
			}
		}
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
		c.fx("booked_fx", x.BookedFX, x.Amount.Currency)
	case *RefundIssued:
		c.cash("refund_id", x.RefundID, &x.Amount, x.FX, true)
		c.fx("booked_fx", x.BookedFX, x.Amount.Currency)
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
		c.settled(x)
	case *PayoutPaid:
		c.cash("payout_id", x.PayoutID, &x.Amount, x.FX, false)
		c.text("batch_id", x.BatchID)
	case *BankStatementLineMatched:
		c.cash("line_id", x.LineID, &x.Amount, x.FX, false)
		c.fx("booked_fx", x.BookedFX, x.Amount.Currency)
		c.text("bank_account", x.BankAccount)
		c.text("matched_id", x.MatchedID)
	case *DisputeOpened:
		c.cash("dispute_id", x.DisputeID, &x.Amount, x.FX, true)
		c.text("payment_id", x.PaymentID)
	case *DisputeLost:
		c.cash("dispute_id", x.DisputeID, &x.Amount, x.FX, true)
		c.fx("booked_fx", x.BookedFX, x.Amount.Currency)
		c.text("payment_id", x.PaymentID)
		if x.Settles == SettlesRECEIVABLE {
			c.fail("settles: a lost dispute settles CUSTOMER_DEPOSIT, CREDIT_MEMO or LOSS")
		}
		c.relief(x)
	default:
		c.promises(e)
	}
}

func (c *contractCheck) settled(x *PaymentSettled) {
	c.cash("settlement_id", x.SettlementID, &x.Gross, x.BookedFX, false)
	c.text("batch_id", x.BatchID)
	c.text("payment_id", x.PaymentID)
	if !x.Gross.Amount.Sub(x.Fee).Equal(x.Net) {
		c.fail("net is not gross less fee")
	}
	// The settlement states the net; gross is worth as much in proportion, and in proportion to nothing it is worth nothing: 7000 would lose all of it.
	if s := x.Settlement; s != nil && s.Currency != x.Gross.Currency && x.Net.IsZero() && !x.Gross.Amount.IsZero() && !x.FeeBookedOnPayment {
		c.fail("net is zero, so that settlement does not say what gross is worth: charge the fee to the payment (psp.fee_charged with its payment_id) and set fee_booked_on_payment")
	}
}

// relief checks the tax that comes back of a lost dispute.
func (c *contractCheck) relief(x *DisputeLost) {
	sum := NewDecimal(0, 4)
	for i := range x.TaxRelief {
		r := &x.TaxRelief[i]
		c.textIn("tax_relief", "jurisdiction", r.Jurisdiction)
		if r.Amount.Sign() <= 0 {
			c.fail("tax_relief.amount is not above zero")
		}
		sum = sum.Add(r.Amount)
	}
	if len(x.TaxRelief) > 0 && x.Settles != SettlesLOSS {
		c.fail("tax_relief: only what settles LOSS has any; a credit memo or a cancellation took its tax back itself")
	}
	if sum.Cmp(x.Amount.Amount) > 0 {
		c.fail("tax_relief is more than the amount")
	}
}

// promises checks money that was promised, that came back, or that did not come at all.
func (c *contractCheck) promises(e Event) {
	switch x := e.(type) {
	case *PaymentAuthorized:
		c.cash("authorization_id", x.AuthorizationID, &x.Amount, nil, true)
	case *PaymentVoided:
		c.cash("void_id", x.VoidID, &x.Amount, nil, true)
	case *PaymentCaptureFailed:
		c.cash("failure_id", x.FailureID, &x.Amount, nil, true)
		c.text("payment_id", x.PaymentID)
	case *RefundFailed:
		c.cash("failure_id", x.FailureID, &x.Amount, nil, true)
		c.text("refund_id", x.RefundID)
	case *DisputeWon:
		c.cash("dispute_id", x.DisputeID, &x.Amount, x.FX, true)
		c.text("payment_id", x.PaymentID)
		c.fx("booked_fx", x.BookedFX, x.Amount.Currency)
	case *PayoutFailed:
		c.cash("failure_id", x.FailureID, &x.Amount, x.FX, false)
		c.text("payout_id", x.PayoutID)
		c.text("batch_id", x.BatchID)
		c.fx("booked_fx", x.BookedFX, x.Amount.Currency)
	default:
		c.stockKeeping(e)
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
