package atp

import (
	"fmt"

	"github.com/throughline/throughline/processors"
)

// DefaultRuleSet is the set in force until reference.rule_sets names another.
const DefaultRuleSet = "2010-01"

// RuleVersion names one version of one rule.
type RuleVersion struct {
	ID      string
	Version int
}

// RuleSet is a named list of rule versions. Admission stamps the name of the one in force at admitted_at (domain.md §2.6); one name
// stands for the rules of all processors.
type RuleSet struct {
	Name  string
	Rules []RuleVersion
}

// RuleSets is every set that this binary knows.
var RuleSets = []RuleSet{
	{Name: DefaultRuleSet, Rules: first},
	{Name: "2026-10", Rules: first}, // only accounts changed
}

var first = []RuleVersion{
	{"atp.order.accepted", 1}, {"atp.order.changed", 1}, {"atp.order.line_cancelled", 1}, {"atp.order.closed", 1},
	{"atp.cancellation.requested", 1},
	{"atp.inventory.expected", 1}, {"atp.inventory.expectation_changed", 1}, {"atp.inventory.received", 1}, {"atp.inventory.reserved", 1},
	{"atp.inventory.reservation_released", 1}, {"atp.inventory.adjusted", 1}, {"atp.inventory.status_changed", 1},
	{"atp.inventory.transfer_dispatched", 1}, {"atp.inventory.transfer_received", 1}, {"atp.inventory.snapshot_taken", 1},
	{"atp.inventory.cost_revalued", 1}, {"atp.inventory.policy_changed", 1},
	{"atp.fulfillment.released", 1}, {"atp.fulfillment.picked", 1}, {"atp.fulfillment.packed", 1}, {"atp.fulfillment.short_shipped", 1},
	{"atp.fulfillment.stop_confirmed", 1}, {"atp.fulfillment.stop_rejected", 1},
	{"atp.shipment.shipped", 1}, {"atp.shipment.voided", 1}, {"atp.shipment.delivered", 1}, {"atp.shipment.delivery_failed", 1},
	{"atp.shipment.returned_to_sender", 1}, {"atp.shipment.lost", 1},
	{"atp.invoice.issued", 1},
	{"atp.credit_memo.issued", 1},
	{"atp.receivable.written_off", 1}, {"atp.receivable.recovered", 1}, {"atp.receivable.reclassified", 1},
	{"atp.customer_payment.applied", 1},
	{"atp.gift_card.sold", 1}, {"atp.gift_card.revoked", 1}, {"atp.gift_card.breakage_recognised", 1},
	{"atp.freight.cost_billed", 1},
	{"atp.payment.authorized", 1}, {"atp.payment.voided", 1}, {"atp.payment.captured", 1}, {"atp.payment.capture_failed", 1},
	{"atp.payment.settled", 1},
	{"atp.refund.issued", 1}, {"atp.refund.failed", 1},
	{"atp.psp.fee_charged", 1},
	{"atp.marketplace_fee.charged", 1},
	{"atp.payout.paid", 1}, {"atp.payout.failed", 1},
	{"atp.bank.statement_line_matched", 1},
	{"atp.dispute.opened", 1}, {"atp.dispute.won", 1}, {"atp.dispute.lost", 1},
	{"atp.return.authorised", 1}, {"atp.return.received", 1}, {"atp.return.dispositioned", 1}, {"atp.return.closed_not_received", 1},
	{"atp.event.voided", 1},
	{"atp.rule.superseded", 1},
	{"atp.period.closed", 1}, {"atp.period.reopened", 1},
}

func ruleSet(name string) (*RuleSet, error) {
	if name == "" {
		return nil, missing("meta.rule_set")
	}
	for i := range RuleSets {
		if RuleSets[i].Name == name {
			return &RuleSets[i], nil
		}
	}
	return nil, fmt.Errorf("%w: atp was built without %q; deploy a binary that knows it", processors.ErrUnknownRuleSet, name)
}

// rule finds the version of an event's rule that the set names.
func (s *RuleSet) rule(eventType string, table []Rule) *Rule {
	for i := range table {
		if table[i].Event == eventType && s.names(&table[i]) {
			return &table[i]
		}
	}
	return nil
}

func (s *RuleSet) names(r *Rule) bool {
	for i := range s.Rules {
		if s.Rules[i].ID == r.ID {
			return s.Rules[i].Version == r.Version
		}
	}
	return false
}
