package schemas

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// variant changes every record of an Avro schema in JSON, wherever it stands, and gives the first use of each named type its definition again.
func variant(t testing.TB, text string, change func(record map[string]any)) string {
	t.Helper()
	var schema any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	defs := map[string]map[string]any{}
	collect(schema, defs)
	visitRecords(schema, change)
	changed, err := json.Marshal(inlineFirst(schema, defs, map[string]bool{}))
	if err != nil {
		t.Fatal(err)
	}
	return string(changed)
}

func visitRecords(node any, change func(map[string]any)) {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			visitRecords(item, change)
		}
	case map[string]any:
		if n["type"] == "record" {
			for _, f := range n["fields"].([]any) {
				visitRecords(f.(map[string]any)["type"], change)
			}
			change(n)
			return
		}
		visitRecords(n["type"], change)
		visitRecords(n["items"], change)
	}
}

// foreignBody encodes e with another schema; extra are the values of fields that ours lacks.
func foreignBody(t testing.TB, e Event, schemaText string, extra map[string]any) []byte {
	t.Helper()
	text, err := EventJSON(e)
	if err != nil {
		t.Fatal(err)
	}
	v, err := parseJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := parseSchema(schemaText)
	if err != nil {
		t.Fatal(err)
	}
	addExtra(v, extra)
	var w jsonWriter
	body := w.value(nil, "", schema, v)
	if len(w.problems) > 0 && len(extra) == 0 {
		t.Fatalf("encoding with the other schema: %v", w.problems)
	}
	return body
}

func addExtra(node any, extra map[string]any) {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			addExtra(item, extra)
		}
	case map[string]any:
		for name, v := range n {
			if name != "subject_refs" && name != "dimensions" && name != "rules" { // maps
				addExtra(v, extra)
			}
		}
		for k, v := range extra {
			n[k] = v
		}
	}
}

// firstDifference shows where two texts part.
func firstDifference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	from := max(0, i-40)
	return "got …" + got[from:min(len(got), i+40)] + "…, want …" + want[from:min(len(want), i+40)] + "…"
}

func reversed(record map[string]any) { slices.Reverse(record["fields"].([]any)) }

// Fields in another order are another layout, so that the resolving path reads them; it must give what the generated code gives.
func TestResolvingGivesTheSameStruct(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	for _, s := range eventSchemas {
		t.Run(s.EventType, func(t *testing.T) {
			want := exampleOf(t, s.EventType)
			text := variant(t, s.JSON, reversed)
			f := newResolver(text)
			if f.poison != nil {
				t.Fatal(f.poison)
			}
			if f.own {
				t.Fatal("a reversed schema passes for our own layout")
			}
			got := eventOfType(s.EventType)
			if err := c.decodeForeign(f, foreignBody(t, want, text, nil), got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Error("resolved: " + firstDifference(jsonOf(t, got), jsonOf(t, want)))
			}
		})
	}
}

func fullName(n map[string]any) (string, bool) {
	kind, _ := n["type"].(string)
	if kind != "record" && kind != "enum" && kind != "fixed" {
		return "", false
	}
	return n["namespace"].(string) + "." + n["name"].(string), true
}

func collect(node any, defs map[string]map[string]any) {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			collect(item, defs)
		}
	case map[string]any:
		if name, ok := fullName(n); ok {
			defs[name] = n
		}
		collect(n["type"], defs)
		collect(n["items"], defs)
		collect(n["fields"], defs)
	}
}

func inlineFirst(node any, defs map[string]map[string]any, seen map[string]bool) any {
	switch n := node.(type) {
	case string:
		if def := defs[n]; def != nil && !seen[n] {
			return inlineFirst(def, defs, seen)
		}
	case []any:
		out := make([]any, len(n))
		for i := range n {
			out[i] = inlineFirst(n[i], defs, seen)
		}
		return out
	case map[string]any:
		if name, ok := fullName(n); ok {
			if seen[name] {
				return name
			}
			seen[name] = true
		}
		out := map[string]any{}
		for k, v := range n {
			switch k {
			case "type", "items", "fields":
				if _, named := fullName(n); !named || k == "fields" {
					v = inlineFirst(v, defs, seen)
				}
			}
			out[k] = v
		}
		return out
	}
	return node
}

// An older schema lacks what has a default since; a newer one has fields that we do not know, of every kind.
func TestOldAndNewVersions(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	added := []any{
		map[string]any{"name": "zz_text", "type": "string"},
		map[string]any{"name": "zz_list", "type": map[string]any{"type": "array", "items": "long"}},
		map[string]any{"name": "zz_map", "type": map[string]any{"type": "map", "values": "string"}},
		map[string]any{"name": "zz_opt", "type": []any{"null", "bytes"}},
	}
	extra := map[string]any{"zz_text": "x", "zz_list": []any{json.Number("1"), json.Number("-9000000000")}, "zz_map": map[string]any{"a": "b"}, "zz_opt": "AAEC"}
	for _, s := range eventSchemas {
		t.Run(s.EventType, func(t *testing.T) {
			full := exampleOf(t, s.EventType)
			newer := variant(t, s.JSON, func(r map[string]any) {
				r["fields"] = append(append([]any{}, added[:2]...), append(r["fields"].([]any), added[2:]...)...)
			})
			got := eventOfType(s.EventType)
			if err := c.decodeForeign(newResolver(newer), foreignBody(t, full, newer, extra), got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, full) {
				t.Errorf("newer writer: %s", firstDifference(jsonOf(t, got), jsonOf(t, full)))
			}
			older := variant(t, s.JSON, dropOptional)
			minimal := minimalOf(t, full)
			f := newResolver(older)
			if f.poison != nil {
				t.Fatal(f.poison)
			}
			got = eventOfType(s.EventType)
			if err := c.decodeForeign(f, foreignBody(t, minimal, older, nil), got); err != nil {
				t.Fatal(err)
			}
			if gotJSON, wantJSON := jsonOf(t, got), jsonOf(t, minimal); gotJSON != wantJSON {
				t.Error("older writer: " + firstDifference(gotJSON, wantJSON))
			}
		})
	}
}

