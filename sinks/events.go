package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// headerColumns are what events and dead letters share, so that one query joins good and bad events of an order. In dead letters what could not be
// read is null.
func headerColumns(wrap func(string) string) []Column {
	return []Column{
		{"event_id", wrap(id)}, {"event_type", wrap(text)}, {"schema_version", wrap(int32s)}, {"legal_entity", wrap(text)},
		{"occurred_at", wrap(instant)}, {"occurred_tz_offset", wrap(text)}, {"time_quality", wrap(text)}, {"document_date", nullable(date)},
		{"source_system", wrap(text)}, {"source_instance", wrap(text)}, {"source_doc_type", wrap(text)}, {"source_doc_id", wrap(text)},
		{"source_doc_version", wrap(text)}, {"source_transition", wrap(text)}, {"native_event_id", wrap(text)},
		{"thread", wrap(text)}, {"thread_sequence", wrap(int64s)}, {"causation_id", nullable(id)}, {"corrects", nullable(id)},
		{"recorded_at", wrap(instant)}, {"admitted_at", wrap(instant)}, {"effective_date", wrap(date)}, {"rule_set", wrap(text)},
		{"period", wrap(text)}, {"original_period", wrap(text)}, {"late", wrap(flag)}, {"traceparent", wrap(text)},
		{"intake_topic", wrap(text)}, {"intake_partition", wrap(int32s)}, {"intake_offset", wrap(int64s)}, {"content_hash", wrap(text)},
		{"order_id", wrap(text)}, {"shipment_id", wrap(text)}, {"invoice_id", wrap(text)}, {"credit_memo_id", wrap(text)},
		{"payment_id", wrap(text)}, {"payout_id", wrap(text)}, {"refs", pairs}, {"amount_total", nullable(money)}, {"currency", wrap(text)},
	}
}

func asIs(t string) string { return t }

func eventColumns() []Column {
	return append(headerColumns(asIs),
		Column{"expects_entry", flag}, Column{"expects_delta", flag}, Column{"key", text},
		Column{"topic", text}, Column{"partition", int32s}, Column{"offset", uint64s}, Column{"written_at", instant})
}

func eventRows(expects Expects) func(context.Context, schemas.Delivery, *Block) error {
	return func(_ context.Context, d schemas.Delivery, b *Block) error {
		entry, delta := expects(d.Event)
		headerCells(b, d.Event)
		b.Bool(entry)
		b.Bool(delta)
		b.Bytes(d.Record.Key)
		positionCells(b, d)
		b.Row(1)
		return nil
	}
}

// positionCells writes topic, partition, offset and written_at.
func positionCells(b *Block, d schemas.Delivery) {
	b.Str(d.Topic)
	b.Int32(d.Partition)
	b.Int64(d.Offset)
	b.Time(d.AppendTime)
}

// headerCells writes headerColumns.
func headerCells(b *Block, e schemas.Event) {
	m := e.Header()
	b.UUID(m.EventID)
	b.Str(e.EventType())
	b.Int32(m.SchemaVersion)
	b.Str(m.LegalEntity)
	b.Time(m.OccurredAt)
	b.Str(m.OccurredTZOffset)
	b.Str(string(m.TimeQuality))
	b.OptDate(m.DocumentDate)
	sourceCells(b, &m.Source)
	b.Str(m.CorrelationID)
	b.Int64(m.ThreadSequence.Or(0))
	b.OptUUID(m.CausationID)
	if m.Correction == nil {
		b.Null()
	} else {
		b.UUID(m.Correction.CorrectedEventID)
	}
	b.OptTime(m.RecordedAt)
	b.OptTime(m.AdmittedAt)
	b.OptDate(m.EffectiveDate)
	b.Str(m.RuleSet)
	b.Str(m.Period)
	b.Str(m.OriginalPeriod)
	b.Bool(m.Late)
	b.Str(m.Traceparent)
	intakeCells(b, m.Intake)
	documentCells(b, e)
}

func sourceCells(b *Block, s *schemas.Source) {
	b.Str(s.System)
	b.Str(s.Instance)
	b.Str(s.DocType)
	b.Str(s.DocID)
	b.Str(s.DocVersion)
	b.Str(s.Transition)
	b.Str(s.NativeEventID)
}

func intakeCells(b *Block, ref *schemas.IntakeRef) {
	if ref == nil {
		for range 4 {
			b.Null()
		}
		return
	}
	b.Str(ref.Topic)
	b.Int32(ref.Partition)
	b.Int64(ref.Offset)
	b.Bytes(ref.ContentHash)
}

// documentCells writes the documents that an event names, all of them in refs and those that people join by as columns too, and its amount.
func documentCells(b *Block, e schemas.Event) {
	docs := documents(b.pairs[:0], e)
	own := len(docs)
	for _, ref := range e.Header().SubjectRefs {
		if find(docs[:own], ref.Key) == "" {
			docs = append(docs, ref)
		}
	}
	b.pairs = docs
	for _, name := range [...]string{"order_id", "shipment_id", "invoice_id", "credit_memo_id", "payment_id", "payout_id"} {
		b.Str(find(docs, name))
	}
	b.Pairs(docs)
	amount, currency, ok := total(e)
	if ok && amount.Valid() {
		b.Decimal(amount)
	} else {
		b.Null()
	}
	b.Str(currency)
}

func find(pairs []schemas.StringPair, key string) string {
	for i := range pairs {
		if pairs[i].Key == key {
			return pairs[i].Value
		}
	}
	return ""
}
