package closing

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

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

	check, kind string // of a finding
	cure        string // why it is not to be accepted, and what to do instead; empty: it may be
}

// letterBlocks is what a dead letter is called among blockers.
const letterBlocks = "dead letter"

// Refusal is the one sentence that names what blocks, and whose it is.
func Refusal(entity, period string, all []Blocker) error {
	b := all[0]
	return fmt.Errorf("%w: %d things keep %s of %s from being closed, the first: %s %s (%s), which is %s's: %s", ErrRefused, len(all), period, entity, b.What, b.ID, b.Detail, b.Owner, b.Do)
}

// blockers looks for everything that keeps a period open, and for letters of which nobody can tell whether they do.
func (d Desk) blockers(ctx context.Context, entity, period string, ref *projections.Reference) ([]Blocker, []Unread, error) {
	all, err := d.letters(ctx, entity, period)
	if err != nil {
		return nil, nil, err
	}
	holds, err := d.holds(ctx, entity, period, ref)
	if err != nil {
		return nil, nil, err
	}
	before, unread, err := d.unadmitted(ctx, entity, period, ref)
	if err != nil {
		return nil, nil, err
	}
	found, err := d.found(ctx, entity, period)
	if err != nil {
		return nil, nil, err
	}
	all = append(all, holds...)
	for i := range all {
		all[i].cure = all[i].Do
	}
	return slices.Concat(all, before, found), unread, nil
}

// letters are those of finance that carry the period. One that cannot be read may carry any.
func (d Desk) letters(ctx context.Context, entity, period string) (all []Blocker, err error) {
	letters, err := d.Letters(ctx, replay.Filter{Consumer: schemas.Group("finance"), Status: []replay.Status{replay.Open, replay.Redriven, replay.Parked}})
	if err != nil {
		return nil, err
	}
	for _, l := range letters {
		detail := fmt.Sprintf("%s died at finance: %s: %s", l.DeadEventType, l.Class, l.Reason)
		at := schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}.String()
		cure := "`throughline dlq show " + l.Meta.EventID.String() + "`, cure the cause, `throughline dlq redrive`"
		dead, err := d.Codec.Deliver(ctx, &kgo.Record{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset, Key: l.Key, Value: l.Value})
		switch {
		case err != nil && schemas.FateOf(err) != schemas.Poison:
			return nil, fmt.Errorf("reading dead letter %s: %w", l.Meta.EventID, err)
		case err != nil:
			detail = "a record that cannot be read, so that nobody can tell its period, died at finance: " + l.Reason
			cure = "it goes with what the audit finds at " + at + ": `--accept " + at + " --why …`"
		default:
			if m := dead.Event.Header(); m.LegalEntity != entity || m.Period != period {
				continue
			}
		}
		all = append(all, Blocker{What: letterBlocks, ID: l.Meta.EventID.String(), Position: at, Detail: detail, Owner: l.Owner, Do: cure})
	}
	return all, nil
}

// holds are those whose event would belong to the period by its date, and may have to be booked.
func (d Desk) holds(ctx context.Context, entity, period string, ref *projections.Reference) (all []Blocker, err error) {
	if err := d.keepsHolds(ctx); err != nil {
		return nil, err
	}
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
			if !d.silent(o.SubjectEventType) {
				held[at] = o
			}
		case schemas.OutcomeOVERDUE: // waits still
		default:
			delete(held, at)
		}
	}
	for at, o := range held {
		if belongs, err := d.held(ctx, at, o, period, ref); err != nil {
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

// keepsHolds refuses to look for holds where the topic that tells of them forgets: a hold may be older than that. A topic that was made before it was kept for ever has
// its old retention, because migrate changes nothing that is there.
func (d Desk) keepsHolds(ctx context.Context) error {
	adm, done, err := d.admin()
	if err != nil {
		return err
	}
	defer done()
	configs, err := adm.DescribeTopicConfigs(ctx, schemas.TopicOutcomes)
	if err != nil {
		return fmt.Errorf("asking how long %s is kept: %w", schemas.TopicOutcomes, err)
	}
	for _, c := range configs {
		for _, entry := range c.Configs {
			if v := entry.MaybeValue(); entry.Key == "retention.ms" && v != "" && v != "-1" {
				return fmt.Errorf("%w: %s has retention.ms=%s, so that older holds cannot be seen: set it to -1 (`kafka-configs.sh --alter --entity-type topics --entity-name %s --add-config retention.ms=-1`), and go through "+
					"`throughline holds list`, which ClickHouse keeps, for what is older", ErrRefused, c.Name, v, c.Name)
			}
		}
	}
	return nil
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

// held says whether a held event's accounting date is in the period.
func (d Desk) held(ctx context.Context, at schemas.Position, o *schemas.AdmissionOutcome, period string, ref *projections.Reference) (bool, error) {
	x, err := schemas.ReadAt(ctx, d.Cluster, d.Codec, at)
	if err != nil && schemas.FateOf(err) != schemas.Poison {
		return false, fmt.Errorf("reading the held event at %s: %w", at, err)
	}
	if err == nil && x.Event != nil {
		return d.belongs(x.Event.Header(), period, ref), nil
	}
	return d.belongs(&o.Meta, period, ref), nil
}

// belongs says whether an event that is not admitted belongs to the period by its accounting date: its document's date, else the day when it occurred where its entity
// keeps its books. Where that period is closed, it would be booked in the first open one.
func (d Desk) belongs(m *schemas.Meta, period string, ref *projections.Reference) bool {
	now := schemas.TimeOf(d.Now())
	date := m.DocumentDate.V
	if !m.DocumentDate.Set {
		_, zone, ok := ref.Entity(m.LegalEntity, schemas.DateOf(m.OccurredAt.Time()), now)
		if !ok {
			return true // what has no zone yet may belong to any
		}
		date = schemas.EffectiveDate(m.OccurredAt, zone)
	}
	booked, _, _ := ref.Judge(m.LegalEntity, date, now)
	return period == schemas.PeriodOf(date) || period == booked
}
