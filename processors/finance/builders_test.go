package finance

import (
	"strings"

	"github.com/throughline/throughline/schemas"
)

// builders make one event each from what a scenario says and what the world knows.
var builders = map[string]func(*world, *statement) schemas.Event{
	"order.accepted":                 acceptOrder,
	"order.line_cancelled":           cancelLine,
	"inventory.received":             receiveGoods,
	"inventory.reserved":             reserve,
	"inventory.reservation_released": release,
	"inventory.adjusted":             adjust,
	"fulfillment.picked":             pick,
	"fulfillment.packed":             pack,
	"fulfillment.short_shipped":      shortShip,
	"shipment.shipped":               ship,
	"invoice.issued":                 invoice,
	"credit_memo.issued":             creditMemo,
	"receivable.written_off":         writeOff,
	"gift_card.sold":                 sellGiftCard,
	"payment.captured":               capture,
	"refund.issued":                  refund,
	"psp.fee_charged":                pspFee,
	"marketplace_fee.charged":        marketplaceFee,
	"payment.settled":                settle,
	"payout.paid":                    payout,
	"bank.statement_line_matched":    matchBankLine,
	"dispute.opened":                 openDispute,
	"dispute.lost":                   loseDispute,
	"return.received":                receiveReturn,
	"return.dispositioned":           dispose,
	"event.voided":                   void,
	"shipment.voided":                voidShipment,
	"refund.failed":                  failRefund,
	"payment.capture_failed":         failCapture,
	"rule.superseded":                supersede,
	"inventory.transfer_dispatched":  dispatch,
	"inventory.transfer_received":    transferred,
	"inventory.cost_revalued":        revalue,
	"shipment.delivered":             deliver,
	"shipment.lost":                  lose,
	"dispute.won":                    winDispute,
	"payout.failed":                  failPayout,
	"customer_payment.applied":       applyPayment,
	"gift_card.revoked":              revokeGiftCard,
	"gift_card.breakage_recognised":  breakage,
	"receivable.recovered":           recovery,
	"receivable.reclassified":        reclassify,
	"freight.cost_billed":            billFreight,
	"return.closed_not_received":     closeReturn,
	"period.closed":                  closePeriod,
	"period.reopened":                reopenPeriod,
}

func acceptOrder(w *world, s *statement) schemas.Event {
	x := &schemas.OrderAccepted{OrderID: s.doc, Channel: "web", Terms: w.funding(s).Terms, Currency: w.currency(s), FX: s.facts.rate("rate")}
	if s.facts.has("at-delivery") {
		x.Control.Point = schemas.TransferPointAT_DELIVERY
	}
	for i, f := range s.lines {
		g, stock := f.goods(), f.stock()
		x.Lines = append(x.Lines, schemas.OrderLine{
			LineID: lineID(i), Stock: &stock, Quantity: g.quantity(), UnitPrice: schemas.Some(g.price), Amounts: *w.amounts(f),
		})
	}
	allocate(s.facts, x)
	zeros := func() []schemas.Decimal {
		z := make([]schemas.Decimal, len(x.Lines))
		for i := range z {
			z[i] = schemas.NewDecimal(0, 6)
		}
		return z
	}
	w.orders[s.doc] = &order{x, zeros(), zeros(), zeros(), zeros()}
	return x
}

// allocate spreads the document's discount over gross and its freight over net, by largest remainder, and computes "tax 8.25 % US-CA"
// per line on net (domain.md §2.5 rules 1 and 3).
func allocate(f facts, x *schemas.OrderAccepted) {
	exponent, _ := schemas.CurrencyExponent(x.Currency)
	gross, net := []schemas.Decimal{}, []schemas.Decimal{}
	for i := range x.Lines {
		gross = append(gross, x.Lines[i].Amounts.Gross)
	}
	for i, share := range schemas.Allocate(f.number("discount"), gross, nil, exponent) {
		a := &x.Lines[i].Amounts
		if !share.IsZero() {
			a.Discounts, a.Net = append(a.Discounts, schemas.Discount{Amount: share, Reason: "order"}), a.Net.Sub(share)
		}
		net = append(net, a.Net)
	}
	for i, share := range schemas.Allocate(f.number("freight"), net, nil, exponent) {
		a := &x.Lines[i].Amounts
		a.FreightNet = a.FreightNet.Add(share)
		if f.has("tax") {
			rate := f.number("tax").MulRound(schemas.NewDecimal(1, 2), 10, schemas.HalfUp)
			tax := a.Net.MulRound(rate, exponent, schemas.HalfUp).Round(4, schemas.Down)
			a.Taxes = append(a.Taxes, schemas.TaxAmount{Jurisdiction: f.word("tax", 2), Rate: rate, Base: a.Net, Amount: tax})
		}
		a.Total = total(a)
	}
}

