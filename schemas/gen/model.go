package main

import (
	"fmt"

	"github.com/hamba/avro/v2"
)

type kind int

const (
	kindString kind = iota
	kindBytes
	kindInt
	kindLong
	kindBool
	kindUUID
	kindTime
	kindDate
	kindDecimal
	kindFixed
	kindEnum
	kindRecord
	kindArray
	kindMap
)

// shape is an Avro type in Go's terms.
type shape struct {
	kind             kind
	optional         bool // union of null and the rest
	scale, precision int  // of a decimal
	size             int  // of a fixed
	enum             *enum
	record           *record
	item             *shape // of an array
}

type enum struct {
	full, name, doc string
	symbols         []string
	fallback        string // the schema's default, "" where it has none
}

type record struct {
	full, name, doc string
	eventType       string // "" for a record that is no event
	fields          []*field
}

type field struct {
	avro, goName, doc string
	shape             *shape
	hasDefault        bool
	fallback          any // the default as hamba read it
	unhashed          bool
}

// build turns what hamba parsed into Go's terms.
func (lib *library) build() error {
	for _, f := range lib.files {
		for _, full := range f.named {
			if _, err := lib.shapeOf(lib.cache.Get(full)); err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
		}
		if f.shared {
			continue
		}
		f.event = lib.records[f.named[0]]
		if f.event == nil || f.event.eventType == "" {
			return fmt.Errorf(`%s: the record at its top lacks "event_type"`, f.path)
		}
		if first := f.event.fields[0]; first.avro != "meta" || first.shape.kind != kindRecord || first.shape.optional {
			return fmt.Errorf("%s: an event's first field is meta", f.path)
		}
	}
	return lib.checkNames()
}

// checkNames refuses two types of one Go name: they are global to the package.
func (lib *library) checkNames() error {
	owner := map[string]string{}
	claim := func(name, full string) error {
		if other, taken := owner[name]; taken {
			return fmt.Errorf("types %s and %s have one Go name, %s: rename one of them", other, full, name)
		}
		owner[name] = full
		return nil
	}
	for _, f := range lib.files {
		for _, full := range f.named {
			name := ""
			if r := lib.records[full]; r != nil {
				name = r.name
			} else if e := lib.enums[full]; e != nil {
				name = e.name
			}
			if name == "" {
				continue // a fixed has no Go type of its own
			}
			if err := claim(name, full); err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
		}
	}
	return nil
}

func (lib *library) shapeOf(s avro.Schema) (*shape, error) {
	switch s := s.(type) {
	case *avro.RefSchema:
		return lib.shapeOf(s.Schema())
	case *avro.PrimitiveSchema:
		return primitive(s)
	case *avro.FixedSchema:
		return &shape{kind: kindFixed, size: s.Size()}, nil
	case *avro.EnumSchema:
		return &shape{kind: kindEnum, enum: lib.enum(s)}, nil
	case *avro.RecordSchema:
		r, err := lib.record(s)
		return &shape{kind: kindRecord, record: r}, err
	case *avro.ArraySchema:
		item, err := lib.shapeOf(s.Items())
		if err == nil && (item.optional || item.kind == kindArray || item.kind == kindMap) {
			err = fmt.Errorf("items of an array are required records or scalars")
		}
		return &shape{kind: kindArray, item: item}, err
	case *avro.MapSchema:
		if s.Values().Type() != avro.String {
			return nil, fmt.Errorf("a map's values are strings")
		}
		return &shape{kind: kindMap}, nil
	case *avro.UnionSchema:
		return lib.union(s)
	}
	return nil, fmt.Errorf("type %s has no place in an event", s.Type())
}

func (lib *library) union(s *avro.UnionSchema) (*shape, error) {
	if len(s.Types()) != 2 || s.Types()[0].Type() != avro.Null {
		return nil, fmt.Errorf("the only union is null and one other type, null first")
	}
	of, err := lib.shapeOf(s.Types()[1])
	if err != nil {
		return nil, err
	}
	if of.kind == kindArray || of.kind == kindMap || of.kind == kindFixed {
		return nil, fmt.Errorf("an array, map or fixed is never optional: empty says it")
	}
	copied := *of
	copied.optional = true
	return &copied, nil
}

