package audit

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// separator stands between the elements of an array.
const separator = "\x1f"

// Each kind of column says how ClickHouse renders it; the record's side renders the same.
func plain(name string) string  { return name }
func number(name string) string { return "toString(" + name + ")" }
func moment(name string) string { return "toString(toUnixTimestamp64Micro(" + name + "))" }
func day(name string) string    { return "toString(toInt32(" + name + "))" }
func truth(name string) string  { return "toString(toUInt8(" + name + "))" }
func maybe(name string) string  { return "ifNull(toString(" + name + "), '')" }
func maybeDay(name string) string {
	return "ifNull(toString(toInt32(" + name + ")), '')"
}

// eachOf renders every element of an array by another kind.
func eachOf(kind func(string) string) func(string) string {
	return func(name string) string {
		return "arrayStringConcat(arrayMap(x -> " + kind("x") + ", " + name + "), '" + separator + "')"
	}
}

func pairs(name string) string {
	return "arrayStringConcat(arrayMap((k, v) -> concat(k, '=', v), mapKeys(" + name + "), mapValues(" + name + ")), '" + separator + "')"
}

func textInt(v int64) string              { return strconv.FormatInt(v, 10) }
func textTime(v schemas.Time) string      { return strconv.FormatInt(int64(v), 10) }
func textDate(v schemas.Date) string      { return strconv.FormatInt(int64(v), 10) }
func textNumber(v schemas.Decimal) string { return v.Text() }

func textBool(v bool) string {
	if v {
		return "1"
	}
	return "0"
}

// textOpt renders what may be absent.
func textOpt[T comparable](v schemas.Opt[T], render func(T) string) string {
	if !v.Set {
		return ""
	}
	return render(v.V)
}

// textAll renders the elements of an array.
func textAll[T any](list []T, render func(*T) string) string {
	all := make([]string, len(list))
	for i := range list {
		all[i] = render(&list[i])
	}
	return strings.Join(all, separator)
}

// of makes a column of events of type E.
func of[E schemas.Event](name string, kind func(string) string, text func(E) string) column {
	return column{name, kind(name), func(d schemas.Delivery) string { return text(d.Event.(E)) }}
}

// ofMeta makes a column of the envelope.
func ofMeta(name string, kind func(string) string, text func(*schemas.Meta) string) column {
	return column{name, kind(name), func(d schemas.Delivery) string { return text(d.Event.Header()) }}
}

// positionColumns say where the record stands.
func positionColumns() []column {
	return []column{
		{"topic", plain("topic"), func(d schemas.Delivery) string { return d.Topic }},
		{"partition", number("partition"), func(d schemas.Delivery) string { return textInt(int64(d.Partition)) }},
		{"offset", number("offset"), func(d schemas.Delivery) string { return textInt(d.Offset) }},
		{"written_at", moment("written_at"), func(d schemas.Delivery) string { return textTime(d.AppendTime) }},
	}
}

// stampColumns are what every derived record inherits.
func stampColumns() []column {
	type meta = *schemas.Meta
	return []column{
		ofMeta("event_id", number, func(m meta) string { return m.CausationID.V.String() }),
		ofMeta("legal_entity", plain, func(m meta) string { return m.LegalEntity }),
		ofMeta("rule_set", plain, func(m meta) string { return m.RuleSet }),
		ofMeta("thread", plain, func(m meta) string { return m.CorrelationID }),
		ofMeta("occurred_at", moment, func(m meta) string { return textTime(m.OccurredAt) }),
		ofMeta("recorded_at", moment, func(m meta) string { return textTime(m.RecordedAt.V) }),
		ofMeta("admitted_at", moment, func(m meta) string { return textTime(m.AdmittedAt.V) }),
		ofMeta("effective_date", day, func(m meta) string { return textDate(m.EffectiveDate.V) }),
	}
}

