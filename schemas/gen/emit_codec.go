package main

// emitEncode writes appendAvro: append only, so that a buffer with room costs no allocation.
func emitEncode(p *printer, r *record) {
	p.f("\nfunc (x *%s) appendAvro(b []byte) ([]byte, error) {", r.name)
	if canFail(r) {
		p.f("var err error")
	}
	for _, f := range r.fields {
		encodeField(p, f)
	}
	p.f("return b, nil\n}")
}

func canFail(r *record) bool {
	for _, f := range r.fields {
		switch f.shape.kind {
		case kindString, kindDecimal, kindRecord, kindEnum, kindMap:
			return true
		case kindArray:
			switch f.shape.item.kind {
			case kindString, kindDecimal, kindRecord, kindEnum:
				return true
			}
		}
	}
	return false
}

func encodeField(p *printer, f *field) {
	value := "x." + f.goName
	if f.shape.kind == kindArray {
		encodeArray(p, f, value)
		return
	}
	if !f.shape.optional {
		encodeValue(p, f, f.shape, value, false)
		return
	}
	p.f("if %s {\nb = append(b, 0)\n} else {\nb = append(b, 2)", absent(f.shape, value))
	if f.shape.goType()[0:1] == "O" && f.shape.kind != kindEnum && f.shape.kind != kindRecord && f.shape.kind != kindString {
		value += ".V"
	}
	encodeValue(p, f, f.shape, value, false)
	p.f("}")
}

// absent is the condition under which an optional value is null.
func absent(s *shape, value string) string {
	switch s.kind {
	case kindString, kindEnum:
		return value + ` == ""`
	case kindBytes:
		return "len(" + value + ") == 0"
	case kindRecord:
		return value + " == nil"
	}
	return "!" + value + ".Set"
}

// encodeValue writes one value; item says that it stands in an array, at index i.
func encodeValue(p *printer, f *field, s *shape, value string, item bool) {
	failed := "inField(\"" + f.avro + "\", err)"
	if item {
		failed = "inItem(\"" + f.avro + "\", i, err)"
	}
	fallible := func(call string) { p.f("if b, err = %s; err != nil {\nreturn b, %s\n}", call, failed) }
	switch s.kind {
	case kindString:
		fallible("appendString(b, " + value + ")")
	case kindBytes:
		p.f("b = appendBytes(b, %s)", value)
	case kindFixed:
		p.f("b = append(b, %s[:]...)", value)
	case kindInt, kindLong, kindTime, kindDate:
		p.f("b = appendLong(b, int64(%s))", value)
	case kindBool:
		p.f("b = appendBool(b, %s)", value)
	case kindUUID:
		p.f("b = appendUUID(b, %s)", value)
	case kindDecimal:
		p.f("if b, err = appendDecimalWire(b, %s, %d, %d); err != nil {\nreturn b, %s\n}", value, s.scale, s.precision, failed)
	case kindMap:
		fallible("appendStringMap(b, " + value + ")")
	case kindRecord:
		fallible(value + ".appendAvro(b)")
	case kindEnum:
		encodeEnum(p, f, s, value, failed)
	}
}

func encodeEnum(p *printer, f *field, s *shape, value, failed string) {
	fallback := -1
	if s == f.shape && enumDefault(f) != "" {
		fallback = indexOf(s.enum.symbols, enumDefault(f))
	}
	p.f("if b, err = appendEnum(b, string(%s), %s.index(), %d); err != nil {\nreturn b, %s\n}", value, value, fallback, failed)
}

func indexOf(symbols []string, symbol string) int {
	for i, s := range symbols {
		if s == symbol {
			return i
		}
	}
	return -1
}

// encodeArray writes one block that states its size in bytes, so that readers can step over it.
func encodeArray(p *printer, f *field, value string) {
	item := f.shape.item
	p.f("if len(%s) > 0 {\nat := len(b)\nb = beginBlock(b, len(%s), %d)\nfor i := range %s {", value, value, item.minSize(), value)
	encodeValue(p, f, item, value+"[i]", true)
	p.f("}\nb = endBlock(b, at, len(%s), %d)\n}\nb = append(b, 0)", value, item.minSize())
}

// emitDecode writes decodeAvro, which fills a reused value.
func emitDecode(p *printer, r *record) {
	p.f("\nfunc (x *%s) decodeAvro(r *reader) {", r.name)
	for _, f := range r.fields {
		decodeField(p, f)
	}
	p.f("}")
}

func decodeField(p *printer, f *field) {
	target := "x." + f.goName
	s := f.shape
	if s.kind == kindArray {
		decodeArray(p, s.item, target)
		return
	}
	if !s.optional {
		decodeValue(p, s, target)
		return
	}
	p.f("if r.null() || !r.present() {\n%s = %s\n} else {", target, zero(s))
	switch s.kind {
	case kindString, kindEnum, kindBytes:
		decodeValue(p, s, target)
	case kindRecord:
		p.f("if %s == nil {\n%s = new(%s)\n}", target, target, s.record.name)
		decodeValue(p, s, target)
	default:
		p.f("%s.Set = true", target)
		decodeValue(p, s, target+".V")
	}
	p.f("}")
}

func zero(s *shape) string {
	switch s.kind {
	case kindString, kindEnum:
		return `""`
	case kindRecord, kindBytes:
		return "nil"
	}
	return s.goType() + "{}"
}

func decodeValue(p *printer, s *shape, target string) {
	switch s.kind {
	case kindString:
		p.f("%s = r.string()", target)
	case kindBytes:
		p.f("%s = r.bytes(%s)", target, target)
	case kindFixed:
		p.f("r.fixed(%s[:])", target)
	case kindInt:
		p.f("%s = r.int()", target)
	case kindLong:
		p.f("%s = r.long()", target)
	case kindTime:
		p.f("%s = Time(r.long())", target)
	case kindDate:
		p.f("%s = Date(r.int())", target)
	case kindBool:
		p.f("%s = r.bool()", target)
	case kindUUID:
		p.f("r.uuid((*[16]byte)(&%s))", target)
	case kindDecimal:
		p.f("%s = r.decimal(%d, %d)", target, s.scale, s.precision)
	case kindMap:
		p.f("%s = r.stringMap(%s)", target, target)
	case kindRecord:
		p.f("%s.decodeAvro(r)", target)
	case kindEnum:
		p.f("%s = %sSymbols[r.enum(len(%sSymbols))]", target, lowerFirst(s.enum.name), lowerFirst(s.enum.name))
	}
}

func decodeArray(p *printer, item *shape, target string) {
	p.f("%s = %s[:0]", target, target)
	p.f("for k := r.firstBlock(%d); k.left > 0; k = r.nextBlock(k) {", item.minSize())
	p.f("for ; k.left > 0 && r.err == nil; k.left-- {\n%s = extend(r, %s, k.left)", target, target)
	decodeValue(p, item, target+"[len("+target+")-1]")
	p.f("}\n}")
}
