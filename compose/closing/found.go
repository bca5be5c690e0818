package closing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

// checkCanonical is the audit's name for what it checks the canonical log by.
const checkCanonical = "canonical"

// whose says which period a finding belongs to.
type whose uint8

const (
	nobodys    whose = iota // it cannot be told: it may be any one's
	thePeriods              // the entity and period that is closed
	earlier                 // an entry of the same entity in an earlier period, whose open items are carried into this one
	anothers
)

// placed is a finding of an audit and whose it is.
type placed struct {
	audit.Finding
	whose whose
}

// findingsHeld is how many findings of a check are looked at: all, unless somebody writes millions of records.
const findingsHeld = 1 << 20

// audited are the findings of an audit that concern the period.
func (d Desk) audited(ctx context.Context, entity, period string) ([]placed, error) {
	rep, err := audit.Audit{Cluster: d.Cluster, Codec: d.Codec, Derivations: d.Derivations, Conn: d.Conn, Limit: findingsHeld,
		Progress: func(stage string, n int64) { d.progress("auditing "+stage, int(n), 0) }}.Run(ctx)
	if err != nil || len(rep.Findings) == 0 {
		return nil, err
	}
	if n := rep.Violations(); n > int64(len(rep.Findings)) {
		return nil, fmt.Errorf("%w: an audit finds %d violations, more than can be looked at one by one: `throughline audit`, and stop what writes them", ErrRefused, n)
	}
	places, err := d.places(ctx, rep.Findings)
	if err != nil {
		return nil, err
	}
	var all []placed
	for _, f := range rep.Findings {
		if w := whoseIs(f, places, entity, period); w != anothers {
			all = append(all, placed{f, w})
		}
	}
	return all, nil
}

func whoseIs(f audit.Finding, places map[string][]string, entity, period string) whose {
	var of []string
	for _, key := range []string{f.ID, f.Cause, f.Position} {
		if key != "" {
			of = append(of, places[key]...)
		}
	}
	switch {
	case len(of) == 0:
		return nobodys
	case slices.Contains(of, entity+"|"+period):
		return thePeriods
	case f.Check == schemas.TopicJournal && slices.ContainsFunc(of, func(at string) bool {
		p, ok := strings.CutPrefix(at, entity+"|")
		return ok && p < period
	}):
		return earlier
	}
	return anothers
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

// found are the blockers that an audit and the hash chain give.
func (d Desk) found(ctx context.Context, entity, period string) (all []Blocker, err error) {
	audited, err := d.audited(ctx, entity, period)
	if err != nil {
		return nil, err
	}
	for _, f := range audited {
		b := Blocker{What: f.Check + " " + string(f.Kind), ID: f.ID, Position: f.Position, Detail: f.Detail, Owner: "Integration platform", Do: f.Do,
			check: f.Check, kind: string(f.Kind), cure: cureOf(f.Finding)}
		if f.whose == earlier {
			b.Detail += "; it stands in an earlier period, whose open items this one carries on"
		}
		all = append(all, b)
	}
	chained, err := d.chained(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range chained {
		all = append(all, Blocker{What: f.Check + " " + f.Kind, ID: f.ID, Position: f.Position, Detail: f.Detail, Owner: "Integration platform", Do: f.Do, check: f.Check, kind: f.Kind})
	}
	for i := range all {
		if b := &all[i]; b.cure == "" {
			b.Do += "; once it is understood, let it stand: `--accept " + b.Position + " --why …`"
		}
	}
	return all, nil
}

// chained is what the hash chain says of the journal as it stands.
func (d Desk) chained(ctx context.Context) ([]Finding, error) {
	c, err := d.readChain(ctx)
	if err != nil {
		return nil, err
	}
	from, err := d.starts(ctx, schemas.TopicJournal)
	if err != nil {
		return nil, err
	}
	return c.findings(from[schemas.TopicJournal]), nil
}

// within says whether a record stood when a manifest was made.
func (m Manifest) within(position string) bool {
	at, err := replay.ParsePosition(position)
	return err == nil && at.Offset < m.until()[at.Topic][at.Partition]
}
