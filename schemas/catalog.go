package schemas

import "strings"

// Kind says who may publish an event.
type Kind uint8

const (
	Fact      Kind = iota // a source publishes it to intake.<domain>; admission writes it to <domain>
	Derived               // a processor, projection or loop derives it
	Reference             // reference data, published to its compacted topic
	Internal              // between our own loops and operators
)

// Entry is one line of the catalog.
type Entry struct {
	Type  string // stable: entity and past participle
	Kind  Kind
	Topic string // facts: the domain, which is also the canonical topic's name; others: the topic itself; "" = its original's
	Root  string // facts: the document that gives the thread where no order does
	Owner string // the team that answers for it, and for its dead letters
}

// Catalog is every event: type → topic → key → owner. Facts are keyed by source document on intake.<domain> and by thread on the
// canonical topic; journal entries by thread; deltas by location and SKU shard; positions by SKU and location.
var Catalog = []Entry{
	{"order.accepted", Fact, "orders", "order", "Ecommerce"},
	{"order.changed", Fact, "orders", "order", "Ecommerce"},
	{"order.line_cancelled", Fact, "orders", "order", "Ecommerce"},
	{"order.closed", Fact, "orders", "order", "Ecommerce"},
	{"cancellation.requested", Fact, "orders", "order", "Customer service"},
	{"inventory.expected", Fact, "inventory", "inbound document", "Inventory control"},
	{"inventory.expectation_changed", Fact, "inventory", "inbound document", "Inventory control"},
	{"inventory.received", Fact, "inventory", "receipt", "Inventory control"},
	{"inventory.reserved", Fact, "inventory", "transfer", "Inventory control"},
	{"inventory.reservation_released", Fact, "inventory", "transfer", "Inventory control"},
	{"inventory.adjusted", Fact, "inventory", "count", "Inventory control"},
	{"inventory.status_changed", Fact, "inventory", "status change", "Inventory control"},
	{"inventory.transfer_dispatched", Fact, "inventory", "transfer", "Warehouse ops"},
	{"inventory.transfer_received", Fact, "inventory", "transfer", "Warehouse ops"},
	{"inventory.snapshot_taken", Fact, "inventory", "snapshot", "Inventory control"},
	{"inventory.cost_revalued", Fact, "inventory", "revaluation", "Controller"},
	{"inventory.policy_changed", Fact, "inventory", "policy change", "Inventory control"},
	{"fulfillment.released", Fact, "fulfillment", "order", "Warehouse ops"},
	{"fulfillment.picked", Fact, "fulfillment", "order", "Warehouse ops"},
	{"fulfillment.packed", Fact, "fulfillment", "order", "Warehouse ops"},
	{"fulfillment.short_shipped", Fact, "fulfillment", "order", "Warehouse ops"},
	{"fulfillment.stop_confirmed", Fact, "fulfillment", "order", "Warehouse ops"},
	{"fulfillment.stop_rejected", Fact, "fulfillment", "order", "Warehouse ops"},
	{"shipment.shipped", Fact, "fulfillment", "order", "Warehouse ops"},
	{"shipment.voided", Fact, "fulfillment", "order", "Warehouse ops"},
	{"shipment.delivered", Fact, "fulfillment", "order", "Logistics"},
	{"shipment.delivery_failed", Fact, "fulfillment", "order", "Logistics"},
	{"shipment.returned_to_sender", Fact, "fulfillment", "order", "Logistics"},
	{"shipment.lost", Fact, "fulfillment", "order", "Logistics"},
	{"invoice.issued", Fact, "billing", "invoice", "Billing"},
	{"credit_memo.issued", Fact, "billing", "credit memo", "AR"},
	{"receivable.written_off", Fact, "billing", "invoice", "AR"},
	{"receivable.recovered", Fact, "billing", "invoice", "AR"},
	{"receivable.reclassified", Fact, "billing", "invoice", "AR"},
	{"customer_payment.applied", Fact, "billing", "remittance", "AR"},
	{"gift_card.sold", Fact, "billing", "gift card", "Finance"},
	{"gift_card.revoked", Fact, "billing", "gift card", "Finance"},
	{"gift_card.breakage_recognised", Fact, "billing", "gift card", "Finance"},
	{"freight.cost_billed", Fact, "billing", "freight bill", "Logistics"},
	{"payment.authorized", Fact, "payments", "payment", "Payments ops"},
	{"payment.voided", Fact, "payments", "payment", "Payments ops"},
	{"payment.captured", Fact, "payments", "payment", "Payments ops"},
	{"payment.capture_failed", Fact, "payments", "payment", "Payments ops"},
	{"refund.issued", Fact, "payments", "payment", "Customer service"},
	{"refund.failed", Fact, "payments", "payment", "Customer service"},
	{"psp.fee_charged", Fact, "payments", "payment", "Payments ops"},
	{"marketplace_fee.charged", Fact, "payments", "payment", "Payments ops"},
	{"payment.settled", Fact, "payments", "payment", "Payments ops"},
	{"payout.paid", Fact, "payments", "payout", "Treasury"},
	{"payout.failed", Fact, "payments", "payout", "Treasury"},
	{"bank.statement_line_matched", Fact, "payments", "bank line", "Treasury"},
	{"dispute.opened", Fact, "payments", "payment", "Risk"},
	{"dispute.won", Fact, "payments", "payment", "Risk"},
	{"dispute.lost", Fact, "payments", "payment", "Risk"},
	{"return.authorised", Fact, "returns", "RMA", "Returns"},
	{"return.received", Fact, "returns", "RMA", "Returns"},
	{"return.dispositioned", Fact, "returns", "RMA", "Returns"},
	{"return.closed_not_received", Fact, "returns", "RMA", "Returns"},
	{"event.voided", Fact, "", "original", "Integration platform"},
	{"rule.superseded", Fact, "", "original", "Controller"},
	{"period.closed", Fact, "periods", "period", "Controller"},
	{"period.reopened", Fact, "periods", "period", "Controller"},

	{"journal.entry", Derived, "finance.journal", "", "Controller"},
	{"journal.linked", Derived, "finance.chain", "", "Controller"},
	{"close.recorded", Derived, "finance.closes", "", "Controller"},
	{"stock.delta", Derived, "inventory.deltas", "", "Inventory control"},
	{"stock.position", Derived, "inventory.positions", "", "Inventory control"},
	{"dead.letter", Derived, "dead-letters", "", "Integration platform"},
	{"exception.raised", Derived, "exceptions", "", "Integration platform"},
	{"admission.outcome", Derived, "admission.outcomes", "", "Integration platform"},

	{"reference.item", Reference, "reference.items", "", "Inventory control"},
	{"reference.rate", Reference, "reference.rates", "", "Treasury"},
	{"reference.entity", Reference, "reference.entities", "", "Controller"},
	{"reference.rule_set", Reference, "reference.rule_sets", "", "Controller"},

	{"operator.action", Internal, "operations.actions", "", "Integration platform"},
	{"redrive.requested", Internal, "redrive", "", "Integration platform"},
	{"tick", Internal, "admission.threads", "", "Integration platform"},
}

