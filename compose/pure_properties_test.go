package compose_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"

	deltas "github.com/throughline/throughline/processors/atp"
)

const (
	generatedThreads = 10_000 // at least
	companyOrders    = 250
)

// The invariants of domain.md §2.8 over at least 10,000 generated threads: orders in three currencies with every plot of the company, and the receipts,
// counts, transfers, payments, payouts and bank lines around them. Each company is delivered once in the order of its story and once in any other, with
// duplicates and late prerequisites.
func TestInvariantsOfGeneratedThreads(t *testing.T) {
	var mu sync.Mutex
	var threads, orders, events, deliveries int
	work := make(chan uint64)
	var pool sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		pool.Go(func() {
			for seed := range work {
				n := checkCompany(t, seed)
				mu.Lock()
				threads, orders, events, deliveries = threads+n.threads, orders+companyOrders, events+n.events, deliveries+n.deliveries
				mu.Unlock()
			}
		})
	}
	for seed := uint64(100); ; seed++ {
		mu.Lock()
		enough := orders >= generatedThreads || t.Failed()
		mu.Unlock()
		if enough {
			break
		}
		work <- seed
	}
	close(work)
	pool.Wait()
	t.Logf("%d threads (%d of them orders), %d events, %d deliveries", threads, orders, events, deliveries)
	if threads < generatedThreads {
		t.Errorf("only %d threads were generated", threads)
	}
}

type tally struct{ threads, events, deliveries int }

// checkCompany delivers one company twice and holds both against the invariants.
func checkCompany(t *testing.T, seed uint64) tally {
	company := simulate.New(simulate.Config{Seed: seed, Orders: companyOrders})
	events := slices.Collect(company.Events())
	calm := newWorld(t, 4)
	calm.refer(company.Reference()...)
	calm.publish(events...)
	w := newWorld(t, 4)
	w.refer(company.Reference()...)
	order := simulate.Interleave(seed, events, simulate.Shuffle{Duplicates: 10, Late: 30})
	w.publish(order...)
	name := fmt.Sprintf("company %d", seed)
	c := &checked{w: w, company: name}
	if diff := w.content().differs(calm.content()); diff != "" { // invariant 2
		t.Errorf("%s: the order of delivery shows: %s", c.company, diff)
	}
	want := company.Expected()
	calm.mustEqual(want)
	// Which of two credit memos of one line carries its odd cent depends on their order, and the company pays them back in the order of its story.
	(&checked{w: calm, company: name}).controlAccountsAreZero(want)
	c.entriesBalance()
	c.stockIsWorthItsCost()
	c.voidsNegate()
	c.slicesAddUp()
	c.everythingIsAccountedFor()
	return tally{len(simulate.Threads(events)), len(events), len(events) + len(order)}
}

// checked is a world whose deliveries are over.
type checked struct {
	w       *world
	company string
}

func (c *checked) errorf(format string, args ...any) {
	c.w.t.Errorf("%s: %s", c.company, fmt.Sprintf(format, args...))
}

func (c *checked) entries() []*schemas.JournalEntry {
	var out []*schemas.JournalEntry
	for _, d := range c.w.logs[schemas.TopicJournal] {
		out = append(out, d.Event.(*schemas.JournalEntry))
	}
	return out
}

func (c *checked) canonical(do func(schemas.Delivery)) {
	for _, topic := range schemas.CanonicalTopics() {
		for _, d := range c.w.logs[topic] {
			do(d)
		}
	}
}

// entriesBalance is invariant 1: each entry per currency and in functional currency.
func (c *checked) entriesBalance() {
	for _, j := range c.entries() {
		functional, sums := schemas.Decimal{}, map[string]schemas.Decimal{}
		for i := range j.Lines {
			functional = functional.Add(j.Lines[i].AmountFn)
			sums[j.Lines[i].Currency] = sums[j.Lines[i].Currency].Add(j.Lines[i].AmountTxn)
		}
		for currency, sum := range sums {
			if !sum.IsZero() || !functional.IsZero() {
				c.errorf("%s entry %s: %s %s, functional %s", j.CauseType, j.Meta.EventID, sum.Text(), currency, functional.Text())
			}
		}
	}
}

