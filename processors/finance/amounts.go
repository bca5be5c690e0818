package finance

import (
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// amounts gives the amounts of line i after checking them: they add up in themselves, and where a basis is stamped they are
// the slices that domain.md §2.5 rule 2 gives. statesTax: the document's own taxes stand, which are no slices.
func (d *draft) amounts(i int, a *schemas.LineAmounts, b *schemas.AllocationBasis, statesTax bool) (*schemas.LineAmounts, error) {
	if a == nil {
		return nil, missing(inLine(i, "amounts"))
	}
	net, total, tax := a.Gross, a.Net.Add(a.FreightNet), noAmount
	for t := range a.Discounts {
		net = net.Sub(a.Discounts[t].Amount)
	}
	for t := range a.Taxes {
		tax = tax.Add(a.Taxes[t].Amount)
		if a.Taxes[t].Remitter != schemas.TaxRemitterMARKETPLACE {
			total = total.Add(a.Taxes[t].Amount)
		}
	}
	switch {
	case !net.Equal(a.Net):
		return nil, contract(inLine(i, "amounts.net") + " is not gross less discounts")
	case !total.Equal(a.Total):
		return nil, contract(inLine(i, "amounts.total") + " is not net, freight and the seller's taxes")
	case b == nil:
		return a, nil
	}
	return a, d.sliced(i, a, b, tax, statesTax)
}

// sliced checks stamped amounts against the basis. Each tax is sliced by itself, and the basis holds their sum: with one
// tax the slice is exact, with more it may differ by a minor unit for each.
func (d *draft) sliced(i int, a *schemas.LineAmounts, b *schemas.AllocationBasis, tax schemas.Decimal, statesTax bool) error {
	switch {
	case !d.slice(b.Gross, b).Equal(a.Gross):
		return contract(inLine(i, "amounts.gross") + " is not the slice that basis gives")
	case !d.slice(b.Net, b).Equal(a.Net):
		return contract(inLine(i, "amounts.net") + " is not the slice that basis gives")
	case !d.slice(b.Freight, b).Equal(a.FreightNet):
		return contract(inLine(i, "amounts.freight_net") + " is not the slice that basis gives")
	case statesTax:
		return nil
	}
	slack := schemas.NewDecimal(0, d.exponent)
	if len(a.Taxes) > 1 {
		slack = schemas.NewDecimal(int64(len(a.Taxes)), d.exponent)
	}
	if off := d.slice(b.Tax, b).Sub(tax); !off.Valid() || off.Abs().Cmp(slack) > 0 {
		return contract(inLine(i, "amounts.taxes") + " are not the slice that basis gives")
	}
	return nil
}

func (d *draft) slice(total schemas.Decimal, b *schemas.AllocationBasis) schemas.Decimal {
	return schemas.Slice(total, b.QtyBefore, b.QtyThis, b.OrderedQty, d.exponent, d.mode)
}

// cost gives the cost of line i without its sign, after checking it: base quantity times unit cost, four decimals, in the
// entity's currency. The first cost of a document that has no money in it fixes that currency.
func (d *draft) cost(i int, c *schemas.CostBasis, q *schemas.Quantity) (schemas.Decimal, error) {
	if c == nil {
		return noAmount, missing(inLine(i, "cost"))
	}
	if d.functional == "" {
		if err := d.open(c.Currency, nil); err != nil {
			return noAmount, contract(inLine(i, "cost.currency") + " is not in ISO 4217")
		}
	}
	amount := c.CostAmount.Abs()
	switch {
	case c.Currency != d.functional && d.fx == nil:
		return noAmount, missing("fx") // the entity keeps its books in another currency than the document's
	case c.Currency != d.functional:
		return noAmount, contract(inLine(i, "cost.currency") + " is not the functional currency")
	case !q.BaseQty.Abs().MulRound(c.UnitCost, amountScale, schemas.HalfUp).Equal(amount):
		return noAmount, contract(inLine(i, "cost.cost_amount") + " is not base quantity times unit cost")
	}
	return amount, nil
}

func itemOf(orderLine string, s *schemas.StockRef, q *schemas.Quantity) item {
	it := item{orderLine: orderLine}
	if s != nil {
		it.sku, it.location = s.SKU, s.Location
	}
	if q != nil {
		it.qty, it.uom = q.BaseQty.Abs(), q.BaseUOM
	}
	return it
}

// missing is a completion that admission should have stamped. The reason names the field, never a value.
func missing(field string) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassUNHYDRATED, Reason: field + " is missing: admission completes it; find out why it did not, then redrive"}
}

func contract(reason string) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: reason}
}

func unbalanced(reason string) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassUNBALANCED, Reason: reason}
}

func unmapped(field string) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassUNMAPPED_ACCOUNT, Reason: field + " has no account: map it in processors/finance under a new rule version, name that in a new rule set, announce it, and `throughline dlq rebook` the letter under it"}
}

func inLine(i int, field string) string { return "lines[" + strconv.Itoa(i) + "]." + field }
