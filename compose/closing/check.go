package closing

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// Blocker is one thing that keeps a period from being closed.
type Blocker struct {
	What     string `json:"what"` // letter, hold, or the check of an audit and what it found
	ID       string `json:"id,omitempty"`
	Position string `json:"position,omitempty"`
	Detail   string `json:"detail"`
	Owner    string `json:"owner"`
	Do       string `json:"do"`
}

// Refusal is the one sentence that names what blocks, and whose it is.
func Refusal(entity, period string, all []Blocker) error {
	b := all[0]
	return fmt.Errorf("%w: %d things keep %s of %s from being closed, the first: %s %s (%s), which is %s's: %s", ErrRefused, len(all), period, entity, b.What, b.ID, b.Detail, b.Owner, b.Do)
}

// blockers looks for everything that keeps a period open.
func (d Desk) blockers(ctx context.Context, entity, period string, ref *projections.Reference) ([]Blocker, error) {
	all, err := d.letters(ctx, entity, period)
	if err != nil {
		return nil, err
	}
	holds, err := d.holds(ctx, entity, period, ref)
	if err != nil {
		return nil, err
	}
	found, err := d.audited(ctx, entity, period)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		holds = append(holds, Blocker{What: f.Check + " " + string(f.Kind), ID: f.ID, Position: f.Position, Detail: f.Detail, Owner: "Integration platform", Do: f.Do})
	}
	return append(all, holds...), nil
}

// letters are those of finance that carry the period. One that cannot be read may carry any.
func (d Desk) letters(ctx context.Context, entity, period string) (all []Blocker, err error) {
	letters, err := d.Letters(ctx, replay.Filter{Consumer: schemas.Group("finance"), Status: []replay.Status{replay.Open, replay.Redriven, replay.Parked}})
	if err != nil {
		return nil, err
	}
	for _, l := range letters {
		detail := fmt.Sprintf("%s died at finance: %s: %s", l.DeadEventType, l.Class, l.Reason)
		dead, err := d.Codec.Deliver(ctx, &kgo.Record{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset, Key: l.Key, Value: l.Value})
		switch {
		case err != nil && schemas.FateOf(err) != schemas.Poison:
			return nil, fmt.Errorf("reading dead letter %s: %w", l.Meta.EventID, err)
		case err != nil:
			detail = "a record that cannot be read, so that nobody can tell its period, died at finance: " + l.Reason
		default:
			if m := dead.Event.Header(); m.LegalEntity != entity || m.Period != period {
				continue
			}
		}
		all = append(all, Blocker{What: "dead letter", ID: l.Meta.EventID.String(), Position: schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}.String(), Detail: detail,
			Owner: l.Owner, Do: "`throughline dlq show " + l.Meta.EventID.String() + "`, cure the cause, `throughline dlq redrive`"})
	}
	return all, nil
}

// holds are those whose event would belong to the period by its date.
func (d Desk) holds(ctx context.Context, entity, period string, ref *projections.Reference) (all []Blocker, err error) {
	held := map[schemas.Position]*schemas.AdmissionOutcome{}
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{schemas.TopicOutcomes}, Open: true}) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return nil, fmt.Errorf("reading what admission holds: %w", err)
		}
		o, ok := x.Event.(*schemas.AdmissionOutcome)
		if err != nil || !ok || o.Stage != "admission" || o.Meta.LegalEntity != entity {
			continue
		}
		at := schemas.Position{Topic: o.Topic, Partition: o.Partition, Offset: o.Offset}
		switch o.Outcome {
		case schemas.OutcomeHELD:
			held[at] = o
		case schemas.OutcomeOVERDUE: // waits still
		default:
			delete(held, at)
		}
	}
	for at, o := range held {
		if belongs, err := d.belongs(ctx, at, o, period, ref); err != nil {
			return nil, err
		} else if !belongs {
			continue
		}
		all = append(all, Blocker{What: "hold", ID: o.SubjectEventID.V.String(), Position: at.String(), Detail: fmt.Sprintf("%s of %s waits for %v", o.SubjectEventType, o.Thread, o.WaitsFor),
			Owner: o.Owner, Do: "bring what it waits for, or void it: `throughline holds show " + at.String() + "`"})
	}
	slices.SortFunc(all, func(a, b Blocker) int { return cmpStrings(a.Position, b.Position) })
	return all, nil
}

func cmpStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// belongs says whether a held event's accounting date is in the period: its document's date, else the day when it occurred where its entity keeps its books.
func (d Desk) belongs(ctx context.Context, at schemas.Position, o *schemas.AdmissionOutcome, period string, ref *projections.Reference) (bool, error) {
	x, err := schemas.ReadAt(ctx, d.Cluster, d.Codec, at)
	if err != nil && schemas.FateOf(err) != schemas.Poison {
		return false, fmt.Errorf("reading the held event at %s: %w", at, err)
	}
	if err == nil && x.Event != nil && x.Event.Header().DocumentDate.Set {
		return schemas.PeriodOf(x.Event.Header().DocumentDate.V) == period, nil
	}
	now := schemas.TimeOf(d.Now())
	_, zone, ok := ref.Entity(o.Meta.LegalEntity, schemas.DateOf(o.Meta.OccurredAt.Time()), now)
	if !ok {
		return true, nil // what has no zone yet may belong to any
	}
	return schemas.PeriodOf(schemas.EffectiveDate(o.Meta.OccurredAt, zone)) == period, nil
}

// audited are the findings of an audit that belong to the period, and those that belong to none that can be told.
func (d Desk) audited(ctx context.Context, entity, period string) ([]audit.Finding, error) {
	rep, err := audit.Audit{Cluster: d.Cluster, Codec: d.Codec, Derivations: d.Derivations, Conn: d.Conn,
		Progress: func(stage string, n int64) { d.progress("auditing "+stage, int(n), 0) }}.Run(ctx)
	if err != nil || len(rep.Findings) == 0 {
		return nil, err
	}
	places, err := d.places(ctx, rep.Findings)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rep.Findings, func(f audit.Finding) bool {
		var of []string
		for _, key := range []string{f.ID, f.Cause, f.Position} {
			if key != "" {
				of = append(of, places[key]...)
			}
		}
		return len(of) > 0 && !slices.Contains(of, entity+"|"+period)
	}), nil
}

// places says to which entity and period what findings name belongs: by id, by the event behind it, and by position.
func (d Desk) places(ctx context.Context, findings []audit.Finding) (map[string][]string, error) {
	places := map[string][]string{}
	for _, f := range findings {
		for _, key := range []string{f.ID, f.Cause, f.Position} {
			places[key] = nil
		}
	}
	delete(places, "")
	topics := append(schemas.CanonicalTopics(), schemas.TopicJournal, schemas.TopicDeltas)
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: topics, Open: true}) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return nil, fmt.Errorf("looking for the period of what the audit found: %w", err)
		}
		if err != nil {
			continue
		}
		m := x.Event.Header()
		for _, key := range []string{m.EventID.String(), m.CausationID.V.String(), x.Position.String()} {
			if _, wanted := places[key]; wanted {
				places[key] = append(places[key], m.LegalEntity+"|"+m.Period)
			}
		}
	}
	return places, nil
}
