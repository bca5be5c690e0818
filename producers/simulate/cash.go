package simulate

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// payment is money that a customer paid, and how much of it can still go back.
type payment struct {
	id       string
	order    string
	invoice  string
	method   schemas.PaymentMethod
	psp      string
	currency string
	card     string
	amount   schemas.Decimal
	left     schemas.Decimal
	funding  *schemas.Funding // only where no order says it
	fx       *schemas.Fx
	booked   *schemas.Fx // of a receivable of no order: nobody else knows at which rate it stands
	keptFee  bool        // what a marketplace keeps is its own event
}

func processor(psp, docType, docID, transition string) schemas.Source {
	return schemas.Source{System: psp, Instance: "acme", DocType: docType, DocID: docID, Transition: transition}
}

// pay captures the whole of a prepaid order, with gift cards first where the customer has some.
func (r *run) pay(o *order, at schemas.Time) {
	if !o.prepaid() {
		return
	}
	rest := o.total
	if o.deal == webUSD && r.chance(40) {
		rest = r.payByCard(o, at, rest)
	}
	if rest.Sign() > 0 {
		p := &payment{id: r.id("PAY"), method: o.method, psp: o.psp, currency: o.currency, amount: rest, keptFee: o.marketplace}
		if (o.method == schemas.PaymentMethodCARD || o.method == schemas.PaymentMethodWALLET) && r.chance(25) {
			r.authorisePayment(o, at-minute, p.id, rest)
		}
		r.capture(at, o, p)
	}
}

// payByCard redeems one gift card and answers what is left to pay.
func (r *run) payByCard(o *order, at schemas.Time, due schemas.Decimal) schemas.Decimal {
	r.cards = slices.DeleteFunc(r.cards, func(c *giftCard) bool { return c.worth.Sign() <= 0 })
	for _, card := range r.cards {
		if card.from >= at {
			continue
		}
		part := card.worth.Min(due)
		card.worth = card.worth.Sub(part)
		r.capture(at, o, &payment{id: r.id("PAY"), method: schemas.PaymentMethodGIFT_CARD, card: card.ref, currency: o.currency, amount: part})
		return due.Sub(part)
	}
	return due
}

// collect lets a customer on account or cash on delivery pay an invoice, now and then in two parts.
func (r *run) collect(o *order, inv *invoice) {
	if o.prepaid() {
		return
	}
	if o.terms == schemas.TermsON_ACCOUNT && r.chance(40) {
		r.remit(o, inv)
		return
	}
	parts := []schemas.Decimal{inv.owed}
	if o.terms == schemas.TermsON_ACCOUNT && r.chance(25) {
		half := inv.owed.MulRound(schemas.NewDecimal(5, 1), 2, schemas.HalfUp)
		parts = []schemas.Decimal{half, inv.owed.Sub(half)}
	}
	for i, amount := range parts {
		at := r.later(inv.at, 3, 0)
		if o.terms == schemas.TermsON_ACCOUNT {
			at = r.later(inv.at, 14+7*i, 0)
		}
		r.capture(at, o, &payment{id: r.id("PAY"), invoice: inv.id, method: o.method, psp: o.psp, currency: o.currency, amount: amount})
	}
}

// capture takes money and sends it on its way to the bank. o is nil for what pays no order.
func (r *run) capture(at schemas.Time, o *order, p *payment) *schemas.PaymentCaptured {
	p.left, p.fx = p.amount, r.fx(p.currency, at, schemas.RateTypeSPOT, "bank")
	e := &schemas.PaymentCaptured{PaymentID: p.id, InvoiceID: p.invoice, Method: p.method, PSP: p.psp, CardRef: p.card,
		Amount: schemas.Money{Amount: p.amount, Currency: p.currency}, Funding: p.funding, FX: p.fx, BookedFX: p.booked}
	refs := []string{"payment_id", p.id, "invoice_id", p.invoice}
	if o != nil {
		p.order, e.OrderID = o.id, o.id
		o.payments = append(o.payments, p)
		refs = o.refs(refs...)
	}
	switch p.method {
	case schemas.PaymentMethodGIFT_CARD, schemas.PaymentMethodSTORE_CREDIT:
		r.say(at, e, erp("payment", p.id, "captured"), refs...)
	case schemas.PaymentMethodBANK:
		r.say(at, e, erp("payment", p.id, "captured"), refs...)
		r.bankLine(r.later(at, 1, 0), schemas.MatchedKindPAYMENT, p.id, p.order, e.Amount, p.fx)
	default:
		e.BalanceTransaction = "txn_" + p.id
		r.say(at, e, processor(p.psp, "payment", p.id, "captured"), refs...)
		r.settle(at, p)
	}
	return e
}

// refund gives back part of what an order's payments brought, by the way it came.
func (r *run) refund(o *order, at schemas.Time, amount schemas.Decimal, settles schemas.Settles, creditMemo string) {
	for _, p := range o.payments {
		part := amount.Min(p.left)
		if part.Sign() <= 0 {
			continue
		}
		amount, p.left = amount.Sub(part), p.left.Sub(part)
		fx := r.fx(p.currency, at, schemas.RateTypeSPOT, "bank")
		e := &schemas.RefundIssued{RefundID: r.id("RF"), PaymentID: p.id, OrderID: o.id, CreditMemoID: creditMemo, Method: p.method, PSP: p.psp,
			CardRef: p.card, Amount: schemas.Money{Amount: part, Currency: p.currency}, Settles: settles, FX: fx}
		if settles == schemas.SettlesRECEIVABLE {
			e.InvoiceID = p.invoice
		}
		refs := o.refs("refund_id", e.RefundID, "payment_id", p.id, "credit_memo_id", creditMemo)
		switch p.method {
		case schemas.PaymentMethodGIFT_CARD:
			r.say(at, e, erp("refund", e.RefundID, "issued"), refs...)
			r.cards = append(r.cards, &giftCard{ref: p.card, worth: part, from: at + hour})
		case schemas.PaymentMethodBANK:
			r.say(at, e, erp("refund", e.RefundID, "issued"), refs...)
			r.bankLine(r.later(at, 1, 0), schemas.MatchedKindREFUND, e.RefundID, o.id, schemas.Money{Amount: part.Neg(), Currency: p.currency}, fx)
		default:
			e.BalanceTransaction = "txn_" + e.RefundID
			r.say(at, e, processor(p.psp, "refund", e.RefundID, "issued"), refs...)
			r.batchFor(p.psp, p.currency, at).add(row{kind: schemas.SettledKindREFUND, payment: p.id, refund: e.RefundID, order: o.id,
				currency: p.currency, gross: part.Neg(), booked: fx})
		}
	}
}

