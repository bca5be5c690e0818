package sinks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/throughline/throughline/schemas"
)

// lawfulRole is a role that laws speak of: its account in the default chart, and in that of a legal entity with numbers of its own.
type lawfulRole struct {
	role, code, own, ownName, normal string
	control                          bool
	key, owner                       string
}

var lawfulRoles = []lawfulRole{
	{"SHIPPED_NOT_INVOICED", "1150", "13500", "Unbilled deliveries", "DEBIT", true, "order line", "Billing + WMS"},
	{"RECEIVABLE", "1100", "12000", "Trade debtors", "DEBIT", false, "invoice", "AR"},
	{"CUSTOMER_DEPOSITS", "2100", "31500", "Advances received", "CREDIT", true, "order", "AR"},
	{"REFUNDS_PAYABLE", "2150", "31600", "Refunds due", "CREDIT", true, "credit memo", "Customer service / AR"},
	{"RIGHT_TO_RECOVER", "1260", "13600", "Returns expected", "DEBIT", true, "order line", "Returns"},
	{"PSP_CLEARING", "1050", "14500", "Card clearing", "DEBIT", true, "payment, batch or PSP", "Payments ops"},
	{"BANK_CLEARING", "1060", "14600", "Cash in transit", "DEBIT", true, "payout", "Treasury"},
	{"DISPUTED_FUNDS", "1070", "14700", "Chargebacks open", "DEBIT", true, "dispute", "Payments / Risk"},
	{"TRANSFERS", "1210", "11210", "Stock between sites", "DEBIT", true, "transfer", "Warehouse"},
	{"GOODS_IN_TRANSIT", "1220", "11220", "Stock with carriers", "DEBIT", true, "shipment", "Logistics"},
	{"GOODS_RECEIVED", "2050", "33000", "Deliveries unbilled", "CREDIT", true, "purchase order line", "AP"},
	{"ACCRUED_FREIGHT", "2060", "33100", "Freight unbilled", "CREDIT", true, "shipment", "Logistics"},
	{"SUSPENSE", "9000", "19999", "Unexplained", "DEBIT", false, "event", "Platform + Controller"},
}

// openItem is a key, what moved it (event, amount; another currency than the entity's with its functional amount), and what reconciliation must say: by event,
// open in transaction and in functional currency, side, then law, exception, missing event and owner.
type openItem struct {
	role, key, moves, moved, txn, fn, side, says string
}

