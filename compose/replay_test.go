package compose_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/processors"
	deltas "github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/projections/operations"
	"github.com/throughline/throughline/schemas"
)

// losing is a canonical log on a broker, read by processors that derive nothing from some of its events until they are healed.
func losing(t *testing.T, seed uint64, loses poisons) *ward {
	w := newWard(t, seed, 12)
	records := canonical(t, w.company)
	w.later = records[len(records)-20:]
	w.produce(records[:len(records)-20]...)
	for _, p := range []processors.Processor{finance.Processor(), deltas.Processor()} {
		derive := p.Derive
		p.Derive = func(e schemas.Event) ([]schemas.Event, error) {
			if w.sick.Load() && loses(e) {
				return nil, nil
			}
			return derive(e)
		}
		r := w.runner(p, "0")
		w.groups[r.Group()] = r.Topics()
		w.stops = append(w.stops, start(t, r.Run))
	}
	w.project(operations.Projection(), nil)
	w.rest()
	w.sick.Store(false)
	return w
}

func (w *ward) plan(s replay.Selection) replay.Plan {
	w.t.Helper()
	p, err := w.desk().Plan(w.t.Context(), s)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *ward) apply(p replay.Plan) (replay.Applied, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 60*time.Second)
	defer cancel()
	return w.desk().Apply(ctx, p, "entries were lost")
}

func shipped(e schemas.Event) bool { return e.EventType() == "shipment.shipped" }

// What a processor lost is planned with its money, replayed by that processor alone, and then stands as if nothing had been lost. A second apply, and a
// second plan, change nothing.
func TestReplayAddsWhatIsMissing(t *testing.T) {
	w := losing(t, 31, shipped)
	plan := w.plan(replay.Selection{Processor: "finance"})
	ships := 0
	for _, d := range w.read("fulfillment") {
		if shipped(d.Event) {
			ships++
		}
	}
	if e := plan.Effect; len(e.New) != ships || ships == 0 || len(e.Changed)+len(e.Orphaned)+len(e.Dead)+len(e.Caused) != 0 || len(e.Money) == 0 || len(e.Units) != 0 {
		t.Fatalf("effect of losing %d shipments: %d new, %d changed, %d orphaned, %d dead, %d caused, %d sums of money, %d of units", ships,
			len(e.New), len(e.Changed), len(e.Orphaned), len(e.Dead), len(e.Caused), len(e.Money), len(e.Units))
	}
	w.checkMoney(plan.Effect.Money)
	moved := w.count(schemas.TopicDeltas)
	done, err := w.apply(reread(t, plan))
	if err != nil || done.Added != ships || done.Already != 0 {
		t.Fatalf("%+v, %v: want %d added", done, err, ships)
	}
	if n := w.count(schemas.TopicDeltas); n != moved {
		t.Errorf("replaying finance made %d deltas", n-moved)
	}
	actions := w.count(schemas.TopicActions)
	again, err := w.apply(plan)
	if err != nil || again.Added != 0 || again.Already != ships {
		t.Errorf("second apply: %+v, %v", again, err)
	}
	if n := w.count(schemas.TopicActions); n != actions {
		t.Errorf("the second apply wrote %d actions", n-actions)
	}
	if e := w.plan(replay.Selection{Processor: "finance"}).Effect; e.Changes() != 0 {
		t.Errorf("the second plan has %d changes", e.Changes())
	}
	// The stock deltas of the same events were lost too; they are a replay of their own.
	stock := w.plan(replay.Selection{Processor: "atp-deltas"})
	if len(stock.Effect.New) != ships || len(stock.Effect.Units) == 0 || len(stock.Effect.Money) != 0 {
		t.Errorf("stock: %d new, %d units, %d money", len(stock.Effect.New), len(stock.Effect.Units), len(stock.Effect.Money))
	}
	if done, err := w.apply(stock); err != nil || done.Added != ships {
		t.Errorf("%+v, %v", done, err)
	}
	w.produce(w.later...)
	w.rest()
	if diff := journalOf(w.read(schemas.TopicJournal)).differs(journalOf(w.undisturbed().logs[schemas.TopicJournal])); diff != "" {
		t.Error(diff)
	}
}

