package schemas

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What a correction embeds is read again, and stands in Avro's single-object encoding, whatever registry there is.
func TestEmbeddedEventsAreReadAgain(t *testing.T) {
	for _, s := range eventSchemas {
		e := exampleOf(t, s.EventType)
		b, err := EncodeEmbedded(e)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b, []byte{0xC3, 0x01}) || !bytes.Equal(b[10:], body(t, e)) {
			t.Errorf("%s: no single-object encoding: % x", s.EventType, b[:12])
		}
		prefixed := append([]byte{0, 0, 0, 0, 9}, body(t, e)...)
		for name, original := range map[string][]byte{"single object": b, "as the codec writes it": prefixed} {
			if back, err := DecodeEmbedded(original, s.EventType); err != nil || !reflect.DeepEqual(back, e) {
				t.Errorf("%s, %s: decodes to something else (%v)", s.EventType, name, err)
			}
		}
	}
}

// An original that was embedded before its schema changed is read by pure functions for ever: a void of last year is derived again today (F15).
func TestEmbeddedEventsOfOldSchemasAreRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("history", "*.avsc"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no old versions (%v)", err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".avsc")
		eventType := name[:strings.LastIndexByte(name, '.')]
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fingerprint, err := fingerprintOf(string(text))
		if err != nil {
			t.Fatal(err)
		}
		old := readGolden(t, goldenPath(name))
		single := append(binary.LittleEndian.AppendUint64([]byte{0xC3, 0x01}, fingerprint), old...)
		for how, original := range map[string][]byte{"single object": single, "as the codec wrote it": append([]byte{0, 0, 0, 0, 3}, old...)} {
			e, err := DecodeEmbedded(original, eventType)
			if err != nil || e.Header().EventID != exampleOf(t, eventType).Header().EventID {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
	}
}

func TestEmbeddedEventsThatCannotBeRead(t *testing.T) {
	e := exampleOf(t, "payment.captured")
	good, err := EncodeEmbedded(e)
	if err != nil {
		t.Fatal(err)
	}
	unknown := slices.Clone(good)
	unknown[5] ^= 1
	for name, c := range map[string]struct {
		original  []byte
		eventType string
		class     DeadLetterClass
	}{
		"a schema that nobody knows": {unknown, "payment.captured", DeadLetterClassUNKNOWN_SCHEMA},
		"no event of the catalog":    {good, "payment.invented", DeadLetterClassUNKNOWN_SCHEMA},
		"another type's bytes":       {good, "payout.paid", DeadLetterClassUNKNOWN_SCHEMA},
		"cut off":                    {good[:len(good)-1], "payment.captured", DeadLetterClassUNDECODABLE},
		"bytes behind it":            {append(slices.Clone(good), 0), "payment.captured", DeadLetterClassUNDECODABLE},
		"no framing":                 {[]byte("{}"), "payment.captured", DeadLetterClassBAD_FRAMING},
		"nothing":                    {nil, "payment.captured", DeadLetterClassBAD_FRAMING},
		"marker only":                {[]byte{0xC3, 0x01}, "payment.captured", DeadLetterClassBAD_FRAMING},
	} {
		var poison *PoisonError
		if _, err := DecodeEmbedded(c.original, c.eventType); !errors.As(err, &poison) || poison.Class != c.class {
			t.Errorf("%s: %v, want class %s", name, err, c.class)
		}
	}
}

// Every schema that ever wrote an event is either today's or in history: testdata/fingerprints.txt has them all, oldest first. A layout that changes without
// `go run ./schemas/gen -freeze EVENT` before is found here, even where the example's bytes do not change.
func TestEverySchemaIsKnownForEver(t *testing.T) {
	var want strings.Builder
	for _, s := range eventSchemas {
		versions, err := embeddedVersions(s.EventType)
		if err != nil {
			t.Fatal(err)
		}
		want.WriteString(s.EventType)
		for _, v := range slices.Backward(versions) {
			want.WriteString(" " + strconv.FormatUint(v.fingerprint, 16))
		}
		want.WriteByte('\n')
	}
	path := filepath.Join("testdata", "fingerprints.txt")
	had, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(had)) {
		f := strings.Fields(line)
		versions, err := embeddedVersions(f[0])
		if err != nil {
			t.Errorf("%s was an event, and is none any more: its records stay in the log", f[0])
			continue
		}
		for _, fingerprint := range f[1:] {
			if !slices.ContainsFunc(versions, func(v embeddedVersion) bool { return strconv.FormatUint(v.fingerprint, 16) == fingerprint }) {
				t.Errorf("%s: schema %s is known no more: put the old .avsc back and run `go run ./schemas/gen -freeze %s` before it changes", f[0], fingerprint, f[0])
			}
		}
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(path, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(had) != want.String() && !t.Failed() {
		t.Errorf("%s lacks new versions: run `go test ./schemas -run EverySchema -update`", path)
	}
}
