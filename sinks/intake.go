package sinks

import (
	"context"

	"github.com/throughline/throughline/schemas"
)

// intakeColumns: one row an outcome; the last one by log order says what became of the intake record. All outcomes of one record share a thread and so
// a partition of admission.outcomes.
func intakeColumns() []Column {
	return []Column{
		{"topic", text}, {"partition", int32s}, {"offset", uint64s}, {"event_id", nullable(id)}, {"event_type", text}, {"outcome", text},
		{"said", text}, {"stage", text}, {"thread", text}, {"order_id", text}, {"canonical_topic", text},
		{"outcome_partition", int32s}, {"outcome_offset", uint64s}, {"written_at", instant},
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
