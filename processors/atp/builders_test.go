package atp

import (
	"strings"

	"github.com/throughline/throughline/schemas"
)

// builders make one event each from what a scenario says and what the world knows; events that move no stock come empty.
var builders = map[string]func(*world, statement) schemas.Event{
	"order.accepted":                 acceptOrder,
	"order.line_cancelled":           cancelLine,
	"inventory.received":             receiveGoods,
	"inventory.reserved":             reserve,
	"inventory.reservation_released": release,
	"inventory.adjusted":             adjust,
	"fulfillment.picked":             pick,
	"fulfillment.short_shipped":      shortShip,
	"shipment.shipped":               ship,
	"credit_memo.issued":             creditMemo,
	"return.received":                receiveReturn,
	"return.dispositioned":           dispose,
	"event.voided":                   void,
	"order.changed":                  changeOrder,
	"inventory.expected":             expectGoods,
	"inventory.expectation_changed":  changeExpectation,
	"inventory.status_changed":       changeStatus,
	"inventory.transfer_dispatched":  dispatch,
	"inventory.transfer_received":    receiveTransfer,
	"inventory.policy_changed":       changePolicy,
	"shipment.voided":                voidShipment,
	"shipment.returned_to_sender":    bringBack,
	"return.authorised":              authorise,
	"return.closed_not_received":     closeReturn,
}

func acceptOrder(w *world, s statement) schemas.Event {
	x := &schemas.OrderAccepted{OrderID: s.doc, Channel: "web", Currency: "USD", Terms: schemas.TermsPREPAID}
	for i, f := range s.lines {
		l := schemas.OrderLine{LineID: lineID(i), Quantity: f.quantity(), RequestedDate: f.date("on")}
		if f.has("charge") {
			l.Kind = schemas.LineKindCHARGE
		} else if f.has("gift-card") {
			l.Kind = schemas.LineKindGIFT_CARD
		} else if stock := f.stock(); !f.has("nowhere") {
			l.Stock = &stock
			w.demand[s.doc+" "+stock.SKU] = demand{stock.Location, l.RequestedDate}
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func cancelLine(w *world, s statement) schemas.Event {
	x := &schemas.OrderLineCancelled{OrderID: s.order(), CancellationID: s.doc, Reason: "customer", By: "CUSTOMER"}
	for i, f := range s.lines {
		stock := f.stock()
		l := schemas.CancelledLine{LineID: lineID(i), Quantity: f.quantity(), Stock: &stock, ReleasedFrom: schemas.ReleasedFromOPEN_DEMAND}
		if f.has("from-none") {
			l.ReleasedFrom = schemas.ReleasedFromNONE
		}
		if d, ok := w.demand[s.order()+" "+stock.SKU]; ok {
			l.DemandLocation, l.DemandDate = d.location, d.date
		}
		if f.has("nowhere") {
			l.Stock = nil
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func receiveGoods(_ *world, s statement) schemas.Event {
	x := &schemas.InventoryReceived{ReceiptID: s.doc}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.ReceiptLine{
			LineID: lineID(i), Stock: f.stock(), Accepted: f.quantity(), ExpectedConsumed: f.number("expected"), ExpectedDate: f.date("due"), ExpectedDocument: f.word("doc"),
		})
	}
	return x
}

// reserve takes over the order's demand, in full or what "demand" says.
func reserve(w *world, s statement) schemas.Event {
	x := &schemas.InventoryReserved{ReservationID: s.doc, OrderID: s.order()}
	if s.facts.has("soft") {
		x.Hardness = schemas.HardnessSOFT
	}
	if s.facts.has("transfer") {
		x.Serves, x.TransferID = schemas.ReservationServesTRANSFER, s.facts.word("transfer")
	}
	for i, f := range s.lines {
		l := schemas.ReservationLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity()}
		if d, ok := w.demand[s.order()+" "+l.Stock.SKU]; ok {
			l.DemandConsumed, l.DemandLocation, l.DemandDate = schemas.Some(l.Quantity.BaseQty), d.location, d.date
		}
		if f.has("demand") {
			l.DemandConsumed = f.number("demand")
		}
		w.reservations[s.doc+" "+l.Stock.SKU] = l.Quantity.BaseQty
		x.Lines = append(x.Lines, l)
	}
	return x
}

func release(w *world, s statement) schemas.Event {
	x := &schemas.InventoryReservationReleased{ReleaseID: s.doc, ReservationID: s.facts.word("from"), OrderID: s.order(), Reason: "customer", ReturnsTo: schemas.ReturnsToOPEN_DEMAND}
	if s.facts.has("to-nothing") {
		x.ReturnsTo = schemas.ReturnsToNOTHING
	}
	x.StateAtRelease = schemas.ReservationState(s.facts.word("state"))
	for i, f := range s.lines {
		l := schemas.ReleaseLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity()}
		d := w.demand[s.order()+" "+l.Stock.SKU]
		l.DemandLocation, l.DemandDate = d.location, d.date
		x.Lines = append(x.Lines, l)
	}
	return x
}

func adjust(_ *world, s statement) schemas.Event {
	x := &schemas.InventoryAdjusted{AdjustmentID: s.doc}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.AdjustmentLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(), FromHold: f.has("from-hold"), Reason: schemas.AdjustmentReason(f.word("reason"))})
	}
	return x
}

