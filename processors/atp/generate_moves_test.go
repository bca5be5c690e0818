package atp

import "github.com/throughline/throughline/schemas"

func (g *generator) state() *schemas.OrderLineState {
	s := g.stock()
	return &schemas.OrderLineState{Stock: &s, Quantity: g.quantity(), RequestedDate: g.date()}
}

func (g *generator) changed() schemas.Event {
	return &schemas.OrderChanged{OrderID: "SO", ChangeID: "OC", Reason: "r", Lines: lines(g, func() schemas.ChangedLine {
		l := schemas.ChangedLine{LineID: "1", Before: g.state(), After: g.state(), OpenBefore: schemas.Some(g.number())}
		switch g.IntN(4) {
		case 0:
			l.Before = nil
		case 1:
			l.After = nil
		}
		return l
	})}
}

func (g *generator) expected() schemas.Event {
	return &schemas.InventoryExpected{ExpectationID: "PO", DocumentType: oneOf(g, schemas.InboundDocumentPURCHASE_ORDER, schemas.InboundDocumentRETURN), Lines: lines(g, func() schemas.ExpectedLine {
		return schemas.ExpectedLine{LineID: "1", Stock: g.stock(), Quantity: g.quantity(), DueDate: g.date().V}
	})}
}

func (g *generator) expectationChanged() schemas.Event {
	return &schemas.InventoryExpectationChanged{ExpectationID: "PO", ChangeID: "PC", DocumentType: oneOf(g, "", schemas.InboundDocumentPURCHASE_ORDER, schemas.InboundDocumentRETURN),
		Lines: lines(g, func() schemas.ChangedExpectation {
			return schemas.ChangedExpectation{LineID: "1", Stock: g.stock(), Before: g.quantity(), After: g.quantity(), DueBefore: g.date().V, DueAfter: g.date().V}
		})}
}

func (g *generator) statusChanged() schemas.Event {
	return &schemas.InventoryStatusChanged{ChangeID: "ST", Reason: "r", Lines: lines(g, func() schemas.StatusLine {
		return schemas.StatusLine{LineID: "1", Stock: g.stock(), Quantity: g.quantity(), FromStatus: oneOf(g, schemas.StockStatusAVAILABLE, schemas.StockStatusQUALITY),
			ToStatus: oneOf(g, schemas.StockStatusAVAILABLE, schemas.StockStatusDAMAGED, schemas.StockStatusBLOCKED)}
	})}
}

func (g *generator) dispatched() schemas.Event {
	return &schemas.InventoryTransferDispatched{TransferID: "TR", DispatchID: "D", FromLocation: "DC1", ToLocation: "DC2", Eta: g.date(), Lines: lines(g, func() schemas.DispatchedLine {
		l := schemas.DispatchedLine{LineID: "1", Stock: g.stock(), Quantity: g.quantity()}
		if g.IntN(2) == 0 {
			l.ReservationID, l.ReservedConsumed = "RV", schemas.Some(g.number())
		}
		return l
	})}
}

func (g *generator) transferred() schemas.Event {
	return &schemas.InventoryTransferReceived{TransferID: "TR", ReceiptID: "TI", ToLocation: "DC2", Lines: lines(g, func() schemas.TransferredLine {
		return schemas.TransferredLine{LineID: "1", Stock: g.stock(), Quantity: g.quantity(), ExpectedDate: g.date(), ExpectedConsumed: schemas.Some(g.number()),
			ExpectedLocation: oneOf(g, "", "DC1")}
	})}
}

func (g *generator) policyChanged() schemas.Event {
	return &schemas.InventoryPolicyChanged{ChangeID: "PC", Lines: lines(g, func() schemas.PolicyLine {
		return schemas.PolicyLine{LineID: "1", Stock: g.stock(), BaseUOM: "EA", Before: schemas.StockPolicy{SafetyStock: g.number()}, After: schemas.StockPolicy{SafetyStock: g.number()}}
	})}
}

func (g *generator) broughtBack() schemas.Event {
	return &schemas.ShipmentReturnedToSender{ReturnID: "RTS", ShipmentID: "SH", OrderID: "SO", ExpectedDate: g.date(), Lines: lines(g, func() schemas.ReturningLine {
		s := g.stock()
		return schemas.ReturningLine{ShipmentLineID: "1", Stock: &s, Quantity: g.quantity()}
	})}
}

func (g *generator) authorised() schemas.Event {
	return &schemas.ReturnAuthorised{RMAID: "RMA", OrderID: "SO", Reason: "r", Policy: schemas.RefundPolicyON_SCAN, ExpectedDate: g.date(), Lines: lines(g, func() schemas.AuthorisedLine {
		return schemas.AuthorisedLine{LineID: "1", Stock: g.stock(), Quantity: g.quantity()}
	})}
}

func (g *generator) notReceived() schemas.Event {
	return &schemas.ReturnClosedNotReceived{ClosingID: "CL", RMAID: "RMA", Outcome: schemas.NotReceivedOutcomeWRITTEN_OFF, Lines: lines(g, func() schemas.NotReceivedLine {
		s := g.stock()
		return schemas.NotReceivedLine{LineID: "1", Stock: &s, Quantity: g.quantity(), ExpectedDate: g.date(), ExpectedConsumed: schemas.Some(g.number())}
	})}
}
