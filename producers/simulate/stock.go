package simulate

import (
	"fmt"

	"github.com/throughline/throughline/schemas"
)

// take promises stock; where there is not enough, a supplier delivers first.
func (r *run) take(it *item, place string, base int64, at schemas.Time) {
	s := shelf{it, place}
	if r.stock[s] < base {
		r.receive(at-second, place, it, base+it.base(40+r.rng.Int64N(60)))
	}
	r.stock[s] -= base
}

// receive is a delivery of one item, some pieces of it broken or to be inspected now and then. Some purchase orders say a price that
// is not the standard cost, some say none.
func (r *run) receive(at schemas.Time, place string, it *item, base int64) *schemas.InventoryReceived {
	id := r.id("RCP")
	e := &schemas.InventoryReceived{ReceiptID: id, SupplierRef: pick(r, "V-NORTH", "V-SOUTH", "V-ASIA")}
	quantity := func(base int64) schemas.Quantity {
		q := schemas.NewDecimal(base, 3)
		return schemas.Quantity{Qty: q, UOM: it.uom, BaseQty: q, BaseUOM: it.uom}
	}
	line := schemas.ReceiptLine{LineID: "1", PoID: "PO-" + id, PoLineID: "1", Stock: it.at(place), Accepted: quantity(base)}
	if r.chance(60) && it.owner == schemas.StockOwnerOWN {
		line.UnitCost = schemas.Some(it.cost.Add(schemas.NewDecimal(r.rng.Int64N(2001)-1000, 4)).Abs())
	}
	if r.chance(10) {
		rejected := quantity(it.base(1))
		line.Rejected = &rejected
	}
	e.Lines = append(e.Lines, line)
	if r.chance(15) && it.owner == schemas.StockOwnerOWN {
		held := schemas.ReceiptLine{LineID: "2", PoID: line.PoID, PoLineID: "2", Stock: it.at(place), Accepted: quantity(it.base(2)), UnitCost: line.UnitCost}
		held.Stock.StockStatus = schemas.StockStatusQUALITY
		e.Lines = append(e.Lines, held)
	}
	r.sayLocally(at, e, warehouse(place, "receipt", id, "received"), "receipt_id", id, "po_id", line.PoID)
	r.stock[shelf{it, place}] += base
	return e
}

// openHouse takes over the stock of DC-SOUTH from the system before, and starts the routine of every week.
func (r *run) openHouse(first schemas.Time) {
	at := first - 2*hour
	var opening []adjustment
	for _, it := range r.items {
		if it.owner == schemas.StockOwnerOWN {
			base := it.base(30 + r.rng.Int64N(40))
			opening = append(opening, adjustment{it, base, schemas.AdjustmentReasonOPENING, false})
			r.stock[shelf{it, "DC-SOUTH"}] += base
		}
	}
	r.adjust(at, "DC-SOUTH", opening...)
	r.sellCard(at + minute)
	r.then(first+hour, r.week)
}

// week is the routine that belongs to no order. The next week is planned from here, as long as orders come.
func (r *run) week() {
	at := r.now
	r.count(at)
	r.wrongReceipt(at + hour)
	r.transferGivenUp(at + 2*hour)
	r.transfer(at + 2*hour + minute)
	r.expectDelivery(at + 2*hour + 2*minute)
	r.inspect(at + 2*hour + 3*minute)
	r.revalue(at + 2*hour + 4*minute)
	r.keepBack(at + 2*hour + 5*minute)
	r.photograph(at + 2*hour + 6*minute)
	r.blindReturn(at + 3*hour)
	r.breakage(at + 4*hour - minute)
	r.sellCard(at + 4*hour)
	r.standingDocuments(at + 5*hour)
	r.processorRows(at + 6*hour)
	if at+7*day <= r.lastOrder() {
		r.then(at+7*day, r.week)
	}
}

