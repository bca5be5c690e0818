package schemas

// stockKeeping checks what is expected, moved between places, revalued, compared or kept back.
func (c *contractCheck) stockKeeping(e Event) {
	switch x := e.(type) {
	case *InventoryExpected:
		c.text("expectation_id", x.ExpectationID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			c.positive("lines.quantity", &x.Lines[i].Quantity)
			c.stock("lines.stock", &x.Lines[i].Stock)
		})
	case *InventoryExpectationChanged:
		c.text("expectation_id", x.ExpectationID)
		c.text("change_id", x.ChangeID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			l := &x.Lines[i]
			c.notNegative("lines.before", &l.Before)
			c.notNegative("lines.after", &l.After)
			c.stock("lines.stock", &l.Stock)
			if l.Before.BaseUOM != l.After.BaseUOM {
				c.fail("lines.before and lines.after differ in base_uom")
			}
		})
	case *InventoryStatusChanged:
		c.text("change_id", x.ChangeID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			l := &x.Lines[i]
			c.positive("lines.quantity", &l.Quantity)
			c.stock("lines.stock", &l.Stock)
			if l.FromStatus == l.ToStatus {
				c.fail("lines.from_status is lines.to_status: nothing changes")
			}
		})
	case *InventoryTransferDispatched:
		c.dispatched(x)
	case *InventoryTransferReceived:
		c.text("transfer_id", x.TransferID)
		c.text("receipt_id", x.ReceiptID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			l := &x.Lines[i]
			c.positive("lines.quantity", &l.Quantity)
			c.stock("lines.stock", &l.Stock)
			if l.Stock.Location != x.ToLocation {
				c.fail("lines.stock.location is not to_location")
			}
		})
	default:
		c.stockSettings(e)
	}
}

func (c *contractCheck) dispatched(x *InventoryTransferDispatched) {
	c.text("transfer_id", x.TransferID)
	c.text("dispatch_id", x.DispatchID)
	c.text("to_location", x.ToLocation)
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		l := &x.Lines[i]
		c.positive("lines.quantity", &l.Quantity)
		c.stock("lines.stock", &l.Stock)
		if l.Stock.Location != x.FromLocation {
			c.fail("lines.stock.location is not from_location")
		}
	})
}

func (c *contractCheck) stockSettings(e Event) {
	switch x := e.(type) {
	case *InventorySnapshotTaken:
		c.text("snapshot_id", x.SnapshotID)
		if x.AsOf <= 0 {
			c.fail("as_of is not set: a snapshot is of an instant")
		}
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			c.stock("lines.stock", &x.Lines[i].Stock)
			c.text("lines.base_uom", x.Lines[i].BaseUOM)
		})
	case *InventoryCostRevalued:
		c.text("revaluation_id", x.RevaluationID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			l := &x.Lines[i]
			c.stock("lines.stock", &l.Stock)
			c.text("lines.base_uom", l.BaseUOM)
			c.currency("lines.currency", l.Currency)
			if !l.OnHand.MulRound(l.NewUnitCost.Sub(l.OldUnitCost), 4, HalfUp).Equal(l.Amount) {
				c.fail("lines.amount is not on_hand x (new_unit_cost - old_unit_cost), rounded to four decimals")
			}
		})
	case *InventoryPolicyChanged:
		c.text("change_id", x.ChangeID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			l := &x.Lines[i]
			c.stock("lines.stock", &l.Stock)
			c.text("lines.base_uom", l.BaseUOM)
			if l.Before.SafetyStock.Sign() < 0 || l.After.SafetyStock.Sign() < 0 {
				c.fail("lines hold a negative safety_stock")
			}
		})
	default:
		c.orderProgress(e)
	}
}

// notNegative allows zero: an expectation may end.
func (c *contractCheck) notNegative(field string, q *Quantity) {
	c.quantity(field, q)
	if q.BaseQty.Sign() < 0 {
		c.fail("%s is negative", field)
	}
}
