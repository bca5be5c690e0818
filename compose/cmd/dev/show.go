package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
)

func (d *dev) count(ctx context.Context, query string) (n uint64, err error) {
	err = d.conn.QueryRow(ctx, query).Scan(&n)
	return n, err
}

// show prints the trial balance, one order's trace, ATP, and where to look next.
func (d *dev) show(ctx context.Context) error {
	events, err := d.count(ctx, "SELECT count() FROM events")
	if err != nil {
		return err
	}
	if events == 0 {
		return nil
	}
	if err := d.table(ctx, "Trial balance (functional currency, all periods)", `
		SELECT legal_entity AS entity, account, account_name AS name, toString(sum(debit)) AS debit, toString(sum(credit)) AS credit, toString(sum(balance)) AS balance
		FROM trial_balance GROUP BY legal_entity, account, account_name ORDER BY legal_entity, account`); err != nil {
		return err
	}
	var order string
	if err := d.conn.QueryRow(ctx, `SELECT order_id FROM events WHERE order_id != '' GROUP BY order_id
		ORDER BY countIf(event_type IN ('credit_memo.issued', 'refund.issued', 'return.received')) > 0 DESC, uniqExact(event_type) DESC, count(), order_id LIMIT 1`).Scan(&order); err != nil {
		return err
	}
	if err := d.table(ctx, "Trace of order "+order, `
		SELECT ifNull(toString(toDateTime(occurred_at)), '') AS occurred, kind, what, substring(detail, 1, 110) AS detail
		FROM (SELECT *, max(thread_sequence) OVER (PARTITION BY event_id) AS place FROM order_trace WHERE order_id = '`+strings.ReplaceAll(order, "'", "")+`') AS t
		ORDER BY ifNull(t.occurred_at, at), place, id = event_id DESC, kind, what LIMIT 2 BY kind, event_id LIMIT 40`); err != nil {
		return err
	}
	if err := d.table(ctx, "Available to promise", `
		SELECT sku, location, toString(p.on_hand) AS on_hand, toString(p.unavailable) AS unavailable, toString(p.reserved) AS reserved, toString(p.open_demand) AS open_demand,
			toString(p.atp) AS atp FROM stock_positions AS p ORDER BY p.reserved + p.open_demand + p.unavailable > 0 DESC, p.on_hand DESC, sku, location LIMIT 6`); err != nil {
		return err
	}
	if err := d.table(ctx, "Completeness: what became of every event", `SELECT outcome, toString(count()) AS events FROM completeness GROUP BY outcome ORDER BY outcome`); err != nil {
		return err
	}
	fmt.Fprintf(d.out, `
Where to look next (make build puts throughline into bin/):
  throughline trace %s          every event, entry and delta of that order, with the lag of each stage
  throughline report trial-balance    by period; throughline atp SKU; throughline status
  throughline cat finance.journal --limit 1
  curl '%s' --data 'SELECT * FROM throughline.control_accounts LIMIT 5 FORMAT PrettyCompact'
  http://%s/metrics  http://%s/healthz
Serving until interrupted.
`, order, "http://"+d.cfg.ClickHouse.Addr, d.cfg.HTTP.Addr, d.cfg.HTTP.Addr)
	return nil
}

// table prints the rows of a query whose columns are all strings.
func (d *dev) table(ctx context.Context, title, query string) error {
	rows, err := d.conn.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("%s: %w", strings.ToLower(title), err)
	}
	defer rows.Close()
	fmt.Fprintf(d.out, "\n%s\n", title)
	w := tabwriter.NewWriter(d.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "  "+strings.Join(rows.Columns(), "\t"))
	cells := make([]string, len(rows.Columns()))
	into := make([]any, len(cells))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(title), err)
		}
		fmt.Fprintln(w, "  "+strings.Join(cells, "\t"))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return w.Flush()
}
