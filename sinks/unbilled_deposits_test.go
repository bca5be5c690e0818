package sinks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// prepaid are orders that were paid in advance: what moved their deposits and what is unbilled of their lines, the totals of their shipments, tax included (`!`: voided),
// and what reconciliation must say of the deposit: open in transaction and in functional currency, movements, code, missing event, owner.
var prepaid = []struct {
	order, deposit string
	lines          []string
	shipments      string
	says           []string
}{
	{"SO-1", "payment.captured -100.00", []string{"shipment.shipped 100.00"}, "100.00", []string{"-100 -100 payment.captured -100|E9|invoice.issued|Billing"}},
	{"SO-2", "payment.captured -108.25", []string{"shipment.shipped 60.00", "shipment.shipped 40.00"}, "108.25", []string{"-108.25 -108.25 payment.captured -108.25|E9|invoice.issued|Billing"}},
	{"SO-3", "payment.captured -216.50", []string{"shipment.shipped 100.00"}, "108.25", []string{
		"-108.25 -108.25 missing invoice.issued 108.25, payment.captured -216.5|E11|shipment.shipped or refund.issued|OMS",
		"-108.25 -108.25 missing shipment.shipped or refund.issued 108.25, payment.captured -216.5|E9|invoice.issued|Billing"}},
	{"SO-4", "payment.captured -216.50; invoice.issued 108.25", []string{"shipment.shipped 100.00; invoice.issued -100.00", "shipment.shipped 100.00"}, "108.25 108.25",
		[]string{"-108.25 -108.25 invoice.issued 108.25, payment.captured -216.5|E9|invoice.issued|Billing"}},
	{"SO-5", "payment.captured -216.50", []string{"shipment.shipped 100.00; shipment.voided -100.00", "shipment.shipped 50.00"}, "108.25! 54.13", []string{
		"-162.37 -162.37 missing invoice.issued 54.13, payment.captured -216.5|E11|shipment.shipped or refund.issued|OMS",
		"-54.13 -54.13 missing shipment.shipped or refund.issued 162.37, payment.captured -216.5|E9|invoice.issued|Billing"}},
	{"SO-6", "payment.captured -80.00", nil, "", []string{"-80 -80 payment.captured -80|E11|shipment.shipped or refund.issued|OMS"}},
	{"SO-7", "payment.captured -85.00; invoice.issued 80.00", []string{"shipment.shipped 80.00; invoice.issued -80.00"}, "80.00",
		[]string{"-5 -5 invoice.issued 80, payment.captured -85|E11|shipment.shipped or refund.issued|OMS"}},
	{"SO-8", "payment.captured -108.25 GBP -135.31", []string{"shipment.shipped 50.00 GBP 62.50"}, "54.13", []string{
		"-54.12 -67.6488 missing invoice.issued 54.13, payment.captured -108.25|E11|shipment.shipped or refund.issued|OMS",
		"-54.13 -67.6612 missing shipment.shipped or refund.issued 54.12, payment.captured -108.25|E9|invoice.issued|Billing"}},
	// Booked by a rule.superseded: the total of the shipment is not asked for, so its tax stays with the rest.
	{"SO-9", "payment.captured -108.25", []string{"rule.superseded 100.00"}, "", []string{
		"-100 -100 missing shipment.shipped or refund.issued 8.25, payment.captured -108.25|E9|invoice.issued|Billing",
		"-8.25 -8.25 missing invoice.issued 100, payment.captured -108.25|E11|shipment.shipped or refund.issued|OMS"}},
	// Invoiced and never shipped explains nothing; more shipped than was paid leaves nothing else.
	{"SO-10", "payment.captured -100.00; invoice.issued 30.00", []string{"invoice.issued -30.00"}, "", []string{"-70 -70 invoice.issued 30, payment.captured -100|E11|shipment.shipped or refund.issued|OMS"}},
	{"SO-11", "payment.captured -40.00", []string{"shipment.shipped 100.00"}, "108.25", []string{"-40 -40 payment.captured -40|E9|invoice.issued|Billing"}},
	{"SO-12", "invoice.issued 15.00", []string{"shipment.shipped 100.00"}, "108.25", []string{"15 15 invoice.issued 15|E12|payment.captured|Payments / Credit"}},
}