// Every amount below was added up by hand.
var openItems = []openItem{
	{"SHIPPED_NOT_INVOICED", "line:SO-1/1", "shipment.shipped 100.00; shipment.shipped 20.50; invoice.issued -70.25", "invoice.issued -70.25, shipment.shipped 120.5", "50.25", "50.25", "Dr",
		"shipped = invoiced + unbilled|E9|invoice.issued|Billing"},
	{"SHIPPED_NOT_INVOICED", "line:SO-2/1", "invoice.issued -33.33", "invoice.issued -33.33", "-33.33", "-33.33", "Cr", "shipped = invoiced + unbilled|E10|shipment.shipped|Billing + WMS"},
	{"RECEIVABLE", "invoice:INV-1", "invoice.issued 120.00; payment.captured -50.00; credit_memo.issued -19.99", "credit_memo.issued -19.99, invoice.issued 120, payment.captured -50", "50.01", "50.01", "Dr",
		"invoiced = settled + credited + open||customer_payment.applied or payment.captured|AR"},
	{"RECEIVABLE", "invoice:INV-2", "invoice.issued 10.00; customer_payment.applied -12.50", "customer_payment.applied -12.5, invoice.issued 10", "-2.5", "-2.5", "Cr",
		"invoiced = settled + credited + open||invoice.issued or refund.issued|AR"},
	{"CUSTOMER_DEPOSITS", "order:SO-4", "payment.captured -80.00; invoice.issued 30.00", "invoice.issued 30, payment.captured -80", "-50", "-50", "Cr",
		"invoiced = settled + credited + open|E11|shipment.shipped or refund.issued|OMS"},
	{"CUSTOMER_DEPOSITS", "order:SO-5", "invoice.issued 15.00", "invoice.issued 15", "15", "15", "Dr", "invoiced = settled + credited + open|E12|payment.captured|Payments / Credit"},
	{"SHIPPED_NOT_INVOICED", "line:SO-8/1", "shipment.shipped 20.00", "shipment.shipped 20", "20", "20", "Dr", "shipped = invoiced + unbilled|E9|invoice.issued|Billing"},
	{"CUSTOMER_DEPOSITS", "order:SO-8", "payment.captured -20.00", "payment.captured -20", "-20", "-20", "Cr", "shipped = invoiced + unbilled|E9|invoice.issued|Billing"},
	{"REFUNDS_PAYABLE", "credit_memo:CM-1", "refund.issued 5.00", "refund.issued 5", "5", "5", "Dr", "invoiced = settled + credited + open|E4|credit_memo.issued|Customer service"},
	{"REFUNDS_PAYABLE", "credit_memo:CM-2", "credit_memo.issued -9.00; refund.issued 4.00", "credit_memo.issued -9, refund.issued 4", "-5", "-5", "Cr",
		"invoiced = settled + credited + open||refund.issued|Customer service"},
	{"RIGHT_TO_RECOVER", "line:SO-6/1", "credit_memo.issued 28.2500; return.received -14.1250", "credit_memo.issued 28.25, return.received -14.125", "14.125", "14.125", "Dr",
		"credited goods come back|E3|return.received or return.closed_not_received|Returns"},
	{"RIGHT_TO_RECOVER", "line:SO-7/1", "return.received -7.0000", "return.received -7", "-7", "-7", "Cr", "credited goods come back|E14|credit_memo.issued|Returns"},
	{"PSP_CLEARING", "payment:P-1", "payment.captured 108.53; refund.issued -20.00; psp.fee_charged -3.45; payment.settled -50.08",
		"payment.captured 108.53, payment.settled -50.08, psp.fee_charged -3.45, refund.issued -20", "35", "35", "Dr", "captured = settled + refunded + fees|E5|payment.settled|Payments ops"},
	{"PSP_CLEARING", "payment:P-2", "refund.issued -8.00", "refund.issued -8", "-8", "-8", "Cr", "captured = settled + refunded + fees|E5|payment.settled of the refund or dispute|Payments ops"},
	{"PSP_CLEARING", "payment:P-3", "payment.captured 100.00; psp.fee_charged -3.00; payment.settled -97.00; refund.issued -20.00; refund.failed 20.00; refund.issued -20.00; dispute.opened -25.56",
		"dispute.opened -25.56, payment.captured 100, payment.settled -97, psp.fee_charged -3, refund.failed 20, refund.issued -40", "-45.56", "-45.56", "Cr",
		"captured = settled + refunded + fees|E5|payment.settled of the refund or dispute|Payments ops"},
	{"PSP_CLEARING", "payment:P-4", "psp.fee_charged -3.00; payment.settled -97.00; refund.issued -20.00; payment.settled 20.00", "payment.settled -77, psp.fee_charged -3, refund.issued -20", "-100", "-100", "Cr",
		"captured = settled + refunded + fees|E5|payment.captured|Payments ops"},
	{"PSP_CLEARING", "payment:P-5", "psp.fee_charged -3.00", "psp.fee_charged -3", "-3", "-3", "Cr", "captured = settled + refunded + fees|E5|payment.captured|Payments ops"},
	{"PSP_CLEARING", "payment:P-6", "payment.captured 60.00; payment.settled -100.00", "payment.captured 60, payment.settled -100", "-40", "-40", "Cr", "captured = settled + refunded + fees|E5|payment.captured|Payments ops"},
	{"PSP_CLEARING", "batch:B-1", "payment.settled 50.08; payout.paid -40.00", "payment.settled 50.08, payout.paid -40", "10.08", "10.08", "Dr", "settlement batch = payouts|E5|payout.paid|Payments ops"},
	{"PSP_CLEARING", "batch:B-2", "payout.paid -5.00", "payout.paid -5", "-5", "-5", "Cr", "settlement batch = payouts|E5|payment.settled|Payments ops"},
	{"PSP_CLEARING", "batch:B-3", "payment.settled -25.56", "payment.settled -25.56", "-25.56", "-25.56", "Cr", "settlement batch = payouts|E5|payout.paid|Payments ops"},
	{"PSP_CLEARING", "batch:B-4", "payment.settled -25.56; payout.paid 30.00", "payment.settled -25.56, payout.paid 30", "4.44", "4.44", "Dr", "settlement batch = payouts|E5|payment.settled|Payments ops"},
	{"PSP_CLEARING", "batch:B-5", "payment.settled 40.00; payout.paid -40.00; payout.failed 40.00", "payment.settled 40, payout.failed 40, payout.paid -40", "40", "40", "Dr", "settlement batch = payouts|E5|payout.paid|Payments ops"},
	{"BANK_CLEARING", "payout:PO-1", "payout.paid 40.00; bank.statement_line_matched -39.50", "bank.statement_line_matched -39.5, payout.paid 40", "0.5", "0.5", "Dr",
		"payout = bank|E13|bank.statement_line_matched|Treasury"},
	{"BANK_CLEARING", "payout:PO-2", "bank.statement_line_matched -7.00", "bank.statement_line_matched -7", "-7", "-7", "Cr", "payout = bank|E13|payout.paid or bank.statement_line_matched|Treasury"},
	{"BANK_CLEARING", "payout:PO-3", "payout.paid 10.00 GBP 12.00; bank.statement_line_matched -10.00 GBP -11.98", "bank.statement_line_matched -10, payout.paid 10", "0", "0.02", "Dr",
		"exchange at two rates leaves nothing but rounding||receivable.reclassified to ROUNDING|Controller"},
	{"BANK_CLEARING", "payout:PO-4", "payout.paid 10.00 GBP 12.00; bank.statement_line_matched -4.00 GBP -4.84", "bank.statement_line_matched -4, payout.paid 10", "6", "7.16", "Dr",
		"payout = bank|E13|bank.statement_line_matched|Treasury"},
	{"DISPUTED_FUNDS", "dispute:D-1", "dispute.opened 25.00; dispute.won -5.00", "dispute.opened 25, dispute.won -5", "20", "20", "Dr", "disputed = won + lost + open|E19|dispute.won or dispute.lost|Risk"},
	{"DISPUTED_FUNDS", "dispute:D-2", "dispute.lost -6.00", "dispute.lost -6", "-6", "-6", "Cr", "disputed = won + lost + open|E19|dispute.opened|Risk"},
	{"TRANSFERS", "transfer:T-1", "inventory.transfer_dispatched 12.0000; inventory.transfer_received -4.0000", "inventory.transfer_dispatched 12, inventory.transfer_received -4", "8", "8", "Dr",
		"dispatched = received + in transit|E20|inventory.transfer_received|Warehouse"},
	{"TRANSFERS", "transfer:T-2", "inventory.transfer_received -3.0000", "inventory.transfer_received -3", "-3", "-3", "Cr", "dispatched = received + in transit|E20|inventory.transfer_dispatched|Warehouse"},
	{"GOODS_IN_TRANSIT", "shipment:SH-1", "shipment.shipped 6.0000", "shipment.shipped 6", "6", "6", "Dr", "handed over = delivered + lost + returned + under way||shipment.delivered|Logistics"},
	{"GOODS_IN_TRANSIT", "shipment:SH-2", "shipment.delivered -6.5000", "shipment.delivered -6.5", "-6.5", "-6.5", "Cr", "handed over = delivered + lost + returned + under way||shipment.shipped|Logistics"},
	{"GOODS_RECEIVED", "po:PO-9/1", "inventory.received -90.0000", "inventory.received -90", "-90", "-90", "Cr", "received = billed by vendors||the vendor's bill, in accounts payable|AP"},
	{"GOODS_RECEIVED", "po:PO-9/2", "receivable.reclassified 11.00", "receivable.reclassified 11", "11", "11", "Dr", "received = billed by vendors||inventory.received|AP"},
	{"ACCRUED_FREIGHT", "shipment:SH-1", "shipment.shipped -9.10; freight.cost_billed 5.80", "freight.cost_billed 5.8, shipment.shipped -9.1", "-3.3", "-3.3", "Cr", "freight accrued = billed||freight.cost_billed|Logistics"},
	{"ACCRUED_FREIGHT", "shipment:SH-3", "freight.cost_billed 2.00", "freight.cost_billed 2", "2", "2", "Dr", "freight accrued = billed||shipment.shipped with a label price|Logistics"},
	{"SUSPENSE", "event:FEE-1", "psp.fee_charged 1.23", "psp.fee_charged 1.23", "1.23", "1.23", "Dr", "nothing is in suspense|E18|rule.superseded under a rule set with the mapping|Platform + Controller"},
	{"SUSPENSE", "event:FEE-2", "psp.fee_charged -0.40", "psp.fee_charged -0.4", "-0.4", "-0.4", "Cr", "nothing is in suspense|E18|rule.superseded under a rule set with the mapping|Platform + Controller"},
	{"SHIPPED_NOT_INVOICED", "line:SO-3/1", "shipment.shipped 10.00; invoice.issued -10.00", "", "", "", "", ""}, // is zero, so it is in no view
}