// count finds and misses pieces, and voids one line that was entered twice, sometimes only in the next month.
func (r *run) count(at schemas.Time) {
	place := pick(r, r.places...)
	it := func() *item { return r.items[r.rng.IntN(len(r.items)-1)] }
	found, lost := it(), it()
	r.take(lost, place, lost.base(3), at+second)
	r.stock[shelf{found, place}] += found.base(2)
	loss := pick(r, schemas.AdjustmentReasonTHEFT, schemas.AdjustmentReasonEXPIRY, schemas.AdjustmentReasonCOUNT)
	r.adjust(at+2*second, place, adjustment{found, found.base(2), schemas.AdjustmentReasonFOUND, false}, adjustment{lost, -lost.base(3), loss, false})
	twice := r.adjust(at+minute, place, adjustment{found, found.base(2), schemas.AdjustmentReasonFOUND, false})
	r.void(r.later(at, 1+r.rng.IntN(30), hour), twice, schemas.CorrectionReasonDID_NOT_OCCUR, "count entered twice")
}

// wrongReceipt is a delivery typed in with one zero too many, voided and said right.
func (r *run) wrongReceipt(at schemas.Time) {
	place, it := pick(r, r.places...), r.items[r.rng.IntN(len(r.items)-1)]
	wrong := r.receive(at, place, it, it.base(200))
	r.stock[shelf{it, place}] -= it.base(200)
	right := r.receive(at+20*minute, place, it, it.base(20))
	r.void(at+30*minute, wrong, schemas.CorrectionReasonINCORRECT_DATA, "quantity mistyped", right.Meta.EventID.String())
}

// transferGivenUp reserves stock for another warehouse and lets it go again.
func (r *run) transferGivenUp(at schemas.Time) {
	place, it, id := pick(r, r.places...), r.items[r.rng.IntN(len(r.items)-1)], r.id("TR")
	line := part{item: it, n: 4}
	stock, q := it.at(place), it.quantity(line.n)
	r.take(it, place, it.base(line.n), at+second)
	r.say(at+2*second, &schemas.InventoryReserved{ReservationID: "RSV-" + id, Serves: schemas.ReservationServesTRANSFER, TransferID: id,
		Hardness: schemas.HardnessHARD, Lines: []schemas.ReservationLine{{LineID: "1", Stock: stock, Quantity: q}}},
		allocations("RSV-"+id, "reserved"), "transfer_id", id)
	if r.chance(70) { // the others stay reserved
		r.stock[shelf{it, place}] += it.base(line.n)
		r.say(r.later(at, 1, 0), &schemas.InventoryReservationReleased{ReleaseID: "REL-" + id, ReservationID: "RSV-" + id, TransferID: id,
			Reason: "NOT_NEEDED", StateAtRelease: schemas.ReservationStateRESERVED, ReturnsTo: schemas.ReturnsToNOTHING,
			Lines: []schemas.ReleaseLine{{LineID: "1", Stock: stock, Quantity: q}}}, allocations("REL-"+id, "released"), "transfer_id", id)
	}
}

// blindReturn is a parcel that nobody announced: it goes back to its sender, or waits for its credit memo for ever.
func (r *run) blindReturn(at schemas.Time) {
	it, place, id := r.items[r.rng.IntN(len(r.items)-1)], pick(r, r.places...), r.id("RET")
	q, stock := it.quantity(1), it.at(place)
	stock.StockStatus = schemas.StockStatusQUALITY
	r.sayLocally(at, &schemas.ReturnReceived{ReceiptID: id, Against: schemas.ReturnAgainstBLIND, Lines: []schemas.ReturnLine{
		{LineID: "1", Stock: stock, Quantity: q, Condition: "UNOPENED"}}}, returns(id, "received"), "receipt_id", id)
	if r.chance(60) {
		r.disposition(r.later(at, 2, 0), &schemas.ReturnDispositioned{ReceiptID: id}, schemas.DispositionLine{LineID: "1", ReceiptLineID: "1",
			Stock: stock, Quantity: q, Outcome: schemas.ReturnOutcomeRETURN_TO_CUSTOMER})
	}
}

func returns(docID, transition string) schemas.Source {
	return schemas.Source{System: "returns", Instance: "portal", DocType: "return", DocID: docID, Transition: transition}
}

func (r *run) disposition(at schemas.Time, e *schemas.ReturnDispositioned, line schemas.DispositionLine) {
	e.DispositionID = fmt.Sprintf("%s-D", e.ReceiptID)
	e.Lines = []schemas.DispositionLine{line}
	r.sayLocally(at, e, returns(e.ReceiptID, "dispositioned"), "receipt_id", e.ReceiptID, "order_id", e.OrderID)
}
