package schemas

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/hamba/avro/v2"
)

// jsonWriter encodes JSON values with one of our schemas and collects what is wrong with them.
type jsonWriter struct{ problems []error }

func (w *jsonWriter) expected(b []byte, path, what string, v any) []byte {
	found := "found " + jsonKind(v)
	if path == "" {
		path = "the event"
	}
	w.problems = append(w.problems, fmt.Errorf("%s: expected %s, %s", path, what, found))
	return b
}

func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	}
	return "an object"
}

func (w *jsonWriter) value(b []byte, path string, schema avro.Schema, v any) []byte {
	switch s := deref(schema).(type) {
	case *avro.UnionSchema:
		if v == nil {
			return append(b, 0)
		}
		return w.value(append(b, 2), path, s.Types()[1], v)
	case *avro.RecordSchema:
		return w.record(b, path, s, v)
	case *avro.ArraySchema:
		return w.array(b, path, s, v)
	case *avro.MapSchema:
		return w.entries(b, path, v)
	case *avro.EnumSchema:
		symbol, ok := v.(string)
		i := slices.Index(s.Symbols(), symbol)
		if !ok || i < 0 {
			return w.expected(b, path, "one of "+strings.Join(s.Symbols(), ", "), v)
		}
		return appendLong(b, int64(i))
	case *avro.PrimitiveSchema:
		return w.scalar(b, path, s, v)
	}
	return w.expected(b, path, "nothing: this type is not known", v)
}

