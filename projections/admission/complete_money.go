package admission

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// money completes events about cash: what an order's payment settles, and a rate where the source gave none.
func (c *completion) money(e schemas.Event) error {
	switch x := e.(type) {
	case *schemas.PaymentCaptured:
		return c.captured(x)
	case *schemas.RefundIssued:
		return c.refunded(x)
	case *schemas.GiftCardSold:
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.ReceivableWrittenOff:
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.PSPFeeCharged:
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.MarketplaceFeeCharged:
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.PayoutPaid:
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.BankStatementLineMatched:
		return c.booked(&x.FX, x.BookedFX, x.Amount.Currency)
	case *schemas.DisputeOpened:
		return c.rate(&x.FX, x.Amount.Currency)
	case *schemas.DisputeLost:
		return c.booked(&x.FX, x.BookedFX, x.Amount.Currency)
	case *schemas.PaymentSettled:
		return c.settled(x)
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
		x.BookedFX = c.bookedRate(order)
	}
	if x.Funding == nil {
		return contract("a capture without order_id must state what it settles (funding)")
	}
	return c.rate(&x.FX, x.Amount.Currency)
}

func (c *completion) refunded(x *schemas.RefundIssued) error {
	if order := c.t.order(); x.OrderID != "" {
		if x.Amount.Currency != order.Currency {
			return contract("amount.currency is not the order's")
		}
		x.BookedFX = c.bookedRate(order)
	}
	return c.rate(&x.FX, x.Amount.Currency)
}

// bookedRate is the rate under which deposits and refunds payable of a prepaid order stand: the order's (domain.md §2.5.5).
func (c *completion) bookedRate(order *schemas.OrderAccepted) *schemas.Fx {
	if order.Terms == schemas.TermsPREPAID {
		return order.FX
	}
	return nil
}

func (c *completion) settled(x *schemas.PaymentSettled) error {
	if err := c.rate(&x.BookedFX, x.Gross.Currency); err != nil {
		return err
	}
	if x.SettlementFX == nil && x.Settlement == nil {
		x.SettlementFX = x.BookedFX
	}
	if x.Settlement != nil {
		return c.rate(&x.SettlementFX, x.Settlement.Currency)
	}
	return c.ours(x.SettlementFX)
}

// voided embeds the canonical original, so that a stateless processor can negate it.
func (c *completion) voided(x *schemas.EventVoided) error {
	correction := x.Meta.Correction
	original := c.find(correction.CorrectedEventID)
	if original == nil {
		return contract("the original is admitted but cannot be read: was the canonical topic truncated?")
	}
	if err := c.voidable(x, original); err != nil {
		return err
	}
	// Encoded anew rather than copied: the bytes must not depend on which of the three places it was found in.
	embedded, err := schemas.EncodeEmbedded(original)
	if err != nil {
		return contract("the original cannot be embedded")
	}
	correction.Original = embedded
	correction.StandingRuleSet = original.Header().RuleSet
	c.original = original
	return nil
}

// voidable refuses a void that would take back twice, or from other books than its original's.
func (c *completion) voidable(x *schemas.EventVoided, original schemas.Event) error {
	switch {
	case c.t.knows(voidedFact(original.Header().EventID)):
		return contract("meta.correction.corrected_event_id was voided before: what did not occur cannot be taken back twice")
	case original.EventType() != x.Meta.Correction.CorrectedEventType:
		return contract("meta.correction.corrected_event_type is not the original's")
	case original.Header().LegalEntity != x.Meta.LegalEntity:
		return contract("meta.legal_entity is not the original's")
	}
	if c.builtUpon(original) {
		c.exception("OVER_COMMITTED", "what is voided was reserved, shipped, cancelled or consumed already: void or correct that too", x)
	}
	return nil
}

// builtUpon says whether quantities of a voided order or reservation have gone on to something else.
func (c *completion) builtUpon(original schemas.Event) bool {
	switch x := original.(type) {
	case *schemas.OrderAccepted:
		return slices.ContainsFunc(x.Lines, func(l schemas.OrderLine) bool {
			p := c.t.line(l.LineID)
			return p != nil && goods(l.Kind) && p.Demand.Cmp(l.Quantity.BaseQty) < 0
		})
	case *schemas.InventoryReserved:
		return slices.ContainsFunc(x.Lines, func(l schemas.ReservationLine) bool {
			r := c.t.reservation(x.ReservationID, l.LineID)
			return r != nil && r.Remaining.Cmp(l.Quantity.BaseQty) < 0
		})
	}
	return false
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
