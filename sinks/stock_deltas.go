package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// deltaColumns: one row a delta record, its lines in arrays that the view unfolds (domain.md §3.3).
func deltaColumns() []Column {
	return []Column{
		{"delta_id", chUUID}, {"event_id", chUUID}, {"event_type", chText}, {"rule_id", chText}, {"rule_version", chInt32}, {"n", chInt32}, {"rule_set", chText},
		{"legal_entity", chText}, {"order_id", chText}, {"thread", chText}, {"location", chText}, {"shard", chInt32},
		{"occurred_at", chTime}, {"recorded_at", chTime}, {"admitted_at", chTime}, {"effective_date", chDate},
		{"line_no", array(chInt32)}, {"sku", array(chText)}, {"bucket", array(chText)}, {"qty", array(chQty)}, {"base_uom", array(chText)},
		{"due_date", array(nullable(chDate))}, {"document", array(chText)},
		{"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"written_at", chTime},
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
