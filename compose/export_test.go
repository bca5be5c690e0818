package compose_test

import (
	"context"
	"encoding/csv"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/export"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// What finance takes away equals what we show: other people's programs read the exports of a company with several currencies and come to our balances.
func TestExportOfTheCompany(t *testing.T) {
	ledger := startHledger(t)
	s := startSystem(t)
	stop := s.run()
	company := simulate.New(simulate.Config{Seed: 52, Orders: 60})
	events := slices.Collect(company.Events())
	s.deliver(company, events)
	s.loaded()
	if err := stop(); err != nil {
		t.Error(err)
	}
	x := exports{s, ledger, simulate.Entity}
	t.Run("hledger reads it", x.hledger)
	t.Run("beancount reads it", x.beancount)
	t.Run("Kafka and ClickHouse give the same", x.sources)
	t.Run("ClickHouse reads the Parquet", x.parquet)
	t.Run("the summary rounds per account", x.summary)
	t.Run("a general ledger is kept exactly once", x.ledgers)
}

// loaded waits until whatever was published stands in ClickHouse: no group lags, three times in a row. What is exported is held against what ClickHouse shows, and
// whether that is complete other tests ask.
func (s *system) loaded() {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	app, err := compose.New(ctx, s.cfg, s.cfg.NewLogger(s.t.Output()))
	if err != nil {
		s.t.Fatal(err)
	}
	cl, err := kgo.NewClient(app.Cluster...)
	if err != nil {
		s.t.Fatal(err)
	}
	defer cl.Close()
	calm := 0
	eventually(s.t, "nothing lags", func() bool {
		calm++
		lags, err := compose.Lag(ctx, kadm.NewClient(cl), app.Codec)
		for group, n := range lags {
			if n > 0 && group != schemas.Group("admission") { // ticks come for ever
				calm = 0
			}
		}
		if err != nil || s.number("SELECT count() FROM journal_lines") == 0 {
			calm = 0
		}
		return calm >= 3
	})
}

// exports is a loaded system whose roles have stopped.
type exports struct {
	*system
	ledger hledger
	entity string
}

func (x exports) on(t *testing.T) exports {
	s := *x.system
	s.t = t
	return exports{&s, x.ledger, x.entity}
}

// write exports to a file.
func (x exports) write(name, format string, entries iter.Seq2[*schemas.JournalEntry, error]) (string, export.Count) {
	x.t.Helper()
	path := filepath.Join(x.t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		x.t.Fatal(err)
	}
	defer f.Close()
	w, err := export.New(format, f)
	if err != nil {
		x.t.Fatal(err)
	}
	n, err := export.Copy(w, entries)
	if err != nil {
		x.t.Fatal(err)
	}
	if lines := x.number("SELECT count() FROM journal_lines WHERE legal_entity = '" + x.entity + "'"); uint64(n.Lines) > lines || n.Lines == 0 {
		x.t.Fatalf("%d lines exported of %d", n.Lines, lines)
	}
	return path, n
}

// sums are what a query gives as a key and an amount.
func (x exports) sums(query string) map[string]schemas.Decimal {
	x.t.Helper()
	sums := map[string]schemas.Decimal{}
	for _, row := range x.texts(query) {
		cut := strings.LastIndexByte(row, ' ')
		sums[row[:cut]] = schemas.MustDecimal(row[cut+1:])
	}
	return sums
}

func (x exports) functional() map[string]schemas.Decimal {
	return x.sums("SELECT concat(account, ' ', period, ' ', currency, ' ', toString(balance)) FROM trial_balance WHERE legal_entity = '" + x.entity + "'")
}

func (x exports) transacted() map[string]schemas.Decimal {
	return x.sums("SELECT concat(account, ' ', period, ' ', currency, ' ', toString(sum(amount_txn))) FROM journal_lines WHERE ledger = 'PRIMARY' AND legal_entity = '" +
		x.entity + "' GROUP BY account, period, currency")
}

func (x exports) hledger(t *testing.T) {
	x = x.on(t)
	path, n := x.write("all.journal", "hledger", export.FromClickHouse(t.Context(), x.conn, export.Selection{Entity: x.entity}))
	x.equal("functional currency", x.ledger.balances(t, path, false), x.functional())
	x.equal("transaction currency", x.ledger.balances(t, path, true), x.transacted())
	x.ledger.run(t, "-f", path, "check", "commodities", "accounts", "ordereddates")
	t.Logf("%d entries, %d lines", n.Entries, n.Lines)
}

// beancount lets bean-check judge the ledger, and beancount add it up.
func (x exports) beancount(t *testing.T) {
	x = x.on(t)
	py := startPython(t)
	path, n := x.write("all.beancount", "beancount", export.FromClickHouse(t.Context(), x.conn, export.Selection{Entity: x.entity}))
	var answer struct {
		Problems            []string
		Functional, Weights map[string]string
		Transactions        int
	}
	py.run("beans.py", map[string]string{"file": path}, &answer)
	if len(answer.Problems) > 0 || answer.Transactions != n.Entries {
		t.Errorf("%d transactions, want %d; problems %q", answer.Transactions, n.Entries, answer.Problems)
	}
	x.equal("functional currency", decimals(answer.Functional), x.functional())
	x.equal("transaction currency", decimals(answer.Weights), x.transacted())
}

func decimals(texts map[string]string) map[string]schemas.Decimal {
	all := map[string]schemas.Decimal{}
	for key, text := range texts {
		all[key] = schemas.MustDecimal(text)
	}
	return all
}

// sources holds the export from the topic against the one from ClickHouse, line by line, and sees that a repetition gives the same bytes.
func (x exports) sources(t *testing.T) {
	x = x.on(t)
	opts, err := x.cfg.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	codec, err := x.cfg.Codec(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	want := export.Selection{Entity: x.entity, Period: "2026-02"}
	lines := func(name string, entries iter.Seq2[*schemas.JournalEntry, error]) []string {
		path, n := x.write(name, "csv", entries)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Split(strings.TrimSpace(string(text)), "\n")
		if len(all) != n.Lines+1 {
			t.Errorf("%s: %d rows, want a header and %d", name, len(all), n.Lines)
		}
		return all
	}
	table, topic := lines("table.csv", export.FromClickHouse(t.Context(), x.conn, want)), lines("topic.csv", export.FromKafka(t.Context(), opts, codec, want))
	if again := lines("again.csv", export.FromKafka(t.Context(), opts, codec, want)); !slices.Equal(again, topic) {
		t.Error("the topic exported twice gives two files")
	}
	slices.Sort(table)
	slices.Sort(topic)
	for i := range min(len(table), len(topic)) {
		if table[i] != topic[i] {
			t.Fatalf("the table gives\n%s\nand the topic\n%s", table[i], topic[i])
		}
	}
	if len(table) != len(topic) || len(table) < 100 {
		t.Errorf("%d rows from the table, %d from the topic", len(table), len(topic))
	}
}

// parquet lets ClickHouse read the file: its decimals are those of the table.
func (x exports) parquet(t *testing.T) {
	x = x.on(t)
	path, n := x.write("all.parquet", "parquet", export.FromClickHouse(t.Context(), x.conn, export.Selection{Entity: x.entity}))
	file := "file('" + path + "', Parquet)"
	if rows := x.number("SELECT count() FROM " + file); rows != uint64(n.Lines) {
		t.Errorf("%d rows, want %d", rows, n.Lines)
	}
	types := x.texts("SELECT concat(toTypeName(any(amount_fn)), ' ', toTypeName(any(effective_date)), ' ', toTypeName(any(occurred_at)), ' ', toTypeName(any(qty))) FROM " + file)
	if want := []string{"Decimal(38, 4) Date32 DateTime64(6, 'UTC') Nullable(Decimal(38, 6))"}; !slices.Equal(types, want) {
		t.Errorf("types %q, want %q", types, want)
	}
	x.equal("functional currency", x.sums("SELECT concat(account, ' ', period, ' ', functional_currency, ' ', toString(sum(amount_fn))) FROM "+file+
		" GROUP BY account, period, functional_currency"), x.functional())
	x.equal("transaction currency", x.sums("SELECT concat(account, ' ', period, ' ', currency, ' ', toString(sum(amount_txn))) FROM "+file+" GROUP BY account, period, currency"),
		x.transacted())
}

// summary compares each account's rounded total with the exact one, and the drill-down with both.
func (x exports) summary(t *testing.T) {
	x = x.on(t)
	var legs strings.Builder
	detail := export.FromClickHouse(t.Context(), x.conn, export.Selection{Entity: x.entity})
	path, n := x.write("summary.journal", "hledger", export.Summary{By: []string{"channel", "tax_jurisdiction"}, DrillDown: &legs}.Entries(detail))
	got, want := x.ledger.balances(t, path, false), map[string]schemas.Decimal{}
	left := map[string]schemas.Decimal{}
	for key, v := range x.functional() {
		_, rest, _ := strings.Cut(key, " ")
		want[key] = want[key].Add(v.Round(2, schemas.HalfUp))
		left[rest] = left[rest].Sub(v.Round(2, schemas.HalfUp))
	}
	remainders := 0
	for rest, v := range left {
		want["7900 "+rest] = want["7900 "+rest].Add(v)
		if !v.IsZero() {
			remainders++
		}
	}
	if remainders == 0 {
		t.Error("rounding leaves nothing in any month: the test does not try what it says")
	}
	x.equal("rounded", got, want)
	rows, err := csv.NewReader(strings.NewReader(legs.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	exact := map[string]schemas.Decimal{}
	for _, r := range rows[1:] {
		account, _, _ := strings.Cut(r[1], "|")
		key := account + " " + r[0] + " " + r[5]
		exact[key] = exact[key].Add(schemas.MustDecimal(r[4]))
	}
	x.equal("drill-down", exact, x.functional())
	t.Logf("%d legs in %d rows", len(rows)-1, n.Lines)
}

// equal compares sums; zero and absent are the same.
func (x exports) equal(what string, got, want map[string]schemas.Decimal) {
	x.t.Helper()
	if len(want) == 0 {
		x.t.Fatalf("%s: there is nothing to compare with", what)
	}
	seen := 0
	for key, v := range want {
		if !got[key].Equal(v) {
			x.t.Errorf("%s, %s: got %s, want %s", what, key, got[key].Text(), v.Text())
		}
		if !v.IsZero() {
			seen++
		}
	}
	for key, v := range got {
		if _, ok := want[key]; !ok && !v.IsZero() {
			x.t.Errorf("%s, %s: got %s, want nothing", what, key, v.Text())
		}
	}
	x.t.Logf("%s: %d balances are equal", what, seen)
}
