package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// beancount writes a ledger that beancount reads: one transaction an entry, functional amounts with the transaction amount as their total price.
type beancount struct {
	out   *bufio.Writer
	chart chart
	b     []byte
}

func newBeancount(out io.Writer, c chart) *beancount {
	w := &beancount{out: bufio.NewWriterSize(out, 1<<16), chart: c}
	// Beancount keeps a price for each unit, so that a total price comes back with an error in its 28th digit: it is told that amounts have four decimals.
	fmt.Fprint(w.out, "; The journal as exported by throughline: one transaction an entry, Dr +, Cr -.\noption \"inferred_tolerance_default\" \"*:0.00005\"\n")
	return w
}

// opened is before any entry: beancount refuses a posting to an account that is not open yet.
const opened = "1970-01-01"

// digits is the precision of the decimals that beancount computes with; what is longer it would round without a word.
const digits = 28

// Entry opens the accounts that are new, then writes the transaction.
func (w *beancount) Entry(e *schemas.JournalEntry) error {
	for i := range e.Lines {
		if l := &e.Lines[i]; max(l.AmountFn.Precision(), l.AmountTxn.Precision()) > digits {
			return fmt.Errorf("line %d has more than %d digits, with which beancount computes: hledger, CSV and Parquet take them", l.LineNo, digits)
		}
		a, first := w.chart.account(e.Lines[i].Account)
		if first {
			fmt.Fprintf(w.out, "%s open %s\n  name: %s\n", opened, a.beancount, quoted(a.name))
		}
	}
	m := &e.Meta
	b := fmt.Appendf(w.b[:0], "\n%s * %s\n  entry: \"%s\"\n  rule: %s\n  period: \"%s\"\n  effective: %s\n", w.date(m), quoted(e.CauseType+" "+m.CorrelationID), m.EventID,
		quoted(fmt.Sprintf("%s@%d", e.RuleID, e.RuleVersion)), m.Period, m.EffectiveDate.V)
	if m.CausationID.Set {
		b = fmt.Appendf(b, "  event: \"%s\"\n", m.CausationID.V)
	}
	if e.Reverses.Set {
		b = fmt.Appendf(b, "  reverses: \"%s\"\n", e.Reverses.V)
	}
	for i := range e.Lines {
		b = w.leg(b, e, &e.Lines[i])
	}
	w.b = b
	_, err := w.out.Write(b)
	return err
}

func (w *beancount) leg(b []byte, e *schemas.JournalEntry, l *schemas.JournalLine) []byte {
	a, _ := w.chart.account(l.Account)
	for _, p := range postingsOf(l, e.FunctionalCurrency) {
		b = fmt.Appendf(b, "  %s  %s %s", a.beancount, amount(p.units), e.FunctionalCurrency)
		if p.costs {
			b = fmt.Appendf(b, " @@ %s %s", amount(p.cost), l.Currency)
		}
		b = append(b, '\n')
		if l.ControlKey != "" {
			b = fmt.Appendf(b, "    key: %s\n", quoted(l.ControlKey))
		}
	}
	return b
}

func (w *beancount) Close() error { return w.out.Flush() }

// date is the effective date, or the first day of the period where the entry counts in another: beancount has one date only, so that the other is metadata.
func (w *beancount) date(m *schemas.Meta) string {
	primary, _, _ := strings.Cut(hledgerDate(m), "=")
	return primary
}

// quoted is a beancount string: backslash and quote are escaped, everything else stands for itself.
func quoted(s string) string { return `"` + quotes.Replace(s) + `"` }

var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ")
