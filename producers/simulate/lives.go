package simulate

import (
	"math/rand/v2"
	"strconv"

	"github.com/throughline/throughline/producers/simulate/oracle"
	"github.com/throughline/throughline/schemas"
)

const (
	lifeKinds   = 100    // different baskets
	lifeLines   = 10     // lines per life
	livesPerDay = 20_000 // one a second in business time
	lifeEvents  = 8
)

// Life is one complete order: ten lines accepted, reserved, picked, packed, shipped, invoiced, captured and settled, in dollars. Its
// events reuse its memory: the next fill overwrites them.
type Life struct {
	Accepted schemas.OrderAccepted
	Reserved schemas.InventoryReserved
	Picked   schemas.FulfillmentPicked
	Packed   schemas.FulfillmentPacked
	Shipped  schemas.ShipmentShipped
	Invoiced schemas.InvoiceIssued
	Captured schemas.PaymentCaptured
	Settled  schemas.PaymentSettled

	refs   [1]schemas.StringPair
	events [lifeEvents]schemas.Event
	ids    []byte
}

// Events are the eight events in the order in which they happen.
func (l *Life) Events() []schemas.Event {
	l.events = [lifeEvents]schemas.Event{&l.Accepted, &l.Reserved, &l.Picked, &l.Packed, &l.Shipped, &l.Invoiced, &l.Captured, &l.Settled}
	return l.events[:]
}

// livesPlan holds what lives have in common.
type livesPlan struct {
	kinds [lifeKinds]*Life // ten lines each
	small [lifeKinds]*Life // one to four, for the trickle
}

func newLivesPlan(w *world) *livesPlan {
	p := &livesPlan{}
	rng := rand.New(rand.NewPCG(w.cfg.Seed, stream+2))
	for k := range lifeKinds {
		p.kinds[k] = newLifeKind(w, rng, k, lifeLines)
		p.small[k] = newLifeKind(w, rng, k, 1+k%4)
	}
	return p
}

// newLifeKind prices a basket once. What differs between two lives of a kind is only ids and times.
func newLifeKind(w *world, rng *rand.Rand, kind, lines int) *Life {
	r := &run{world: w, rng: rng}
	o := &order{deal: webUSD, id: "0", place: w.places[kind%len(w.places)]}
	for i := range lines {
		o.lines = append(o.lines, &orderLine{id: strconv.Itoa(i + 1), kind: schemas.LineKindGOODS, place: o.place,
			item: w.items[(kind*lines+i)%(len(w.items)-1)], qty: 1 + rng.Int64N(5)})
	}
	r.price(o)
	l := &Life{}
	l.Accepted = schemas.OrderAccepted{ShipToCountry: "US", Channel: o.channel, Terms: o.terms, Currency: Functional, CustomerRef: "C-" + strconv.Itoa(kind),
		Control: schemas.ControlTransfer{Point: schemas.TransferPointAT_SHIPMENT, Incoterm: "FCA"}}
	l.Reserved = schemas.InventoryReserved{Serves: schemas.ReservationServesORDER_LINE, Hardness: schemas.HardnessHARD}
	pack := schemas.Package{PackageID: "1"}
	l.Shipped = schemas.ShipmentShipped{Carrier: "UPS", Service: "GROUND"}
	l.Invoiced = schemas.InvoiceIssued{Channel: o.channel, Currency: Functional, CustomerRef: l.Accepted.CustomerRef}
	for _, ol := range o.lines {
		q, stock := ol.item.quantity(ol.qty), ol.item.at(ol.place)
		l.Accepted.Lines = append(l.Accepted.Lines, schemas.OrderLine{LineID: ol.id, Kind: ol.kind, Stock: &stock, Quantity: q,
			UnitPrice: schemas.Some(ol.price), Amounts: ol.amounts})
		l.Reserved.Lines = append(l.Reserved.Lines, schemas.ReservationLine{LineID: ol.id, Stock: stock, Quantity: q})
		l.Picked.Lines = append(l.Picked.Lines, schemas.PickedLine{OrderLineID: ol.id, Stock: stock, Quantity: q})
		pack.Lines = append(pack.Lines, schemas.PackedLine{OrderLineID: ol.id, Quantity: q})
		l.Shipped.Lines = append(l.Shipped.Lines, schemas.ShipmentLine{LineID: ol.id, OrderLineID: ol.id, Stock: stock, Quantity: q})
		l.Invoiced.Lines = append(l.Invoiced.Lines, schemas.InvoiceLine{LineID: ol.id, Kind: ol.kind, OrderLineID: ol.id, ShipmentLineID: ol.id,
			Stock: &stock, Quantity: &q})
	}
	l.Packed.Packages, l.Shipped.Packages = []schemas.Package{pack}, []schemas.Package{pack}
	l.Captured = schemas.PaymentCaptured{Method: schemas.PaymentMethodCARD, PSP: "stripe", Amount: schemas.Money{Amount: o.total, Currency: Functional}}
	l.Settled = schemas.PaymentSettled{BatchID: "B-LIVES", PSP: "stripe", Kind: schemas.SettledKindPAYMENT, Gross: l.Captured.Amount,
		Fee: schemas.NewDecimal(0, 4), Net: o.total}
	return l
}

