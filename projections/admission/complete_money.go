package admission

import "github.com/throughline/throughline/schemas"

// money completes events about cash: what an order's payment settles, and a rate where the source gave none.
func (c *completion) money(e schemas.Event) error {
	if x, ok := e.(*schemas.PaymentCaptured); ok {
		x.FailureEventID = schemas.Opt[schemas.UUID]{} // only we say so
		if failure, _, failed := c.failedBefore(x); failed {
			x.FailureEventID = schemas.Some(failure)
		}
	}
	c.authorizations(e)
	switch x := e.(type) {
	case *schemas.PaymentCaptured:
		return c.captured(x)
	case *schemas.RefundIssued:
		return c.refunded(x)
	case *schemas.GiftCardSold:
		return c.cardRate(x)
	case *schemas.ReceivableWrittenOff:
		return c.writtenOff(x)
	case *schemas.PSPFeeCharged:
		return c.settledRate(&x.FX, x.Amount.Currency, "the fee's payment or batch is settled")
	case *schemas.MarketplaceFeeCharged:
		return c.settledRate(&x.FX, x.Amount.Currency, "the fee's payment or batch is settled")
	case *schemas.PayoutPaid:
		return c.settledRate(&x.FX, x.Amount.Currency, "the batch was settled, which is paid out")
	case *schemas.BankStatementLineMatched:
		return c.cleared(&x.FX, &x.BookedFX, x.Amount.Currency, "1060 stands that the bank's line clears")
	case *schemas.DisputeOpened:
		err := c.rate(&x.FX, x.Amount.Currency)
		c.movedBy("dispute", x.DisputeID, x.FX)
		return err
	case *schemas.DisputeLost:
		return c.lostDispute(x)
	case *schemas.PaymentSettled:
		return c.settled(x)
	case *schemas.DisputeWon:
		err := c.disputed(&x.FX, &x.BookedFX, x.DisputeID, x.Amount.Currency)
		c.movedBy("won", x.DisputeID, x.FX)
		return err
	case *schemas.PayoutFailed:
		return c.cleared(&x.FX, &x.BookedFX, x.Amount.Currency, "the payout was booked, which is taken back")
	}
	return c.balances(e)
}

// balances completes what moves a balance that stands: cards, receivables, and freight that was accrued.
func (c *completion) balances(e schemas.Event) error {
	switch x := e.(type) {
	case *schemas.GiftCardRevoked:
		if x.FX == nil && x.OrderID != "" && c.t.order().Currency == x.Amount.Currency {
			x.FX = c.orderRate(c.t.order()) // it meets the order's credit memo on 2150
		}
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.GiftCardBreakageRecognised:
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.ReceivableRecovered:
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.ReceivableReclassified:
		if x.FunctionalCurrency != "" && x.FunctionalCurrency != c.entity.FunctionalCurrency {
			return contract("functional_currency is not the legal entity's")
		}
		if x.Amount.Amount.IsZero() {
			return c.ours(x.FX)
		}
		return c.reclassifiedRate(x)
	case *schemas.CustomerPaymentApplied:
		for i := range x.Lines {
			if err := c.ours(x.Lines[i].BookedFX); err != nil {
				return err
			}
			if x.Currency != c.entity.FunctionalCurrency && x.Lines[i].BookedFX == nil {
				return contract("lines.booked_fx is missing: say at which rate the invoice was booked")
			}
		}
		return c.rate(&x.FX, x.Currency)
	case *schemas.FreightCostBilled:
		return c.freightBilled(x)
	}
	return nil
}

// rate fills in the spot of the effective date where the source gave no rate of its own.
func (c *completion) rate(fx **schemas.Fx, currency string) error {
	if _, err := c.exponent(currency); err != nil {
		return err
	}
	if *fx == nil {
		*fx = c.spot(currency, schemas.RateTypeSPOT)
	}
	return c.ours(*fx)
}

// ours refuses a rate into another currency than the entity keeps its books in: its entry would stand in the wrong currency.
func (c *completion) ours(fx *schemas.Fx) error {
	if fx != nil && fx.FunctionalCurrency != c.entity.FunctionalCurrency {
		return contract("fx.functional_currency is not the legal entity's")
	}
	return nil
}

// booked completes an event that clears what another one booked, under a rate that its producer knows.
func (c *completion) booked(fx **schemas.Fx, booked *schemas.Fx, currency string) error {
	if err := c.ours(booked); err != nil {
		return err
	}
	return c.rate(fx, currency)
}

func (c *completion) captured(x *schemas.PaymentCaptured) error {
	if order := c.t.order(); x.OrderID != "" {
		if x.Amount.Currency != order.Currency {
			return contract("amount.currency is not the order's")
		}
		x.Funding = funding(order)
	}
	if x.Funding == nil {
		return contract("a capture without order_id must state what it settles (funding)")
	}
	if err := c.clearedByCapture(x); err != nil {
		return err
	}
	err := c.booked(&x.FX, x.BookedFX, x.Amount.Currency)
	if !failedCapture(x) {
		c.movedBy("payment", x.PaymentID, x.FX)
	}
	return err
}

func (c *completion) refunded(x *schemas.RefundIssued) error {
	if order := c.t.order(); x.OrderID != "" && x.Amount.Currency != order.Currency {
		return contract("amount.currency is not the order's")
	}
	if memo := c.t.document("credit", x.CreditMemoID); memo != nil && memo.Funding != nil && memo.Funding.Settles == schemas.SettlesRECEIVABLE && x.Settles == schemas.SettlesCREDIT_MEMO {
		return contract("settles is CREDIT_MEMO, and the credit memo was set against the receivable: what is given back of that settles RECEIVABLE")
	}
	if err := c.clearedByRefund(x); err != nil {
		return err
	}
	err := c.booked(&x.FX, x.BookedFX, x.Amount.Currency)
	c.movedBy("refund", x.RefundID, x.FX)
	return err
}

// find looks for an admitted event: among what this record has just let through, what the running transaction emitted before, or what the loop has read.
func (c *completion) find(id schemas.UUID) schemas.Event {
	for _, o := range c.out {
		if o.Event.Header().EventID == id {
			return o.Event
		}
	}
	if c.env.Recent != nil {
		if e := c.env.Recent(id); e != nil {
			return e
		}
	}
	if e := c.env.Loaded; e != nil && e.Header().EventID == id {
		return e
	}
	return nil
}
