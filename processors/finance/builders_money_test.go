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
	if f.has("failed-before") {
		x.FailureEventID = schemas.Some(schemas.NamedID("the failure of " + s.doc))
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
	x := &schemas.DisputeLost{
		DisputeID: s.doc, PaymentID: f.word("payment", 0), OrderID: f.word("of", 0), CreditMemoID: f.word("memo", 0), PSP: "psp",
		Amount: f.money("amount"), Settles: schemas.Settles(f.word("settles", 0)), BookedFX: f.rate("booked"), FX: f.rate("rate"),
	}
	if r := f.moneyPointer("relief"); r != nil {
		x.TaxRelief = []schemas.DisputeTaxRelief{{Jurisdiction: f.word("relief", 2), Amount: r.Amount}}
	}
	return x
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

func winDispute(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.DisputeWon{DisputeID: s.doc, PaymentID: f.word("payment", 0), OrderID: f.word("of", 0), PSP: "psp", Amount: f.money("amount"),
		FeeRefunded: f.optional("fee"), BookedFX: f.rate("booked"), FX: f.rate("rate")}
}

func failPayout(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.PayoutFailed{FailureID: s.doc, PayoutID: f.word("payout", 0), BatchID: f.word("batch", 0), PSP: "psp", Amount: f.money("amount"),
		Reason: "account closed", BookedFX: f.rate("booked"), FX: f.rate("rate")}
}

// applyPayment has one clause per invoice: "INV-1 110.48, discount 2.25, deduction 1.00".
func applyPayment(w *world, s *statement) schemas.Event {
	x := &schemas.CustomerPaymentApplied{RemittanceID: s.doc, CustomerRef: s.facts.word("customer", 0), Currency: w.currency(s), FX: s.facts.rate("rate")}
	for i, f := range s.lines {
		l := schemas.AppliedLine{LineID: lineID(i), InvoiceID: f.list[0][0], Paid: f.decimal(f.list[0][1], 4), Discount: f.optional("discount"),
			Deduction: f.optional("deduction"), BookedFX: f.rate("booked")}
		if l.Deduction.Set {
			l.DeductionReason = "damaged"
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func revokeGiftCard(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.GiftCardRevoked{RevocationID: s.doc, CardRef: f.word("card", 0), OrderID: f.word("of", 0), CreditMemoID: f.word("memo", 0),
		InvoiceID: f.word("invoice", 0), Amount: f.money("amount"), Settles: schemas.Settles(f.word("settles", 0)), FX: f.rate("rate")}
}

func breakage(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.GiftCardBreakageRecognised{BreakageID: s.doc, CardRef: f.word("card", 0), Amount: f.money("amount"), FX: f.rate("rate")}
}

func recovery(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.ReceivableRecovered{RecoveryID: s.doc, InvoiceID: f.word("invoice", 0), Amount: f.money("amount"), FX: f.rate("rate"),
		TaxRelief: f.moneyPointer("relief"), TaxJurisdiction: f.word("relief", 2)}
}

// reclassify is "from RECEIVABLE invoice:INV-1, to BAD_DEBT, amount 10.00 USD"; "functional 0.01 USD" where only functional currency moves.
func reclassify(_ *world, s *statement) schemas.Event {
	f := s.facts
	return &schemas.ReceivableReclassified{ReclassificationID: s.doc, InvoiceID: f.word("invoice", 0), FromRole: f.word("from", 0), FromKey: f.word("from", 1),
		ToRole: f.word("to", 0), ToKey: f.word("to", 1), Amount: f.money("amount"), FX: f.rate("rate"), FunctionalAmount: f.optional("functional"),
		FunctionalCurrency: f.word("functional", 1)}
}

// billFreight has one clause per shipment: "SH-1 9.40, accrued 8.20 USD", and "worth 8.20 USD" where the accrual is in another currency.
func billFreight(_ *world, s *statement) schemas.Event {
	f := s.facts
	x := &schemas.FreightCostBilled{BillID: s.doc, Carrier: f.word("carrier", 0), Amount: f.money("amount"), Tax: f.optional("tax"), TaxJurisdiction: f.word("tax", 1), FX: f.rate("rate")}
	for _, l := range s.lines {
		x.Shipments = append(x.Shipments, schemas.BilledShipment{ShipmentID: l.list[0][0], Amount: l.decimal(l.list[0][1], 4), Accrued: l.moneyPointer("accrued"),
			AccruedFunctional: l.moneyPointer("worth")})
	}
	return x
}

// corrected embeds the original that a fact names ("voids shipment.shipped SH-1"), as admission does. It stands under its own rule set.
func (w *world) corrected(s *statement, fact string, reason schemas.CorrectionReason) *schemas.Correction {
	original := w.events[s.facts.word(fact, 0)+" "+s.facts.word(fact, 1)]
	if original == nil {
		w.t.Fatalf("%q: no such event before it", s.text)
	}
	bytes, err := schemas.EncodeEmbedded(original)
	if err != nil {
		w.t.Fatalf("embedding the original: %v", err)
	}
	return &schemas.Correction{
		Reason: reason, CorrectedEventID: original.Header().EventID, CorrectedEventType: original.EventType(),
		Original: bytes, StandingRuleSet: original.Header().RuleSet,
	}
}

func void(w *world, s *statement) schemas.Event {
	x := &schemas.EventVoided{VoidID: s.doc, Reason: "did not occur"}
	x.Meta.Correction = w.corrected(s, "voids", schemas.CorrectionReasonDID_NOT_OCCUR)
	return x
}

func voidShipment(w *world, s *statement) schemas.Event {
	x := &schemas.ShipmentVoided{VoidID: s.doc, ShipmentID: s.facts.word("voids", 1), Reason: "the truck never left"}
	x.Meta.Correction = w.corrected(s, "voids", schemas.CorrectionReasonDID_NOT_OCCUR)
	return x
}

func failRefund(w *world, s *statement) schemas.Event {
	x := &schemas.RefundFailed{FailureID: s.doc, RefundID: s.facts.word("voids", 1), Amount: s.facts.money("amount"), Reason: "card expired"}
	x.Meta.Correction = w.corrected(s, "voids", schemas.CorrectionReasonDID_NOT_OCCUR)
	return x
}

// failCapture corrects only a capture that had been booked.
func failCapture(w *world, s *statement) schemas.Event {
	x := &schemas.PaymentCaptureFailed{FailureID: s.doc, PaymentID: s.facts.word("payment", 0), Method: schemas.PaymentMethodCARD, Amount: s.facts.money("amount"), Reason: "refused"}
	if s.facts.has("voids") {
		x.PaymentID = s.facts.word("voids", 1)
		x.Meta.Correction = w.corrected(s, "voids", schemas.CorrectionReasonDID_NOT_OCCUR)
	}
	return x
}

// supersede is "rebooks shipment.shipped SH-1, old 2010-01, new 2010-02"; without old no entry stands.
func supersede(w *world, s *statement) schemas.Event {
	x := &schemas.RuleSuperseded{PlanID: s.doc, Reason: "new mapping", OldRuleSet: s.facts.word("old", 0), NewRuleSet: s.facts.word("new", 0)}
	x.Meta.Correction = w.corrected(s, "rebooks", schemas.CorrectionReasonINCORRECT_DATA)
	return x
}

func closePeriod(_ *world, s *statement) schemas.Event {
	return &schemas.PeriodClosed{Period: s.doc, ClosedAt: 1_772_500_000_000_000, By: "controller"}
}

func reopenPeriod(_ *world, s *statement) schemas.Event {
	return &schemas.PeriodReopened{Period: s.doc, ReopenedAt: 1_772_600_000_000_000, By: "controller", Reason: "late invoice"}
}
