package compose_test

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/projections/admission"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/schemas"
)

// canonical plays a company through the pure core and returns its canonical records.
func canonical(t testing.TB, company *simulate.Company) []*kgo.Record {
	w := newWorld(t, 4)
	w.refer(company.Reference()...)
	for e := range company.Events() {
		w.publish(e)
	}
	var records []*kgo.Record
	for _, topic := range schemas.CanonicalTopics() {
		for _, d := range w.logs[topic] {
			records = append(records, &kgo.Record{Topic: topic, Key: []byte(d.Event.Header().CorrelationID), Value: d.Record.Value})
		}
	}
	return records
}

// entries are the journal entries that must follow from canonical records, by id.
func (c *cluster) entries(records []*kgo.Record) map[schemas.UUID]int {
	c.t.Helper()
	want := map[schemas.UUID]int{}
	for _, r := range records {
		e, _, err := c.codec.Decode(c.t.Context(), r.Value)
		if err != nil {
			c.t.Fatal(err)
		}
		entries, err := finance.Derive(e)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, j := range entries {
			want[j.Header().EventID]++
		}
	}
	return want
}

// S6: rebalances in the middle of transactions double nothing and skip nothing: a second replica joins and leaves over and over while the first works.
func TestS6RebalanceInTheMiddleOfATransaction(t *testing.T) { rebalances(startCluster(t)) }

func rebalances(c *cluster) {
	t := c.t
	records := canonical(t, simulate.New(simulate.Config{Seed: 11, Orders: 300}))
	want := c.entries(records)
	first := c.runner(finance.Processor(), "a")
	stopFirst := start(t, first.Run)
	step := len(records)/6 + 1
	for i := 0; i < len(records); i += step {
		joins := c.runner(finance.Processor(), fmt.Sprintf("b%d", i)) // a static member would come back without a rebalance
		members := c.members(first.Group())
		stop := start(t, joins.Run)
		c.produce(records[i:min(i+step, len(records))]...)
		eventually(t, "the second replica joins", func() bool { return c.members(first.Group()) > members })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "finance catches up", func() bool { return c.caughtUp(first.Group(), schemas.CanonicalTopics()...) })
	if err := stopFirst(); err != nil {
		t.Fatal(err)
	}
	got := map[schemas.UUID]int{}
	for _, d := range c.read(schemas.TopicJournal) {
		got[d.Event.Header().EventID]++
	}
	for id, n := range want {
		if got[id] != n {
			t.Errorf("entry %s stands %d times, want %d", id, got[id], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	if letters := c.read(schemas.TopicLetters); len(letters) > 0 {
		t.Errorf("%d letters, first: %s", len(letters), letters[0].Event.(*schemas.DeadLetter).Reason)
	}
}

// A lost state directory costs time, not data: intake and admission stop, their stores vanish, and they go on as if nothing had been.
func TestLostStateDirectoryIsRebuilt(t *testing.T) { lostState(startCluster(t)) }

func lostState(c *cluster) {
	t := c.t
	company := simulate.New(simulate.Config{Seed: 12, Orders: 60})
	rules := newWorld(t, 4)
	rules.refer(company.Reference()...)
	for e := range company.Events() {
		rules.publish(e)
	}
	want := rules.content()
	c.produce(c.event(&schemas.ReferenceRuleSet{Meta: schemas.Meta{LegalEntity: "*", EventID: schemas.NamedID("rules")}, Name: finance.RuleSets[0].Name, Version: "1"}))
	for _, e := range company.Reference() {
		c.produce(c.event(e))
	}
	var intakes []*kgo.Record
	for _, topic := range schemas.IntakeTopics() {
		for _, d := range rules.logs[topic] {
			intakes = append(intakes, &kgo.Record{Topic: topic, Key: d.Record.Key, Value: d.Record.Value})
		}
	}
	half := len(intakes) / 2
	for _, batch := range [][]*kgo.Record{intakes[:half], intakes[half:], intakes[:half/2]} { // the last is sent again
		c.dir = t.TempDir()
		in, adm := c.projection(intake.Projection(), "0"), c.projection(admission.Projection(), "0")
		stopIn, stopAdm := start(t, in.Run), start(t, adm.Run)
		c.produce(batch...)
		eventually(t, "intake catches up", func() bool { return c.caughtUp(in.Group(), in.Projection.From...) })
		eventually(t, "admission catches up", func() bool { return c.caughtUp(adm.Group(), adm.Projection.From...) })
		if err := stopIn(); err != nil {
			t.Fatal(err)
		}
		if err := stopAdm(); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, 4)
	for _, d := range c.read(schemas.CanonicalTopics()...) {
		w.process(d)
	}
	if diff := w.content().differs(want); diff != "" {
		t.Error(diff)
	}
	duplicates := 0
	for _, d := range c.read(schemas.TopicOutcomes) {
		if d.Event.(*schemas.AdmissionOutcome).Outcome == schemas.OutcomeDUPLICATE {
			duplicates++
		}
	}
	if duplicates != half/2 {
		t.Errorf("%d duplicates counted, %d were sent", duplicates, half/2)
	}
}
