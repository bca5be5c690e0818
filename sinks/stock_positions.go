package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// positionColumns: every state of a position is loaded; the newest by offset stands, because a position's key keeps its partition.
func positionColumns() []Column {
	return []Column{
		{"position_id", chUUID}, {"sku", chText}, {"location", chText}, {"base_uom", chText},
		{"on_hand", chQty}, {"unavailable", chQty}, {"reserved", chQty}, {"open_demand", chQty}, {"inbound", chQty}, {"safety_stock", chQty}, {"atp", chQty},
		{"inbound_returns", chQty},
		{"deltas", chInt64}, {"as_of", nullable(chTime)},
		{"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"written_at", chTime},
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
	for _, q := range [...]schemas.Decimal{p.OnHand, p.Unavailable, p.Reserved, p.OpenDemand, p.Inbound, p.SafetyStock, p.ATP, p.InboundReturns.V} {
		b.Decimal(q)
	}
	b.Int64(p.Deltas)
	b.OptTime(p.AsOf)
	positionCells(b, d)
	b.Row(1)
	return nil
}
