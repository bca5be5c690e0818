package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// hledger writes a journal that hledger reads, and mostly Ledger too: one transaction an entry, functional amounts with the transaction amount as their total cost.
type hledger struct {
	out         *bufio.Writer
	chart       chart
	commodities map[string]bool
	b           []byte
}

func newHledger(out io.Writer, c chart) *hledger {
	h := &hledger{out: bufio.NewWriterSize(out, 1<<16), chart: c, commodities: map[string]bool{}}
	fmt.Fprint(h.out, "; The journal as exported by throughline: one transaction an entry, Dr +, Cr -.\ndecimal-mark .\n")
	return h
}

// Entry writes what is declared for the first time, then the transaction.
func (h *hledger) Entry(e *schemas.JournalEntry) error {
	h.declare(e)
	m := &e.Meta
	b := append(h.b[:0], '\n')
	b = append(append(b, hledgerDate(m)...), ' ')
	b = append(append(b, plainText(e.CauseType+" "+m.CorrelationID)...), '\n')
	b = fmt.Appendf(b, "    ; entry:%s, rule:%s@%d, period:%s", m.EventID, tagValue(e.RuleID), e.RuleVersion, m.Period)
	if m.CausationID.Set {
		b = fmt.Appendf(b, ", event:%s", m.CausationID.V)
	}
	if m.Late {
		b = fmt.Appendf(b, ", late:%s", m.OriginalPeriod)
	}
	if e.Reverses.Set {
		b = fmt.Appendf(b, ", reverses:%s", e.Reverses.V)
	}
	b = append(b, '\n')
	for i := range e.Lines {
		b = h.leg(b, e, &e.Lines[i])
	}
	h.b = b
	_, err := h.out.Write(b)
	return err
}

func (h *hledger) declare(e *schemas.JournalEntry) {
	h.commodity(e.FunctionalCurrency)
	for i := range e.Lines {
		h.commodity(e.Lines[i].Currency)
		if a, first := h.chart.account(e.Lines[i].Account); first {
			fmt.Fprintf(h.out, "account %s  ; type:%s, name:%s\n", a.hledger, a.letter, tagValue(a.name))
		}
	}
}

func (h *hledger) commodity(code string) {
	if !h.commodities[code] {
		h.commodities[code] = true
		fmt.Fprintf(h.out, "commodity 1000.0000 %s\n", code)
	}
}

func (h *hledger) leg(b []byte, e *schemas.JournalEntry, l *schemas.JournalLine) []byte {
	a, _ := h.chart.account(l.Account)
	for _, p := range postingsOf(l, e.FunctionalCurrency) {
		b = append(append(append(b, "    "...), a.hledger...), "  "...)
		b = append(append(append(b, amount(p.units)...), ' '), e.FunctionalCurrency...)
		if p.costs {
			b = append(append(append(append(b, " @@ "...), amount(p.cost)...), ' '), l.Currency...)
		}
		if l.ControlKey != "" {
			b = append(append(b, "  ; key:"...), tagValue(l.ControlKey)...)
		}
		b = append(b, '\n')
	}
	return b
}

func (h *hledger) Close() error { return h.out.Flush() }

// hledgerDate is the effective date, so that reports by month are ours by period. A late entry counts in another period than its date: it stands on the first day
// of that, with its date as the secondary one (--date2).
func hledgerDate(m *schemas.Meta) string {
	effective := m.EffectiveDate.V
	if m.Period == "" || schemas.PeriodOf(effective) == m.Period {
		return effective.String()
	}
	return m.Period + "-01=" + effective.String()
}

// tagValue keeps a value in one tag: a comma or a line's end would end it, and what stands in brackets is read as a date.
func tagValue(s string) string { return tagEscapes.Replace(s) }

// plainText keeps a description in its line: a semicolon would begin a comment, and a bar separates payee and note.
func plainText(s string) string { return textEscapes.Replace(s) }

var (
	tagEscapes  = strings.NewReplacer("%", "%25", ",", "%2C", "\n", "%0A", "\r", "%0D", "[", "%5B", "]", "%5D")
	textEscapes = strings.NewReplacer("%", "%25", ";", "%3B", "\n", "%0A", "\r", "%0D", "|", "%7C")
)
