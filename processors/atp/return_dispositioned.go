package atp

import "github.com/throughline/throughline/schemas"

// returnDispositioned (domain.md §1.4 row 39): RESTOCK makes goods available; SCRAP, VENDOR and RETURN_TO_CUSTOMER take them out of the
// house; REFURBISH leaves them where they are, on hold.
func returnDispositioned(d *draft, x *schemas.ReturnDispositioned) error {
	d.room(2 * len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		p, q := at(&l.Stock, &l.Quantity), l.Quantity.BaseQty
		switch l.Outcome {
		case schemas.ReturnOutcomeRESTOCK:
			d.add(schemas.BucketUNAVAILABLE, p, q.Neg())
		case schemas.ReturnOutcomeSCRAP, schemas.ReturnOutcomeVENDOR, schemas.ReturnOutcomeRETURN_TO_CUSTOMER:
			d.add(schemas.BucketON_HAND, p, q.Neg())
			d.add(schemas.BucketUNAVAILABLE, p, q.Neg())
		case schemas.ReturnOutcomeREFURBISH:
		default:
			return contract(inLine(i, "outcome") + " says nothing about the goods")
		}
	}
	return nil
}
