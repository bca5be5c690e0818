package schemas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func TestLong(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 63, 64, -64, -65, 1 << 20, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		b := appendLong(nil, v)
		r := newReader(b)
		if got := r.long(); got != v || r.end() != nil {
			t.Errorf("long %d: got %d, %v", v, got, r.err)
		}
		r = newReader(b)
		got := r.int()
		if fits := int64(int32(v)) == v; fits != (r.end() == nil) || fits && int64(got) != v {
			t.Errorf("int %d: got %d, %v", v, got, r.err)
		}
	}
}

// What a reader must refuse, value by value.
func TestReaderRefuses(t *testing.T) {
	list := func(r *reader) {
		for k := r.firstBlock(1); k.left > 0; k = r.nextBlock(k) {
			for ; k.left > 0 && r.err == nil; k.left-- {
				r.long()
			}
		}
	}
	for name, tc := range map[string]struct {
		input []byte
		read  func(*reader)
		want  error
	}{
		"boolean 2":            {[]byte{2}, func(r *reader) { r.bool() }, errBoolean},
		"no boolean":           {nil, func(r *reader) { r.bool() }, errTruncated},
		"union branch 2":       {zigzag(2), func(r *reader) { r.present() }, errUnion},
		"union branch -1":      {zigzag(-1), func(r *reader) { r.present() }, errUnion},
		"enum symbol 3 of 3":   {zigzag(3), func(r *reader) { r.enum(3) }, errEnum},
		"enum symbol -1":       {zigzag(-1), func(r *reader) { r.enum(3) }, errEnum},
		"number of 11 bytes":   {bytes.Repeat([]byte{0x80}, 11), func(r *reader) { r.long() }, errVarint},
		"number of 65 bits":    {append(bytes.Repeat([]byte{0xff}, 9), 2), func(r *reader) { r.long() }, errVarint},
		"number without end":   {[]byte{0x80, 0x80}, func(r *reader) { r.long() }, errTruncated},
		"text not UTF-8":       {[]byte{4, 0xc3, 0x28}, func(r *reader) { _ = r.string() }, errNotUTF8},
		"text cut":             {[]byte{4, 'a'}, func(r *reader) { _ = r.string() }, errTruncated},
		"bytes cut":            {[]byte{4, 'a'}, func(r *reader) { r.bytes(nil) }, errTruncated},
		"decimal of no bytes":  {[]byte{0}, func(r *reader) { r.decimal(2, 10) }, errDecimal},
		"decimal too precise":  {[]byte{4, 0x7f, 0xff}, func(r *reader) { r.decimal(2, 3) }, errDecimal},
		"decimal of 33 bytes":  {append([]byte{66}, make([]byte, 33)...), func(r *reader) { r.decimal(2, 10) }, errDecimal},
		"uuid of 35":           {append([]byte{70}, bytes.Repeat([]byte{'a'}, 35)...), func(r *reader) { r.uuid(new([16]byte)) }, errUUID},
		"uuid without hyphens": {append([]byte{72}, bytes.Repeat([]byte{'a'}, 36)...), func(r *reader) { r.uuid(new([16]byte)) }, errUUID},
		"fixed cut":            {[]byte{1, 2}, func(r *reader) { r.fixed(make([]byte, 3)) }, errTruncated},
		"count too large":      {cat(zigzag(3), []byte{0, 0}), list, errCount},
		"block shorter":        {cat(zigzag(-2), zigzag(1), []byte{0, 0, 0}), list, errCount},
		"block longer":         {cat(zigzag(-2), zigzag(3), []byte{0, 0, 0, 0}), list, errBlockSize},
		"end with a size":      {cat(zigzag(1), []byte{0}, zigzag(-0), []byte{0}), func(r *reader) { list(r) }, errTrailing},
		"map key twice":        {cat(zigzag(2), []byte{2, 'a', 0, 2, 'a', 0, 0}), func(r *reader) { r.stringMap(nil) }, errDuplicateKey},
	} {
		r := newReader(tc.input)
		tc.read(&r)
		if err := r.end(); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if r.long() != 0 || r.string() != "" || r.bool() || r.left() != 0 {
			t.Errorf("%s: the reader goes on after an error", name)
		}
	}
}

// Other writers use positive counts, several blocks, and any order of keys.
func TestOtherWritersBlocks(t *testing.T) {
	input := cat(zigzag(1), []byte{2, 'b', 2, '1'}, zigzag(-2), zigzag(8), []byte{2, 'c', 2, '2', 2, 'a', 2, '3'}, []byte{0})
	r := newReader(input)
	got := r.stringMap(nil)
	if err := r.end(); err != nil || !reflect.DeepEqual(got, StringMap{{"a", "3"}, {"b", "1"}, {"c", "2"}}) {
		t.Errorf("map in two blocks: %v, %v", got, err)
	}
}

