package finance

import (
	"reflect"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// kind is what a rule does with its event.
type kind string

const (
	posts   kind = "posts"
	silent  kind = "posts nothing by rule"
	negates kind = "negates its original"
	rebooks kind = "books its original by other rules"
)

// kindOf asks the function behind a rule, not its name.
func kindOf(r *Rule) kind {
	switch {
	case r.post == nil:
		return silent
	case reflect.ValueOf(r.post).Pointer() == reflect.ValueOf(reversed).Pointer():
		return negates
	case r.Event == "rule.superseded":
		return rebooks
	}
	return posts
}

// TestCatalogHasOnePlaceForEveryFact: every fact that anybody may publish posts, posts nothing by rule, or corrects another, in every rule set; what
// domain.md §2.3 says of each stands here once more, so that a rule that is forgotten, doubled or emptied fails (domain.md §2.8, 7).
func TestCatalogHasOnePlaceForEveryFact(t *testing.T) {
	law := map[kind][]string{
		silent: {
			"order.accepted", "order.changed", "order.line_cancelled", "order.closed", "cancellation.requested",
			"inventory.expected", "inventory.expectation_changed", "inventory.reserved", "inventory.reservation_released", "inventory.status_changed",
			"inventory.snapshot_taken", "inventory.policy_changed",
			"fulfillment.released", "fulfillment.picked", "fulfillment.packed", "fulfillment.short_shipped", "fulfillment.stop_confirmed", "fulfillment.stop_rejected",
			"shipment.delivery_failed", "shipment.returned_to_sender", "payment.authorized", "payment.voided", "return.authorised",
			"period.closed", "period.reopened",
		},
		posts: {
			"inventory.received", "inventory.adjusted", "inventory.transfer_dispatched", "inventory.transfer_received", "inventory.cost_revalued",
			"shipment.shipped", "shipment.delivered", "shipment.lost", "invoice.issued", "credit_memo.issued",
			"receivable.written_off", "receivable.recovered", "receivable.reclassified", "customer_payment.applied",
			"gift_card.sold", "gift_card.revoked", "gift_card.breakage_recognised", "freight.cost_billed",
			"payment.captured", "refund.issued", "psp.fee_charged", "marketplace_fee.charged", "payment.settled", "payout.paid", "payout.failed",
			"bank.statement_line_matched", "dispute.opened", "dispute.won", "dispute.lost",
			"return.received", "return.dispositioned", "return.closed_not_received",
		},
		negates: {"event.voided", "shipment.voided", "refund.failed", "payment.capture_failed"},
		rebooks: {"rule.superseded"},
	}
	want := map[string]kind{}
	for k, types := range law {
		for _, event := range types {
			if other, twice := want[event]; twice {
				t.Errorf("%s %s and %s", event, other, k)
			}
			want[event] = k
		}
	}
	generatedTypes := map[string]bool{}
	for _, e := range generated(seed, 1) {
		generatedTypes[e.EventType()] = true
	}
	for _, fact := range schemas.Catalog {
		if fact.Kind != schemas.Fact {
			continue
		}
		k, known := want[fact.Type]
		delete(want, fact.Type)
		if !known {
			t.Errorf("%s is in the catalog, and nobody says whether it posts", fact.Type)
			continue
		}
		for _, set := range RuleSets {
			r := set.rule(fact.Type, rules)
			if r == nil || kindOf(r) != k {
				t.Errorf("set %s: %s %s, and its rule is %v", set.Name, fact.Type, k, r)
			}
		}
		if Processor().Silent(fact.Type) != (k == silent) {
			t.Errorf("%s %s, and the loop is told that its body need not be read: %v", fact.Type, k, k != silent)
		}
		if generatedTypes[fact.Type] != (k == posts) {
			t.Errorf("%s %s; generated for the properties: %v", fact.Type, k, generatedTypes[fact.Type])
		}
	}
	for event := range want {
		t.Errorf("%s is not in the catalog", event)
	}
}
