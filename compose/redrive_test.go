package compose_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/processors"
	deltas "github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/projections/admission"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/projections/operations"
	"github.com/throughline/throughline/schemas"
)

// ward is the loops that a redrive concerns, some of them broken until they are healed, as a deployed mistake is until the next deployment.
type ward struct {
	*cluster
	sick    atomic.Bool
	stops   []func() error
	groups  map[string][]string
	company *simulate.Company
	later   []*kgo.Record // of its canonical log, for a test to produce while something is under way
}

// poisons says that an event is poison as long as the ward is sick.
type poisons func(schemas.Event) bool

var errSick = &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: "a mistake in the program, until the next deployment"}

func newWard(t *testing.T, seed uint64, orders int) *ward {
	w := &ward{cluster: startCluster(t), groups: map[string][]string{}, company: simulate.New(simulate.Config{Seed: seed, Orders: orders})}
	w.sick.Store(true)
	w.produce(w.event(&schemas.ReferenceRuleSet{Meta: schemas.Meta{LegalEntity: "*", EventID: schemas.NamedID("rules")}, Name: finance.RuleSets[0].Name, Version: "1"}))
	for _, e := range w.company.Reference() {
		w.produce(w.event(e))
	}
	return w
}

func (w *ward) project(p projections.Projection, poison poisons) {
	apply := p.Apply
	p.Apply = func(st projections.State, d schemas.Delivery, env projections.Env) ([]projections.Output, error) {
		if poison != nil && w.sick.Load() && poison(d.Event) {
			return nil, errSick
		}
		return apply(st, d, env)
	}
	r := w.projection(p, "0")
	w.groups[r.Group()] = p.From
	w.stops = append(w.stops, start(w.t, r.Run))
}

func (w *ward) process(p processors.Processor, poison poisons) {
	derive := p.Derive
	p.Derive = func(e schemas.Event) ([]schemas.Event, error) {
		if poison != nil && w.sick.Load() && poison(e) {
			return nil, errSick
		}
		return derive(e)
	}
	r := w.runner(p, "0")
	w.groups[r.Group()] = r.Topics()
	w.stops = append(w.stops, start(w.t, r.Run))
}

// publish sends the company's events as its sources do: keyed by document.
func (w *ward) publish() {
	var records []*kgo.Record
	for e := range w.company.Events() {
		m := e.Header()
		if m.EventID.IsZero() {
			m.EventID = schemas.SourceID(m.Source)
		}
		m.EventType = e.EventType()
		topic, _ := schemas.IntakeTopic(e)
		value, err := w.codec.Encode(e)
		if err != nil {
			w.t.Fatal(err)
		}
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(schemas.DocumentKey(m.Source)), Value: value})
	}
	w.produce(records...)
}

// rest waits until every started loop has nothing left to read, twice, because what one wrote last is read by the next.
func (w *ward) rest() {
	w.t.Helper()
	still := 0
	eventually(w.t, "the loops come to rest", func() bool {
		still++
		for group, topics := range w.groups {
			if !w.caughtUp(group, topics...) {
				still = 0
			}
		}
		return still >= 3
	})
}

func (w *ward) desk() replay.Desk {
	return replay.Desk{Cluster: w.opts, Codec: w.codec, Who: "kim", Processors: []processors.Processor{finance.Processor(), deltas.Processor()}}
}

func (w *ward) letterOf(status replay.Status) *replay.Letter {
	w.t.Helper()
	all, err := w.desk().Letters(w.t.Context(), replay.Filter{Status: []replay.Status{status}})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(all) != 1 {
		w.t.Fatalf("%d %s letters, want 1", len(all), status)
	}
	return all[0]
}

func (w *ward) redrive(l *replay.Letter, want string) replay.Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 60*time.Second)
	defer cancel()
	results, err := w.desk().Redrive(ctx, []schemas.UUID{l.Meta.EventID}, "the mistake is corrected")
	if err != nil {
		w.t.Fatal(err)
	}
	if results[0].Came != want {
		w.t.Fatalf("redrive %d: %s (%s), want %s", results[0].Lap, results[0].Came, results[0].Reason, want)
	}
	return results[0]
}

// undisturbed is the same company without any mistake, through the pure core.
func (w *ward) undisturbed() *world {
	pure := newWorld(w.t, 4)
	pure.refer(w.company.Reference()...)
	for e := range w.company.Events() {
		pure.publish(e)
	}
	return pure
}

// derivedHere is the world of what the ward's canonical log gives.
func (w *ward) derivedHere() *world {
	pure := newWorld(w.t, 4)
	for _, d := range w.read(schemas.CanonicalTopics()...) {
		pure.process(d)
	}
	return pure
}

