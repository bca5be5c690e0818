package admission

import (
	"strings"

	"github.com/throughline/throughline/schemas"
)

func meta(docType, id string) schemas.Meta {
	s := schemas.Source{System: "test", Instance: "one", DocType: docType, DocID: id, Transition: "created"}
	return schemas.Meta{EventID: schemas.SourceID(s), LegalEntity: "US", Source: s, OccurredAt: start, OccurredTZOffset: "Z"}
}

// again gives an event the identity of the next version of its document.
func again[E schemas.Event](e E) E {
	m := e.Header()
	m.Source.DocVersion += "'"
	m.EventID = schemas.SourceID(m.Source)
	return e
}

func qty(n string) schemas.Quantity {
	q := schemas.MustDecimal(n)
	return schemas.Quantity{Qty: q, UOM: "EA", BaseQty: q, BaseUOM: "EA"}
}

func stock(sku string) schemas.StockRef { return schemas.StockRef{SKU: sku, Location: "DC1"} }

// order is a prepaid order of 3 A at 33.33: gross 99.99, discounts 5.00 and 1.67, freight 4.67, tax 7.70 of the seller and 1.00 of a marketplace; and of a
// FREIGHT charge.
func order(id string) *schemas.OrderAccepted {
	a, d := stock("A"), schemas.MustDecimal
	amounts := schemas.LineAmounts{Gross: d("99.99"), Net: d("93.32"), FreightNet: d("4.67"), Total: d("105.69"),
		Discounts: []schemas.Discount{{Amount: d("5.00"), Reason: "spring"}, {Amount: d("1.67"), Reason: "vendor", FundedBy: schemas.FundedByVENDOR}},
		Taxes: []schemas.TaxAmount{{Jurisdiction: "US-NY", Rate: d("0.0825"), Base: d("93.32"), Amount: d("7.70")},
			{Jurisdiction: "US-MK", Rate: d("0.01"), Base: d("93.32"), Amount: d("1.00"), Remitter: schemas.TaxRemitterMARKETPLACE}}}
	charge := schemas.LineAmounts{Gross: d("7"), Net: d("7"), FreightNet: d("0"), Total: d("7")}
	return &schemas.OrderAccepted{Meta: meta("order", id), OrderID: id, Channel: "web", Terms: schemas.TermsPREPAID, Currency: "USD",
		Lines: []schemas.OrderLine{
			{LineID: "1", Kind: schemas.LineKindGOODS, Stock: &a, Quantity: qty("3"), Amounts: amounts},
			{LineID: "2", Kind: schemas.LineKindCHARGE, ChargeCode: "FREIGHT", Quantity: qty("1"), Amounts: charge}}}
}

func reserve(order, id, n string) *schemas.InventoryReserved {
	return &schemas.InventoryReserved{Meta: meta("reservation", id), ReservationID: id, OrderID: order,
		Lines: []schemas.ReservationLine{{LineID: "1", Stock: stock("A"), Quantity: qty(n)}}}
}

func release(order, id, reservation, n string, to schemas.ReturnsTo) *schemas.InventoryReservationReleased {
	return &schemas.InventoryReservationReleased{Meta: meta("release", id), ReleaseID: id, ReservationID: reservation, OrderID: order, Reason: "test", ReturnsTo: to,
		Lines: []schemas.ReleaseLine{{LineID: "1", Stock: stock("A"), Quantity: qty(n)}}}
}

// ship ships lines given as quantity and, after an @, the reservation.
func ship(order, id string, lines ...string) *schemas.ShipmentShipped {
	x := &schemas.ShipmentShipped{Meta: meta("shipment", id), ShipmentID: id, OrderID: order}
	for i, l := range lines {
		n, reservation, _ := strings.Cut(l, "@")
		x.Lines = append(x.Lines, schemas.ShipmentLine{LineID: string(rune('a' + i)), OrderLineID: "1", Stock: stock("A"), Quantity: qty(n), ReservationID: reservation})
	}
	return x
}

