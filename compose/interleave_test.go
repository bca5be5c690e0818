package compose_test

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// content is the business content of a run: ids, accounts, amounts, quantities and dates, without append times, offsets and places in a thread. Amounts of
// slices are summed per order line and account, because which of several shipments carries the odd minor unit depends on their order (architecture.md §2).
type content struct {
	facts map[string]schemas.Decimal
	fn    map[string]schemas.Decimal // functional amounts by account; slices may round differently
}

func (w *world) content() content {
	positions := map[string]*schemas.StockPosition{}
	for _, key := range w.positions.Keys("") {
		positions[key] = w.positions.Get(key).(*schemas.StockPosition)
	}
	return contentOf(w.logs[schemas.TopicJournal], w.logs[schemas.TopicDeltas], positions)
}

func contentOf(journal, deltas []schemas.Delivery, positions map[string]*schemas.StockPosition) content {
	c := content{map[string]schemas.Decimal{}, map[string]schemas.Decimal{}}
	add := func(v schemas.Decimal, parts ...string) {
		k := strings.Join(parts, " ")
		c.facts[k] = c.facts[k].Add(v)
	}
	one := schemas.NewDecimal(1, 0)
	for _, d := range journal {
		j := d.Event.(*schemas.JournalEntry)
		add(one, "entry", j.Meta.EventID.String(), j.CauseType, j.Meta.EffectiveDate.V.String(), j.Meta.Period, j.Meta.CorrelationID)
		for _, l := range j.Lines {
			add(l.AmountTxn, "leg", j.Meta.CorrelationID, l.OrderLineID, l.Account, l.Currency)
			add(l.Qty.V, "leg quantity", j.Meta.CorrelationID, l.OrderLineID, l.Account, l.SKU, l.Location)
			c.fn[l.Account] = c.fn[l.Account].Add(l.AmountFn)
		}
	}
	for _, d := range deltas {
		x := d.Event.(*schemas.StockDelta)
		add(one, "delta", x.Meta.EventID.String())
		for _, l := range x.Lines {
			add(l.Qty, "delta line", x.Meta.CorrelationID, x.Location, l.SKU, string(l.Bucket), l.DueDate.V.String())
		}
	}
	for key, p := range positions {
		for name, v := range map[string]schemas.Decimal{"on hand": p.OnHand, "unavailable": p.Unavailable, "reserved": p.Reserved, "open": p.OpenDemand, "atp": p.ATP} {
			add(v, "position", key, name)
		}
	}
	return c
}

func (c content) differs(from content) string {
	for k, v := range from.facts {
		if !c.facts[k].Equal(v) && !(c.facts[k].IsZero() && v.IsZero()) {
			return fmt.Sprintf("%s: got %s, want %s", k, c.facts[k].Text(), v.Text())
		}
	}
	for k, v := range c.facts {
		if _, ok := from.facts[k]; !ok && !v.IsZero() {
			return fmt.Sprintf("%s: got %s, want none", k, v.Text())
		}
	}
	limit := schemas.MustDecimal("0.25")
	for account, v := range from.fn {
		if c.fn[account].Sub(v).Abs().Cmp(limit) > 0 {
			return fmt.Sprintf("functional balance of %s: got %s, want %s", account, c.fn[account].Text(), v.Text())
		}
	}
	return ""
}

// accounted says that every intake record was admitted, dropped as a duplicate or killed, once.
func (w *world) accounted() {
	w.t.Helper()
	seen := map[schemas.Position]int{}
	for _, topic := range schemas.CanonicalTopics() {
		for _, d := range w.logs[topic] {
			ref := d.Event.Header().Intake
			seen[schemas.Position{Topic: ref.Topic, Partition: ref.Partition, Offset: ref.Offset}]++
		}
	}
	for _, d := range w.logs[schemas.TopicOutcomes] {
		if o := d.Event.(*schemas.AdmissionOutcome); o.Outcome == schemas.OutcomeDUPLICATE {
			seen[schemas.Position{Topic: o.Topic, Partition: o.Partition, Offset: o.Offset}]++
		}
	}
	for _, d := range w.logs[schemas.TopicLetters] {
		l := d.Event.(*schemas.DeadLetter)
		at := schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}
		if ref := l.Meta.Intake; ref != nil {
			at = schemas.Position{Topic: ref.Topic, Partition: ref.Partition, Offset: ref.Offset}
		}
		seen[at]++
	}
	for _, topic := range schemas.IntakeTopics() {
		for _, d := range w.logs[topic] {
			if n := seen[d.Position]; n != 1 {
				w.t.Errorf("intake record %s has %d outcomes, want 1", d.Position, n)
			}
		}
	}
}

