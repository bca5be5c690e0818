package main

import (
	"fmt"
	"sort"
)

// emitHash writes hashContent: business fields that differ from their defaults, in the order of their names.
func emitHash(p *printer, r *record) {
	p.f("\nfunc (x *%s) hashContent(h *contentHasher) {", r.name)
	fields := append([]*field(nil), r.fields...)
	sort.Slice(fields, func(i, j int) bool { return fields[i].avro < fields[j].avro })
	for _, f := range fields {
		if !f.unhashed {
			hashField(p, f)
		}
	}
	p.f("}")
}

func hashField(p *printer, f *field) {
	value, s := "x."+f.goName, f.shape
	switch {
	case s.kind == kindArray:
		p.f("if len(%s) > 0 {\nh.name(%q)\nh.count(len(%s))\nfor i := range %s {", value, f.avro, value, value)
		hashValue(p, s.item, value+"[i]")
		p.f("}\n}")
	case s.kind == kindRecord && !s.optional:
		p.f("{\nmark := h.name(%q)\n%s.hashContent(h)\nh.endRequired(mark)\n}", f.avro, value)
	default:
		p.f("if %s {\nh.name(%q)", differs(f, value), f.avro)
		if s.optional && s.goType()[0:3] == "Opt" && s.kind != kindEnum {
			value += ".V"
		}
		hashValue(p, s, value)
		p.f("}")
	}
}

// differs is the condition under which a field is not its default.
func differs(f *field, value string) string {
	s := f.shape
	switch s.kind {
	case kindEnum:
		if d := enumDefault(f); d != "" {
			return fmt.Sprintf("%s != \"\" && %s != %q", value, value, d)
		}
		return value + ` != ""`
	case kindMap, kindBytes:
		return "len(" + value + ") > 0"
	case kindRecord:
		return value + " != nil"
	}
	if s.optional && s.kind != kindString {
		return value + ".Set"
	}
	switch s.kind {
	case kindString:
		d, _ := f.fallback.(string)
		return fmt.Sprintf("%s != %q", value, d)
	case kindBool:
		if f.fallback == true {
			return "!" + value
		}
		return value
	case kindUUID, kindDecimal:
		return "!" + value + ".IsZero()"
	case kindFixed:
		return fmt.Sprintf("%s != (%s{})", value, s.goType())
	}
	return fmt.Sprintf("%s != %v", value, number(f.fallback))
}

func number(fallback any) any {
	if fallback == nil {
		return 0
	}
	return fallback
}

func hashValue(p *printer, s *shape, value string) {
	switch s.kind {
	case kindString:
		p.f("h.string(%s)", value)
	case kindEnum:
		p.f("h.string(string(%s))", value)
	case kindBytes:
		p.f("h.bytes(%s)", value)
	case kindFixed:
		p.f("h.bytes(%s[:])", value)
	case kindInt, kindLong, kindTime, kindDate:
		p.f("h.number(int64(%s))", value)
	case kindBool:
		p.f("h.bool(%s)", value)
	case kindUUID:
		p.f("h.uuid(%s)", value)
	case kindDecimal:
		p.f("h.decimal(%s)", value)
	case kindMap:
		p.f("h.stringMap(%s)", value)
	case kindRecord:
		p.f("%s.hashContent(h)\nh.endRecord()", value)
	}
}
