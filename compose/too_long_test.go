package compose_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// A machine that stands still for longer than a transaction may last has its transaction ended by the brokers, in the middle of its outputs. What those were is not read by anybody, and what is
// done again stands once.
func TestTransactionsThatTakeTooLong(t *testing.T) { tooLong(startCluster(t)) }

func tooLong(c *cluster) {
	t := c.t
	records := canonical(t, simulate.New(simulate.Config{Seed: 13, Orders: 400}))
	want := c.entries(records)
	p := finance.Processor()
	derive, calls := p.Derive, new(atomic.Int64)
	p.Derive = func(e schemas.Event) ([]schemas.Event, error) {
		if n := calls.Add(1); n%400 == 0 && n < 12_000 {
			<-time.After(1500 * time.Millisecond) // a little longer than the transaction may last
		}
		return derive(e)
	}
	r := c.runner(p, "a")
	r.Session = 2 * time.Second
	var aborted atomic.Int64
	r.Observe.OnAbort = func(string) { aborted.Add(1) }
	stop := start(t, r.Run)
	step := len(records)/20 + 1
	for i := 0; i < len(records); i += step {
		c.produce(records[i:min(i+step, len(records))]...)
	}
	eventually(t, "finance catches up", func() bool { return c.caughtUp(r.Group(), schemas.CanonicalTopics()...) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	got := map[schemas.UUID]int{}
	for _, d := range c.read(schemas.TopicJournal) {
		got[d.Event.Header().EventID]++
	}
	doubled := 0
	for id, n := range want {
		if got[id] != n {
			if doubled++; doubled < 5 {
				t.Errorf("entry %s stands %d times, want %d", id, got[id], n)
			}
		}
	}
	t.Logf("%d records, %d entries wrong, %d derivations, %d aborts", len(records), doubled, calls.Load(), aborted.Load())
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
}
