package schemas

import (
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hamba/avro/v2"
)

// maxValues bounds how many values a body of another schema may hold: the resolving decoder makes an object of each.
const maxValues = 1 << 20

// walker reads a body against any schema, not only ours, under the reader's checks. With build it gives the value: records and maps as map[string]any,
// unions unwrapped, decimals, times, dates and uuids as in the events' JSON form. Without, it only looks.
type walker struct {
	r      reader
	build  bool
	depth  int
	values int
	path   []step // to the value being read; after an error, to the value that is wrong
}

type step struct {
	name string // "" for an item
	i    int
}

// checkBody makes sure that body is one whole and sane value of schema. hamba's decoder does not: it takes truncated bodies for whole ones, and believes
// counts.
func checkBody(schema avro.Schema, body []byte) error {
	w := walker{r: reader{body: body}}
	w.value(schema)
	return w.finish()
}

func (w *walker) finish() error {
	if w.r.err == nil {
		w.path = w.path[:0]
	}
	if err := w.r.end(); err != nil {
		if path := w.where(); path != "" {
			return &fieldError{path, err}
		}
		return err
	}
	return nil
}

func (w *walker) where() string {
	var b strings.Builder
	for _, s := range w.path {
		if s.name == "" {
			b.WriteString("[" + strconv.Itoa(s.i) + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
	}
	return b.String()
}

// in reads the value at a step further down; after an error the path stays.
func (w *walker) in(s step, schema avro.Schema) any {
	w.path = append(w.path, s)
	v := w.value(schema)
	if w.r.err == nil {
		w.path = w.path[:len(w.path)-1]
	}
	return v
}

func (w *walker) value(schema avro.Schema) any {
	w.values++
	w.depth++
	defer func() { w.depth-- }()
	switch {
	case w.r.err != nil:
		return nil
	case w.depth > maxDepth:
		w.r.fail(errDepth)
		return nil
	case w.values > maxValues:
		w.r.fail(errMemory)
		return nil
	}
	switch s := schema.(type) {
	case *avro.RefSchema:
		w.depth--
		v := w.value(s.Schema())
		w.depth++
		return v
	case *avro.NullSchema:
		return nil
	case *avro.PrimitiveSchema:
		return w.primitive(s)
	case *avro.FixedSchema:
		return w.fixed(s)
	case *avro.EnumSchema:
		symbols := s.Symbols()
		if i := w.r.enum(len(symbols)); i < len(symbols) {
			return symbols[i]
		}
	case *avro.UnionSchema:
		if i := w.r.unionBranch(len(s.Types())); w.r.err == nil {
			w.depth--
			v := w.value(s.Types()[i])
			w.depth++
			return v
		}
	case *avro.RecordSchema:
		return w.record(s)
	case *avro.ArraySchema:
		return w.array(s)
	case *avro.MapSchema:
		return w.entries(s)
	}
	return nil
}

func (w *walker) record(s *avro.RecordSchema) any {
	var obj map[string]any
	if w.build {
		obj = make(map[string]any, len(s.Fields()))
	}
	for _, f := range s.Fields() {
		v := w.in(step{name: f.Name()}, f.Type())
		if w.r.err != nil {
			return nil
		}
		if w.build {
			obj[f.Name()] = v
		}
	}
	return obj
}

func (w *walker) array(s *avro.ArraySchema) any {
	items := []any{}
	i := 0
	for k := w.r.firstBlock(minSize(s.Items(), 0)); k.left > 0; k = w.r.nextBlock(k) {
		for ; k.left > 0 && w.r.err == nil; k.left-- {
			v := w.in(step{i: i}, s.Items())
			i++
			if w.build {
				items = append(items, v)
			}
		}
	}
	return items
}

func (w *walker) entries(s *avro.MapSchema) any {
	obj := map[string]any{}
	seen := map[string]bool{}
	for k := w.r.firstBlock(1 + minSize(s.Values(), 0)); k.left > 0; k = w.r.nextBlock(k) {
		for ; k.left > 0 && w.r.err == nil; k.left-- {
			key := w.text()
			if seen[key] {
				w.r.fail(errDuplicateKey)
			}
			seen[key] = true
			v := w.in(step{name: "(value)"}, s.Values())
			if w.build {
				obj[key] = v
			}
		}
	}
	return obj
}

// raw reads a length and so many bytes, which alias the body.
func (w *walker) raw() []byte {
	n := w.r.length()
	raw := w.r.body[w.r.at : w.r.at+n]
	w.r.at += n
	return raw
}

func (w *walker) text() string {
	raw := w.raw()
	if !utf8.Valid(raw) {
		w.r.fail(errNotUTF8)
		return ""
	}
	return string(raw)
}

func (w *walker) fixed(s *avro.FixedSchema) any {
	if w.r.left() < s.Size() {
		w.r.fail(errTruncated)
		return nil
	}
	raw := w.r.body[w.r.at : w.r.at+s.Size()]
	w.r.at += s.Size()
	if d, ok := s.Logical().(*avro.DecimalLogicalSchema); ok && w.build {
		return decimalText(raw, d.Scale())
	}
	return raw
}

func (w *walker) primitive(s *avro.PrimitiveSchema) any {
	logical := logicalOf(s)
	switch s.Type() {
	case avro.Boolean:
		return w.r.bool()
	case avro.Int:
		v := w.r.int()
		if logical == avro.Date {
			return Date(v).String()
		}
		return v
	case avro.Long:
		return instant(w.r.long(), logical)
	case avro.Float:
		if raw := w.take(4); raw != nil {
			return math.Float32frombits(binary.LittleEndian.Uint32(raw))
		}
	case avro.Double:
		if raw := w.take(8); raw != nil {
			return math.Float64frombits(binary.LittleEndian.Uint64(raw))
		}
	case avro.String:
		text := w.text()
		var id [16]byte
		if logical == avro.UUID && w.r.err == nil && !parseUUID(&id, []byte(text)) {
			w.r.fail(errUUID)
		}
		return text
	case avro.Bytes:
		raw := w.raw()
		if d, ok := s.Logical().(*avro.DecimalLogicalSchema); ok {
			return w.decimal(raw, d)
		}
		return raw
	}
	return nil
}

func (w *walker) take(n int) []byte {
	if w.r.left() < n {
		w.r.fail(errTruncated)
		return nil
	}
	raw := w.r.body[w.r.at : w.r.at+n]
	w.r.at += n
	return raw
}

func (w *walker) decimal(raw []byte, d *avro.DecimalLogicalSchema) any {
	if w.r.err != nil {
		return nil
	}
	if d.Precision() > MaxDigits {
		if len(raw) > maxDecimalWire {
			w.r.fail(errDecimal)
		}
	} else if _, err := decodeDecimalWire(raw, d.Scale(), d.Precision()); err != nil {
		w.r.fail(errDecimal)
	}
	if !w.build || w.r.err != nil {
		return nil
	}
	return decimalText(raw, d.Scale())
}

// decimalText is the number of a two's complement big-endian integer at scale.
func decimalText(raw []byte, scale int) string {
	v := new(big.Int).SetBytes(raw)
	if len(raw) > 0 && raw[0] >= 0x80 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(len(raw))*8))
	}
	return new(big.Rat).SetFrac(v, bigPow10(scale)).FloatString(scale)
}

