package onlineretail

import (
	"github.com/throughline/throughline/schemas"
)

// A credit note is a thread of its own: it names no order, because the file does not. Every credited piece is taken to have come back.

func (d *document) returnID() string { return "RET-" + d.no }

// creditMemo turns the negative rows into positive amounts: a credit note says what is credited.
func (d *document) creditMemo() schemas.Event {
	e := &schemas.CreditMemoIssued{
		Meta:         d.meta("credit_memo.issued", "credit memo", d.no, "issued", "credit_memo_id", d.no, "matched_orders", d.matched),
		CreditMemoID: d.no, CustomerRef: d.customer, Channel: Channel, Currency: currency, Funding: funding(),
		Lines: make([]schemas.CreditLine, 0, len(d.lines)),
	}
	for i := range d.lines {
		l := &d.lines[i]
		if l.class != Return && !l.class.charge() {
			continue
		}
		quantity, own := pieces(-l.qty), amounts(l.value().Neg(), schemas.Decimal{})
		credited := schemas.CreditLine{LineID: l.id, Quantity: &quantity, Amounts: &own}
		if l.class == Return {
			ref := stock(l.sku)
			credited.Kind, credited.Goods, credited.Stock = schemas.LineKindGOODS, schemas.CreditedGoodsEXPECTED_BACK, &ref
		} else {
			credited.Kind, credited.ChargeCode = schemas.LineKindCHARGE, services[l.sku].charge
		}
		e.Lines = append(e.Lines, credited)
	}
	return e
}

func (d *document) returnMeta(eventType, transition string) schemas.Meta {
	return d.meta(eventType, "return", d.no, transition, "credit_memo_id", d.no, "return_id", d.returnID(), "matched_orders", d.matched)
}

func (d *document) returned() schemas.Event {
	back := d.of(func(c Class) bool { return c == Return })
	e := &schemas.ReturnReceived{
		Meta: d.returnMeta("return.received", "received"), ReceiptID: d.returnID(), CreditMemoID: d.no,
		Against: schemas.ReturnAgainstCREDITED, Lines: make([]schemas.ReturnLine, len(back)),
	}
	for i, l := range back {
		e.Lines[i] = schemas.ReturnLine{LineID: l.id, CreditMemoLineID: l.id, Stock: stock(l.sku), Quantity: pieces(-l.qty)}
	}
	return e
}

func (d *document) restocked() schemas.Event {
	back := d.of(func(c Class) bool { return c == Return })
	e := &schemas.ReturnDispositioned{
		Meta: d.returnMeta("return.dispositioned", "dispositioned"), DispositionID: "DSP-" + d.no, ReceiptID: d.returnID(), CreditMemoID: d.no,
		Lines: make([]schemas.DispositionLine, len(back)),
	}
	for i, l := range back {
		e.Lines[i] = schemas.DispositionLine{
			LineID: l.id, ReceiptLineID: l.id, Stock: stock(l.sku), Quantity: pieces(-l.qty), Outcome: schemas.ReturnOutcomeRESTOCK,
		}
	}
	return e
}
