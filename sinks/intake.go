package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// intakeColumns: one row an outcome; the last one by log order says what became of the intake record. All outcomes of one record share a thread and so
// a partition of admission.outcomes.
func intakeColumns() []Column {
	return []Column{
		{"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"event_id", nullable(chUUID)}, {"event_type", chText}, {"outcome", chText},
		{"said", chText}, {"stage", chText}, {"thread", chText}, {"order_id", chText}, {"canonical_topic", chText},
		{"outcome_partition", chInt32}, {"outcome_offset", chUInt64}, {"written_at", chTime},
	}
}

func intakeRows(_ context.Context, d schemas.Delivery, b *Block) error {
	o, err := ofType[*schemas.AdmissionOutcome](d)
	if err != nil {
		return err
	}
	b.Str(o.Topic)
	b.Int32(o.Partition)
	b.Int64(o.Offset)
	b.OptUUID(o.SubjectEventID)
	b.Str(o.SubjectEventType)
	b.Str(intakeOutcome(o.Outcome))
	b.Str(string(o.Outcome))
	b.Str(o.Stage)
	b.Str(o.Thread)
	b.Str(orderOf(o.Thread))
	b.Str(o.CanonicalTopic)
	b.Int32(d.Partition)
	b.Int64(d.Offset)
	b.Time(d.AppendTime)
	b.Row(1)
	return nil
}

// intakeOutcome is what table intake says: a released record is admitted, an overdue one is still held.
func intakeOutcome(o schemas.Outcome) string {
	switch o {
	case schemas.OutcomeADMITTED, schemas.OutcomeRELEASED:
		return "admitted"
	case schemas.OutcomeDUPLICATE:
		return "duplicate"
	case schemas.OutcomeHELD, schemas.OutcomeOVERDUE:
		return "held"
	}
	return "dead"
}
