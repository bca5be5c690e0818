package simulate

import (
	"fmt"

	"github.com/throughline/throughline/schemas"
)

// These plots are about goods on their way. With terms AT_DELIVERY they are ours until they arrive.

func carrier(docType, docID, transition string) schemas.Source {
	return schemas.Source{System: "carrier", Instance: "edi", DocType: docType, DocID: docID, Transition: transition}
}

// deliver hands a shipment over to the customer, at the second attempt for some.
func (r *run) deliver(o *order, s *shipment) {
	at := r.later(s.at, 2, 0)
	refs := o.refs("shipment_id", s.id)
	if r.chance(30) {
		r.failToDeliver(o, s, at-day)
	}
	e := &schemas.ShipmentDelivered{ShipmentID: s.id, OrderID: o.id, DeliveryID: "DEL-" + s.id, DeliveredAt: schemas.Some(at), Proof: "POD-" + s.id}
	r.say(at, e, carrier("delivery", e.DeliveryID, "delivered"), refs...)
}

func (r *run) failToDeliver(o *order, s *shipment, at schemas.Time) {
	r.say(at, &schemas.ShipmentDeliveryFailed{ShipmentID: s.id, OrderID: o.id, AttemptID: "ATT-" + s.id, Reason: "NOBODY_HOME", AttemptedAt: schemas.Some(at)},
		carrier("attempt", "ATT-"+s.id, "failed"), o.refs("shipment_id", s.id)...)
}

// playLost: a parcel is gone. What was ours is never billed and the deposit goes back; what was the customer's is billed all the same.
func playLost(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s := r.ship(o, r.later(o.at, 1, 3*hour), r.reserve(o, o.at+10*minute, o.all()))
	at := r.later(s.at, 6, 0)
	e := &schemas.ShipmentLost{LossID: "LOSS-" + s.id, ShipmentID: s.id, OrderID: o.id, Carrier: s.event.Carrier, Liable: schemas.LiablePartyNOBODY}
	if r.chance(50) {
		e.Liable, e.ClaimID = schemas.LiablePartyCARRIER, "CLAIM-"+s.id
	}
	r.say(at, e, carrier("claim", e.LossID, "lost"), o.refs("shipment_id", s.id)...)
	if o.control == schemas.TransferPointAT_DELIVERY {
		r.refund(o, at+hour, s.owed, schemas.SettlesCUSTOMER_DEPOSIT, "")
		return
	}
	r.collect(o, r.bill(o, s.at+hour, s))
}

// playUndelivered: nobody takes the parcel, it comes home and the deposit goes back.
func playUndelivered(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	s := r.ship(o, r.later(o.at, 1, 3*hour), r.reserve(o, o.at+10*minute, o.all()))
	r.failToDeliver(o, s, r.later(s.at, 2, 0))
	at := r.later(s.at, 4, 0)
	rts := &schemas.ShipmentReturnedToSender{ReturnID: "RTS-" + s.id, ShipmentID: s.id, OrderID: o.id, ExpectedDate: schemas.Some(localDate(at) + 3), Reason: "REFUSED"}
	id := r.id("RET")
	back := &schemas.ReturnReceived{ReceiptID: id, OrderID: o.id, ShipmentID: s.id, ReturnedToSenderID: rts.ReturnID, Against: schemas.ReturnAgainstUNDELIVERED}
	sorted := &schemas.ReturnDispositioned{DispositionID: id + "-D", ReceiptID: id, OrderID: o.id}
	for i, p := range s.parts {
		stock, q := p.item.at(p.place), p.item.quantity(p.n)
		rts.Lines = append(rts.Lines, schemas.ReturningLine{ShipmentLineID: s.lines[i], Quantity: q})
		stock.StockStatus = schemas.StockStatusQUALITY
		back.Lines = append(back.Lines, schemas.ReturnLine{LineID: s.lines[i], OrderLineID: p.line.id, ShipmentID: s.id, Stock: stock, Quantity: q, Condition: "UNOPENED"})
		sorted.Lines = append(sorted.Lines, schemas.DispositionLine{LineID: fmt.Sprint(i + 1), ReceiptLineID: s.lines[i], OrderLineID: p.line.id, Stock: stock, Quantity: q,
			Outcome: pick(r, schemas.ReturnOutcomeRESTOCK, schemas.ReturnOutcomeRESTOCK, schemas.ReturnOutcomeSCRAP)})
	}
	r.say(at, rts, carrier("return", rts.ReturnID, "returned_to_sender"), o.refs("shipment_id", s.id)...)
	at = r.later(at, 3, 0)
	refs := o.refs("receipt_id", id, "shipment_id", s.id)
	r.sayLocally(at, back, returns(id, "received"), refs...)
	r.sayLocally(r.later(at, 1, 0), sorted, returns(id, "dispositioned"), refs...)
	r.refund(o, at+hour, s.owed, schemas.SettlesCUSTOMER_DEPOSIT, "")
}

// playShippedAnew: the truck never left; what it had loaded is allocated anew and leaves the day after. The second shipment takes a
// reservation of its own, because the first one's is not free before the void is known.
func playShippedAnew(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	parts := r.reserve(o, o.at+10*minute, o.all())
	wrong := r.ship(o, r.later(o.at, 1, 3*hour), parts)
	v := &schemas.ShipmentVoided{VoidID: "V-" + wrong.id, ShipmentID: wrong.id, OrderID: o.id, Reason: "truck never left"}
	v.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: wrong.event.Meta.EventID,
		CorrectedEventType: wrong.event.EventType()}
	r.sayLocally(wrong.at+hour, v, warehouse(parts[0].place, "shipment", wrong.id, "voided"), o.refs("shipment_id", wrong.id)...)
	for i := range parts {
		parts[i].line.shipped -= parts[i].n
	}
	r.release(o, wrong.at+hour+10*minute, parts, schemas.ReservationStateRESERVED, "TRUCK")
	parts = r.reserve(o, wrong.at+hour+20*minute, parts)
	s := r.ship(o, r.later(wrong.at, 1, 0), parts)
	r.collect(o, r.bill(o, s.at+hour, s))
	if o.marketplace {
		r.promote(o, s.at)
	}
}

// billFreight lets the carrier bill what the label cost, or a little more or less.
func (r *run) billFreight(o *order, s *shipment) {
	at := r.later(s.at, 9, 0)
	id := r.id("FB")
	amount := s.event.LabelPrice.Amount.Add(schemas.NewDecimal(r.rng.Int64N(301)-100, 2))
	e := &schemas.FreightCostBilled{BillID: id, Carrier: s.event.Carrier, CarrierInvoice: "INV" + id, OrderID: o.id, Amount: schemas.Money{Amount: amount, Currency: Functional},
		Shipments: []schemas.BilledShipment{{ShipmentID: s.id, Amount: amount}}}
	if r.chance(25) {
		e.Tax, e.TaxJurisdiction = schemas.Some(amount.MulRound(schemas.NewDecimal(8, 2), 2, schemas.HalfUp)), "US-TX"
	}
	r.say(at, e, erp("freight bill", id, "billed"), o.refs("shipment_id", s.id)...)
}