// canonicalOf counts canonical events by thread.
func canonicalOf(list []schemas.Delivery) map[string]int {
	n := map[string]int{}
	for _, d := range list {
		n[d.Event.Header().CorrelationID]++
	}
	return n
}

// S10: a poison event of order A between good ones. What depends on it is held at admission, the rest of A and all of B flow; after the redrive A's state
// equals that of a run without the poison.
func TestS10PoisonEventOfOneOrder(t *testing.T) {
	w := newWard(t, 21, 30)
	pure := w.undisturbed()
	var victim *schemas.ShipmentShipped
	for _, d := range pure.logs["billing"] { // a shipment that an invoice waits for
		if x, ok := d.Event.(*schemas.InvoiceIssued); ok && x.OrderID != "" {
			for _, s := range pure.logs["fulfillment"] {
				if shipped, ok := s.Event.(*schemas.ShipmentShipped); ok && shipped.OrderID == x.OrderID {
					victim = shipped
				}
			}
			break
		}
	}
	if victim == nil {
		t.Fatal("the company ships nothing that it invoices")
	}
	w.project(intake.Projection(), nil)
	w.project(admission.Projection(), func(e schemas.Event) bool { return e.Header().EventID == victim.Meta.EventID })
	w.project(operations.Projection(), nil)
	w.publish()
	w.rest()

	letter := w.letterOf(replay.Open)
	if letter.DeadEventID.V != victim.Meta.EventID || letter.Thread != victim.OrderID || letter.Stage != "admission" {
		t.Errorf("letter of %s in %s at %s, want the shipment's at admission", letter.DeadEventType, letter.Thread, letter.Stage)
	}
	want := map[string]int{}
	for _, topic := range schemas.CanonicalTopics() {
		for thread, n := range canonicalOf(pure.logs[topic]) {
			want[thread] += n
		}
	}
	flowed := canonicalOf(w.read(schemas.CanonicalTopics()...))
	for thread, n := range want {
		if thread != victim.OrderID && flowed[thread] != n {
			t.Errorf("thread %s: %d canonical events, want %d: it is not the poisoned one", thread, flowed[thread], n)
		}
	}
	held := 0
	for _, d := range w.read(schemas.TopicOutcomes) {
		if o := d.Event.(*schemas.AdmissionOutcome); o.Outcome == schemas.OutcomeHELD && o.Thread == victim.OrderID && slices.ContainsFunc(o.WaitsFor,
			func(need string) bool { return need == "shipment:"+victim.ShipmentID }) {
			held++
		}
	}
	if n := flowed[victim.OrderID]; held == 0 || n == 0 || n+held+1 > want[victim.OrderID] {
		t.Errorf("order %s: %d events flowed, %d wait for the shipment, of %d", victim.OrderID, n, held, want[victim.OrderID])
	}

	w.sick.Store(false)
	w.redrive(letter, replay.CameCured)
	w.rest()
	if diff := w.derivedHere().content().differs(pure.content()); diff != "" {
		t.Errorf("after the redrive: %s", diff)
	}
	if l := w.letterOf(replay.Cured); l.Who != "kim" || !strings.Contains(l.Why, "corrected") {
		t.Errorf("redriven by %q because %q", l.Who, l.Why)
	}
}

// S11: the letter of one consumer is redriven to it, and no other consumer sees anything.
func TestS11RedriveOfOneConsumer(t *testing.T) {
	w := newWard(t, 22, 10)
	var victim schemas.UUID
	for e := range w.company.Events() {
		if s, ok := e.(*schemas.ShipmentShipped); ok {
			victim = s.Meta.EventID
			if victim.IsZero() {
				victim = schemas.SourceID(s.Meta.Source)
			}
			break
		}
	}
	w.project(intake.Projection(), nil)
	w.project(admission.Projection(), nil)
	w.project(operations.Projection(), nil)
	w.process(finance.Processor(), func(e schemas.Event) bool { return e.Header().EventID == victim })
	w.process(deltas.Processor(), nil)
	w.publish()
	w.rest()
	letter := w.letterOf(replay.Open)
	before := map[string]int{}
	for _, topic := range schemas.Topics {
		before[topic.Name] = w.count(topic.Name)
	}
	w.sick.Store(false)
	w.redrive(letter, replay.CameCured)
	w.rest()
	changed := map[string]int{schemas.TopicActions: 1, schemas.RedriveFinance: 1, schemas.TopicJournal: 1, "changelog.operations": 1}
	for _, topic := range schemas.Topics {
		if got, want := w.count(topic.Name)-before[topic.Name], changed[topic.Name]; got != want {
			t.Errorf("%s: %d more records, want %d", topic.Name, got, want)
		}
	}
	if diff := journalOf(w.read(schemas.TopicJournal)).differs(journalOf(w.undisturbed().logs[schemas.TopicJournal])); diff != "" {
		t.Error(diff)
	}
	w.redrive(letter, replay.CameNothing) // it is cured
	if n := w.count(schemas.RedriveFinance); n != 1 {
		t.Errorf("%d redrives, want 1", n)
	}
}

