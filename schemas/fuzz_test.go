package schemas

import (
	"bytes"
	"math/big"
	"reflect"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/linkedin/goavro/v2"
)

// sameNative compares goavro's values. An optional text that is there and empty is to us one that is not there, and so we write it.
func sameNative(a, b any) bool {
	a, b = emptyIsNull(a), emptyIsNull(b)
	switch a := a.(type) {
	case map[string]any:
		m, ok := b.(map[string]any)
		if !ok || len(a) != len(m) {
			return false
		}
		for k, v := range a {
			if other, there := m[k]; !there || !sameNative(v, other) {
				return false
			}
		}
		return true
	case []any:
		items, ok := b.([]any)
		if !ok || len(a) != len(items) {
			return false
		}
		for i := range a {
			if !sameNative(a[i], items[i]) {
				return false
			}
		}
		return true
	case *big.Rat:
		r, ok := b.(*big.Rat)
		return ok && a.Cmp(r) == 0
	}
	return reflect.DeepEqual(a, b)
}

func emptyIsNull(v any) any {
	var id [16]byte
	if text, ok := v.(string); ok && parseUUID(&id, []byte(text)) {
		return id // hexadecimal digits are read in either case and written in lower case
	}
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return v
	}
	for branch, inner := range m {
		if branch == "string" && inner == "" {
			return nil
		}
		if raw, isBytes := inner.([]byte); branch == "bytes" && isBytes && len(raw) == 0 {
			return nil
		}
	}
	return v
}

func fuzzSeeds(f *testing.F) {
	for i, s := range eventSchemas {
		e := exampleOf(f, s.EventType)
		f.Add(uint8(i), body(f, e))
		f.Add(uint8(i), body(f, minimalOf(f, e)))
	}
	for _, bomb := range tailBombs {
		for i, s := range eventSchemas {
			if s.EventType == bomb.event.EventType() {
				b := body(f, emptyTail(exampleOf(f, s.EventType)))
				f.Add(uint8(i), append(b[:len(b)-1], bomb.tail...))
			}
		}
	}
}

// Whatever our decoder takes, a second Avro library takes too and understands alike; what we write of it, it understands alike again.
func FuzzDecodeLikeGoavro(f *testing.F) {
	fuzzSeeds(f)
	codecs := map[string]*goavro.Codec{}
	for _, s := range eventSchemas {
		codec, err := goavro.NewCodec(s.JSON)
		if err != nil {
			f.Fatal(err)
		}
		codecs[s.EventType] = codec
	}
	f.Fuzz(func(t *testing.T, which uint8, input []byte) {
		s := eventSchemas[int(which)%len(eventSchemas)]
		e := eventOfType(s.EventType)
		r := newReader(input)
		e.decodeAvro(&r)
		if r.end() != nil {
			if schema, err := ownSchema(s.Subject); err != nil || checkBody(schema, input) == nil && r.err != errMemory && r.err != errDuplicateKey {
				t.Fatalf("the decoder refuses (%v) what the bounded walk finds whole (%v)", r.err, err)
			}
			return
		}
		again, err := e.appendAvro(nil)
		if err != nil {
			t.Fatalf("decoded, and cannot be encoded: %v", err)
		}
		theirs, rest, err := codecs[s.EventType].NativeFromBinary(input)
		if err != nil || len(rest) != 0 {
			t.Fatalf("goavro refuses what we take: %v, %d bytes left", err, len(rest))
		}
		ours, rest, err := codecs[s.EventType].NativeFromBinary(again)
		if err != nil || len(rest) != 0 {
			t.Fatalf("goavro refuses what we write: %v, %d bytes left", err, len(rest))
		}
		if !sameNative(theirs, ours) {
			t.Fatalf("goavro reads %v of the input and %v of what we write of it", theirs, ours)
		}
		reused := exampleOf(t, s.EventType)
		r = newReader(again)
		reused.decodeAvro(&r)
		if third, err := reused.appendAvro(nil); r.end() != nil || err != nil || !bytes.Equal(third, again) {
			t.Fatalf("into a reused value other bytes (%v, %v)", r.err, err)
		}
	})
}

// Whatever bytes another version claims to have written: poison or an event, never a panic; and an event is what the second library reads of them.
func FuzzDecodeForeign(f *testing.F) {
	resolvers := make([]*resolver, len(eventSchemas))
	for i, s := range eventSchemas {
		resolvers[i] = newResolver(withField(f, s.JSON, `{"name":"zz","type":["null",{"type":"array","items":{"type":"map","values":"double"}}],"default":null}`, true))
		if resolvers[i].poison != nil {
			f.Fatal(resolvers[i].poison)
		}
		f.Add(uint8(i), append([]byte{0}, body(f, exampleOf(f, s.EventType))...))
		f.Add(uint8(i), append([]byte{2, 0}, body(f, minimalOf(f, exampleOf(f, s.EventType)))...))
	}
	c := NewCodec(nil, OfflineIDs())
	f.Fuzz(func(t *testing.T, which uint8, input []byte) {
		i := int(which) % len(eventSchemas)
		e := eventOfType(eventSchemas[i].EventType)
		if c.decodeForeign(resolvers[i], input, e) != nil {
			return
		}
		direct := eventOfType(eventSchemas[i].EventType)
		// Behind the field that we lack stands our own layout: cutting it off must give the same.
		w := walker{r: reader{body: input}}
		w.value(resolvers[i].writer.(*avro.RecordSchema).Fields()[0].Type())
		r := newReader(input[w.r.at:])
		direct.decodeAvro(&r)
		if r.end() != nil {
			t.Fatalf("resolved, but our own decoder refuses: %v", r.err)
		}
		if got, want := body(t, e), body(t, direct); !bytes.Equal(got, want) {
			t.Fatalf("resolved %x, want %x", got, want)
		}
	})
}
