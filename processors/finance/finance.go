package finance

import (
	"fmt"
	"sync"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// Rule says what one version of one rule posts for one type of event.
type Rule struct {
	ID      string // stable code; it is part of every entry id
	Version int    // moves only when the rule or the mapping it reads changes
	Event   string
	post    func(*draft, schemas.Event) error
}

// rules is every version of every rule that was ever in force: ONE LINE PER RULE. Old versions stay beside the new one.
var rules = []Rule{
	{"order.accepted", 1, "order.accepted", nothing},
	{"order.changed", 1, "order.changed", nothing},
	{"order.line_cancelled", 1, "order.line_cancelled", nothing},
	{"order.closed", 1, "order.closed", nothing},
	{"cancellation.requested", 1, "cancellation.requested", nothing},
	{"inventory.expected", 1, "inventory.expected", nothing},
	{"inventory.expectation_changed", 1, "inventory.expectation_changed", nothing},
	{"inventory.received", 1, "inventory.received", on(inventoryReceived)},
	{"inventory.reserved", 1, "inventory.reserved", nothing},
	{"inventory.reservation_released", 1, "inventory.reservation_released", nothing},
	{"inventory.adjusted", 1, "inventory.adjusted", on(inventoryAdjusted)},
	{"inventory.status_changed", 1, "inventory.status_changed", nothing},
	{"inventory.transfer_dispatched", 1, "inventory.transfer_dispatched", on(inventoryTransferDispatched)},
	{"inventory.transfer_received", 1, "inventory.transfer_received", on(inventoryTransferReceived)},
	{"inventory.snapshot_taken", 1, "inventory.snapshot_taken", nothing},
	{"inventory.cost_revalued", 1, "inventory.cost_revalued", on(inventoryCostRevalued)},
	{"inventory.policy_changed", 1, "inventory.policy_changed", nothing},
	{"fulfillment.released", 1, "fulfillment.released", nothing},
	{"fulfillment.picked", 1, "fulfillment.picked", nothing},
	{"fulfillment.packed", 1, "fulfillment.packed", nothing},
	{"fulfillment.short_shipped", 1, "fulfillment.short_shipped", nothing},
	{"fulfillment.stop_confirmed", 1, "fulfillment.stop_confirmed", nothing},
	{"fulfillment.stop_rejected", 1, "fulfillment.stop_rejected", nothing},
	{"shipment.shipped", 1, "shipment.shipped", on(shipmentShipped)},
	{"shipment.shipped", 2, "shipment.shipped", on(shipmentShipped)}, // reads chart 2026-10
	{"shipment.voided", 1, "shipment.voided", reversed},
	{"shipment.delivered", 1, "shipment.delivered", on(shipmentDelivered)},
	{"shipment.delivered", 2, "shipment.delivered", on(shipmentDelivered)},
	{"shipment.delivery_failed", 1, "shipment.delivery_failed", nothing},
	{"shipment.returned_to_sender", 1, "shipment.returned_to_sender", nothing},
	{"shipment.lost", 1, "shipment.lost", on(shipmentLost)},
	{"invoice.issued", 1, "invoice.issued", on(invoiceIssued)},
	{"credit_memo.issued", 1, "credit_memo.issued", on(creditMemoIssued)},
	{"receivable.written_off", 1, "receivable.written_off", on(receivableWrittenOff)},
	{"receivable.recovered", 1, "receivable.recovered", on(receivableRecovered)},
	{"receivable.reclassified", 1, "receivable.reclassified", on(receivableReclassified)},
	{"customer_payment.applied", 1, "customer_payment.applied", on(customerPaymentApplied)},
	{"gift_card.sold", 1, "gift_card.sold", on(giftCardSold)},
	{"gift_card.revoked", 1, "gift_card.revoked", on(giftCardRevoked)},
	{"gift_card.breakage_recognised", 1, "gift_card.breakage_recognised", on(giftCardBreakageRecognised)},
	{"freight.cost_billed", 1, "freight.cost_billed", on(freightCostBilled)},
	{"payment.authorized", 1, "payment.authorized", nothing},
	{"payment.voided", 1, "payment.voided", nothing},
	{"payment.captured", 1, "payment.captured", on(paymentCaptured)},
	{"payment.capture_failed", 1, "payment.capture_failed", reversed},
	{"refund.issued", 1, "refund.issued", on(refundIssued)},
	{"refund.failed", 1, "refund.failed", reversed},
	{"psp.fee_charged", 1, "psp.fee_charged", on(pspFeeCharged)},
	{"marketplace_fee.charged", 1, "marketplace_fee.charged", on(marketplaceFeeCharged)},
	{"payment.settled", 1, "payment.settled", on(paymentSettled)},
	{"payout.paid", 1, "payout.paid", on(payoutPaid)},
	{"payout.failed", 1, "payout.failed", on(payoutFailed)},
	{"bank.statement_line_matched", 1, "bank.statement_line_matched", on(bankStatementLineMatched)},
	{"dispute.opened", 1, "dispute.opened", on(disputeOpened)},
	{"dispute.won", 1, "dispute.won", on(disputeWon)},
	{"dispute.lost", 1, "dispute.lost", on(disputeLost)},
	{"return.authorised", 1, "return.authorised", nothing},
	{"return.received", 1, "return.received", on(returnReceived)},
	{"return.dispositioned", 1, "return.dispositioned", on(returnDispositioned)},
	{"return.closed_not_received", 1, "return.closed_not_received", on(returnClosedNotReceived)},
	{"event.voided", 1, "event.voided", reversed},
	{"rule.superseded", 1, "rule.superseded", on(ruleSuperseded)},
	{"period.closed", 1, "period.closed", nothing},
	{"period.reopened", 1, "period.reopened", nothing},
}

// Processor is the derivation with its topology.
func Processor() processors.Processor {
	return processors.Processor{
		Name:    "finance",
		From:    schemas.CanonicalTopics(),
		To:      []string{schemas.TopicJournal, schemas.TopicExceptions},
		Redrive: schemas.RedriveFinance,
		Derive:  Derive,
		Silent:  func(eventType string) bool { return silentTypes()[eventType] },
	}
}

// silentTypes are the event types for which no rule set that was ever in force has a rule that looks at them.
var silentTypes = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for i := range rules {
		was, known := all[rules[i].Event]
		all[rules[i].Event] = rules[i].post == nil && (was || !known)
	}
	return all
})

