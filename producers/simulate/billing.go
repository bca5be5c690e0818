package simulate

import (
	"strconv"

	"github.com/throughline/throughline/schemas"
)

func erp(docType, docID, transition string) schemas.Source {
	return schemas.Source{System: "erp", Instance: "acme", DocType: docType, DocID: docID, Transition: transition}
}

// invoice is a tax document and what the customer owes by it.
type invoice struct {
	id    string
	at    schemas.Time
	owed  schemas.Decimal
	fx    *schemas.Fx // of a receivable in another currency: that of the day when the goods left
	event *schemas.InvoiceIssued
}

// bill invoices a shipment: billing names the shipment's lines, the amounts are known from the order. The first invoice of an order takes
// its charges and gift cards along.
func (r *run) bill(o *order, at schemas.Time, s *shipment) *invoice {
	inv := r.newInvoice(o, at)
	inv.owed = s.owed
	if !o.prepaid() {
		inv.fx = r.fx(o.currency, s.at, schemas.RateTypeSPOT, "ECB")
	}
	for i, p := range s.parts {
		q, stock := p.line.item.quantity(p.n), p.line.item.at(p.line.place)
		line := schemas.InvoiceLine{LineID: strconv.Itoa(i + 1), Kind: schemas.LineKindGOODS, OrderLineID: p.line.id,
			ShipmentID: s.id, ShipmentLineID: s.lines[i], Stock: &stock, Quantity: &q}
		if p.n == p.line.qty && r.chance(15) { // a line that is billed whole states the tax that the order knew
			line.StatesTax, line.StatedTaxes = true, p.line.amounts.Taxes
		}
		inv.event.Lines = append(inv.event.Lines, line)
	}
	r.issue(o, inv)
	return inv
}

// billAhead invoices the whole order before anything ships: no line names a shipment.
func (r *run) billAhead(o *order, at schemas.Time) *invoice {
	inv := r.newInvoice(o, at)
	for i, l := range o.goods() {
		q, stock := l.item.quantity(l.qty), l.item.at(l.place)
		inv.event.Lines = append(inv.event.Lines, schemas.InvoiceLine{LineID: strconv.Itoa(i + 1), Kind: schemas.LineKindGOODS, OrderLineID: l.id,
			Stock: &stock, Quantity: &q})
		inv.owed = inv.owed.Add(l.amounts.Total)
	}
	r.issue(o, inv)
	return inv
}

func (r *run) newInvoice(o *order, at schemas.Time) *invoice {
	inv := &invoice{id: r.id("INV"), at: at}
	inv.event = &schemas.InvoiceIssued{InvoiceID: inv.id, OrderID: o.id, CustomerRef: o.customer, Channel: o.channel, Currency: o.currency}
	if !o.prepaid() {
		inv.event.DueDate = schemas.Some(localDate(at) + 30)
	}
	return inv
}

// issue adds what the order holds beside goods, once, and publishes.
func (r *run) issue(o *order, inv *invoice) {
	if !o.billed {
		o.billed = true
		for _, l := range o.lines {
			if l.kind == schemas.LineKindGOODS {
				continue
			}
			amounts := l.amounts
			inv.event.Lines = append(inv.event.Lines, schemas.InvoiceLine{LineID: strconv.Itoa(len(inv.event.Lines) + 1), Kind: l.kind,
				ChargeCode: l.charge, OrderLineID: l.id, Amounts: &amounts})
			inv.owed = inv.owed.Add(amounts.Total)
			if l.kind == schemas.LineKindGIFT_CARD {
				r.sellOrderedCard(o, inv, l)
			}
		}
	}
	if r.chance(10) { // the document states its date
		inv.event.Meta.DocumentDate = schemas.Some(localDate(inv.at))
	}
	r.say(inv.at, inv.event, erp("invoice", inv.id, "issued"), o.refs("invoice_id", inv.id)...)
}

// sellOrderedCard: what the customer paid for the card leaves the deposit when the invoice is issued.
func (r *run) sellOrderedCard(o *order, inv *invoice, l *orderLine) {
	card := &giftCard{ref: r.id("GC"), worth: l.amounts.Total, from: inv.at + hour}
	r.cards, l.card = append(r.cards, card), card
	r.say(inv.at, &schemas.GiftCardSold{SaleID: "S-" + card.ref, CardRef: card.ref, OrderID: o.id, InvoiceID: inv.id, CustomerRef: o.customer,
		Amount: schemas.Money{Amount: card.worth, Currency: o.currency}, PaidInto: schemas.PaidIntoORDER_DEPOSIT},
		erp("gift card", card.ref, "sold"), o.refs("invoice_id", inv.id)...)
}

