package closing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// announces says whether a close would be announced: a soft one never is, and a period that is closed is not closed twice.
func (d Desk) announces(ask Ask, ref *projections.Reference) bool {
	_, closed := ref.ClosedAt(ask.Entity, ask.Period, schemas.TimeOf(d.Now()))
	return !closed && !ask.Soft
}

// ended refuses to close a period that has not ended where the entity keeps its books: all that is still to come in it would be late.
func (d Desk) ended(ask Ask, ref *projections.Reference) error {
	now := schemas.TimeOf(d.Now())
	first, err := known(ref, ask.Entity, ask.Period, now)
	if err != nil || !d.announces(ask, ref) {
		return err
	}
	_, zone, _ := ref.Entity(ask.Entity, schemas.DateOf(now.Time()), now) // known has seen it
	year, month, _ := first.Time().Date()
	ends, at := time.Date(year, month+1, 1, 0, 0, 0, 0, zone), ask.instant(d.Now()).In(zone)
	if !at.Before(ends) {
		return nil
	}
	return fmt.Errorf("%w: nothing was announced: %s of %s ends at %s (%s) and would be closed at %s, so that what is still to come in it would be late: close it after its end, or announce that now by --at; "+
		"--soft looks and closes nothing", ErrRefused, ask.Period, ask.Entity, ends.Format(time.RFC3339), zone, at.Format(time.RFC3339))
}

// inOrder refuses to close a period before those of earlier periods that hold postings, because what comes into these changes the open items that its manifest states.
func (d Desk) inOrder(ctx context.Context, ask Ask, ref *projections.Reference, accepted marks) error {
	if ask.OutOfOrder || !d.announces(ask, ref) {
		return nil
	}
	posted, err := d.posted(ctx, ask.Entity, ask.Period, leavesOut(slices.Collect(maps.Values(accepted))))
	if err != nil {
		return err
	}
	open := openOf(ref, ask.Entity, posted, schemas.TimeOf(ask.instant(d.Now())))
	if len(open) == 0 {
		return nil
	}
	return fmt.Errorf("%w: nothing was announced: %d earlier periods of %s hold postings and are open, %s: what comes into them would change the open items of %s: close them first, "+
		"`throughline close %s --entity %s`, or say --out-of-order, and the manifest names them", ErrRefused, len(open), ask.Entity, strings.Join(open, ", "), ask.Period, open[0], ask.Entity)
}

// posted are the periods before one in which an entity has entries, but for what is in no books.
func (d Desk) posted(ctx context.Context, entity, before string, without map[schemas.Position]bool) (map[string]bool, error) {
	all := map[string]bool{}
	for rec, err := range schemas.ReadRecords(ctx, d.Cluster, schemas.Span{Topics: []string{schemas.TopicJournal}, Open: true}) {
		var m schemas.Meta
		if err == nil {
			_, err = d.Codec.DecodeHeader(ctx, rec.Value, &m)
		}
		if err != nil && (rec == nil || schemas.FateOf(err) != schemas.Poison) {
			return nil, fmt.Errorf("looking for earlier periods: %w", err)
		}
		if err == nil && m.LegalEntity == entity && m.Period < before && !without[schemas.Position{Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset}] {
			all[m.Period] = true
		}
	}
	return all, nil
}

// openOf are those of some periods that take postings at an instant, in order.
func openOf(ref *projections.Reference, entity string, periods map[string]bool, at schemas.Time) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(periods)), func(p string) bool {
		_, closed := ref.ClosedAt(entity, p, at)
		return closed
	})
}

// inForce refuses a close whose instant is not, or no longer, the one up to which the period took postings. While one terminal waits for its instant, another may put
// the close off or bring it forward; a manifest of the first instant would then call closed what took postings still.
func (d Desk) inForce(ctx context.Context, ask Ask, ref *projections.Reference, at schemas.Time) error {
	if ask.Soft {
		return nil
	}
	if err := ref.CatchUp(ctx); err != nil {
		return fmt.Errorf("reading the close schedule again: %w", err)
	}
	if now, closed := ref.ClosedAt(ask.Entity, ask.Period, schemas.TimeOf(d.Now())); closed && now == at {
		return nil
	}
	by, err := d.replaced(ctx, ask, at)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: nothing was recorded: the close of %s of %s at %s was replaced: %s", ErrRefused, ask.Period, ask.Entity, at, by)
}

// replaced says what the newest announcement about a period is, other than that of an instant, and what to do.
func (d Desk) replaced(ctx context.Context, ask Ask, at schemas.Time) (by string, err error) {
	again := fmt.Sprintf("`throughline close %s --entity %s`", ask.Period, ask.Entity)
	by = "by what, the topic " + schemas.TopicPeriods + " does not say: " + again
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{schemas.TopicPeriods}, Open: true}) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return "", fmt.Errorf("reading the close schedule again: %w", err)
		}
		if err != nil || x.Event.Header().LegalEntity != ask.Entity {
			continue
		}
		switch e := x.Event.(type) {
		case *schemas.PeriodClosed:
			if e.Period == ask.Period && e.ClosedAt != at {
				by = fmt.Sprintf("%s announced at %s, %s, that it closes at %s: let that close finish, or once it is past %s", e.By, x.AppendTime, x.Position, e.ClosedAt, again)
			}
		case *schemas.PeriodReopened:
			if e.Period == ask.Period {
				by = fmt.Sprintf("%s reopened it from %s on, announced at %s, %s: close it again once that is done, %s", e.By, e.ReopenedAt, x.AppendTime, x.Position, again)
			}
		}
	}
	return by, nil
}
