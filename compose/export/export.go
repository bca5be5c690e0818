package export

import (
	"fmt"
	"io"
	"iter"

	"github.com/throughline/throughline/schemas"
)

// Selection is which entries are wanted.
type Selection struct {
	Entity string // legal entity, one
	Period string // 2011-03; empty: all

	// FromKafka alone reads no further than that, and passes these records over: what a close holds (package closing).
	Until   map[int32]int64 // by partition of the journal, exclusive; nil: to the end
	Without map[schemas.Position]bool
}

// primary is the ledger that counts; others are shadows.
const primary = "PRIMARY"

func (s Selection) has(e *schemas.JournalEntry) bool {
	return e.Meta.LegalEntity == s.Entity && e.Ledger == primary && (s.Period == "" || e.Meta.Period == s.Period)
}

// Entries are journal entries, each once. Meta holds what the books need: ids, entity, dates, period, rule set, thread, source. An entry is the reader's to keep.
type Entries = iter.Seq2[*schemas.JournalEntry, error]

// Writer is a format. Close writes what stands at the end and leaves the file open: it is the caller's.
type Writer interface {
	Entry(*schemas.JournalEntry) error
	Close() error
}

// Count is how much was written.
type Count struct{ Entries, Lines int }

// Copy writes all entries and closes the writer. It holds each against Σ amount_txn = 0 per currency and Σ amount_fn = 0 first: what does not balance is no entry.
func Copy(w Writer, entries Entries) (n Count, err error) {
	for e, err := range entries {
		if err != nil {
			return n, err
		}
		if err := balanced(e); err != nil {
			return n, err
		}
		if err := w.Entry(e); err != nil {
			return n, fmt.Errorf("writing entry %s: %w", e.Meta.EventID, err)
		}
		n.Entries++
		n.Lines += len(e.Lines)
	}
	if err := w.Close(); err != nil {
		return n, fmt.Errorf("writing the end of the export: %w", err)
	}
	return n, nil
}

func balanced(e *schemas.JournalEntry) error {
	var functional schemas.Decimal
	sums := map[string]schemas.Decimal{}
	for i := range e.Lines {
		l := &e.Lines[i]
		functional = functional.Add(l.AmountFn)
		sums[l.Currency] = sums[l.Currency].Add(l.AmountTxn)
	}
	if !functional.IsZero() {
		return fmt.Errorf("entry %s is %s %s off balance: `throughline audit` says why", e.Meta.EventID, functional.Text(), e.FunctionalCurrency)
	}
	for currency, sum := range sums {
		if !sum.IsZero() {
			return fmt.Errorf("entry %s is %s %s off balance: `throughline audit` says why", e.Meta.EventID, sum.Text(), currency)
		}
	}
	return nil
}

// amountScale is the scale of every amount of the journal.
const amountScale = 4

// amount is a decimal with exactly four places.
func amount(d schemas.Decimal) string {
	four, _ := d.Rescale(amountScale)
	return four.String()
}

// Formats are the names that New takes.
var Formats = []string{"csv", "parquet", "hledger", "beancount"}

// New is a writer of a format.
func New(format string, out io.Writer) (Writer, error) {
	c, err := newChart()
	if err != nil {
		return nil, err
	}
	switch format {
	case "csv":
		return newCSV(out, c), nil
	case "parquet":
		return newParquet(out, c), nil
	case "beancount":
		return newBeancount(out, c), nil
	case "hledger":
		return newHledger(out, c), nil
	}
	return nil, fmt.Errorf("there is no format %q: csv, parquet, hledger or beancount", format)
}
