package finance

import "github.com/throughline/throughline/schemas"

// inventoryTransferReceived books what arrived, at the cost it was dispatched with: 1200 where it is now against 1210 by transfer
// (domain.md §2.3). What stays on 1210 was dispatched and never arrived.
func inventoryTransferReceived(d *draft, x *schemas.InventoryTransferReceived) error {
	d.about("dispatch_id", x.DispatchID, "to_location", x.ToLocation, "transfer_id", x.TransferID, "transfer_receipt_id", x.ReceiptID)
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
		d.worth(inventory, d.stock(&l.Stock), cost, &it)
		d.worth(transfersInTransit, d.named("transfer", x.TransferID), cost.Neg(), &it)
	}
	return nil
}
