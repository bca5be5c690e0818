package simulate

import (
	"slices"
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// These plots change, stop or end an order before anything of it ships.
//
// A shipment does not say by which version of the order it was packed, so it may be admitted before the change that it follows. An order
// that changes is therefore worth whole cents per piece and never ships more than was ordered at first: the books are then the same
// whatever the order.

// playChanged: more is ordered, then less and for another day; a line is added, gets another item, and is dropped again.
func playChanged(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	l, paid := o.goods()[0], o.total
	ordered := l.qty
	r.change(o, o.at+5*minute, []*orderLine{l}, func() { o.resize(l, ordered+2) })
	r.capture(o.at+6*minute, o, &payment{id: r.id("PAY"), method: o.method, psp: o.psp, currency: o.currency, amount: o.total.Sub(paid)})
	paid = o.total
	r.change(o, o.at+8*minute, []*orderLine{l}, func() {
		o.resize(l, ordered-1)
		l.requested += 4
	})
	r.refund(o, o.at+20*minute, paid.Sub(o.total), schemas.SettlesCUSTOMER_DEPOSIT, "")
	r.addAndDrop(o, o.at+9*minute)
	s, inv := r.fulfil(o, o.at, r.reserve(o, o.at+30*minute, o.all()))
	r.closeOrder(o, inv.at+day, s)
}

// addAndDrop adds a line to an order, asks for another item instead, and drops it. Nothing of it is ever reserved.
func (r *run) addAndDrop(o *order, at schemas.Time) {
	l := &orderLine{id: strconv.Itoa(len(o.lines) + 1), kind: schemas.LineKindGOODS, item: r.otherThan(nil), place: o.place, requested: localDate(o.at) + 3}
	l.price = schemas.NewDecimal(l.item.cents, 2)
	r.change(o, at, nil, func() {
		o.lines = append(o.lines, l)
		o.resize(l, 1)
	}, l)
	r.change(o, at+minute, []*orderLine{l}, func() {
		l.item = r.otherThan(l.item)
		o.resize(l, 2)
	})
	r.change(o, at+2*minute, []*orderLine{l}, func() {
		o.total = o.total.Sub(l.amounts.Total)
		o.lines = slices.DeleteFunc(o.lines, func(other *orderLine) bool { return other == l })
	})
}

// otherThan is an item that is counted in single pieces.
func (r *run) otherThan(it *item) *item {
	for {
		if other := r.items[r.rng.IntN(len(r.items)-1)]; other != it && other.loose() {
			return other
		}
	}
}

// resize orders n of a line at its price, with neither discount nor freight nor tax.
func (o *order) resize(l *orderLine, n int64) {
	o.total = o.total.Sub(l.amounts.Total)
	l.qty = n
	l.setAmounts(flat(l.price.Mul(schemas.NewDecimal(n*l.item.step, 3))), nil)
	o.total = o.total.Add(l.amounts.Total)
}

// state is what the order says of a line.
func (l *orderLine) state() *schemas.OrderLineState {
	stock := l.item.at(l.place)
	return &schemas.OrderLineState{Stock: &stock, Quantity: l.item.quantity(l.qty), RequestedDate: schemas.Some(l.requested), UnitPrice: schemas.Some(l.price),
		Amounts: l.amounts}
}

// change lets edit change some lines, and says what was and what is.
func (r *run) change(o *order, at schemas.Time, lines []*orderLine, edit func(), added ...*orderLine) {
	e := &schemas.OrderChanged{OrderID: o.id, ChangeID: r.id("CHG"), Reason: "CUSTOMER_ASKED", By: "CUSTOMER"}
	for _, l := range lines {
		e.Lines = append(e.Lines, schemas.ChangedLine{LineID: l.id, Kind: l.kind, Before: l.state()})
	}
	edit()
	for i, l := range lines {
		if slices.Contains(o.lines, l) {
			e.Lines[i].After = l.state()
		}
	}
	for _, l := range added {
		e.Lines = append(e.Lines, schemas.ChangedLine{LineID: l.id, Kind: l.kind, After: l.state()})
	}
	o.version++
	e.OrderVersion = strconv.Itoa(o.version)
	r.say(at, e, o.document("changed "+e.OrderVersion), o.refs()...)
}

// document is the order as its shop knows it: whatever it says about it stands in one order.
func (o *order) document(transition string) schemas.Source {
	return schemas.Source{System: o.system, Instance: o.instance, DocType: "order", DocID: o.id, Transition: transition}
}

// closeOrder says that all was shipped and billed, and that nothing more will come.
func (r *run) closeOrder(o *order, at schemas.Time, s *shipment) {
	e := &schemas.OrderClosed{OrderID: o.id, ClosingID: "CL-" + o.id}
	for _, p := range s.parts {
		all := p.item.quantity(p.n).BaseQty
		e.Lines = append(e.Lines, schemas.ClosedLine{LineID: p.line.id, Ordered: all, Shipped: all, Cancelled: whole(0), Returned: whole(0), Invoiced: all})
	}
	r.say(at, e, o.document("closed"), o.refs()...)
}

// playStop: the customer asks to leave out the last piece of a line. The warehouse can stop it, or cannot any more.
func playStop(r *run, o *order, inTime bool) {
	r.pay(o, o.at+2*minute)
	parts := r.reserve(o, o.at+10*minute, o.all())
	first, last := split(parts, o.goods()[0].qty-1)
	ful, cxl, at := r.id("FUL"), r.id("CXL"), o.at+hour
	q := last[0].item.quantity(1)
	r.instruct(o, at, ful, parts)
	r.say(at+20*minute, &schemas.CancellationRequested{OrderID: o.id, CancellationID: cxl, Reason: "CHANGED_MIND", By: "CUSTOMER",
		Lines: []schemas.RequestedCancellation{{LineID: last[0].line.id, Quantity: q}}},
		schemas.Source{System: o.system, Instance: o.instance, DocType: "cancellation", DocID: cxl, Transition: "requested"}, o.refs("cancellation_id", cxl)...)
	stop := r.id("STOP")
	refs := o.refs("cancellation_id", cxl, "fulfillment_id", ful)
	if !inTime {
		r.sayLocally(at+30*minute, &schemas.FulfillmentStopRejected{StopID: stop, CancellationID: cxl, FulfillmentID: ful, OrderID: o.id, Reason: "PACKED",
			Lines: []schemas.UnstoppedLine{{OrderLineID: last[0].line.id, Quantity: q, State: schemas.FulfillmentStatePACKED}}},
			warehouse(o.place, "stop", stop, "rejected"), refs...)
		r.fulfil(o, o.at, parts)
		return
	}
	r.sayLocally(at+30*minute, &schemas.FulfillmentStopConfirmed{StopID: stop, CancellationID: cxl, FulfillmentID: ful, OrderID: o.id,
		Lines: []schemas.StoppedLine{{OrderLineID: last[0].line.id, Quantity: q, State: schemas.FulfillmentStateRELEASED}}},
		warehouse(o.place, "stop", stop, "confirmed"), refs...)
	r.release(o, at+31*minute, last, schemas.ReservationStateRELEASED, "CUSTOMER")
	r.cancel(o, at+32*minute, last, schemas.ReleasedFromOPEN_DEMAND, "CUSTOMER")
	r.giveBack(o, at+40*minute, last)
	r.fulfil(o, o.at, first)
}

// instruct tells the warehouse to ship, by the version of the order that is in force.
func (r *run) instruct(o *order, at schemas.Time, fulfillment string, parts []part) {
	e := &schemas.FulfillmentReleased{FulfillmentID: fulfillment, OrderID: o.id, Warehouse: parts[0].place, ShipBy: schemas.Some(localDate(at) + 2),
		Carrier: "UPS", Service: "GROUND"}
	if o.version > 0 {
		e.OrderVersion = strconv.Itoa(o.version)
	}
	for _, p := range parts {
		e.Lines = append(e.Lines, schemas.ReleasedLine{OrderLineID: p.line.id, Quantity: p.item.quantity(p.n), ReservationID: p.reservation})
	}
	r.say(at, e, schemas.Source{System: "oms", Instance: "acme", DocType: "fulfillment", DocID: fulfillment, Transition: "released"},
		o.refs("fulfillment_id", fulfillment)...)
}
