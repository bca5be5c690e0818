package compose_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// parcel is one shipment of a rounded order.
type parcel struct {
	id    string
	n     int64
	event *schemas.ShipmentShipped
}

func (o *roundedOrder) accept(w *world, point schemas.TransferPoint) {
	stock := o.stock()
	w.publish(&schemas.OrderAccepted{Meta: o.meta("order", o.id, "accepted"), OrderID: o.id, Channel: "web", Terms: o.terms, Currency: o.currency,
		Control: schemas.ControlTransfer{Point: point},
		Lines:   []schemas.OrderLine{{LineID: "1", Kind: schemas.LineKindGOODS, Stock: &stock, Quantity: eaches(o.qty), Amounts: o.amounts}}})
	if o.terms == schemas.TermsPREPAID {
		w.publish(&schemas.PaymentCaptured{Meta: o.meta("payment", "P-"+o.id, "captured"), PaymentID: "P-" + o.id, OrderID: o.id, Method: schemas.PaymentMethodCARD,
			PSP: "stripe", Amount: schemas.Money{Amount: o.amounts.Total, Currency: o.currency}})
	}
}

func (o *roundedOrder) stock() schemas.StockRef {
	return schemas.StockRef{SKU: "SKU-" + o.entity, Location: "DC", StockStatus: schemas.StockStatusAVAILABLE, Owner: schemas.StockOwnerOWN}
}

func eaches(n int64) schemas.Quantity {
	q := schemas.NewDecimal(n, 0)
	return schemas.Quantity{Qty: q, UOM: "EA", BaseQty: q, BaseUOM: "EA"}
}

func (o *roundedOrder) ship(w *world, id string, n int64) parcel {
	e := &schemas.ShipmentShipped{Meta: o.meta("shipment", id, "shipped"), ShipmentID: id, OrderID: o.id, Carrier: "UPS",
		Lines: []schemas.ShipmentLine{{LineID: "1", OrderLineID: "1", Stock: o.stock(), Quantity: eaches(n)}}}
	w.publish(e)
	return parcel{id, n, e}
}

// void takes an event back, which it embeds as its source wrote it.
func (o *roundedOrder) void(w *world, e schemas.Event) {
	id := schemas.SourceID(e.Header().Source)
	e.Header().EventID = id
	original, err := schemas.EncodeEmbedded(e)
	if err != nil {
		w.t.Fatal(err)
	}
	m := o.meta("void", id.String(), "voided")
	m.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: id, CorrectedEventType: e.EventType(), Original: original}
	w.publish(&schemas.EventVoided{Meta: m})
}

func (o *roundedOrder) bill(w *world, id string, l schemas.InvoiceLine) {
	l.LineID, l.Kind, l.OrderLineID = "1", schemas.LineKindGOODS, "1"
	w.publish(&schemas.InvoiceIssued{Meta: o.meta("invoice", id, "issued"), InvoiceID: id, OrderID: o.id, Channel: "web", Currency: o.currency, Lines: []schemas.InvoiceLine{l}})
}

// settled wants nothing dead, held or told, and the order's balances where a line that stands whole leaves them.
func (o *roundedOrder) settled(w *world) {
	w.t.Helper()
	if len(w.letters()) > 0 || len(w.onHold()) > 0 {
		w.t.Errorf("%s: letters %v, held %v", o.id, w.letters(), w.onHold())
	}
	for _, d := range w.logs[schemas.TopicExceptions] {
		if x := d.Event.(*schemas.ExceptionRaised); x.Thread == o.id && x.Code != "TAX_DIFFERS" { // random taxes are not their rate on their base
			w.t.Errorf("%s: %s %s", o.id, x.Code, x.Summary)
		}
	}
	exponent, _ := schemas.CurrencyExponent(o.currency)
	o.balances(w, exponent)
}

