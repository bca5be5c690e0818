package compose_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// A loop that stands still for longer than its transaction may last has it ended by the brokers, in the middle of its outputs: those are read by nobody, and what
// is done again stands once.
func TestTransactionThatTakesTooLong(t *testing.T) {
	c := startCluster(t)
	records := canonical(t, simulate.New(simulate.Config{Seed: 13, Orders: 400}))
	want := c.entries(records)
	p := finance.Processor()
	derive, calls := p.Derive, new(atomic.Int64)
	p.Derive = func(e schemas.Event) ([]schemas.Event, error) {
		if n := calls.Add(1); n == 2000 || n == 6000 {
			<-time.After(4500 * time.Millisecond) // a transaction may last two thirds of a session of six seconds
		}
		return derive(e)
	}
	r := c.runner(p, "a")
	stop := start(t, r.Run)
	step := len(records)/20 + 1
	for i := 0; i < len(records); i += step {
		c.produce(records[i:min(i+step, len(records))]...)
	}
	eventually(t, "finance catches up", func() bool { return c.caughtUp(r.Group(), schemas.CanonicalTopics()...) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := calls.Load(); n < int64(len(records))+1000 {
		t.Errorf("%d derivations of %d records: no transaction was done again", n, len(records))
	}
	got := map[schemas.UUID]int{}
	for _, d := range c.read(schemas.TopicJournal) {
		got[d.Event.Header().EventID]++
	}
	for id, n := range want {
		if got[id] != n {
			t.Fatalf("entry %s stands %d times, want %d", id, got[id], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
}
