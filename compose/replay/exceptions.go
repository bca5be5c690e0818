package replay

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// Exception is a condition that somebody must look at, as of its newest record: the same condition has the same id.
type Exception struct {
	*schemas.ExceptionRaised
	At       schemas.Position // of its newest record
	Raised   schemas.Time     // when that was written
	Resolved *schemas.OperatorAction
}

// Resolutions are what operators have dealt with.
type Resolutions struct {
	actions map[schemas.UUID][]*schemas.OperatorAction
}

// Take takes in an action, of whatever kind.
func (r *Resolutions) Take(a *schemas.OperatorAction) {
	if a.Action != schemas.ActionKindRESOLVE || !a.LetterID.Set || a.Who == "" || a.Why == "" {
		return
	}
	if r.actions == nil {
		r.actions = map[schemas.UUID][]*schemas.OperatorAction{}
	}
	r.actions[a.LetterID.V] = append(r.actions[a.LetterID.V], a)
}

// Of is the first resolution of the exception whose newest record stands at a position. A condition that is raised again after it was dealt with is open again: its
// records are in one partition, that of its thread.
func (r *Resolutions) Of(id schemas.UUID, at schemas.Position) *schemas.OperatorAction {
	for _, a := range r.actions[id] {
		if a.Topic == at.Topic && a.Partition.V == at.Partition && a.Offset.V >= at.Offset {
			return a
		}
	}
	return nil
}

// ExceptionFilter says which exceptions. Empty fields let everything through.
type ExceptionFilter struct {
	Code, Owner, Thread, Entity, Period string
	All                                 bool // also those that are resolved
}

func (f ExceptionFilter) lets(x *Exception) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	return is(f.Code, x.Code) && is(f.Owner, x.Owner) && is(f.Thread, x.Thread) && is(f.Entity, x.Meta.LegalEntity) && is(f.Period, x.Meta.Period) && (f.All || x.Resolved == nil)
}

// Exceptions lists exceptions by the time of their newest record. It reads the log only: exceptions and operations.actions.
func (d Desk) Exceptions(ctx context.Context, f ExceptionFilter) ([]*Exception, error) {
	found, err := d.raised(ctx)
	if err != nil {
		return nil, err
	}
	var all []*Exception
	for _, x := range found {
		if f.lets(x) {
			all = append(all, x)
		}
	}
	slices.SortFunc(all, func(a, b *Exception) int {
		return cmp.Or(cmp.Compare(a.Raised, b.Raised), cmp.Compare(a.At.Partition, b.At.Partition), cmp.Compare(a.At.Offset, b.At.Offset))
	})
	return all, nil
}

// raised reads exceptions before actions, so that what was resolved meanwhile is seen as such.
func (d Desk) raised(ctx context.Context) (map[schemas.UUID]*Exception, error) {
	found, resolutions := map[schemas.UUID]*Exception{}, Resolutions{}
	for _, topic := range []string{schemas.TopicExceptions, schemas.TopicActions} {
		for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{topic}, Open: true}) {
			if err != nil && schemas.FateOf(err) != schemas.Poison {
				return nil, fmt.Errorf("reading the exceptions: %w", err)
			}
			if err != nil {
				continue
			}
			switch e := x.Event.(type) {
			case *schemas.ExceptionRaised:
				found[e.Meta.EventID] = &Exception{ExceptionRaised: e, At: x.Position, Raised: x.AppendTime}
			case *schemas.OperatorAction:
				resolutions.Take(e)
			}
		}
	}
	for id, x := range found {
		x.Resolved = resolutions.Of(id, x.At)
	}
	return found, nil
}

// Resolve records that exceptions have been dealt with. One that is resolved already stays as it is; one that nobody has raised is refused, and nothing is done.
func (d Desk) Resolve(ctx context.Context, ids []schemas.UUID, why string) ([]*Exception, error) {
	if err := d.checkOperator(why); err != nil {
		return nil, err
	}
	found, err := d.raised(ctx)
	if err != nil {
		return nil, err
	}
	var all []*Exception
	var actions []*schemas.OperatorAction
	for _, id := range ids {
		x := found[id]
		if x == nil {
			return nil, refused("nobody has raised an exception %s: `throughline exceptions list --all`", id)
		}
		if x.Resolved == nil {
			a := d.NewAction(schemas.ActionKindRESOLVE, why, x.At, id.String(), x.At.String())
			a.LetterID, a.Meta.LegalEntity, a.Meta.CorrelationID = schemas.Some(id), x.Meta.LegalEntity, x.Thread
			actions = append(actions, a)
			x.Resolved = a
		}
		all = append(all, x)
	}
	if len(actions) > 0 {
		_, err = d.Send(ctx, actions)
	}
	return all, err
}
