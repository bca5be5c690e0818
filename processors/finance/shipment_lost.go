package finance

import "github.com/throughline/throughline/schemas"

// shipmentLost books goods that will not arrive (domain.md §2.3). Where they still were ours (AT_DELIVERY) they leave 1220, for a claim on the
// carrier, 1300, or as a loss, 5100. Where they were the customer's already, only a claim has value: 1300 against 5100.
func shipmentLost(d *draft, x *schemas.ShipmentLost) error {
	if x.Control == nil {
		return missing("control")
	}
	ours := x.Control.Point == schemas.TransferPointAT_DELIVERY
	claimed := x.Liable == schemas.LiablePartyCARRIER
	if !claimed && x.Liable != schemas.LiablePartyNOBODY {
		return unmapped("liable")
	}
	if !ours && !claimed {
		return nil
	}
	d.about("carrier", x.Carrier, "claim_id", x.ClaimID, "loss_id", x.LossID, "order_id", x.OrderID, "shipment_id", x.ShipmentID)
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.Stock == nil:
			return missing(inLine(i, "stock"))
		case l.Quantity == nil:
			return missing(inLine(i, "quantity"))
		}
		cost, err := d.cost(i, l.Cost, l.Quantity)
		if err != nil {
			return err
		}
		it := itemOf(l.OrderLineID, l.Stock, l.Quantity)
		if claimed {
			d.gather(claims, d.named("claim", x.ClaimID, "claim", x.LossID), "", cost)
		} else {
			d.worth(inventoryWriteOff, "", cost, &it)
		}
		if ours {
			d.underWay(l.Stock, x.ShipmentID, d.orderLine(x.OrderID, l.OrderLineID, "shipment", x.ShipmentID, l.ShipmentLineID), cost.Neg(), &it)
		} else {
			d.worth(inventoryWriteOff, "", cost.Neg(), &it)
		}
	}
	return nil
}
