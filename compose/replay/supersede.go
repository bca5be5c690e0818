package replay

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// standings is what corrections have made of events: under which rule set the entry of each stands now, and which were taken back.
type standings struct {
	set      map[schemas.UUID]string
	times    map[schemas.UUID]int // how often it was superseded
	reversed map[schemas.UUID]bool
}

// takeCorrection notes one correction. Those of one event share its topic and partition, so they come in their order.
func (s *standings) takeCorrection(d schemas.Delivery) error {
	if !schemas.Corrects(d.Event) || d.Event.Header().Correction == nil {
		return nil
	}
	id := d.Event.Header().Correction.CorrectedEventID
	if x, ok := d.Event.(*schemas.RuleSuperseded); ok {
		s.set[id] = x.NewRuleSet
		s.times[id]++
	} else {
		s.reversed[id] = true
	}
	return nil
}

// corrections reads all that was corrected, where the plan is for another rule set.
func (s *shadow) corrections(ctx context.Context) error {
	s.standings = standings{map[schemas.UUID]string{}, map[schemas.UUID]int{}, map[schemas.UUID]bool{}}
	if s.selection.RuleSet == "" {
		return nil
	}
	var err error
	if s.calendar, err = s.desk.calendar(ctx); err != nil {
		return err
	}
	return s.each(ctx, schemas.Span{Topics: schemas.CanonicalTopics(), Open: true}, s.standings.takeCorrection)
}

// supersedes compares what stands of an event with what the plan's rule set gives, and weighs the difference. A correction is not superseded: what it took
// back stays taken back, under whichever rules.
func (s *shadow) supersedes(x *shadowed, e schemas.Event) error {
	if s.selection.RuleSet == "" || schemas.Corrects(e) || s.standings.reversed[x.id] {
		return nil
	}
	if x.refusal != "" && s.standings.set[x.id] == "" { // nothing stands of it; else its letter was answered under other rules
		return nil
	}
	m := e.Header()
	stamped := m.RuleSet
	defer func() { m.RuleSet = stamped }()
	if x.stands = stamped; s.standings.set[x.id] != "" {
		x.stands = s.standings.set[x.id]
	}
	m.RuleSet = x.stands
	was, err := s.derive(e)
	if err != nil {
		return fmt.Errorf("deriving %s at %s under %s, where it stands: %w", x.eventType, x.at, x.stands, err)
	}
	m.RuleSet = s.selection.RuleSet
	is, err := s.derive(e)
	if schemas.FateOf(err) == schemas.Poison {
		x.unfit = err.Error()
		return nil
	}
	if err != nil {
		return fmt.Errorf("deriving %s at %s under %s: %w", x.eventType, x.at, s.selection.RuleSet, err)
	}
	same, err := s.sameEffect(was, is)
	if err != nil || same {
		return err
	}
	x.superseded, x.times = true, s.standings.times[x.id]
	// Reversal and new entry are booked where the calendar of now puts the original, as admission will judge: not in the period of the entry that stands.
	x.booked, _, _ = s.calendar.ref.Judge(m.LegalEntity, m.EffectiveDate.V, s.calendar.now)
	for _, o := range was {
		o.Header().Period = x.booked
		s.difference.add(o, -1)
	}
	for _, o := range is {
		o.Header().Period = x.booked
		s.difference.add(o, 1)
	}
	return nil
}

// sameEffect compares business effects: what is booked or moved, whatever the rule's name and version.
func (s *shadow) sameEffect(was, is []schemas.Event) (bool, error) {
	var texts [2][]string
	for i, outputs := range [][]schemas.Event{was, is} {
		for _, e := range outputs {
			text, err := effectOf(e)
			if err != nil {
				return false, fmt.Errorf("comparing %s: %w", e.EventType(), err)
			}
			if text != "" {
				texts[i] = append(texts[i], text)
			}
		}
	}
	return slices.Equal(texts[0], texts[1]), nil
}

// effectOf is what a derived record books or moves, without its identity; "" for what does neither.
func effectOf(e schemas.Event) (string, error) {
	switch x := e.(type) {
	case *schemas.JournalEntry:
		bare := schemas.JournalEntry{Ledger: x.Ledger, FunctionalCurrency: x.FunctionalCurrency, FXRate: x.FXRate, Dimensions: x.Dimensions, Lines: x.Lines}
		text, err := schemas.EventJSON(&bare)
		return string(text), err
	case *schemas.StockDelta:
		bare := schemas.StockDelta{Location: x.Location, Shard: x.Shard, Lines: x.Lines}
		text, err := schemas.EventJSON(&bare)
		return string(text), err
	}
	return "", nil
}