// twoCharts are both accounts of each role, and two that nobody reconciles.
func twoCharts() []Account {
	all := []Account{{Code: "4000", Role: "PRODUCT_REVENUE", Name: "Product revenue", Normal: "CREDIT", Owner: "Controller"},
		{Code: "44000", Role: "PRODUCT_REVENUE", Name: "Turnover", Normal: "CREDIT", Owner: "Controller"}}
	for _, r := range lawfulRoles {
		a := Account{Code: r.code, Role: r.role, Name: "default " + r.role, Normal: r.normal, Control: r.control, Key: r.key, Owner: r.owner}
		all = append(all, a)
		a.Code, a.Name = r.own, r.ownName
		all = append(all, a)
	}
	return all
}

// booked are the entries behind items: each move against revenue, in the accounts that codes gives.
func booked(entity, functional, revenue string, codes map[string]string, items ...openItem) (all []schemas.Event) {
	for i, item := range items {
		for n, move := range strings.Split(item.moves, "; ") {
			f := strings.Fields(move)
			l := schemas.JournalLine{LineNo: 1, Account: codes[item.role], ControlKey: item.key, Currency: functional, AmountTxn: schemas.MustDecimal(f[1]), AmountFn: schemas.MustDecimal(f[1])}
			if len(f) == 4 {
				l.Currency, l.AmountFn = f[2], schemas.MustDecimal(f[3])
			}
			against := l
			against.LineNo, against.Account, against.ControlKey, against.AmountTxn, against.AmountFn = 2, revenue, "", l.AmountTxn.Neg(), l.AmountFn.Neg()
			e := exampleOf[*schemas.JournalEntry]("journal.entry", 0, "order:"+item.key)
			e.Dimensions = schemas.StringMap{{Key: "order_id", Value: orderBehind(item.key)}}
			e.Meta.EventID = schemas.NamedID("open", entity, fmt.Sprint(i, n))
			e.Meta.CausationID = schemas.Some(schemas.NamedID("cause", entity, fmt.Sprint(i, n)))
			e.Meta.LegalEntity, e.Meta.Period, e.Meta.EffectiveDate = entity, "2026-03", schemas.Some(schemas.Date(20_513+n))
			e.CauseType, e.Ledger, e.FunctionalCurrency, e.Lines = f[0], "PRIMARY", functional, []schemas.JournalLine{l, against}
			all = append(all, e)
		}
	}
	return all
}

