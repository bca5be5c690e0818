package atp

import "github.com/throughline/throughline/schemas"

// inventoryExpected lets goods be promised from the day when they are due, under their document (domain.md §1.4 row 5). What is announced
// as a RETURN is kept apart. A transfer that is announced here and dispatched is expected twice: its planner takes back the
// announcement, by a change to zero, when the goods leave.
func inventoryExpected(d *draft, x *schemas.InventoryExpected) error {
	d.room(len(x.Lines))
	for i := range x.Lines {
		l := &x.Lines[i]
		d.due(inboundOf(x.DocumentType), at(&l.Stock, &l.Quantity), l.Quantity.BaseQty, schemas.Some(l.DueDate), x.ExpectationID)
	}
	return nil
}

// inboundOf is the bucket of expected goods: what customers may send back is promised to nobody (§3.2).
func inboundOf(document schemas.InboundDocument) schemas.Bucket {
	if document == schemas.InboundDocumentRETURN {
		return schemas.BucketINBOUND_RETURN
	}
	return schemas.BucketINBOUND
}
