package export

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// FromClickHouse reads the view journal_lines, one period after the other, by effective date, entry and line. A period is one query, so that what the server
// sorts stays small.
func FromClickHouse(ctx context.Context, conn driver.Conn, want Selection) Entries {
	return func(yield func(*schemas.JournalEntry, error) bool) {
		periods, err := periodsOf(ctx, conn, want)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, period := range periods {
			if more, err := readPeriod(ctx, conn, want.Entity, period, yield); err != nil {
				yield(nil, fmt.Errorf("reading the journal of %s, %s: %w", want.Entity, period, sinks.Explain(err)))
				return
			} else if !more {
				return
			}
		}
	}
}

func periodsOf(ctx context.Context, conn driver.Conn, want Selection) ([]string, error) {
	if want.Period != "" {
		return []string{want.Period}, nil
	}
	var periods []string
	rows, err := conn.Query(ctx, "SELECT DISTINCT period FROM journal_lines WHERE legal_entity = {entity:String} AND ledger = 'PRIMARY' ORDER BY period",
		driver.NamedValue{Name: "entity", Value: want.Entity})
	if err != nil {
		return nil, fmt.Errorf("listing the periods of %s: %w", want.Entity, sinks.Explain(err))
	}
	defer rows.Close()
	for rows.Next() {
		var period string
		if err := rows.Scan(&period); err != nil {
			return nil, fmt.Errorf("listing the periods of %s: %w", want.Entity, err)
		}
		periods = append(periods, period)
	}
	return periods, rows.Err()
}

// patient lets a large period take its time, as fast as whoever reads the file takes it, and sorts what is large on the server's disk instead of in its memory.
var patient = clickhouse.Settings{"max_execution_time": 3600, "max_bytes_before_external_sort": 500_000_000}

// legsQuery reads amounts as text, which is exact whatever the client makes of Decimal(38, 4).
const legsQuery = `SELECT toString(entry_id), toString(event_id), event_type, rule_id, rule_version, n, rule_set, functional_currency, ifNull(toString(fx_rate), ''),
	ifNull(toString(reverses), ''), dimensions, thread, occurred_at, recorded_at, admitted_at, effective_date, original_period, late, source_system, source_doc_type,
	source_doc_id, line_no, account, toString(amount_txn), currency, toString(amount_fn), control_key, order_line_id, sku, location, tax_jurisdiction,
	ifNull(toString(qty), ''), uom
	FROM journal_lines WHERE legal_entity = {entity:String} AND period = {period:String} AND ledger = 'PRIMARY'
	ORDER BY journal_lines.effective_date, journal_lines.entry_id, journal_lines.line_no`

func readPeriod(ctx context.Context, conn driver.Conn, entity, period string, yield func(*schemas.JournalEntry, error) bool) (more bool, err error) {
	rows, err := conn.Query(clickhouse.Context(ctx, clickhouse.WithSettings(patient)), legsQuery, driver.NamedValue{Name: "entity", Value: entity}, driver.NamedValue{Name: "period", Value: period})
	if err != nil {
		return false, err
	}
	defer rows.Close()
	var open *schemas.JournalEntry
	var leg legRow
	for rows.Next() {
		if err := leg.scan(rows); err != nil {
			return false, err
		}
		line, err := leg.line()
		if err != nil {
			return false, err
		}
		if open == nil || open.Meta.EventID.String() != leg.entry {
			if open != nil && !yield(open, nil) {
				return false, nil
			}
			if open, err = leg.header(entity, period); err != nil {
				return false, err
			}
		}
		open.Lines = append(open.Lines, line)
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	return open == nil || yield(open, nil), nil
}

// legRow is a row of legsQuery.
type legRow struct {
	entry, event, cause, rule, ruleSet, functional, rate, reverses, thread string
	ruleVersion, n, lineNo                                                 int32
	dimensions                                                             map[string]string
	occurred, recorded, admitted, effective                                time.Time
	originalPeriod, system, docType, docID                                 string
	late                                                                   bool
	account, txn, currency, fn, key, orderLine, sku, location, tax         string
	qty, uom                                                               string
}

func (r *legRow) scan(rows driver.Rows) error {
	return rows.Scan(&r.entry, &r.event, &r.cause, &r.rule, &r.ruleVersion, &r.n, &r.ruleSet, &r.functional, &r.rate, &r.reverses, &r.dimensions, &r.thread,
		&r.occurred, &r.recorded, &r.admitted, &r.effective, &r.originalPeriod, &r.late, &r.system, &r.docType, &r.docID, &r.lineNo, &r.account, &r.txn,
		&r.currency, &r.fn, &r.key, &r.orderLine, &r.sku, &r.location, &r.tax, &r.qty, &r.uom)
}

func (r *legRow) line() (l schemas.JournalLine, err error) {
	l = schemas.JournalLine{LineNo: r.lineNo, Account: r.account, Currency: r.currency, ControlKey: r.key, OrderLineID: r.orderLine, SKU: r.sku, Location: r.location,
		TaxJurisdiction: r.tax, UOM: r.uom}
	if l.AmountTxn, err = schemas.ParseDecimal(r.txn); err != nil {
		return l, fmt.Errorf("entry %s, line %d: %w", r.entry, r.lineNo, err)
	}
	if l.AmountFn, err = schemas.ParseDecimal(r.fn); err != nil {
		return l, fmt.Errorf("entry %s, line %d: %w", r.entry, r.lineNo, err)
	}
	l.Qty, err = optional(r.qty, schemas.ParseDecimal)
	return l, err
}

func (r *legRow) header(entity, period string) (*schemas.JournalEntry, error) {
	e := &schemas.JournalEntry{CauseType: r.cause, RuleID: r.rule, RuleVersion: r.ruleVersion, N: r.n, Ledger: primary, FunctionalCurrency: r.functional}
	e.Meta = schemas.Meta{LegalEntity: entity, Period: period, OriginalPeriod: r.originalPeriod, Late: r.late, RuleSet: r.ruleSet, CorrelationID: r.thread,
		OccurredAt: schemas.TimeOf(r.occurred), RecordedAt: schemas.Some(schemas.TimeOf(r.recorded)), AdmittedAt: schemas.Some(schemas.TimeOf(r.admitted)),
		EffectiveDate: schemas.Some(schemas.DateOf(r.effective)), Source: schemas.Source{System: r.system, DocType: r.docType, DocID: r.docID}}
	for k, v := range r.dimensions {
		e.Dimensions.Set(k, v)
	}
	var err error
	if e.Meta.EventID, err = schemas.ParseUUID(r.entry); err != nil {
		return nil, err
	}
	if e.Meta.CausationID, err = optional(r.event, schemas.ParseUUID); err != nil {
		return nil, err
	}
	if e.Reverses, err = optional(r.reverses, schemas.ParseUUID); err != nil {
		return nil, err
	}
	e.FXRate, err = optional(r.rate, schemas.ParseDecimal)
	return e, err
}

func optional[T comparable](text string, parse func(string) (T, error)) (o schemas.Opt[T], err error) {
	if text == "" {
		return o, nil
	}
	v, err := parse(text)
	return schemas.Some(v), err
}