// orderBehind is the order of an order's key or its line's.
func orderBehind(key string) string {
	kind, id, _ := strings.Cut(key, ":")
	if id, _, _ = strings.Cut(id, "/"); kind == "order" || kind == "line" {
		return id
	}
	return ""
}

// twoBooks loads the same movements for an entity on the default chart and for one with numbers of its own; what stands in another ledger counts nowhere.
func twoBooks(t *testing.T) driver.Conn {
	t.Helper()
	c, conn := migrated(t)
	if err := Migrate(t.Context(), c, twoCharts()); err != nil {
		t.Fatal(err)
	}
	codes, own := map[string]string{}, map[string]string{}
	for _, r := range lawfulRoles {
		codes[r.role], own[r.role] = r.code, r.own
	}
	put(t, conn, "journal_lines", append(booked("US01", "USD", "4000", codes, openItems...), booked("DE01", "EUR", "44000", own, openItems...)...)...)
	other := booked("XX01", "USD", "4000", codes, openItems...)[:3]
	for _, e := range other {
		e.(*schemas.JournalEntry).Ledger = "SECONDARY"
	}
	put(t, conn, "journal_lines", other...)
	return conn
}

const movedText = "arrayStringConcat(arraySort(arrayMap((k, v) -> concat(k, ' ', toString(v)), mapKeys(moved), mapValues(moved))), ', ')"

