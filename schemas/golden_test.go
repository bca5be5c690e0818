package schemas

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/linkedin/goavro/v2"
)

var update = flag.Bool("update", false, "rewrite testdata/wire with what the codec writes now")

const goldenWidth = 96 // characters a line

func goldenPath(name string) string { return filepath.Join("testdata", "wire", name+".hex") }

func readGolden(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: freeze the bytes with `go test ./schemas -run TestWireGolden -update`", err)
	}
	raw, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func writeGolden(t testing.TB, path string, raw []byte) {
	t.Helper()
	text := hex.EncodeToString(raw)
	var lines []string
	for len(text) > goldenWidth {
		lines, text = append(lines, text[:goldenWidth]), text[goldenWidth:]
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Join(append(lines, text), "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The Avro body of every example is frozen. Where it changes, the schema did: freeze the old version first (`go run ./schemas/gen -freeze <event type>`), so that
// its bytes stay readable.
func TestWireGolden(t *testing.T) {
	for _, s := range eventSchemas {
		e := exampleOf(t, s.EventType)
		got := body(t, e)
		if *update {
			writeGolden(t, goldenPath(s.EventType), got)
			continue
		}
		want := readGolden(t, goldenPath(s.EventType))
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes than the frozen ones: freeze the old version with `go run ./schemas/gen -freeze %s`, then -update", s.EventType, s.EventType)
			continue
		}
		back := eventOfType(s.EventType)
		r := newReader(want)
		back.decodeAvro(&r)
		if err := r.end(); err != nil || !reflect.DeepEqual(back, e) {
			t.Errorf("%s: the frozen bytes decode to something else (%v)", s.EventType, err)
		}
	}
}

// No golden is left of an event that is gone.
func TestNoStaleGolden(t *testing.T) {
	files, err := filepath.Glob(goldenPath("*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".hex")
		if eventOfType(name) != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join("history", name+".avsc")); err != nil {
			t.Errorf("%s belongs to no event and no old version", f)
		}
	}
}

// Every version that was ever released stays readable: history/<event>.<n>.avsc with the bytes that it wrote in testdata/wire/<event>.<n>.hex.
func TestHistoryStaysReadable(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("history", "*.avsc"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no old versions in history/ (%v)", err)
	}
	c := NewCodec(nil, OfflineIDs())
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".avsc")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			eventType := name[:strings.LastIndexByte(name, '.')]
			if err := Compatible(schemaOf(eventOfType(eventType)), []string{string(text)}); err != nil {
				t.Fatalf("today's schema cannot read it: %v", err)
			}
			e := eventOfType(eventType)
			old := readGolden(t, goldenPath(name))
			if err := c.decodeForeign(newResolver(string(text)), old, e); err != nil {
				t.Fatalf("its bytes: %v", err)
			}
			if e.Header().EventType != eventType || e.Header().EventID.IsZero() {
				t.Errorf("its bytes decode to %+v", e.Header())
			}
			// What is read can be written again: defaults are values, not holes.
			if _, err := c.Encode(e); err != nil {
				t.Error(err)
			}
		})
	}
}

// Two other Avro libraries read what we write, and what they write of it is what we read.
func TestOtherLibrariesAgree(t *testing.T) {
	for _, s := range eventSchemas {
		e := exampleOf(t, s.EventType)
		ours := body(t, e)
		schema, err := parsePlain(s.JSON)
		if err != nil {
			t.Fatal(err)
		}
		var generic any
		if err := avro.Unmarshal(schema, ours, &generic); err != nil {
			t.Fatalf("%s: hamba: %v", s.EventType, err)
		}
		theirs, err := appendGeneric(nil, schema, generic)
		if err != nil || !bytes.Equal(theirs, ours) {
			t.Errorf("%s: through hamba's values other bytes (%v)", s.EventType, err)
		}
		again := throughGoavro(t, s, ours)
		back := eventOfType(s.EventType)
		r := newReader(again)
		back.decodeAvro(&r)
		if err := r.end(); err != nil || !reflect.DeepEqual(back, e) {
			t.Errorf("%s: goavro's bytes decode to something else (%v)", s.EventType, err)
		}
	}
}

// throughGoavro decodes and encodes with goavro.
func throughGoavro(t *testing.T, s eventSchema, ours []byte) []byte {
	t.Helper()
	codec, err := goavro.NewCodec(s.JSON)
	if err != nil {
		t.Fatalf("%s: goavro: %v", s.EventType, err)
	}
	native, rest, err := codec.NativeFromBinary(ours)
	if err != nil || len(rest) != 0 {
		t.Fatalf("%s: goavro: %v, %d bytes left", s.EventType, err, len(rest))
	}
	again, err := codec.BinaryFromNative(nil, native)
	if err != nil {
		t.Fatalf("%s: goavro: %v", s.EventType, err)
	}
	return again
}