// standing is what a control account holds under a key.
type standing struct {
	functional schemas.Decimal
	byCurrency map[string]schemas.Decimal
	entries    int64
}

// controlAccountsAreZero is invariant 3: what stands on a control account in transaction currency is what the second calculation leaves open, key by key;
// where nothing is open, functional currency holds less than a minor unit per entry, and only where domain.md allows it.
func (c *checked) controlAccountsAreZero(want simulate.Expected) {
	control := map[string]bool{}
	for _, a := range finance.Chart() {
		control[a.Code] = a.Control && a.Code != "2050"
	}
	stand := map[[2]string]*standing{}
	for _, j := range c.entries() {
		for i := range j.Lines {
			l := &j.Lines[i]
			if !control[l.Account] {
				continue
			}
			s := stand[[2]string{l.Account, l.ControlKey}]
			if s == nil {
				s = &standing{byCurrency: map[string]schemas.Decimal{}}
				stand[[2]string{l.Account, l.ControlKey}] = s
			}
			s.entries++
			s.functional, s.byCurrency[l.Currency] = s.functional.Add(l.AmountFn), s.byCurrency[l.Currency].Add(l.AmountTxn)
		}
	}
	roundedOff := map[string]bool{}
	c.canonical(func(d schemas.Delivery) {
		if x, ok := d.Event.(*schemas.ReceivableReclassified); ok && x.FunctionalAmount.Set {
			roundedOff[x.FromKey] = true
		}
	})
	for at, s := range stand {
		open := false
		for currency, amount := range s.byCurrency {
			item := c.item(want, at[0], at[1], currency)
			open = open || !item.IsZero()
			if !amount.Equal(item) && !(amount.IsZero() && item.IsZero()) {
				c.errorf("%s %s holds %s %s, want %s", at[0], at[1], amount.Text(), currency, item.Text())
			}
		}
		limit := schemas.NewDecimal(s.entries, 2)
		// 1150 too, where a line was billed at once and shipped or credited in parts: each part is worth its own rounded amount.
		rounds := at[0] == "2100" && !roundedOff[at[1]] || at[0] == "2150" || at[0] == "1150" || at[0] == "1050" && strings.HasPrefix(at[1], "batch:")
		if !open && !s.functional.IsZero() && (!rounds || s.functional.Abs().Cmp(limit) >= 0) {
			c.errorf("%s %s holds nothing but %s of functional currency after %d legs", at[0], at[1], s.functional.Text(), s.entries)
		}
	}
}

// item is what the second calculation leaves open. Its keys are ids; ours say of what, and of documents without an order the line too.
func (c *checked) item(want simulate.Expected, account, key, currency string) schemas.Decimal {
	kind, id, _ := strings.Cut(key, ":")
	if kind == "return" || kind == "receipt" {
		id, _, _ = strings.Cut(id, "/")
	}
	for item, amount := range want.Open {
		if item.Account == account && item.Key == id && item.Currency == currency {
			return amount
		}
	}
	return schemas.Decimal{}
}

// slicesAddUp is invariant 6: the parts of a line that shipped whole are worth the line, and a part that is not the last has no more decimals than
// its currency.
func (c *checked) slicesAddUp() {
	gone := c.reversed()
	lines, parts := map[string]*schemas.OrderLine{}, map[string]*schemas.LineAmounts{}
	shipped, count := map[string]schemas.Decimal{}, map[string]int{}
	c.canonical(func(d schemas.Delivery) {
		switch x := d.Event.(type) {
		case *schemas.OrderAccepted:
			for i := range x.Lines {
				lines[x.OrderID+"/"+x.Lines[i].LineID] = &x.Lines[i]
			}
		case *schemas.OrderChanged:
			for i := range x.Lines {
				if after := x.Lines[i].After; after != nil {
					lines[x.OrderID+"/"+x.Lines[i].LineID] = &schemas.OrderLine{Quantity: after.Quantity, Amounts: after.Amounts}
				}
			}
		case *schemas.ShipmentShipped:
			if gone[x.Meta.EventID] {
				return
			}
			for i := range x.Lines {
				key := x.OrderID + "/" + x.Lines[i].OrderLineID
				shipped[key] = shipped[key].Add(x.Lines[i].Quantity.BaseQty)
				count[key]++
				parts[key] = add(parts[key], x.Lines[i].Amounts)
			}
		}
	})
	whole, several := 0, 0
	for key, sum := range parts {
		l := lines[key]
		if !shipped[key].Equal(l.Quantity.BaseQty) {
			continue
		}
		whole++
		if count[key] > 1 {
			several++
		}
		if !sum.Gross.Equal(l.Amounts.Gross) || !sum.Net.Equal(l.Amounts.Net) || !sum.FreightNet.Equal(l.Amounts.FreightNet) || !sum.Total.Equal(l.Amounts.Total) {
			c.errorf("line %s: its %d parts are worth %+v, the line %+v", key, count[key], sum, l.Amounts)
		}
	}
	if whole < companyOrders/2 || several < companyOrders/20 {
		c.errorf("only %d lines shipped whole, %d of them in parts: the test does not try what it says", whole, several)
	}
}

