package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// knownEntity refuses a legal entity that neither the tables nor reference data speak of: asked for a misspelt one, a verb would answer that nothing is open. Kafka is
// read only where the tables do not know it.
func (a *app) knownEntity(ctx context.Context, entity string) error {
	rows, err := rowsOf[struct {
		Entity string `ch:"entity"`
	}](ctx, a, "the legal entities", `SELECT DISTINCT legal_entity AS entity FROM (SELECT legal_entity FROM events_log UNION ALL SELECT legal_entity FROM journal_lines_log)
		WHERE legal_entity NOT IN ('', '*')`)
	if err != nil {
		return err
	}
	var known []string
	for _, r := range rows {
		known = append(known, r.Entity)
	}
	if slices.Contains(known, entity) {
		return nil
	}
	cluster, codec, err := a.readers(ctx)
	if err != nil {
		return err
	}
	for d, err := range schemas.Read(ctx, cluster, codec, schemas.Span{Topics: []string{"reference.entities"}, Open: true}) {
		if errors.Is(err, schemas.ErrPoison) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the legal entities: %w", err)
		}
		if e, ok := d.Event.(*schemas.ReferenceEntity); ok {
			known = append(known, e.Entity)
		}
	}
	slices.Sort(known)
	switch known = slices.Compact(known); {
	case slices.Contains(known, entity):
		return nil
	case len(known) == 0:
		return usage(fmt.Errorf("no legal entity is called %q, nor anything else: publish its reference.entity first", entity))
	}
	return usage(fmt.Errorf("no legal entity is called %q: there are %s; spell it as one of them, or publish its reference.entity first", entity, strings.Join(known, ", ")))
}
