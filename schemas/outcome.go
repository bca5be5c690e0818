package schemas

// NewOutcome is a line in the account of intake records: what became of d. Its id names the stage, the outcome and the position, so that it is one
// line however often it is written.
func NewOutcome(stage string, outcome Outcome, d Delivery, thread string) *AdmissionOutcome {
	m := d.Event.Header()
	at := d.Position
	if m.Intake != nil {
		at = Position{m.Intake.Topic, m.Intake.Partition, m.Intake.Offset}
	}
	o := &AdmissionOutcome{
		Stage: stage, Outcome: outcome, Topic: at.Topic, Partition: at.Partition, Offset: at.Offset,
		SubjectEventID: Some(m.EventID), SubjectEventType: d.Event.EventType(), Thread: thread, Owner: Owner(d.Event.EventType()),
	}
	o.Meta = m.Follow(Identity{Rule: "outcome:" + stage + ":" + string(outcome) + ":" + at.String(), Version: 1})
	o.Meta.CorrelationID = thread
	o.Meta.DocumentDate = m.DocumentDate // says to which period a hold belongs, when the record that waits has expired
	return o
}

// NewException is a condition that somebody must look at. The same condition of the same event has the same id: no alert storms.
func NewException(code, summary, owner string, e Event) *ExceptionRaised {
	m := e.Header()
	x := &ExceptionRaised{Code: code, Summary: summary, Owner: owner, Thread: m.CorrelationID, SubjectEventID: Some(m.EventID), SubjectEventType: e.EventType()}
	x.Meta = m.Follow(Identity{Rule: "exception:" + code, Version: 1})
	return x
}

// NewConflict is the exception of an id that came with two contents.
func NewConflict(d Delivery, thread string) *ExceptionRaised {
	x := NewException("CONFLICT", "the same event id came with other content", Owner(d.Event.EventType()), d.Event)
	x.Meta = d.Event.Header().Follow(Identity{Rule: "exception:CONFLICT:" + d.Position.String(), Version: 1})
	x.Thread, x.Meta.CorrelationID = thread, thread
	return x
}