func instant(v int64, logical avro.LogicalType) any {
	switch logical {
	case avro.TimestampMicros:
		return Time(v).String()
	case avro.TimestampMillis:
		return time.UnixMilli(v).UTC().Format("2006-01-02T15:04:05.999Z07:00")
	}
	return v
}

func logicalOf(s avro.Schema) avro.LogicalType {
	if l, ok := s.(avro.LogicalTypeSchema); ok && l.Logical() != nil {
		return l.Logical().Type()
	}
	return ""
}

// minSize is the fewest bytes that a value of s takes.
func minSize(s avro.Schema, depth int) int {
	if depth > maxDepth {
		return 0
	}
	switch s := s.(type) {
	case *avro.RefSchema:
		return minSize(s.Schema(), depth+1)
	case *avro.NullSchema:
		return 0
	case *avro.FixedSchema:
		return s.Size()
	case *avro.RecordSchema:
		sum := 0
		for _, f := range s.Fields() {
			sum += minSize(f.Type(), depth+1)
		}
		return sum
	case *avro.PrimitiveSchema:
		switch s.Type() {
		case avro.Float:
			return 4
		case avro.Double:
			return 8
		}
	}
	return 1
}

// recursive says that a type of s contains itself. Ours never do, and the resolving decoder builds its skipping of such a type without end.
func recursive(s avro.Schema, above map[string]bool) bool {
	switch s := s.(type) {
	case *avro.RefSchema:
		return above[s.Schema().FullName()] || recursive(s.Schema(), above)
	case *avro.ArraySchema:
		return recursive(s.Items(), above)
	case *avro.MapSchema:
		return recursive(s.Values(), above)
	case *avro.UnionSchema:
		for _, t := range s.Types() {
			if recursive(t, above) {
				return true
			}
		}
	case *avro.RecordSchema:
		above[s.FullName()] = true
		defer delete(above, s.FullName())
		for _, f := range s.Fields() {
			if recursive(f.Type(), above) {
				return true
			}
		}
	}
	return false
}

var errRecursive = errors.New("a type that contains itself")
