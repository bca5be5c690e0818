package finance

import "github.com/throughline/throughline/schemas"

// returnReceived puts goods that came back into stock, at the cost they left with: 1200 against the right to recover them, 1260
// (CREDITED, BLIND; a blind return leaves 1260 on the credit side until its credit memo arrives), or against 1220 where control
// never passed (UNDELIVERED) (domain.md §2.3).
func returnReceived(d *draft, x *schemas.ReturnReceived) error {
	d.about("credit_memo_id", x.CreditMemoID, "order_id", x.OrderID, "return_receipt_id", x.ReceiptID, "rma_id", x.RMAID, "shipment_id", x.ShipmentID)
	for i := range x.Lines {
		l := &x.Lines[i]
		cost, err := d.cost(i, l.Cost, &l.Quantity)
		if err != nil {
			return err
		}
		it := itemOf(l.OrderLineID, &l.Stock, &l.Quantity)
		key := d.recovered(x, l)
		undelivered := x.Against == schemas.ReturnAgainstUNDELIVERED
		if undelivered && l.Stock.Owner == schemas.StockOwnerCONSIGNED {
			continue // never sold, and so never on our books
		}
		d.goods(&l.Stock, key, cost, &it)
		if undelivered {
			d.worth(goodsInTransit, d.named("shipment", l.ShipmentID, "shipment", x.ShipmentID, "return", x.ReceiptID), cost.Neg(), &it)
			continue
		}
		d.worth(rightToRecover, key, cost.Neg(), &it)
	}
	return nil
}

// recovered is the key of 1260 that the credit memo of these goods used, or will use.
func (d *draft) recovered(x *schemas.ReturnReceived, l *schemas.ReturnLine) string {
	if x.CreditMemoID != "" && l.CreditMemoLineID != "" {
		return d.orderLine(x.OrderID, l.OrderLineID, "credit_memo", x.CreditMemoID, l.CreditMemoLineID)
	}
	return d.orderLine(x.OrderID, l.OrderLineID, "return", x.ReceiptID, l.LineID)
}
