package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// deltaColumns: one row a delta record, its lines in arrays that the view unfolds (domain.md §3.3).
func deltaColumns() []Column {
	return []Column{
		{"delta_id", id}, {"event_id", id}, {"event_type", text}, {"rule_id", text}, {"rule_version", int32s}, {"n", int32s}, {"rule_set", text},
		{"legal_entity", text}, {"order_id", text}, {"thread", text}, {"location", text}, {"shard", int32s},
		{"occurred_at", instant}, {"recorded_at", instant}, {"admitted_at", instant}, {"effective_date", date},
		{"line_no", array(int32s)}, {"sku", array(text)}, {"bucket", array(text)}, {"qty", array(qty)}, {"base_uom", array(text)},
		{"due_date", array(nullable(date))}, {"document", array(text)},
		{"topic", text}, {"partition", int32s}, {"offset", uint64s}, {"written_at", instant},
	}
}

func deltaRows(_ context.Context, d schemas.Delivery, b *Block) error {
	e, err := ofType[*schemas.StockDelta](d)
	if err != nil {
		return err
	}
	m := &e.Meta
	b.UUID(m.EventID)
	b.UUID(m.CausationID.V)
	b.Str(e.CauseType)
	b.Str(e.RuleID)
	b.Int32(e.RuleVersion)
	b.Int32(e.N)
	b.Str(m.RuleSet)
	b.Str(m.LegalEntity)
	b.Str(orderOf(m.CorrelationID))
	b.Str(m.CorrelationID)
	b.Str(e.Location)
	b.Int32(e.Shard)
	b.Time(m.OccurredAt)
	b.OptTime(m.RecordedAt)
	b.OptTime(m.AdmittedAt)
	b.OptDate(m.EffectiveDate)
	deltaLineCells(b, e.Lines)
	positionCells(b, d)
	b.Row(len(e.Lines))
	return nil
}

func deltaLineCells(b *Block, lines []schemas.DeltaLine) {
	for i := range lines {
		b.Int32(lines[i].LineNo)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].SKU)
	}
	b.End()
	for i := range lines {
		b.Str(string(lines[i].Bucket))
	}
	b.End()
	for i := range lines {
		b.Decimal(lines[i].Qty)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].BaseUOM)
	}
	b.End()
	for i := range lines {
		b.OptDate(lines[i].DueDate)
	}
	b.End()
	for i := range lines {
		b.Str(lines[i].Document)
	}
	b.End()
}
