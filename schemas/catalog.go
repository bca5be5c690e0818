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
	{"order.line_cancelled", Fact, "orders", "order", "Ecommerce"},
	{"inventory.received", Fact, "inventory", "receipt", "Inventory control"},
	{"inventory.reserved", Fact, "inventory", "transfer", "Inventory control"},
	{"inventory.reservation_released", Fact, "inventory", "transfer", "Inventory control"},
	{"inventory.adjusted", Fact, "inventory", "count", "Inventory control"},
	{"fulfillment.picked", Fact, "fulfillment", "order", "Warehouse ops"},
	{"fulfillment.packed", Fact, "fulfillment", "order", "Warehouse ops"},
	{"fulfillment.short_shipped", Fact, "fulfillment", "order", "Warehouse ops"},
	{"shipment.shipped", Fact, "fulfillment", "order", "Warehouse ops"},
	{"invoice.issued", Fact, "billing", "invoice", "Billing"},
	{"credit_memo.issued", Fact, "billing", "credit memo", "AR"},
	{"receivable.written_off", Fact, "billing", "invoice", "AR"},
	{"gift_card.sold", Fact, "billing", "gift card", "Finance"},
	{"payment.captured", Fact, "payments", "payment", "Payments ops"},
	{"refund.issued", Fact, "payments", "payment", "Customer service"},
	{"psp.fee_charged", Fact, "payments", "payment", "Payments ops"},
	{"marketplace_fee.charged", Fact, "payments", "payment", "Payments ops"},
	{"payment.settled", Fact, "payments", "payment", "Payments ops"},
	{"payout.paid", Fact, "payments", "payout", "Treasury"},
	{"bank.statement_line_matched", Fact, "payments", "bank line", "Treasury"},
	{"dispute.opened", Fact, "payments", "payment", "Risk"},
	{"dispute.lost", Fact, "payments", "payment", "Risk"},
	{"return.received", Fact, "returns", "RMA", "Returns"},
	{"return.dispositioned", Fact, "returns", "RMA", "Returns"},
	{"event.voided", Fact, "", "original", "Integration platform"},
	{"period.closed", Fact, "periods", "period", "Controller"},
	{"period.reopened", Fact, "periods", "period", "Controller"},

	{"journal.entry", Derived, "finance.journal", "", "Controller"},
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
