package compose_test

import (
	"slices"
	"testing"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// The company through the whole embedded system, delivered in a bad order with duplicates: what ClickHouse shows equals the second calculation, every
// intake record is accounted for, and nothing is pending, missing or dead.
func TestCompanyThroughTheSystem(t *testing.T) {
	s := startSystem(t)
	stop := s.run()
	company := simulate.New(simulate.Config{Seed: 21, Orders: 200})
	events := slices.Collect(company.Events())
	sent := s.deliver(company, simulate.Interleave(7, events, simulate.Shuffle{Window: 400, Duplicates: 10, Late: 30}))
	s.drain(len(events), never, nothing) // positions are not events: completeness does not wait for them
	s.settled(len(events), sent)
	s.mustShow(company.Expected())
	s.mustConserve(company.Expected().Lines)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// deliver publishes reference data and events and returns how many intake records that made.
func (s *system) deliver(company *simulate.Company, events []schemas.Event) int {
	s.t.Helper()
	p := s.producer()
	if err := p.Emit(s.t.Context(), company.Reference()...); err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(events); i += 500 {
		if err := p.Emit(s.t.Context(), events[i:min(i+500, len(events))]...); err != nil {
			s.t.Fatal(err)
		}
	}
	return len(events)
}

// settled waits until every event has its effect, and every intake record its outcome.
func (s *system) settled(events, sent int) {
	s.t.Helper()
	var got map[string]uint64
	eventually(s.t, "all events have their effects in ClickHouse", func() bool {
		got = s.outcomes()
		return got["posted"]+got["stock_only"]+got["no_effect"] == uint64(events) && s.number("SELECT count() FROM intake") == uint64(sent)
	})
	if got["dead"]+got["missing"]+got["pending"] > 0 {
		s.t.Errorf("completeness: %v", got)
	}
	if n := s.number("SELECT countIf(outcome = 'admitted') FROM intake"); n != uint64(events) {
		s.t.Errorf("%d intake records admitted, want %d", n, events)
	}
	if n := s.number("SELECT countIf(outcome = 'duplicate') FROM intake"); n != uint64(sent-events) {
		s.t.Errorf("%d intake records are duplicates, want %d", n, sent-events)
	}
}

// mustShow compares ClickHouse with what the company's second calculation expects.
func (s *system) mustShow(want simulate.Expected) {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), "SELECT concat(account, ' ', period), toString(sum(balance)) FROM trial_balance GROUP BY account, period")
	if err != nil {
		s.t.Fatal(err)
	}
	got := map[string]schemas.Decimal{}
	for rows.Next() {
		var key, balance string
		if err := rows.Scan(&key, &balance); err != nil {
			s.t.Fatal(err)
		}
		got[key] = schemas.MustDecimal(balance)
	}
	rows.Close()
	for period, accounts := range want.Periods {
		for account, v := range accounts {
			if key := account + " " + period; !got[key].Equal(v) && !(got[key].IsZero() && v.IsZero()) {
				s.t.Errorf("trial balance %s: got %s, want %s", key, got[key].Text(), v.Text())
			}
		}
	}
	for shelf, v := range want.Positions {
		var onHand, unavailable, reserved, open string
		err := s.conn.QueryRow(s.t.Context(), "SELECT toString(p.on_hand), toString(p.unavailable), toString(p.reserved), toString(p.open_demand) FROM stock_positions AS p WHERE sku = ? AND location = ?",
			shelf.SKU, shelf.Location).Scan(&onHand, &unavailable, &reserved, &open)
		if err != nil {
			s.t.Errorf("position %v: %v", shelf, err)
			continue
		}
		for i, pair := range [][2]schemas.Decimal{{schemas.MustDecimal(onHand), v.OnHand}, {schemas.MustDecimal(unavailable), v.Unavailable},
			{schemas.MustDecimal(reserved), v.Reserved}, {schemas.MustDecimal(open), v.OpenDemand}} {
			if !pair[0].Equal(pair[1]) {
				s.t.Errorf("position %v, bucket %d: got %s, want %s", shelf, i, pair[0].Text(), pair[1].Text())
			}
		}
	}
}

// Completeness is seen to bite: an entry dropped on purpose is missing, and an event that posts nothing by rule is no_effect.
func TestCompletenessBites(t *testing.T) {
	s := startSystem(t)
	stop := s.run("intake", "admission", "ticker", "atp-deltas", "atp", "sinks")
	var dropped schemas.UUID
	p := finance.Processor()
	p.Derive = func(e schemas.Event) ([]schemas.Event, error) {
		out, err := finance.Derive(e)
		if _, ok := e.(*schemas.PaymentCaptured); ok && (dropped.IsZero() || dropped == e.Header().EventID) {
			dropped = e.Header().EventID
			return nil, err
		}
		return out, err
	}
	opts, err := s.cfg.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	codec, err := s.cfg.Codec(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	broken := processors.Runner{Processor: p, Cluster: opts, Codec: codec, Replica: "0", Session: 6e9, Log: s.cfg.NewLogger(t.Output())}
	stopBroken := start(t, broken.Run)
	company := simulate.New(simulate.Config{Seed: 4, Orders: 20})
	events := slices.Collect(company.Events())
	s.deliver(company, events)
	var got map[string]uint64
	eventually(t, "one event is missing its entry and no other", func() bool {
		got = s.outcomes()
		return got["missing"] == 1 && got["posted"]+got["stock_only"]+got["no_effect"] == uint64(len(events)-1)
	})
	var id string
	if err := s.conn.QueryRow(t.Context(), "SELECT toString(event_id) FROM completeness WHERE outcome = 'missing'").Scan(&id); err != nil || id != dropped.String() {
		t.Errorf("missing: %s (%v), dropped on purpose: %s", id, err, dropped)
	}
	if n := s.number("SELECT countIf(outcome != 'no_effect') FROM completeness WHERE event_type IN ('fulfillment.picked', 'fulfillment.packed')"); n != 0 {
		t.Errorf("%d picks and packs are not no_effect", n)
	}
	if n := s.number("SELECT count() FROM completeness WHERE event_type = 'fulfillment.picked'"); n == 0 {
		t.Error("the company picked nothing: the test does not try what it says")
	}
	if err := stopBroken(); err != nil {
		t.Error(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