// supersede publishes one rule.superseded for each event of the plan that has none yet. Their ids name the event, the new rule set and how often it was superseded
// before, so that a repetition is a duplicate, which intake drops, and a way back to rules of before is none.
func (d Desk) supersede(ctx context.Context, plan Plan, events []Event, why string) error {
	cl, err := kgo.NewClient(append(append([]kgo.Opt{}, d.Cluster...), schemas.WriteOptions()...)...)
	if err != nil {
		return fmt.Errorf("reaching the brokers: %w", err)
	}
	defer cl.Close()
	wanted := map[schemas.Position]Event{}
	for _, e := range events {
		at, err := ParsePosition(e.Position)
		if err != nil {
			return err
		}
		wanted[at] = e
	}
	n := 0
	for original, err := range schemas.Read(ctx, d.Cluster, d.Codec, span(plan.Windows)) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return fmt.Errorf("reading the events that are superseded: %w", err)
		}
		e, ok := wanted[original.Position]
		if err != nil || !ok {
			continue
		}
		rec, err := d.superseding(plan, e, original, why)
		if err != nil {
			return err
		}
		if err := cl.ProduceSync(ctx, rec).FirstErr(); err != nil {
			return fmt.Errorf("superseding %s: %d of %d sent; apply again, what was sent counts once: %w", e.ID, n, len(events), err)
		}
		n++
		d.progress("superseding", n, len(events))
	}
	if n != len(events) {
		return refused("%d of %d events of the plan are not where it says: plan again", len(events)-n, len(events))
	}
	return nil
}

// superseding is the intake record of one rule.superseded.
func (d Desk) superseding(plan Plan, e Event, original schemas.Delivery, why string) (*kgo.Record, error) {
	x := &schemas.RuleSuperseded{PlanID: plan.Hash, Reason: why, By: d.Who, OldRuleSet: e.Stands, NewRuleSet: plan.Selection.RuleSet}
	x.Meta.EventID = supersedingID(e, plan.Selection.RuleSet)
	version := plan.Selection.RuleSet
	if e.Times > 0 {
		version += " after " + strconv.Itoa(e.Times)
	}
	return d.correcting(x, original.Event, version)
}

// correcting is the intake record of a rule.superseded about an event of the canonical log.
func (d Desk) correcting(x *schemas.RuleSuperseded, original schemas.Event, version string) (*kgo.Record, error) {
	embedded, err := schemas.EncodeEmbedded(original)
	if err != nil {
		return nil, fmt.Errorf("embedding %s %s: %w", original.EventType(), original.Header().EventID, err)
	}
	of := original.Header()
	x.Meta = schemas.Meta{
		EventID: x.Meta.EventID, EventType: x.EventType(), SchemaVersion: 1, LegalEntity: of.LegalEntity, OccurredAt: of.OccurredAt, OccurredTZOffset: of.OccurredTZOffset,
		CausationID: schemas.Some(of.EventID), SubjectRefs: of.SubjectRefs,
		Source: schemas.Source{System: "throughline", Instance: "replay", DocType: "rule.superseded", DocID: of.EventID.String(), DocVersion: version, Transition: "superseded"},
		Correction: &schemas.Correction{Reason: schemas.CorrectionReasonINCORRECT_DATA, CorrectedEventID: of.EventID, CorrectedEventType: original.EventType(),
			Original: embedded},
	}
	topic, ok := schemas.IntakeTopic(x)
	if !ok {
		return nil, refused("%s %s has no topic to be superseded on", original.EventType(), of.EventID)
	}
	return d.Codec.RecordTo(x, topic, []byte(schemas.DocumentKey(x.Meta.Source)))
}

// supersedingID has how often the event was superseded before in it, because the same rules may come to stand twice. Where it never was it is left out, as it was
// before it was counted: an apply that was interrupted then resumes.
func supersedingID(e Event, ruleSet string) schemas.UUID {
	if e.Times == 0 {
		return schemas.NamedID("rule.superseded", e.ID, ruleSet)
	}
	return schemas.NamedID("rule.superseded", e.ID, ruleSet, strconv.Itoa(e.Times))
}

// awaitSuperseded returns when every event of the plan has its new entries.
func (d Desk) awaitSuperseded(ctx context.Context, now Plan) (int, error) {
	left := map[schemas.UUID]bool{}
	for _, e := range now.Effect.Superseded {
		left[supersedingID(e, now.Selection.RuleSet)] = true
	}
	total, from := len(left), map[string]map[int32]int64{}
	for _, w := range now.AsOf {
		if from[w.Topic] == nil {
			from[w.Topic] = map[int32]int64{}
		}
		from[w.Topic][w.Partition] = w.To
	}
	for n := 0; ; n++ {
		died := ""
		for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, tail(from, schemas.TopicJournal, schemas.TopicLetters)) {
			if err != nil && schemas.FateOf(err) != schemas.Poison {
				return total - len(left), interrupted(err, len(left), total)
			}
			from[x.Topic][x.Partition] = x.Offset + 1
			if err != nil {
				continue
			}
			if l, ok := x.Event.(*schemas.DeadLetter); ok && left[l.Meta.CausationID.V] {
				died = string(l.Class) + ": " + l.Reason
			}
			if x.Topic == schemas.TopicJournal {
				delete(left, x.Event.Header().CausationID.V)
			}
		}
		if d.progress("superseding", total-len(left), total); len(left) == 0 {
			return total, nil
		}
		if died != "" {
			return total - len(left), refused("a rule.superseded died instead of being booked: %s: `throughline dlq list`", died)
		}
		if err := pause(ctx, n); err != nil {
			return total - len(left), interrupted(err, len(left), total)
		}
	}
}
