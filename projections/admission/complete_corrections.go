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
	if c.elsewhere(original) {
		c.exception("DEMAND_MOVED", "the order line has moved to another SKU, place or date since: the void changes open demand where it stood, so that both places are off by it; change the order to correct them", e)
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
			p, now := c.t.line(l.LineID), c.lineOf(l.LineID)
			return goods(l.Kind) && (p != nil && p.Demand.Cmp(l.Quantity.BaseQty) < 0 || now == nil || !now.Quantity.BaseQty.Equal(l.Quantity.BaseQty))
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
		return slices.ContainsFunc(x.Lines, func(l schemas.ReturnLine) bool {
			return c.t.counted(dispositionedOf(x.ReceiptID), l.LineID).Sign() > 0 ||
				x.Against == schemas.ReturnAgainstUNDELIVERED && c.shippedAgain(l.OrderLineID, l.Quantity.BaseQty)
		})
	}
	return c.usedUp(original)
}

// usedUp says whether later events took what a voided one had announced, sent or given back.
func (c *completion) usedUp(original schemas.Event) bool {
	taken := func(document, line string, q schemas.Decimal) bool {
		r := c.t.reservation(document, line)
		return r != nil && r.Remaining.Cmp(q) < 0
	}
	demandGone := func(line string, q schemas.Decimal) bool {
		p := c.t.line(line)
		return p != nil && p.Demand.Cmp(q) < 0
	}
	switch x := original.(type) {
	case *schemas.InventoryTransferDispatched:
		return slices.ContainsFunc(x.Lines, func(l schemas.DispatchedLine) bool {
			return taken(onTheWay(x.DispatchID), l.LineID, l.Quantity.BaseQty)
		})
	case *schemas.ReturnAuthorised:
		return slices.ContainsFunc(x.Lines, func(l schemas.AuthorisedLine) bool { return taken(comingBack(x.RMAID), l.LineID, l.Quantity.BaseQty) })
	case *schemas.ShipmentReturnedToSender:
		return slices.ContainsFunc(x.Lines, func(l schemas.ReturningLine) bool {
			return taken(returningTo(x.ReturnID), l.ShipmentLineID, l.Quantity.BaseQty)
		})
	case *schemas.InventoryReservationReleased:
		return x.ReturnsTo == schemas.ReturnsToOPEN_DEMAND && slices.ContainsFunc(x.Lines, func(l schemas.ReleaseLine) bool { return demandGone(l.LineID, l.Quantity.BaseQty) })
	case *schemas.FulfillmentShortShipped:
		return slices.ContainsFunc(x.Lines, func(l schemas.ShortLine) bool {
			return l.ReservationID != "" && l.Outcome != schemas.ShortOutcomeCANCEL && l.Outcome != schemas.ShortOutcomeWAIT && demandGone(l.OrderLineID, l.Quantity.BaseQty)
		})
	}
	return false
}

// elsewhere says whether an order line's demand has moved to another SKU, place or date since an event took some of it or gave some back: what its void moves is where the demand stood then.
func (c *completion) elsewhere(original schemas.Event) bool {
	moved := func(id, sku, location string, date schemas.Opt[schemas.Date], q schemas.Decimal) bool {
		line := c.lineOf(id)
		if line == nil || q.IsZero() {
			return false
		}
		nowDate, nowLocation := demandOf(line)
		return demandSKU(line) != sku || nowLocation != location || nowDate != date
	}
	switch x := original.(type) {
	case *schemas.ShipmentShipped:
		return slices.ContainsFunc(x.Lines, func(l schemas.ShipmentLine) bool {
			return moved(l.OrderLineID, l.DemandSKU, l.DemandLocation, l.DemandDate, l.DemandConsumed.V)
		})
	case *schemas.InventoryReserved:
		return slices.ContainsFunc(x.Lines, func(l schemas.ReservationLine) bool {
			return moved(l.LineID, l.DemandSKU, l.DemandLocation, l.DemandDate, l.DemandConsumed.V)
		})
	case *schemas.InventoryReservationReleased:
		return x.ReturnsTo == schemas.ReturnsToOPEN_DEMAND && slices.ContainsFunc(x.Lines, func(l schemas.ReleaseLine) bool {
			return moved(l.LineID, l.DemandSKU, l.DemandLocation, l.DemandDate, l.Quantity.BaseQty)
		})
	case *schemas.OrderLineCancelled:
		return slices.ContainsFunc(x.Lines, func(l schemas.CancelledLine) bool {
			return l.ReleasedFrom == schemas.ReleasedFromOPEN_DEMAND && l.Stock != nil && moved(l.LineID, l.Stock.SKU, l.DemandLocation, l.DemandDate, l.Quantity.BaseQty)
		})
	case *schemas.FulfillmentShortShipped:
		return slices.ContainsFunc(x.Lines, func(l schemas.ShortLine) bool {
			return l.Outcome != schemas.ShortOutcomeWAIT && moved(l.OrderLineID, l.DemandSKU, l.DemandLocation, l.DemandDate, l.Quantity.BaseQty)
		})
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
