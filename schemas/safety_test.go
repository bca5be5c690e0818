package schemas

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// foreignID is the id under which the tests register a schema of another version.
const foreignID = 9000

// codecWith knows one schema besides our own.
func codecWith(t testing.TB, text string) *Codec {
	t.Helper()
	c := NewCodec(NewRegistry(nil), OfflineIDs())
	c.registry.keep(foreignID, text)
	return c
}

func framed(id int, body []byte) []byte {
	return append([]byte{0, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}, body...)
}

// withField adds a field to an event's schema, behind or before its own.
func withField(t testing.TB, text, fieldJSON string, first bool) string {
	t.Helper()
	var schema map[string]any
	var field any
	if err := errors.Join(json.Unmarshal([]byte(text), &schema), json.Unmarshal([]byte(fieldJSON), &field)); err != nil {
		t.Fatal(err)
	}
	fields := schema["fields"].([]any)
	if first {
		fields = append([]any{field}, fields...)
	} else {
		fields = append(fields, field)
	}
	schema["fields"] = fields
	out, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func body(t testing.TB, e Event) []byte {
	t.Helper()
	b, err := e.appendAvro(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNoTruncatedPrefixDecodes(t *testing.T) {
	own := NewCodec(nil, OfflineIDs())
	for _, s := range eventSchemas {
		e := exampleOf(t, s.EventType)
		whole := framed(OfflineIDs()[s.Subject], body(t, e))
		for n := range whole {
			if _, _, err := own.Decode(context.Background(), whole[:n]); !errors.Is(err, ErrPoison) {
				t.Fatalf("%s: %d of %d bytes: %v, want poison", s.EventType, n, len(whole), err)
			}
		}
		other := withField(t, s.JSON, `{"name":"zz","type":"string"}`, true)
		foreign := codecWith(t, other)
		whole = framed(foreignID, append([]byte{2, 'x'}, body(t, e)...))
		for n := range whole {
			if _, _, err := foreign.Decode(context.Background(), whole[:n]); !errors.Is(err, ErrPoison) {
				t.Fatalf("%s by another writer: %d of %d bytes: %v, want poison", s.EventType, n, len(whole), err)
			}
		}
		if _, _, err := foreign.Decode(context.Background(), whole); err != nil {
			t.Fatalf("%s by another writer: the whole: %v", s.EventType, err)
		}
	}
}

func TestTrailingBytesAreRefused(t *testing.T) {
	for _, s := range eventSchemas {
		e := exampleOf(t, s.EventType)
		for name, c := range map[string]struct {
			codec *Codec
			value []byte
		}{
			"own":     {NewCodec(nil, OfflineIDs()), framed(OfflineIDs()[s.Subject], body(t, e))},
			"foreign": {codecWith(t, withField(t, s.JSON, `{"name":"zz","type":"int"}`, false)), framed(foreignID, append(body(t, e), 8))},
		} {
			if _, _, err := c.codec.Decode(context.Background(), c.value); err != nil {
				t.Fatalf("%s %s: %v", name, s.EventType, err)
			}
			_, _, err := c.codec.Decode(context.Background(), append(c.value, 0))
			if !errors.Is(err, ErrPoison) {
				t.Errorf("%s %s: a byte too many: %v, want poison", name, s.EventType, err)
			}
		}
	}
}

func zigzag(v int64) []byte { return appendLong(nil, v) }

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// tailBombs end an event, whose last field they take the place of.
var tailBombs = []struct {
	name  string
	event Event // its last field is what the bomb is
	tail  []byte
}{
	{"array of records, huge count", &OrderAccepted{}, zigzag(1 << 40)},
	{"array of records, count as large as a small integer allows", &JournalEntry{}, zigzag(math.MaxInt32)},
	{"array of records, negative count and a size", &JournalEntry{}, cat(zigzag(-1<<40), zigzag(16), make([]byte, 16))},
	{"array of records, the smallest integer as count", &StockDelta{}, cat(zigzag(math.MinInt64), zigzag(4), make([]byte, 4))},
	{"array of strings, huge count", &Redrive{}, zigzag(1 << 31)},
	{"array of strings, block size beyond the bytes", &Redrive{}, cat(zigzag(-1), zigzag(1<<40))},
	{"array, block size smaller than its items", &Redrive{}, cat(zigzag(-2), zigzag(2), zigzag(2), []byte("ab"), zigzag(1), []byte{0, 0})},
	{"map, huge count", &ReferenceRuleSet{}, zigzag(1 << 40)},
	{"map, negative count and a huge size", &ReferenceRuleSet{}, cat(zigzag(-1<<40), zigzag(1<<40))},
	{"string, huge length", &Redrive{}, cat(zigzag(1), zigzag(1<<40))},
	{"string, negative length", &Redrive{}, cat(zigzag(1), zigzag(-1))},
	{"number of eleven bytes", &Redrive{}, bytes.Repeat([]byte{0xff}, 11)},
	{"array of an array, huge count inside", &OrderAccepted{}, cat(zigzag(1), lineWithBomb())},
}

// lineWithBomb is an order line up to its amounts' discounts, which claim a huge count.
func lineWithBomb() []byte {
	line := OrderLine{LineID: "1", Kind: LineKindGOODS, Quantity: Quantity{UOM: "EA", BaseUOM: "EA"}}
	b, err := line.appendAvro(nil)
	if err != nil {
		return nil
	}
	// … gross(2) discounts(1) net(2) freight(2) taxes(1) total(2) cost_estimate(1)
	return append(b[:len(b)-9], zigzag(1<<40)...)
}

// skippedBombs stand in a field that we do not have: the resolving decoder would skip it.
var skippedBombs = []struct {
	name, field string
	tail        []byte
}{
	{"array of nulls", `{"type":"array","items":"null"}`, cat(zigzag(1<<40), []byte{0})},
	{"array of nulls in many blocks", `{"type":"array","items":"null"}`, append(bytes.Repeat(zigzag(60000), 1000), 0)},
	{"array of arrays of nulls", `{"type":"array","items":{"type":"array","items":"null"}}`, cat(zigzag(3000), bytes.Repeat(cat(zigzag(60000), []byte{0}), 3000), []byte{0})},
	{"array of empty records", `{"type":"array","items":{"type":"record","name":"Nothing","namespace":"t","fields":[]}}`, cat(zigzag(1<<40), []byte{0})},
	{"array of empty fixed", `{"type":"array","items":{"type":"fixed","name":"F0","namespace":"t","size":0}}`, cat(zigzag(1<<40), []byte{0})},
	{"map of nulls", `{"type":"map","values":"null"}`, cat(zigzag(1<<40), []byte{0})},
	{"array of longs", `{"type":"array","items":"long"}`, zigzag(1 << 40)},
	{"string", `"string"`, zigzag(1 << 40)},
	{"bytes", `"bytes"`, zigzag(1 << 40)},
	{"block that lies about its size", `{"type":"array","items":"long"}`, cat(zigzag(-2), zigzag(1), []byte{2, 2, 0})},
	{"record that contains itself", `{"type":"record","name":"Rec","namespace":"t","fields":[{"name":"next","type":["null","t.Rec"]}]}`, bytes.Repeat([]byte{2}, 100_000)},
	{"deep nesting", strings.Repeat(`{"type":"array","items":`, 40) + `"int"` + strings.Repeat(`}`, 40), cat(bytes.Repeat(zigzag(1), 41), make([]byte, 40))},
	{"union branch", `["null","string"]`, zigzag(1 << 40)},
}

func TestBombs(t *testing.T) {
	for _, bomb := range tailBombs {
		s := exampleOf(t, bomb.event.EventType())
		b := body(t, emptyTail(s))
		b = append(b[:len(b)-1], bomb.tail...)
		t.Run(bomb.name, func(t *testing.T) {
			defuse(t, NewCodec(nil, OfflineIDs()), framed(OfflineIDs()[s.Subject()], b))
		})
		t.Run(bomb.name+", by another writer", func(t *testing.T) {
			c := codecWith(t, withField(t, schemaOf(s), `{"name":"zz","type":"string"}`, true))
			defuse(t, c, framed(foreignID, append([]byte{0}, b...)))
		})
	}
	for _, bomb := range skippedBombs {
		t.Run("skipped "+bomb.name, func(t *testing.T) {
			s := exampleOf(t, "tick")
			c := codecWith(t, withField(t, schemaOf(s), `{"name":"zz","type":`+bomb.field+`}`, false))
			defuse(t, c, framed(foreignID, append(body(t, s), bomb.tail...)))
		})
	}
}

// emptyTail empties the event's last field, so that it takes one zero byte.
func emptyTail(e Event) Event {
	switch x := e.(type) {
	case *OrderAccepted:
		x.Lines = nil
	case *JournalEntry:
		x.Lines = nil
	case *StockDelta:
		x.Lines = nil
	case *Redrive:
		x.OnlyIds = nil
	case *ReferenceRuleSet:
		x.Rules = nil
	}
	return e
}

// defuse makes sure that a value is refused as poison in under 10 ms and 16 MiB. The schema is made ready first: that is done once.
func defuse(t *testing.T, c *Codec, value []byte) {
	t.Helper()
	_, _, err := c.Decode(context.Background(), value)
	var p *PoisonError
	if !errors.As(err, &p) || !errors.Is(err, ErrPoison) {
		t.Fatalf("decoding gave %v, want poison", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	_, _, _ = c.Decode(context.Background(), value)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 || took > 10*time.Millisecond {
		t.Errorf("refusing took %v and %d bytes, want less than 10ms and 16 MiB (%v)", took, used, p)
	}
	if p.Class != DeadLetterClassUNDECODABLE && p.Class != DeadLetterClassLIMIT_EXCEEDED && p.Class != DeadLetterClassUNKNOWN_SCHEMA {
		t.Errorf("class %s", p.Class)
	}
}

func TestFraming(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	for name, tc := range map[string]struct {
		value []byte
		class DeadLetterClass
	}{
		"nothing":      {nil, DeadLetterClassBAD_FRAMING},
		"short":        {[]byte{0, 0, 0, 1}, DeadLetterClassBAD_FRAMING},
		"not Avro":     {[]byte(`{"order_id":"1"}`), DeadLetterClassBAD_FRAMING},
		"unknown id":   {framed(12345, []byte{0}), DeadLetterClassUNKNOWN_SCHEMA},
		"no body":      {framed(1, nil), DeadLetterClassUNDECODABLE},
		"beyond limit": {make([]byte, MaxBody+1), DeadLetterClassLIMIT_EXCEEDED},
	} {
		_, _, err := c.Decode(context.Background(), tc.value)
		var p *PoisonError
		if !errors.As(err, &p) || p.Class != tc.class {
			t.Errorf("%s: %v, want class %s", name, err, tc.class)
		}
	}
}

// A reason names the field, and never a value.
func TestReasonNamesTheField(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	o := exampleOf(t, "order.accepted").(*OrderAccepted)
	secret := "Mrs Smith"
	o.Lines[1].Stock.Lot = secret
	value, err := c.Encode(o)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(value, []byte(secret))
	value[at] = 0xff
	_, _, err = c.Decode(context.Background(), value)
	if err == nil || !strings.Contains(err.Error(), "lines[1].stock.lot") || strings.Contains(err.Error(), secret[1:]) {
		t.Errorf("error %v, want the path lines[1].stock.lot and no value", err)
	}
	o.Lines[1].Quantity.BaseQty = MustDecimal("1.23456789")
	if _, err = c.Encode(o); err == nil || !strings.Contains(err.Error(), "lines[1].quantity.base_qty") || strings.Contains(err.Error(), "1.2345") {
		t.Errorf("error %v, want the path lines[1].quantity.base_qty and no value", err)
	}
}
