package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

func actionColumns() []Column {
	return []Column{
		{"action_id", chUUID}, {"action", chText}, {"who", chText}, {"why", chText}, {"subject_id", nullable(chUUID)},
		{"subject_topic", chText}, {"subject_partition", nullable(chInt32)}, {"subject_offset", nullable(chUInt64)},
		{"consumer", chText}, {"finding", chText}, {"found", chText}, {"plan_hash", chText}, {"legal_entity", chText}, {"thread", chText},
		{"acted_at", chTime}, {"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"written_at", chTime},
	}
}

func actionRows(_ context.Context, d schemas.Delivery, b *Block) error {
	a, err := ofType[*schemas.OperatorAction](d)
	if err != nil {
		return err
	}
	b.UUID(a.Meta.EventID)
	b.Str(string(a.Action))
	b.Str(a.Who)
	b.Str(a.Why)
	b.OptUUID(a.LetterID)
	b.Str(a.Topic)
	if a.Partition.Set {
		b.Int32(a.Partition.V)
	} else {
		b.Null()
	}
	if a.Offset.Set {
		b.Int64(a.Offset.V)
	} else {
		b.Null()
	}
	b.Str(a.Consumer)
	b.Str(a.Finding)
	b.Str(a.Found)
	b.Str(a.PlanHash)
	b.Str(a.Meta.LegalEntity)
	b.Str(a.Meta.CorrelationID)
	b.Time(a.Meta.OccurredAt)
	positionCells(b, d)
	b.Row(1)
	return nil
}
