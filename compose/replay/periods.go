package replay

import (
	"context"
	"fmt"
	"time"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// bookkeeper is the processor whose entries belong to periods.
const bookkeeper = "finance"

// calendar says which periods take postings as of now.
type calendar struct {
	ref *projections.Reference
	now schemas.Time
}

func (d Desk) calendar(ctx context.Context) (*calendar, error) {
	r, err := projections.OpenReference(d.Cluster, d.Codec)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := r.CatchUp(ctx); err != nil {
		return nil, fmt.Errorf("reading the close schedule: %w", err)
	}
	return &calendar{r, schemas.TimeOf(time.Now())}, nil
}

// calendar is read once for all letters that somebody acts upon together.
func (b *box) calendar(ctx context.Context) (c *calendar, err error) {
	if b.periods == nil {
		b.periods, err = b.desk.calendar(ctx)
	}
	return b.periods, err
}

func (c *calendar) closed(entity, period string) bool {
	first, err := time.Parse("2006-01", period)
	if err != nil {
		return false // of no period
	}
	_, _, late := c.ref.Judge(entity, schemas.DateOf(first), c.now)
	return late
}

// ruleSet is the one that is named and announced, else the one in force.
func (c *calendar) ruleSet(name string) (string, error) {
	if name != "" && !c.ref.Announced(name, c.now) {
		return "", refused("rule set %s is not announced: publish it to reference.rule_sets first", name)
	}
	if name != "" {
		return name, nil
	}
	set, ok := c.ref.RuleSet(c.now)
	if !ok {
		return "", refused("no rule set is in force: `throughline migrate` activates the first")
	}
	return set.Name, nil
}

// closed says why a letter of finance may not be redriven: its entry would stand in a period that has been closed. Empty: it may.
func (b *box) closed(ctx context.Context, l *Letter) (string, error) {
	if l.Consumer != schemas.Group(bookkeeper) {
		return "", nil
	}
	dead, err := b.dead(ctx, l)
	if dead == nil || err != nil {
		return "", err
	}
	c, err := b.calendar(ctx)
	if err != nil {
		return "", err
	}
	m := dead.Header()
	switch {
	case !c.closed(m.LegalEntity, m.Period):
		return "", nil
	case schemas.Corrects(dead):
		return fmt.Sprintf("%s of %s is closed: `throughline reopen %s --entity %s --why …`, redrive again, and close it again", m.Period, m.LegalEntity, m.Period, m.LegalEntity), nil
	}
	return fmt.Sprintf("%s of %s is closed: `throughline dlq rebook %s --why …` books it in the first open period", m.Period, m.LegalEntity, l.Meta.EventID), nil
}

// periodsOpen refuses entries that would stand in a period that has been closed. Its close found nothing missing, so that something was lost since.
func (d Desk) periodsOpen(ctx context.Context, p processors.Processor, events []Event) error {
	if p.Name != bookkeeper {
		return nil
	}
	c, err := d.calendar(ctx)
	if err != nil {
		return err
	}
	for _, e := range events {
		if c.closed(e.Entity, e.Period) {
			return refused("%s at %s belongs to %s of %s, which is closed: `throughline reopen %s --entity %s --why …`, plan and apply again, and close it again", e.Type, e.Position,
				e.Period, e.Entity, e.Period, e.Entity)
		}
	}
	return nil
}