// Lookup finds the catalog's line of an event type.
func Lookup(eventType string) (Entry, bool) {
	for i := range Catalog {
		if Catalog[i].Type == eventType {
			return Catalog[i], true
		}
	}
	return Entry{}, false
}

// Owner is the team that answers for an event type.
func Owner(eventType string) string {
	if e, ok := Lookup(eventType); ok {
		return e.Owner
	}
	return "Integration platform"
}

// CanonicalTopic is where admission writes e: its domain, or for a correction the domain of the original.
func CanonicalTopic(e Event) (string, bool) {
	entry, ok := Lookup(e.EventType())
	if ok && entry.Topic == "" && e.Header().Correction != nil {
		entry, ok = Lookup(e.Header().Correction.CorrectedEventType)
	}
	return entry.Topic, ok && entry.Kind == Fact && entry.Topic != ""
}

// IntakeTopic is where a source publishes e.
func IntakeTopic(e Event) (string, bool) {
	t, ok := CanonicalTopic(e)
	return IntakePrefix + t, ok
}

// DocumentKey is the key of an intake record: the source document, which every source knows.
func DocumentKey(s Source) string {
	return strings.Join([]string{s.System + "/" + s.Instance, s.DocType, s.DocID}, "|")
}

// Reverses says whether e negates the event that its correction embeds: it did not occur, or came to nothing.
func Reverses(e Event) bool {
	switch e.(type) {
	case *EventVoided, *ShipmentVoided, *RefundFailed:
		return true
	case *PaymentCaptureFailed:
		return e.Header().Correction != nil // a capture that was never booked is nothing to negate
	}
	return false
}

// Corrects says whether e is about the event that its correction embeds: it reverses it, or books it by other rules.
func Corrects(e Event) bool {
	_, superseded := e.(*RuleSuperseded)
	return superseded || Reverses(e)
}

// StandingOf is by which rule.superseded the original of a correction stands; nil: by its own entry, or e is no correction.
func StandingOf(e Event) *Standing {
	switch x := e.(type) {
	case *EventVoided:
		return x.Standing
	case *ShipmentVoided:
		return x.Standing
	case *RefundFailed:
		return x.Standing
	case *PaymentCaptureFailed:
		return x.Standing
	case *RuleSuperseded:
		return x.Standing
	}
	return nil
}

// Stand stamps on a correction by which rule.superseded its original stands.
func Stand(e Event, by *Standing) {
	switch x := e.(type) {
	case *EventVoided:
		x.Standing = by
	case *ShipmentVoided:
		x.Standing = by
	case *RefundFailed:
		x.Standing = by
	case *PaymentCaptureFailed:
		x.Standing = by
	case *RuleSuperseded:
		x.Standing = by
	}
}

// TakesThread says whether e has no thread of its own but takes its original's.
func TakesThread(e Event) bool {
	entry, ok := Lookup(e.EventType())
	return ok && entry.Kind == Fact && entry.Topic == ""
}
