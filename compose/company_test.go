package compose_test

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// The company's balances and positions are known from its seed by a second calculation that shares nothing with the pipeline but the event structs.
func TestCompanyThroughTheCore(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		c := simulate.New(simulate.Config{Seed: seed, Orders: 150})
		w := newWorld(t, 4)
		w.refer(c.Reference()...)
		for e := range c.Events() {
			w.publish(e)
		}
		w.tick()
		w.mustEqual(c.Expected())
	}
}

func (w *world) mustEqual(want simulate.Expected) {
	w.t.Helper()
	if dead := w.letters(); len(dead) > 0 {
		w.t.Errorf("%d letters, first: %s", len(dead), strings.Join(dead[:min(8, len(dead))], "\n"))
	}
	if held := w.onHold(); len(held) > 0 {
		w.t.Errorf("%d still held, first: %v", len(held), held[:min(5, len(held))])
	}
	got := map[string]schemas.Decimal{}
	for key, v := range w.balances() {
		got[key] = v
	}
	for period, accounts := range want.Periods {
		for account, v := range accounts {
			key := account + " " + period
			if !got[key].Equal(v) && !(got[key].IsZero() && v.IsZero()) {
				w.t.Errorf("balance %s: got %s, want %s", key, got[key].Text(), v.Text())
			}
			delete(got, key)
		}
	}
	for key, v := range got {
		if !v.IsZero() {
			w.t.Errorf("balance %s: got %s, want nothing", key, v.Text())
		}
	}
	for shelf, v := range want.Positions {
		p, _ := w.positions.Get(shelf.SKU + "|" + shelf.Location).(*schemas.StockPosition)
		if p == nil {
			w.t.Errorf("position %v: none", shelf)
			continue
		}
		if !p.OnHand.Equal(v.OnHand) || !p.Unavailable.Equal(v.Unavailable) || !p.Reserved.Equal(v.Reserved) || !p.OpenDemand.Equal(v.OpenDemand) {
			w.t.Errorf("position %v: got on hand %s, unavailable %s, reserved %s, open %s; want %s, %s, %s, %s", shelf, p.OnHand.Text(), p.Unavailable.Text(),
				p.Reserved.Text(), p.OpenDemand.Text(), v.OnHand.Text(), v.Unavailable.Text(), v.Reserved.Text(), v.OpenDemand.Text())
		}
	}
}
