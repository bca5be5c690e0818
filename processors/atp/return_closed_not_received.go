package atp

import "github.com/throughline/throughline/schemas"

// returnClosedNotReceived: nothing of it is expected any more, under the RMA and date where it was (domain.md §1.4 row 40). What came of it
// before has left already, so that only what admission found still expected goes down.
func returnClosedNotReceived(d *draft, x *schemas.ReturnClosedNotReceived) error {
	d.room(len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		switch {
		case l.Stock == nil:
			return missing(inLine(i, "stock"))
		case !l.ExpectedConsumed.Set:
			return missing(inLine(i, "expected_consumed"))
		}
		d.due(schemas.BucketINBOUND_RETURN, at(l.Stock, &l.Quantity), l.ExpectedConsumed.V.Neg(), l.ExpectedDate, x.RMAID)
	}
	return nil
}
