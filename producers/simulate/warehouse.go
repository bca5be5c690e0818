package simulate

import (
	"fmt"

	"github.com/throughline/throughline/schemas"
)

// part is a quantity of an order line on its way: which item and place serve it may differ from what was ordered.
type part struct {
	line        *orderLine
	item        *item
	place       string
	n           int64
	reservation string
}

// all is every piece of goods of an order, as ordered.
func (o *order) all() []part {
	var out []part
	for _, l := range o.goods() {
		out = append(out, part{line: l, item: l.item, place: l.place, n: l.qty})
	}
	return out
}

// split cuts the first n steps off the first part.
func split(parts []part, n int64) (first, rest []part) {
	a, b := parts[0], parts[0]
	a.n, b.n = n, b.n-n
	return append([]part{a}, parts[1:]...), []part{b}
}

func warehouse(place, docType, docID, transition string) schemas.Source {
	return schemas.Source{System: "wms", Instance: place, DocType: docType, DocID: docID, Transition: transition}
}

func allocations(docID, transition string) schemas.Source {
	return schemas.Source{System: "oms", Instance: "acme", DocType: "allocation", DocID: docID, Transition: transition}
}

// reserve allocates stock to parts and writes the reservation into them.
func (r *run) reserve(o *order, at schemas.Time, parts []part) []part {
	return r.reserveAs(o, at, schemas.HardnessHARD, parts)
}

func (r *run) reserveAs(o *order, at schemas.Time, hardness schemas.Hardness, parts []part) []part {
	id := r.id("RSV")
	e := &schemas.InventoryReserved{ReservationID: id, Serves: schemas.ReservationServesORDER_LINE, OrderID: o.id, Hardness: hardness,
		ExpiresAt: schemas.Some(at + 30*day)}
	out := make([]part, len(parts))
	for i, p := range parts {
		out[i] = p
		out[i].reservation = id
		e.Lines = append(e.Lines, schemas.ReservationLine{LineID: p.line.id, Stock: p.item.at(p.place), Quantity: p.item.quantity(p.n)})
	}
	r.say(at, e, allocations(id, "reserved"), o.refs("reservation_id", id)...)
	return out
}

// release gives reserved parts back to open demand.
func (r *run) release(o *order, at schemas.Time, parts []part, state schemas.ReservationState, reason string) {
	id := r.id("REL")
	e := &schemas.InventoryReservationReleased{ReleaseID: id, ReservationID: parts[0].reservation, OrderID: o.id, Reason: reason,
		StateAtRelease: state, ReturnsTo: schemas.ReturnsToOPEN_DEMAND}
	for _, p := range parts {
		e.Lines = append(e.Lines, schemas.ReleaseLine{LineID: p.line.id, Stock: p.item.at(p.place), Quantity: p.item.quantity(p.n)})
	}
	r.say(at, e, allocations(id, "released"), o.refs("reservation_id", e.ReservationID)...)
}

// cancel takes parts out of the order.
func (r *run) cancel(o *order, at schemas.Time, parts []part, from schemas.ReleasedFrom, by string) {
	id := r.id("CXL")
	e := &schemas.OrderLineCancelled{OrderID: o.id, CancellationID: id, Reason: "CHANGED_MIND", By: by}
	if by == "WAREHOUSE" {
		e.Reason = "SHORT"
	}
	for _, p := range parts {
		e.Lines = append(e.Lines, schemas.CancelledLine{LineID: p.line.id, Quantity: p.line.item.quantity(p.n), ReleasedFrom: from})
	}
	r.say(at, e, schemas.Source{System: o.system, Instance: o.instance, DocType: "cancellation", DocID: id, Transition: "cancelled"},
		o.refs("cancellation_id", id)...)
}

// shipment is what one truck took.
type shipment struct {
	id    string
	at    schemas.Time
	event *schemas.ShipmentShipped
	parts []part
	lines []string        // shipment line ids, one per part
	owed  schemas.Decimal // what the customer owes for it, tax included
}

