package closing

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/projections/chain"
	"github.com/throughline/throughline/schemas"
)

// controls are the accounts whose open items are the evidence of cut-off (domain.md §2.6), shipped not invoiced and paid not shipped, wherever any version of
// the chart puts them.
func controls() ([]string, error) {
	codes, err := finance.CodesOf("SHIPPED_NOT_INVOICED", "CUSTOMER_DEPOSITS")
	if err != nil {
		return nil, fmt.Errorf("reading the charts of accounts: %w", err)
	}
	return codes, nil
}

// standing is one entry of the period.
type standing struct {
	id   schemas.UUID
	hash [sha256.Size]byte
	at   schemas.Position
}

// books reads what the manifest of one entity and period says.
type books struct {
	entity, period string
	controls       []string
	without        map[schemas.Position]bool   // records that were accepted as no part of the books
	ranges         map[schemas.Position]*Range // offset 0 in the key
	ruleSets       map[string]int64
	rules          map[string]int64
	schemas        map[SchemaUse]int64 // Records is not set in the key
	entries        []standing
	lines          int64
	balances       map[Balance]*Balance // amounts are not set in the key
	open           map[Control]schemas.Decimal
	earlier        map[string]bool // periods before this one that hold postings
	raised         map[schemas.UUID]raised
	resolutions    replay.Resolutions
}

// raised is an exception and where its newest record stands.
type raised struct {
	Exception
	at schemas.Position
}

func newBooks(entity, period string, controls []string) *books {
	return &books{entity: entity, period: period, controls: controls, ranges: map[schemas.Position]*Range{}, ruleSets: map[string]int64{}, rules: map[string]int64{},
		schemas: map[SchemaUse]int64{}, balances: map[Balance]*Balance{}, open: map[Control]schemas.Decimal{}, earlier: map[string]bool{}, raised: map[schemas.UUID]raised{}}
}

// booksTopics are what a manifest is made of.
func booksTopics() []string {
	return append(schemas.CanonicalTopics(), schemas.TopicJournal, schemas.TopicExceptions, schemas.TopicActions)
}

// read reads up to offsets. What cannot be decoded belongs to no period; an audit names it.
func (b *books) read(ctx context.Context, d Desk, until map[string]map[int32]int64) error {
	for topic, partitions := range until {
		for p, end := range partitions {
			b.ranges[schemas.Position{Topic: topic, Partition: p}] = &Range{Topic: topic, Partition: p, To: end}
		}
	}
	topics := slices.Sorted(maps.Keys(until)) // a manifest from before exceptions were resolved names no actions: it listed all
	starts, err := d.starts(ctx, topics...)
	if err != nil {
		return err
	}
	for at, r := range b.ranges {
		r.From = min(starts[at.Topic][at.Partition], r.To)
	}
	n := 0
	reuse := schemas.Reuse{Codec: d.Codec} // strings and numbers are kept, events are not
	for rec, err := range schemas.ReadRecords(ctx, d.Cluster, schemas.Span{Topics: topics, Until: until, Open: true}) {
		var x schemas.Delivery
		if err == nil {
			x, err = reuse.Deliver(ctx, rec)
		}
		if err != nil && (rec == nil || schemas.FateOf(err) != schemas.Poison) {
			return fmt.Errorf("reading the books of %s %s: %w", b.entity, b.period, err)
		}
		if n++; n%5000 == 0 {
			d.progress("reading "+x.Topic, n, 0)
		}
		if err == nil {
			b.take(x)
		}
	}
	return nil
}

func (d Desk) progress(stage string, done, total int) {
	if d.Progress != nil {
		d.Progress(stage, done, total)
	}
}

func (b *books) take(d schemas.Delivery) {
	m := d.Event.Header()
	if a, ok := d.Event.(*schemas.OperatorAction); ok {
		kept := *a // what is read is written over
		b.resolutions.Take(&kept)
		return
	}
	if m.LegalEntity != b.entity || b.without[d.Position] {
		return
	}
	entry, isEntry := d.Event.(*schemas.JournalEntry)
	if isEntry && m.Period <= b.period {
		b.carry(entry)
	}
	if isEntry && m.Period < b.period {
		b.earlier[m.Period] = true
	}
	if m.Period != b.period {
		return
	}
	if r := b.ranges[schemas.Position{Topic: d.Topic, Partition: d.Partition}]; r != nil {
		r.Records++
	}
	b.schemas[SchemaUse{EventType: d.Event.EventType(), ID: d.SchemaID}]++
	switch x := d.Event.(type) {
	case *schemas.JournalEntry:
		b.book(x, d)
	case *schemas.ExceptionRaised:
		b.raised[m.EventID] = raised{Exception{ID: m.EventID.String(), Code: x.Code, Summary: x.Summary, Owner: x.Owner, Event: x.SubjectEventID.V.String()}, d.Position}
	}
}