// shipmentsOf are the events of an order's shipments, and the voids of some.
func shipmentsOf(order, currency, totals string) (all []schemas.Event) {
	for n, total := range strings.Fields(totals) {
		s := exampleOf[*schemas.ShipmentShipped]("shipment.shipped", 0, order)
		s.Meta.EventID, s.Meta.LegalEntity, s.Meta.Period = schemas.NamedID("prepaid", order, fmt.Sprint(n)), "US01", "2026-03"
		s.OrderID, s.Currency, s.Lines = order, currency, s.Lines[:1]
		amount, voided := strings.CutSuffix(total, "!")
		s.Lines[0].Amounts = &schemas.LineAmounts{Total: schemas.MustDecimal(amount)}
		all = append(all, s)
		if voided {
			v := exampleOf[*schemas.ShipmentVoided]("shipment.voided", 0, order)
			v.Meta.EventID, v.Meta.LegalEntity, v.Meta.Period = schemas.NamedID("void", order, fmt.Sprint(n)), "US01", "2026-03"
			v.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: s.Meta.EventID, CorrectedEventType: s.EventType()}
			all = append(all, v)
		}
	}
	return all
}

// One invoice clears what is unbilled of a prepaid order and what of its deposit waits for that: both lack the invoice, which is Billing's. Only the rest was paid for
// goods that have not shipped. The parts of a deposit sum to it.
func TestDepositsThatWaitForAnInvoice(t *testing.T) {
	c, conn := migrated(t)
	if err := Migrate(t.Context(), c, twoCharts()); err != nil {
		t.Fatal(err)
	}
	var items []openItem
	var shipments []schemas.Event
	var want []string
	for _, o := range prepaid {
		items = append(items, openItem{role: "CUSTOMER_DEPOSITS", key: "order:" + o.order, moves: o.deposit})
		for n, moves := range o.lines {
			items = append(items, openItem{role: "SHIPPED_NOT_INVOICED", key: fmt.Sprintf("line:%s/%d", o.order, n+1), moves: moves})
		}
		currency := "USD"
		if strings.Contains(o.deposit, "GBP") {
			currency = "GBP"
		}
		shipments = append(shipments, shipmentsOf(o.order, currency, o.shipments)...)
		for _, line := range o.says {
			want = append(want, o.order+" "+line)
		}
	}
	put(t, conn, "journal_lines", booked("US01", "USD", "4000", map[string]string{"CUSTOMER_DEPOSITS": "2100", "SHIPPED_NOT_INVOICED": "1150"}, items...)...)
	put(t, conn, "events", append(shipments, shipments...)...) // loaded twice
	slices.Sort(want)
	got := columnOf(t, conn, `SELECT arrayStringConcat([concat(order_id, ' ', toString(open_txn), ' ', toString(open_fn), ' ', `+movedText+`), code, missing_event, owner], '|') AS line
		FROM reconciliation WHERE role = 'CUSTOMER_DEPOSITS' ORDER BY line`)
	if !slices.Equal(got, want) {
		t.Errorf("reconciliation is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for what, query := range map[string]string{
		"parts that do not sum to the balance": `count() FROM (SELECT control_key, sum(open_txn) AS txn, sum(open_fn) AS fn FROM reconciliation GROUP BY control_key) AS r
			FULL JOIN (SELECT control_key, balance_txn, balance_fn FROM control_accounts) AS c USING (control_key) WHERE txn != balance_txn OR fn != balance_fn`,
		"movements that do not sum to what is open": "count() FROM reconciliation WHERE arraySum(mapValues(moved)) != open_txn",
	} {
		if n := text1(t, conn, query); n != "0" {
			t.Errorf("%s: %s", what, n)
		}
	}
}