func cancelLine(_ *world, s *statement) schemas.Event {
	x := &schemas.OrderLineCancelled{OrderID: s.facts.word("of", 0), CancellationID: s.doc, Reason: "customer", By: "CUSTOMER"}
	for i, f := range s.lines {
		stock := f.stock()
		x.Lines = append(x.Lines, schemas.CancelledLine{LineID: lineID(i), Quantity: f.goods().quantity(), ReleasedFrom: schemas.ReleasedFromOPEN_DEMAND, Stock: &stock})
	}
	return x
}

func receiveGoods(w *world, s *statement) schemas.Event {
	x := &schemas.InventoryReceived{ReceiptID: s.doc}
	for i, f := range s.lines {
		l := schemas.ReceiptLine{LineID: lineID(i), Stock: f.stock(), Accepted: f.goods().quantity()}
		if l.Stock.Owner != schemas.StockOwnerCONSIGNED {
			l.Cost = w.cost(f)
		}
		if f.has("bought-at") {
			l.UnitCost = schemas.Some(f.number("bought-at").Round(8, schemas.Down))
		}
		l.PoID, l.PoLineID, _ = strings.Cut(f.word("po", 0), "/")
		x.Lines = append(x.Lines, l)
	}
	return x
}

func reserve(_ *world, s *statement) schemas.Event {
	x := &schemas.InventoryReserved{ReservationID: s.doc, OrderID: s.facts.word("of", 0)}
	for i, f := range s.lines {
		q := f.goods().quantity()
		x.Lines = append(x.Lines, schemas.ReservationLine{LineID: lineID(i), Stock: f.stock(), Quantity: q, DemandConsumed: schemas.Some(q.BaseQty)})
	}
	return x
}

func release(_ *world, s *statement) schemas.Event {
	x := &schemas.InventoryReservationReleased{ReleaseID: s.doc, ReservationID: "RV", OrderID: s.facts.word("of", 0), Reason: "customer", ReturnsTo: schemas.ReturnsToOPEN_DEMAND}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.ReleaseLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity()})
	}
	return x
}

