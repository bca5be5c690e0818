package schemas

// orderProgress checks what changes, ends or asks about an order.
func (c *contractCheck) orderProgress(e Event) {
	switch x := e.(type) {
	case *OrderChanged:
		c.text("order_id", x.OrderID)
		c.text("change_id", x.ChangeID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) { c.changed(&x.Lines[i]) })
	case *OrderClosed:
		c.text("order_id", x.OrderID)
		c.text("closing_id", x.ClosingID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			l := &x.Lines[i]
			for _, q := range []Decimal{l.Ordered, l.Shipped, l.Cancelled, l.Returned, l.Invoiced} {
				if q.Sign() < 0 {
					c.fail("lines hold a negative quantity")
				}
			}
		})
	case *CancellationRequested:
		c.text("order_id", x.OrderID)
		c.text("cancellation_id", x.CancellationID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) { c.positive("lines.quantity", &x.Lines[i].Quantity) })
	default:
		c.returns(e)
	}
}

func (c *contractCheck) changed(l *ChangedLine) {
	c.kind("lines", l.Kind, l.ChargeCode)
	if l.Before == nil && l.After == nil {
		c.fail("lines have neither before nor after")
	}
	for _, s := range []struct {
		name  string
		state *OrderLineState
	}{{"lines.before", l.Before}, {"lines.after", l.After}} {
		if s.state == nil {
			continue
		}
		c.positive(s.name+".quantity", &s.state.Quantity)
		c.amounts(s.name+".amounts", &s.state.Amounts)
		if l.Kind != LineKindGOODS && l.Kind != "" {
			continue
		}
		if s.state.Stock == nil {
			c.fail("%s.stock is missing on a GOODS line", s.name)
		} else {
			c.stock(s.name+".stock", s.state.Stock)
		}
	}
}

func (c *contractCheck) returns(e Event) {
	switch x := e.(type) {
	case *ReturnAuthorised:
		c.text("rma_id", x.RMAID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			c.positive("lines.quantity", &x.Lines[i].Quantity)
			c.stock("lines.stock", &x.Lines[i].Stock)
		})
	case *ReturnClosedNotReceived:
		c.text("closing_id", x.ClosingID)
		c.text("rma_id", x.RMAID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) { c.positive("lines.quantity", &x.Lines[i].Quantity) })
	case *RuleSuperseded:
		c.text("plan_id", x.PlanID)
		c.text("new_rule_set", x.NewRuleSet)
		if x.NewRuleSet == x.OldRuleSet {
			c.fail("new_rule_set is old_rule_set: nothing is superseded")
		}
	}
}