// Every law, on each side: what moved a key sums to what is open, and says which event is missing and whose that is, whatever number the account has.
func TestReconciliation(t *testing.T) {
	conn := twoBooks(t)
	for _, book := range []struct{ entity, functional string }{{"US01", "USD"}, {"DE01", "EUR"}} {
		var want []string
		for _, x := range openItems {
			r := lawfulRoles[slices.IndexFunc(lawfulRoles, func(r lawfulRole) bool { return r.role == x.role })]
			account, name, currency := r.code, "default "+r.role, book.functional
			if book.entity == "DE01" {
				account, name = r.own, r.ownName
			}
			if strings.Contains(x.moves, "GBP") {
				currency = "GBP"
			}
			if x.says != "" {
				want = append(want, strings.Join([]string{account, x.role, name, x.key, currency, x.moved, x.txn, book.functional, x.fn, x.side, x.says}, "|"))
			}
		}
		slices.Sort(want)
		got := columnOf(t, conn, `SELECT arrayStringConcat([account, role, account_name, control_key, currency, `+movedText+`, toString(open_txn), functional_currency, toString(open_fn), side, law, code,
			missing_event, owner], '|') AS line FROM reconciliation WHERE legal_entity = '`+book.entity+`' ORDER BY line`)
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("%s lacks\n%s", book.entity, line)
			}
		}
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Errorf("%s has\n%s", book.entity, line)
			}
		}
	}
	if n := text1(t, conn, "count() FROM reconciliation WHERE legal_entity = 'XX01'"); n != "0" {
		t.Errorf("%s open items of another ledger", n)
	}
	if at := text1(t, conn, "concat(toString(opened_on), ' ', toString(age_days > 0)) FROM reconciliation WHERE account = '13500' AND control_key = 'line:SO-1/1'"); at != "2026-03-01 1" {
		t.Errorf("the oldest leg is of %s", at)
	}
	met := columnOf(t, conn, "SELECT DISTINCT concat(account, ' ', side, ' ', law) FROM reconciliation")
	for _, rule := range columnOf(t, conn, "SELECT concat(account, ' ', side, ' ', law) FROM open_item_rules") {
		if !slices.Contains(met, rule) {
			t.Errorf("no open item shows the rule %s", rule)
		}
	}
}

