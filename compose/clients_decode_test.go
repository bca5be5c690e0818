package compose_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
)

// expectedRecord tells a client what stands in a record: the event's JSON form, its key, and what else must be so.
type expectedRecord struct {
	Topic     string          `json:"topic"`
	Key       []byte          `json:"key"`
	Event     json.RawMessage `json:"event"`
	Published bool            `json:"published"` // by a source: all CloudEvents attributes stand in the headers
	Full      bool            `json:"full"`      // no optional field, array or map is empty
}

// A client that nobody here wrote decodes every event type of the catalog, every optional field and array filled, with its own registry client and Avro
// deserializer, and finds every field equal; so it does with what our producer library publishes, headers included, and with values at the ends of their ranges.
func TestForeignClientDecodesEveryEvent(t *testing.T) {
	py := startPython(t)
	w := startWire(t)
	for _, entry := range schemas.Catalog {
		e := schemas.Example(entry.Type)
		w.raw(e, true)
		if entry.Kind == schemas.Fact || entry.Kind == schemas.Reference {
			w.publish(asSource(e))
		}
	}
	for _, e := range extremes(t) {
		w.raw(e, false)
	}
	var answer struct {
		Fields                       int
		Types, Differences, Unfilled []string
	}
	py.run("decode.py", map[string]any{"brokers": strings.Join(w.brokers, ","), "registry": w.registry, "expected": w.expected}, &answer)
	for _, d := range answer.Differences[:min(20, len(answer.Differences))] {
		t.Error(d)
	}
	if len(answer.Unfilled) > 0 {
		t.Errorf("not every optional field, array and map is filled: %v", answer.Unfilled)
	}
	fields := 0
	for _, r := range w.expected {
		fields += leaves(t, r.Event)
	}
	if answer.Fields != fields || len(answer.Types) != len(w.expected) || fields < 40*len(schemas.Catalog) {
		t.Errorf("%d fields of %d records compared, want %d of %d", answer.Fields, len(answer.Types), fields, len(w.expected))
	}
	slices.Sort(answer.Types)
	if types := slices.Compact(answer.Types); len(types) != len(schemas.Catalog) {
		t.Errorf("%d event types compared, want %d: %v", len(types), len(schemas.Catalog), types)
	}
	t.Logf("%d fields of %d records of %d types are equal", answer.Fields, len(answer.Types), len(schemas.Catalog))
}

// wire is a broker and a registry, and what was written there.
type wire struct {
	*cluster
	brokers  []string
	registry string
	producer *producers.Producer
	expected []expectedRecord
}

const scratchTopic = "every-event"

func startWire(t *testing.T) *wire {
	t.Helper()
	b, err := embedded.StartBroker(t.Context(), embedded.BrokerConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	r, err := embedded.StartRegistry(t.Context(), embedded.RegistryConfig{Compatible: schemas.Compatible})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	client, err := sr.NewClient(sr.URLs(r.URL()))
	if err != nil {
		t.Fatal(err)
	}
	registry := schemas.NewRegistry(client)
	ids, err := registry.Register(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{cluster: newCluster(t, b.Addrs()...), brokers: b.Addrs(), registry: r.URL()}
	w.codec = schemas.NewCodec(registry, ids)
	if w.producer, err = producers.New(w.opts, w.codec); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.producer.Close(t.Context()) })
	if _, err := w.adm.CreateTopic(t.Context(), 1, 1, nil, scratchTopic); err != nil {
		t.Fatal(err)
	}
	return w
}

// raw writes e as our loops would, on the scratch topic.
func (w *wire) raw(e schemas.Event, full bool) {
	w.t.Helper()
	r, err := w.codec.RecordTo(e, scratchTopic, []byte(e.EventType()))
	if err != nil {
		w.t.Fatal(err)
	}
	w.produce(r)
	w.expect(scratchTopic, r.Key, e, false, full)
}

// publish sends e with the producer library.
func (w *wire) publish(e schemas.Event) {
	w.t.Helper()
	if err := w.producer.Emit(w.t.Context(), e); err != nil {
		w.t.Fatal(err)
	}
	topic, key := schemas.Route(e)
	if entry, _ := schemas.Lookup(e.EventType()); entry.Kind == schemas.Fact {
		topic, _ = schemas.IntakeTopic(e)
		key = []byte(schemas.DocumentKey(e.Header().Source))
	}
	w.expect(topic, key, e, true, false)
}

func (w *wire) expect(topic string, key []byte, e schemas.Event, published, full bool) {
	w.t.Helper()
	text, err := schemas.EventJSON(e)
	if err != nil {
		w.t.Fatal(err)
	}
	w.expected = append(w.expected, expectedRecord{topic, key, text, published, full})
}

// asSource takes off what a source that wrote it would be refused for: what only admission stamps, and the second of two fields that exclude each other.
func asSource(e schemas.Event) schemas.Event {
	m := e.Header()
	m.RecordedAt, m.EffectiveDate, m.AdmittedAt, m.ThreadSequence = schemas.Opt[schemas.Time]{}, schemas.Opt[schemas.Date]{}, schemas.Opt[schemas.Time]{}, schemas.Opt[int64]{}
	m.RuleSet, m.Period, m.OriginalPeriod, m.Late, m.Hydration, m.Intake = "", "", "", false, nil, nil
	if reserved, ok := e.(*schemas.InventoryReserved); ok {
		reserved.TransferID = ""
	}
	return e
}

// extremes are entries whose values stand at the ends of what their types hold.
func extremes(t *testing.T) []schemas.Event {
	var all []schemas.Event
	amounts := []string{"0", "-0.0001", "0.0127", "0.0128", "-0.0128", "-0.0129", "9999999999999999999999999999999999.9999", "-9999999999999999999999999999999999.9999"}
	for i, at := range []time.Time{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, -1000), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)} {
		e := schemas.Example("journal.entry").(*schemas.JournalEntry)
		e.Meta.EventID = schemas.NamedID("extreme", fmt.Sprint(i))
		e.Meta.OccurredAt, e.Meta.DocumentDate = schemas.TimeOf(at), schemas.Some(schemas.DateOf(at.UTC()))
		e.Meta.LegalEntity, e.Meta.ThreadSequence = "Straße \U0001f6a2 \x00 \"", schemas.Some(int64(math.MinInt64))
		e.RuleVersion, e.N, e.FXRate, e.Reverses = math.MaxInt32, math.MinInt32, schemas.Opt[schemas.Decimal]{}, schemas.Opt[schemas.UUID]{}
		line := e.Lines[0]
		e.Lines = nil
		for _, amount := range amounts {
			line.AmountTxn, line.AmountFn = schemas.MustDecimal(amount), schemas.MustDecimal(amount).Neg()
			e.Lines = append(e.Lines, line)
		}
		all = append(all, e)
	}
	e := schemas.Example("journal.entry").(*schemas.JournalEntry)
	e.Meta.EventID, e.Dimensions, e.Lines = schemas.NamedID("extreme", "empty"), nil, nil
	return append(all, e)
}

// leaves counts what is neither object nor array.
func leaves(t *testing.T, text []byte) (n int) {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var count func(v any)
	count = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, x := range v {
				count(x)
			}
		case []any:
			for _, x := range v {
				count(x)
			}
		case nil:
		default:
			n++
		}
	}
	count(v)
	return n
}
