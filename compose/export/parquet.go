package export

import (
	"encoding/binary"
	"encoding/json"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/throughline/throughline/schemas"
)

// parquetRow is a leg, with the columns of the CSV. A decimal is the unscaled integer, sixteen bytes, the highest first, as the format wants it.
type parquetRow struct {
	EntryID            string    `parquet:"entry_id"`
	LineNo             int32     `parquet:"line_no"`
	LegalEntity        string    `parquet:"legal_entity,dict"`
	Period             string    `parquet:"period,dict"`
	OriginalPeriod     string    `parquet:"original_period,dict"`
	Late               bool      `parquet:"late"`
	EffectiveDate      int32     `parquet:"effective_date,date"`
	OccurredAt         int64     `parquet:"occurred_at,timestamp(microsecond)"`
	AdmittedAt         int64     `parquet:"admitted_at,timestamp(microsecond)"`
	EventID            string    `parquet:"event_id"`
	EventType          string    `parquet:"event_type,dict"`
	RuleID             string    `parquet:"rule_id,dict"`
	RuleVersion        int32     `parquet:"rule_version"`
	RuleSet            string    `parquet:"rule_set,dict"`
	Reverses           string    `parquet:"reverses,dict"`
	Thread             string    `parquet:"thread"`
	Account            string    `parquet:"account,dict"`
	AccountName        string    `parquet:"account_name,dict"`
	AmountTxn          [16]byte  `parquet:"amount_txn,decimal(4:38)"`
	Currency           string    `parquet:"currency,dict"`
	AmountFn           [16]byte  `parquet:"amount_fn,decimal(4:38)"`
	FunctionalCurrency string    `parquet:"functional_currency,dict"`
	FXRate             *[16]byte `parquet:"fx_rate,decimal(10:38)"`
	ControlKey         string    `parquet:"control_key"`
	OrderLineID        string    `parquet:"order_line_id,dict"`
	SKU                string    `parquet:"sku,dict"`
	Location           string    `parquet:"location,dict"`
	TaxJurisdiction    string    `parquet:"tax_jurisdiction,dict"`
	Qty                *[16]byte `parquet:"qty,decimal(6:38)"`
	UOM                string    `parquet:"uom,dict"`
	Dimensions         string    `parquet:"dimensions,json"`
	SourceSystem       string    `parquet:"source_system,dict"`
	SourceDocType      string    `parquet:"source_doc_type,dict"`
	SourceDocID        string    `parquet:"source_doc_id"`
}

type parquetWriter struct {
	out   *parquet.GenericWriter[parquetRow]
	chart chart
	rows  []parquetRow
	group int
}

// rowGroup bounds what the writer holds in memory.
const rowGroup = 100_000

func newParquet(out io.Writer, c chart) *parquetWriter {
	return &parquetWriter{out: parquet.NewGenericWriter[parquetRow](out, parquet.Compression(&parquet.Zstd)), chart: c}
}

func (w *parquetWriter) Entry(e *schemas.JournalEntry) error {
	m := &e.Meta
	dimensions, err := json.Marshal(e.Dimensions)
	if err != nil {
		return err
	}
	w.rows = w.rows[:0]
	for i := range e.Lines {
		l := &e.Lines[i]
		a, _ := w.chart.account(l.Account)
		w.rows = append(w.rows, parquetRow{m.EventID.String(), l.LineNo, m.LegalEntity, m.Period, m.OriginalPeriod, m.Late, int32(m.EffectiveDate.V), int64(m.OccurredAt),
			int64(m.AdmittedAt.V), text(m.CausationID), e.CauseType, e.RuleID, e.RuleVersion, m.RuleSet, text(e.Reverses), m.CorrelationID, l.Account, a.name,
			wide(l.AmountTxn, amountScale), l.Currency, wide(l.AmountFn, amountScale), e.FunctionalCurrency, wideOr(e.FXRate, 10), l.ControlKey, l.OrderLineID, l.SKU,
			l.Location, l.TaxJurisdiction, wideOr(l.Qty, 6), l.UOM, string(dimensions), m.Source.System, m.Source.DocType, m.Source.DocID})
	}
	if _, err := w.out.Write(w.rows); err != nil {
		return err
	}
	if w.group += len(w.rows); w.group < rowGroup {
		return nil
	}
	w.group = 0
	return w.out.Flush()
}

func (w *parquetWriter) Close() error { return w.out.Close() }

// wide is a decimal as Parquet stores DECIMAL(38, scale). The journal's amounts have that scale or less.
func wide(d schemas.Decimal, scale uint8) (b [16]byte) {
	exact, _ := d.Rescale(scale)
	hi, lo := exact.Int128()
	binary.BigEndian.PutUint64(b[:8], uint64(hi))
	binary.BigEndian.PutUint64(b[8:], lo)
	return b
}

func wideOr(o schemas.Opt[schemas.Decimal], scale uint8) *[16]byte {
	if !o.Set {
		return nil
	}
	b := wide(o.V, scale)
	return &b
}
