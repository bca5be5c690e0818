package atp

import "github.com/throughline/throughline/schemas"

// inventoryExpectationChanged takes the expectation away on the day where it stood and puts what is expected now on the new one
// (domain.md §1.4 row 5). Both sides are what is still to come: what was received has left inbound already.
func inventoryExpectationChanged(d *draft, x *schemas.InventoryExpectationChanged) error {
	d.room(2 * len(x.Lines))
	bucket := inboundOf(x.DocumentType)
	for i := range x.Lines {
		l := &x.Lines[i]
		d.due(bucket, at(&l.Stock, &l.Before), l.Before.BaseQty.Neg(), schemas.Some(l.DueBefore), x.ExpectationID)
		d.due(bucket, at(&l.Stock, &l.After), l.After.BaseQty, schemas.Some(l.DueAfter), x.ExpectationID)
	}
	return nil
}