func adjust(w *world, s *statement) schemas.Event {
	x := &schemas.InventoryAdjusted{AdjustmentID: s.doc}
	for i, f := range s.lines {
		l := schemas.AdjustmentLine{LineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity(), Reason: schemas.AdjustmentReason(f.word("reason", 0))}
		if l.Stock.Owner != schemas.StockOwnerCONSIGNED {
			l.Cost = w.cost(f)
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

func pick(_ *world, s *statement) schemas.Event {
	x := &schemas.FulfillmentPicked{FulfillmentID: s.doc, OrderID: s.facts.word("of", 0)}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.PickedLine{OrderLineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity()})
	}
	return x
}

func pack(_ *world, s *statement) schemas.Event {
	x := &schemas.FulfillmentPacked{FulfillmentID: s.doc, OrderID: s.facts.word("of", 0)}
	box := schemas.Package{PackageID: "1"}
	for i, f := range s.lines {
		box.Lines = append(box.Lines, schemas.PackedLine{OrderLineID: lineID(i), Quantity: f.goods().quantity()})
	}
	x.Packages = append(x.Packages, box)
	return x
}

func shortShip(_ *world, s *statement) schemas.Event {
	x := &schemas.FulfillmentShortShipped{FulfillmentID: "F", ShortID: s.doc, OrderID: s.facts.word("of", 0)}
	for i, f := range s.lines {
		x.Lines = append(x.Lines, schemas.ShortLine{
			OrderLineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity(),
			Cause: schemas.ShortCause(f.word("cause", 0)), Outcome: schemas.ShortOutcome(f.word("outcome", 0)),
		})
	}
	return x
}

// ship completes a shipment line with its slice of the order line, from the front; without an order the line states its amounts.
func ship(w *world, s *statement) schemas.Event {
	o := w.orderOf(s)
	x := &schemas.ShipmentShipped{
		ShipmentID: s.doc, OrderID: s.facts.word("of", 0), Channel: "web", Currency: w.currency(s), FX: w.rate(s),
		Funding: w.funding(s), Control: &schemas.ControlTransfer{}, LabelPrice: s.facts.moneyPointer("label"),
	}
	if o != nil {
		*x.Control = o.Control
	}
	if s.facts.has("at-delivery") {
		x.Control.Point = schemas.TransferPointAT_DELIVERY
	}
	for i, f := range s.lines {
		l := schemas.ShipmentLine{LineID: lineID(i), OrderLineID: lineID(i), Stock: f.stock(), Quantity: f.goods().quantity(), Cost: w.cost(f)}
		if o == nil {
			l.Amounts = w.amounts(f)
		} else {
			n := o.line(w, l.Stock.SKU)
			l.OrderLineID = o.Lines[n].LineID
			l.Stock.Owner = o.Lines[n].Stock.Owner
			l.Amounts, l.Basis = sliced(&o.Lines[n], o.shipped[n], l.Quantity.Qty, o.Currency)
			o.shipped[n] = o.shipped[n].Add(l.Quantity.Qty)
		}
		x.Lines = append(x.Lines, l)
	}
	w.shipments[s.doc] = x
	return x
}

// invoice copies the lines of the shipment that it bills; lines of its own state their amounts.
func invoice(w *world, s *statement) schemas.Event {
	x := &schemas.InvoiceIssued{InvoiceID: s.doc, OrderID: s.facts.word("of", 0), CustomerRef: s.facts.word("customer", 0), Currency: w.currency(s), FX: w.rate(s), Funding: w.funding(s)}
	if billed := w.shipments[s.facts.word("bills", 0)]; billed != nil {
		for i := range billed.Lines {
			l := &billed.Lines[i]
			x.Lines = append(x.Lines, schemas.InvoiceLine{
				LineID: lineID(i), OrderLineID: l.OrderLineID, ShipmentID: billed.ShipmentID, ShipmentLineID: l.LineID,
				Stock: &l.Stock, Quantity: &l.Quantity, Amounts: l.Amounts, Basis: l.Basis,
			})
		}
	}
	for _, f := range s.lines {
		l := schemas.InvoiceLine{LineID: lineID(len(x.Lines)), Amounts: w.amounts(f)}
		if l.ChargeCode = f.word("charge", 0); l.ChargeCode != "" {
			l.Kind = schemas.LineKindCHARGE
			if l.ChargeCode == "gift-card" {
				l.Kind, l.ChargeCode = schemas.LineKindGIFT_CARD, ""
			}
		} else {
			stock, q := f.stock(), f.goods().quantity()
			l.Stock, l.Quantity, l.OrderLineID = &stock, &q, l.LineID
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}

// creditMemo slices what comes back or is kept from the front of what was shipped, what never left from the back of what was
// invoiced (here: of what was ordered).
func creditMemo(w *world, s *statement) schemas.Event {
	o := w.orderOf(s)
	x := &schemas.CreditMemoIssued{
		CreditMemoID: s.doc, OrderID: s.facts.word("of", 0), InvoiceID: s.facts.word("invoice", 0), Currency: w.currency(s),
		FX: w.rate(s), Funding: w.funding(s), RestockingFee: s.facts.optional("restocking"),
	}
	for i, f := range s.lines {
		l := schemas.CreditLine{LineID: lineID(i), CreditsFreight: f.has("freight-too")}
		if l.ChargeCode = f.word("charge", 0); l.ChargeCode != "" {
			l.Kind, l.Amounts = schemas.LineKindCHARGE, w.amounts(f)
			x.Lines = append(x.Lines, l)
			continue
		}
		stock, q := f.stock(), f.goods().quantity()
		l.Stock, l.Quantity, l.Goods = &stock, &q, schemas.CreditedGoodsEXPECTED_BACK
		switch {
		case f.has("kept"):
			l.Goods = schemas.CreditedGoodsKEPT
		case f.has("not-shipped"):
			l.Goods = schemas.CreditedGoodsNOT_SHIPPED
		default:
			l.Cost = w.cost(f)
		}
		if o == nil {
			l.Amounts = w.amounts(f)
		} else {
			n := o.line(w, stock.SKU)
			l.OrderLineID = o.Lines[n].LineID
			taken := &o.credited[n]
			before := *taken
			if l.Goods == schemas.CreditedGoodsNOT_SHIPPED {
				taken = &o.unshipped[n]
				before = o.Lines[n].Quantity.Qty.Sub(*taken).Sub(q.Qty)
			}
			l.Amounts, l.Basis = sliced(&o.Lines[n], before, q.Qty, o.Currency)
			*taken = taken.Add(q.Qty)
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}
