package atp

import "github.com/throughline/throughline/schemas"

// shipmentReturnedToSender expects goods back that the carrier could not deliver (domain.md §1.4 row 23), under the carrier's notice: a
// shipment may come back in two, and a return names the notice that it answers.
func shipmentReturnedToSender(d *draft, x *schemas.ShipmentReturnedToSender) error {
	d.room(len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Stock == nil {
			return missing(inLine(i, "stock"))
		}
		d.due(schemas.BucketINBOUND_RETURN, at(l.Stock, &l.Quantity), l.Quantity.BaseQty, x.ExpectedDate, x.ReturnID)
	}
	return nil
}
