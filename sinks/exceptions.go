package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

func exceptionColumns() []Column {
	return []Column{
		{"exception_id", id}, {"code", text}, {"summary", text}, {"owner", text}, {"legal_entity", text}, {"thread", text}, {"order_id", text},
		{"subject_event_id", nullable(id)}, {"subject_event_type", text}, {"amount", nullable(money)}, {"currency", text},
		{"period", text}, {"occurred_at", instant}, {"admitted_at", nullable(instant)},
		{"topic", text}, {"partition", int32s}, {"offset", uint64s}, {"written_at", instant},
	}
}

func exceptionRows(_ context.Context, d schemas.Delivery, b *Block) error {
	x, err := ofType[*schemas.ExceptionRaised](d)
	if err != nil {
		return err
	}
	b.UUID(x.Meta.EventID)
	b.Str(x.Code)
	b.Str(x.Summary)
	b.Str(x.Owner)
	b.Str(x.Meta.LegalEntity)
	b.Str(x.Thread)
	b.Str(orderOf(x.Thread))
	b.OptUUID(x.SubjectEventID)
	b.Str(x.SubjectEventType)
	if x.Amount == nil {
		b.Null()
		b.Str("")
	} else {
		b.Decimal(x.Amount.Amount)
		b.Str(x.Amount.Currency)
	}
	b.Str(x.Meta.Period)
	b.Time(x.Meta.OccurredAt)
	b.OptTime(x.Meta.AdmittedAt)
	positionCells(b, d)
	b.Row(1)
	return nil
}
