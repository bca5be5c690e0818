package finance

import "github.com/throughline/throughline/schemas"

// paid takes the money of a prepaid order by card and gift card, and everything that happens to it until it is on the bank's statement.
func (s *story) paid(billed schemas.Decimal) {
	payment, batch, settled := s.doc("P"), s.doc("B"), s.spot()
	card := billed
	if s.IntN(3) == 0 {
		gift := billed.MulRound(schemas.NewDecimal(25, 2), 2, schemas.HalfUp).Round(4, schemas.Down)
		card = billed.Sub(gift)
		sold := &schemas.GiftCardSold{SaleID: s.doc("GS"), CardRef: "GC-" + s.id, PaymentRef: s.doc("BP"), PaidInto: schemas.PaidIntoBANK, Amount: s.in(gift), FX: s.fx}
		s.add(sold)
		s.capture(s.doc("P"), gift, schemas.PaymentMethodGIFT_CARD, s.fx)
	}
	at := s.spot()
	s.capture(payment, card, schemas.PaymentMethodCARD, at)
	s.settle(payment, batch, schemas.SettledKindPAYMENT, card, noAmount, at, settled)
	if s.IntN(3) == 0 {
		s.comesBack(payment, batch, settled)
	}
	if s.IntN(4) == 0 {
		s.disputed(payment, batch, settled)
	}
	if s.moved.IsZero() {
		return
	}
	out := &schemas.PayoutPaid{PayoutID: s.doc("PO"), BatchID: batch, PSP: "psp", Amount: s.in(s.moved), FX: settled}
	s.add(out)
	if s.IntN(4) == 0 {
		s.add(&schemas.PayoutFailed{FailureID: s.doc("PF"), PayoutID: out.PayoutID, BatchID: batch, PSP: "psp", Amount: out.Amount, BookedFX: settled, FX: s.spot(), Reason: "r"})
		again := *out
		again.PayoutID = s.doc("PO")
		out = &again
		s.add(out)
	}
	s.matched(schemas.MatchedKindPAYOUT, out.PayoutID, s.moved, settled)
}

func (s *story) in(amount schemas.Decimal) schemas.Money {
	return schemas.Money{Amount: amount, Currency: s.order.Currency}
}

// capture is of the deposit, which stands at the order's rate; now and then one before it came to nothing.
func (s *story) capture(id string, amount schemas.Decimal, by schemas.PaymentMethod, at *schemas.Fx) {
	if amount.IsZero() {
		return
	}
	x := &schemas.PaymentCaptured{PaymentID: id, OrderID: s.order.OrderID, Method: by, CardRef: "GC-" + s.id, Amount: s.in(amount), FX: at, BookedFX: s.fx,
		Funding: &schemas.Funding{Terms: schemas.TermsPREPAID, Settles: schemas.SettlesCUSTOMER_DEPOSIT}}
	if s.IntN(6) == 0 {
		refused := *x
		refused.PaymentID = s.doc("P")
		s.add(&refused)
		f := &schemas.PaymentCaptureFailed{FailureID: s.doc("CF"), PaymentID: refused.PaymentID, Method: by, Amount: x.Amount, Reason: "r"}
		s.embed(f, &refused)
		s.events = append(s.events, f)
	}
	s.add(x)
}

// settle moves what stands on a payment to its batch; the fee was booked there where there is one.
func (s *story) settle(payment, batch string, kind schemas.SettledKind, gross, fee schemas.Decimal, booked, at *schemas.Fx) {
	x := &schemas.PaymentSettled{SettlementID: s.doc("ST"), BatchID: batch, PSP: "psp", PaymentID: payment, Kind: kind, Gross: s.in(gross), Fee: fee, Net: gross.Sub(fee),
		FeeBookedOnPayment: !fee.IsZero(), BookedFX: booked, SettlementFX: at}
	s.add(x)
	s.moved = s.moved.Add(x.Net)
}