// carry adds to what is open on control accounts, of this and of all earlier periods.
func (b *books) carry(e *schemas.JournalEntry) {
	for i := range e.Lines {
		l := &e.Lines[i]
		if !slices.Contains(b.controls, l.Account) {
			continue
		}
		k := Control{Account: l.Account, Key: l.ControlKey}
		if v := b.open[k].Add(l.AmountFn); v.IsZero() {
			delete(b.open, k)
		} else {
			b.open[k] = v
		}
	}
}

func (b *books) book(e *schemas.JournalEntry, d schemas.Delivery) {
	s := standing{id: e.Meta.EventID, at: d.Position}
	copy(s.hash[:], chain.Hash(d.Record.Key, d.Record.Value))
	b.entries = append(b.entries, s)
	b.lines += int64(len(e.Lines))
	b.ruleSets[e.Meta.RuleSet]++
	b.rules[fmt.Sprintf("%s@%d", e.RuleID, e.RuleVersion)]++
	b.sum(e)
}

// sum adds an entry to the trial balance.
func (b *books) sum(e *schemas.JournalEntry) {
	for i := range e.Lines {
		l := &e.Lines[i]
		k := Balance{Account: l.Account, Currency: l.Currency, Functional: e.FunctionalCurrency}
		sum := b.balances[k]
		if sum == nil {
			sum = &Balance{Account: k.Account, Currency: k.Currency, Functional: k.Functional}
			b.balances[k] = sum
		}
		sum.Amount, sum.AmountFn = sum.Amount.Add(l.AmountTxn), sum.AmountFn.Add(l.AmountFn)
	}
}

// manifest sorts everything, so that the same books give the same bytes.
func (b *books) manifest() Manifest {
	m := Manifest{Version: manifestVersion, Entity: b.entity, Period: b.period, Entries: int64(len(b.entries)), Lines: b.lines, RuleSets: countsOf(b.ruleSets), Rules: countsOf(b.rules),
		Ranges: []Range{}, Schemas: []SchemaUse{}, Balances: []Balance{}, ControlAccounts: b.controls, Controls: []Control{}, Exceptions: b.exceptions(), Chain: []Head{}}
	for _, r := range b.ranges {
		m.Ranges = append(m.Ranges, *r)
	}
	slices.SortFunc(m.Ranges, func(x, y Range) int {
		return cmp.Or(cmp.Compare(x.Topic, y.Topic), cmp.Compare(x.Partition, y.Partition))
	})
	for s, n := range b.schemas {
		s.Records = n
		m.Schemas = append(m.Schemas, s)
	}
	slices.SortFunc(m.Schemas, func(x, y SchemaUse) int {
		return cmp.Or(cmp.Compare(x.EventType, y.EventType), cmp.Compare(x.ID, y.ID))
	})
	for _, x := range b.balances {
		m.Balances = append(m.Balances, *x)
	}
	slices.SortFunc(m.Balances, func(x, y Balance) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Currency, y.Currency), cmp.Compare(x.Functional, y.Functional))
	})
	for c, v := range b.open {
		c.Amount = v
		m.Controls = append(m.Controls, c)
	}
	slices.SortFunc(m.Controls, func(x, y Control) int { return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Key, y.Key)) })
	m.Journal = b.hash()
	return m
}

// exceptions are those that nobody had dealt with.
func (b *books) exceptions() []Exception {
	all := []Exception{}
	for id, x := range b.raised {
		if b.resolutions.Of(id, x.at) == nil {
			all = append(all, x.Exception)
		}
	}
	slices.SortFunc(all, func(x, y Exception) int { return cmp.Compare(x.ID, y.ID) })
	return all
}

// hash is over every entry that stands, a doubled one twice.
func (b *books) hash() string {
	slices.SortFunc(b.entries, func(x, y standing) int {
		return cmp.Or(bytes.Compare(x.id[:], y.id[:]), bytes.Compare(x.hash[:], y.hash[:]), cmp.Compare(x.at.Partition, y.at.Partition), cmp.Compare(x.at.Offset, y.at.Offset))
	})
	h := sha256.New()
	for i := range b.entries {
		h.Write(b.entries[i].id[:])
		h.Write(b.entries[i].hash[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func countsOf(m map[string]int64) []Count {
	all := []Count{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, Count{k, m[k]})
	}
	slices.SortFunc(all, byName)
	return all
}
