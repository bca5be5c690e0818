package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// csvColumns are the columns of the detail, one row a leg. New ones come at the end.
var csvColumns = []string{"entry_id", "line_no", "legal_entity", "period", "original_period", "late", "effective_date", "occurred_at", "admitted_at", "event_id", "event_type",
	"rule_id", "rule_version", "rule_set", "reverses", "thread", "account", "account_name", "amount_txn", "currency", "amount_fn", "functional_currency", "fx_rate",
	"control_key", "order_line_id", "sku", "location", "tax_jurisdiction", "qty", "uom", "dimensions", "source_system", "source_doc_type", "source_doc_id"}

// csvWriter writes RFC 4180 with a header, amounts with four decimals and a point, dimensions as a JSON object.
type csvWriter struct {
	out   *csv.Writer
	chart chart
	row   []string
}

func newCSV(out io.Writer, c chart) *csvWriter {
	w := &csvWriter{out: csv.NewWriter(out), chart: c}
	_ = w.out.Write(csvColumns) // Close tells what went wrong
	return w
}

func (w *csvWriter) Entry(e *schemas.JournalEntry) error {
	m := &e.Meta
	dimensions, err := json.Marshal(e.Dimensions)
	if err != nil {
		return err
	}
	for i := range e.Lines {
		l := &e.Lines[i]
		a, _ := w.chart.account(l.Account)
		w.row = append(w.row[:0], m.EventID.String(), strconv.Itoa(int(l.LineNo)), m.LegalEntity, m.Period, m.OriginalPeriod, strconv.FormatBool(m.Late),
			text(m.EffectiveDate), m.OccurredAt.String(), text(m.AdmittedAt), text(m.CausationID), e.CauseType, e.RuleID, strconv.Itoa(int(e.RuleVersion)), m.RuleSet,
			text(e.Reverses), m.CorrelationID, l.Account, a.name, amount(l.AmountTxn), l.Currency, amount(l.AmountFn), e.FunctionalCurrency, number(e.FXRate),
			l.ControlKey, l.OrderLineID, l.SKU, l.Location, l.TaxJurisdiction, number(l.Qty), l.UOM, string(dimensions), m.Source.System, m.Source.DocType, m.Source.DocID)
		if err := w.out.Write(w.row); err != nil {
			return err
		}
	}
	return nil
}

func (w *csvWriter) Close() error {
	w.out.Flush()
	return w.out.Error()
}

// text is a value that may be missing, which is an empty cell.
func text[T interface {
	comparable
	String() string
}](o schemas.Opt[T]) string {
	if !o.Set {
		return ""
	}
	return o.V.String()
}

// number is a decimal without the zeros at its end: how many of them there are depends on where it was read.
func number(o schemas.Opt[schemas.Decimal]) string {
	if !o.Set {
		return ""
	}
	return o.V.Text()
}
