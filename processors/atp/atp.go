package atp

import (
	"fmt"
	"sync"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// Rule says what one version of one rule moves for one type of event.
type Rule struct {
	ID      string // stable code; it is part of every delta id, and no rule of another processor has it
	Version int    // moves only when the rule changes
	Event   string
	move    func(*draft, schemas.Event) error
}

// rules is every version of every rule that was ever in force: ONE LINE PER RULE. Old versions stay beside the new one.
var rules = []Rule{
	{"atp.order.accepted", 1, "order.accepted", on(orderAccepted)},
	{"atp.order.changed", 1, "order.changed", on(orderChanged)},
	{"atp.order.line_cancelled", 1, "order.line_cancelled", on(orderLineCancelled)},
	{"atp.order.closed", 1, "order.closed", nothing},
	{"atp.cancellation.requested", 1, "cancellation.requested", nothing},
	{"atp.inventory.expected", 1, "inventory.expected", on(inventoryExpected)},
	{"atp.inventory.expectation_changed", 1, "inventory.expectation_changed", on(inventoryExpectationChanged)},
	{"atp.inventory.received", 1, "inventory.received", on(inventoryReceived)},
	{"atp.inventory.reserved", 1, "inventory.reserved", on(inventoryReserved)},
	{"atp.inventory.reservation_released", 1, "inventory.reservation_released", on(inventoryReservationReleased)},
	{"atp.inventory.adjusted", 1, "inventory.adjusted", on(inventoryAdjusted)},
	{"atp.inventory.status_changed", 1, "inventory.status_changed", on(inventoryStatusChanged)},
	{"atp.inventory.transfer_dispatched", 1, "inventory.transfer_dispatched", on(inventoryTransferDispatched)},
	{"atp.inventory.transfer_received", 1, "inventory.transfer_received", on(inventoryTransferReceived)},
	{"atp.inventory.snapshot_taken", 1, "inventory.snapshot_taken", nothing},
	{"atp.inventory.cost_revalued", 1, "inventory.cost_revalued", nothing},
	{"atp.inventory.policy_changed", 1, "inventory.policy_changed", on(inventoryPolicyChanged)},
	{"atp.fulfillment.released", 1, "fulfillment.released", nothing},
	{"atp.fulfillment.picked", 1, "fulfillment.picked", nothing},
	{"atp.fulfillment.packed", 1, "fulfillment.packed", nothing},
	{"atp.fulfillment.short_shipped", 1, "fulfillment.short_shipped", on(fulfillmentShortShipped)},
	{"atp.fulfillment.stop_confirmed", 1, "fulfillment.stop_confirmed", nothing},
	{"atp.fulfillment.stop_rejected", 1, "fulfillment.stop_rejected", nothing},
	{"atp.shipment.shipped", 1, "shipment.shipped", on(shipmentShipped)},
	{"atp.shipment.voided", 1, "shipment.voided", reversed},
	{"atp.shipment.delivered", 1, "shipment.delivered", nothing},
	{"atp.shipment.delivery_failed", 1, "shipment.delivery_failed", nothing},
	{"atp.shipment.returned_to_sender", 1, "shipment.returned_to_sender", on(shipmentReturnedToSender)},
	{"atp.shipment.lost", 1, "shipment.lost", nothing},
	{"atp.invoice.issued", 1, "invoice.issued", nothing},
	{"atp.credit_memo.issued", 1, "credit_memo.issued", nothing},
	{"atp.receivable.written_off", 1, "receivable.written_off", nothing},
	{"atp.receivable.recovered", 1, "receivable.recovered", nothing},
	{"atp.receivable.reclassified", 1, "receivable.reclassified", nothing},
	{"atp.customer_payment.applied", 1, "customer_payment.applied", nothing},
	{"atp.gift_card.sold", 1, "gift_card.sold", nothing},
	{"atp.gift_card.revoked", 1, "gift_card.revoked", nothing},
	{"atp.gift_card.breakage_recognised", 1, "gift_card.breakage_recognised", nothing},
	{"atp.freight.cost_billed", 1, "freight.cost_billed", nothing},
	{"atp.payment.authorized", 1, "payment.authorized", nothing},
	{"atp.payment.voided", 1, "payment.voided", nothing},
	{"atp.payment.captured", 1, "payment.captured", nothing},
	{"atp.payment.capture_failed", 1, "payment.capture_failed", nothing},
	{"atp.refund.issued", 1, "refund.issued", nothing},
	{"atp.refund.failed", 1, "refund.failed", nothing},
	{"atp.psp.fee_charged", 1, "psp.fee_charged", nothing},
	{"atp.marketplace_fee.charged", 1, "marketplace_fee.charged", nothing},
	{"atp.payment.settled", 1, "payment.settled", nothing},
	{"atp.payout.paid", 1, "payout.paid", nothing},
	{"atp.payout.failed", 1, "payout.failed", nothing},
	{"atp.bank.statement_line_matched", 1, "bank.statement_line_matched", nothing},
	{"atp.dispute.opened", 1, "dispute.opened", nothing},
	{"atp.dispute.won", 1, "dispute.won", nothing},
	{"atp.dispute.lost", 1, "dispute.lost", nothing},
	{"atp.return.authorised", 1, "return.authorised", on(returnAuthorised)},
	{"atp.return.received", 1, "return.received", on(returnReceived)},
	{"atp.return.dispositioned", 1, "return.dispositioned", on(returnDispositioned)},
	{"atp.return.closed_not_received", 1, "return.closed_not_received", on(returnClosedNotReceived)},
	{"atp.event.voided", 1, "event.voided", reversed},
	{"atp.rule.superseded", 1, "rule.superseded", nothing},
	{"atp.period.closed", 1, "period.closed", nothing},
	{"atp.period.reopened", 1, "period.reopened", nothing},
}

// Processor is the derivation with its topology.
func Processor() processors.Processor {
	return processors.Processor{
		Name:    "atp-deltas",
		From:    schemas.CanonicalTopics(),
		To:      []string{schemas.TopicDeltas},
		Redrive: schemas.RedriveDeltas,
		Derive:  Derive,
		Silent:  func(eventType string) bool { return silentTypes()[eventType] },
	}
}

// silentTypes are the event types for which no rule set that was ever in force has a rule that looks at them.
var silentTypes = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for i := range rules {
		was, known := all[rules[i].Event]
		all[rules[i].Event] = rules[i].move == nil && (was || !known)
	}
	return all
})