// reread is a plan as a file gives it back.
func reread(t *testing.T, p replay.Plan) (back replay.Plan) {
	t.Helper()
	text, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// checkMoney holds the plan's money against the balances of the shipments' entries.
func (w *ward) checkMoney(money []replay.Money) {
	w.t.Helper()
	want := map[string]schemas.Decimal{}
	for _, d := range w.undisturbed().logs[schemas.TopicJournal] {
		if j := d.Event.(*schemas.JournalEntry); j.CauseType == "shipment.shipped" {
			for _, l := range j.Lines {
				want[j.Meta.Period+" "+l.Account] = want[j.Meta.Period+" "+l.Account].Add(l.AmountFn)
			}
		}
	}
	for _, m := range money {
		if key := m.Period + " " + m.Account; !want[key].Equal(m.Amount) {
			w.t.Errorf("%s: the plan says %s, want %s", key, m.Amount.Text(), want[key].Text())
		}
		delete(want, m.Period+" "+m.Account)
	}
	for key, v := range want {
		if !v.IsZero() {
			w.t.Errorf("%s: the plan says nothing, want %s", key, v.Text())
		}
	}
}

// An order, a SKU, types and offsets narrow a plan; an instant in a gap of the log becomes exact offsets (S17).
func TestS17PlanShowsExactOffsets(t *testing.T) {
	w := losing(t, 32, shipped)
	all := w.plan(replay.Selection{Processor: "finance"})
	first := all.Effect.New[0]
	at, err := replay.ParsePosition(first.Position)
	if err != nil {
		t.Fatal(err)
	}
	one := w.plan(replay.Selection{Processor: "finance", From: []string{first.Position}, To: []string{schemas.Position{Topic: at.Topic, Partition: at.Partition, Offset: at.Offset + 1}.String()}})
	if len(one.Windows) != 1 || one.Windows[0] != (replay.Window{Topic: at.Topic, Partition: at.Partition, From: at.Offset, To: at.Offset + 1}) || one.Events != 1 || len(one.Effect.New) != 1 {
		t.Errorf("one position: windows %v, %d events", one.Windows, one.Events)
	}
	d, err := schemas.ReadAt(t.Context(), w.opts, w.codec, at)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Event.(*schemas.ShipmentShipped)
	for name, sel := range map[string]replay.Selection{
		"order": {Processor: "finance", Order: s.OrderID, Types: []string{"shipment.shipped"}},
		"sku":   {Processor: "finance", SKU: s.Lines[0].Stock.SKU},
	} {
		p := w.plan(sel)
		found := false
		for _, e := range p.Effect.New {
			found = found || e.ID == first.ID
		}
		if !found || p.Events == 0 || p.Events >= all.Events {
			t.Errorf("%s: %d of %d events, with the shipment: %v", name, p.Events, all.Events, found)
		}
	}
	future := w.plan(replay.Selection{Processor: "finance", From: []string{"2999-01-01T00:00:00Z"}})
	past := w.plan(replay.Selection{Processor: "finance", From: []string{"1999-01-01T00:00:00Z"}})
	if len(future.Windows) != 0 || future.Effect.Changes() != 0 || past.Effect.Changes() != all.Effect.Changes() || past.Inputs != all.Inputs {
		t.Errorf("from the far future %v; from the far past %d changes, want %d", future.Windows, past.Effect.Changes(), all.Effect.Changes())
	}
	if done, err := w.apply(one); err != nil || done.Added != 1 {
		t.Errorf("applying the plan of one event: %+v, %v", done, err)
	}
	for _, bad := range []string{"orders@1", "nothing/0@1", "yesterday"} {
		if _, err := w.desk().Plan(t.Context(), replay.Selection{Processor: "finance", From: []string{bad}}); err == nil {
			t.Errorf("--from %s is taken", bad)
		}
	}
}

// A plan is refused where anything that stands would change, where the world has moved, where it was edited, and without a reason.
func TestReplayRefuses(t *testing.T) {
	w := losing(t, 33, shipped)
	plan := w.plan(replay.Selection{Processor: "finance"})
	refuses := func(name string, p replay.Plan, why string) {
		t.Helper()
		before := w.count(schemas.TopicActions)
		if _, err := w.apply(p); !errors.Is(err, replay.ErrRefused) && !errors.Is(err, replay.ErrPlanFile) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want a refusal that says %q", name, err, why)
		}
		if n := w.count(schemas.TopicActions); n != before {
			t.Errorf("%s: %d actions were written", name, n-before)
		}
	}
	edited := reread(t, plan)
	edited.Effect.New = edited.Effect.New[1:]
	refuses("an edited plan", edited, "plan again")
	if _, err := w.desk().Apply(t.Context(), plan, ""); err == nil || !strings.Contains(err.Error(), "--why") {
		t.Errorf("without a reason: %v", err)
	}
	other := w.desk()
	for i := range other.Processors {
		derive := other.Processors[i].Derive
		other.Processors[i].Derive = func(e schemas.Event) ([]schemas.Event, error) {
			out, err := derive(e)
			if len(out) > 0 && e.EventType() == "shipment.shipped" {
				out[0].Header().Late = true
			}
			return out, err
		}
	}
	if _, err := other.Apply(t.Context(), plan, "x"); !errors.Is(err, replay.ErrRefused) || !strings.Contains(err.Error(), "rules") {
		t.Errorf("with other rules: %v", err)
	}
	part := w.plan(replay.Selection{Processor: "finance", To: []string{plan.Effect.New[0].Position}})
	// Somebody alters an entry that stands: plans under which it would change are refused, old and new ones.
	standing := w.read(schemas.TopicJournal)[0]
	altered := standing.Event.(*schemas.JournalEntry)
	altered.Lines[0].Account = "9999"
	value, err := w.codec.Encode(altered)
	if err != nil {
		t.Fatal(err)
	}
	w.produce(&kgo.Record{Topic: schemas.TopicJournal, Key: bytes.Clone(standing.Record.Key), Value: value})
	refuses("an entry was altered since", plan, "audit")
	fresh := w.plan(replay.Selection{Processor: "finance"})
	if len(fresh.Effect.Changed) != 1 {
		t.Errorf("%d changed, want the altered entry", len(fresh.Effect.Changed))
	}
	refuses("a plan that would change what stands", fresh, "rule.superseded")
	if part.Effect.Changes() != 0 {
		t.Errorf("up to the first loss there are %d changes", part.Effect.Changes())
	}
}

