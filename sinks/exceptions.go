package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

func exceptionColumns() []Column {
	return []Column{
		{"exception_id", chUUID}, {"code", chText}, {"summary", chText}, {"owner", chText}, {"legal_entity", chText}, {"thread", chText}, {"order_id", chText},
		{"subject_event_id", nullable(chUUID)}, {"subject_event_type", chText}, {"amount", nullable(chMoney)}, {"currency", chText},
		{"period", chText}, {"occurred_at", chTime}, {"admitted_at", nullable(chTime)},
		{"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"written_at", chTime},
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
