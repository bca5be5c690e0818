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

// fillLedger writes entries of five legs: a year of periods, two entities, orders of eight entries each, one in a hundred written twice as a repeated load would.
func fillLedger(ctx context.Context, b *testing.B, conn driver.Conn, lines int) {
	b.Helper()
	const batch = 250_000
	for from := 0; from < lines/5; from += batch {
		for _, every := range []string{"1", "100"} {
			err := conn.Exec(ctx, `INSERT INTO journal_lines_log (entry_id, event_id, event_type, rule_id, rule_version, legal_entity, ledger, functional_currency, order_id, thread, admitted_at,
					period, line_no, account, amount_txn, currency, amount_fn, control_key, order_line_id, sku, location, tax_jurisdiction, qty, uom, topic, partition, offset, written_at)
				SELECT reinterpretAsUUID(sipHash128(number)) AS id, id, 'shipment.shipped', 'shipment.shipped', 1, ['ACME-US', 'ACME-EU'][1 + number % 2], 'PRIMARY', 'USD',
					'SO-' || toString(intDiv(number, 8)) AS an_order, an_order, toDateTime64('2026-01-01 00:00:00', 6) + intDiv(number, 100) AS at,
					'2026-' || leftPad(toString(1 + number % 12), 2, '0'), [1, 2, 3, 4, 5] AS five, ['1150', '4100', '4000', '5000', '1200'],
					arrayMap(x -> toDecimal128(x, 4), [90 + number % 10, 10, 0 - (100 + number % 10), 47, -47]) AS amounts, arrayMap(x -> 'USD', five), amounts,
					['line:' || an_order || '/1', '', '', '', 'stock:A|W1'], arrayMap(x -> '1', five), arrayMap(x -> 'SKU-' || toString(number % 5000), five), arrayMap(x -> 'W1', five),
					arrayMap(x -> '', five), arrayMap(x -> NULL, five), arrayMap(x -> '', five), 'finance.journal', 0, number, at
				FROM numbers(`+strconv.Itoa(from)+`, `+strconv.Itoa(min(batch, lines/5-from))+`) WHERE number % `+every+` = 0`)
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkLedger asks what finance asks of a year's journal: the trial balance of all of it, and the way down from a total to its entries.
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
	ask("drill-down/order", "SELECT entry_id, line_no, account, amount_fn FROM journal_lines WHERE order_id = 'SO-12345'")
	ask("drill-down/entry", "SELECT line_no, account, amount_fn FROM journal_lines WHERE entry_id = (SELECT entry_id FROM journal_lines_log LIMIT 1)")
}
