package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// snapshotColumns: one row a snapshot, its lines in arrays that the view unfolds. A snapshot is compared with the sum of the deltas, never part of it
// (domain.md §3.4).
func snapshotColumns() []Column {
	return []Column{
		{"event_id", chUUID}, {"snapshot_id", chText}, {"source_system", chText}, {"source_instance", chText}, {"legal_entity", chText},
		{"as_of", chTime}, {"source_sequence", nullable(chInt64)}, {"admitted_at", chTime},
		{"line_id", array(chText)}, {"sku", array(chText)}, {"location", array(chText)}, {"base_uom", array(chText)},
		{"on_hand", array(chQty)}, {"unavailable", array(nullable(chQty))}, {"reserved", array(nullable(chQty))},
		{"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"written_at", chTime},
	}
}

// snapshotRows passes over all other events of the topic.
func snapshotRows(_ context.Context, d schemas.Delivery, b *Block) error {
	x, ok := d.Event.(*schemas.InventorySnapshotTaken)
	if !ok {
		return nil
	}
	m := &x.Meta
	b.UUID(m.EventID)
	b.Str(x.SnapshotID)
	b.Str(m.Source.System)
	b.Str(m.Source.Instance)
	b.Str(m.LegalEntity)
	b.Time(x.AsOf)
	if x.SourceSequence.Set {
		b.Int64(x.SourceSequence.V)
	} else {
		b.Null()
	}
	b.OptTime(m.AdmittedAt)
	snapshotLineCells(b, x.Lines)
	positionCells(b, d)
	b.Row(len(x.Lines))
	return nil
}

func snapshotLineCells(b *Block, lines []schemas.SnapshotLine) {
	for _, text := range [...]func(*schemas.SnapshotLine) string{
		func(l *schemas.SnapshotLine) string { return l.LineID }, func(l *schemas.SnapshotLine) string { return l.Stock.SKU },
		func(l *schemas.SnapshotLine) string { return l.Stock.Location }, func(l *schemas.SnapshotLine) string { return l.BaseUOM },
	} {
		for i := range lines {
			b.Str(text(&lines[i]))
		}
		b.End()
	}
	for i := range lines {
		b.Decimal(lines[i].OnHand)
	}
	b.End()
	for i := range lines {
		b.OptDecimal(lines[i].Unavailable)
	}
	b.End()
	for i := range lines {
		b.OptDecimal(lines[i].Reserved)
	}
	b.End()
}
