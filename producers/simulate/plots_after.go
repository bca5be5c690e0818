package simulate

import "github.com/throughline/throughline/schemas"

// These plots begin when the goods have left, or the invoice is out.

// playReturned: credited before the goods are back, then received into quarantine and judged.
func playReturned(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s, inv := r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	at := r.later(inv.at, 18+r.rng.IntN(8), 0)
	fee := schemas.NewDecimal(0, 4)
	if r.chance(40) {
		fee = schemas.NewDecimal(50+r.rng.Int64N(100), 2)
	}
	cm, owed := r.creditGoods(o, at, s, inv, schemas.CreditedGoodsEXPECTED_BACK, 1+r.rng.Int64N(2), fee)
	r.payBack(o, r.later(at, 0, hour), cm, owed)
	r.bringBack(o, r.later(at, 4, 0), cm)
}

// playReturnedTwice (S36): what comes back is sent to the customer again, who returns it once more.
func playReturnedTwice(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s, inv := r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	at := r.later(inv.at, 10, 0)
	cm, owed := r.creditGoods(o, at, s, inv, schemas.CreditedGoodsEXPECTED_BACK, 1, schemas.NewDecimal(0, 4))
	r.payBack(o, r.later(at, 0, hour), cm, owed)
	r.receiveBack(o, r.later(at, 5, 0), cm, "", schemas.ReturnOutcomeRETURN_TO_CUSTOMER)
	r.receiveBack(o, r.later(at, 15, 0), cm, "", schemas.ReturnOutcomeRESTOCK)
}

// playReturnGivenUp: the customer keeps the goods after all, before any money went back. What was credited and expected is taken back.
func playReturnGivenUp(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s, inv := r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	at := r.later(inv.at, 9, 0)
	cm, _ := r.creditGoods(o, at, s, inv, schemas.CreditedGoodsEXPECTED_BACK, 1, schemas.NewDecimal(0, 4))
	rma := &schemas.ReturnAuthorised{RMAID: r.id("RMA"), OrderID: o.id, CreditMemoID: cm.CreditMemoID, Reason: "TOO_BIG", Policy: schemas.RefundPolicyON_RECEIPT}
	for _, l := range cm.Lines {
		rma.Lines = append(rma.Lines, schemas.AuthorisedLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Stock: *l.Stock, Quantity: *l.Quantity})
	}
	r.say(at+hour, rma, returns(rma.RMAID, "authorised"), o.refs("rma_id", rma.RMAID)...)
	r.void(r.later(at, 2, 0), rma, schemas.CorrectionReasonDID_NOT_OCCUR, "kept after all")
	r.void(r.later(at, 2, hour), cm, schemas.CorrectionReasonDID_NOT_OCCUR, "kept after all")
}

// payBack refunds a credit memo: against what it owes where the order was prepaid, else against the account.
func (r *run) payBack(o *order, at schemas.Time, cm *schemas.CreditMemoIssued, owed schemas.Decimal) {
	switch {
	case o.terms == schemas.TermsCOD: // nobody carries cash back to the door
	case !o.prepaid():
		for _, p := range o.payments { // an open account nets itself; only what was paid goes back
			if p.left.Cmp(owed) >= 0 && r.chance(60) {
				r.refund(o, r.later(at, 30, 0), owed, schemas.SettlesRECEIVABLE, cm.CreditMemoID)
				return
			}
		}
	case o.currency == Functional && r.chance(20):
		r.refundAsCredit(o, at, owed, cm.CreditMemoID)
	default:
		r.refund(o, at, owed, schemas.SettlesCREDIT_MEMO, cm.CreditMemoID)
	}
}

// bringBack receives what a credit memo expects and decides line by line.
func (r *run) bringBack(o *order, at schemas.Time, cm *schemas.CreditMemoIssued) {
	r.receiveBack(o, at, cm, r.authorise(o, at-2*day, cm), schemas.ReturnOutcomeRESTOCK, schemas.ReturnOutcomeRESTOCK, schemas.ReturnOutcomeSCRAP,
		schemas.ReturnOutcomeREFURBISH, schemas.ReturnOutcomeVENDOR)
}

