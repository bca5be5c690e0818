package finance

import "github.com/throughline/throughline/schemas"

// shipmentShipped is where revenue is earned, if control passes at hand-over (AT_SHIPMENT, AT_PICKUP): per line
// 1150 N+F, 4100 the discounts we bear, 1320 those that others fund, against 4000 G and 4200 F; and 5000 against 1200 at cost.
// With AT_DELIVERY the goods are still ours: 1220 against 1200. A label price is accrued, 6200 against 2060 (domain.md §2.3).
func shipmentShipped(d *draft, x *schemas.ShipmentShipped) error {
	if err := d.open(x.Currency, x.FX); err != nil {
		return err
	}
	if x.Control == nil {
		return missing("control")
	}
	d.about("channel", x.Channel, "fulfillment_id", x.FulfillmentID, "order_id", x.OrderID, "shipment_id", x.ShipmentID)
	d.room(legsOf(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		a, err := d.amounts(i, l.Amounts, l.Basis, false)
		if err != nil {
			return err
		}
		cost, err := d.cost(i, l.Cost, &l.Quantity)
		if err != nil {
			return err
		}
		it := itemOf(l.OrderLineID, &l.Stock, &l.Quantity)
		key := d.orderLine(x.OrderID, l.OrderLineID, "shipment", x.ShipmentID, l.LineID)
		if x.Control.Point == schemas.TransferPointAT_DELIVERY {
			if l.Stock.Owner == schemas.StockOwnerCONSIGNED {
				continue // not sold yet, and so not on our books
			}
			d.worth(goodsInTransit, d.named("shipment", x.ShipmentID), cost, &it)
		} else {
			d.revenue(a, key, &it)
			d.worth(costOfGoods, "", cost, &it)
		}
		d.goods(&l.Stock, key, cost.Neg(), &it)
	}
	return d.label(x)
}

// legsOf is room enough for a shipment's legs, and seldom more than that: legs are large.
func legsOf(lines []schemas.ShipmentLine) int {
	n := 4 // what is gathered, and the label
	for i := range lines {
		n += 4 // shipped not invoiced, revenue, cost and goods
		if a := lines[i].Amounts; a != nil {
			n += min(len(a.Discounts), 1) // what we bear of them is one leg
			if !a.FreightNet.IsZero() {
				n++
			}
		}
	}
	return n
}

// revenue books one line's share of what is earned.
func (d *draft) revenue(a *schemas.LineAmounts, key string, it *item) {
	d.money(shippedNotInvoiced, key, a.Net.Add(a.FreightNet), it)
	borne := noAmount
	for i := range a.Discounts {
		if by := a.Discounts[i].FundedBy; by == schemas.FundedByVENDOR || by == schemas.FundedByMARKETPLACE {
			d.gather(dueFromFunders, d.named("funder", string(by)), "", a.Discounts[i].Amount)
			continue
		}
		borne = borne.Add(a.Discounts[i].Amount)
	}
	d.money(discounts, "", borne, it)
	d.money(productRevenue, "", a.Gross.Neg(), it)
	d.money(freightRevenue, "", a.FreightNet.Neg(), it)
}

// label accrues the price of the label, in whichever of the two currencies it is.
func (d *draft) label(x *schemas.ShipmentShipped) error {
	p := x.LabelPrice
	if p == nil {
		return nil
	}
	key := d.named("shipment", x.ShipmentID)
	switch p.Currency {
	case d.currency:
		d.money(freightOut, "", p.Amount, nil)
		d.money(accruedFreight, key, p.Amount.Neg(), nil)
	case d.functional:
		d.leg(freightOut, "", p.Amount, d.functional, p.Amount, nil)
		d.leg(accruedFreight, key, p.Amount.Neg(), d.functional, p.Amount.Neg(), nil)
	default:
		return contract("label_price.currency is neither the order's nor the entity's")
	}
	return nil
}