func short(order, id, reservation, n string, outcome schemas.ShortOutcome) *schemas.FulfillmentShortShipped {
	return &schemas.FulfillmentShortShipped{Meta: meta("short", id), ShortID: id, OrderID: order, Lines: []schemas.ShortLine{{OrderLineID: "1", Stock: stock("A"),
		Quantity: qty(n), Cause: schemas.ShortCauseDAMAGED, Outcome: outcome, ReservationID: reservation}}}
}

func cancel(order, id, line, n string, from schemas.ReleasedFrom) *schemas.OrderLineCancelled {
	return &schemas.OrderLineCancelled{Meta: meta("cancellation", id), OrderID: order, CancellationID: id, Reason: "test", By: "CUSTOMER",
		Lines: []schemas.CancelledLine{{LineID: line, Quantity: qty(n), ReleasedFrom: from}}}
}

// invoice bills whole shipments.
func invoice(order, id string, shipments ...string) *schemas.InvoiceIssued {
	x := &schemas.InvoiceIssued{Meta: meta("invoice", id), InvoiceID: id, OrderID: order, Currency: "USD"}
	for _, s := range shipments {
		x.Lines = append(x.Lines, schemas.InvoiceLine{LineID: s, Kind: schemas.LineKindGOODS, OrderLineID: "1", ShipmentID: s, ShipmentLineID: "a"})
	}
	return x
}

// bill bills a quantity of the order, naming no shipment.
func bill(order, id, n string) *schemas.InvoiceIssued {
	q := qty(n)
	return &schemas.InvoiceIssued{Meta: meta("invoice", id), InvoiceID: id, OrderID: order, Currency: "USD",
		Lines: []schemas.InvoiceLine{{LineID: "b", Kind: schemas.LineKindGOODS, OrderLineID: "1", Quantity: &q}}}
}

func credit(order, id string, goods schemas.CreditedGoods, ns ...string) *schemas.CreditMemoIssued {
	x := &schemas.CreditMemoIssued{Meta: meta("credit memo", id), CreditMemoID: id, OrderID: order, Currency: "USD"}
	for i, n := range ns {
		q := qty(n)
		x.Lines = append(x.Lines, schemas.CreditLine{LineID: string(rune('a' + i)), Kind: schemas.LineKindGOODS, OrderLineID: "1", Quantity: &q, Goods: goods})
	}
	return x
}

func returned(order, id, shipment, n string) *schemas.ReturnReceived {
	return &schemas.ReturnReceived{Meta: meta("return", id), ReceiptID: id, OrderID: order, Against: schemas.ReturnAgainstCREDITED,
		Lines: []schemas.ReturnLine{{LineID: "1", OrderLineID: "1", ShipmentID: shipment, Stock: stock("A"), Quantity: qty(n)}}}
}

func disposed(order, id, receipt, n string) *schemas.ReturnDispositioned {
	return &schemas.ReturnDispositioned{Meta: meta("disposition", id), DispositionID: id, ReceiptID: receipt, OrderID: order,
		Lines: []schemas.DispositionLine{{LineID: "1", ReceiptLineID: "1", Stock: stock("A"), Quantity: qty(n), Outcome: schemas.ReturnOutcomeRESTOCK}}}
}

func capture(order, id, amount string) *schemas.PaymentCaptured {
	return &schemas.PaymentCaptured{Meta: meta("payment", id), PaymentID: id, OrderID: order, Method: schemas.PaymentMethodCARD,
		Amount: schemas.Money{Amount: schemas.MustDecimal(amount), Currency: "USD"}}
}

func refund(order, id, amount string, settles schemas.Settles) *schemas.RefundIssued {
	return &schemas.RefundIssued{Meta: meta("refund", id), RefundID: id, OrderID: order, Method: schemas.PaymentMethodCARD, Settles: settles,
		Amount: schemas.Money{Amount: schemas.MustDecimal(amount), Currency: "USD"}}
}

// void takes an event back by its id alone, as intake hands it on.
func void(id string, e schemas.Event) *schemas.EventVoided {
	m := meta("void", id)
	m.CorrelationID = schemas.Thread(e)
	m.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: e.Header().EventID, CorrectedEventType: e.EventType()}
	return &schemas.EventVoided{Meta: m}
}