// receiveBack takes in what a credit memo expects, under an authorisation or none, and lets each line come out as one of some outcomes.
func (r *run) receiveBack(o *order, at schemas.Time, cm *schemas.CreditMemoIssued, rma string, outcomes ...schemas.ReturnOutcome) {
	id := r.id("RET")
	e := &schemas.ReturnReceived{ReceiptID: id, RMAID: rma, CreditMemoID: cm.CreditMemoID, OrderID: o.id, Against: schemas.ReturnAgainstCREDITED}
	d := &schemas.ReturnDispositioned{DispositionID: id + "-D", ReceiptID: id, RMAID: e.RMAID, CreditMemoID: cm.CreditMemoID, OrderID: o.id}
	for _, l := range cm.Lines {
		stock := *l.Stock
		stock.StockStatus = schemas.StockStatusQUALITY
		e.Lines = append(e.Lines, schemas.ReturnLine{LineID: l.LineID, OrderLineID: l.OrderLineID, CreditMemoLineID: l.LineID, ShipmentID: l.ShipmentID,
			Stock: stock, Quantity: *l.Quantity, Condition: "OPENED"})
		line := schemas.DispositionLine{LineID: l.LineID, ReceiptLineID: l.LineID, OrderLineID: l.OrderLineID, Stock: stock, Quantity: *l.Quantity,
			Outcome: pick(r, outcomes...)}
		if line.Outcome == schemas.ReturnOutcomeREFURBISH || line.Outcome == schemas.ReturnOutcomeVENDOR {
			line.RecoverableValue = schemas.Some(schemas.NewDecimal(50+r.rng.Int64N(100), 2))
		}
		d.Lines = append(d.Lines, line)
	}
	refs := o.refs("receipt_id", id, "credit_memo_id", cm.CreditMemoID)
	r.sayLocally(at, e, returns(id, "received"), refs...)
	if r.chance(90) || len(outcomes) == 1 { // the others wait for inspection
		r.sayLocally(r.later(at, 2, 0), d, returns(id, "dispositioned"), refs...)
	}
}

// authorise lets the customer send back what a credit memo expects.
func (r *run) authorise(o *order, at schemas.Time, cm *schemas.CreditMemoIssued) string {
	id := r.id("RMA")
	e := &schemas.ReturnAuthorised{RMAID: id, OrderID: o.id, CreditMemoID: cm.CreditMemoID, Reason: "NOT_AS_DESCRIBED", Policy: schemas.RefundPolicyON_SCAN,
		ExpectedDate: schemas.Some(localDate(at) + 5)}
	for _, l := range cm.Lines {
		e.Lines = append(e.Lines, schemas.AuthorisedLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Stock: *l.Stock, Quantity: *l.Quantity})
	}
	r.say(at, e, returns(id, "authorised"), o.refs("rma_id", id, "credit_memo_id", cm.CreditMemoID)...)
	return id
}

// playKept: the customer keeps the goods and gets money back; a charge is credited too.
func playKept(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s, inv := r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	at := r.later(inv.at, 20, 0)
	cm, owed := r.creditGoods(o, at, s, inv, schemas.CreditedGoodsKEPT, 1, schemas.NewDecimal(0, 4))
	r.payBack(o, r.later(at, 0, hour), cm, owed)
	if again := soon(at); o.currency == Functional && sameMonth(at, again+2*hour) { // and once more, for another piece of the same line
		cm, owed = r.creditGoods(o, again+10*minute, s, inv, schemas.CreditedGoodsKEPT, 1, schemas.NewDecimal(0, 4))
		r.payBack(o, again+hour, cm, owed)
	}
	charge := schemas.NewDecimal(125, 2)
	r.payBack(o, r.later(at, 1, hour), r.creditCharge(o, r.later(at, 1, 0), inv, pick(r, "MANUAL", "DISCOUNT", "FREIGHT"), charge), charge)
}

// playBilledAhead: everything is invoiced at once, then the customer cancels the last pieces.
func playBilledAhead(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	inv := r.billAhead(o, o.at+5*minute)
	first, rest := split(r.reserve(o, o.at+10*minute, o.all()), o.goods()[0].qty-1)
	at := o.at + 40*minute
	r.release(o, at, rest, schemas.ReservationStateRESERVED, "CUSTOMER")
	r.cancel(o, at+minute, rest, schemas.ReleasedFromOPEN_DEMAND, "CUSTOMER")
	cm, owed := r.creditUnshipped(o, at+2*minute, inv, rest[0].line, rest[0].n)
	r.refund(o, at+5*minute, owed, schemas.SettlesCREDIT_MEMO, cm.CreditMemoID)
	r.ship(o, r.later(o.at, 1, 3*hour), first)
}

