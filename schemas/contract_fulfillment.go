package schemas

// onTheWay checks what the warehouse was told and what became of a shipment.
func (c *contractCheck) onTheWay(e Event) {
	switch x := e.(type) {
	case *FulfillmentReleased:
		c.text("fulfillment_id", x.FulfillmentID)
		c.text("order_id", x.OrderID)
		c.text("warehouse", x.Warehouse)
		c.lines("lines", len(x.Lines), ordinal, func(i int) {
			c.text("lines.order_line_id", x.Lines[i].OrderLineID)
			c.positive("lines.quantity", &x.Lines[i].Quantity)
		})
	case *FulfillmentStopConfirmed:
		c.text("stop_id", x.StopID)
		c.text("order_id", x.OrderID)
		c.lines("lines", len(x.Lines), ordinal, func(i int) { c.positive("lines.quantity", &x.Lines[i].Quantity) })
	case *FulfillmentStopRejected:
		c.text("stop_id", x.StopID)
		c.text("order_id", x.OrderID)
		c.lines("lines", len(x.Lines), ordinal, func(i int) { c.positive("lines.quantity", &x.Lines[i].Quantity) })
	case *ShipmentVoided:
		c.shipmentOf("void_id", x.VoidID, x.ShipmentID, x.OrderID)
	case *ShipmentDelivered:
		c.shipmentOf("delivery_id", x.DeliveryID, x.ShipmentID, x.OrderID)
		c.someLines(len(x.Lines), func(i int) string { return x.Lines[i].ShipmentLineID }, func(i int) { c.amounts("lines.amounts", x.Lines[i].Amounts) })
	case *ShipmentDeliveryFailed:
		c.shipmentOf("attempt_id", x.AttemptID, x.ShipmentID, x.OrderID)
	case *ShipmentReturnedToSender:
		c.shipmentOf("return_id", x.ReturnID, x.ShipmentID, x.OrderID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].ShipmentLineID }, func(i int) { c.positive("lines.quantity", &x.Lines[i].Quantity) })
	case *ShipmentLost:
		c.shipmentOf("loss_id", x.LossID, x.ShipmentID, x.OrderID)
		c.someLines(len(x.Lines), func(i int) string { return x.Lines[i].ShipmentLineID }, func(i int) {
			if q := x.Lines[i].Quantity; q != nil {
				c.positive("lines.quantity", q)
			}
		})
	default:
		c.billing(e)
	}
}

func (c *contractCheck) shipmentOf(field, id, shipment, order string) {
	c.text(field, id)
	c.text("shipment_id", shipment)
	c.text("order_id", order)
}

// someLines is lines where none means all.
func (c *contractCheck) someLines(n int, id func(int) string, check func(int)) {
	if n > 0 {
		c.lines("lines", n, id, check)
	}
}