// 200 deliveries in any order across topics and threads, with duplicates and late prerequisites, give the same journal and positions, and every intake
// record is accounted for. S1: duplicates have one effect. S24: what comes before its order is held, and the final state is right.
func TestS1S24AnyOrderGivesTheSameBooks(t *testing.T) {
	runs, withHolds := 200, 0
	for seed := range uint64(8) {
		company := simulate.New(simulate.Config{Seed: seed, Orders: 25})
		events := slices.Collect(company.Events())
		calm := newWorld(t, 4)
		calm.refer(company.Reference()...)
		calm.publish(events...)
		want := calm.content()
		for i := range uint64(runs / 8) {
			w := newWorld(t, 4)
			w.refer(company.Reference()...)
			order := simulate.Interleave(seed*1000+i, events, simulate.Shuffle{Duplicates: 15, Late: 50})
			w.publish(order...)
			held := w.outcomes(schemas.OutcomeHELD)
			if held > 0 {
				withHolds++
			}
			if diff := w.content().differs(want); diff != "" || len(w.letters()) > 0 || len(w.onHold()) > 0 {
				t.Fatalf("company %d, delivery %d: %s; letters %v; held %v", seed, i, diff, w.letters(), w.onHold())
			}
			if dups := w.outcomes(schemas.OutcomeDUPLICATE); dups != len(order)-len(events) {
				t.Fatalf("company %d, delivery %d: %d duplicates counted, %d injected", seed, i, dups, len(order)-len(events))
			}
			w.accounted()
		}
	}
	if withHolds < runs*9/10 {
		t.Errorf("only %d of %d deliveries had holds: the test does not try what it says", withHolds, runs)
	}
}

func (w *world) outcomes(kind schemas.Outcome) int {
	n := 0
	for _, d := range w.logs[schemas.TopicOutcomes] {
		if d.Event.(*schemas.AdmissionOutcome).Outcome == kind {
			n++
		}
	}
	return n
}

// Two producers that partition differently change nothing, not even where both deliver the same document.
func TestTwoProducersThatPartitionDifferently(t *testing.T) {
	company := simulate.New(simulate.Config{Seed: 5, Orders: 40})
	events := slices.Collect(company.Events())
	calm := newWorld(t, 4)
	calm.refer(company.Reference()...)
	calm.publish(events...)
	want := calm.content()
	for seed := range uint64(20) {
		w := newWorld(t, 4)
		w.refer(company.Reference()...)
		first, second := simulate.Overlap(seed, events, simulate.Shuffle{Duplicates: 5})
		murmurish := w.partition
		for len(first)+len(second) > 0 {
			if len(first) > 0 {
				w.partition = murmurish
				w.publish(first[0])
				first = first[1:]
			}
			if len(second) > 0 {
				w.partition = func(topic string, key []byte) int32 {
					if !strings.HasPrefix(topic, schemas.IntakePrefix) {
						return murmurish(topic, key)
					}
					h := fnv.New32()
					h.Write(key)
					return int32(h.Sum32()>>7) & 3
				}
				w.publish(second[0])
				second = second[1:]
			}
		}
		if diff := w.content().differs(want); diff != "" || len(w.letters()) > 0 || len(w.onHold()) > 0 {
			t.Fatalf("seed %d: %s; letters %v; held %v", seed, diff, w.letters(), w.onHold())
		}
		w.accounted()
	}
}
