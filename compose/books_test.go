package compose_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// books is the business content of a whole system, part by part, each part as sorted lines: what Kafka holds and what ClickHouse shows, without append
// times, offsets and places in a thread, slices summed (architecture.md §2).
type books map[string][]string

// bookQueries give one line a row. Ids and what stands on their own records come one by one; amounts and quantities are summed as content sums them.
var bookQueries = map[string][]string{
	"view events": {
		`SELECT arrayStringConcat([toString(event_id), event_type, legal_entity, toString(occurred_at), thread, toString(effective_date), period, toString(late),
			source_doc_type, source_doc_id, content_hash, order_id, shipment_id, invoice_id, credit_memo_id, payment_id, payout_id, currency, topic], '|') FROM events`},
	"view journal_lines": {
		`SELECT DISTINCT arrayStringConcat(['entry', toString(entry_id), toString(event_id), event_type, rule_id, toString(rule_version), thread, toString(effective_date), period, ledger], '|') FROM journal_lines`,
		`SELECT arrayStringConcat(['leg', thread, order_line_id, account, currency, toString(sum(amount_txn))], '|') FROM journal_lines
			GROUP BY thread, order_line_id, account, currency HAVING sum(amount_txn) != 0`,
		`SELECT arrayStringConcat(['quantity', thread, order_line_id, account, sku, location, toString(assumeNotNull(sum(qty)))], '|') FROM journal_lines
			GROUP BY thread, order_line_id, account, sku, location HAVING sum(qty) != 0`},
	"view stock_deltas": {
		`SELECT DISTINCT arrayStringConcat(['delta', toString(delta_id), toString(event_id), event_type, thread, location, toString(shard), toString(effective_date)], '|') FROM stock_deltas`,
		`SELECT arrayStringConcat(['quantity', thread, location, sku, bucket, ifNull(toString(due_date), ''), toString(sum(qty))], '|') FROM stock_deltas
			GROUP BY thread, location, sku, bucket, due_date HAVING sum(qty) != 0`},
	"view stock_positions": {
		`SELECT arrayStringConcat([sku, location, base_uom, toString(on_hand), toString(unavailable), toString(reserved), toString(open_demand), toString(inbound),
			toString(safety_stock), toString(atp)], '|') FROM stock_positions`},
	"view dead_letters": {`SELECT ifNull(toString(event_id), 'none') FROM dead_letters`},
}

// books reads the whole system.
func (s *system) books() books {
	s.t.Helper()
	b := books{}
	for part, queries := range bookQueries {
		for _, q := range queries {
			b[part] = append(b[part], s.texts(q)...)
		}
	}
	c := s.content()
	for key, v := range c.facts {
		kind, _, _ := strings.Cut(key, " ")
		if part := map[string]string{"entry": "topic journal", "leg": "topic journal", "delta": "topic deltas", "position": "topic positions"}[kind]; !v.IsZero() {
			b[part] = append(b[part], key+"="+v.Text())
		}
	}
	for part := range b {
		slices.Sort(b[part])
	}
	return b
}

// content reads what the loops derived from the log itself, so that a sink's deduplication hides nothing.
func (s *system) content() content {
	s.t.Helper()
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	codec, err := s.cfg.Codec(s.t.Context(), false)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &cluster{t: s.t, opts: opts, codec: codec}
	positions := map[string]*schemas.StockPosition{}
	for _, d := range c.read(schemas.TopicPositions) { // a key keeps its partition, so the last one read is the newest
		positions[string(d.Record.Key)] = d.Event.(*schemas.StockPosition)
	}
	return contentOf(c.read(schemas.TopicJournal), c.read(schemas.TopicDeltas), positions)
}

func (s *system) texts(query string) []string {
	s.t.Helper()
	rows, err := s.conn.Query(context.WithoutCancel(s.t.Context()), query)
	if err != nil {
		s.t.Fatal(query, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			s.t.Fatal(query, err)
		}
		all = append(all, line)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(query, err)
	}
	return all
}

func (b books) hash(part string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(b[part], "\n"))))
}

// differs names each part whose hash is not that of want, with the first lines that only one of them has.
func (b books) differs(want books) []string {
	var all []string
	for _, part := range slices.Sorted(maps.Keys(want)) {
		if b.hash(part) == want.hash(part) {
			continue
		}
		here, there := only(b[part], want[part]), only(want[part], b[part])
		all = append(all, fmt.Sprintf("%s: hash %.12s, want %.12s: %d lines that should not be, first %q; %d lines missing, first %q", part, b.hash(part), want.hash(part),
			len(here), here[:min(3, len(here))], len(there), there[:min(3, len(there))]))
	}
	return all
}

// only lists what a has more often than b.
func only(a, b []string) []string {
	count := map[string]int{}
	for _, line := range b {
		count[line]++
	}
	var all []string
	for _, line := range a {
		if count[line]--; count[line] < 0 {
			all = append(all, line)
		}
	}
	return all
}

// mustEqual holds ClickHouse against the company's second calculation: transaction amounts and stock exactly, functional balances but for the odd minor
// units that depend on the order of slices.
func (s *system) mustEqual(want simulate.Expected) {
	s.t.Helper()
	got := map[string]schemas.Decimal{}
	for _, line := range s.texts("SELECT arrayStringConcat([account, currency, toString(sum(amount_txn))], '|') FROM journal_lines GROUP BY account, currency") {
		f := strings.Split(line, "|")
		got[f[0]+" "+f[1]] = schemas.MustDecimal(f[2])
	}
	for account, currencies := range want.Currencies {
		for currency, v := range currencies {
			if have := got[account+" "+currency]; !have.Equal(v) && !(have.IsZero() && v.IsZero()) {
				s.t.Errorf("account %s in %s: got %s, want %s", account, currency, have.Text(), v.Text())
			}
		}
	}
	limit := schemas.MustDecimal("1")
	for _, line := range s.texts("SELECT arrayStringConcat([account, toString(sum(amount_fn))], '|') FROM journal_lines GROUP BY account") {
		f := strings.Split(line, "|")
		if have := schemas.MustDecimal(f[1]); have.Sub(want.Balances[f[0]]).Abs().Cmp(limit) > 0 {
			s.t.Errorf("functional balance of %s: got %s, want %s", f[0], have.Text(), want.Balances[f[0]].Text())
		}
	}
	shelves := map[string]string{}
	for _, line := range s.texts("SELECT arrayStringConcat([sku, location, toString(on_hand), toString(unavailable), toString(reserved), toString(open_demand)], '|') FROM stock_positions") {
		f := strings.SplitN(line, "|", 3)
		shelves[f[0]+"|"+f[1]] = f[2]
	}
	for shelf, v := range want.Positions {
		have := strings.Split(shelves[shelf.SKU+"|"+shelf.Location], "|")
		for i, q := range []schemas.Decimal{v.OnHand, v.Unavailable, v.Reserved, v.OpenDemand} {
			if len(have) != 4 || !schemas.MustDecimal(have[i]).Equal(q) {
				s.t.Errorf("position %v: got %v, want %s at place %d", shelf, have, q.Text(), i)
			}
		}
	}
}
