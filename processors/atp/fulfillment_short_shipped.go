package atp

import "github.com/throughline/throughline/schemas"

// fulfillmentShortShipped (domain.md §1.4 row 18): WAIT changes nothing. Otherwise the reservation is gone; BACKORDER and SUBSTITUTE
// turn it into open demand again, CANCEL ends it (a line_cancelled from NONE follows). Where the goods were not found or damaged they
// are unavailable until adjusted: simply releasing them would promise what is not there. A short of what was never reserved leaves
// reserved alone: releasing it would raise ATP for ever (§3.3).
func fulfillmentShortShipped(d *draft, x *schemas.FulfillmentShortShipped) error {
	d.room(3 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Outcome == schemas.ShortOutcomeWAIT {
			continue
		}
		p, q := at(&l.Stock, &l.Quantity), l.Quantity.BaseQty
		demand := p.or(l.DemandSKU, l.DemandLocation)
		reserved, cancelled := l.ReservationID != "", l.Outcome == schemas.ShortOutcomeCANCEL
		if reserved {
			d.add(schemas.BucketRESERVED, p, q.Neg())
		}
		switch {
		case reserved && !cancelled:
			d.due(schemas.BucketOPEN_DEMAND, demand, q, l.DemandDate, "")
		case !reserved && cancelled:
			d.due(schemas.BucketOPEN_DEMAND, demand, q.Neg(), l.DemandDate, "")
		}
		if l.Cause == schemas.ShortCauseSTOCK_NOT_FOUND || l.Cause == schemas.ShortCauseDAMAGED {
			d.add(schemas.BucketUNAVAILABLE, p, q)
		}
	}
	return nil
}
