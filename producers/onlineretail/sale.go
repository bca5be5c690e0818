package onlineretail

import (
	"github.com/throughline/throughline/schemas"
)

// The life of a sale. The order knows its prices; what the warehouse says (reserved, picked, packed, shipped) carries no price, tax or
// cost, because no warehouse knows them: admission completes it. Ids follow from the number of the invoice, which is the order's too.

func (d *document) reservationID() string { return "RSV-" + d.no }
func (d *document) fulfillmentID() string { return "FUL-" + d.no }
func (d *document) shipmentID() string    { return "SHP-" + d.no }

// saleMeta is the envelope of an event of the order's thread. One document of the warehouse is picked, packed and shipped, so that the
// three keep their order.
func (d *document) saleMeta(eventType, docType, transition string) schemas.Meta {
	return d.meta(eventType, docType, d.no, transition, "order_id", d.no, "invoice_id", d.no, "reservation_id", d.reservationID(), "shipment_id", d.shipmentID())
}

func (d *document) order(freight []schemas.Decimal) schemas.Event {
	goods := d.of(Class.shipped)
	e := &schemas.OrderAccepted{
		Meta: d.saleMeta("order.accepted", "order", "accepted"), OrderID: d.no, CustomerRef: d.customer, ShipToCountry: d.country,
		Channel: Channel, Terms: schemas.TermsON_ACCOUNT, Currency: currency,
		Control: schemas.ControlTransfer{Point: schemas.TransferPointAT_SHIPMENT},
		Lines:   make([]schemas.OrderLine, len(goods)),
	}
	for i, l := range goods {
		share := schemas.Decimal{}
		if freight != nil {
			share = freight[i]
		}
		ref := stock(l.sku)
		e.Lines[i] = schemas.OrderLine{
			LineID: l.id, Kind: schemas.LineKindGOODS, Stock: &ref, Quantity: pieces(l.qty),
			UnitPrice: schemas.Some(l.price), Amounts: amounts(l.value(), share),
		}
	}
	return e
}

func (d *document) reservation() schemas.Event {
	goods := d.of(Class.shipped)
	e := &schemas.InventoryReserved{
		Meta: d.saleMeta("inventory.reserved", "reservation", "reserved"), ReservationID: d.reservationID(),
		Serves: schemas.ReservationServesORDER_LINE, OrderID: d.no, Hardness: schemas.HardnessHARD,
		Lines: make([]schemas.ReservationLine, len(goods)),
	}
	for i, l := range goods {
		e.Lines[i] = schemas.ReservationLine{LineID: l.id, Stock: stock(l.sku), Quantity: pieces(l.qty)}
	}
	return e
}

func (d *document) pick() schemas.Event {
	goods := d.of(Class.shipped)
	e := &schemas.FulfillmentPicked{
		Meta: d.saleMeta("fulfillment.picked", "fulfillment", "picked"), FulfillmentID: d.fulfillmentID(), OrderID: d.no,
		Lines: make([]schemas.PickedLine, len(goods)),
	}
	for i, l := range goods {
		e.Lines[i] = schemas.PickedLine{OrderLineID: l.id, Stock: stock(l.sku), Quantity: pieces(l.qty), ReservationID: d.reservationID()}
	}
	return e
}

func (d *document) pack() schemas.Event {
	goods := d.of(Class.shipped)
	parcel := schemas.Package{PackageID: "PKG-" + d.no, Lines: make([]schemas.PackedLine, len(goods))}
	for i, l := range goods {
		parcel.Lines[i] = schemas.PackedLine{OrderLineID: l.id, Quantity: pieces(l.qty)}
	}
	return &schemas.FulfillmentPacked{
		Meta: d.saleMeta("fulfillment.packed", "fulfillment", "packed"), FulfillmentID: d.fulfillmentID(), OrderID: d.no,
		Packages: []schemas.Package{parcel},
	}
}

func (d *document) shipment() schemas.Event {
	goods := d.of(Class.shipped)
	e := &schemas.ShipmentShipped{
		Meta: d.saleMeta("shipment.shipped", "fulfillment", "shipped"), ShipmentID: d.shipmentID(), OrderID: d.no,
		FulfillmentID: d.fulfillmentID(), HandedOverAt: schemas.Some(schemas.TimeOf(d.at)),
		Lines: make([]schemas.ShipmentLine, len(goods)),
	}
	for i, l := range goods {
		e.Lines[i] = schemas.ShipmentLine{LineID: l.id, OrderLineID: l.id, Stock: stock(l.sku), Quantity: pieces(l.qty), ReservationID: d.reservationID()}
	}
	return e
}

// invoice names the shipment lines that it bills, from which admission copies the amounts; charges carry their own. Freight that was
// allocated to the goods is billed with them. Gift cards and fees are other events.
func (d *document) invoice(freightInGoods bool) schemas.Event {
	e := &schemas.InvoiceIssued{
		Meta:      d.meta("invoice.issued", "invoice", d.no, "issued", "invoice_id", d.no),
		InvoiceID: d.no, CustomerRef: d.customer, Channel: Channel, Currency: currency, Funding: funding(),
		Lines: make([]schemas.InvoiceLine, 0, len(d.lines)),
	}
	if d.sale() {
		e.Meta = d.saleMeta("invoice.issued", "invoice", "issued")
		e.OrderID = d.no
	}
	for i := range d.lines {
		switch l := &d.lines[i]; {
		case l.class.shipped():
			ref, quantity := stock(l.sku), pieces(l.qty)
			e.Lines = append(e.Lines, schemas.InvoiceLine{
				LineID: l.id, Kind: schemas.LineKindGOODS, OrderLineID: l.id, ShipmentID: d.shipmentID(), ShipmentLineID: l.id,
				Stock: &ref, Quantity: &quantity,
			})
		case l.class.charge() && !(l.class == Freight && freightInGoods):
			quantity, own := pieces(l.qty), amounts(l.value(), schemas.Decimal{})
			e.Lines = append(e.Lines, schemas.InvoiceLine{
				LineID: l.id, Kind: schemas.LineKindCHARGE, ChargeCode: services[l.sku].charge, Quantity: &quantity, Amounts: &own,
			})
		}
	}
	return e
}
