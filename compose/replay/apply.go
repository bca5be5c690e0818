package replay

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// Applied is what Apply did.
type Applied struct {
	Plan    string `json:"plan"`    // its hash
	Planned int    `json:"planned"` // events that the plan adds to
	Already int    `json:"already"` // of them, those that were complete before
	Added   int    `json:"added"`   // of them, those that Apply completed
}

// Apply does what the plan says and nothing else, and returns when all of it stands. It plans again over the plan's offsets first, and refuses with
// ErrRefused where the effect would be another one. What stands already is left alone, so a second Apply changes nothing and an interrupted one resumes.
func (d Desk) Apply(ctx context.Context, plan Plan, why string) (Applied, error) {
	done := Applied{Plan: plan.Hash, Planned: len(plan.Effect.New)}
	if err := plan.Check(); err != nil {
		return done, err
	}
	if err := d.checkOperator(why); err != nil {
		return done, err
	}
	p, err := d.processor(plan.Selection.Processor)
	if err != nil {
		return done, err
	}
	now, err := d.plan(ctx, p, plan.Selection, plan.Windows)
	if err != nil {
		return done, err
	}
	if err := plan.allows(now); err != nil {
		return done, err
	}
	if plan.Selection.RuleSet != "" {
		done.Planned = len(plan.Effect.Superseded)
		done.Already = done.Planned - len(now.Effect.Superseded)
		if len(now.Effect.Superseded) == 0 {
			return done, nil
		}
		if err := d.supersede(ctx, plan, now.Effect.Superseded, why); err != nil {
			return done, err
		}
		done.Added, err = d.awaitSuperseded(ctx, now)
		return done, err
	}
	done.Already = done.Planned - len(now.Effect.New)
	if len(now.Effect.New) == 0 {
		return done, nil
	}
	if err := d.periodsOpen(ctx, p, now.Effect.New); err != nil {
		return done, err
	}
	if _, err := d.Send(ctx, d.actions(p, plan, now.Effect.New, why)); err != nil {
		return done, err
	}
	done.Added, err = d.await(ctx, p, now)
	return done, err
}

// allows says whether what would happen now is what was planned.
func (p Plan) allows(now Plan) error {
	switch {
	case p.Selection.RuleSet != "" && p.Selection.Processor != "finance":
		return refused("only entries are superseded: a plan of %s under another rule set is to look at", p.Selection.Processor)
	case p.Selection.RuleSet != "" && len(p.Effect.New)+len(p.Effect.Dead)+len(p.Effect.Caused) > 0:
		return refused("%d events lack what follows from them under their own rules: complete or redrive these first, then plan again", len(p.Effect.New)+len(p.Effect.Dead)+len(p.Effect.Caused))
	case len(p.Effect.Unfit) > 0:
		return refused("rule set %s refuses %d events, the first: %s at %s: %s", p.Selection.RuleSet, len(p.Effect.Unfit), p.Effect.Unfit[0].Type, p.Effect.Unfit[0].Position, p.Effect.Unfit[0].Reason)
	case len(p.Effect.Changed)+len(p.Effect.Orphaned) > 0:
		return refused("the plan would change %d and leave behind %d records that stand: that needs rule.superseded, a reversal beside the new entry; first `throughline audit`, they may have been tampered with",
			len(p.Effect.Changed), len(p.Effect.Orphaned))
	case now.Inputs != p.Inputs:
		return refused("the log between the plan's offsets is not what it was: `throughline audit`, then plan again")
	case now.Derived != p.Derived:
		return refused("the rules of this program give something else than those of the plan: plan again")
	case len(now.Effect.Changed)+len(now.Effect.Orphaned) > 0:
		return refused("since the plan, %d records came to stand with other content and %d that nothing gives: `throughline audit`", len(now.Effect.Changed), len(now.Effect.Orphaned))
	}
	if err := p.supersedesOnly(now); err != nil {
		return err
	}
	planned := map[string][]string{}
	for _, e := range p.Effect.New {
		planned[e.Position] = e.IDs
	}
	for _, e := range now.Effect.New {
		for _, id := range e.IDs {
			if !slices.Contains(planned[e.Position], id) {
				return refused("%s, which follows from %s at %s, stood when the plan was made and is missing now: plan again", id, e.Type, e.Position)
			}
		}
	}
	for _, e := range now.Effect.Dead {
		if planned[e.Position] != nil {
			return refused("%s at %s has died at the processor since (%s): `throughline dlq redrive`, then apply again", e.Type, e.Position, e.Reason)
		}
	}
	return nil
}