// Life fills into with the i-th complete order. It takes a few microseconds and hardly allocates; lives may be filled concurrently.
func (c *Company) Life(i int, into *Life) {
	start := schemas.Time(firstDay)*day + schemas.Time(i/livesPerDay)*day + 13*hour + schemas.Time(i%livesPerDay)*second
	into.fill(c.lives.kinds[i%lifeKinds], int64(i), start, second)
}

// fill copies a kind and gives it ids and times, its events one step after the other.
func (l *Life) fill(kind *Life, number int64, at, step schemas.Time) {
	l.copyLines(kind)
	order, reservation, fulfillment, shipment, invoice, payment, settlement := l.number(number)
	l.refs[0] = schemas.StringPair{Key: "order_id", Value: order}

	l.Accepted.OrderID = order
	l.mark(&l.Accepted.Meta, "order.accepted", at, "shopify", "order", order, "accepted")
	l.Reserved.OrderID, l.Reserved.ReservationID = order, reservation
	l.mark(&l.Reserved.Meta, "inventory.reserved", at+step, "oms", "allocation", reservation, "reserved")
	l.Picked.OrderID, l.Picked.FulfillmentID = order, fulfillment
	l.mark(&l.Picked.Meta, "fulfillment.picked", at+2*step, "wms", "fulfillment", fulfillment, "picked")
	l.Packed.OrderID, l.Packed.FulfillmentID = order, fulfillment
	l.mark(&l.Packed.Meta, "fulfillment.packed", at+3*step, "wms", "fulfillment", fulfillment, "packed")
	l.Shipped.OrderID, l.Shipped.FulfillmentID, l.Shipped.ShipmentID = order, fulfillment, shipment
	l.Shipped.HandedOverAt = schemas.Some(at + 4*step)
	l.mark(&l.Shipped.Meta, "shipment.shipped", at+4*step, "wms", "shipment", shipment, "shipped")
	l.Invoiced.OrderID, l.Invoiced.InvoiceID = order, invoice
	l.mark(&l.Invoiced.Meta, "invoice.issued", at+5*step, "erp", "invoice", invoice, "issued")
	l.Captured.OrderID, l.Captured.PaymentID = order, payment
	l.mark(&l.Captured.Meta, "payment.captured", at+6*step, "stripe", "payment", payment, "captured")
	l.Settled.OrderID, l.Settled.PaymentID, l.Settled.SettlementID = order, payment, settlement
	l.mark(&l.Settled.Meta, "payment.settled", at+7*step, "stripe", "settlement", settlement, "settled")
	for i := range l.Picked.Lines {
		l.Picked.Lines[i].ReservationID = reservation
		l.Shipped.Lines[i].ReservationID = reservation
		l.Invoiced.Lines[i].ShipmentID = shipment
	}
}

// copyLines takes over a kind's content. Slices that carry ids are copied into l's own memory; the others are never written to.
func (l *Life) copyLines(kind *Life) {
	picked, shipped, invoiced := l.Picked.Lines[:0], l.Shipped.Lines[:0], l.Invoiced.Lines[:0]
	l.Accepted, l.Reserved, l.Picked, l.Packed = kind.Accepted, kind.Reserved, kind.Picked, kind.Packed
	l.Shipped, l.Invoiced, l.Captured, l.Settled = kind.Shipped, kind.Invoiced, kind.Captured, kind.Settled
	l.Picked.Lines = append(picked, kind.Picked.Lines...)
	l.Shipped.Lines = append(shipped, kind.Shipped.Lines...)
	l.Invoiced.Lines = append(invoiced, kind.Invoiced.Lines...)
}