func journalColumns() []column {
	type entry = *schemas.JournalEntry
	type line = *schemas.JournalLine
	lines := func(text func(line) string) func(entry) string {
		return func(e entry) string { return textAll(e.Lines, text) }
	}
	return append(stampColumns(),
		of("event_type", plain, func(e entry) string { return e.CauseType }),
		of("rule_id", plain, func(e entry) string { return e.RuleID }),
		of("rule_version", number, func(e entry) string { return textInt(int64(e.RuleVersion)) }),
		of("n", number, func(e entry) string { return textInt(int64(e.N)) }),
		of("ledger", plain, func(e entry) string { return e.Ledger }),
		of("functional_currency", plain, func(e entry) string { return e.FunctionalCurrency }),
		of("fx_rate", maybe, func(e entry) string { return textOpt(e.FXRate, textNumber) }),
		of("reverses", maybe, func(e entry) string { return textOpt(e.Reverses, schemas.UUID.String) }),
		of("order_id", plain, func(e entry) string { return orderOr(e.Dimensions.Get("order_id"), e.Meta.CorrelationID) }),
		of("shipment_id", plain, func(e entry) string { return e.Dimensions.Get("shipment_id") }),
		of("invoice_id", plain, func(e entry) string { return e.Dimensions.Get("invoice_id") }),
		of("payment_id", plain, func(e entry) string { return e.Dimensions.Get("payment_id") }),
		of("channel", plain, func(e entry) string { return e.Dimensions.Get("channel") }),
		of("other_dimensions", pairs, otherDimensions),
		of("period", plain, func(e entry) string { return e.Meta.Period }),
		of("original_period", plain, func(e entry) string { return e.Meta.OriginalPeriod }),
		of("late", truth, func(e entry) string { return textBool(e.Meta.Late) }),
		of("source_system", plain, func(e entry) string { return e.Meta.Source.System }),
		of("source_doc_type", plain, func(e entry) string { return e.Meta.Source.DocType }),
		of("source_doc_id", plain, func(e entry) string { return e.Meta.Source.DocID }),
		of("line_no", eachOf(number), lines(func(l line) string { return textInt(int64(l.LineNo)) })),
		of("account", eachOf(plain), lines(func(l line) string { return l.Account })),
		of("amount_txn", eachOf(number), lines(func(l line) string { return l.AmountTxn.Text() })),
		of("currency", eachOf(plain), lines(func(l line) string { return l.Currency })),
		of("amount_fn", eachOf(number), lines(func(l line) string { return l.AmountFn.Text() })),
		of("control_key", eachOf(plain), lines(func(l line) string { return l.ControlKey })),
		of("order_line_id", eachOf(plain), lines(func(l line) string { return l.OrderLineID })),
		of("sku", eachOf(plain), lines(func(l line) string { return l.SKU })),
		of("location", eachOf(plain), lines(func(l line) string { return l.Location })),
		of("tax_jurisdiction", eachOf(plain), lines(func(l line) string { return l.TaxJurisdiction })),
		of("qty", eachOf(maybe), lines(func(l line) string { return textOpt(l.Qty, textNumber) })),
		of("uom", eachOf(plain), lines(func(l line) string { return l.UOM })),
	)
}

func otherDimensions(e *schemas.JournalEntry) string {
	var other []string
	for _, p := range e.Dimensions {
		switch p.Key {
		case "order_id", "shipment_id", "invoice_id", "payment_id", "channel":
		default:
			other = append(other, p.Key+"="+p.Value)
		}
	}
	return strings.Join(other, separator)
}

func deltaColumns() []column {
	type delta = *schemas.StockDelta
	type line = *schemas.DeltaLine
	lines := func(text func(line) string) func(delta) string {
		return func(e delta) string { return textAll(e.Lines, text) }
	}
	return append(stampColumns(),
		of("event_type", plain, func(e delta) string { return e.CauseType }),
		of("rule_id", plain, func(e delta) string { return e.RuleID }),
		of("rule_version", number, func(e delta) string { return textInt(int64(e.RuleVersion)) }),
		of("n", number, func(e delta) string { return textInt(int64(e.N)) }),
		of("order_id", plain, func(e delta) string { return orderOr("", e.Meta.CorrelationID) }),
		of("location", plain, func(e delta) string { return e.Location }),
		of("shard", number, func(e delta) string { return textInt(int64(e.Shard)) }),
		of("line_no", eachOf(number), lines(func(l line) string { return textInt(int64(l.LineNo)) })),
		of("sku", eachOf(plain), lines(func(l line) string { return l.SKU })),
		of("bucket", eachOf(plain), lines(func(l line) string { return string(l.Bucket) })),
		of("qty", eachOf(number), lines(func(l line) string { return l.Qty.Text() })),
		of("base_uom", eachOf(plain), lines(func(l line) string { return l.BaseUOM })),
		of("due_date", eachOf(maybeDay), lines(func(l line) string { return textOpt(l.DueDate, textDate) })),
		of("document", eachOf(plain), lines(func(l line) string { return l.Document })),
	)
}

