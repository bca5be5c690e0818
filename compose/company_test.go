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
		w.onlyTrueExceptions()
	}
}

// onlyTrueExceptions: told in its own order, the story has nothing to be surprised at but invoices that are issued again before the wrong one is voided.
func (w *world) onlyTrueExceptions() {
	voided := map[string]bool{}
	for _, d := range w.logs["billing"] {
		if c := d.Event.Header().Correction; c != nil && c.CorrectedEventType == "invoice.issued" {
			voided[d.Event.Header().CorrelationID] = true
		}
	}
	for _, d := range w.logs[schemas.TopicExceptions] {
		x := d.Event.(*schemas.ExceptionRaised)
		if x.Code != "OVER_COMMITTED" || !strings.Contains(x.Summary, "invoiced") || !voided[x.Meta.CorrelationID] {
			w.t.Errorf("exception %s of %s: %s", x.Code, x.Meta.CorrelationID, x.Summary)
		}
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
		for _, b := range []struct {
			name      string
			got, want schemas.Decimal
		}{{"on hand", p.OnHand, v.OnHand}, {"unavailable", p.Unavailable, v.Unavailable}, {"reserved", p.Reserved, v.Reserved},
			{"open demand", p.OpenDemand, v.OpenDemand}, {"inbound", p.Inbound, v.Inbound}, {"inbound returns", p.InboundReturns.V, v.InboundReturns},
			{"safety stock", p.SafetyStock, v.SafetyStock}} {
			if !b.got.Equal(b.want) {
				w.t.Errorf("position %v: %s is %s, want %s", shelf, b.name, b.got.Text(), b.want.Text())
			}
		}
	}
}
