package sinks

import (
	"reflect"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// renamed are ids whose field says too little outside its event.
var renamed = map[string]string{"bank.statement_line_matched line_id": "bank_line_id", "bank.statement_line_matched matched_id": "payout_id"}

// TestEveryFactNamesItsDocuments: each fact of the catalog says all ids of its body under their names, so that a trace finds it by any of them; and where
// it moves an amount, that is its total.
func TestEveryFactNamesItsDocuments(t *testing.T) {
	for _, fact := range schemas.Catalog {
		if fact.Kind != schemas.Fact {
			continue
		}
		e := schemas.Example(fact.Type)
		if b, ok := e.(*schemas.BankStatementLineMatched); ok {
			b.Matched = schemas.MatchedKindPAYOUT
		}
		said, body := documents(nil, e), reflect.ValueOf(e).Elem()
		if len(said) == 0 && fact.Topic != "periods" {
			t.Errorf("%s names no document: add a line to sinks/documents.go", fact.Type)
		}
		for i := range body.NumField() {
			name, _, _ := strings.Cut(body.Type().Field(i).Tag.Get("json"), ",")
			want := name
			if other, ok := renamed[fact.Type+" "+name]; ok {
				want = other
			}
			switch field := body.Field(i); {
			case strings.HasSuffix(name, "_id") && field.Kind() == reflect.String:
				if got := find(said, want); got != field.String() || got == "" {
					t.Errorf("%s: %s is %q, the event says %q", fact.Type, want, got, field.String())
				}
			case name == "amount" && field.Type() == reflect.TypeFor[schemas.Money]():
				money := field.Interface().(schemas.Money)
				if amount, currency, ok := total(e); !ok || !amount.Equal(money.Amount) || currency != money.Currency {
					t.Errorf("%s: total %s %s, the event moves %s %s", fact.Type, amount, currency, money.Amount, money.Currency)
				}
			}
		}
	}
}

// A remittance pays invoices of several orders: each is found, none stands for the others.
func TestDocumentsOfSeveral(t *testing.T) {
	x := &schemas.CustomerPaymentApplied{RemittanceID: "RM-1", Currency: "USD", Lines: []schemas.AppliedLine{
		{InvoiceID: "INV-1", OrderID: "SO-1", Paid: schemas.MustDecimal("10")}, {InvoiceID: "INV-2", OrderID: "SO-1", Paid: schemas.MustDecimal("5.50")}, {InvoiceID: "INV-3", OrderID: "SO-2"},
	}}
	said := documents(nil, x)
	amount, currency, ok := total(x)
	if find(said, "order_ids") != "SO-1 SO-2" || find(said, "invoice_ids") != "INV-1 INV-2 INV-3" || find(said, "order_id") != "" || !ok || amount.Text() != "15.5" || currency != "USD" {
		t.Errorf("%v, %s %s", said, amount, currency)
	}
}

// Threads of documents are no orders, of any fact.
func TestThreadsThatAreNoOrders(t *testing.T) {
	for _, fact := range schemas.Catalog {
		e := schemas.Example(fact.Type)
		if fact.Kind != schemas.Fact || schemas.TakesThread(e) {
			continue
		}
		for _, name := range []string{"OrderID", "order"} {
			if f := reflect.ValueOf(e).Elem().FieldByName(name); f.IsValid() {
				f.SetString("")
			}
		}
		if thread := schemas.Thread(e); fact.Root != "order" && orderOf(thread) != "" {
			t.Errorf("%s: its thread %s looks like an order: add its kind to threadKinds", fact.Type, thread)
		}
	}
}

// A remittance is in the trace of each order that it pays, with its entry and with what takes it back, and in no other.
func TestTraceFindsRemittances(t *testing.T) {
	_, conn := migrated(t)
	remittance := exampleOf[*schemas.CustomerPaymentApplied]("customer_payment.applied", 1, "remittance:RM-1")
	remittance.Lines = []schemas.AppliedLine{{LineID: "1", InvoiceID: "INV-1", OrderID: "SO-1"}, {LineID: "2", InvoiceID: "INV-2", OrderID: "SO-2"}}
	void := exampleOf[*schemas.EventVoided]("event.voided", 2, "remittance:RM-1")
	void.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonINCORRECT_DATA, CorrectedEventID: remittance.Meta.EventID, CorrectedEventType: remittance.EventType()}
	remittance.Meta.SubjectRefs, void.Meta.SubjectRefs = nil, nil
	put(t, conn, "events", remittance, void, exampleOf[*schemas.OrderAccepted]("order.accepted", 3, "SO-1"))
	entry := entryOf(remittance, "")
	entry.Dimensions = nil
	put(t, conn, "journal_lines", entry)
	for order, want := range map[string]string{"SO-1": "customer_payment.applied event.voided rule@1", "SO-2": "customer_payment.applied event.voided rule@1", "SO-3": ""} {
		if got := strings.Join(columnOf(t, conn, "SELECT what FROM order_trace WHERE order_id = '"+order+"' AND thread = 'remittance:RM-1' ORDER BY what"), " "); got != want {
			t.Errorf("%s: %q, want %q", order, got, want)
		}
	}
}
