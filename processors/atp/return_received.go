package atp

import (
	"cmp"

	"github.com/throughline/throughline/schemas"
)

// returnReceived puts goods on hand and keeps all of them from sale until inspection decides, so that ATP does not move; what was
// expected of them leaves inbound, under the carrier's notice or the RMA that announced it, as admission looks for it (domain.md §1.4 row
// 38; S35). Who says without either what it consumes means the shipment.
func returnReceived(d *draft, x *schemas.ReturnReceived) error {
	d.room(3 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		p, q := at(&l.Stock, &l.Quantity), l.Quantity.BaseQty
		d.add(schemas.BucketON_HAND, p, q)
		d.add(schemas.BucketUNAVAILABLE, p, q)
		d.due(schemas.BucketINBOUND_RETURN, p, l.ExpectedConsumed.V.Neg(), l.ExpectedDate, cmp.Or(x.ReturnedToSenderID, x.RMAID, l.ShipmentID, x.ShipmentID))
	}
	return nil
}
