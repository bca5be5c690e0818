package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// headerColumns are what events and dead letters share, so that one query joins good and bad events of an order. In dead letters what could not be
// read is null.
func headerColumns(wrap func(string) string) []Column {
	return []Column{
		{"event_id", wrap(chUUID)}, {"event_type", wrap(chText)}, {"schema_version", wrap(chInt32)}, {"legal_entity", wrap(chText)},
		{"occurred_at", wrap(chTime)}, {"occurred_tz_offset", wrap(chText)}, {"time_quality", wrap(chText)}, {"document_date", nullable(chDate)},
		{"source_system", wrap(chText)}, {"source_instance", wrap(chText)}, {"source_doc_type", wrap(chText)}, {"source_doc_id", wrap(chText)},
		{"source_doc_version", wrap(chText)}, {"source_transition", wrap(chText)}, {"native_event_id", wrap(chText)},
		{"thread", wrap(chText)}, {"thread_sequence", wrap(chInt64)}, {"causation_id", nullable(chUUID)}, {"corrects", nullable(chUUID)},
		{"recorded_at", wrap(chTime)}, {"admitted_at", wrap(chTime)}, {"effective_date", wrap(chDate)}, {"rule_set", wrap(chText)},
		{"period", wrap(chText)}, {"original_period", wrap(chText)}, {"late", wrap(chBool)}, {"traceparent", wrap(chText)},
		{"intake_topic", wrap(chText)}, {"intake_partition", wrap(chInt32)}, {"intake_offset", wrap(chInt64)}, {"content_hash", wrap(chText)},
		{"order_id", wrap(chText)}, {"shipment_id", wrap(chText)}, {"invoice_id", wrap(chText)}, {"credit_memo_id", wrap(chText)},
		{"payment_id", wrap(chText)}, {"payout_id", wrap(chText)}, {"refs", chMap}, {"amount_total", nullable(chMoney)}, {"currency", wrap(chText)},
	}
}

func asIs(t string) string { return t }

func eventColumns() []Column {
	return append(headerColumns(asIs),
		Column{"expects_entry", chBool}, Column{"expects_delta", chBool}, Column{"key", chText},
		Column{"topic", chText}, Column{"partition", chInt32}, Column{"offset", chUInt64}, Column{"written_at", chTime})
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
