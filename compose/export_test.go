package compose_test

import (
	"context"
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