// What died at the processor is redriven, not replayed: the plan lists it as curable and leaves it alone. An event that today's rules refuse is caused.
func TestReplayLeavesTheDeadToRedrive(t *testing.T) {
	w := newWard(t, 34, 8)
	w.produce(canonical(t, w.company)...)
	w.process(finance.Processor(), shipped)
	w.project(operations.Projection(), nil)
	w.rest()
	w.sick.Store(false)
	plan := w.plan(replay.Selection{Processor: "finance"})
	if len(plan.Effect.New) != 0 || len(plan.Effect.Dead) == 0 || plan.Effect.Curable != len(plan.Effect.Dead) {
		t.Errorf("%d new, %d dead, %d curable: want all dead and curable", len(plan.Effect.New), len(plan.Effect.Dead), plan.Effect.Curable)
	}
	if done, err := w.apply(plan); err != nil || done.Planned != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	sick := w.desk()
	for i := range sick.Processors {
		derive := sick.Processors[i].Derive
		sick.Processors[i].Derive = func(e schemas.Event) ([]schemas.Event, error) {
			if e.EventType() == "payment.captured" {
				return nil, errSick
			}
			return derive(e)
		}
	}
	caused, err := sick.Plan(t.Context(), replay.Selection{Processor: "finance", Types: []string{"payment.captured"}})
	if err != nil || len(caused.Effect.Caused) == 0 || len(caused.Effect.Caused) != caused.Events {
		t.Errorf("rules that refuse payments: %d of %d caused, %v", len(caused.Effect.Caused), caused.Events, err)
	}
}

// An apply that is interrupted resumes, and live traffic goes on meanwhile.
func TestReplayResumes(t *testing.T) {
	w := losing(t, 35, shipped)
	plan := w.plan(replay.Selection{Processor: "finance"})
	slow := w.desk()
	slow.Rate = 2
	short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	if _, err := slow.Apply(short, plan, "entries were lost"); err == nil || len(plan.Effect.New) < 5 {
		t.Fatalf("%d events in 1.5 s at 2 a second: %v, want it to be cut short", len(plan.Effect.New), err)
	}
	w.produce(w.later...) // live traffic
	done, err := w.apply(plan)
	if err != nil || done.Already+done.Added != len(plan.Effect.New) {
		t.Fatalf("resumed: %+v, %v", done, err)
	}
	w.rest()
	seen := map[schemas.UUID]int{}
	for _, d := range w.read(schemas.TopicJournal) {
		if seen[d.Event.Header().EventID]++; seen[d.Event.Header().EventID] > 1 {
			t.Errorf("entry %s stands twice", d.Event.Header().EventID)
		}
	}
	if e := w.plan(replay.Selection{Processor: "finance"}).Effect; e.Changes() != 0 {
		t.Errorf("the second plan has %d changes", e.Changes())
	}
}
