package simulate

import (
	"iter"
	"slices"
	"testing"

	"github.com/throughline/throughline/producers/simulate/oracle"
	"github.com/throughline/throughline/schemas"
)

// Multiplying kinds gives what adding up every life gives.
func TestLivesAreMultiplied(t *testing.T) {
	c := New(Config{Seed: 1, Orders: 250, SKUs: 40, LivesOnly: true})
	want, err := oracle.Expect(c.Reference(), c.Events())
	if err != nil {
		t.Fatal(err)
	}
	got := c.Expected()
	for account, balance := range want.Balances {
		if !balance.Equal(got.Balances[account]) {
			t.Errorf("account %s: %s, want %s", account, got.Balances[account], balance)
		}
	}
	for shelf, p := range want.Positions {
		if !p.OnHand.Equal(got.Positions[shelf].OnHand) || !got.Positions[shelf].Reserved.IsZero() || !got.Positions[shelf].OpenDemand.IsZero() {
			t.Errorf("%v: %+v, want %+v", shelf, got.Positions[shelf], p)
		}
	}
	for item := range got.Open {
		if item.Account != "1050" || item.Key != "B-LIVES" {
			t.Errorf("%v is open", item)
		}
	}
	if n := got.Events["order.accepted"]; n != 250 || len(got.Positions) != len(want.Positions) || len(got.Open) != len(want.Open) {
		t.Errorf("%d orders, %d shelves, %d open items; want 250, %d, %d", n, len(got.Positions), len(got.Open), len(want.Positions), len(want.Open))
	}
}

func TestLifeReusesItsMemory(t *testing.T) {
	c := New(Config{Seed: 1, LivesOnly: true})
	var reused, fresh Life
	for i := range 300 {
		c.Life(i, &reused)
	}
	c.Life(299, &fresh)
	if string(asJSON(t, reused.Events())) != string(asJSON(t, fresh.Events())) {
		t.Error("a reused life differs from a fresh one")
	}
	if n := len(fresh.Accepted.Lines); n != 10 {
		t.Errorf("%d lines, want 10", n)
	}
	seen := map[schemas.UUID]bool{}
	for i := range 1000 {
		c.Life(i, &reused)
		for _, e := range reused.Events() {
			if seen[e.Header().EventID] || e.Header().EventType != e.EventType() {
				t.Fatalf("life %d: %s again, or not a %s", i, e.Header().EventID, e.EventType())
			}
			seen[e.Header().EventID] = true
		}
	}
}

func TestTrickle(t *testing.T) {
	c := New(Config{Seed: 2})
	told := slices.Collect(c.Trickle(ticks(1_800_000_000_000_000, 600)))
	var n int
	ids := map[schemas.UUID]bool{}
	for _, e := range told {
		if e.EventType() == "payment.settled" {
			n++
		}
		ids[e.Header().EventID] = true
	}
	if n != 593 || len(ids) != len(told) {
		t.Errorf("%d settled and %d of %d events distinct; want 593 and all", n, len(ids), len(told))
	}
	want, err := oracle.Expect(c.Reference(), slices.Values(told))
	if err != nil {
		t.Fatal(err)
	}
	for shelf, p := range want.Positions {
		if p.OnHand.Sub(p.Reserved).Sub(p.OpenDemand).Sign() < 0 {
			t.Errorf("%v is oversold: %+v", shelf, p)
		}
	}
	for e := range c.Trickle(ticks(1_800_000_001_000_000, 1)) {
		if e.EventType() == "order.accepted" && !ids[e.Header().EventID] {
			t.Error("the same instant gave another order")
		}
	}
}

func ticks(from schemas.Time, n int) iter.Seq[schemas.Time] {
	return func(yield func(schemas.Time) bool) {
		for i := range n {
			if !yield(from + schemas.Time(i)*second) {
				return
			}
		}
	}
}

// TestLifeHardlyAllocates keeps generation out of the way of what a benchmark measures.
func TestLifeHardlyAllocates(t *testing.T) {
	c := New(Config{Seed: 1, LivesOnly: true})
	var life Life
	c.Life(0, &life)
	i := 0
	if n := testing.AllocsPerRun(1000, func() { i++; c.Life(i, &life) }); n > 60 {
		t.Errorf("%.0f allocations per life, want at most 60: 8 ids of about 7 each", n)
	}
}

func BenchmarkLife(b *testing.B) {
	c := New(Config{Seed: 1, LivesOnly: true})
	var life Life
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Life(i, &life)
	}
}
