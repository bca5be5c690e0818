package closing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

// ErrCurable is returned where somebody wants to accept what can be cured.
var ErrCurable = errors.New("it is not to be accepted, it can be cured")

// Acceptance is one finding that somebody lets stand, by name: a record too many cannot be taken out of a log from which nobody deletes. It is an action on
// operations.actions and a line of the manifest, counts for every later close of any period, and is never retyped. Only what an audit or the chain finds too much may
// stand, and a letter of intake or admission, whose fact its source publishes anew. A hold, a dead letter of finance, a missing effect, an entry that stands with
// other content only, and a row of ClickHouse each have a cure. A letter about a record of the canonical log that was accepted as unreadable or forged goes with that
// record: nothing has to follow from it.
type Acceptance struct {
	Check    string       `json:"check"`
	Kind     string       `json:"kind"`
	Position string       `json:"position"`
	ID       string       `json:"id,omitempty"`
	Detail   string       `json:"detail"`
	By       string       `json:"by"`
	Why      string       `json:"why"`
	At       schemas.Time `json:"at"`
}

// mark is what makes a finding the same one: a record of a log stays where it is.
type mark struct{ what, position, id string }

func (a Acceptance) mark() mark { return mark{a.Check + " " + a.Kind, a.Position, a.ID} }

// marks are acceptances by what they accept.
type marks map[mark]Acceptance

func marksOf(list []Acceptance) marks {
	all := marks{}
	for _, a := range list {
		all[a.mark()] = a
	}
	return all
}

// leavesOut are the positions in the journal whose records are not in the books, because no event gives them, or because they are there already.
func leavesOut(list []Acceptance) map[schemas.Position]bool {
	out := map[schemas.Position]bool{}
	for _, a := range list {
		at, err := replay.ParsePosition(a.Position)
		if err == nil && a.Check == schemas.TopicJournal && at.Topic == schemas.TopicJournal {
			out[at] = true
		}
	}
	return out
}

// acceptances are all that were ever given: operations.actions says so, and every manifest. The first one counts.
func (d Desk) acceptances(ctx context.Context) (marks, error) {
	all := marks{}
	put := func(a Acceptance) {
		if old, ok := all[a.mark()]; !ok || a.At < old.At {
			all[a.mark()] = a
		}
	}
	span := schemas.Span{Topics: []string{schemas.TopicActions, schemas.TopicCloses}, Open: true}
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, span) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return nil, fmt.Errorf("reading what was accepted: %w", err)
		}
		if err != nil {
			continue
		}
		switch e := x.Event.(type) {
		case *schemas.OperatorAction:
			if a, ok := acceptanceOf(e); ok {
				put(a)
			}
		case *schemas.PeriodClose:
			if m, err := ParseManifest(e.Manifest); err == nil && m.Hash == e.ManifestHash {
				for _, a := range m.Accepted {
					put(a)
				}
			}
		}
	}
	return all, nil
}

func acceptanceOf(e *schemas.OperatorAction) (Acceptance, bool) {
	check, kind, ok := cutLast(e.Finding, ' ')
	if e.Action != schemas.ActionKindACCEPT || !ok || e.Who == "" || e.Why == "" {
		return Acceptance{}, false
	}
	at := schemas.Position{Topic: e.Topic, Partition: e.Partition.V, Offset: e.Offset.V}
	return Acceptance{Check: check, Kind: kind, Position: at.String(), ID: e.Found, By: e.Who, Why: e.Why, At: e.Meta.OccurredAt}, true
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// acknowledge records acceptances as actions: before the manifest, because one that nobody can find would be worse than one that nothing came of.
func (d Desk) acknowledge(ctx context.Context, fresh []Acceptance) error {
	actions := make([]*schemas.OperatorAction, 0, len(fresh))
	for _, a := range fresh {
		at, err := replay.ParsePosition(a.Position)
		if err != nil {
			return fmt.Errorf("recording what was accepted: %w", err)
		}
		x := d.NewAction(schemas.ActionKindACCEPT, a.Why, at, a.Check, a.Kind, a.Position, a.ID)
		x.Meta.OccurredAt, x.Finding, x.Found = a.At, a.Check+" "+a.Kind, a.ID
		if id, err := schemas.ParseUUID(a.ID); err == nil {
			x.LetterID = schemas.Some(id)
		}
		actions = append(actions, x)
	}
	if len(actions) == 0 {
		return nil
	}
	_, err := d.Send(ctx, actions)
	return err
}

// accept finds what an ask names among the blockers. Every name must be one that the refusal prints; what was accepted before may be named again.
func (ask Ask) accept(all []Blocker, before marks, by string, now schemas.Time) (fresh []Acceptance, err error) {
	for _, name := range ask.Accept {
		known, curable := false, (*Blocker)(nil)
		for i := range all {
			b := &all[i]
			switch {
			case b.ID != name && b.Position != name:
			case b.cure != "":
				curable = b
			default:
				known = true
				a := Acceptance{Check: b.check, Kind: b.kind, Position: b.Position, ID: b.ID, Detail: b.Detail, By: by, Why: ask.Why, At: now}
				if _, ok := before[a.mark()]; !ok && !slices.Contains(fresh, a) {
					fresh = append(fresh, a)
				}
			}
		}
		switch {
		case known:
		case curable != nil:
			return nil, fmt.Errorf("%w: %s %s (%s): %s", ErrCurable, curable.What, name, curable.Detail, curable.cure)
		default:
			return nil, fmt.Errorf("%w: nothing that keeps %s of %s from being closed is called %q: say an id or a position as `throughline close %s --entity %s` prints them", ErrUnknown, ask.Period,
				ask.Entity, name, ask.Period, ask.Entity)
		}
	}
	return fresh, nil
}

// judge tells what blocks from what is accepted. A letter about a record that is accepted as nobody's goes with it: nothing has to follow from that record.
func judge(all []Blocker, accepted marks) (blocking []Blocker, met []Acceptance) {
	nobodys := map[string]bool{}
	for _, b := range all {
		a, ok := accepted[mark{b.What, b.Position, b.ID}]
		if ok = ok && b.cure == ""; ok {
			a.Detail = b.Detail
			met = append(met, a)
			nobodys[b.Position] = nobodys[b.Position] || b.check == checkCanonical
			continue
		}
		blocking = append(blocking, b)
	}
	return slices.DeleteFunc(blocking, func(b Blocker) bool { return b.What == letterBlocks && nobodys[b.Position] }), met
}

// cureOf is what to do about a finding that is not to be accepted; empty: it may be.
func cureOf(f audit.Finding) string {
	switch {
	case f.Lacks && f.Kind == audit.Altered:
		return "no record of its own content stands: restore the partition from a replica or backup, then `throughline audit`"
	case f.Lacks:
		return f.Do
	case strings.HasPrefix(f.Check, "table "):
		return f.Do + "; what ClickHouse shows can always be loaded again, and --kafka-only leaves it out"
	}
	return ""
}