// supersedesOnly says whether what would be superseded now was planned to be. What has been superseded since is done already.
func (p Plan) supersedesOnly(now Plan) error {
	planned := map[string]Event{}
	for _, e := range p.Effect.Superseded {
		planned[e.ID] = e
	}
	for _, e := range now.Effect.Superseded {
		was, ok := planned[e.ID]
		if !ok || was.Stands != e.Stands {
			return refused("%s at %s stands under %s now, and did not when the plan was made: plan again", e.Type, e.Position, e.Stands)
		}
		if was.Period != e.Period {
			return refused("%s at %s would be booked in %s of %s now, and the plan says %s: a period was closed or reopened since: plan again", e.Type, e.Position, e.Period, e.Entity, was.Period)
		}
	}
	return nil
}

// actions asks for each event's missing records. The plan's hash is in the id, so that a later plan of the same event is another action.
func (d Desk) actions(p processors.Processor, plan Plan, events []Event, why string) []*schemas.OperatorAction {
	all := make([]*schemas.OperatorAction, 0, len(events))
	for _, e := range events {
		at, err := ParsePosition(e.Position)
		id, idErr := schemas.ParseUUID(e.ID)
		if err != nil || idErr != nil {
			continue // written by plan itself a moment ago
		}
		a := d.NewAction(schemas.ActionKindREPLAY, why, at, plan.Hash, e.ID)
		a.LetterID, a.Consumer, a.RuleIds, a.PlanHash = schemas.Some(id), schemas.Group(p.Name), e.IDs, plan.Hash
		all = append(all, a)
	}
	return all
}

// await returns when every record that was missing stands, and how many events that completed. An event that dies instead is an error.
func (d Desk) await(ctx context.Context, p processors.Processor, now Plan) (int, error) {
	missing, left := map[string]string{}, map[string]int{} // id → position of the event; position → ids left
	for _, e := range now.Effect.New {
		left[e.Position] = len(e.IDs)
		for _, id := range e.IDs {
			missing[id] = e.Position
		}
	}
	from := map[string]map[int32]int64{}
	for _, w := range now.AsOf {
		if from[w.Topic] == nil {
			from[w.Topic] = map[int32]int64{}
		}
		from[w.Topic][w.Partition] = w.To
	}
	total := len(left)
	for n := 0; ; n++ {
		died, err := d.look(ctx, p, from, func(id string) {
			at, ok := missing[id]
			if !ok {
				return
			}
			delete(missing, id)
			if left[at]--; left[at] == 0 {
				delete(left, at)
			}
		}, left)
		if err != nil {
			return total - len(left), interrupted(err, len(left), total)
		}
		if d.progress("replaying", total-len(left), total); len(left) == 0 {
			return total, nil
		}
		if len(died) > 0 {
			return total - len(left), refused("%d events died at %s instead of being completed, the first: %s: `throughline dlq list --consumer %s`",
				len(died), p.Name, died[0], schemas.Group(p.Name))
		}
		if err := pause(ctx, n); err != nil {
			return total - len(left), interrupted(err, len(left), total)
		}
	}
}

func interrupted(err error, left, total int) error {
	return fmt.Errorf("waiting for %d of %d events (do the roles operations and the processor run? `throughline status`); apply again to resume: %w", left, total, err)
}

// look reads what came since it last looked, and moves from on. It returns the letters about events that are waited for.
func (d Desk) look(ctx context.Context, p processors.Processor, from map[string]map[int32]int64, stands func(id string), waited map[string]int) (died []string, err error) {
	topics := append(slices.Clone(p.To), schemas.TopicLetters)
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, tail(from, topics...)) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return nil, err
		}
		from[x.Topic][x.Partition] = x.Offset + 1
		if err != nil {
			continue
		}
		l, ok := x.Event.(*schemas.DeadLetter)
		if !ok {
			stands(x.Event.Header().EventID.String())
			continue
		}
		at := schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}.String()
		if _, wanted := waited[at]; wanted && l.Consumer == schemas.Group(p.Name) {
			died = append(died, strings.Join([]string{l.DeadEventType, "at", at, string(l.Class) + ":", l.Reason}, " "))
		}
	}
	return died, nil
}
