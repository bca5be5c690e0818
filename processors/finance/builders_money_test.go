package finance

import (
	"github.com/throughline/throughline/schemas"
)

func writeOff(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.ReceivableWrittenOff{
		WriteOffID: s.doc, InvoiceID: f.word("invoice", 0), Amount: f.money("amount"), FX: f.rate("rate"),
		TaxRelief: f.moneyPointer("relief"), TaxJurisdiction: f.word("relief", 2),
	}
}

func sellGiftCard(w *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.GiftCardSold{
		SaleID: s.doc, CardRef: f.word("card", 0), OrderID: f.word("of", 0), InvoiceID: f.word("invoice", 0), PaymentRef: f.word("payment", 0),
		Amount: f.money("amount"), PaidInto: schemas.PaidInto(f.word("into", 0)), FX: w.rate(s),
	}
}

// capture stands at the payment's own rate, and for a prepaid order its deposit at the order's.
func capture(w *world, s *statement) schemas.Event {
	f := s.facts
	x := &schemas.PaymentCaptured{
		PaymentID: s.doc, OrderID: f.word("of", 0), InvoiceID: f.word("invoice", 0), Method: schemas.PaymentMethod(f.word("by", 0)), PSP: "psp",
		CardRef: f.word("card", 0), Amount: f.money("amount"), Funding: w.funding(s), FX: w.rate(s), BookedFX: f.rate("booked"),
	}
	if o := w.orderOf(s); o != nil && o.FX != nil {
		x.BookedFX = o.FX
	}
	return x
}

func refund(w *world, s *statement) schemas.Event {
	f := s.facts
	x := &schemas.RefundIssued{
		RefundID: s.doc, PaymentID: f.word("payment", 0), OrderID: f.word("of", 0), CreditMemoID: f.word("memo", 0), InvoiceID: f.word("invoice", 0),
		Method: schemas.PaymentMethod(f.word("by", 0)), PSP: "psp", CardRef: f.word("card", 0), Amount: f.money("amount"),
		Settles: schemas.Settles(f.word("settles", 0)), FX: w.rate(s), BookedFX: f.rate("booked"),
	}
	if o := w.orderOf(s); o != nil && o.FX != nil {
		x.BookedFX = o.FX
	}
	return x
}

func pspFee(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.PSPFeeCharged{
		FeeID: s.doc, PSP: "psp", FeeType: schemas.PSPFeeType(f.word("type", 0)), Amount: f.money("amount"), Tax: f.optional("tax"),
		TaxJurisdiction: f.word("tax", 1), PaymentID: f.word("payment", 0), BatchID: f.word("batch", 0), FX: f.rate("rate"),
	}
}

func marketplaceFee(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.MarketplaceFeeCharged{
		FeeID: s.doc, Marketplace: "market", FeeType: schemas.MarketplaceFeeType(f.word("type", 0)), Amount: f.money("amount"), Tax: f.optional("tax"),
		TaxJurisdiction: f.word("tax", 1), PaymentID: f.word("payment", 0), BatchID: f.word("batch", 0), FX: f.rate("rate"),
	}
}

func settle(_ *world, s *statement) schemas.Event {
	f := s.facts
	x := &schemas.PaymentSettled{
		SettlementID: s.doc, BatchID: f.word("batch", 0), PSP: "psp", PaymentID: f.word("payment", 0), Gross: f.money("gross"), Fee: f.number("fee"),
		FeeBookedOnPayment: f.has("fee-on-payment"), Settlement: f.moneyPointer("settlement"), BookedFX: f.rate("booked"), SettlementFX: f.rate("rate"),
	}
	if kind := f.word("kind", 0); kind != "" {
		x.Kind = schemas.SettledKind(kind)
	}
	x.Net = x.Gross.Amount.Sub(x.Fee)
	return x
}

func payout(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.PayoutPaid{PayoutID: s.doc, BatchID: f.word("batch", 0), PSP: "psp", Amount: f.money("amount"), FX: f.rate("rate")}
}

func matchBankLine(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.BankStatementLineMatched{
		BankAccount: "main", LineID: s.doc, Amount: f.money("amount"), Matched: schemas.MatchedKind(f.word("is", 0)), MatchedID: f.word("is", 1),
		BookedFX: f.rate("booked"), FX: f.rate("rate"),
	}
}

func openDispute(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.DisputeOpened{
		DisputeID: s.doc, PaymentID: f.word("payment", 0), PSP: "psp", Amount: f.money("amount"), Fee: f.optional("fee"), ReasonCode: "fraud", FX: f.rate("rate"),
	}
}

func loseDispute(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.DisputeLost{
		DisputeID: s.doc, PaymentID: f.word("payment", 0), OrderID: f.word("of", 0), CreditMemoID: f.word("memo", 0), PSP: "psp",
		Amount: f.money("amount"), Settles: schemas.Settles(f.word("settles", 0)), BookedFX: f.rate("booked"), FX: f.rate("rate"),
	}
}

// receiveReturn and dispose name the order's line, as admission finds it; cost is the original issue cost.
func receiveReturn(w *world, s *statement) schemas.Event {
	x := &schemas.ReturnReceived{
		ReceiptID: s.doc, OrderID: s.facts.word("of", 0), CreditMemoID: s.facts.word("memo", 0), ShipmentID: s.facts.word("shipment", 0),
		Against: schemas.ReturnAgainst(s.facts.word("against", 0)),
	}
	for i, f := range s.lines {
		l := schemas.ReturnLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity(), Cost: w.cost(f)}
		l.Stock.StockStatus = schemas.StockStatusQUALITY
		if o := w.orderOf(s); o != nil {
			l.OrderLineID = o.Lines[o.line(w, l.Stock.SKU)].LineID
		}
		if x.CreditMemoID != "" {
			l.CreditMemoLineID = l.LineID
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func dispose(w *world, s *statement) schemas.Event {
	x := &schemas.ReturnDispositioned{DispositionID: s.doc, ReceiptID: s.facts.word("receipt", 0), OrderID: s.facts.word("of", 0)}
	for i, f := range s.lines {
		l := schemas.DispositionLine{
			LineID: lineID(i), ReceiptLineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity(),
			Outcome: schemas.ReturnOutcome(f.word("outcome", 0)), RecoverableValue: f.optional("worth"), Cost: w.cost(f),
		}
		if o := w.orderOf(s); o != nil {
			l.OrderLineID = o.Lines[o.line(w, l.Stock.SKU)].LineID
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

// void embeds the original, as admission does: "voids shipment.shipped SH-1".
func void(w *world, s *statement) schemas.Event {
	original := w.events[s.facts.word("voids", 0)+" "+s.facts.word("voids", 1)]
	if original == nil {
		w.t.Fatalf("%q: no such event before it", s.text)
	}
	bytes, err := w.codec.Encode(original)
	if err != nil {
		w.t.Fatalf("embedding the original: %v", err)
	}
	x := &schemas.EventVoided{VoidID: s.doc, Reason: "did not occur"}
	x.Meta.Correction = &schemas.Correction{
		Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: original.Header().EventID, CorrectedEventType: original.EventType(),
		Original: bytes, StandingRuleSet: DefaultRuleSet,
	}
	return x
}

func closePeriod(_ *world, s *statement) schemas.Event {
	return &schemas.PeriodClosed{Period: s.doc, ClosedAt: 1_772_500_000_000_000, By: "controller"}
}

func reopenPeriod(_ *world, s *statement) schemas.Event {
	return &schemas.PeriodReopened{Period: s.doc, ReopenedAt: 1_772_600_000_000_000, By: "controller", Reason: "late invoice"}
}
