package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// positionColumns: every state of a position is loaded; the newest by offset stands, because a position's key keeps its partition.
func positionColumns() []Column {
	return []Column{
		{"position_id", id}, {"sku", text}, {"location", text}, {"base_uom", text},
		{"on_hand", qty}, {"unavailable", qty}, {"reserved", qty}, {"open_demand", qty}, {"inbound", qty}, {"safety_stock", qty}, {"atp", qty},
		{"deltas", int64s}, {"as_of", nullable(instant)},
		{"topic", text}, {"partition", int32s}, {"offset", uint64s}, {"written_at", instant},
	}
}

func positionRows(_ context.Context, d schemas.Delivery, b *Block) error {
	p, err := ofType[*schemas.StockPosition](d)
	if err != nil {
		return err
	}
	b.UUID(p.Meta.EventID)
	b.Str(p.SKU)
	b.Str(p.Location)
	b.Str(p.BaseUOM)
	for _, q := range [...]schemas.Decimal{p.OnHand, p.Unavailable, p.Reserved, p.OpenDemand, p.Inbound, p.SafetyStock, p.ATP} {
		b.Decimal(q)
	}
	b.Int64(p.Deltas)
	b.OptTime(p.AsOf)
	positionCells(b, d)
	b.Row(1)
	return nil
}
