package simulate

import "github.com/throughline/throughline/schemas"

// These plots are about money that was promised, failed, came back or came late.

// authorise reserves money on a card. It answers how to let it go.
func (r *run) authorisePayment(o *order, at schemas.Time, paymentID string, amount schemas.Decimal) (letGo func(at schemas.Time)) {
	id, money := r.id("AUTH"), schemas.Money{Amount: amount, Currency: o.currency}
	refs := o.refs("authorization_id", id, "payment_id", paymentID)
	r.say(at, &schemas.PaymentAuthorized{AuthorizationID: id, PaymentID: paymentID, OrderID: o.id, Method: o.method, PSP: o.psp, Amount: money,
		ExpiresAt: schemas.Some(at + 7*day)}, processor(o.psp, "authorization", id, "authorized"), refs...)
	return func(at schemas.Time) {
		r.say(at, &schemas.PaymentVoided{VoidID: "V-" + id, AuthorizationID: id, PaymentID: paymentID, OrderID: o.id, PSP: o.psp, Amount: money, Reason: "ORDER_CANCELLED"},
			processor(o.psp, "authorization", id, "voided"), refs...)
	}
}

// playNeverCaptured: the order is cancelled before any money has moved.
func playNeverCaptured(r *run, o *order) {
	letGo := r.authorisePayment(o, o.at+minute, r.id("PAY"), o.total)
	r.cancel(o, r.later(o.at, 1, 0), o.all(), schemas.ReleasedFromOPEN_DEMAND, "CUSTOMER")
	letGo(r.later(o.at, 1, hour))
}

// playDeclined: the first capture comes to nothing, for some after it had been announced and booked. The customer pays anew.
func playDeclined(r *run, o *order) {
	id := r.id("PAY")
	r.authorisePayment(o, o.at+minute, id, o.total)
	r.declined(o, id, r.chance(50))
	r.pay(o, o.at+3*hour)
	r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
}

func (r *run) declined(o *order, id string, booked bool) {
	money, refs := schemas.Money{Amount: o.total, Currency: o.currency}, o.refs("payment_id", id)
	e := &schemas.PaymentCaptureFailed{FailureID: "F-" + id, PaymentID: id, OrderID: o.id, Method: o.method, PSP: o.psp, Amount: money, Reason: "INSUFFICIENT_FUNDS"}
	if booked {
		c := &schemas.PaymentCaptured{PaymentID: id, OrderID: o.id, Method: o.method, PSP: o.psp, Amount: money,
			FX: r.fx(o.currency, o.at+2*minute, schemas.RateTypeSPOT, "bank"), BalanceTransaction: "txn_" + id}
		r.say(o.at+2*minute, c, processor(o.psp, "payment", id, "captured"), refs...)
		e.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: c.Meta.EventID, CorrectedEventType: c.EventType()}
	}
	r.say(o.at+2*hour, e, processor(o.psp, "payment", id, "capture_failed"), refs...)
}

// playCaptureMissing: the goods are gone before anybody sees that the card gave nothing. What is owed becomes a receivable, and is paid.
func playCaptureMissing(r *run, o *order) {
	r.declined(o, r.id("PAY"), r.chance(50))
	s := r.ship(o, r.later(o.at, 1, 3*hour), r.reserve(o, o.at+10*minute, o.all()))
	inv := r.bill(o, s.at+hour, s)
	at := r.later(inv.at, 5, 0)
	e := &schemas.ReceivableReclassified{ReclassificationID: r.id("RC"), Reason: "CAPTURE_MISSING", InvoiceID: inv.id, OrderID: o.id, FromRole: "CUSTOMER_DEPOSITS",
		FromKey: "order:" + o.id, ToRole: "RECEIVABLE", ToKey: "invoice:" + inv.id, Amount: schemas.Money{Amount: inv.owed, Currency: o.currency}}
	r.say(at, e, erp("reclassification", e.ReclassificationID, "reclassified"), o.refs("invoice_id", inv.id)...)
	r.remit(o, inv)
}

// roundOff moves what rounding has left of a deposit in another currency: it was worth so much when it was paid, and its invoices are worth so much, each
// rounded by itself.
func (r *run) roundOff(o *order, at schemas.Time, owed ...schemas.Decimal) {
	fx := r.fx(o.currency, o.at, schemas.RateTypePREPAYMENT, "shop")
	if fx == nil || !o.prepaid() {
		return
	}
	worth := func(amount schemas.Decimal) schemas.Decimal { return amount.MulRound(fx.Rate, 2, schemas.HalfUp) }
	left := worth(o.total).Neg()
	for _, amount := range owed {
		left = left.Add(worth(amount))
	}
	if left.IsZero() {
		return
	}
	e := &schemas.ReceivableReclassified{ReclassificationID: r.id("RC"), Reason: "ROUNDING", OrderID: o.id, FromRole: "CUSTOMER_DEPOSITS", FromKey: "order:" + o.id,
		ToRole: "ROUNDING", Amount: schemas.Money{Amount: schemas.NewDecimal(0, 4), Currency: Functional}, FunctionalAmount: schemas.Some(left.Round(4, schemas.Down)),
		FunctionalCurrency: Functional}
	r.say(at, e, erp("reclassification", e.ReclassificationID, "reclassified"), o.refs()...)
}