// sellCard sells a gift card at the counter: by bank transfer, by card through the processor, or on account of the bank clearing.
func (r *run) sellCard(at schemas.Time) {
	card := &giftCard{ref: r.id("GC"), worth: schemas.NewDecimal(20*(1+r.rng.Int64N(5)), 0).Round(4, schemas.Down), from: at + day}
	e := &schemas.GiftCardSold{SaleID: "S-" + card.ref, CardRef: card.ref, Amount: schemas.Money{Amount: card.worth, Currency: Functional}}
	r.counter++
	switch r.counter % 3 {
	case 0:
		e.PaidInto, e.PaymentRef = schemas.PaidIntoBANK, "chase-001"
	case 1:
		e.PaidInto, e.PaymentRef = schemas.PaidIntoPSP, r.id("PAY")
		r.settle(at, &payment{id: e.PaymentRef, method: schemas.PaymentMethodCARD, psp: "stripe", currency: Functional, amount: card.worth})
	case 2:
		e.PaidInto, e.PaymentRef = schemas.PaidIntoBANK_CLEARING, r.id("PAY")
		r.bankLine(r.later(at, 1, 0), schemas.MatchedKindPAYMENT, e.PaymentRef, "", e.Amount, nil)
	}
	r.say(at, e, erp("gift card", card.ref, "sold"), "gift_card", card.ref)
	if r.counter%6 == 3 {
		r.void(r.later(at, 1, hour), e, schemas.CorrectionReasonDID_NOT_OCCUR, "sold in training mode")
		return
	}
	r.cards = append(r.cards, card)
}

// creditGoods credits the first n steps of each of some shipped lines. It answers what the customer gets, and the credit memo.
func (r *run) creditGoods(o *order, at schemas.Time, s *shipment, inv *invoice, goods schemas.CreditedGoods, n int64, fee schemas.Decimal) (*schemas.CreditMemoIssued, schemas.Decimal) {
	e := r.newCredit(o)
	e.InvoiceID = inv.id
	owed := fee.Neg()
	if !fee.IsZero() {
		e.RestockingFee = schemas.Some(fee.Round(4, schemas.Down))
	}
	freight := o.freightTaxed() || o.freightBack // for all credit memos of an order, or their order would matter
	for i, p := range s.parts[:max(1, len(s.parts)/2)] {
		back := min(n, p.n)
		q, stock := p.item.quantity(back), p.item.at(p.place)
		e.Lines = append(e.Lines, schemas.CreditLine{LineID: strconv.Itoa(i + 1), Kind: schemas.LineKindGOODS, Goods: goods, OrderLineID: p.line.id,
			ShipmentID: s.id, ShipmentLineID: s.lines[i], Stock: &stock, Quantity: &q, CreditsFreight: freight})
		owed = owed.Add(p.line.worth(p.line.credited, back))
		if !freight {
			owed = owed.Sub(schemas.Slice(p.line.amounts.FreightNet, whole(p.line.credited), whole(back), whole(p.line.qty), 2, schemas.HalfUp))
		}
		p.line.credited += back
	}
	r.say(at, e, erp("credit memo", e.CreditMemoID, "issued"), o.refs("credit_memo_id", e.CreditMemoID, "invoice_id", inv.id)...)
	return e, owed
}

// creditUnshipped credits the last n steps of a line that was invoiced ahead and will not ship.
func (r *run) creditUnshipped(o *order, at schemas.Time, inv *invoice, l *orderLine, n int64) (*schemas.CreditMemoIssued, schemas.Decimal) {
	e := r.newCredit(o)
	e.InvoiceID = inv.id
	q, stock := l.item.quantity(n), l.item.at(l.place)
	e.Lines = []schemas.CreditLine{{LineID: "1", Kind: schemas.LineKindGOODS, Goods: schemas.CreditedGoodsNOT_SHIPPED, OrderLineID: l.id,
		Stock: &stock, Quantity: &q, CreditsFreight: true}}
	r.say(at, e, erp("credit memo", e.CreditMemoID, "issued"), o.refs("credit_memo_id", e.CreditMemoID, "invoice_id", inv.id)...)
	return e, l.worth(l.qty-n, n)
}

// creditCharge gives money for no goods: a late delivery, a price that was wrong.
func (r *run) creditCharge(o *order, at schemas.Time, inv *invoice, code string, amount schemas.Decimal) *schemas.CreditMemoIssued {
	e, amounts := r.newCredit(o), flat(amount)
	amounts.Total = amounts.Net
	e.InvoiceID = inv.id
	e.Lines = []schemas.CreditLine{{LineID: "1", Kind: schemas.LineKindCHARGE, ChargeCode: code, Amounts: &amounts}}
	r.say(at, e, erp("credit memo", e.CreditMemoID, "issued"), o.refs("credit_memo_id", e.CreditMemoID)...)
	return e
}