// S47 where shipments are voided on the way, in any order: what ships in their place fills the line, and what finance books for it is the line.
func TestS47WhateverWasVoided(t *testing.T) {
	rng := rand.New(rand.NewPCG(47, 16))
	for _, entity := range roundedCurrencies {
		w := roundingWorld(t)
		for i := range 30 {
			currency := roundedCurrencies[i%3]
			o := &roundedOrder{id: fmt.Sprintf("SO-%d", i), entity: entity, currency: currency, terms: []schemas.Terms{schemas.TermsPREPAID, schemas.TermsON_ACCOUNT}[i%2], qty: 7}
			o.amounts = o.random(rng)
			o.accept(w, schemas.TransferPointAT_SHIPMENT)
			var standing []parcel
			shipped := int64(0)
			for step := 0; shipped < o.qty; step++ {
				if len(standing) > 0 && step < 25 && rng.IntN(5) < 2 {
					at := rng.IntN(len(standing))
					o.void(w, standing[at].event)
					shipped -= standing[at].n
					standing = append(standing[:at], standing[at+1:]...)
					continue
				}
				p := o.ship(w, fmt.Sprintf("%s-%d", o.id, step), 1+rng.Int64N(min(3, o.qty-shipped)))
				shipped += p.n
				standing = append(standing, p)
			}
			for _, p := range standing {
				o.bill(w, p.id, schemas.InvoiceLine{ShipmentID: p.id, ShipmentLineID: "1"})
			}
			o.settled(w)
		}
	}
}

// S47 where goods that are ours until they arrive are lost or come home, and ship again: 1220 is empty, and what arrived earns the line.
func TestS47WhateverNeverArrived(t *testing.T) {
	rng := rand.New(rand.NewPCG(47, 18))
	for i := range 30 {
		currency := roundedCurrencies[i%3]
		w := roundingWorld(t)
		o := &roundedOrder{id: fmt.Sprintf("SO-%d", i), entity: currency, currency: currency, terms: schemas.TermsPREPAID, qty: 7}
		o.amounts = o.random(rng)
		o.accept(w, schemas.TransferPointAT_DELIVERY)
		for n, here := 0, int64(0); here < o.qty; n++ {
			p := o.ship(w, fmt.Sprintf("%s-%d", o.id, n), 1+rng.Int64N(min(4, o.qty-here)))
			here += o.end(w, p, rng, n < 12)
		}
		for billed, part := int64(0), 0; billed < o.qty; part++ {
			q := 1 + rng.Int64N(o.qty-billed)
			of := eaches(q)
			o.bill(w, fmt.Sprintf("%s-B%d", o.id, part), schemas.InvoiceLine{Quantity: &of})
			billed += q
		}
		o.settled(w)
		onTheirWay := schemas.NewDecimal(0, 4)
		for key, sum := range w.balances() {
			if key[:4] == "1220" {
				onTheirWay = onTheirWay.Add(sum)
			}
		}
		if !onTheirWay.IsZero() {
			t.Errorf("%s: %s is left on 1220", o.id, onTheirWay.Text())
		}
	}
}

// end lets the pieces of a parcel arrive, be lost or come home, part by part, and gives how many arrived.
func (o *roundedOrder) end(w *world, p parcel, rng *rand.Rand, astray bool) (arrived int64) {
	for left, part := p.n, 0; left > 0; part++ {
		n, id := 1+rng.Int64N(left), fmt.Sprintf("%s.%d", p.id, part)
		left -= n
		q, what := eaches(n), rng.IntN(4)
		switch {
		case astray && what == 0:
			w.publish(&schemas.ShipmentLost{Meta: o.meta("loss", id, "lost"), LossID: id, ShipmentID: p.id, OrderID: o.id, Liable: schemas.LiablePartyNOBODY,
				Lines: []schemas.LostLine{{ShipmentLineID: "1", Quantity: &q}}})
		case astray && what == 1:
			w.publish(&schemas.ReturnReceived{Meta: o.meta("return", id, "received"), ReceiptID: id, OrderID: o.id, ShipmentID: p.id, Against: schemas.ReturnAgainstUNDELIVERED,
				Lines: []schemas.ReturnLine{{LineID: "1", OrderLineID: "1", Stock: o.stock(), Quantity: q}}})
		default:
			w.publish(&schemas.ShipmentDelivered{Meta: o.meta("delivery", id, "delivered"), DeliveryID: id, ShipmentID: p.id, OrderID: o.id,
				Lines: []schemas.DeliveredLine{{ShipmentLineID: "1", Quantity: &q}}})
			arrived += n
		}
	}
	return arrived
}
