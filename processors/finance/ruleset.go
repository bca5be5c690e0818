package finance

import (
	"fmt"
	"slices"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// DefaultRuleSet is the set in force until reference.rule_sets names another.
const DefaultRuleSet = "2010-01"

// RuleVersion names one version of one rule.
type RuleVersion struct {
	ID      string
	Version int
}

// RuleSet is a named list of rule versions. Admission stamps the name of the one in force at admitted_at (domain.md §2.6);
// a set, once activated, never changes.
type RuleSet struct {
	Name     string
	Rounding schemas.RoundingMode // of functional amounts and slices (domain.md §2.5 rule 6)
	Chart    string               // version of the chart of accounts: chart/<version>.csv
	Audit    bool                 // a role without an account there: true, it stands on its default code with exception E18; false, the event is a letter
	Rules    []RuleVersion
}

// RuleSets is every set that this binary knows. A set that was activated never changes; a new one names what it does otherwise.
var RuleSets = []RuleSet{
	{Name: DefaultRuleSet, Rounding: schemas.HalfUp, Chart: "2010-01", Rules: first},
	// Revenue on Amazon stands on an account of its own.
	{Name: "2026-10", Rounding: schemas.HalfUp, Chart: "2026-10", Rules: but(first, RuleVersion{"shipment.shipped", 2}, RuleVersion{"shipment.delivered", 2})},
}

// but is a list of rules with other versions of some.
func but(rules []RuleVersion, changed ...RuleVersion) []RuleVersion {
	all := slices.Clone(rules)
	for _, c := range changed {
		for i := range all {
			if all[i].ID == c.ID {
				all[i] = c
			}
		}
	}
	return all
}

// first is every rule as it was at first.
var first = []RuleVersion{
	{"order.accepted", 1}, {"order.changed", 1}, {"order.line_cancelled", 1}, {"order.closed", 1},
	{"cancellation.requested", 1}, {"inventory.expected", 1}, {"inventory.expectation_changed", 1}, {"inventory.received", 1},
	{"inventory.reserved", 1}, {"inventory.reservation_released", 1}, {"inventory.adjusted", 1},
	{"inventory.status_changed", 1}, {"inventory.transfer_dispatched", 1}, {"inventory.transfer_received", 1},
	{"inventory.snapshot_taken", 1}, {"inventory.cost_revalued", 1}, {"inventory.policy_changed", 1},
	{"fulfillment.released", 1}, {"fulfillment.picked", 1}, {"fulfillment.packed", 1}, {"fulfillment.short_shipped", 1},
	{"fulfillment.stop_confirmed", 1}, {"fulfillment.stop_rejected", 1}, {"shipment.shipped", 1}, {"shipment.voided", 1},
	{"shipment.delivered", 1}, {"shipment.delivery_failed", 1}, {"shipment.returned_to_sender", 1}, {"shipment.lost", 1},
	{"invoice.issued", 1}, {"credit_memo.issued", 1}, {"receivable.written_off", 1}, {"receivable.recovered", 1},
	{"receivable.reclassified", 1}, {"customer_payment.applied", 1}, {"gift_card.sold", 1}, {"gift_card.revoked", 1},
	{"gift_card.breakage_recognised", 1}, {"freight.cost_billed", 1}, {"payment.authorized", 1}, {"payment.voided", 1},
	{"payment.captured", 1}, {"payment.capture_failed", 1}, {"refund.issued", 1}, {"refund.failed", 1},
	{"psp.fee_charged", 1}, {"marketplace_fee.charged", 1}, {"payment.settled", 1}, {"payout.paid", 1}, {"payout.failed", 1},
	{"bank.statement_line_matched", 1}, {"dispute.opened", 1}, {"dispute.won", 1}, {"dispute.lost", 1},
	{"return.authorised", 1}, {"return.received", 1}, {"return.dispositioned", 1}, {"return.closed_not_received", 1},
	{"event.voided", 1}, {"rule.superseded", 1}, {"period.closed", 1}, {"period.reopened", 1},
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
	return nil, fmt.Errorf("%w: finance was built without %q; deploy a binary that knows it", processors.ErrUnknownRuleSet, name)
}

// charted is the set's version of the chart.
func (s *RuleSet) charted() (*mapping, error) {
	all, err := charts()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", processors.ErrUnknownRuleSet, err)
	}
	if m := all[s.Chart]; m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("%w: rule set %s names chart %q, which finance was built without; deploy a binary that knows it", processors.ErrUnknownRuleSet, s.Name, s.Chart)
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