// Accounts of an entity's own are control accounts as those of the default chart are, with the names of the entity's chart.
func TestControlAccountsOfAnotherChart(t *testing.T) {
	conn := twoBooks(t)
	var want []string
	for _, r := range lawfulRoles {
		for _, x := range openItems {
			if x.role == r.role && r.control && x.says != "" {
				want = append(want, strings.Join([]string{r.own, r.role, r.ownName, r.owner, r.key, x.key, x.txn, x.fn}, "|"))
			}
		}
	}
	slices.Sort(want)
	got := columnOf(t, conn, `SELECT arrayStringConcat([account, role, account_name, owner, key_kind, control_key, toString(balance_txn), toString(balance_fn)], '|') AS line
		FROM control_accounts WHERE legal_entity = 'DE01' ORDER BY line`)
	if !slices.Equal(got, want) {
		t.Errorf("control_accounts is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for query, want := range map[string]string{
		"arrayStringConcat(groupUniqArray(account_name), ',') FROM trial_balance WHERE account = '13500'":                                                                                                                                   "Unbilled deliveries",
		"arrayStringConcat([role, account_name, kind, event_type, toString(amount_txn), owner], '|') FROM control_movements WHERE account = '14500' AND control_key = 'batch:B-1' AND event_type = 'payout.paid'":                           "PSP_CLEARING|Card clearing|batch|payout.paid|-40|Payments ops",
		"arrayStringConcat([role, account_name, kind, toString(amount_fn), toString(first_on), toString(last_on)], '|') FROM control_movements WHERE account = '13500' AND control_key = 'line:SO-1/1' AND event_type = 'shipment.shipped'": "SHIPPED_NOT_INVOICED|Unbilled deliveries||120.5|2026-03-01|2026-03-02",
		"count() FROM control_movements WHERE role = 'PRODUCT_REVENUE'":                            "0",
		"count() FROM open_item_rules WHERE role = 'PSP_CLEARING'":                                 "14",
		"count() FROM reconciliation_at(until = '2026-02')":                                        "0",
		"count() = (SELECT count() FROM reconciliation) FROM reconciliation_at(until = '2026-03')": "1",
	} {
		if got := text1(t, conn, query); got != want {
			t.Errorf("%s\nis %s, want %s", query, got, want)
		}
	}
}

// A database that stood before accounts had roles gets them with the next load of the chart.
func TestRolesComeWithTheChart(t *testing.T) {
	c, conn := migrated(t)
	if err := conn.Exec(t.Context(), "INSERT INTO accounts_log (code, name, normal, control, key, owner) VALUES ('2150', 'Refunds payable', 'CREDIT', true, 'credit memo', 'AR')"); err != nil {
		t.Fatal(err)
	}
	const controls = "arrayStringConcat(arraySort(groupArray(concat(code, ' ', role))), ', ') FROM accounts WHERE control"
	if got := text1(t, conn, controls); got != "1050 PSP_CLEARING, 1150 SHIPPED_NOT_INVOICED, 2100 CUSTOMER_DEPOSITS, 2150 " {
		t.Errorf("before: %s", got)
	}
	if err := Migrate(t.Context(), c, append(slices.Clone(someAccounts), Account{Code: "2150", Role: "REFUNDS_PAYABLE", Name: "Refunds payable", Normal: "CREDIT", Control: true, Key: "credit memo", Owner: "AR"})); err != nil {
		t.Fatal(err)
	}
	if got := text1(t, conn, controls); got != "1050 PSP_CLEARING, 1150 SHIPPED_NOT_INVOICED, 2100 CUSTOMER_DEPOSITS, 2150 REFUNDS_PAYABLE" {
		t.Errorf("after: %s", got)
	}
}