// S12: what is still poison dies again with its laps counted, is parked after the last one, and goes round no more.
func TestS12RedriveOfWhatIsStillPoison(t *testing.T) {
	w := newWard(t, 23, 6)
	var victim schemas.UUID
	for e := range w.company.Events() {
		if p, ok := e.(*schemas.PaymentCaptured); ok {
			if victim = p.Meta.EventID; victim.IsZero() {
				victim = schemas.SourceID(p.Meta.Source)
			}
			break
		}
	}
	w.project(intake.Projection(), nil)
	w.project(admission.Projection(), nil)
	w.project(operations.Projection(), nil)
	w.process(finance.Processor(), func(e schemas.Event) bool { return e.Header().EventID == victim })
	w.publish()
	w.rest()
	for lap := int32(1); lap <= operations.MaxLaps; lap++ {
		r := w.redrive(w.letterOf(replay.Open), replay.CameDied)
		if r.Lap != lap || r.Letter.Laps != lap {
			t.Fatalf("lap %d, letter of lap %d, want %d", r.Lap, r.Letter.Laps, lap)
		}
	}
	w.redrive(w.letterOf(replay.Open), replay.CameParked)
	parked := w.letterOf(replay.Parked)
	w.redrive(parked, replay.CameParked)
	w.rest()
	if n := w.count(schemas.RedriveFinance); n != operations.MaxLaps {
		t.Errorf("%d redrives, want %d", n, operations.MaxLaps)
	}
	if parked.Deaths != operations.MaxLaps+1 {
		t.Errorf("it died %d times, want %d", parked.Deaths, operations.MaxLaps+1)
	}
	exceptions := 0
	for _, d := range w.read(schemas.TopicExceptions) {
		if x := d.Event.(*schemas.ExceptionRaised); x.Code == "PARKED" {
			exceptions++
		}
	}
	if exceptions != 1 {
		t.Errorf("%d PARKED exceptions, want 1", exceptions)
	}
}

// A redrive that is interrupted before anything came of it resumes: the same operator, reason and lap are one action.
func TestRedriveResumes(t *testing.T) {
	w := newWard(t, 24, 6)
	w.project(intake.Projection(), nil)
	w.project(admission.Projection(), nil)
	w.process(finance.Processor(), func(e schemas.Event) bool { return e.EventType() == "payment.captured" })
	w.publish()
	w.rest()
	open, err := w.desk().Letters(t.Context(), replay.Filter{Class: "RULE_ERROR", Consumer: schemas.Group("finance"), Status: []replay.Status{replay.Open}})
	if err != nil || len(open) < 3 {
		t.Fatalf("%d letters, %v", len(open), err)
	}
	var ids []schemas.UUID
	for _, l := range open {
		ids = append(ids, l.Meta.EventID)
	}
	w.seed(schemas.Group("operations"), schemas.TopicActions)
	short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	_, err = w.desk().Redrive(short, ids, "corrected")
	cancel()
	if err == nil || !strings.Contains(err.Error(), "operations") || !strings.Contains(err.Error(), "resume") {
		t.Fatalf("without the role operations: %v, want an error that says what to do", err)
	}
	w.sick.Store(false)
	w.project(operations.Projection(), nil)
	long, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	results, err := w.desk().Redrive(long, ids, "corrected")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Came != replay.CameCured && r.Came != replay.CameNothing {
			t.Errorf("letter %s: %s %s", r.Letter.Meta.EventID, r.Came, r.Reason)
		}
	}
	w.rest()
	if n := w.count(schemas.RedriveFinance); n != len(ids) {
		t.Errorf("%d redrives of %d letters", n, len(ids))
	}
	if diff := journalOf(w.read(schemas.TopicJournal)).differs(journalOf(w.undisturbed().logs[schemas.TopicJournal])); diff != "" {
		t.Error(diff)
	}
}

func (c *cluster) count(topic string) (n int) {
	c.t.Helper()
	for _, err := range schemas.ReadRecords(c.t.Context(), c.opts, schemas.Span{Topics: []string{topic}}) {
		if err != nil {
			c.t.Fatal(err)
		}
		n++
	}
	return n
}

// journalOf is the business content of a journal.
func journalOf(entries []schemas.Delivery) content {
	w := &world{positions: projections.NewMemory(), logs: map[string][]schemas.Delivery{schemas.TopicJournal: entries}}
	return w.content()
}
