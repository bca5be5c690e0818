package atp

import "github.com/throughline/throughline/schemas"

// returnAuthorised expects goods back, under their RMA and date, apart from other inbound: customers change their minds, so that no
// promise counts them (domain.md §1.4 row 37, §3.2).
func returnAuthorised(d *draft, x *schemas.ReturnAuthorised) error {
	d.room(len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		d.due(schemas.BucketINBOUND_RETURN, at(&l.Stock, &l.Quantity), l.Quantity.BaseQty, x.ExpectedDate, x.RMAID)
	}
	return nil
}