// ship picks, packs and hands over parts. A warehouse knows quantities and packages, never a price.
func (r *run) ship(o *order, at schemas.Time, parts []part) *shipment {
	place := parts[0].place
	ful, s := r.id("FUL"), &shipment{id: r.id("SH"), at: at, parts: parts}
	refs := o.refs("fulfillment_id", ful, "shipment_id", s.id)
	picked := &schemas.FulfillmentPicked{FulfillmentID: ful, OrderID: o.id}
	pack := schemas.Package{PackageID: s.id + "-1", SSCC: fmt.Sprintf("0034567890%08d", r.ids["SH"]), Weight: schemas.Some(schemas.NewDecimal(100+r.rng.Int64N(9000), 3))}
	shipped := &schemas.ShipmentShipped{ShipmentID: s.id, OrderID: o.id, FulfillmentID: ful, HandedOverAt: schemas.Some(at),
		Carrier: pick(r, "UPS", "FEDEX", "DHL"), Service: "GROUND", Tracking: []string{"1Z" + s.id}}
	loose := r.chance(40) // this one counts pieces, whatever was ordered
	for i, p := range parts {
		q := p.item.quantity(p.n)
		if loose {
			q = p.item.pieces(p.n)
		}
		picked.Lines = append(picked.Lines, schemas.PickedLine{OrderLineID: p.line.id, Stock: p.item.at(p.place), Quantity: q,
			ReservationID: p.reservation, Bin: fmt.Sprintf("B-%02d", i+1)})
		pack.Lines = append(pack.Lines, schemas.PackedLine{OrderLineID: p.line.id, Quantity: q})
		id := fmt.Sprintf("%s-%d", s.id, i+1)
		shipped.Lines = append(shipped.Lines, schemas.ShipmentLine{LineID: id, OrderLineID: p.line.id, Stock: p.item.at(p.place),
			Quantity: q, ReservationID: p.reservation})
		s.lines = append(s.lines, id)
		s.owed = s.owed.Add(p.line.worth(p.line.shipped, p.n))
		p.line.shipped += p.n
	}
	shipped.Packages = []schemas.Package{pack}
	if o.version > 0 || r.chance(25) {
		r.instruct(o, at-4*hour, ful, parts)
	}
	r.sayLocally(at-3*hour, picked, warehouse(place, "fulfillment", ful, "picked"), refs...)
	r.sayLocally(at-2*hour, &schemas.FulfillmentPacked{FulfillmentID: ful, OrderID: o.id, Packages: shipped.Packages},
		warehouse(place, "fulfillment", ful, "packed"), refs...)
	r.sayLocally(at, shipped, warehouse(place, "shipment", s.id, "shipped"), refs...)
	s.event = shipped
	return s
}

// short reports that a part could not be shipped. Where stock is missing or broken it stays on hold until it is written off.
func (r *run) short(o *order, at schemas.Time, p part, cause schemas.ShortCause, outcome schemas.ShortOutcome) {
	id, ful := r.id("SHORT"), r.id("FUL")
	e := &schemas.FulfillmentShortShipped{FulfillmentID: ful, ShortID: id, OrderID: o.id, Lines: []schemas.ShortLine{{OrderLineID: p.line.id,
		Stock: p.item.at(p.place), Quantity: p.item.quantity(p.n), Cause: cause, Outcome: outcome, ReservationID: p.reservation}}}
	r.sayLocally(at, e, warehouse(p.place, "short", id, "short_shipped"), o.refs("short_id", id)...)
	if cause != schemas.ShortCauseSTOCK_NOT_FOUND && cause != schemas.ShortCauseDAMAGED || outcome == schemas.ShortOutcomeWAIT {
		return
	}
	reason := schemas.AdjustmentReasonDAMAGE
	if cause == schemas.ShortCauseSTOCK_NOT_FOUND {
		reason = schemas.AdjustmentReasonCOUNT
	}
	r.adjust(r.later(at, 1, 0), p.place, adjustment{p.item, -p.item.base(p.n), reason, true})
}

// adjustment is one line of a count, in thousandths of the base unit.
type adjustment struct {
	item     *item
	base     int64
	reason   schemas.AdjustmentReason
	fromHold bool
}

func (r *run) adjust(at schemas.Time, place string, lines ...adjustment) *schemas.InventoryAdjusted {
	id := r.id("ADJ")
	e := &schemas.InventoryAdjusted{AdjustmentID: id}
	for i, a := range lines {
		q := schemas.NewDecimal(a.base, 3)
		e.Lines = append(e.Lines, schemas.AdjustmentLine{LineID: fmt.Sprint(i + 1), Stock: a.item.at(place), Reason: a.reason, FromHold: a.fromHold,
			Quantity: schemas.Quantity{Qty: q, UOM: a.item.uom, BaseQty: q, BaseUOM: a.item.uom}})
	}
	r.sayLocally(at, e, warehouse(place, "count", id, "adjusted"), "count_id", id)
	return e
}