// Derive gives the journal entry of a canonical event, if it has one, and the exceptions that go with it. Errors are
// schemas.PoisonError, or processors.ErrUnknownRuleSet where the event was stamped with a set this binary does not know.
func Derive(e schemas.Event) ([]schemas.Event, error) {
	d, err := post(e, e.Header().RuleSet, rules)
	if err != nil {
		return nil, err
	}
	return d.events()
}

// Expects says whether an entry must follow from e. It asks the rules themselves; where they find e wanting, an entry is
// expected, so that only a dead letter explains its absence.
func Expects(e schemas.Event) bool {
	d, err := post(e, e.Header().RuleSet, rules)
	return err != nil || len(d.lines) > 0 || (d.then != nil && len(d.then.lines) > 0) // the draft says it; an entry need not be written out for that
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

// post drafts the entry of e under a rule set. The table comes as an argument because the rule of event.voided, which is
// in it, drafts the voided event by it.
func post(e schemas.Event, setName string, table []Rule) (*draft, error) {
	set, err := ruleSet(setName)
	if err != nil {
		return nil, err
	}
	chart, err := set.charted()
	if err != nil {
		return nil, err
	}
	r := set.rule(e.EventType(), table)
	if r == nil {
		return nil, contract(fmt.Sprintf("meta.event_type: rule set %s has no rule for %s; add a line to processors/finance/finance.go", set.Name, e.EventType()))
	}
	d := &draft{cause: e, rule: r, table: table, chart: chart, audit: set.Audit, mode: set.Rounding}
	if r.post == nil {
		return d, nil
	}
	if err := r.post(d, e); err != nil {
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

// nothing is the rule of events that move no money: an order that may still be cancelled is neither asset nor liability, what is
// expected, reserved, picked or held is still ours at the same value, and an authorisation is only a promise (domain.md §2.3,
// first row).
// It is nil, so that it can be told: see silentTypes.
var nothing func(*draft, schemas.Event) error
