package finance

import "github.com/throughline/throughline/schemas"

// shipmentDelivered is where revenue is earned if control passes on delivery (AT_DELIVERY): as shipment.shipped books it for AT_SHIPMENT, with
// 1220 in place of 1200, where the goods have stood since they left. At the other control points all was booked at hand-over (domain.md §2.3).
func shipmentDelivered(d *draft, x *schemas.ShipmentDelivered) error {
	if x.Control == nil {
		return missing("control")
	}
	if x.Control.Point != schemas.TransferPointAT_DELIVERY {
		return nil
	}
	if err := d.open(x.Currency, x.FX); err != nil {
		return err
	}
	d.about("channel", x.Channel, "delivery_id", x.DeliveryID, "order_id", x.OrderID, "shipment_id", x.ShipmentID)
	d.room(6*len(x.Lines) + 2)
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.Stock == nil:
			return missing(inLine(i, "stock"))
		case l.Quantity == nil:
			return missing(inLine(i, "quantity"))
		}
		a, err := d.amounts(i, l.Amounts, l.Basis, false)
		if err != nil {
			return err
		}
		cost, err := d.cost(i, l.Cost, l.Quantity)
		if err != nil {
			return err
		}
		it := itemOf(l.OrderLineID, l.Stock, l.Quantity)
		key := d.orderLine(x.OrderID, l.OrderLineID, "shipment", x.ShipmentID, l.ShipmentLineID)
		d.revenue(a, key, &it)
		d.worth(costOfGoods, "", cost, &it)
		d.underWay(l.Stock, x.ShipmentID, key, cost.Neg(), &it)
	}
	return nil
}

// underWay adds the leg of goods that were on their way under AT_DELIVERY: our own stand on 1220; the supplier's (CONSIGNED) have stood nowhere
// since they are not on our books until sold, and what we owe for them begins now.
func (d *draft) underWay(s *schemas.StockRef, shipment, lineKey string, amount schemas.Decimal, it *item) {
	if s.Owner == schemas.StockOwnerCONSIGNED {
		d.worth(goodsReceived, lineKey, amount, it)
		return
	}
	d.worth(goodsInTransit, d.named("shipment", shipment), amount, it)
}