func dropOptional(r map[string]any) {
	r["fields"] = slices.DeleteFunc(r["fields"].([]any), func(f any) bool {
		def, has := f.(map[string]any)["default"]
		return has && def == nil
	})
}

func jsonOf(t testing.TB, e Event) string {
	t.Helper()
	b, err := EventJSON(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// minimalOf is e without what is optional.
func minimalOf(t testing.TB, e Event) Event {
	t.Helper()
	schema := variant(t, schemaOf(e), dropOptional)
	v, err := parseJSON([]byte(jsonOf(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	w := jsonWriter{}
	body := w.value(nil, "", s, v) // complains about the optional fields, and leaves them out
	wk := walker{r: reader{body: body}, build: true}
	obj := wk.value(s)
	if err := wk.finish(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseEventJSON(e.EventType(), text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func schemaOf(e Event) string {
	text, _, _ := SchemaText(e.EventType())
	return text
}

func TestEnumSymbolsThatWeDoNotKnow(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	text := strings.Replace(schemaOf(&ReferenceItem{}), `"symbols":["STANDARD",`, `"symbols":["NEW_METHOD","STANDARD",`, 1)
	f := newResolver(text)
	if f.poison != nil {
		t.Fatal(f.poison)
	}
	item := exampleOf(t, "reference.item").(*ReferenceItem)
	item.CostMethod = "NEW_METHOD"
	got := &ReferenceItem{}
	if err := c.decodeForeign(f, foreignBody(t, item, text, nil), got); err != nil {
		t.Fatal(err)
	}
	if got.CostMethod != CostMethodSTANDARD {
		t.Errorf("an unknown symbol gave %q, want the enum's default", got.CostMethod)
	}
	// An enum without a default cannot take it.
	terms := strings.Replace(schemaOf(&OrderAccepted{}), `"symbols":["PREPAID",`, `"symbols":["BARTER","PREPAID",`, 1)
	if f := newResolver(terms); !errors.Is(f.poison, ErrPoison) {
		t.Errorf("an enum without a default took a new symbol: %v", f.poison)
	}
}

func TestPromotion(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	text := strings.Replace(schemaOf(&StockPosition{}), `{"name":"deltas","type":"long"`, `{"name":"deltas","type":"int"`, 1)
	text = strings.Replace(text, `{"name":"sku","type":"string"`, `{"name":"sku","type":"bytes"`, 1)
	p := exampleOf(t, "stock.position").(*StockPosition)
	sku := p.SKU
	p.SKU = "aMO8"
	got := &StockPosition{}
	if err := c.decodeForeign(newResolver(text), foreignBody(t, p, text, nil), got); err != nil {
		t.Fatal(err)
	}
	p.SKU = "h\u00fc"
	if !reflect.DeepEqual(got, p) {
		t.Errorf("promoted %+v, want %+v (sku was %s)", got, p, sku)
	}
}

func TestIncompatible(t *testing.T) {
	own := schemaOf(&StockPosition{})
	for name, change := range map[string][2]string{
		"decimal scale":     {`{"name":"on_hand","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":6}`, `{"name":"on_hand","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":4}`},
		"decimal precision": {`{"name":"on_hand","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":6}`, `{"name":"on_hand","type":{"type":"bytes","logicalType":"decimal","precision":28,"scale":6}`},
		"decimal to bytes":  {`{"name":"on_hand","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":6}`, `{"name":"on_hand","type":"bytes"`},
		"milliseconds":      {`timestamp-micros`, `timestamp-millis`},
		"lost field":        {`{"name":"sku","type":"string"}`, `{"name":"product","type":"string"}`},
		"type":              {`{"name":"sku","type":"string"}`, `{"name":"sku","type":"long"}`},
		"nullable":          {`{"name":"sku","type":"string"}`, `{"name":"sku","type":["null","string"],"default":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			other := strings.ReplaceAll(own, change[0], change[1])
			if other == own {
				t.Fatal("nothing was replaced: the schema has changed, and this test must follow")
			}
			if err := Compatible(own, []string{own}); err != nil {
				t.Errorf("not compatible with itself: %v", err)
			}
			if err := Compatible(own, []string{other}); err == nil {
				t.Error("passes for compatible")
			}
			if f := newResolver(other); !errors.Is(f.poison, ErrPoison) {
				t.Errorf("resolver: %v, want poison", f.poison)
			}
		})
	}
}