func (r *run) newCredit(o *order) *schemas.CreditMemoIssued {
	return &schemas.CreditMemoIssued{CreditMemoID: r.id("CM"), OrderID: o.id, CustomerRef: o.customer, Channel: o.channel, Currency: o.currency}
}

// writeOff gives up part of a receivable; a negative amount takes it back. At which rate it stands the invoice says.
func (r *run) writeOff(o *order, at schemas.Time, inv *invoice, amount schemas.Decimal, relief *schemas.Money) {
	e := &schemas.ReceivableWrittenOff{WriteOffID: r.id("WO"), InvoiceID: inv.id, OrderID: o.id, CustomerRef: o.customer,
		Amount: schemas.Money{Amount: amount, Currency: o.currency}, TaxRelief: relief}
	if relief != nil {
		e.TaxJurisdiction = "US-TX"
	}
	r.say(at, e, erp("write-off", e.WriteOffID, "written_off"), o.refs("invoice_id", inv.id)...)
}

// recover books money that came although nobody expected it any more, and the tax on it that is owed again.
func (r *run) recover(o *order, at schemas.Time, inv *invoice, amount schemas.Decimal, relief *schemas.Money) {
	fx := r.fx(o.currency, at, schemas.RateTypeSPOT, "bank")
	e := &schemas.ReceivableRecovered{RecoveryID: r.id("RCV"), InvoiceID: inv.id, OrderID: o.id, CustomerRef: o.customer,
		Amount: schemas.Money{Amount: amount, Currency: o.currency}, TaxRelief: relief, FX: fx}
	if relief != nil {
		e.TaxJurisdiction = "US-TX"
	}
	r.say(at, e, erp("recovery", e.RecoveryID, "recovered"), o.refs("invoice_id", inv.id)...)
	r.bankLine(r.later(at, 1, 0), schemas.MatchedKindREMITTANCE, e.RecoveryID, o.id, e.Amount, fx)
}

// standingDocuments are an invoice and a credit memo that belong to no order. Nobody can complete them, so they state everything.
func (r *run) standingDocuments(at schemas.Time) {
	currency := pick(r, "USD", "EUR")
	fx := r.fx(currency, at, schemas.RateTypeSPOT, "erp")
	funding := &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
	line := &orderLine{}
	line.setAmounts(flat(schemas.NewDecimal(5000+r.rng.Int64N(20_000), 2)), []taxRule{{"US-TX", 825, schemas.TaxOnITEM, schemas.TaxRemitterSELLER}})
	amounts := line.amounts
	inv := &schemas.InvoiceIssued{InvoiceID: r.id("INV"), CustomerRef: "C-0001", Channel: "b2b", Currency: currency, FX: fx, Funding: funding,
		Lines: []schemas.InvoiceLine{{LineID: "1", Kind: schemas.LineKindCHARGE, ChargeCode: pick(r, "MANUAL", "BANK_CHARGE", "SAMPLE"), Amounts: &amounts}}}
	r.say(at, inv, erp("invoice", inv.InvoiceID, "issued"), "invoice_id", inv.InvoiceID)
	goodwill := flat(schemas.NewDecimal(500+r.rng.Int64N(2000), 2))
	goodwill.Total = goodwill.Net
	cm := &schemas.CreditMemoIssued{CreditMemoID: r.id("CM"), InvoiceID: inv.InvoiceID, CustomerRef: "C-0001", Channel: "b2b", Currency: currency, FX: fx,
		Funding: funding, Lines: []schemas.CreditLine{{LineID: "1", Kind: schemas.LineKindCHARGE, ChargeCode: pick(r, "MANUAL", "DISCOUNT", "FREIGHT"), Amounts: &goodwill}}}
	r.say(r.later(at, 2, 0), cm, erp("credit memo", cm.CreditMemoID, "issued"), "credit_memo_id", cm.CreditMemoID)
	pay := &payment{id: r.id("PAY"), invoice: inv.InvoiceID, method: schemas.PaymentMethodBANK, currency: currency,
		amount: amounts.Total.Sub(goodwill.Total), funding: funding, booked: fx}
	r.capture(r.later(at, 10, 0), nil, pay)
}

// void takes an event back by its id alone, in the words of the document that it came from.
func (r *run) void(at schemas.Time, e schemas.Event, reason schemas.CorrectionReason, why string, instead ...string) {
	original := e.Header()
	source := original.Source
	source.Transition = original.Source.Transition + " voided"
	v := &schemas.EventVoided{VoidID: r.id("VOID"), Reason: why, By: "U-17"}
	v.Meta.Correction = &schemas.Correction{Reason: reason, CorrectedEventID: original.EventID, CorrectedEventType: e.EventType(), CorrectiveEventIds: instead}
	r.say(at, v, source, "voided_event", original.EventID.String())
}