// playRefundFailed: the money that was given back comes home, and is given back again.
func playRefundFailed(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	r.cancel(o, o.at+20*minute, o.all(), schemas.ReleasedFromOPEN_DEMAND, "CUSTOMER")
	at := o.at + 30*minute
	p := o.payments[len(o.payments)-1]
	money := schemas.Money{Amount: p.amount, Currency: p.currency}
	e := &schemas.RefundIssued{RefundID: r.id("RF"), PaymentID: p.id, OrderID: o.id, Method: p.method, PSP: p.psp, CardRef: p.card, Amount: money,
		Settles: schemas.SettlesCUSTOMER_DEPOSIT, FX: r.fx(p.currency, at, schemas.RateTypeSPOT, "bank")}
	failed := &schemas.RefundFailed{FailureID: "F-" + e.RefundID, RefundID: e.RefundID, PaymentID: p.id, OrderID: o.id, PSP: p.psp, Amount: money, Reason: "ACCOUNT_CLOSED"}
	system := func(transition string) schemas.Source { return processor(p.psp, "refund", e.RefundID, transition) }
	if p.psp == "" {
		system = func(transition string) schemas.Source { return erp("refund", e.RefundID, transition) }
	}
	refs := o.refs("refund_id", e.RefundID, "payment_id", p.id)
	r.say(at, e, system("issued"), refs...)
	failed.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: e.Meta.EventID, CorrectedEventType: e.EventType()}
	r.say(r.later(at, 2, 0), failed, system("failed"), refs...)
	if p.method == schemas.PaymentMethodBANK { // out of the account, and into it again
		r.bankLine(r.later(at, 1, 0), schemas.MatchedKindREFUND, e.RefundID, o.id, schemas.Money{Amount: p.amount.Neg(), Currency: p.currency}, e.FX)
		r.bankLine(r.later(at, 2, hour), schemas.MatchedKindREFUND, e.RefundID, o.id, money, e.FX)
	}
	r.giveBack(o, r.later(at, 3, 0), o.all())
}

// playCardGivenBack: the customer gives the gift card of an order back unspent.
func playCardGivenBack(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	_, inv := r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	at := r.later(inv.at, 10, 0)
	for _, l := range o.lines {
		if l.kind != schemas.LineKindGIFT_CARD {
			continue
		}
		cm, amounts, worth := r.newCredit(o), l.amounts, l.card.worth
		cm.InvoiceID = inv.id
		cm.Lines = []schemas.CreditLine{{LineID: "1", Kind: schemas.LineKindGIFT_CARD, OrderLineID: l.id, Amounts: &amounts}}
		r.say(at, cm, erp("credit memo", cm.CreditMemoID, "issued"), o.refs("credit_memo_id", cm.CreditMemoID)...)
		e := &schemas.GiftCardRevoked{RevocationID: r.id("GR"), CardRef: l.card.ref, OrderID: o.id, CreditMemoID: cm.CreditMemoID,
			Amount: schemas.Money{Amount: worth, Currency: o.currency}, Settles: schemas.SettlesCREDIT_MEMO}
		r.say(at+minute, e, erp("gift card", l.card.ref, "revoked"), o.refs("credit_memo_id", cm.CreditMemoID)...)
		r.refund(o, at+hour, worth, schemas.SettlesCREDIT_MEMO, cm.CreditMemoID)
		l.card.worth = schemas.NewDecimal(0, 4)
	}
}

// playNeverBack: credited, paid back, and the goods never come. We bear it, or bill it again.
func playNeverBack(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s, inv := r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	at := r.later(inv.at, 12, 0)
	cm, owed := r.creditGoods(o, at, s, inv, schemas.CreditedGoodsEXPECTED_BACK, 1, schemas.NewDecimal(0, 4))
	r.payBack(o, r.later(at, 0, hour), cm, owed)
	rma := r.authorise(o, r.later(at, 1, 0), cm)
	e := &schemas.ReturnClosedNotReceived{ClosingID: "NR-" + rma, RMAID: rma, OrderID: o.id, CreditMemoID: cm.CreditMemoID, Outcome: schemas.NotReceivedOutcomeWRITTEN_OFF}
	for _, l := range cm.Lines {
		e.Lines = append(e.Lines, schemas.NotReceivedLine{LineID: l.LineID, CreditMemoLineID: l.LineID, Quantity: *l.Quantity})
	}
	again := r.chance(50)
	if again {
		e.Outcome = schemas.NotReceivedOutcomeBILLED_AGAIN
	}
	at = r.later(at, 21, 0)
	r.say(at, e, returns(rma, "closed_not_received"), o.refs("rma_id", rma, "credit_memo_id", cm.CreditMemoID)...)
	if !again {
		return
	}
	bill := r.newInvoice(o, at+hour)
	amounts := flat(owed)
	amounts.Total = amounts.Net
	bill.owed, bill.event.Lines = owed, []schemas.InvoiceLine{{LineID: "1", Kind: schemas.LineKindCHARGE, ChargeCode: "REBILL_RETURN", Amounts: &amounts}}
	r.issue(o, bill)
	if o.prepaid() {
		r.capture(r.later(bill.at, 1, 0), o, &payment{id: r.id("PAY"), method: o.method, psp: o.psp, currency: o.currency, amount: owed})
	} else {
		r.collect(o, bill)
	}
}
