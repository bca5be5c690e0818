package sinks

import (
	"context"
	"errors"

	"github.com/throughline/throughline/schemas"
)

// letterColumns: how and where a record died, the record itself, and the columns of events, null where the record could not be read
// (operations.md §1).
func letterColumns() []Column {
	return append([]Column{
		{"letter_id", chUUID}, {"stage", chText}, {"consumer", chText}, {"class", chText}, {"reason", chText}, {"owner", chText},
		{"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"record_time", chTime}, {"schema_id", nullable(chInt32)},
		{"key", chText}, {"value", chText}, {"headers", chMap}, {"attempts", chInt32}, {"laps", chInt32}, {"first_letter_id", nullable(chUUID)},
		{"letter_partition", chInt32}, {"letter_offset", chUInt64}, {"written_at", chTime},
	}, headerColumns(nullable)...)
}

// letterRows never makes a letter: what codec cannot read of the dead record stays null.
func letterRows(codec *schemas.Codec) func(context.Context, schemas.Delivery, *Block) error {
	return func(ctx context.Context, d schemas.Delivery, b *Block) error {
		l, err := ofType[*schemas.DeadLetter](d)
		if err != nil {
			return err
		}
		dead, _, err := codec.Decode(ctx, l.Value)
		if err != nil && !errors.Is(err, schemas.ErrPoison) {
			return err
		}
		letterCells(b, l)
		b.Int32(d.Partition)
		b.Int64(d.Offset)
		b.Time(d.AppendTime)
		if err == nil {
			if m := dead.Header(); m.CorrelationID == "" {
				m.CorrelationID = l.Thread // what died before intake has none of its own
			}
			headerCells(b, dead)
		} else {
			unreadCells(b, l)
		}
		b.Row(1)
		return nil
	}
}

func letterCells(b *Block, l *schemas.DeadLetter) {
	b.UUID(l.Meta.EventID)
	b.Str(l.Stage)
	b.Str(l.Consumer)
	b.Str(string(l.Class))
	b.Str(l.Reason)
	b.Str(l.Owner)
	b.Str(l.Topic)
	b.Int32(l.Partition)
	b.Int64(l.Offset)
	b.Time(l.RecordTime)
	if l.SchemaID.Set {
		b.Int32(l.SchemaID.V)
	} else {
		b.Null()
	}
	b.Bytes(l.Key)
	b.Bytes(l.Value)
	b.pairs = b.pairs[:0]
	for _, h := range l.Headers {
		b.pairs = append(b.pairs, schemas.StringPair{Key: h.Key, Value: string(h.Value)})
	}
	b.Pairs(b.pairs)
	b.Int32(l.Attempts)
	b.Int32(l.Laps)
	b.OptUUID(l.FirstLetterID)
}

// unreadCells writes headerColumns of a record that could not be read: what the letter itself knows of it, and nulls.
func unreadCells(b *Block, l *schemas.DeadLetter) {
	for _, c := range headerColumns(nullable) {
		switch c.Name {
		case "event_id":
			b.OptUUID(l.DeadEventID)
		case "event_type":
			b.StrOrNull(l.DeadEventType)
		case "legal_entity":
			b.StrOrNull(l.Meta.LegalEntity)
		case "thread":
			b.StrOrNull(l.Thread)
		case "order_id":
			b.StrOrNull(orderOf(l.Thread))
		case "period":
			b.StrOrNull(l.Meta.Period)
		case "refs":
			b.Pairs(l.Meta.SubjectRefs)
		default:
			b.Null()
		}
	}
}
