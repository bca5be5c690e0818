package replay

import (
	"context"
	"fmt"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// Result says what became of one letter that was asked to be redriven.
type Result struct {
	Letter *Letter
	Lap    int32  // which redrive it was
	Came   string // cured, died again, parked, refused, nothing
	Reason string
}

// What can become of a redrive.
const (
	CameCured   = "cured"
	CameDied    = "died again"
	CameParked  = "parked"
	CameRefused = "refused" // its period is closed, or somebody recorded an answer that does not stand
	CameNothing = "nothing" // there was nothing to do
)

// Redrive hands letters once more to the consumers at which they died, and returns what became of each, in the order given, when all is known. A letter that is
// cured, parked or on its way already is not redriven again, and one of finance whose period is closed never: Rebook is for that. Interrupted, it can be called again: the same operator, reason and lap are one action.
func (d Desk) Redrive(ctx context.Context, ids []schemas.UUID, why string) ([]Result, error) {
	if err := d.checkOperator(why); err != nil {
		return nil, err
	}
	adm, closeAdmin, err := d.admin()
	if err != nil {
		return nil, err
	}
	defer closeAdmin()
	b, err := d.openLetters(ctx, adm)
	if err != nil {
		return nil, fmt.Errorf("looking for the letters: %w", err)
	}
	results := make([]Result, len(ids))
	var actions []*schemas.OperatorAction
	var groups []string
	for i, id := range ids {
		l := b.letters[id]
		if l == nil {
			return nil, refused("there is no dead letter %s: `throughline dlq list`", id)
		}
		if _, ok := schemas.LookupTopic(schemas.RedriveTopic(l.Consumer)); !ok {
			return nil, refused("letter %s died at %s, which takes no redrives: act anew instead", id, l.Consumer)
		}
		results[i] = Result{Letter: l, Lap: l.Laps + 1}
		switch l.Status {
		case Cured:
			results[i].Came, results[i].Reason = CameNothing, "it is cured already"
			continue
		case Parked:
			results[i].Came, results[i].Reason = CameParked, fmt.Sprintf("it died after %d redrives: repair the event at its source, and publish it anew", l.Laps)
			continue
		case Open:
			if why := b.unfounded(l); why != "" {
				results[i].Came, results[i].Reason = CameRefused, why
				continue
			}
			closed, err := b.closed(ctx, l)
			if err != nil {
				return nil, err
			}
			if closed != "" {
				results[i].Came, results[i].Reason = CameRefused, closed
				continue
			}
			actions = append(actions, d.redriveAction(l, why))
		}
		if !slices.Contains(groups, l.Consumer) {
			groups = append(groups, l.Consumer)
		}
	}
	if err := b.skipPast(ctx, groups); err != nil {
		return results, err
	}
	acted, err := d.Send(ctx, actions)
	if err != nil {
		return results, err
	}
	return results, b.await(ctx, results, groups, acted)
}

// redriveAction names the letter's newest death. Its id has the lap in it: when the letter dies again, the next redrive is another action.
func (d Desk) redriveAction(l *Letter, why string) *schemas.OperatorAction {
	a := d.NewAction(schemas.ActionKindREDRIVE, why, l.At, d.Who, why, l.Meta.EventID.String(), itoa(l.Laps+1))
	a.LetterID, a.Consumer = schemas.Some(l.Meta.EventID), l.Consumer
	a.Meta.CorrelationID = l.Thread
	return a
}

// skipPast leaves out what stands already on redrive topics that nobody's earlier redrive made us read: admission.threads is long.
func (b *box) skipPast(ctx context.Context, groups []string) error {
	var unread []string
	for _, g := range groups {
		if t := schemas.RedriveTopic(g); b.next[t] == nil && !slices.Contains(unread, t) {
			unread = append(unread, t)
		}
	}
	if len(unread) == 0 {
		return nil
	}
	now, err := ends(ctx, b.adm, unread...)
	for topic, partitions := range now {
		b.next[topic] = partitions
	}
	return err
}

// await fills in what came of the results that have nothing yet. acted is the offset after the last action on operations.actions.
func (b *box) await(ctx context.Context, results []Result, groups []string, acted int64) error {
	for n := 0; ; n++ {
		operations, err := committed(ctx, b.adm, schemas.Group("operations"))
		if err == nil {
			err = b.follow(ctx, groups)
		}
		heard := acted > 0 && passed(operations, schemas.Position{Topic: schemas.TopicActions, Offset: acted - 1})
		known := 0
		for i := range results {
			if r := &results[i]; err == nil && r.Came == "" {
				b.settle(r, heard)
			}
			if results[i].Came != "" {
				known++
			}
		}
		if err == nil {
			b.desk.progress("redriving", known, len(results))
			if known == len(results) {
				return nil
			}
			err = pause(ctx, n)
		}
		if err != nil {
			return fmt.Errorf("waiting for %d of %d letters (do the roles operations and those that they died at run? `throughline status`); redrive again to resume: %w",
				len(results)-known, len(results), err)
		}
	}
}

// settle says what came of one redrive, if that is known. heard says that the role operations has dealt with all actions, so that a redrive that is not
// there will not come.
func (b *box) settle(r *Result, heard bool) {
	l := b.letters[r.Letter.Meta.EventID]
	at, there := b.redrive[lap{l.Meta.EventID, r.Lap}]
	switch {
	case l.Laps >= r.Lap:
		r.Letter, r.Came, r.Reason = l, CameDied, string(l.Class)+": "+l.Reason
	case b.parked[l.Meta.EventID]:
		r.Came, r.Reason = CameParked, fmt.Sprintf("it died after %d redrives: repair the event at its source, and publish it anew", l.Laps)
	case there && passed(b.offsets[l.Consumer], at):
		r.Came = CameCured
	case !there && heard && l.Status == Open:
		r.Came, r.Reason = CameNothing, "somebody else has redriven it meanwhile: `throughline dlq show "+l.Meta.EventID.String()+"`"
	}
}