// refundAsCredit gives store credit instead of money back.
func (r *run) refundAsCredit(o *order, at schemas.Time, amount schemas.Decimal, creditMemo string) {
	card := &giftCard{ref: r.id("SC"), worth: amount, from: at + hour}
	e := &schemas.RefundIssued{RefundID: r.id("RF"), OrderID: o.id, CreditMemoID: creditMemo, Method: schemas.PaymentMethodSTORE_CREDIT, CardRef: card.ref,
		Amount: schemas.Money{Amount: amount, Currency: o.currency}, Settles: schemas.SettlesCREDIT_MEMO}
	r.say(at, e, erp("refund", e.RefundID, "issued"), o.refs("refund_id", e.RefundID)...)
	r.cards = append(r.cards, card)
}

// dispute is a chargeback on its way.
type dispute struct {
	order *order
	on    *payment
	event *schemas.DisputeOpened
}

// dispute opens a chargeback of part of an order's last payment through a processor.
func (r *run) dispute(o *order, at schemas.Time, amount schemas.Decimal) dispute {
	p := o.payments[len(o.payments)-1]
	money := schemas.Money{Amount: amount, Currency: p.currency}
	fee := schemas.NewDecimal(1500, 2)
	e := &schemas.DisputeOpened{DisputeID: r.id("DP"), PaymentID: p.id, OrderID: o.id, PSP: p.psp, Amount: money, Fee: schemas.Some(fee),
		ReasonCode: "NOT_AS_DESCRIBED", EvidenceDueBy: schemas.Some(at + 7*day)}
	e.BalanceTransaction = "txn_" + e.DisputeID
	r.say(at, e, processor(p.psp, "dispute", e.DisputeID, "opened"), o.refs("payment_id", p.id, "dispute_id", e.DisputeID)...)
	r.batchFor(p.psp, p.currency, at).add(row{kind: schemas.SettledKindDISPUTE, payment: p.id, dispute: e.DisputeID, order: o.id,
		currency: p.currency, gross: amount.Neg(), fee: fee, feeBooked: true})
	p.left = p.left.Sub(amount)
	return dispute{o, p, e}
}

// lose gives the disputed money up: it settles what was due anyway, or is a loss.
func (r *run) lose(d dispute, at schemas.Time, settles schemas.Settles, creditMemo string) {
	r.say(at, &schemas.DisputeLost{DisputeID: d.event.DisputeID, PaymentID: d.on.id, OrderID: d.order.id, PSP: d.on.psp, Amount: d.event.Amount, Settles: settles,
		CreditMemoID: creditMemo}, processor(d.on.psp, "dispute", d.event.DisputeID, "lost"), d.order.refs("payment_id", d.on.id, "dispute_id", d.event.DisputeID)...)
}

// win brings the money back, and for some the fee too.
func (r *run) win(d dispute, at schemas.Time) {
	e := &schemas.DisputeWon{DisputeID: d.event.DisputeID, PaymentID: d.on.id, OrderID: d.order.id, PSP: d.on.psp, Amount: d.event.Amount}
	back := row{kind: schemas.SettledKindDISPUTE, payment: d.on.id, dispute: e.DisputeID, order: d.order.id, currency: d.on.currency, gross: e.Amount.Amount,
		fee: schemas.NewDecimal(0, 4), feeBooked: true}
	if r.chance(50) {
		e.FeeRefunded, back.fee = d.event.Fee, d.event.Fee.V.Neg()
	}
	e.BalanceTransaction = "txn_" + e.DisputeID + "_won"
	r.say(at, e, processor(d.on.psp, "dispute", e.DisputeID, "won"), d.order.refs("payment_id", d.on.id, "dispute_id", e.DisputeID)...)
	r.batchFor(d.on.psp, d.on.currency, at).add(back)
	d.on.left = d.on.left.Add(e.Amount.Amount)
}

// bankLine finds money on the statement. The bank converts at the rate of its own day.
func (r *run) bankLine(at schemas.Time, matched schemas.MatchedKind, id, orderID string, amount schemas.Money, booked *schemas.Fx) {
	account := bankAccount(amount.Currency)
	e := &schemas.BankStatementLineMatched{BankAccount: account, LineID: r.id("BL"), Amount: amount, Matched: matched, MatchedID: id, OrderID: orderID,
		BookedFX: booked, FX: r.fx(amount.Currency, at, schemas.RateTypeSPOT, "bank")}
	if r.chance(20) { // the statement's booking date
		e.Meta.DocumentDate = schemas.Some(localDate(at))
	}
	r.say(at, e, schemas.Source{System: "bank", Instance: account, DocType: "statement line", DocID: e.LineID, Transition: "matched"}, "matched_id", id, "order_id", orderID)
}
