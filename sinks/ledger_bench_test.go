package sinks

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// ledgerLines is how many journal lines the ledger has: 20 million, or what THROUGHLINE_LEDGER_LINES says.
func ledgerLines(b *testing.B) int {
	n := 20_000_000
	if text := os.Getenv("THROUGHLINE_LEDGER_LINES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal("THROUGHLINE_LEDGER_LINES:", err)
		}
	}
	return n
}

// fillLedger writes entries of five legs: a year of periods, two entities, orders of eight entries each, one in a hundred written twice as a repeated load would. The
// entries of an order take each other back, so that its control account is zero again and again; of one order in fifty something stays open. Each has its event.
func fillLedger(ctx context.Context, b *testing.B, conn driver.Conn, lines int) {
	b.Helper()
	const batch = 250_000
	for from := 0; from < lines/5; from += batch {
		numbers := " FROM numbers(" + strconv.Itoa(from) + ", " + strconv.Itoa(min(batch, lines/5-from)) + ") WHERE number % "
		for _, every := range []string{"1", "100"} {
			for _, statement := range []string{`INSERT INTO journal_lines_log (entry_id, event_id, event_type, rule_id, rule_version, legal_entity, ledger, functional_currency, order_id, thread, admitted_at,
					effective_date, period, line_no, account, amount_txn, currency, amount_fn, control_key, order_line_id, sku, location, tax_jurisdiction, qty, uom, topic, partition, offset, written_at)
				SELECT reinterpretAsUUID(sipHash128(number)) AS id, id, 'shipment.shipped', 'shipment.shipped', 1, ['ACME-US', 'ACME-EU'][1 + intDiv(number, 8) % 2], 'PRIMARY', 'USD',
					'SO-' || toString(intDiv(number, 8)) AS an_order, an_order, toDateTime64('2026-01-01 00:00:00', 6) + intDiv(number, 100) AS at,
					makeDate32(2026, 1 + number % 12, 1 + number % 28) AS day, formatDateTime(day, '%Y-%m'), [1, 2, 3, 4, 5] AS five, ['1150', '4100', '4000', '5000', '1200'],
					arrayMap(x -> toDecimal128(if(number % 2 = 1 AND number % 400 != 7, -x, x), 4), [90 + intDiv(number, 2) % 10, 10, 0 - (100 + intDiv(number, 2) % 10), 47, -47]) AS amounts, arrayMap(x -> 'USD', five), amounts,
					['line:' || an_order || '/1', '', '', '', 'stock:A|W1'], arrayMap(x -> '1', five), arrayMap(x -> 'SKU-' || toString(number % 5000), five), arrayMap(x -> 'W1', five),
					arrayMap(x -> '', five), arrayMap(x -> NULL, five), arrayMap(x -> '', five), 'finance.journal', 0, number, at`,
				`INSERT INTO events_log (event_id, event_type, legal_entity, order_id, thread, period, amount_total, currency)
				SELECT reinterpretAsUUID(sipHash128(number)), 'shipment.shipped', ['ACME-US', 'ACME-EU'][1 + intDiv(number, 8) % 2], 'SO-' || toString(intDiv(number, 8)) AS an_order, an_order,
					'2026-01', 100, 'USD'`} {
				if err := conn.Exec(ctx, statement+numbers+every+" = 0"); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

// BenchmarkLedger asks what finance asks of a year's journal: the trial balance of all of it, what stands open, and the way down from a total to its entries.
func BenchmarkLedger(b *testing.B) {
	lines := ledgerLines(b)
	_, conn := migrated(b)
	ctx := context.WithoutCancel(b.Context())
	began := time.Now()
	fillLedger(ctx, b, conn, lines)
	b.Logf("%d lines written in %s", lines, time.Since(began).Round(time.Second))
	ask := func(name, query string, args ...any) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				rows, err := conn.Query(ctx, query, args...)
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for rows.Next() {
					n++
				}
				if err := rows.Close(); err != nil || rows.Err() != nil || n == 0 {
					b.Fatal(n, err, rows.Err())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/query")
		})
	}
	ask("trial-balance", "SELECT legal_entity, period, account, debit, credit, balance FROM trial_balance")
	ask("trial-balance/one-period", "SELECT account, balance FROM trial_balance WHERE legal_entity = 'ACME-US' AND period = '2026-03'")
	ask("control-accounts", "SELECT legal_entity, account, control_key, balance_txn, age_days FROM control_accounts")
	ask("reconciliation", "SELECT legal_entity, account, control_key, open_txn, age_days, missing_event, owner FROM reconciliation")
	ask("drill-down/order", "SELECT entry_id, line_no, account, amount_fn FROM journal_lines WHERE order_id = 'SO-12345'")
	ask("drill-down/entry", "SELECT line_no, account, amount_fn FROM journal_lines WHERE entry_id = (SELECT entry_id FROM journal_lines_log LIMIT 1)")
}
