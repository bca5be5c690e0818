package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// holdColumns: what was held, what became overdue, and how it ended. The view folds them to one row a hold.
func holdColumns() []Column {
	return []Column{
		{"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"event_id", nullable(chUUID)}, {"event_type", chText}, {"outcome", chText},
		{"thread", chText}, {"order_id", chText}, {"waits_for", array(chText)}, {"deadline", nullable(chTime)}, {"owner", chText},
		{"outcome_partition", chInt32}, {"outcome_offset", chUInt64}, {"written_at", chTime},
	}
}

func holdRows(_ context.Context, d schemas.Delivery, b *Block) error {
	o, err := ofType[*schemas.AdmissionOutcome](d)
	if err != nil {
		return err
	}
	// What was admitted at once, or dropped as a duplicate, was never held.
	if o.Outcome == schemas.OutcomeADMITTED || o.Outcome == schemas.OutcomeDUPLICATE {
		return nil
	}
	b.Str(o.Topic)
	b.Int32(o.Partition)
	b.Int64(o.Offset)
	b.OptUUID(o.SubjectEventID)
	b.Str(o.SubjectEventType)
	b.Str(string(o.Outcome))
	b.Str(o.Thread)
	b.Str(orderOf(o.Thread))
	for _, w := range o.WaitsFor {
		b.Str(w)
	}
	b.End()
	b.OptTime(o.Deadline)
	b.Str(o.Owner)
	b.Int32(d.Partition)
	b.Int64(d.Offset)
	b.Time(d.AppendTime)
	b.Row(1)
	return nil
}
