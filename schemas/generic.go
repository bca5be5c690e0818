package schemas

import (
	"fmt"
	"slices"

	"github.com/hamba/avro/v2"
)

// appendGeneric encodes with our schema, logical types left out, what hamba's resolving decoder gave. Its any-values have a trap: a union comes as the value
// itself, or as a map of one entry named after the branch.
func appendGeneric(b []byte, schema avro.Schema, v any) ([]byte, error) {
	switch s := deref(schema).(type) {
	case *avro.UnionSchema:
		return appendGenericUnion(b, s, v)
	case *avro.RecordSchema:
		return appendGenericRecord(b, s, v)
	case *avro.ArraySchema:
		return appendGenericArray(b, s, v)
	case *avro.MapSchema:
		return appendGenericMap(b, v)
	case *avro.EnumSchema:
		symbol, _ := v.(string)
		return appendEnum(b, symbol, slices.Index(s.Symbols(), symbol), -1)
	case *avro.PrimitiveSchema:
		return appendGenericScalar(b, s, v)
	}
	return b, errResolving
}

func appendGenericUnion(b []byte, s *avro.UnionSchema, v any) ([]byte, error) {
	if v == nil {
		return append(b, 0), nil
	}
	branch := s.Types()[1]
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		for name, inner := range m {
			if named, isNamed := deref(branch).(avro.NamedSchema); !isNamed || name == named.FullName() {
				v = inner
			}
		}
	}
	return appendGeneric(append(b, 2), branch, v)
}

func appendGenericRecord(b []byte, s *avro.RecordSchema, v any) ([]byte, error) {
	obj, ok := v.(map[string]any)
	if !ok {
		return b, errResolving
	}
	var err error
	for _, f := range s.Fields() {
		if b, err = appendGeneric(b, f.Type(), obj[f.Name()]); err != nil {
			return b, inField(f.Name(), err)
		}
	}
	return b, nil
}

func appendGenericArray(b []byte, s *avro.ArraySchema, v any) ([]byte, error) {
	items, ok := v.([]any)
	if !ok && v != nil {
		return b, errResolving
	}
	if len(items) == 0 {
		return append(b, 0), nil
	}
	size := minSize(s.Items(), 0)
	at := len(b)
	b = beginBlock(b, len(items), size)
	var err error
	for i := range items {
		if b, err = appendGeneric(b, s.Items(), items[i]); err != nil {
			return b, inField(fmt.Sprintf("[%d]", i), err)
		}
	}
	return append(endBlock(b, at, len(items), size), 0), nil
}

func appendGenericMap(b []byte, v any) ([]byte, error) {
	obj, ok := v.(map[string]any)
	if !ok && v != nil {
		return b, errResolving
	}
	pairs := make(StringMap, 0, len(obj))
	for key, value := range obj {
		text, ok := value.(string)
		if !ok {
			return b, errResolving
		}
		pairs.Set(key, text)
	}
	return appendStringMap(b, pairs)
}

func appendGenericScalar(b []byte, s *avro.PrimitiveSchema, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if s.Type() == avro.Bytes || s.Type() == avro.String {
			return appendString(b, v)
		}
	case []byte:
		if s.Type() == avro.String {
			return appendString(b, string(v))
		}
		return appendBytes(b, v), nil
	case bool:
		return appendBool(b, v), nil
	case int:
		return appendLong(b, int64(v)), nil
	case int32:
		return appendLong(b, int64(v)), nil
	case int64:
		return appendLong(b, v), nil
	}
	return b, errResolving
}
