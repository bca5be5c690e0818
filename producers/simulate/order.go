package simulate

import (
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// deal is how a customer buys: where, in which currency, on which terms, and who takes the money.
type deal struct {
	channel, system, instance string
	currency                  string
	terms                     schemas.Terms
	method                    schemas.PaymentMethod
	psp                       string
	country                   string
	marketplace               bool // its operator collects the tax and pays us
}

var (
	webUSD    = deal{"webshop", "shopify", "acme-us", "USD", schemas.TermsPREPAID, schemas.PaymentMethodCARD, "stripe", "US", false}
	walletUSD = deal{"webshop", "shopify", "acme-us", "USD", schemas.TermsPREPAID, schemas.PaymentMethodWALLET, "paypal", "US", false}
	bankUSD   = deal{"webshop", "shopify", "acme-us", "USD", schemas.TermsPREPAID, schemas.PaymentMethodBANK, "", "US", false}
	codUSD    = deal{"webshop", "shopify", "acme-us", "USD", schemas.TermsCOD, schemas.PaymentMethodCOD, "ups-cod", "US", false}
	webEUR    = deal{"webshop", "shopify", "acme-eu", "EUR", schemas.TermsPREPAID, schemas.PaymentMethodCARD, "adyen", "DE", false}
	cardEUR   = deal{"webshop", "shopify", "acme-eu", "EUR", schemas.TermsPREPAID, schemas.PaymentMethodCARD, "stripe", "FR", false}
	webGBP    = deal{"webshop", "shopify", "acme-uk", "GBP", schemas.TermsPREPAID, schemas.PaymentMethodCARD, "adyen", "GB", false}
	amazonUS  = deal{"amazon", "amazon", "amazon-us", "USD", schemas.TermsPREPAID, schemas.PaymentMethodMARKETPLACE, "amazon", "US", true}
	amazonUK  = deal{"amazon", "amazon", "amazon-uk", "GBP", schemas.TermsPREPAID, schemas.PaymentMethodMARKETPLACE, "amazon", "GB", true}
	b2bUSD    = deal{"b2b", "edi", "as2", "USD", schemas.TermsON_ACCOUNT, schemas.PaymentMethodBANK, "", "US", false}
	b2bEUR    = deal{"b2b", "edi", "as2", "EUR", schemas.TermsON_ACCOUNT, schemas.PaymentMethodBANK, "", "FR", false}
	b2bGBP    = deal{"b2b", "edi", "as2", "GBP", schemas.TermsON_ACCOUNT, schemas.PaymentMethodBANK, "", "GB", false}
)

func everyDeal() []deal {
	return []deal{webUSD, walletUSD, bankUSD, codUSD, webEUR, cardEUR, webGBP, amazonUS, amazonUK, b2bUSD, b2bEUR, b2bGBP}
}

func dollarDeals() []deal { return []deal{webUSD, walletUSD, bankUSD, codUSD, amazonUS, b2bUSD} }

func prepaidDeals() []deal {
	return []deal{webUSD, walletUSD, bankUSD, webEUR, cardEUR, webGBP, amazonUS, amazonUK}
}

// order is a customer's order and how far it has come.
type order struct {
	deal
	id          string
	customer    string
	at          schemas.Time
	place       string
	lines       []*orderLine
	total       schemas.Decimal
	payments    []*payment
	billed      bool // its charges stand on an invoice
	control     schemas.TransferPoint
	version     int  // where it changes
	bare        bool // neither discount nor freight nor tax, and unit prices in whole cents
	freightBack bool // credit memos of goods credit their freight
}

// orderLine counts in whole steps of its item: pieces, cases or half kilograms.
type orderLine struct {
	id     string
	kind   schemas.LineKind
	charge string
	item   *item
	place  string
	qty    int64

	requested schemas.Date
	price     schemas.Decimal
	amounts   schemas.LineAmounts
	parts     []schemas.Decimal // what is sliced and owed: net, freight, each tax that we remit
	card      *giftCard         // of a GIFT_CARD line
	shipped   int64
	credited  int64
}

func (o *order) prepaid() bool { return o.terms == schemas.TermsPREPAID }

// ours says that the goods stay ours until they arrive.
func (o *order) ours() bool { return o.control == schemas.TransferPointAT_DELIVERY }

func (o *order) refs(kv ...string) []string { return append([]string{"order_id", o.id}, kv...) }

func (o *order) goods() []*orderLine {
	var out []*orderLine
	for _, l := range o.lines {
		if l.kind == schemas.LineKindGOODS {
			out = append(out, l)
		}
	}
	return out
}

// worth is what the customer owes for n steps of l after the first from: a slice by cumulative difference of each part.
func (l *orderLine) worth(from, n int64) schemas.Decimal {
	sum := schemas.NewDecimal(0, 4)
	for _, part := range l.parts {
		sum = sum.Add(schemas.Slice(part, whole(from), whole(n), whole(l.qty), 2, schemas.HalfUp))
	}
	return sum
}

func whole(n int64) schemas.Decimal { return schemas.NewDecimal(n, 0) }

// quantity is n steps of an item, as documents say it and in base units.
func (it *item) quantity(n int64) schemas.Quantity {
	q := schemas.Quantity{Qty: schemas.NewDecimal(n*it.step, 3), UOM: it.uom, BaseQty: schemas.NewDecimal(n*it.step*it.factor, 3), BaseUOM: it.uom}
	if it.caseUOM != "" {
		q.UOM = it.caseUOM
	}
	return q
}

// pieces is n steps as a warehouse counts that knows no cases.
func (it *item) pieces(n int64) schemas.Quantity {
	q := it.quantity(n)
	q.Qty, q.UOM = q.BaseQty, q.BaseUOM
	return q
}

// base is n steps in thousandths of the base unit.
func (it *item) base(n int64) int64 { return n * it.step * it.factor }

func (it *item) at(place string) schemas.StockRef {
	return schemas.StockRef{SKU: it.sku, Location: place, StockStatus: schemas.StockStatusAVAILABLE, Owner: it.owner}
}

// newOrder lets a customer order at an instant and plans what becomes of it.
func (r *run) newOrder(i int, at schemas.Time) {
	p := r.nextPlot()
	o := &order{deal: p.deals[r.rng.IntN(len(p.deals))], id: "SO-" + strconv.Itoa(100_001+i), at: at + second, place: pick(r, r.places...),
		customer: "C-" + strconv.Itoa(1000+r.rng.IntN(200)), freightBack: r.chance(30), control: schemas.TransferPointAT_SHIPMENT, bare: p.changes}
	switch {
	case p.ours:
		o.control = schemas.TransferPointAT_DELIVERY
	case r.chance(8): // the customer's carrier fetches it
		o.control = schemas.TransferPointAT_PICKUP
	}
	if p.changes {
		o.version = 1
	}
	r.addGoods(o, p)
	r.price(o)
	if p.extras {
		r.addExtras(o)
	}
	r.accept(o)
	p.play(r, o)
}

// addGoods chooses items that are free to promise; the warehouse is restocked where they are not.
func (r *run) addGoods(o *order, p plot) {
	n := max(r.cfg.LinesMin+r.rng.IntN(r.cfg.LinesMax-r.cfg.LinesMin+1), p.leastLines)
	for i := range n {
		it := r.items[r.rng.IntN(len(r.items)-1)]
		switch {
		case p.consigned && i == 0:
			it = r.consigned
		case p.changes:
			it = r.otherThan(nil)
		}
		l := &orderLine{id: strconv.Itoa(i + 1), kind: schemas.LineKindGOODS, item: it, place: o.place,
			qty: max(1+r.rng.Int64N(6), p.leastQty), requested: localDate(o.at) + 3}
		r.take(it, l.place, it.base(l.qty), o.at)
		o.lines = append(o.lines, l)
	}
}

func (r *run) accept(o *order) {
	e := &schemas.OrderAccepted{OrderID: o.id, CustomerRef: o.customer, ShipToCountry: o.country, Channel: o.channel, Terms: o.terms,
		Currency: o.currency, Control: schemas.ControlTransfer{Point: o.control, Incoterm: map[schemas.TransferPoint]string{
			schemas.TransferPointAT_SHIPMENT: "FCA", schemas.TransferPointAT_PICKUP: "EXW", schemas.TransferPointAT_DELIVERY: "DAP"}[o.control]}}
	if o.version > 0 {
		e.OrderVersion = strconv.Itoa(o.version)
	}
	if o.prepaid() && r.chance(70) { // the others leave the rate to admission, which takes the spot of the day
		e.FX = r.fx(o.currency, o.at, schemas.RateTypePREPAYMENT, "shop")
	}
	for _, l := range o.lines {
		line := schemas.OrderLine{LineID: l.id, Kind: l.kind, ChargeCode: l.charge, Amounts: l.amounts}
		if l.kind == schemas.LineKindGOODS {
			ref := l.item.at(l.place)
			line.Stock, line.Quantity, line.RequestedDate = &ref, l.item.quantity(l.qty), schemas.Some(l.requested)
			line.UnitPrice = schemas.Some(l.price)
		} else {
			line.Quantity = schemas.Quantity{Qty: whole(1), UOM: "EA", BaseQty: whole(1), BaseUOM: "EA"}
		}
		e.Lines = append(e.Lines, line)
	}
	if o.prepaid() {
		e.TenderPlan = []schemas.Tender{{Method: o.method, Amount: o.total}}
	}
	r.say(o.at, e, o.document("accepted"), "order_id", o.id)
}