// Derive gives the stock deltas of a canonical event, one per location and shard, sorted. Errors are schemas.PoisonError, or
// processors.ErrUnknownRuleSet where the event was stamped with a set this binary does not know.
func Derive(e schemas.Event) ([]schemas.Event, error) {
	d, err := post(e, e.Header().RuleSet, rules)
	if err != nil {
		return nil, err
	}
	return d.events(), nil
}

// Expects says whether a delta must follow from e. It asks the rules themselves; where they find e wanting, a delta is expected, so
// that only a dead letter explains its absence.
func Expects(e schemas.Event) bool {
	d, err := post(e, e.Header().RuleSet, rules)
	return err != nil || len(d.changes) > 0 // the draft says it; records need not be written out for that
}

// RuleOf names the rule of an event type, and its version, in the default rule set; "" where there is none.
func RuleOf(eventType string) (id string, version int) {
	set, err := ruleSet(DefaultRuleSet)
	if err != nil {
		return "", 0
	}
	if r := set.rule(eventType, rules); r != nil {
		return r.ID, r.Version
	}
	return "", 0
}

// post drafts the deltas of e under a rule set. The table comes as an argument because the rule of event.voided, which is in it,
// drafts the voided event by it.
func post(e schemas.Event, setName string, table []Rule) (*draft, error) {
	set, err := ruleSet(setName)
	if err != nil {
		return nil, err
	}
	r := set.rule(e.EventType(), table)
	if r == nil {
		return nil, contract(fmt.Sprintf("meta.event_type: rule set %s has no rule for %s; add a line to processors/atp/atp.go", set.Name, e.EventType()))
	}
	d := &draft{cause: e, rule: r, table: table}
	if r.move == nil {
		return d, nil
	}
	if err := r.move(d, e); err != nil {
		return nil, err
	}
	return d, d.finish()
}

// on adapts a rule for one type of event to the table.
func on[E schemas.Event](rule func(*draft, E) error) func(*draft, schemas.Event) error {
	return func(d *draft, e schemas.Event) error {
		x, ok := e.(E)
		if !ok {
			return contract("meta.event_type is not the type of the record")
		}
		return rule(d, x)
	}
}

// nothing is the rule of events that move no stock: picking and packing are labels on what is reserved, and money never moves goods.
// A credit memo least of all: stock comes back when it arrives, not on paper (domain.md §3.3).
// It is nil, so that it can be told: see silentTypes.
var nothing func(*draft, schemas.Event) error
