package finance

import "github.com/throughline/throughline/schemas"

// inventoryTransferDispatched keeps goods between two of our places on the books: 1210 by transfer against 1200 where they left, at cost
// (domain.md §2.3). The supplier's own goods (CONSIGNED) are not on our books, wherever they are.
func inventoryTransferDispatched(d *draft, x *schemas.InventoryTransferDispatched) error {
	d.about("dispatch_id", x.DispatchID, "from_location", x.FromLocation, "to_location", x.ToLocation, "transfer_id", x.TransferID)
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Stock.Owner == schemas.StockOwnerCONSIGNED {
			continue
		}
		cost, err := d.cost(i, l.Cost, &l.Quantity)
		if err != nil {
			return err
		}
		it := itemOf("", &l.Stock, &l.Quantity)
		d.worth(transfersInTransit, d.named("transfer", x.TransferID), cost, &it)
		d.worth(inventory, d.stock(&l.Stock), cost.Neg(), &it)
	}
	return nil
}
