package main

import "strings"

// initialisms are written in capitals in Go names.
var initialisms = map[string]string{
	"id": "ID", "sku": "SKU", "uom": "UOM", "fx": "FX", "gtin": "GTIN", "sscc": "SSCC", "psp": "PSP", "rma": "RMA", "atp": "ATP",
	"url": "URL", "tz": "TZ",
}

// goName turns an Avro field's snake_case into Go's CamelCase.
func goName(snake string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(snake, "_") {
		if up, ok := initialisms[word]; ok {
			b.WriteString(up)
		} else if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// lowerFirst makes an exported name private: PSPFeeCharged gives pspFeeCharged, OrderLine gives orderLine.
func lowerFirst(name string) string {
	n := 0
	for n < len(name) && name[n] >= 'A' && name[n] <= 'Z' {
		n++
	}
	if n > 1 && n < len(name) {
		n-- // the last capital begins the next word
	}
	return strings.ToLower(name[:n]) + name[n:]
}