// number writes all ids into one string and cuts it: one allocation instead of seven.
func (l *Life) number(n int64) (order, reservation, fulfillment, shipment, invoice, payment, settlement string) {
	l.ids = l.ids[:0]
	var ends [7]int
	for i, prefix := range [7]string{"LO-", "LR-", "LF-", "LS-", "LI-", "LP-", "LT-"} {
		l.ids = strconv.AppendInt(append(l.ids, prefix...), n, 10)
		ends[i] = len(l.ids)
	}
	s := string(l.ids)
	return s[:ends[0]], s[ends[0]:ends[1]], s[ends[1]:ends[2]], s[ends[2]:ends[3]], s[ends[3]:ends[4]], s[ends[4]:ends[5]], s[ends[5]:ends[6]]
}

func (l *Life) mark(m *schemas.Meta, eventType string, at schemas.Time, system, docType, docID, transition string) {
	source := schemas.Source{System: system, Instance: "lives", DocType: docType, DocID: docID, Transition: transition}
	*m = schemas.Meta{EventID: schemas.SourceID(source), EventType: eventType, SchemaVersion: 1, LegalEntity: Entity, OccurredAt: at,
		OccurredTZOffset: "Z", TimeQuality: schemas.TimeQualityEXACT, Source: source, SubjectRefs: l.refs[:]}
}

// liveEvents is the story of LivesOnly: receipts that suffice, then lives.
func (c *Company) liveEvents(yield func(schemas.Event) bool) {
	for _, e := range c.lives.receipts(c.lives.kinds[:], "LIVES", schemas.Time(firstDay)*day+12*hour, 10_000_000) {
		if !yield(e) {
			return
		}
	}
	for i := range c.cfg.Orders {
		life := &Life{}
		c.Life(i, life)
		for _, e := range life.Events() {
			if !yield(e) {
				return
			}
		}
	}
}

// receipts fill the shelves that kinds of lives take from, one document per warehouse and hundred lines.
func (p *livesPlan) receipts(kinds []*Life, name string, at schemas.Time, pieces int64) (out []schemas.Event) {
	byPlace := map[string]*schemas.InventoryReceived{}
	seen := map[[2]string]bool{}
	for _, kind := range kinds {
		for _, l := range kind.Reserved.Lines {
			shelf := [2]string{l.Stock.SKU, l.Stock.Location}
			if seen[shelf] {
				continue
			}
			seen[shelf] = true
			e := byPlace[l.Stock.Location]
			if e == nil || len(e.Lines) == 100 {
				id := "RCP-" + name + "-" + strconv.Itoa(len(out)+1)
				e = &schemas.InventoryReceived{ReceiptID: id, SupplierRef: "V-NORTH"}
				stamp(e, at, warehouse(l.Stock.Location, "receipt", id, "received"), "Z")
				byPlace[l.Stock.Location] = e
				out = append(out, e)
			}
			q := schemas.Quantity{Qty: whole(pieces), UOM: l.Quantity.BaseUOM, BaseQty: whole(pieces), BaseUOM: l.Quantity.BaseUOM}
			e.Lines = append(e.Lines, schemas.ReceiptLine{LineID: strconv.Itoa(len(e.Lines) + 1), PoID: "PO-" + name, PoLineID: strconv.Itoa(len(e.Lines) + 1),
				Stock: l.Stock, Accepted: q})
		}
	}
	return out
}

// expectLives calculates one life of each kind and month, and multiplies: all events of a life fall on one day.
func (c *Company) expectLives() (oracle.Expected, error) {
	reference := c.Reference()
	opening := c.lives.receipts(c.lives.kinds[:], "LIVES", schemas.Time(firstDay)*day+12*hour, 10_000_000)
	total, err := oracle.Expect(reference, func(yield func(schemas.Event) bool) {
		for _, e := range opening {
			if !yield(e) {
				return
			}
		}
	})
	if err != nil {
		return total, err
	}
	type group struct {
		kind  int
		month string
	}
	first, count := map[group]int{}, map[group]int64{}
	for i := range c.cfg.Orders {
		g := group{i % lifeKinds, schemas.PeriodOf(firstDay + schemas.Date(i/livesPerDay))}
		if count[g]++; count[g] == 1 {
			first[g] = i
		}
	}
	for g, i := range first {
		var life Life
		c.Life(i, &life)
		one, err := oracle.Expect(reference, func(yield func(schemas.Event) bool) {
			for _, e := range life.Events() {
				if !yield(e) {
					return
				}
			}
		})
		if err != nil {
			return total, err
		}
		if total, err = oracle.Add(total, one, count[g]); err != nil {
			return total, err
		}
	}
	return total, nil
}
