package schemas

import (
	"errors"
	"fmt"

	"github.com/hamba/avro/v2"
)

// Compatible says whether data written with each of writers can be read with reader (Avro schemas as JSON); the error says why not. Beyond Avro's own rules
// it compares logical types, which hamba does not: a decimal whose scale changes, or milliseconds read as microseconds, would be other values without an error.
func Compatible(reader string, writers []string) error {
	r, err := parseSchema(reader)
	if err != nil {
		return fmt.Errorf("reader schema: %w", err)
	}
	var broken []error
	for i, text := range writers {
		w, err := parseSchema(text)
		if err == nil {
			if err = checkLogical(r, w); err == nil {
				err = avro.NewSchemaCompatibility().Compatible(r, w)
			}
		}
		if err != nil {
			broken = append(broken, fmt.Errorf("writer schema %d: %w", i+1, err))
		}
	}
	return errors.Join(broken...)
}

// checkLogical compares logical types where both schemas have the field.
func checkLogical(reader, writer avro.Schema) error {
	reader, writer = deref(reader), deref(writer)
	switch r := reader.(type) {
	case *avro.RecordSchema:
		if w, ok := writer.(*avro.RecordSchema); ok {
			return checkLogicalFields(r, w)
		}
	case *avro.ArraySchema:
		if w, ok := writer.(*avro.ArraySchema); ok {
			return checkLogical(r.Items(), w.Items())
		}
	case *avro.MapSchema:
		if w, ok := writer.(*avro.MapSchema); ok {
			return checkLogical(r.Values(), w.Values())
		}
	case *avro.UnionSchema:
		return checkLogicalUnion(r, writer)
	case *avro.PrimitiveSchema:
		if w, ok := writer.(*avro.UnionSchema); ok {
			for _, t := range w.Types() {
				if err := checkLogical(reader, t); err != nil {
					return err
				}
			}
			return nil
		}
		return sameLogical(reader, writer)
	}
	return nil
}

func checkLogicalFields(r, w *avro.RecordSchema) error {
	for _, rf := range r.Fields() {
		for _, wf := range w.Fields() {
			if !sameField(rf, wf) {
				continue
			}
			if err := checkLogical(rf.Type(), wf.Type()); err != nil {
				return inField(rf.Name(), err)
			}
		}
	}
	return nil
}

func sameField(reader, writer *avro.Field) bool {
	if reader.Name() == writer.Name() {
		return true
	}
	for _, alias := range reader.Aliases() {
		if alias == writer.Name() {
			return true
		}
	}
	return false
}

// checkLogicalUnion compares each type of the writer with the reader's type of the same name.
func checkLogicalUnion(r *avro.UnionSchema, writer avro.Schema) error {
	types := []avro.Schema{writer}
	if w, ok := writer.(*avro.UnionSchema); ok {
		types = w.Types()
	}
	for _, wt := range types {
		for _, rt := range r.Types() {
			if deref(rt).Type() != deref(wt).Type() {
				continue
			}
			if err := checkLogical(rt, wt); err != nil {
				return err
			}
		}
	}
	return nil
}

func sameLogical(reader, writer avro.Schema) error {
	r, w := logicalOf(reader), logicalOf(writer)
	switch {
	case r == avro.Decimal && w == avro.Decimal:
		rd, wd := decimalOf(reader), decimalOf(writer)
		if rd.Scale() != wd.Scale() {
			return fmt.Errorf("a decimal of scale %d read as one of scale %d", wd.Scale(), rd.Scale())
		}
		if rd.Precision() < wd.Precision() {
			return fmt.Errorf("a decimal of %d digits read as one of %d", wd.Precision(), rd.Precision())
		}
		return nil
	case r == w, writer.Type() == avro.Null:
		return nil
	case reader.Type() == avro.String && (r == avro.UUID || w == avro.UUID):
		return nil // the same text; the decoder checks it
	}
	return fmt.Errorf("logical type %q read as %q", w, r)
}

func decimalOf(s avro.Schema) *avro.DecimalLogicalSchema {
	return s.(avro.LogicalTypeSchema).Logical().(*avro.DecimalLogicalSchema)
}

func deref(s avro.Schema) avro.Schema {
	if ref, ok := s.(*avro.RefSchema); ok {
		return ref.Schema()
	}
	return s
}
