package admission

import "github.com/throughline/throughline/schemas"

var zero = schemas.NewDecimal(0, 4)

// part is a piece of an order line: from quantity before, on for quantity this.
type part struct {
	line         *schemas.OrderLine
	before, this schemas.Decimal
	freight      bool // the line's freight is sliced too
}

// amounts slices a line's gross, net, freight and each tax by cumulative difference; the discount is what is left between gross and net, because slicing
// the discount itself misses a cent (domain.md §2.5.2). The basis lets anyone recompute all of it.
func (c *completion) amounts(p part, exponent uint8) (*schemas.LineAmounts, *schemas.AllocationBasis) {
	all, of := &p.line.Amounts, p.line.Quantity.BaseQty
	cut := func(total schemas.Decimal) schemas.Decimal {
		if of.IsZero() {
			return zero
		}
		return schemas.Slice(total, p.before, p.this, of, exponent, c.rounding)
	}
	a := &schemas.LineAmounts{Gross: cut(all.Gross), Net: cut(all.Net), FreightNet: zero}
	if p.freight {
		a.FreightNet = cut(all.FreightNet)
	}
	a.Discounts = cutDiscounts(all, a.Gross.Sub(a.Net), cut)
	a.Total = a.Net.Add(a.FreightNet)
	tax := zero
	for _, t := range all.Taxes {
		if t.On == schemas.TaxOnFREIGHT && !p.freight {
			continue
		}
		s := t
		s.Amount, s.Base = cut(t.Amount), cut(t.Base)
		a.Taxes = append(a.Taxes, s)
		tax = tax.Add(t.Amount)
		if t.Remitter != schemas.TaxRemitterMARKETPLACE {
			a.Total = a.Total.Add(s.Amount)
		}
	}
	basis := &schemas.AllocationBasis{OrderedQty: of, QtyBefore: p.before, QtyThis: p.this, Gross: all.Gross, Net: all.Net,
		Discount: all.Gross.Sub(all.Net), Freight: zero, Tax: tax}
	if p.freight {
		basis.Freight = all.FreightNet
	}
	return a, basis
}

// cutDiscounts splits the discount of a part over the line's discounts; the last one takes what is left.
func cutDiscounts(all *schemas.LineAmounts, discount schemas.Decimal, cut func(schemas.Decimal) schemas.Decimal) []schemas.Discount {
	var parts []schemas.Discount
	left := discount
	for i, d := range all.Discounts {
		if i == len(all.Discounts)-1 {
			d.Amount = left
		} else {
			d.Amount = cut(d.Amount)
			left = left.Sub(d.Amount)
		}
		parts = append(parts, d)
	}
	return parts
}

// restate puts the taxes that an invoice states itself in the place of the order's.
func restate(a *schemas.LineAmounts, taxes []schemas.TaxAmount) {
	a.Taxes = taxes
	a.Total = a.Net.Add(a.FreightNet)
	for _, t := range taxes {
		if t.Remitter != schemas.TaxRemitterMARKETPLACE {
			a.Total = a.Total.Add(t.Amount)
		}
	}
}

// orderLine finds a line of the thread's order.
func (c *completion) orderLine(order *schemas.OrderAccepted, id string) (*schemas.OrderLine, *schemas.LineProgress, error) {
	if order != nil {
		i := c.orderLines.find(len(order.Lines), func(i int) string { return order.Lines[i].LineID }, id)
		if p := c.t.line(id); i >= 0 && p != nil {
			return &order.Lines[i], p, nil
		}
	}
	return nil, nil, contract("lines.order_line_id is not a line of the order")
}

// lineOf finds a line of the thread's order; nil where there is none.
func (c *completion) lineOf(id string) *schemas.OrderLine {
	if c.ordered == nil {
		c.ordered = c.t.order()
	}
	line, _, err := c.orderLine(c.ordered, id)
	if err != nil {
		return nil
	}
	return line
}

// shippable finds a line of the thread's order that has stock behind it, and checks that a quantity of it is counted in the line's unit.
func (c *completion) shippable(order *schemas.OrderAccepted, id string, q *schemas.Quantity) (*schemas.OrderLine, *schemas.LineProgress, error) {
	line, progress, err := c.orderLine(order, id)
	if err != nil {
		return nil, nil, err
	}
	if !goods(line.Kind) {
		return nil, nil, contract("lines.order_line_id is a charge or a gift card: it is never reserved and never ships")
	}
	return line, progress, sameUnit(line, q)
}

// sameUnit refuses a quantity in another base unit than its order line's: cases would be counted as pieces (domain.md §3.3).
func sameUnit(line *schemas.OrderLine, q *schemas.Quantity) error {
	if q.BaseUOM != line.Quantity.BaseUOM {
		return contract("lines.quantity.base_uom is not that of the order line")
	}
	return nil
}

func goods(kind schemas.LineKind) bool { return kind == "" || kind == schemas.LineKindGOODS }
