package closing

import (
	"context"
	"fmt"

	"github.com/throughline/throughline/compose/export"
	"github.com/throughline/throughline/schemas"
)

// Selection is what of the journal a close holds: the period's entries up to where it read, without those that it leaves out.
func (m Manifest) Selection() export.Selection {
	return export.Selection{Entity: m.Entity, Period: m.Period, Until: m.until()[schemas.TopicJournal], Without: leavesOut(m.Accepted)}
}

// Entries are those that a close holds, from Kafka. Whoever reads them to the end gets the trial balance of the manifest, or an error.
func (d Desk) Entries(ctx context.Context, m Manifest) export.Entries {
	return func(yield func(*schemas.JournalEntry, error) bool) {
		b := newBooks(m.Entity, m.Period, m.controls())
		for e, err := range export.FromKafka(ctx, d.Cluster, d.Codec, m.Selection()) {
			if err == nil {
				b.sum(e)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
		if err := m.adds(b.manifest()); err != nil {
			yield(nil, err)
		}
	}
}

// adds holds one trial balance against another.
func (m Manifest) adds(now Manifest) error {
	was, is := balances(m), balances(now)
	for _, account := range keys(was, is) {
		if was[account] != is[account] {
			return fmt.Errorf("the journal is not what was closed: the balance of %s was %q, and is %q: `throughline verify-close %s/%s` says which entries", account, was[account], is[account], m.Entity, m.Period)
		}
	}
	return nil
}
