package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hamba/avro/v2"
)

var update = flag.Bool("update", false, "rewrite testdata/good/*_gen.txt")

// copyOf puts a folder's .avsc files into a temporary one.
func copyOf(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The generated code of every kind of field is frozen, so that a change of the generator is seen.
func TestGenerated(t *testing.T) {
	lib, err := load(os.DirFS("testdata/good"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate(lib)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 3 {
		t.Errorf("%d files, want meta, thing_sold and the catalog", len(files))
	}
	for name, got := range files {
		path := filepath.Join("testdata", "good", strings.TrimSuffix(name, ".go")+".txt")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v: write it with `go test ./schemas/gen -update`", err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from %s: look at the difference, then -update", name, path)
		}
	}
}

func TestCheck(t *testing.T) {
	dir := copyOf(t, "testdata/good")
	var out bytes.Buffer
	if err := run(dir, true, &out); !errors.Is(err, errStale) || !strings.Contains(out.String(), "sales_thing_sold_gen.go") {
		t.Errorf("nothing generated yet: %v, %s", err, &out)
	}
	if err := run(dir, false, &out); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true, &out); err != nil {
		t.Errorf("just generated: %v", err)
	}
	stale := filepath.Join(dir, "sales_gone_gen.go")
	if err := os.WriteFile(stale, []byte("package schemas\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true, &out); !errors.Is(err, errStale) {
		t.Errorf("a file whose .avsc is gone: %v", err)
	}
	if err := run(dir, false, &out); err != nil {
		t.Fatal(err)
	}
	if exists(stale) {
		t.Error("a file whose .avsc is gone was left")
	}
}

// The project's own generated code is up to date.
func TestOwnCodeIsUpToDate(t *testing.T) {
	var out bytes.Buffer
	if err := run("..", true, &out); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
}

// An event's full schema stands alone: hamba parses it with an empty cache, references are inlined at their first use, and what is not Avro's is kept.
func TestFullSchema(t *testing.T) {
	lib, err := load(os.DirFS("testdata/good"))
	if err != nil {
		t.Fatal(err)
	}
	text := lib.inlined("sales.ThingSold")
	schema, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	if err != nil {
		t.Fatal(err)
	}
	record := schema.(*avro.RecordSchema)
	if record.Prop("event_type") != "thing.sold" || record.Fields()[5].Prop("stamped") != true || record.Fields()[1].Doc() != "an <id> & more" {
		t.Errorf("properties or docs are lost: %s", text)
	}
	if strings.Count(text, `"name":"Colour"`) != 1 || strings.Count(text, `"common.Colour"`) != 2 || strings.Count(text, `"sales.Part"`) != 1 {
		t.Errorf("references: %s", text)
	}
	if text != lib.inlined("sales.ThingSold") || !json.Valid([]byte(text)) {
		t.Error("the text is not stable, or no JSON")
	}
}

func TestRefused(t *testing.T) {
	const meta = `[{"type":"record","name":"Meta","namespace":"common","fields":[{"name":"event_type","type":"string"}]}]`
	event := func(field string) string {
		return `{"type":"record","name":"E","namespace":"d","event_type":"e","fields":[{"name":"meta","type":"common.Meta"},` + field + `]}`
	}
	for name, tc := range map[string]struct{ text, want string }{
		"no JSON":               {`{"type":`, "JSON at byte"},
		"member twice":          {`{"type":"record","type":"enum"}`, `member "type" stands twice`},
		"no namespace":          {`{"type":"record","name":"E","fields":[]}`, "write its namespace"},
		"no event_type":         {`{"type":"record","name":"E","namespace":"d","fields":[{"name":"meta","type":"common.Meta"}]}`, `lacks "event_type"`},
		"no meta":               {`{"type":"record","name":"E","namespace":"d","event_type":"e","fields":[{"name":"a","type":"string"}]}`, "first field is meta"},
		"unknown reference":     {event(`{"name":"a","type":"d.Missing"}`), "d.Missing"},
		"union of two":          {event(`{"name":"a","type":["string","long"]}`), "null and one other type"},
		"null last":             {event(`{"name":"a","type":["string","null"]}`), "null first"},
		"optional, no default":  {event(`{"name":"a","type":["null","string"]}`), "default null"},
		"optional array":        {event(`{"name":"a","type":["null",{"type":"array","items":"string"}],"default":null}`), "never optional"},
		"float":                 {event(`{"name":"a","type":"double"}`), "no place in an event"},
		"map of longs":          {event(`{"name":"a","type":{"type":"map","values":"long"}}`), "values are strings"},
		"milliseconds":          {event(`{"name":"a","type":{"type":"long","logicalType":"timestamp-millis"}}`), "timestamp-micros"},
		"too many digits":       {event(`{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":40,"scale":2}}`), "at most 38 digits"},
		"recursive":             {event(`{"name":"a","type":{"type":"record","name":"R","namespace":"d","fields":[{"name":"r","type":["null","d.R"],"default":null}]}}`), "contains itself"},
		"one Go name":           {event(`{"name":"a","type":{"type":"record","name":"Meta","namespace":"d","fields":[{"name":"x","type":"long"}]}}`), "one Go name"},
		"array of arrays":       {event(`{"name":"a","type":{"type":"array","items":{"type":"array","items":"long"}}}`), "records or scalars"},
		"record without fields": {event(`{"name":"a","type":{"type":"record","name":"R","namespace":"d","fields":[]}}`), "no field"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(fstest.MapFS{"meta.avsc": {Data: []byte(meta)}, "d/e.avsc": {Data: []byte(tc.text)}})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "d/e.avsc") {
				t.Errorf("error %v, want the file and %q", err, tc.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for snake, want := range map[string]string{
		"order_id": "OrderID", "fx_rate": "FXRate", "base_uom": "BaseUOM", "occurred_tz_offset": "OccurredTZOffset", "n": "N", "rma_id": "RMAID", "amount_fn": "AmountFn",
	} {
		if got := goName(snake); got != want {
			t.Errorf("goName(%s) = %s, want %s", snake, got, want)
		}
	}
	for name, want := range map[string]string{"OrderLine": "orderLine", "PSPFeeCharged": "pspFeeCharged", "Fx": "fx", "X": "x"} {
		if got := lowerFirst(name); got != want {
			t.Errorf("lowerFirst(%s) = %s, want %s", name, got, want)
		}
	}
}

func TestFreeze(t *testing.T) {
	dir := copyOf(t, "testdata/good")
	if err := freeze(dir, "thing.sold", &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "golden bytes") {
		t.Errorf("without golden bytes: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "testdata", "wire"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "testdata", "wire", "thing.sold.hex"), []byte("00\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"1", "2"} {
		if err := freeze(dir, "thing.sold", &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "history", "thing.sold."+n+".avsc"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := avro.ParseWithCache(string(text), "", &avro.SchemaCache{}); err != nil {
			t.Errorf("the frozen schema does not stand alone: %v", err)
		}
		if !exists(filepath.Join(dir, "testdata", "wire", "thing.sold."+n+".hex")) {
			t.Errorf("the bytes of version %s are not kept", n)
		}
	}
	if err := freeze(dir, "no.such", &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "event_type") {
		t.Errorf("an unknown event: %v", err)
	}
}