// eventColumns are the envelope's and the documents that people join by. Column refs and the totals are conveniences of the table.
func eventColumns() []column {
	type meta = *schemas.Meta
	return []column{
		documentColumn("order_id", "OrderID"), documentColumn("shipment_id", "ShipmentID"), documentColumn("invoice_id", "InvoiceID"),
		documentColumn("credit_memo_id", "CreditMemoID"), documentColumn("payment_id", "PaymentID"), documentColumn("payout_id", "PayoutID"),
		{"event_type", plain("event_type"), func(d schemas.Delivery) string { return d.Event.EventType() }},
		{"key", plain("key"), func(d schemas.Delivery) string { return string(d.Record.Key) }},
		ofMeta("schema_version", number, func(m meta) string { return textInt(int64(m.SchemaVersion)) }),
		ofMeta("legal_entity", plain, func(m meta) string { return m.LegalEntity }),
		ofMeta("occurred_at", moment, func(m meta) string { return textTime(m.OccurredAt) }),
		ofMeta("occurred_tz_offset", plain, func(m meta) string { return m.OccurredTZOffset }),
		ofMeta("time_quality", plain, func(m meta) string { return string(m.TimeQuality) }),
		ofMeta("document_date", maybeDay, func(m meta) string { return textOpt(m.DocumentDate, textDate) }),
		ofMeta("source_system", plain, func(m meta) string { return m.Source.System }),
		ofMeta("source_instance", plain, func(m meta) string { return m.Source.Instance }),
		ofMeta("source_doc_type", plain, func(m meta) string { return m.Source.DocType }),
		ofMeta("source_doc_id", plain, func(m meta) string { return m.Source.DocID }),
		ofMeta("source_doc_version", plain, func(m meta) string { return m.Source.DocVersion }),
		ofMeta("source_transition", plain, func(m meta) string { return m.Source.Transition }),
		ofMeta("native_event_id", plain, func(m meta) string { return m.Source.NativeEventID }),
		ofMeta("thread", plain, func(m meta) string { return m.CorrelationID }),
		ofMeta("thread_sequence", number, func(m meta) string { return textInt(m.ThreadSequence.V) }),
		ofMeta("causation_id", maybe, func(m meta) string { return textOpt(m.CausationID, schemas.UUID.String) }),
		ofMeta("corrects", maybe, corrects),
		ofMeta("recorded_at", moment, func(m meta) string { return textTime(m.RecordedAt.V) }),
		ofMeta("admitted_at", moment, func(m meta) string { return textTime(m.AdmittedAt.V) }),
		ofMeta("effective_date", day, func(m meta) string { return textDate(m.EffectiveDate.V) }),
		ofMeta("rule_set", plain, func(m meta) string { return m.RuleSet }),
		ofMeta("period", plain, func(m meta) string { return m.Period }),
		ofMeta("original_period", plain, func(m meta) string { return m.OriginalPeriod }),
		ofMeta("late", truth, func(m meta) string { return textBool(m.Late) }),
		ofMeta("traceparent", plain, func(m meta) string { return m.Traceparent }),
		ofMeta("intake_topic", plain, func(m meta) string { return intakeOf(m).Topic }),
		ofMeta("intake_partition", number, func(m meta) string { return textInt(int64(intakeOf(m).Partition)) }),
		ofMeta("intake_offset", number, func(m meta) string { return textInt(intakeOf(m).Offset) }),
		ofMeta("content_hash", plain, func(m meta) string { return string(intakeOf(m).ContentHash) }),
	}
}

// documentColumn is a document that the body names in a field of its own, else the one that the source names for tracing.
func documentColumn(name, field string) column {
	return column{name, plain(name), func(d schemas.Delivery) string {
		if v := reflect.ValueOf(d.Event).Elem().FieldByName(field); v.IsValid() && v.String() != "" {
			return v.String()
		}
		if x, ok := d.Event.(*schemas.BankStatementLineMatched); ok && strings.EqualFold(string(x.Matched)+"_id", name) {
			return x.MatchedID
		}
		return d.Event.Header().SubjectRefs.Get(name)
	}}
}

func corrects(m *schemas.Meta) string {
	if m.Correction == nil {
		return ""
	}
	return m.Correction.CorrectedEventID.String()
}

func intakeOf(m *schemas.Meta) schemas.IntakeRef {
	if m.Intake == nil {
		return schemas.IntakeRef{}
	}
	return *m.Intake
}

// orderOr is the order that a document names, else the one that its thread is. Threads of other documents have their kind in front.
func orderOr(order, thread string) string {
	if order != "" {
		return order
	}
	switch kind, _, found := strings.Cut(thread, ":"); {
	case !found:
		return thread
	case slices.Contains(documentKinds, kind):
		return ""
	}
	return thread
}

var documentKinds = []string{"receipt", "transfer", "count", "period", "invoice", "credit", "write-off", "gift-card", "payment", "refund", "fee", "payout", "bank", "rma", "return",
	"expected", "status", "snapshot", "revaluation", "policy", "recovery", "reclassification", "remittance", "freight", "authorization"}
