package onlineretail

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// What an invoice becomes: a sale (order, reservation, pick, pack, shipment), an invoice, a credit note with its return, an adjustment
// of stock, and one event for each row that is a fee, a gift card or a write-off.

func (d *document) credit() bool { return d.no[0] == 'C' }

func (d *document) any(of ...Class) bool {
	return slices.ContainsFunc(of, func(c Class) bool { return d.has[c] })
}

func (d *document) sale() bool { return d.any(Merchandise, FreeGoods) }

func (d *document) invoiced() bool {
	return d.sale() || d.any(Freight, Manual, BankChargeBilled, Sample) || d.has[Unpriced] && !d.credit()
}

func (d *document) credited() bool {
	return d.any(Return, FreightCredit, DiscountCredit, ManualCredit, SampleCredit) || d.has[Unpriced] && d.credit()
}

// events is the number of events that emit yields.
func (d *document) events() int {
	n := 0
	if d.sale() {
		n += 5
	}
	for _, one := range []bool{d.invoiced(), d.credited(), d.any(Loss, Found)} {
		if one {
			n++
		}
	}
	if d.has[Return] {
		n += 2
	}
	for i := range d.lines {
		if d.lines[i].class.alone() {
			n++
		}
	}
	return n
}

// emit yields the document's events and says whether to go on.
func (d *document) emit(yield func(schemas.Event) bool) bool {
	var events []schemas.Event
	var freight []schemas.Decimal
	if d.sale() {
		freight = d.freightShares()
		events = append(events, d.order(freight), d.reservation(), d.pick(), d.pack(), d.shipment())
	}
	if d.invoiced() {
		events = append(events, d.invoice(freight != nil))
	}
	if d.credited() {
		events = append(events, d.creditMemo())
	}
	if d.has[Return] {
		events = append(events, d.returned(), d.restocked())
	}
	if d.any(Loss, Found) {
		events = append(events, d.adjustment())
	}
	for i := range d.lines {
		if d.lines[i].class.alone() {
			events = append(events, d.alone(&d.lines[i]))
		}
	}
	for _, e := range events {
		if !yield(e) {
			return false
		}
	}
	return true
}

// meta is the envelope of one of the document's events.
func (d *document) meta(eventType, docType, docID, transition string, refs ...string) schemas.Meta {
	m := envelope(eventType, schemas.Source{DocType: docType, DocID: docID, Transition: transition}, d.at)
	m.SubjectRefs = schemas.StringMapOf(refs...)
	return m
}

// of gives the lines of the classes that want says.
func (d *document) of(want func(Class) bool) []*line {
	var found []*line
	for i := range d.lines {
		if want(d.lines[i].class) {
			found = append(found, &d.lines[i])
		}
	}
	return found
}

// freightShares splits the invoice's freight over its goods lines by their net value (domain.md §2.5 rule 1). It is nil where no goods
// line has a price: then the freight is a charge of its own.
func (d *document) freightShares() []schemas.Decimal {
	if !d.has[Merchandise] {
		return nil
	}
	total := schemas.Decimal{}
	for _, l := range d.of(func(c Class) bool { return c == Freight }) {
		total = total.Add(l.value())
	}
	goods := d.of(Class.shipped)
	if total.IsZero() {
		return make([]schemas.Decimal, len(goods))
	}
	weights := make([]schemas.Decimal, len(goods))
	for i, l := range goods {
		weights[i] = l.value()
	}
	return schemas.Allocate(total, weights, nil, pennies)
}

const pennies = 2 // of GBP; Allocate keeps what a source amount has below it

// amounts are those of a line without discount or tax; the file has neither.
func amounts(net, freight schemas.Decimal) schemas.LineAmounts {
	return schemas.LineAmounts{Gross: net, Net: net, FreightNet: freight, Total: net.Add(freight)}
}

// funding is the same for every document: the file holds no payments, so everything stays on account.
func funding() *schemas.Funding {
	return &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
}