func pick(_ *world, s statement) schemas.Event {
	x := &schemas.FulfillmentPicked{FulfillmentID: s.doc, OrderID: s.order()}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.PickedLine{OrderLineID: lineID(i), Stock: f.stock(), Quantity: f.quantity()})
	}
	return x
}

func shortShip(w *world, s statement) schemas.Event {
	x := &schemas.FulfillmentShortShipped{FulfillmentID: "F", ShortID: s.doc, OrderID: s.order()}
	for i, f := range s.lines {
		l := schemas.ShortLine{
			OrderLineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(), ReservationID: s.facts.word("from"),
			Cause: schemas.ShortCause(f.word("cause")), Outcome: schemas.ShortOutcome(f.word("outcome")),
		}
		d := w.demand[s.order()+" "+l.Stock.SKU]
		l.DemandLocation, l.DemandDate = d.location, d.date
		x.Lines = append(x.Lines, l)
	}
	return x
}

// ship uses up the reservation it names, or open demand; "uses 1" says how much where more ships than that. "for B" names the SKU
// that was ordered and reserved where another ships.
func ship(w *world, s statement) schemas.Event {
	x := &schemas.ShipmentShipped{ShipmentID: s.doc, OrderID: s.order()}
	for i, f := range s.lines {
		l := schemas.ShipmentLine{LineID: lineID(i), OrderLineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(), ReservationID: s.facts.word("from")}
		sku, used := l.Stock.SKU, l.Quantity.BaseQty
		if f.has("for") {
			sku = f.word("for")
		}
		if f.has("uses") {
			used = f.number("uses").V
		}
		d := w.demand[s.order()+" "+sku]
		switch {
		case f.has("unstamped"):
		case l.ReservationID != "":
			k := l.ReservationID + " " + sku
			used = used.Min(w.reservations[k])
			w.reservations[k] = w.reservations[k].Sub(used)
			l.ReservedConsumed, l.ReservedSKU, l.ReservedLocation = schemas.Some(used), sku, d.location
		default:
			l.DemandConsumed, l.DemandSKU, l.DemandLocation, l.DemandDate = schemas.Some(used), sku, d.location, d.date
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func creditMemo(_ *world, s statement) schemas.Event {
	x := &schemas.CreditMemoIssued{CreditMemoID: s.doc, OrderID: s.order()}
	for i, f := range s.lines {
		stock, q := f.stock(), f.quantity()
		x.Lines = append(x.Lines, schemas.CreditLine{LineID: lineID(i), Stock: &stock, Quantity: &q, Goods: schemas.CreditedGoodsEXPECTED_BACK})
	}
	return x
}

func receiveReturn(_ *world, s statement) schemas.Event {
	x := &schemas.ReturnReceived{ReceiptID: s.doc, OrderID: s.order(), RMAID: s.facts.word("rma"), ShipmentID: s.facts.word("shipment"), ReturnedToSenderID: s.facts.word("notice"), Against: schemas.ReturnAgainstCREDITED}
	for i, f := range s.lines {
		l := schemas.ReturnLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(), ExpectedConsumed: f.number("expected"), ExpectedDate: f.date("due"), Condition: f.word("condition")}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func dispose(_ *world, s statement) schemas.Event {
	x := &schemas.ReturnDispositioned{DispositionID: s.doc, ReceiptID: "RR", OrderID: s.order()}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.DispositionLine{LineID: lineID(i), ReceiptLineID: lineID(i), Stock: f.stock(), Quantity: f.quantity(), Outcome: schemas.ReturnOutcome(f.word("outcome"))})
	}
	return x
}

// void embeds the original, as admission does: "voids shipment.shipped SH-1".
func void(w *world, s statement) schemas.Event {
	x := &schemas.EventVoided{VoidID: s.doc, Reason: "did not occur"}
	x.Meta.Correction = w.correction(s.doc, strings.Join(s.facts["voids"], " "))
	return x
}

func voidShipment(w *world, s statement) schemas.Event {
	x := &schemas.ShipmentVoided{VoidID: s.doc, ShipmentID: s.facts.word("voids"), Reason: "the truck never left"}
	x.Meta.Correction = w.correction(s.doc, "shipment.shipped "+x.ShipmentID)
	return x
}

func (w *world) correction(doc, of string) *schemas.Correction {
	original := w.events[of]
	if original == nil {
		w.t.Fatalf("%s voids an event that is not before it", doc)
	}
	bytes, err := w.codec.Encode(original)
	if err != nil {
		w.t.Fatalf("embedding the original: %v", err)
	}
	return &schemas.Correction{
		Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: original.Header().EventID, CorrectedEventType: original.EventType(), Original: bytes,
	}
}
