package finance

import (
	"strconv"

	"github.com/throughline/throughline/schemas"
)

func (g *generator) received() schemas.Event {
	x := &schemas.InventoryReceived{ReceiptID: g.id("R")}
	for range 1 + g.IntN(4) {
		q := g.quantity()
		l := schemas.ReceiptLine{LineID: g.id("L"), PoID: g.maybe("PO"), PoLineID: "1", Stock: g.stock(), Accepted: q, Cost: g.cost(q)}
		if g.IntN(2) == 0 {
			l.UnitCost = schemas.Some(schemas.NewDecimal(g.Int64N(10_000_000_000), 8))
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func (g *generator) adjusted() schemas.Event {
	x := &schemas.InventoryAdjusted{AdjustmentID: g.id("AD")}
	for range 1 + g.IntN(4) {
		q := g.quantity()
		l := schemas.AdjustmentLine{LineID: g.id("L"), Stock: g.stock(), Quantity: q, Cost: g.cost(q),
			Reason: pickOne(g, schemas.AdjustmentReasonOPENING, schemas.AdjustmentReasonDAMAGE, schemas.AdjustmentReasonFOUND)}
		if g.IntN(2) == 0 {
			l.Quantity.Qty, l.Quantity.BaseQty = q.Qty.Neg(), q.BaseQty.Neg()
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func (g *generator) shipment() schemas.Event {
	x := &schemas.ShipmentShipped{ShipmentID: g.id("SH"), OrderID: g.id("SO"), Currency: g.currency(), FX: g.fx,
		Control: &schemas.ControlTransfer{Point: pickOne(g, schemas.TransferPointAT_SHIPMENT, schemas.TransferPointAT_PICKUP, schemas.TransferPointAT_DELIVERY)}}
	if g.IntN(3) == 0 {
		x.LabelPrice = &schemas.Money{Amount: g.amount(), Currency: pickOne(g, "USD", g.currency())}
	}
	for range 1 + g.IntN(6) {
		l, q, a, b := g.part()
		x.Lines = append(x.Lines, schemas.ShipmentLine{
			LineID: g.id("L"), OrderLineID: l.LineID, Stock: *l.Stock, Quantity: q, Amounts: a, Basis: b, Cost: g.cost(q),
		})
	}
	return x
}

func (g *generator) invoice() schemas.Event {
	x := &schemas.InvoiceIssued{InvoiceID: g.id("INV"), OrderID: g.maybe("SO"), Currency: g.currency(), FX: g.fx, Funding: g.funding(schemas.SettlesRECEIVABLE)}
	for range 1 + g.IntN(6) {
		l, q, a, b := g.part()
		line := schemas.InvoiceLine{LineID: g.id("L"), OrderLineID: l.LineID, Stock: l.Stock, Quantity: &q, Amounts: a, Basis: b}
		line.Kind, line.ChargeCode = g.kind()
		x.Lines = append(x.Lines, line)
	}
	return x
}

func (g *generator) kind() (schemas.LineKind, string) {
	switch g.IntN(4) {
	case 0:
		return schemas.LineKindCHARGE, pickOne(g, "FREIGHT", "DISCOUNT", "MANUAL", "BANK_CHARGE", "SAMPLE", "RESTOCKING", "REBILL_RETURN")
	case 1:
		return schemas.LineKindGIFT_CARD, ""
	}
	return schemas.LineKindGOODS, ""
}

func (g *generator) creditMemo() schemas.Event {
	x := &schemas.CreditMemoIssued{CreditMemoID: g.id("CM"), InvoiceID: g.maybe("INV"), OrderID: g.maybe("SO"), Currency: g.currency(), FX: g.fx,
		Funding: g.funding(schemas.SettlesCREDIT_MEMO, schemas.SettlesRECEIVABLE), RestockingFee: g.optional()}
	for range 1 + g.IntN(6) {
		l, q, a, b := g.part()
		line := schemas.CreditLine{LineID: g.id("L"), OrderLineID: l.LineID, Stock: l.Stock, Quantity: &q, Amounts: a, Basis: b, Cost: g.cost(q), CreditsFreight: g.IntN(2) == 0,
			Goods: pickOne(g, schemas.CreditedGoodsEXPECTED_BACK, schemas.CreditedGoodsKEPT, schemas.CreditedGoodsNOT_SHIPPED)}
		line.Kind, line.ChargeCode = g.kind()
		x.Lines = append(x.Lines, line)
	}
	return x
}

func (g *generator) writtenOff() schemas.Event {
	x := &schemas.ReceivableWrittenOff{WriteOffID: g.id("W"), InvoiceID: g.maybe("INV"), Amount: g.money(), FX: g.fx}
	if g.IntN(2) == 0 {
		x.TaxRelief, x.TaxJurisdiction = &schemas.Money{Amount: g.amount(), Currency: g.currency()}, "US-CA"
	}
	return x
}

func (g *generator) giftCard() schemas.Event {
	return &schemas.GiftCardSold{SaleID: g.id("GS"), CardRef: g.id("GC"), OrderID: g.maybe("SO"), PaymentRef: g.maybe("P"), Amount: g.money(), FX: g.fx,
		PaidInto: pickOne(g, schemas.PaidIntoBANK, schemas.PaidIntoBANK_CLEARING, schemas.PaidIntoORDER_DEPOSIT, schemas.PaidIntoPSP, schemas.PaidIntoRECEIVABLE)}
}

func (g *generator) method() schemas.PaymentMethod {
	return pickOne(g, schemas.PaymentMethodCARD, schemas.PaymentMethodWALLET, schemas.PaymentMethodMARKETPLACE, schemas.PaymentMethodCOD,
		schemas.PaymentMethodBANK, schemas.PaymentMethodGIFT_CARD, schemas.PaymentMethodSTORE_CREDIT)
}

func (g *generator) captured() schemas.Event {
	return &schemas.PaymentCaptured{PaymentID: g.id("P"), OrderID: g.maybe("SO"), Method: g.method(), CardRef: g.maybe("GC"), Amount: g.money(), FX: g.fx, BookedFX: g.another(),
		Funding: g.funding(schemas.SettlesCUSTOMER_DEPOSIT, schemas.SettlesRECEIVABLE)}
}

func (g *generator) refund() schemas.Event {
	return &schemas.RefundIssued{RefundID: g.id("RF"), PaymentID: g.maybe("P"), CreditMemoID: g.maybe("CM"), OrderID: g.maybe("SO"), Method: g.method(), Amount: g.money(), FX: g.fx, BookedFX: g.another(),
		Settles: pickOne(g, schemas.SettlesCREDIT_MEMO, schemas.SettlesCUSTOMER_DEPOSIT, schemas.SettlesRECEIVABLE)}
}

func (g *generator) fee() schemas.Event {
	return &schemas.PSPFeeCharged{FeeID: g.id("FE"), PSP: "psp", PaymentID: g.maybe("P"), BatchID: g.maybe("B"), Amount: g.money(), Tax: g.optional(), TaxJurisdiction: "DE", FX: g.fx,
		FeeType: pickOne(g, schemas.PSPFeeTypeFEE, schemas.PSPFeeTypeRESERVE, schemas.PSPFeeTypeTOPUP, schemas.PSPFeeTypeFUNDED_PROMOTION, schemas.PSPFeeTypeUNKNOWN)}
}

func (g *generator) marketplaceFee() schemas.Event {
	return &schemas.MarketplaceFeeCharged{FeeID: g.id("MF"), Marketplace: "m", PaymentID: g.maybe("P"), Amount: g.money(), Tax: g.optional(), TaxJurisdiction: "DE", FX: g.fx,
		FeeType: pickOne(g, schemas.MarketplaceFeeTypeCOMMISSION, schemas.MarketplaceFeeTypeREFERRAL)}
}

func (g *generator) settled() schemas.Event {
	x := &schemas.PaymentSettled{SettlementID: g.id("ST"), BatchID: g.id("B"), PSP: "psp", PaymentID: g.id("P"), Gross: g.money(), Fee: g.amount(),
		Kind: pickOne(g, schemas.SettledKindPAYMENT, schemas.SettledKindREFUND, schemas.SettledKindDISPUTE), FeeBookedOnPayment: g.IntN(2) == 0, BookedFX: g.fx}
	x.Net = x.Gross.Amount.Sub(x.Fee)
	if g.fx != nil {
		rate := *g.fx
		rate.Rate = schemas.NewDecimal(1+g.Int64N(50_000_000_000), 10)
		x.SettlementFX = &rate
		if g.IntN(2) == 0 {
			x.Settlement = &schemas.Money{Amount: g.signed(), Currency: "USD"}
		}
	}
	return x
}

func (g *generator) payout() schemas.Event {
	return &schemas.PayoutPaid{PayoutID: g.id("PO"), BatchID: g.id("B"), PSP: "psp", Amount: g.money(), FX: g.fx}
}

func (g *generator) bankLine() schemas.Event {
	return &schemas.BankStatementLineMatched{BankAccount: "main", LineID: g.id("BL"), MatchedID: g.id("X"), Amount: g.money(), FX: g.fx, BookedFX: g.another(),
		Matched: pickOne(g, schemas.MatchedKindPAYOUT, schemas.MatchedKindPAYMENT, schemas.MatchedKindREFUND, schemas.MatchedKindREMITTANCE)}
}

func (g *generator) disputeOpened() schemas.Event {
	return &schemas.DisputeOpened{DisputeID: g.id("DP"), PaymentID: g.id("P"), PSP: "psp", Amount: g.money(), Fee: g.optional(), FX: g.fx}
}

func (g *generator) disputeLost() schemas.Event {
	return &schemas.DisputeLost{DisputeID: g.id("DP"), PaymentID: g.id("P"), OrderID: g.maybe("SO"), PSP: "psp", Amount: g.money(), FX: g.fx, BookedFX: g.another(),
		Settles: pickOne(g, schemas.SettlesCUSTOMER_DEPOSIT, schemas.SettlesCREDIT_MEMO, schemas.SettlesLOSS)}
}

func (g *generator) returned() schemas.Event {
	x := &schemas.ReturnReceived{ReceiptID: g.id("RR"), CreditMemoID: g.maybe("CM"), OrderID: g.maybe("SO"), ShipmentID: g.maybe("SH"),
		Against: pickOne(g, schemas.ReturnAgainstCREDITED, schemas.ReturnAgainstBLIND, schemas.ReturnAgainstUNDELIVERED)}
	for i := range 1 + g.IntN(4) {
		q := g.quantity()
		x.Lines = append(x.Lines, schemas.ReturnLine{LineID: strconv.Itoa(i), OrderLineID: g.maybe("L"), CreditMemoLineID: g.maybe("CL"), Stock: g.stock(), Quantity: q, Cost: g.cost(q)})
	}
	return x
}

func (g *generator) dispositioned() schemas.Event {
	x := &schemas.ReturnDispositioned{DispositionID: g.id("RD"), ReceiptID: g.id("RR"), OrderID: g.maybe("SO")}
	for i := range 1 + g.IntN(4) {
		q := g.quantity()
		x.Lines = append(x.Lines, schemas.DispositionLine{LineID: strconv.Itoa(i), ReceiptLineID: "1", OrderLineID: g.maybe("L"), Stock: g.stock(), Quantity: q, Cost: g.cost(q), RecoverableValue: schemas.Some(g.amount()),
			Outcome: pickOne(g, schemas.ReturnOutcomeRESTOCK, schemas.ReturnOutcomeSCRAP, schemas.ReturnOutcomeREFURBISH, schemas.ReturnOutcomeVENDOR, schemas.ReturnOutcomeRETURN_TO_CUSTOMER)})
	}
	return x
}
