package compose_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/projections/admission"
	"github.com/throughline/throughline/projections/atp"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/schemas"

	deltas "github.com/throughline/throughline/processors/atp"
)

// world is the pure core of the system under a simulated clock: intake, admission, the processors and the fold, with logs and state in memory, one thread,
// bit for bit repeatable. Records are real bytes; only Kafka is missing.
type world struct {
	t          testing.TB
	codec      *schemas.Codec
	partitions int
	now        schemas.Time
	reference  *projections.Reference
	refOffset  int64
	intakes    map[string]*projections.Memory // by topic and partition
	admissions map[int32]*projections.Memory
	positions  *projections.Memory
	offsets    map[schemas.Position]int64
	logs       map[string][]schemas.Delivery
	byPosition map[schemas.Position]schemas.Delivery
	drop       func(schemas.Event) bool // an output that is lost on purpose
	partition  func(topic string, key []byte) int32
}

func newWorld(t testing.TB, partitions int) *world {
	w := &world{t: t, codec: schemas.NewCodec(nil, schemas.OfflineIDs()), partitions: partitions, now: schemas.TimeOf(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)),
		reference: projections.NewReference(), intakes: map[string]*projections.Memory{}, admissions: map[int32]*projections.Memory{},
		positions: projections.NewMemory(), offsets: map[schemas.Position]int64{}, logs: map[string][]schemas.Delivery{}, byPosition: map[schemas.Position]schemas.Delivery{}}
	w.partition = func(_ string, key []byte) int32 {
		h := fnv.New32a()
		h.Write(key)
		return int32(h.Sum32() % uint32(w.partitions))
	}
	w.refer(&schemas.ReferenceRuleSet{Meta: schemas.Meta{LegalEntity: "*", EventID: schemas.NamedID("rules")}, Name: finance.RuleSets[0].Name, Version: "1"})
	return w
}

func (w *world) tickClock() schemas.Time { w.now += 1000; return w.now }

// refer appends reference data.
func (w *world) refer(events ...schemas.Event) {
	for _, e := range events {
		w.refOffset++
		w.reference.Add(schemas.Delivery{Event: e, AppendTime: w.tickClock(), Position: schemas.Position{Offset: w.refOffset}})
	}
}

// append writes a record to a log and returns it as a consumer would read it.
func (w *world) append(e schemas.Event, topic string, key []byte) schemas.Delivery {
	value, err := w.codec.Encode(e)
	if err != nil {
		w.t.Fatalf("encoding %s: %v", e.EventType(), err)
	}
	return w.appendRaw(value, topic, key)
}

func (w *world) appendRaw(value []byte, topic string, key []byte) schemas.Delivery {
	at := schemas.Position{Topic: topic, Partition: w.partition(topic, key)}
	if topic == "periods" || topic == "intake.periods" {
		at.Partition = 0
	}
	offset := w.offsets[at]
	w.offsets[at]++
	at.Offset = offset
	rec := &kgo.Record{Topic: topic, Partition: at.Partition, Offset: offset, Timestamp: w.tickClock().Time(), Key: key, Value: value}
	d, err := w.codec.Deliver(context.Background(), rec)
	if err != nil && !strings.HasPrefix(topic, "intake.") {
		w.t.Fatalf("decoding %s: %v", topic, err)
	}
	w.logs[topic] = append(w.logs[topic], d)
	w.byPosition[d.Position] = d
	return d
}

// publish sends events as a source does and carries them through to the end.
func (w *world) publish(events ...schemas.Event) {
	for _, e := range events {
		m := e.Header()
		if m.EventID.IsZero() {
			m.EventID = schemas.SourceID(m.Source)
		}
		m.EventType = e.EventType()
		topic, ok := schemas.IntakeTopic(e)
		if !ok {
			w.t.Fatalf("no intake topic for %s", e.EventType())
		}
		w.intake(w.append(e, topic, []byte(schemas.DocumentKey(m.Source))))
	}
}

