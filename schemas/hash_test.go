package schemas

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hamba/avro/v2"
)

// The hash is stored for ever: if this test fails, the version byte must move and the old way must stay.
func TestContentHashIsFrozen(t *testing.T) {
	m := Meta{EventID: NamedID("frozen"), EventType: "tick", LegalEntity: "UK", OccurredTZOffset: "+01:00", OccurredAt: 1, Source: Source{System: "s", DocID: "1"}}
	m.SubjectRefs = StringMapOf("order_id", "1")
	got := ContentHash(&Tick{Meta: m})
	if want := "a91d6f9e1b84d329b6b8a6ada99cd094"; hex.EncodeToString(got[:16]) != want {
		t.Errorf("hash %x…, want %s…", got[:16], want)
	}
}

func parsedExample(t *testing.T, eventType string) (obj map[string]any, schema avro.Schema) {
	t.Helper()
	e := exampleOf(t, eventType)
	v, err := parseJSON([]byte(jsonOf(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	schema, err = ownSchema(e.Subject())
	if err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any), schema
}

func eventFrom(t *testing.T, eventType string, obj map[string]any) Event {
	t.Helper()
	text, err := json.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ParseEventJSON(eventType, text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Every optional field that is dropped changes the hash, unless admission or the transport puts it there.
func TestContentHashCoversBusinessFields(t *testing.T) {
	for _, s := range eventSchemas {
		obj, schema := parsedExample(t, s.EventType)
		whole := ContentHash(eventFrom(t, s.EventType, obj))
		dropEach(obj, schema.(*avro.RecordSchema), "", false, func(path string, left bool) {
			same := ContentHash(eventFrom(t, s.EventType, obj)) == whole
			if same != left {
				t.Errorf("%s without %s: same hash is %v, want %v", s.EventType, path, same, left)
			}
		})
	}
}

// dropEach takes out every field with a default, one at a time, wherever it stands, and puts it back.
func dropEach(obj map[string]any, s *avro.RecordSchema, path string, left bool, check func(path string, left bool)) {
	for _, f := range s.Fields() {
		value, there := obj[f.Name()]
		if !there {
			continue
		}
		here := join(path, f.Name())
		left := left || f.Prop("stamped") == true || f.Prop("transport") == true
		if f.HasDefault() && fmt.Sprint(value) != fmt.Sprint(f.Default()) {
			delete(obj, f.Name())
			check(here, left)
			obj[f.Name()] = value
		}
		if inner, record := recordBelow(f.Type(), value); record != nil {
			dropEach(inner, record, here, left, check)
		}
	}
}

func recordBelow(s avro.Schema, value any) (map[string]any, *avro.RecordSchema) {
	if u, ok := deref(s).(*avro.UnionSchema); ok {
		s = u.Types()[1]
	}
	if a, ok := deref(s).(*avro.ArraySchema); ok {
		items, _ := value.([]any)
		if len(items) == 0 {
			return nil, nil
		}
		s, value = a.Items(), items[0]
	}
	record, _ := deref(s).(*avro.RecordSchema)
	obj, _ := value.(map[string]any)
	return obj, record
}

// Delivery attempt, hash and pointer of the payload, time quality, traceparent and schema version are no content (architecture.md §2).
func TestContentHashLeavesTransportOut(t *testing.T) {
	o := exampleOf(t, "order.accepted").(*OrderAccepted)
	want := ContentHash(o)
	o.Meta.Source.DeliveryAttempt, o.Meta.Source.PayloadHash, o.Meta.Source.PayloadPointer = 9, "other", "other"
	o.Meta.TimeQuality, o.Meta.Traceparent, o.Meta.SchemaVersion = TimeQualityDATE_ONLY, "other", 7
	o.Meta.RecordedAt, o.Meta.AdmittedAt, o.Meta.EffectiveDate = Opt[Time]{}, Some(Time(5)), Opt[Date]{}
	o.Meta.CorrelationID, o.Meta.Intake, o.Meta.Hydration, o.Meta.Late = "other", nil, nil, !o.Meta.Late
	if ContentHash(o) != want {
		t.Error("what intake, admission or the transport put there changed the hash")
	}
	o.Lines[0].Amounts.Gross = MustDecimal("100.01")
	if ContentHash(o) == want {
		t.Error("another amount has the same hash")
	}
}

func TestContentHashTakesDecimalsByValue(t *testing.T) {
	sum := func(d Decimal) [32]byte { return ContentHash(&StockPosition{OnHand: d}) }
	for _, same := range [][2]string{
		{"1.50", "1.5"}, {"100", "100.000000"}, {"-0.10", "-0.1"}, {"12345678901234567890123456.500000", "12345678901234567890123456.5"},
		{"99999999999999999990.00", "99999999999999999990"}, {"0", "0.000"},
	} {
		if sum(MustDecimal(same[0])) != sum(MustDecimal(same[1])) {
			t.Errorf("%s and %s hash differently", same[0], same[1])
		}
	}
	if sum(MustDecimal("15")) == sum(MustDecimal("1.5")) {
		t.Error("15 and 1.5 have the same hash")
	}
}

// Content that only moves between neighbouring fields, items or pairs is other content.
func TestContentHashFramesUnambiguously(t *testing.T) {
	base := func() *OrderAccepted { return &OrderAccepted{} }
	variants := map[string]Event{}
	add := func(name string, change func(*OrderAccepted)) { o := base(); change(o); variants[name] = o }
	add("empty", func(*OrderAccepted) {})
	add("channel", func(o *OrderAccepted) { o.Channel = "a" })
	add("currency", func(o *OrderAccepted) { o.Currency = "a" })
	add("split", func(o *OrderAccepted) { o.Channel, o.Currency = "ab", "c" })
	add("split elsewhere", func(o *OrderAccepted) { o.Channel, o.Currency = "a", "bc" })
	add("one line", func(o *OrderAccepted) { o.Lines = make([]OrderLine, 1) })
	add("two lines", func(o *OrderAccepted) { o.Lines = make([]OrderLine, 2) })
	add("line id first", func(o *OrderAccepted) { o.Lines = []OrderLine{{LineID: "1"}, {}} })
	add("line id second", func(o *OrderAccepted) { o.Lines = []OrderLine{{}, {LineID: "1"}} })
	add("stock there and empty", func(o *OrderAccepted) { o.Lines = []OrderLine{{Stock: &StockRef{}}} })
	add("serials", func(o *OrderAccepted) { o.Lines = []OrderLine{{Stock: &StockRef{Serials: []string{"a", "b"}}}} })
	add("serials joined", func(o *OrderAccepted) { o.Lines = []OrderLine{{Stock: &StockRef{Serials: []string{"ab"}}}} })
	add("refs", func(o *OrderAccepted) { o.Meta.SubjectRefs = StringMapOf("a", "b") })
	add("refs turned round", func(o *OrderAccepted) { o.Meta.SubjectRefs = StringMapOf("b", "a") })
	add("price zero", func(o *OrderAccepted) { o.Lines = []OrderLine{{UnitPrice: Some(Decimal{})}} })
	seen := map[[32]byte]string{}
	for name, e := range variants {
		h := ContentHash(e)
		if other, taken := seen[h]; taken {
			t.Errorf("%q and %q have the same hash", name, other)
		}
		seen[h] = name
	}
	// An enum that says its default and one that says nothing are the same content.
	explicit := &OrderAccepted{Control: ControlTransfer{Point: TransferPointAT_SHIPMENT}}
	explicit.Meta.OccurredTZOffset, explicit.Meta.SchemaVersion = "", 1
	if ContentHash(explicit) != ContentHash(base()) {
		t.Error("a default that is said has another hash than one that is not")
	}
}
