package admission

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// corrected embeds the canonical original, so that a stateless processor can negate it or book it anew.
func (c *completion) corrected(e schemas.Event) error {
	correction := e.Header().Correction
	original := c.find(correction.CorrectedEventID)
	if original == nil {
		return contract("the original is admitted but cannot be read: was the canonical topic truncated?")
	}
	if err := c.correctable(e, original); err != nil {
		return err
	}
	// Encoded anew rather than copied: the bytes must not depend on which of the three places it was found in.
	embedded, err := schemas.EncodeEmbedded(original)
	if err != nil {
		return contract("the original cannot be embedded")
	}
	correction.Original = embedded
	set, by := c.t.standing(original)
	correction.StandingRuleSet = set
	schemas.Stand(e, by)
	c.original = original
	if superseded, ok := e.(*schemas.RuleSuperseded); ok {
		return c.superseded(superseded)
	}
	if changed, ok := original.(*schemas.OrderChanged); ok {
		if err := c.undoes(changed); err != nil {
			return err
		}
	}
	if c.builtUpon(original) {
		c.exception("OVER_COMMITTED", "what is voided was reserved, shipped, cancelled, consumed, delivered, lost, returned, invoiced or credited already, or kept a capture from being booked: void or correct that too", e)
	}
	return nil
}

// correctable refuses a correction that would take back twice, or from other books than its original's.
func (c *completion) correctable(e, original schemas.Event) error {
	correction := e.Header().Correction
	switch {
	case c.t.knows(voidedFact(original.Header().EventID)):
		return contract("meta.correction.corrected_event_id was voided before: what did not occur cannot be taken back twice")
	case original.EventType() != correction.CorrectedEventType:
		return contract("meta.correction.corrected_event_type is not the original's")
	case original.Header().LegalEntity != e.Header().LegalEntity:
		return contract("meta.legal_entity is not the original's")
	}
	switch x := e.(type) {
	case *schemas.ShipmentVoided:
		if o, ok := original.(*schemas.ShipmentShipped); !ok || o.ShipmentID != x.ShipmentID {
			return contract("shipment_id is not that of meta.correction's original")
		}
	case *schemas.RefundFailed:
		if o, ok := original.(*schemas.RefundIssued); !ok || o.RefundID != x.RefundID {
			return contract("refund_id is not that of meta.correction's original")
		}
	case *schemas.PaymentCaptureFailed:
		if o, ok := original.(*schemas.PaymentCaptured); !ok || o.PaymentID != x.PaymentID {
			return contract("payment_id is not that of meta.correction's original")
		}
	}
	return nil
}

// superseded keeps the period that the event itself belongs to: the new entry goes to the first open one (domain.md §2.6). The plan behind it knew which
// rule set stands; where another has come to stand since, it is of yesterday. The new one must be announced.
func (c *completion) superseded(x *schemas.RuleSuperseded) error {
	m := &x.Meta
	switch {
	case x.OldRuleSet == "" && c.t.superseded(m.Correction.CorrectedEventID):
		return contract("old_rule_set is missing, and an entry stands that an earlier rule.superseded gave: make a plan")
	case x.OldRuleSet != "" && x.OldRuleSet != m.Correction.StandingRuleSet:
		return contract("old_rule_set is not the set under which the entry stands: make the plan anew")
	}
	if !c.env.Reference.Announced(x.NewRuleSet, c.at) {
		// Not held, because what is held finds its original no more; and a set that no processor knows would stop them.
		return contract("new_rule_set is not announced: publish it to reference.rule_sets, then redrive")
	}
	of := c.original.Header()
	m.EffectiveDate = of.EffectiveDate
	m.Period, m.OriginalPeriod, m.Late = c.env.Reference.Judge(m.LegalEntity, of.EffectiveDate.V, c.at)
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
	case *schemas.ShipmentShipped:
		return slices.ContainsFunc(x.Lines, func(l schemas.ShipmentLine) bool { return c.shippedOn(x, &l) })
	case *schemas.ShipmentLost:
		return slices.ContainsFunc(x.Lines, func(l schemas.LostLine) bool {
			return atDelivery(x.Control) && c.shippedAgain(l.OrderLineID, l.Quantity.BaseQty)
		})
	case *schemas.PaymentCaptureFailed:
		return x.Meta.Correction == nil && !c.t.knows(failedFact(x.PaymentID, x.Amount, x.Meta.OccurredAt, x.Meta.EventID))
	case *schemas.ReturnReceived:
		return x.Against == schemas.ReturnAgainstUNDELIVERED && slices.ContainsFunc(x.Lines, func(l schemas.ReturnLine) bool { return c.shippedAgain(l.OrderLineID, l.Quantity.BaseQty) })
	}
	return false
}

// shippedOn says whether anything came of a shipment's line: it arrived, or will not, or was billed, by us or by its carrier, or so much of its order line came back.
func (c *completion) shippedOn(x *schemas.ShipmentShipped, l *schemas.ShipmentLine) bool {
	if atDelivery(x.Control) {
		if r := c.t.reservation(inTransit(x.ShipmentID), l.LineID); r != nil && r.Remaining.Cmp(l.Quantity.BaseQty) < 0 {
			return true
		}
	}
	for _, tally := range [...]string{lostOf(x.ShipmentID), returnedOf(x.ShipmentID), invoicedOf(x.ShipmentID)} {
		if c.t.counted(tally, l.LineID).Sign() > 0 {
			return true
		}
	}
	if c.t.knows(billedFact(x.ShipmentID)) {
		return true // the carrier's bill took the accrual off, and stands
	}
	p := c.t.line(l.OrderLineID)
	return p != nil && p.Credited.Cmp(p.Shipped.Sub(l.Quantity.BaseQty)) > 0
}

// shippedAgain says whether other goods have shipped in the place of what was lost or brought back, so that with these there would be too many.
func (c *completion) shippedAgain(orderLine string, q schemas.Decimal) bool {
	line, p := c.lineOf(orderLine), c.t.line(orderLine)
	return line != nil && p != nil && p.Shipped.Add(p.Cancelled).Add(q).Cmp(line.Quantity.BaseQty) > 0
}