func primitive(s *avro.PrimitiveSchema) (*shape, error) {
	logical := avro.LogicalType("")
	if l := s.Logical(); l != nil {
		logical = l.Type()
	}
	switch {
	case s.Type() == avro.String && logical == avro.UUID:
		return &shape{kind: kindUUID}, nil
	case s.Type() == avro.Long && logical == avro.TimestampMicros:
		return &shape{kind: kindTime}, nil
	case s.Type() == avro.Int && logical == avro.Date:
		return &shape{kind: kindDate}, nil
	case s.Type() == avro.Bytes && logical == avro.Decimal:
		d := s.Logical().(*avro.DecimalLogicalSchema)
		if d.Precision() > 38 || d.Scale() > d.Precision() {
			return nil, fmt.Errorf("decimal(%d,%d): at most 38 digits, and no more decimals than digits", d.Precision(), d.Scale())
		}
		return &shape{kind: kindDecimal, scale: d.Scale(), precision: d.Precision()}, nil
	case logical != "":
		return nil, fmt.Errorf("logical type %s of %s is not one of uuid, timestamp-micros, date, decimal", logical, s.Type())
	}
	kinds := map[avro.Type]kind{
		avro.String: kindString, avro.Bytes: kindBytes, avro.Int: kindInt, avro.Long: kindLong, avro.Boolean: kindBool,
	}
	k, ok := kinds[s.Type()]
	if !ok {
		return nil, fmt.Errorf("type %s has no place in an event", s.Type())
	}
	return &shape{kind: k}, nil
}

func (lib *library) enum(s *avro.EnumSchema) *enum {
	if e := lib.enums[s.FullName()]; e != nil {
		return e
	}
	e := &enum{full: s.FullName(), name: s.Name(), doc: s.Doc(), symbols: s.Symbols(), fallback: s.Default()}
	lib.enums[e.full] = e
	return e
}

func (lib *library) record(s *avro.RecordSchema) (*record, error) {
	if r, seen := lib.records[s.FullName()]; seen {
		if r == nil {
			return nil, fmt.Errorf("record %s contains itself", s.FullName())
		}
		return r, nil
	}
	lib.records[s.FullName()] = nil
	r := &record{full: s.FullName(), name: s.Name(), doc: s.Doc()}
	r.eventType, _ = s.Prop("event_type").(string)
	for _, f := range s.Fields() {
		of, err := lib.shapeOf(f.Type())
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", r.full, f.Name(), err)
		}
		made := &field{avro: f.Name(), goName: goName(f.Name()), doc: f.Doc(), shape: of, hasDefault: f.HasDefault(), fallback: f.Default()}
		made.unhashed = f.Prop("stamped") == true || f.Prop("transport") == true
		if err := checkDefault(made); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", r.full, f.Name(), err)
		}
		r.fields = append(r.fields, made)
	}
	if len(r.fields) == 0 {
		return nil, fmt.Errorf("record %s has no field", r.full)
	}
	lib.records[r.full] = r
	return r, nil
}

func checkDefault(f *field) error {
	switch {
	case f.shape.optional && !f.hasDefault:
		return fmt.Errorf("an optional field has the default null")
	case f.shape.optional && f.fallback != nil:
		return fmt.Errorf("an optional field's default is null, not %v", f.fallback)
	case !f.hasDefault || f.shape.optional:
		return nil
	}
	switch f.shape.kind {
	case kindString, kindInt, kindLong, kindBool, kindEnum:
		return nil
	case kindArray, kindMap:
		return nil // hamba has checked the type; emptiness is checked where a default is printed
	}
	return fmt.Errorf("a default is only known for strings, numbers, booleans, enums, and empty arrays and maps")
}

// minSize is the fewest bytes that a value takes.
func (s *shape) minSize() int {
	if s.optional {
		return 1
	}
	switch s.kind {
	case kindUUID:
		return 37
	case kindDecimal:
		return 2
	case kindFixed:
		return s.size
	case kindRecord:
		sum := 0
		for _, f := range s.record.fields {
			sum += f.shape.minSize()
		}
		return sum
	}
	return 1
}

// goType is the field's type in Go.
func (s *shape) goType() string {
	base := s.baseType()
	if !s.optional {
		return base
	}
	switch s.kind {
	case kindString, kindEnum, kindBytes:
		return base // "" or no bytes is null
	case kindRecord:
		return "*" + base
	}
	return "Opt[" + base + "]"
}

func (s *shape) baseType() string {
	switch s.kind {
	case kindBytes:
		return "[]byte"
	case kindFixed:
		return fmt.Sprintf("[%d]byte", s.size)
	case kindEnum:
		return s.enum.name
	case kindRecord:
		return s.record.name
	case kindArray:
		return "[]" + s.item.goType()
	}
	return map[kind]string{
		kindString: "string", kindInt: "int32", kindLong: "int64", kindBool: "bool", kindUUID: "UUID", kindTime: "Time", kindDate: "Date",
		kindDecimal: "Decimal", kindMap: "StringMap",
	}[s.kind]
}