func (w *world) intake(d schemas.Delivery) {
	key := fmt.Sprintf("%s/%d", d.Topic, d.Partition)
	st := memory(w.intakes, key)
	out, err := intake.Projection().Apply(st, d, projections.Env{})
	st.Settle()
	w.died(d, err)
	for _, o := range out {
		if o.Topic == schemas.TopicThreads {
			w.admit(w.append(o.Event, o.Topic, []byte(o.Key)))
		} else {
			w.derived(o.Event)
		}
	}
}

func memory[K comparable](m map[K]*projections.Memory, key K) *projections.Memory {
	if m[key] == nil {
		m[key] = projections.NewMemory()
	}
	return m[key]
}

func (w *world) died(d schemas.Delivery, err error) {
	if err == nil {
		return
	}
	if schemas.FateOf(err) != schemas.Poison {
		w.t.Fatalf("%s: %v", d.Position, err)
	}
	w.derived(schemas.NewLetter(schemas.Stage{Name: "test", Group: "test"}, d.Record, d.Event, err))
}

func (w *world) tick() {
	for p := range int32(w.partitions) {
		tick := &schemas.Tick{}
		tick.Meta.EventID = schemas.NamedID("tick", fmt.Sprint(w.now), fmt.Sprint(p))
		at := schemas.Position{Topic: schemas.TopicThreads, Partition: p}
		d := schemas.Delivery{Event: tick, Position: at, AppendTime: w.tickClock(), Record: &kgo.Record{}}
		w.admit(d)
	}
}

func (w *world) admit(d schemas.Delivery) {
	st := memory(w.admissions, d.Partition)
	p := admission.Projection()
	env := projections.Env{Reference: w.reference, Recent: func(schemas.UUID) schemas.Event { return nil }}
	if at, wanted := p.Load(st, d); wanted {
		loaded := w.byPosition[at]
		if loaded.Event != nil {
			env.Loaded, env.LoadedRaw = loaded.Event, loaded.Record.Value
		}
	}
	out, err := p.Apply(st, d, env)
	st.Settle()
	w.died(d, err)
	for _, o := range out {
		if o.Topic == "" {
			w.derived(o.Event)
			continue
		}
		c := w.append(o.Event, o.Topic, []byte(o.Key))
		if o.Acked != nil {
			o.Acked(c.Offset)
		}
		w.process(c)
	}
}

// process derives what follows from a canonical event.
func (w *world) process(d schemas.Delivery) {
	entries, err := finance.Derive(d.Event)
	w.died(d, err)
	for _, e := range entries {
		if w.drop == nil || !w.drop(e) {
			w.derived(e)
		}
	}
	moved, err := deltas.Derive(d.Event)
	w.died(d, err)
	for _, e := range moved {
		c := w.derived(e)
		_, err := atp.Projection().Apply(w.positions, c, projections.Env{})
		w.positions.Settle()
		w.died(c, err)
	}
}

func (w *world) derived(e schemas.Event) schemas.Delivery {
	topic, key := schemas.Route(e)
	return w.append(e, topic, key)
}

// balances sums the journal by account and period, in functional currency.
func (w *world) balances() map[string]schemas.Decimal {
	sum := map[string]schemas.Decimal{}
	for _, d := range w.logs[schemas.TopicJournal] {
		j := d.Event.(*schemas.JournalEntry)
		for i := range j.Lines {
			key := j.Lines[i].Account + " " + j.Meta.Period
			sum[key] = sum[key].Add(j.Lines[i].AmountFn)
		}
	}
	return sum
}

// letters lists what died, for a failing test to show.
func (w *world) letters() []string {
	var all []string
	for _, d := range w.logs[schemas.TopicLetters] {
		l := d.Event.(*schemas.DeadLetter)
		all = append(all, fmt.Sprintf("%s %s: %s (%s)", l.Class, l.DeadEventType, l.Reason, l.Thread))
	}
	sort.Strings(all)
	return all
}

// onHold lists what still waits.
func (w *world) onHold() []string {
	var all []string
	for _, st := range w.admissions {
		for _, key := range st.Keys("p") {
			for _, h := range st.Get(key).(*schemas.ThreadProgress).Holds {
				all = append(all, fmt.Sprintf("%s %s waits for %v", key[1:], h.EventType, h.WaitsFor))
			}
		}
	}
	sort.Strings(all)
	return all
}