// A block's size is right whatever the guess was.
func TestBlockSizes(t *testing.T) {
	for _, length := range []int{0, 1, 5, 40, 62, 63, 64, 100, 1000, 8191, 8192, 100_000, 1_100_000} {
		for _, count := range []int{1, 2, 70} {
			items := make([]string, count)
			for i := range items {
				items[i] = strings.Repeat("x", length/count)
			}
			b, err := (&Redrive{OnlyIds: items}).appendAvro(nil)
			if err != nil {
				t.Fatal(err)
			}
			var back Redrive
			r := newReader(b)
			back.decodeAvro(&r)
			if err := r.end(); err != nil || !reflect.DeepEqual(back.OnlyIds, items) {
				t.Fatalf("%d items of %d bytes: %v", count, length/count, err)
			}
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	for name, tc := range map[string]struct {
		change func(*OrderAccepted)
		want   string
	}{
		"no symbol":         {func(o *OrderAccepted) { o.Terms = "" }, "terms: no symbol"},
		"unknown symbol":    {func(o *OrderAccepted) { o.TenderPlan[0].Method = "BARTER" }, "tender_plan[0].method: a symbol"},
		"text not UTF-8":    {func(o *OrderAccepted) { o.Lines[0].LineID = "\xff" }, "lines[0].line_id: text"},
		"invalid decimal":   {func(o *OrderAccepted) { o.Lines[0].Amounts.Net = invalidDecimal() }, "lines[0].amounts.net: a decimal"},
		"keys out of order": {func(o *OrderAccepted) { o.Meta.SubjectRefs = StringMap{{"b", "1"}, {"a", "2"}} }, "meta.subject_refs: map keys"},
	} {
		o := exampleOf(t, "order.accepted").(*OrderAccepted)
		tc.change(o)
		dst := []byte("kept")
		got, err := c.AppendEncode(dst, o)
		if !errors.Is(err, ErrPoison) || !strings.Contains(err.Error(), tc.want) || string(got) != "kept" {
			t.Errorf("%s: %q, %v, want %q", name, got, err, tc.want)
		}
	}
}

// Decoding into a reused value leaves nothing of what it held.
func TestReuseLeavesNothing(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	for _, s := range eventSchemas {
		full := exampleOf(t, s.EventType)
		minimal, err := c.Encode(minimalOf(t, full))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.DecodeInto(context.Background(), minimal, full); err != nil {
			t.Fatal(err)
		}
		if again, err := c.Encode(full); err != nil || !bytes.Equal(again, minimal) {
			t.Errorf("%s: something of the example is left (%v)", s.EventType, err)
		}
	}
	if err := c.DecodeInto(context.Background(), framed(OfflineIDs()["operations.Tick"], nil), &OrderAccepted{}); !errors.Is(err, ErrPoison) {
		t.Errorf("a tick into an order: %v, want poison", err)
	}
}

// What was decoded owns its memory: the buffer it came from may be used again.
func TestDecodedEventsOwnTheirMemory(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	for _, s := range eventSchemas {
		want := exampleOf(t, s.EventType)
		value, err := c.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := c.Decode(context.Background(), value)
		if err != nil {
			t.Fatal(err)
		}
		clear(value)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s changed with the buffer", s.EventType)
		}
	}
}

func TestDecodeHeader(t *testing.T) {
	c := NewCodec(nil, OfflineIDs())
	var m Meta
	for _, s := range eventSchemas {
		for _, long := range []string{"", strings.Repeat("long ", 1000)} {
			e := exampleOf(t, s.EventType)
			e.Header().Source.DocID += long // further than the guess
			value, err := c.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			subject, err := c.DecodeHeader(context.Background(), value, &m)
			if err != nil || subject != s.Subject || !reflect.DeepEqual(&m, e.Header()) {
				t.Fatalf("%s: %s, %v", s.EventType, subject, err)
			}
		}
	}
	if _, err := c.DecodeHeader(context.Background(), framed(1, []byte{72}), &m); !errors.Is(err, ErrPoison) {
		t.Errorf("a cut header: %v, want poison", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := codecWith(t, withField(t, schemaOf(&OrderAccepted{}), `{"name":"zz","type":"string"}`, true))
	order := exampleOf(t, "order.accepted")
	own, err := c.Encode(order)
	if err != nil {
		t.Fatal(err)
	}
	foreign := framed(foreignID, append([]byte{0}, own[5:]...))
	var wg sync.WaitGroup
	problems := make(chan error, 8)
	for g := range 8 {
		wg.Go(func() {
			for range 50 {
				value := own
				if g%2 == 0 {
					value = foreign
				}
				got, _, err := c.Decode(context.Background(), value)
				if err != nil || !reflect.DeepEqual(got, order) {
					problems <- fmt.Errorf("goroutine %d: %w", g, errors.Join(err, errors.New("or another event")))
					return
				}
				if again, err := c.Encode(got); err != nil || !bytes.Equal(again, own) {
					problems <- fmt.Errorf("goroutine %d: other bytes: %w", g, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(problems)
	for err := range problems {
		t.Error(err)
	}
}