func add(a, b *schemas.LineAmounts) *schemas.LineAmounts {
	if a == nil {
		a = &schemas.LineAmounts{}
	}
	return &schemas.LineAmounts{Gross: a.Gross.Add(b.Gross), Net: a.Net.Add(b.Net), FreightNet: a.FreightNet.Add(b.FreightNet), Total: a.Total.Add(b.Total)}
}

// reversed is every event that another one took back.
func (c *checked) reversed() map[schemas.UUID]bool {
	out := map[schemas.UUID]bool{}
	c.canonical(func(d schemas.Delivery) {
		if schemas.Reverses(d.Event) {
			out[d.Event.Header().Correction.CorrectedEventID] = true
		}
	})
	return out
}

// everythingIsAccountedFor is invariants 7 and 8: every intake record has one outcome; every admitted event has its entry and its deltas or posts
// nothing by rule; none is without the dates and the rule set that its rows show; and deriving it again gives the same bytes.
func (c *checked) everythingIsAccountedFor() {
	if dead, held := c.w.letters(), c.w.onHold(); len(dead)+len(held) > 0 {
		c.errorf("letters %v, held %v", dead[:min(3, len(dead))], held[:min(3, len(held))])
	}
	c.w.accounted()
	rows := map[schemas.UUID]schemas.Delivery{}
	for _, topic := range []string{schemas.TopicJournal, schemas.TopicDeltas} {
		for _, d := range c.w.logs[topic] {
			rows[d.Event.Header().EventID] = d
		}
	}
	left := len(rows)
	c.canonical(func(d schemas.Delivery) {
		m := d.Event.Header()
		if !m.EffectiveDate.Set || !m.AdmittedAt.Set || m.Period == "" || m.RuleSet == "" || m.Hydration == nil {
			c.errorf("%s %s was let through incomplete", m.EventType, m.EventID)
		}
		left -= c.rederive(d.Event, finance.Derive, finance.Expects, rows) + c.rederive(d.Event, deltas.Derive, deltas.Expects, rows)
	})
	if left != 0 {
		c.errorf("%d entries and deltas follow from no event", left)
	}
}

// rederive counts what follows from an event, if it is what stands in the logs.
func (c *checked) rederive(e schemas.Event, derive func(schemas.Event) ([]schemas.Event, error), expects func(schemas.Event) bool, rows map[schemas.UUID]schemas.Delivery) int {
	derived, err := derive(e)
	n := 0
	for _, again := range derived {
		topic, _ := schemas.Route(again)
		if topic != schemas.TopicJournal && topic != schemas.TopicDeltas {
			continue
		}
		n++
		b, encodeErr := c.w.codec.Encode(again)
		if stands := rows[again.Header().EventID]; encodeErr != nil || stands.Record == nil || !bytes.Equal(b, stands.Record.Value) {
			c.errorf("%s %s gives another %s each time: %v", e.EventType(), e.Header().EventID, again.EventType(), encodeErr)
		}
	}
	if err != nil || expects(e) != (n > 0) {
		c.errorf("%s %s: %d rows where some are expected: %t; %v", e.EventType(), e.Header().EventID, n, expects(e), err)
	}
	return n
}
