package finance

import "github.com/throughline/throughline/schemas"

// dispatch and transferred name the transfer; a line's place is where it stands ("3 × A at DC2").
func dispatch(w *world, s *statement) schemas.Event {
	x := &schemas.InventoryTransferDispatched{TransferID: s.facts.word("transfer", 0), DispatchID: s.doc, FromLocation: "DC1", ToLocation: "DC2"}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.DispatchedLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity(), Cost: w.cost(f)})
	}
	return x
}

func transferred(w *world, s *statement) schemas.Event {
	x := &schemas.InventoryTransferReceived{TransferID: s.facts.word("transfer", 0), ReceiptID: s.doc, ToLocation: "DC2"}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.TransferredLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity(), Cost: w.cost(f)})
	}
	return x
}

// revalue is "10 × A, from 4.00 to 4.25": so many on hand, and the two unit costs.
func revalue(w *world, s *statement) schemas.Event {
	x := &schemas.InventoryCostRevalued{RevaluationID: s.doc, Reason: "year end"}
	for i, f := range s.lines {
		l := schemas.RevaluedLine{LineID: lineID(i), Stock: f.stock(), BaseUOM: "EA", OnHand: f.goods().qty, Currency: w.entity,
			OldUnitCost: f.decimal(f.word("from", 0), 8), NewUnitCost: f.decimal(f.word("from", 2), 8)}
		l.Amount = l.OnHand.MulRound(l.NewUnitCost.Sub(l.OldUnitCost), 4, schemas.HalfUp)
		x.Lines = append(x.Lines, l)
	}
	return x
}

// deliver copies the shipment's lines, as admission does; "only A" delivers the lines of that SKU.
func deliver(w *world, s *statement) schemas.Event {
	from := w.shipment(s)
	x := &schemas.ShipmentDelivered{ShipmentID: from.ShipmentID, OrderID: from.OrderID, DeliveryID: s.doc, Channel: from.Channel, Currency: from.Currency,
		FX: from.FX, Funding: from.Funding, Control: from.Control}
	for i := range from.Lines {
		l := &from.Lines[i]
		if only := s.facts.word("only", 0); only != "" && only != l.Stock.SKU {
			continue
		}
		x.Lines = append(x.Lines, schemas.DeliveredLine{ShipmentLineID: l.LineID, OrderLineID: l.OrderLineID, Stock: &l.Stock, Quantity: &l.Quantity,
			Amounts: l.Amounts, Basis: l.Basis, Cost: l.Cost})
	}
	return x
}

func lose(w *world, s *statement) schemas.Event {
	from := w.shipment(s)
	x := &schemas.ShipmentLost{LossID: s.doc, ShipmentID: from.ShipmentID, OrderID: from.OrderID, Liable: schemas.LiableParty(s.facts.word("liable", 0)),
		ClaimID: s.facts.word("claim", 0), Control: from.Control}
	for i := range from.Lines {
		l := &from.Lines[i]
		if only := s.facts.word("only", 0); only != "" && only != l.Stock.SKU {
			continue
		}
		x.Lines = append(x.Lines, schemas.LostLine{ShipmentLineID: l.LineID, OrderLineID: l.OrderLineID, Stock: &l.Stock, Quantity: &l.Quantity, Cost: l.Cost})
	}
	return x
}

// shipment is the one that a statement names: "shipment SH-1".
func (w *world) shipment(s *statement) *schemas.ShipmentShipped {
	x := w.shipments[s.facts.word("shipment", 0)]
	if x == nil {
		w.t.Fatalf("%q: no such shipment before it", s.text)
	}
	return x
}

// closeReturn names the credit memo's lines where there is a memo, as admission finds them.
func closeReturn(w *world, s *statement) schemas.Event {
	x := &schemas.ReturnClosedNotReceived{ClosingID: s.doc, RMAID: s.facts.word("rma", 0), OrderID: s.facts.word("of", 0), CreditMemoID: s.facts.word("memo", 0),
		Outcome: schemas.NotReceivedOutcome(s.facts.word("outcome", 0))}
	for i, f := range s.lines {
		stock := f.stock()
		l := schemas.NotReceivedLine{LineID: lineID(i), Stock: &stock, Quantity: f.goods().quantity(), Cost: w.cost(f)}
		if o := w.orderOf(s); o != nil {
			l.OrderLineID = o.Lines[o.line(w, stock.SKU)].LineID
		}
		if x.CreditMemoID != "" {
			l.CreditMemoLineID = l.LineID
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

// What posts nothing by rule needs no more than its name.
func bareBuilders() map[string]func(*world, *statement) schemas.Event {
	bare := func(make func(order, doc string) schemas.Event) func(*world, *statement) schemas.Event {
		return func(_ *world, s *statement) schemas.Event { return make(s.facts.word("of", 0), s.doc) }
	}
	return map[string]func(*world, *statement) schemas.Event{
		"order.changed": bare(func(o, id string) schemas.Event {
			return &schemas.OrderChanged{OrderID: o, ChangeID: id, Reason: "more"}
		}),
		"order.closed": bare(func(o, id string) schemas.Event { return &schemas.OrderClosed{OrderID: o, ClosingID: id} }),
		"cancellation.requested": bare(func(o, id string) schemas.Event {
			return &schemas.CancellationRequested{OrderID: o, CancellationID: id}
		}),
		"inventory.expected":            bare(func(_, id string) schemas.Event { return &schemas.InventoryExpected{ExpectationID: id} }),
		"inventory.expectation_changed": bare(func(_, id string) schemas.Event { return &schemas.InventoryExpectationChanged{ChangeID: id} }),
		"inventory.status_changed":      bare(func(_, id string) schemas.Event { return &schemas.InventoryStatusChanged{ChangeID: id} }),
		"inventory.snapshot_taken":      bare(func(_, id string) schemas.Event { return &schemas.InventorySnapshotTaken{SnapshotID: id} }),
		"inventory.policy_changed":      bare(func(_, id string) schemas.Event { return &schemas.InventoryPolicyChanged{ChangeID: id} }),
		"fulfillment.released":          bare(func(o, id string) schemas.Event { return &schemas.FulfillmentReleased{OrderID: o, FulfillmentID: id} }),
		"fulfillment.stop_confirmed":    bare(func(o, id string) schemas.Event { return &schemas.FulfillmentStopConfirmed{OrderID: o, StopID: id} }),
		"fulfillment.stop_rejected":     bare(func(o, id string) schemas.Event { return &schemas.FulfillmentStopRejected{OrderID: o, StopID: id} }),
		"shipment.delivery_failed":      bare(func(o, id string) schemas.Event { return &schemas.ShipmentDeliveryFailed{OrderID: o, AttemptID: id} }),
		"shipment.returned_to_sender":   bare(func(o, id string) schemas.Event { return &schemas.ShipmentReturnedToSender{OrderID: o, ReturnID: id} }),
		"payment.authorized":            bare(func(o, id string) schemas.Event { return &schemas.PaymentAuthorized{OrderID: o, AuthorizationID: id} }),
		"payment.voided":                bare(func(o, id string) schemas.Event { return &schemas.PaymentVoided{OrderID: o, VoidID: id} }),
		"return.authorised":             bare(func(o, id string) schemas.Event { return &schemas.ReturnAuthorised{OrderID: o, RMAID: id} }),
	}
}
