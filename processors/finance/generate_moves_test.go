package finance

import (
	"strconv"

	"github.com/throughline/throughline/schemas"
)

func (g *generator) dispatched() schemas.Event {
	x := &schemas.InventoryTransferDispatched{TransferID: g.id("T"), DispatchID: g.id("TD"), FromLocation: "DC1", ToLocation: "DC2"}
	for range 1 + g.IntN(4) {
		q := g.quantity()
		x.Lines = append(x.Lines, schemas.DispatchedLine{LineID: g.id("L"), Stock: g.stock(), Quantity: q, Cost: g.cost(q)})
	}
	return x
}

func (g *generator) transferred() schemas.Event {
	x := &schemas.InventoryTransferReceived{TransferID: g.id("T"), ReceiptID: g.id("TR"), DispatchID: g.maybe("TD"), ToLocation: "DC2"}
	for range 1 + g.IntN(4) {
		q := g.quantity()
		x.Lines = append(x.Lines, schemas.TransferredLine{LineID: g.id("L"), Stock: g.stock(), Quantity: q, Cost: g.cost(q)})
	}
	return x
}

func (g *generator) revalued() schemas.Event {
	x := &schemas.InventoryCostRevalued{RevaluationID: g.id("RV"), Reason: "r"}
	for range 1 + g.IntN(4) {
		l := schemas.RevaluedLine{LineID: g.id("L"), Stock: g.stock(), BaseUOM: "EA", OnHand: g.quantity().BaseQty, Currency: "USD",
			OldUnitCost: schemas.NewDecimal(g.Int64N(10_000_000_000), 8), NewUnitCost: schemas.NewDecimal(g.Int64N(10_000_000_000), 8)}
		l.Amount = l.OnHand.MulRound(l.NewUnitCost.Sub(l.OldUnitCost), 4, schemas.HalfUp)
		x.Lines = append(x.Lines, l)
	}
	return x
}

func (g *generator) control() *schemas.ControlTransfer {
	return &schemas.ControlTransfer{Point: pickOne(g, schemas.TransferPointAT_DELIVERY, schemas.TransferPointAT_DELIVERY, schemas.TransferPointAT_DELIVERY,
		schemas.TransferPointAT_DELIVERY, schemas.TransferPointAT_SHIPMENT, schemas.TransferPointAT_PICKUP)}
}

func (g *generator) delivered() schemas.Event {
	x := &schemas.ShipmentDelivered{ShipmentID: g.id("SH"), OrderID: g.id("SO"), DeliveryID: g.id("DL"), Currency: g.currency(), FX: g.fx, Control: g.control()}
	for range 1 + g.IntN(6) {
		l, q, a, b := g.part()
		x.Lines = append(x.Lines, schemas.DeliveredLine{ShipmentLineID: g.id("L"), OrderLineID: l.LineID, Stock: l.Stock, Quantity: &q, Amounts: a, Basis: b, Cost: g.cost(q)})
	}
	return x
}

func (g *generator) lost() schemas.Event {
	x := &schemas.ShipmentLost{LossID: g.id("LO"), ShipmentID: g.id("SH"), OrderID: g.id("SO"), ClaimID: g.maybe("CL"), Control: g.control(),
		Liable: pickOne(g, schemas.LiablePartyCARRIER, schemas.LiablePartyNOBODY)}
	for range 1 + g.IntN(4) {
		q, stock := g.quantity(), g.stock()
		x.Lines = append(x.Lines, schemas.LostLine{ShipmentLineID: g.id("L"), OrderLineID: g.id("OL"), Stock: &stock, Quantity: &q, Cost: g.cost(q)})
	}
	return x
}

func (g *generator) disputeWon() schemas.Event {
	return &schemas.DisputeWon{DisputeID: g.id("DP"), PaymentID: g.id("P"), PSP: "psp", Amount: g.money(), FeeRefunded: g.optional(), FX: g.fx, BookedFX: g.another()}
}

func (g *generator) payoutFailed() schemas.Event {
	return &schemas.PayoutFailed{FailureID: g.id("PF"), PayoutID: g.id("PO"), BatchID: g.id("B"), PSP: "psp", Amount: g.money(), BookedFX: g.fx, FX: g.another()}
}

func (g *generator) applied() schemas.Event {
	x := &schemas.CustomerPaymentApplied{RemittanceID: g.id("RM"), Currency: g.currency(), FX: g.fx}
	for i := range 1 + g.IntN(5) {
		x.Lines = append(x.Lines, schemas.AppliedLine{LineID: strconv.Itoa(i), InvoiceID: g.id("INV"), Paid: g.signed(), Discount: g.optional(), Deduction: g.optional(),
			DeductionReason: "r", BookedFX: either(g.another(), g.fx)})
	}
	return x
}

func (g *generator) cardRevoked() schemas.Event {
	return &schemas.GiftCardRevoked{RevocationID: g.id("GR"), CardRef: g.id("GC"), OrderID: g.maybe("SO"), CreditMemoID: g.maybe("CM"), InvoiceID: g.maybe("INV"), Amount: g.money(), FX: g.fx,
		Settles: pickOne(g, schemas.SettlesCREDIT_MEMO, schemas.SettlesRECEIVABLE)}
}