func (w *jsonWriter) record(b []byte, path string, s *avro.RecordSchema, v any) []byte {
	obj, ok := v.(map[string]any)
	if !ok {
		return w.expected(b, path, "an object ("+s.Name()+")", v)
	}
	known := map[string]bool{}
	for _, f := range s.Fields() {
		known[f.Name()] = true
		b = w.field(b, join(path, f.Name()), f, obj)
	}
	unknown := []string{}
	for name := range obj {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	for _, name := range unknown {
		w.problems = append(w.problems, fmt.Errorf("%s: unknown field; %s has %s", join(path, name), s.Name(), fieldNames(s)))
	}
	return b
}

func (w *jsonWriter) field(b []byte, path string, f *avro.Field, obj map[string]any) []byte {
	v, there := obj[f.Name()]
	if there {
		return w.value(b, path, f.Type(), v)
	}
	if !f.HasDefault() {
		w.problems = append(w.problems, fmt.Errorf("%s: missing; expected %s", path, describe(f.Type())))
		return b
	}
	b, err := appendGeneric(b, f.Type(), f.Default())
	if err != nil {
		w.problems = append(w.problems, fmt.Errorf("%s: its default cannot be written: %w", path, err))
	}
	return b
}

func (w *jsonWriter) array(b []byte, path string, s *avro.ArraySchema, v any) []byte {
	items, ok := v.([]any)
	if !ok && v != nil {
		return w.expected(b, path, describe(s), v)
	}
	if len(items) == 0 {
		return append(b, 0)
	}
	size := minSize(s.Items(), 0)
	at := len(b)
	b = beginBlock(b, len(items), size)
	for i := range items {
		b = w.value(b, fmt.Sprintf("%s[%d]", path, i), s.Items(), items[i])
	}
	return append(endBlock(b, at, len(items), size), 0)
}

func (w *jsonWriter) entries(b []byte, path string, v any) []byte {
	obj, ok := v.(map[string]any)
	if !ok && v != nil {
		return w.expected(b, path, "an object whose values are strings", v)
	}
	var pairs StringMap
	for key, value := range obj {
		text, ok := value.(string)
		if !ok {
			b = w.expected(b, join(path, key), "a string", value)
		}
		pairs.Set(key, text)
	}
	b, err := appendStringMap(b, pairs)
	if err != nil {
		w.problems = append(w.problems, fmt.Errorf("%s: %w", path, err))
	}
	return b
}

func (w *jsonWriter) scalar(b []byte, path string, s *avro.PrimitiveSchema, v any) []byte {
	what := describe(s)
	text, isText := v.(string)
	switch s.Type() {
	case avro.Boolean:
		if v, ok := v.(bool); ok {
			return appendBool(b, v)
		}
	case avro.Int, avro.Long:
		if n, ok := integer(s, v); ok {
			return appendLong(b, n)
		}
	case avro.Bytes:
		if logicalOf(s) == avro.Decimal {
			return w.decimal(b, path, s, v)
		}
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil && (isText || v == nil) {
			return appendBytes(b, raw)
		}
	case avro.String:
		var id UUID
		if isText && logicalOf(s) == avro.UUID {
			if parseUUID((*[16]byte)(&id), []byte(text)) {
				return appendUUID(b, id)
			}
		} else if isText {
			b, _ = appendString(b, text) // encoding/json gives UTF-8 only
			return b
		}
	}
	return w.expected(b, path, what, v)
}

// integer reads whole numbers, and what our JSON form writes as text on top of them.
func integer(s *avro.PrimitiveSchema, v any) (int64, bool) {
	text, isText := v.(string)
	switch logicalOf(s) {
	case avro.TimestampMicros:
		var t Time
		err := t.UnmarshalText([]byte(text))
		return int64(t), isText && err == nil
	case avro.Date:
		var d Date
		err := d.UnmarshalText([]byte(text))
		return int64(d), isText && err == nil
	}
	number, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := number.Int64()
	if err != nil || s.Type() == avro.Int && (n < math.MinInt32 || n > math.MaxInt32) {
		return 0, false
	}
	return n, true
}

func (w *jsonWriter) decimal(b []byte, path string, s *avro.PrimitiveSchema, v any) []byte {
	text, ok := v.(string)
	if !ok {
		return w.expected(b, path, describe(s), v)
	}
	d, err := ParseDecimal(text)
	if err == nil {
		spec := decimalOf(s)
		b, err = appendDecimalWire(b, d, spec.Scale(), spec.Precision())
	}
	if err != nil {
		w.problems = append(w.problems, fmt.Errorf("%s: expected %s: %w", path, describe(s), err))
	}
	return b
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func fieldNames(s *avro.RecordSchema) string {
	names := make([]string, len(s.Fields()))
	for i, f := range s.Fields() {
		names[i] = f.Name()
	}
	return strings.Join(names, ", ")
}

// describe says what a type looks like in JSON.
func describe(schema avro.Schema) string {
	switch s := deref(schema).(type) {
	case *avro.UnionSchema:
		return describe(s.Types()[1]) + " or null"
	case *avro.RecordSchema:
		return "an object (" + s.Name() + ")"
	case *avro.ArraySchema:
		return "an array, each item " + describe(s.Items())
	case *avro.MapSchema:
		return "an object whose values are strings"
	case *avro.EnumSchema:
		return "one of " + strings.Join(s.Symbols(), ", ")
	case *avro.PrimitiveSchema:
		return describeScalar(s)
	}
	return string(schema.Type())
}

func describeScalar(s *avro.PrimitiveSchema) string {
	switch logicalOf(s) {
	case avro.Decimal:
		d := decimalOf(s)
		return fmt.Sprintf("a decimal in a string, at most %d decimals and %d digits, for example \"12.50\"", d.Scale(), d.Precision())
	case avro.UUID:
		return "a uuid, for example \"0a4a4e3c-5f0b-5c1d-8f2e-3b9d2c1e0f6a\""
	case avro.TimestampMicros:
		return "an instant in RFC 3339, for example \"2011-03-01T09:30:00Z\""
	case avro.Date:
		return "a date, for example \"2011-03-01\""
	}
	switch s.Type() {
	case avro.Boolean:
		return "true or false"
	case avro.Int:
		return "a whole number of 32 bits"
	case avro.Long:
		return "a whole number of 64 bits"
	case avro.Bytes:
		return "bytes in base64"
	}
	return "a string"
}
