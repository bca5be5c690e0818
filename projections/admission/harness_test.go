package admission

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// desk is one partition of admission with its logs in memory. Every event goes through bytes, as in the loop.
type desk struct {
	t         *testing.T
	st        *projections.Memory
	reference *projections.Reference
	now       schemas.Time
	offset    int64
	canonical []schemas.Event
	letters   []*schemas.DeadLetter
	outcomes  []*schemas.AdmissionOutcome
	raised    []*schemas.ExceptionRaised
}

var start = schemas.TimeOf(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))

func newDesk(t *testing.T) *desk {
	k := &desk{t: t, st: projections.NewMemory(), reference: projections.NewReference(), now: start}
	k.refer(&schemas.ReferenceRuleSet{Name: "2026-01", Version: "1"},
		&schemas.ReferenceEntity{Entity: "US", Version: "1", FunctionalCurrency: "USD", Zone: "America/New_York"},
		item("A", "14.1250"), item("B", "9.5"))
	return k
}

func item(sku, cost string) *schemas.ReferenceItem {
	return &schemas.ReferenceItem{SKU: sku, Version: "1", BaseUOM: "EA", UnitCost: schemas.MustDecimal(cost), Currency: "USD", CostMethod: schemas.CostMethodSTANDARD}
}

func (k *desk) refer(events ...schemas.Event) {
	for _, e := range events {
		k.offset++
		k.now += 1000
		k.reference.Add(schemas.Delivery{Event: e, AppendTime: k.now, Position: schemas.Position{Offset: k.offset}})
	}
}

// delivery is an event as intake wrote it to admission.threads.
func (k *desk) delivery(e schemas.Event) schemas.Delivery {
	k.t.Helper()
	m := e.Header()
	hash := schemas.ContentHash(e)
	if m.CorrelationID == "" {
		m.CorrelationID = schemas.Thread(e)
	}
	k.offset++
	k.now += 1000
	m.Intake = &schemas.IntakeRef{Topic: "intake.test", Offset: k.offset, ContentHash: append([]byte{schemas.ContentHashVersion}, hash[:]...)}
	b, err := schemas.EncodeEmbedded(e)
	if err != nil {
		k.t.Fatalf("encoding %s: %v", e.EventType(), err)
	}
	copied, err := schemas.DecodeEmbedded(b, e.EventType())
	if err != nil {
		k.t.Fatal(err)
	}
	at := schemas.Position{Topic: schemas.TopicThreads, Offset: k.offset}
	return schemas.Delivery{Event: copied, Position: at, AppendTime: k.now, Record: &kgo.Record{Topic: at.Topic, Offset: at.Offset, Key: []byte(m.CorrelationID), Value: b}}
}

// say delivers events one after another.
func (k *desk) say(events ...schemas.Event) {
	k.t.Helper()
	for _, e := range events {
		k.apply(k.delivery(e))
	}
}

func (k *desk) tick() {
	k.now += 1e6
	k.apply(schemas.Delivery{Event: &schemas.Tick{}, Position: schemas.Position{Topic: schemas.TopicThreads}, AppendTime: k.now, Record: &kgo.Record{}})
}

func (k *desk) apply(d schemas.Delivery) {
	k.t.Helper()
	env := projections.Env{Reference: k.reference}
	if at, wanted := load(k.st, d); wanted && at.Offset < int64(len(k.canonical)) {
		env.Loaded = k.canonical[at.Offset]
	}
	out, err := apply(k.st, d, env)
	if err != nil {
		if schemas.FateOf(err) != schemas.Poison {
			k.t.Fatalf("%s: %v", d.Event.EventType(), err)
		}
		k.letters = append(k.letters, schemas.NewLetter(schemas.Stage{Name: "admission", Group: "throughline-admission"}, d.Record, d.Event, err))
	}
	for _, o := range out {
		switch x := o.Event.(type) {
		case *schemas.DeadLetter:
			k.letters = append(k.letters, x)
		case *schemas.AdmissionOutcome:
			k.outcomes = append(k.outcomes, x)
		case *schemas.ExceptionRaised:
			k.raised = append(k.raised, x)
		default:
			o.Acked(int64(len(k.canonical)))
			k.canonical = append(k.canonical, o.Event)
		}
	}
	k.survives()
	k.st.Settle()
}

// survives sends every changed value through its bytes, as the store does.
func (k *desk) survives() {
	k.t.Helper()
	for _, key := range k.st.Changed() {
		v := k.st.Get(key)
		if v == nil {
			continue
		}
		b, err := encode(nil, key, v)
		if err == nil {
			v, err = decode(key, b)
		}
		if err != nil {
			k.t.Fatalf("state %q: %v", key, err)
		}
		k.st.Put(key, v)
	}
}

func last[E schemas.Event](k *desk) E {
	k.t.Helper()
	for _, e := range slices.Backward(k.canonical) {
		if x, ok := e.(E); ok {
			return x
		}
	}
	var none E
	k.t.Fatalf("no %T was admitted; letters %v", none, k.reasons())
	return none
}

func (k *desk) reasons() []string {
	var all []string
	for _, l := range k.letters {
		all = append(all, string(l.Class)+" "+l.DeadEventType+": "+l.Reason)
	}
	return all
}

// died wants exactly one letter since the last call, with a part of its reason.
func (k *desk) died(class schemas.DeadLetterClass, part string) {
	k.t.Helper()
	if len(k.letters) != 1 || k.letters[0].Class != class || !strings.Contains(k.letters[0].Reason, part) {
		k.t.Fatalf("letters %q, want one %s with %q", k.reasons(), class, part)
	}
	k.letters = nil
}

func (k *desk) held() []string {
	var all []string
	for _, key := range k.st.Keys("p") {
		for _, h := range k.st.Get(key).(*schemas.ThreadProgress).Holds {
			all = append(all, h.EventType+" waits for "+strings.Join(h.WaitsFor, ", "))
		}
	}
	return all
}

// clean wants nothing dead, nothing held, and this many exceptions.
func (k *desk) clean(exceptions int) {
	k.t.Helper()
	if len(k.letters) > 0 || len(k.held()) > 0 || len(k.raised) != exceptions {
		var codes []string
		for _, x := range k.raised {
			codes = append(codes, x.Code+" "+x.Summary)
		}
		k.t.Fatalf("letters %q, held %q, exceptions %q, want %d", k.reasons(), k.held(), codes, exceptions)
	}
}

func (k *desk) count(outcome schemas.Outcome) (n int) {
	for _, o := range k.outcomes {
		if o.Outcome == outcome {
			n++
		}
	}
	return n
}

func (k *desk) line(order, id string) *schemas.LineProgress {
	k.t.Helper()
	p, ok := k.st.Get(progressKey(order)).(*schemas.ThreadProgress)
	if ok {
		for i := range p.Lines {
			if p.Lines[i].LineID == id {
				return &p.Lines[i]
			}
		}
	}
	k.t.Fatalf("no line %s of %s", id, order)
	return nil
}

func same(t *testing.T, what string, got schemas.Decimal, want string) {
	t.Helper()
	if !got.Equal(schemas.MustDecimal(want)) {
		t.Errorf("%s: got %s, want %s", what, got.Text(), want)
	}
}
