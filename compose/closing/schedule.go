package closing

import (
	"context"
	"fmt"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

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