// playDispute: a card payment is disputed after delivery. Lost it is a loss, or settles a credit memo that was due anyway, or stays open.
func playDispute(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s, inv := r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	last := o.payments[len(o.payments)-1]
	at := r.later(inv.at, 12, 0)
	if last.method == schemas.PaymentMethodGIFT_CARD {
		return // the card paid all of it, and nobody can dispute that
	}
	if r.chance(40) {
		cm, owed := r.creditGoods(o, at, s, inv, schemas.CreditedGoodsKEPT, 1, schemas.NewDecimal(0, 4))
		if last.left.Cmp(owed) >= 0 {
			r.lose(r.dispute(o, at+hour, owed), r.later(at, 15, 0), schemas.SettlesCREDIT_MEMO, cm.CreditMemoID)
		} else {
			r.payBack(o, at+hour, cm, owed)
		}
		return
	}
	d := r.dispute(o, at+hour, schemas.NewDecimal(1056, 2).Min(last.left))
	if r.chance(75) {
		r.lose(d, r.later(at, 15, 0), schemas.SettlesLOSS, "")
	}
}

// playDisputeWon: the processor takes the money and gives it back a fortnight later.
func playDisputeWon(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	_, inv := r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	last := o.payments[len(o.payments)-1]
	if last.method == schemas.PaymentMethodGIFT_CARD {
		return // nobody can dispute that
	}
	at := r.later(inv.at, 12, 0)
	r.win(r.dispute(o, at, last.left), r.later(at, 15, 0))
}

func playDisputeDeposit(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	r.cancel(o, r.later(o.at, 3, 0), o.all(), schemas.ReleasedFromOPEN_DEMAND, "SELLER")
	r.lose(r.dispute(o, r.later(o.at, 4, 0), o.total), r.later(o.at, 21, 0), schemas.SettlesCUSTOMER_DEPOSIT, "")
}

// playWrittenOff: a customer on account does not pay, or only in part, or at last. One write-off goes too far and is taken back.
func playWrittenOff(r *run, o *order, atLast bool) {
	s := r.ship(o, r.later(o.at, 1, 3*hour), r.reserve(o, o.at+10*minute, o.all()))
	inv := r.bill(o, s.at+hour, s)
	at := r.later(inv.at, 40, 0)
	rest := inv.owed
	if r.chance(50) {
		rest = inv.owed.MulRound(schemas.NewDecimal(3, 1), 2, schemas.HalfUp)
		r.capture(r.later(inv.at, 30, 0), o, &payment{id: r.id("PAY"), invoice: inv.id, method: o.method, currency: o.currency, amount: inv.owed.Sub(rest)})
	}
	var relief *schemas.Money
	if o.currency == Functional && r.chance(50) {
		relief = &schemas.Money{Amount: rest.MulRound(schemas.NewDecimal(7, 2), 2, schemas.HalfUp), Currency: o.currency}
	}
	r.writeOff(o, at, inv, rest, relief)
	if atLast {
		r.recover(o, r.later(at, 20, 0), inv, rest, relief)
		return
	}
	if relief == nil && r.chance(40) {
		r.writeOff(o, r.later(at, 5, 0), inv, schemas.NewDecimal(-500, 2), nil)
	}
}

// playInvoiceVoided: the invoice had a wrong address; it is voided and issued again under a new number.
func playInvoiceVoided(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s := r.ship(o, r.later(o.at, 1, 3*hour), r.reserve(o, o.at+10*minute, o.all()))
	wrong := r.bill(o, s.at+hour, s)
	right := r.bill(o, r.later(wrong.at, 1, 0), s)
	r.void(right.at+hour, wrong.event, schemas.CorrectionReasonINCORRECT_DATA, "wrong address", right.event.Meta.EventID.String())
	r.collect(o, right)
	if o.marketplace {
		r.promote(o, s.at)
	}
}

// playShipmentVoided: the truck never left. The order stays as it is, reserved and paid.
func playShipmentVoided(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s := r.ship(o, r.later(o.at, 1, 3*hour), r.reserve(o, o.at+10*minute, o.all()))
	r.void(s.at+2*hour, s.event, schemas.CorrectionReasonDID_NOT_OCCUR, "truck never left")
}

// playCapturedTwice: the processor announces a second capture by mistake and takes it back.
func playCapturedTwice(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, o.all()))
	id := r.id("PAY")
	e := &schemas.PaymentCaptured{PaymentID: id, OrderID: o.id, Method: schemas.PaymentMethodCARD, PSP: "stripe",
		Amount: schemas.Money{Amount: o.total, Currency: o.currency}, BalanceTransaction: "txn_" + id}
	r.say(o.at+3*minute, e, processor("stripe", "payment", id, "captured"), o.refs("payment_id", id)...)
	r.void(r.later(o.at, 1, 0), e, schemas.CorrectionReasonDID_NOT_OCCUR, "announced twice")
}