func (g *generator) breakage() schemas.Event {
	return &schemas.GiftCardBreakageRecognised{BreakageID: g.id("GB"), CardRef: g.id("GC"), Amount: g.money(), FX: g.fx}
}

func (g *generator) recovered() schemas.Event {
	x := &schemas.ReceivableRecovered{RecoveryID: g.id("RC"), InvoiceID: g.maybe("INV"), WriteOffID: g.maybe("W"), Amount: g.money(), FX: g.fx}
	if g.IntN(2) == 0 {
		x.TaxRelief, x.TaxJurisdiction = &schemas.Money{Amount: g.amount(), Currency: g.currency()}, "US-CA"
	}
	return x
}

func (g *generator) reclassified() schemas.Event {
	chart := Chart()
	x := &schemas.ReceivableReclassified{ReclassificationID: g.id("RX"), InvoiceID: g.maybe("INV"), OrderID: g.maybe("SO"), Amount: g.money(), FX: g.fx,
		FromRole: pickOne(g, chart...).Role, ToRole: pickOne(g, chart...).Role, FromKey: g.maybe("K"), ToKey: g.maybe("K")}
	if g.IntN(3) == 0 {
		x.Amount.Amount, x.FunctionalAmount, x.FunctionalCurrency = noAmount, schemas.Some(g.signed().Round(2, schemas.Down).Round(4, schemas.Down)), "USD"
	}
	return x
}

// freightBilled: each accrual is in the bill's currency, the entity's or a third.
func (g *generator) freightBilled() schemas.Event {
	x := &schemas.FreightCostBilled{BillID: g.id("FB"), Carrier: pickOne(g, "DHL", "UPS"), OrderID: g.id("SO"), Tax: g.optional(), TaxJurisdiction: g.maybe("US"), FX: g.fx,
		Amount: schemas.Money{Amount: noAmount, Currency: g.currency()}}
	for range 1 + g.IntN(4) {
		s := schemas.BilledShipment{ShipmentID: g.id("SH"), Amount: g.signed()}
		x.Amount.Amount = x.Amount.Amount.Add(s.Amount)
		switch g.IntN(4) {
		case 0:
			s.Accrued = &schemas.Money{Amount: g.amount(), Currency: "USD"}
		case 1, 2:
			s.Accrued = &schemas.Money{Amount: g.amount(), Currency: pickOne(g, g.currency(), "CHF")}
			s.AccruedFunctional = &schemas.Money{Amount: g.amount().Round(2, schemas.Down).Round(4, schemas.Down), Currency: "USD"}
			if s.Accrued.Currency == "USD" {
				s.AccruedFunctional.Amount = s.Accrued.Amount
			}
		}
		x.Shipments = append(x.Shipments, s)
	}
	return x
}

func (g *generator) notReceived() schemas.Event {
	x := &schemas.ReturnClosedNotReceived{ClosingID: g.id("RC"), RMAID: g.id("RMA"), OrderID: g.maybe("SO"), CreditMemoID: g.maybe("CM"),
		Outcome: pickOne(g, schemas.NotReceivedOutcomeWRITTEN_OFF, schemas.NotReceivedOutcomeBILLED_AGAIN)}
	for i := range 1 + g.IntN(4) {
		q, stock := g.quantity(), g.stock()
		x.Lines = append(x.Lines, schemas.NotReceivedLine{LineID: strconv.Itoa(i), OrderLineID: g.maybe("L"), CreditMemoLineID: g.maybe("CL"), Stock: &stock, Quantity: q, Cost: g.cost(q)})
	}
	return x
}

// correcting gives a correction of one of every fact that it may correct, with the original embedded as admission does.
func (g *generator) correcting(original schemas.Event) []schemas.Event {
	all := []schemas.Event{&schemas.EventVoided{VoidID: "V", Reason: "r"}}
	switch x := original.(type) {
	case *schemas.ShipmentShipped:
		all = append(all, &schemas.ShipmentVoided{VoidID: "V", ShipmentID: x.ShipmentID, OrderID: x.OrderID, Reason: "r"})
	case *schemas.RefundIssued:
		all = append(all, &schemas.RefundFailed{FailureID: "F", RefundID: x.RefundID, Amount: x.Amount, Reason: "r"})
	case *schemas.PaymentCaptured:
		all = append(all, &schemas.PaymentCaptureFailed{FailureID: "F", PaymentID: x.PaymentID, Method: x.Method, Amount: x.Amount, Reason: "r"})
	}
	for _, e := range all {
		g.embed(e, original)
	}
	return all
}

// embed stamps a correction, in the period after its original's.
func (g *generator) embed(e, original schemas.Event) {
	bytes, err := schemas.EncodeEmbedded(original)
	if err != nil {
		panic(err)
	}
	m := g.stamped(e).Header()
	m.Period = "2026-04"
	m.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: original.Header().EventID,
		CorrectedEventType: original.EventType(), Original: bytes, StandingRuleSet: original.Header().RuleSet}
}
