package finance

import (
	"strings"

	"github.com/throughline/throughline/schemas"
)

// keys builds the control keys of one entry in one buffer: a ten-line shipment has thirty, and each by itself would be an
// allocation. Growing the buffer leaves the keys that were cut from the old one as they are.
type keys struct{ b strings.Builder }

// of is "kind:id", or "kind:id/part".
func (k *keys) of(kind, id, separator, part string) string {
	if k.b.Cap()-k.b.Len() < len(kind)+len(id)+len(part)+2 {
		k.b = strings.Builder{}
		k.b.Grow(512)
	}
	from := k.b.Len()
	k.b.WriteString(kind)
	k.b.WriteByte(':')
	k.b.WriteString(id)
	if part != "" {
		k.b.WriteString(separator)
		k.b.WriteString(part)
	}
	return k.b.String()[from:]
}

// named is the first of alternating kinds and ids that has an id: "payment:P-1". What an event may lack has a fallback, so
// that no leg of a control account is without a key.
func (d *draft) named(kindsAndIDs ...string) string {
	for i := 0; i+1 < len(kindsAndIDs); i += 2 {
		if kindsAndIDs[i+1] != "" {
			return d.keys.of(kindsAndIDs[i], kindsAndIDs[i+1], "", "")
		}
	}
	return ""
}

// orderLine is the key of 1150 and 1260: the order line, whatever the shipment, because an invoice or a return need not name
// the shipment and would then never meet it. Without an order it is the line of the document that stands for it.
func (d *draft) orderLine(order, orderLine, kind, document, line string) string {
	if order != "" && orderLine != "" {
		return d.keys.of("line", order, "/", orderLine)
	}
	return d.keys.of(kind, document, "/", line)
}

// stock is the key of 1200: SKU, location, and lot where there is one.
func (d *draft) stock(s *schemas.StockRef) string {
	if s.Lot != "" {
		return d.keys.of("stock", s.SKU, "|", s.Location+"|"+s.Lot)
	}
	return d.keys.of("stock", s.SKU, "|", s.Location)
}

// goods adds the leg of goods that leave or come: 1200 for our own; for the supplier's, which never were on 1200, what we owe
// for them (domain.md §2.3, inventory.received CONSIGNED).
func (d *draft) goods(s *schemas.StockRef, lineKey string, amount schemas.Decimal, it *item) {
	if s.Owner == schemas.StockOwnerCONSIGNED {
		d.worth(goodsReceived, lineKey, amount, it)
		return
	}
	d.worth(inventory, d.stock(s), amount, it)
}
