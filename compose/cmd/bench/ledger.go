package main

import (
	"context"
	"fmt"
)

// measureLedger is the part "ledger": what finance asks of a year's journal in ClickHouse, 20 million lines as loaded.
func measureLedger(ctx context.Context, b *bench) error {
	benchtime := "5x"
	if b.quick {
		benchtime = "2x"
	}
	asked, err := b.goBench(ctx, "./sinks", "^BenchmarkLedger$", benchtime)
	if err != nil {
		return err
	}
	for _, q := range []struct {
		what, name string
		most       float64 // milliseconds
	}{
		{"trial balance of 20 million lines", "Ledger/trial-balance", 2000},
		{"… of one entity and period of them", "Ledger/trial-balance/one-period", 2000},
		{"… open keys of its control accounts, with their ages", "Ledger/control-accounts", 10_000},
		{"… every open item, with what it lacks", "Ledger/reconciliation", 10_000},
		{"… down to the lines of an order", "Ledger/drill-down/order", 200},
		{"… down to the lines of an entry", "Ledger/drill-down/entry", 200},
	} {
		ms := asked.median(q.name, "ms/query")
		b.row(row{what: q.what, ours: fmt.Sprintf("%.0f ms", ms), goal: fmt.Sprintf("< %.0f ms", q.most), met: meets(ms > 0 && ms < q.most)})
	}
	return nil
}