// comesBack credits a part of what was shipped, refunds it, and gets the goods or does not.
func (s *story) comesBack(payment, batch string, settled *schemas.Fx) {
	l := &s.order.Lines[0]
	one := schemas.NewDecimal(1_000_000, 6)
	q := schemas.Quantity{Qty: one, UOM: "EA", BaseQty: one, BaseUOM: "EA"}
	a, b := sliced(l, schemas.NewDecimal(0, 6), one, s.order.Currency)
	memo := &schemas.CreditMemoIssued{CreditMemoID: s.doc("CM"), OrderID: s.order.OrderID, Currency: s.order.Currency, FX: s.fx, Funding: &schemas.Funding{Settles: schemas.SettlesCREDIT_MEMO},
		Lines: []schemas.CreditLine{{LineID: "1", OrderLineID: l.LineID, Stock: l.Stock, Quantity: &q, Amounts: a, Basis: b, Cost: s.costOf(0, q), Goods: schemas.CreditedGoodsEXPECTED_BACK, CreditsFreight: true}}}
	s.add(memo)
	if at := s.spot(); !a.Total.IsZero() {
		r := &schemas.RefundIssued{RefundID: s.doc("RF"), PaymentID: payment, OrderID: s.order.OrderID, CreditMemoID: memo.CreditMemoID, Method: schemas.PaymentMethodCARD,
			Amount: s.in(a.Total), Settles: schemas.SettlesCREDIT_MEMO, FX: at, BookedFX: s.fx}
		if s.IntN(4) == 0 {
			bounced := *r
			bounced.RefundID = s.doc("RF")
			s.add(&bounced)
			f := &schemas.RefundFailed{FailureID: s.doc("FF"), RefundID: bounced.RefundID, Amount: r.Amount, Reason: "r"}
			s.embed(f, &bounced)
			s.events = append(s.events, f)
		}
		s.add(r)
		s.settle(payment, batch, schemas.SettledKindREFUND, a.Total.Neg(), noAmount, at, settled)
	}
	if s.IntN(3) == 0 {
		s.add(&schemas.ReturnClosedNotReceived{ClosingID: s.doc("RC"), RMAID: "R", OrderID: s.order.OrderID, CreditMemoID: memo.CreditMemoID, Outcome: schemas.NotReceivedOutcomeWRITTEN_OFF,
			Lines: []schemas.NotReceivedLine{{LineID: "1", OrderLineID: l.LineID, CreditMemoLineID: "1", Stock: l.Stock, Quantity: q, Cost: s.costOf(0, q)}}})
		return
	}
	receipt := &schemas.ReturnReceived{ReceiptID: s.doc("RR"), OrderID: s.order.OrderID, CreditMemoID: memo.CreditMemoID, Against: schemas.ReturnAgainstCREDITED,
		Lines: []schemas.ReturnLine{{LineID: "1", OrderLineID: l.LineID, CreditMemoLineID: "1", Stock: *l.Stock, Quantity: q, Cost: s.costOf(0, q)}}}
	s.add(receipt)
	s.add(&schemas.ReturnDispositioned{DispositionID: s.doc("RD"), ReceiptID: receipt.ReceiptID, OrderID: s.order.OrderID,
		Lines: []schemas.DispositionLine{{LineID: "1", ReceiptLineID: "1", OrderLineID: l.LineID, Stock: *l.Stock, Quantity: q, Cost: s.costOf(0, q),
			Outcome: pickOne(s.generator, schemas.ReturnOutcomeRESTOCK, schemas.ReturnOutcomeSCRAP)}}})
}

func (s *story) disputed(payment, batch string, settled *schemas.Fx) {
	amount, fee, opened, ended := s.amount().Add(schemas.NewDecimal(1, 4)), schemas.NewDecimal(15_0000, 4), s.spot(), s.spot()
	d := &schemas.DisputeOpened{DisputeID: s.doc("DP"), PaymentID: payment, PSP: "psp", Amount: s.in(amount), Fee: schemas.Some(fee), FX: opened}
	s.add(d)
	s.settle(payment, batch, schemas.SettledKindDISPUTE, amount.Neg(), fee, opened, settled)
	if s.IntN(2) == 0 {
		s.add(&schemas.DisputeLost{DisputeID: d.DisputeID, PaymentID: payment, PSP: "psp", Amount: d.Amount, Settles: schemas.SettlesLOSS, FX: ended, BookedFX: opened})
		return
	}
	s.add(&schemas.DisputeWon{DisputeID: d.DisputeID, PaymentID: payment, PSP: "psp", Amount: d.Amount, FX: ended, BookedFX: opened})
	s.settle(payment, batch, schemas.SettledKindDISPUTE, amount, noAmount, ended, settled)
}
