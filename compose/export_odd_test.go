package compose_test

import (
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/compose/export"
	"github.com/throughline/throughline/schemas"
)

// oddEntries are entries of the kinds that text formats stumble over: signs that differ between the currencies, nothing functional that moves, dates outside the
// period, accounts and keys with the formats' own punctuation, the longest amounts that beancount takes.
func oddEntries() []*schemas.JournalEntry {
	late := schemas.Meta{LegalEntity: "E", Period: "2026-03", OriginalPeriod: "2026-02", Late: true, EffectiveDate: schemas.Some(odd("2026-02-27")), CorrelationID: "SO-1; | *\nSO-2"}
	on := schemas.Meta{LegalEntity: "E", Period: "2026-03", EffectiveDate: schemas.Some(odd("2026-03-05")), CorrelationID: `quote " and \`}
	leg := func(account, txn, currency, fn, key string) schemas.JournalLine {
		return schemas.JournalLine{Account: account, AmountTxn: schemas.MustDecimal(txn), Currency: currency, AmountFn: schemas.MustDecimal(fn), ControlKey: key}
	}
	all := []*schemas.JournalEntry{
		{Meta: late, Lines: []schemas.JournalLine{leg("1050", "-5", "EUR", "6.01", "a,b:[2026-01-01]"), leg("7000", "5", "EUR", "-6.01", "date:2020-01-01\nx")}},
		{Meta: on, Lines: []schemas.JournalLine{leg("1050", "7", "EUR", "0", "100%, "), leg("1050", "-7", "EUR", "0", ""), leg("1060", "0", "GBP", "0.0003", "k"),
			leg("7000", "0", "USD", "-0.0003", "k")}},
		{Meta: on, Lines: []schemas.JournalLine{leg("GL 10:20;x", "999999999999999999999999.9999", "USD", "999999999999999999999999.9999", ""),
			leg("größe", "-999999999999999999999999.9999", "USD", "-999999999999999999999999.9999", "")}},
	}
	for i, e := range all {
		e.Meta.EventID, e.CauseType, e.RuleID, e.RuleVersion, e.FunctionalCurrency, e.Ledger = schemas.NamedID("odd", string(rune('0'+i))), "odd.entry", "odd", 1, "USD", "PRIMARY"
		for j := range e.Lines {
			e.Lines[j].LineNo = int32(j + 1)
		}
	}
	return all
}

func odd(text string) (d schemas.Date) {
	if err := d.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return d
}

func each(all []*schemas.JournalEntry) iter.Seq2[*schemas.JournalEntry, error] {
	return func(yield func(*schemas.JournalEntry, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Whatever an entry holds, other programs come to the same sums in both currencies, in the period in which it counts.
func TestExportOfOddEntries(t *testing.T) {
	ledger, entries := startHledger(t), oddEntries()
	functional, transacted := map[string]schemas.Decimal{}, map[string]schemas.Decimal{}
	codes := map[string]string{"GL 10:20;x": "GL-20-10-3a-20-3b-x", "größe": "gr-c3--b6--c3--9f-e"}
	for _, e := range entries {
		for _, l := range e.Lines {
			account := l.Account
			if plain, ok := codes[account]; ok {
				account = plain
			}
			functional[account+" 2026-03 USD"] = functional[account+" 2026-03 USD"].Add(l.AmountFn)
			transacted[account+" 2026-03 "+l.Currency] = transacted[account+" 2026-03 "+l.Currency].Add(l.AmountTxn)
		}
	}
	x := exports{&system{t: t}, ledger, "E"}
	write := func(format string) string {
		path := filepath.Join(t.TempDir(), "odd."+format)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w, err := export.New(format, f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := export.Copy(w, each(entries)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("hledger")
	x.equal("hledger, functional", ledger.balances(t, path, false), functional)
	x.equal("hledger, transacted", ledger.balances(t, path, true), transacted)
	// Each of the first entry's two legs needs two postings, because its signs differ.
	for tag, n := range map[string]int{"key=a%2Cb:%5B2026-01-01%5D": 2, "key=date:2020-01-01%0Ax": 2, "late=2026-02": 4, "reverses": 0, "date": 0} {
		if got := strings.Count(ledger.run(t, "-f", path, "register", "-O", "csv", "tag:"+tag), "\n") - 1; got != n {
			t.Errorf("hledger finds %d postings with tag %s, want %d", got, tag, n)
		}
	}
	var answer struct {
		Problems            []string
		Functional, Weights map[string]string
	}
	startPython(t).run("beans.py", map[string]string{"file": write("beancount")}, &answer)
	if len(answer.Problems) > 0 {
		t.Errorf("bean-check says %q", answer.Problems)
	}
	sums := decimals(answer.Functional)
	sums["gr-c3--b6--c3--9f-e 2026-03 USD"] = sums["Gr-c3--b6--c3--9f-e 2026-03 USD"] // beancount's accounts begin with a capital
	delete(sums, "Gr-c3--b6--c3--9f-e 2026-03 USD")
	x.equal("beancount, functional", sums, functional)
}
