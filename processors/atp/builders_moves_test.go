package atp

import "github.com/throughline/throughline/schemas"

// changeOrder says per line what it is and what it was: "3 × B, was 2, was-of A, on 2026-03-16, was-on 2026-03-09, open 1". What it does not
// say has not changed, and all of it is open. "added" has no before, "dropped" no after.
func changeOrder(w *world, s statement) schemas.Event {
	x := &schemas.OrderChanged{OrderID: s.order(), ChangeID: s.doc, Reason: "customer"}
	for i, f := range s.lines {
		l := schemas.ChangedLine{LineID: lineID(i), OpenBefore: schemas.Some(schemas.NewDecimal(0, 6))}
		if f.has("charge") {
			l.Kind = schemas.LineKindCHARGE
		}
		now, was := f.state(), f.before()
		if !f.has("added") {
			l.Before, l.OpenBefore = was, schemas.Some(was.Quantity.BaseQty)
		}
		if f.has("open") {
			l.OpenBefore = f.number("open")
		}
		if f.has("satisfied") {
			l.Satisfied = f.number("satisfied")
		}
		if f.has("unstamped") {
			l.OpenBefore = schemas.Opt[schemas.Decimal]{}
		}
		if f.has("dropped") {
			l.Before = now
		} else {
			l.After = now
			w.demand[s.order()+" "+now.Stock.SKU] = demand{now.Stock.Location, now.RequestedDate}
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func (f facts) state() *schemas.OrderLineState {
	stock := f.stock()
	return &schemas.OrderLineState{Stock: &stock, Quantity: f.quantity(), RequestedDate: f.date("on")}
}

func (f facts) before() *schemas.OrderLineState {
	s := f.state()
	if f.has("was") {
		s.Quantity.Qty, s.Quantity.BaseQty = f.number("was").V, f.number("was").V
	}
	if f.has("was-of") {
		s.Stock.SKU = f.word("was-of")
	}
	if f.has("was-at") {
		s.Stock.Location = f.word("was-at")
	}
	if f.has("was-on") {
		s.RequestedDate = f.date("was-on")
	}
	return s
}

func expectGoods(_ *world, s statement) schemas.Event {
	x := &schemas.InventoryExpected{ExpectationID: s.doc, DocumentType: schemas.InboundDocumentPURCHASE_ORDER}
	if s.facts.has("return") {
		x.DocumentType = schemas.InboundDocumentRETURN
	}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.ExpectedLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(), DueDate: f.date("due").V})
	}
	return x
}

// changeExpectation: "8 × A, was 10, due 2026-03-20, was-due 2026-03-16".
func changeExpectation(_ *world, s statement) schemas.Event {
	x := &schemas.InventoryExpectationChanged{ExpectationID: s.facts.word("of"), ChangeID: s.doc}
	if s.facts.has("return") {
		x.DocumentType = schemas.InboundDocumentRETURN
	}
	for i, f := range s.lines {
		l := schemas.ChangedExpectation{LineID: lineID(i), Stock: f.stock(), Before: f.quantity(), After: f.quantity(), DueBefore: f.date("due").V, DueAfter: f.date("due").V}
		if f.has("was") {
			l.Before.Qty, l.Before.BaseQty = f.number("was").V, f.number("was").V
		}
		if f.has("was-due") {
			l.DueBefore = f.date("was-due").V
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func changeStatus(_ *world, s statement) schemas.Event {
	x := &schemas.InventoryStatusChanged{ChangeID: s.doc, Reason: "inspection"}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.StatusLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(),
			FromStatus: schemas.StockStatus(f.word("from")), ToStatus: schemas.StockStatus(f.word("to"))})
	}
	return x
}

// dispatch: "TR-1 to DC2, eta 2026-03-12, from RV-1; 3 × A, uses 3".
func dispatch(_ *world, s statement) schemas.Event {
	x := &schemas.InventoryTransferDispatched{TransferID: s.doc, DispatchID: s.doc, FromLocation: "DC1", ToLocation: s.facts.word("to"), Eta: s.facts.date("eta")}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.DispatchedLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(), ReservationID: s.facts.word("from"), ReservedConsumed: f.number("uses")})
	}
	return x
}

// receiveTransfer: "TI-1 of TR-1, due 2026-03-12; 3 × A, at DC2, expected 3".
func receiveTransfer(_ *world, s statement) schemas.Event {
	x := &schemas.InventoryTransferReceived{TransferID: s.order(), ReceiptID: s.doc, ToLocation: "DC2"}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.TransferredLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(), ExpectedConsumed: f.number("expected"), ExpectedDate: s.facts.date("due"),
			ExpectedLocation: f.word("bound-for")})
	}
	return x
}

// changePolicy: the quantity is the safety stock from now on, "was 2" what it was.
func changePolicy(_ *world, s statement) schemas.Event {
	x := &schemas.InventoryPolicyChanged{ChangeID: s.doc}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.PolicyLine{LineID: lineID(i), Stock: f.stock(), BaseUOM: "EA",
			Before: schemas.StockPolicy{SafetyStock: f.number("was").V}, After: schemas.StockPolicy{SafetyStock: f.quantity().BaseQty}})
	}
	return x
}

func bringBack(_ *world, s statement) schemas.Event {
	x := &schemas.ShipmentReturnedToSender{ReturnID: s.doc, ShipmentID: s.facts.word("shipment"), OrderID: s.order(), ExpectedDate: s.facts.date("due")}
	for i, f := range s.lines {
		l := schemas.ReturningLine{ShipmentLineID: lineID(i), Quantity: f.quantity()}
		if stock := f.stock(); !f.has("nowhere") {
			l.Stock = &stock
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func authorise(_ *world, s statement) schemas.Event {
	x := &schemas.ReturnAuthorised{RMAID: s.doc, OrderID: s.order(), Reason: "too small", Policy: schemas.RefundPolicyON_RECEIPT, ExpectedDate: s.facts.date("due")}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.AuthorisedLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity()})
	}
	return x
}

// closeReturn: "CL-1 rma RMA-1, due 2026-04-01; 1 × A, expected 1".
func closeReturn(_ *world, s statement) schemas.Event {
	x := &schemas.ReturnClosedNotReceived{ClosingID: s.doc, RMAID: s.facts.word("rma"), OrderID: s.order(), Outcome: schemas.NotReceivedOutcomeWRITTEN_OFF}
	for i, f := range s.lines {
		l := schemas.NotReceivedLine{LineID: lineID(i), Quantity: f.quantity(), ExpectedConsumed: f.number("expected"), ExpectedDate: s.facts.date("due")}
		if stock := f.stock(); !f.has("nowhere") {
			l.Stock = &stock
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}
