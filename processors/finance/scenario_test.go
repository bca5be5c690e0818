package finance

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

var update = flag.Bool("update", false, "rewrite the expected legs and balances in testdata")

// The language of testdata/*.txt, for people who read ledgers:
//
//	# a comment
//	given cost A 14.125, B 9.50          reference data; also: given entity EUR, given balances (show them after every event)
//
//	wms  shipment.shipped  SH-1  of SO-1; 2 × A; 1 × B        who says what: document, facts, then one clause per line
//	=>
//	shipment.shipped  1150 104.52  4000 -104.52              the entry, Dr + and Cr -, legs of an account together
//	balances  1150 104.52  4000 -104.52
//
// An amount in another currency than the entity's stands as "97.00 EUR (108.64)", one in functional currency only as "(-2.00)". Where an account has several legs that do not
// go the same way, the control key follows in braces. "nothing" is an event without an entry, "dead" one that is refused.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("listing testdata: %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := playFile(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got.text), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			diffLines(t, string(text), got.text)
		})
	}
}

// TestEveryRuleHasAScenario: the rule for X has its example in testdata/x.txt, and X is played there.
func TestEveryRuleHasAScenario(t *testing.T) {
	for _, r := range rules {
		name := "testdata/" + strings.ReplaceAll(r.Event, ".", "_") + ".txt"
		text, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("rule %s has no scenario: %v", r.ID, err)
			continue
		}
		if !strings.Contains(string(text), "\n"+r.Event+" ") {
			t.Errorf("%s does not show what %s posts", name, r.Event)
		}
	}
}

// played is a file after its events were derived.
type played struct {
	text    string
	events  []schemas.Event
	entries []*schemas.JournalEntry
}

// playFile derives the events of a file and writes the file again with what was derived.
func playFile(t *testing.T, text string) played {
	t.Helper()
	w := newWorld(t)
	var p played
	var out []string
	block := []schemas.Event{}
	skipping := false
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "=>":
			out = append(out, line)
			out = append(out, p.derive(t, w, block)...)
			p.events = append(p.events, block...)
			block, skipping = nil, true
			continue
		case trimmed == "":
			skipping = false
		case skipping:
			continue
		case strings.HasPrefix(trimmed, "#"):
		case strings.HasPrefix(trimmed, "given "):
			w.given(trimmed)
		default:
			block = append(block, w.build(parse(t, trimmed)))
		}
		out = append(out, line)
	}
	if len(block) > 0 {
		t.Fatalf("the last events have no => after them")
	}
	p.text = strings.Join(out, "\n") + "\n"
	return p
}

func (p *played) derive(t *testing.T, w *world, events []schemas.Event) (lines []string) {
	t.Helper()
	for _, e := range events {
		derived, err := Derive(e)
		lines = append(lines, fmt.Sprintf("%-30s  %s", e.EventType(), describe(t, derived, err)))
		for _, x := range derived {
			if entry, ok := x.(*schemas.JournalEntry); ok {
				p.entries = append(p.entries, entry)
			}
		}
		if (err != nil || hasEntry(derived)) != Expects(e) {
			t.Errorf("%s: Expects says %v", e.EventType(), Expects(e))
		}
	}
	if w.balances {
		lines = append(lines, fmt.Sprintf("%-30s  %s", "balances", balanceText(t, p.entries)))
	}
	return lines
}

func hasEntry(derived []schemas.Event) bool {
	return slices.ContainsFunc(derived, func(e schemas.Event) bool { _, ok := e.(*schemas.JournalEntry); return ok })
}

func describe(t *testing.T, derived []schemas.Event, err error) string {
	t.Helper()
	var poison *schemas.PoisonError
	switch {
	case errors.As(err, &poison):
		return "dead " + string(poison.Class) + ": " + poison.Reason
	case err != nil:
		t.Fatalf("an error that is no PoisonError: %v", err)
	}
	var parts []string
	for _, e := range derived {
		switch x := e.(type) {
		case *schemas.JournalEntry:
			parts = append(parts, legsText(x))
		case *schemas.ExceptionRaised:
			parts = append(parts, fmt.Sprintf("exception %s for %s", x.Code, x.Owner))
		default:
			t.Fatalf("a derived %s", e.EventType())
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "  ")
}

// group is what a scenario shows as one leg.
type group struct {
	account, currency, key string
	txn, fn                schemas.Decimal
	mixed                  bool
}

// legsText sums the legs of an account that go the same way.
func legsText(entry *schemas.JournalEntry) string {
	var groups []group
	for _, l := range entry.Lines {
		sign := l.AmountFn.Sign()
		i := slices.IndexFunc(groups, func(g group) bool {
			return g.account == l.Account && g.currency == l.Currency && g.fn.Sign() == sign
		})
		if i < 0 {
			groups = append(groups, group{account: l.Account, currency: l.Currency, key: l.ControlKey, txn: l.AmountTxn, fn: l.AmountFn})
			continue
		}
		g := &groups[i]
		g.txn, g.fn, g.mixed = g.txn.Add(l.AmountTxn), g.fn.Add(l.AmountFn), g.mixed || g.key != l.ControlKey
	}
	var parts []string
	for _, g := range groups {
		part := g.account + " " + moneyText(g.txn)
		switch {
		case g.txn.IsZero():
			part = g.account + " (" + moneyText(g.fn) + ")"
		case g.currency != entry.FunctionalCurrency:
			part += " " + g.currency + " (" + moneyText(g.fn) + ")"
		}
		twice := slices.IndexFunc(groups, func(o group) bool { return o.account == g.account && o.key != g.key }) >= 0
		if twice && !g.mixed && g.key != "" {
			part += " {" + g.key + "}"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "  ")
}

// balanceText is what stands on each account, in functional currency.
func balanceText(t *testing.T, entries []*schemas.JournalEntry) string {
	t.Helper()
	sums, total := map[string]schemas.Decimal{}, noAmount
	for _, e := range entries {
		for _, l := range e.Lines {
			sums[l.Account], total = sums[l.Account].Add(l.AmountFn), total.Add(l.AmountFn)
		}
	}
	if !total.IsZero() {
		t.Errorf("the ledger sums to %s", total)
	}
	var parts []string
	for account, sum := range sums {
		if !sum.IsZero() {
			parts = append(parts, account+" "+moneyText(sum))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	slices.Sort(parts)
	return strings.Join(parts, "  ")
}

// moneyText has two decimals at least, and no zeros after them.
func moneyText(d schemas.Decimal) string {
	s := d.Text()
	point := strings.IndexByte(s, '.')
	if point < 0 {
		return s + ".00"
	}
	if len(s)-point == 2 {
		return s + "0"
	}
	return s
}

func diffLines(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(no line)", "(no line)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			t.Errorf("line %d\nwant %s\ngot  %s", i+1, a, b)
			return
		}
	}
}
