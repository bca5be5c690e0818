package admission

import (
	"slices"
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// Kinds of slices. Each counts a line's quantity for itself.
const (
	ofShipped   = "shipped"
	ofInvoiced  = "invoiced"
	ofCredited  = "credited"
	ofUnshipped = "unshipped" // credited without having shipped: from the back
	ofWay       = "way"       // delivered, lost or brought back, of a line of a shipment that is ours until it arrives
)

// slicing is what is sliced: a line's amounts, by one kind.
type slicing struct {
	kind, id string
	line     *schemas.OrderLine
	done     schemas.Decimal // what stands of it, with what earlier lines of the same event take
	end      schemas.Decimal // where counting from the back begins
}

type slicedLine struct{ kind, id string }

// free is what of a line was taken and given back, other than its end.
func (c *completion) free(kind, id string) []schemas.ThreadSlice {
	if free, touched := c.freed[slicedLine{kind, id}]; touched {
		return free
	}
	var free []schemas.ThreadSlice
	for i := range c.t.progress.Slices {
		if s := &c.t.progress.Slices[i]; s.TakenBy == "" && s.Kind == kind && s.LineID == id {
			free = append(free, *s)
		}
	}
	return free
}

func (c *completion) setFree(kind, id string, free []schemas.ThreadSlice) {
	key := slicedLine{kind, id}
	if _, touched := c.freed[key]; !touched {
		if c.freed == nil {
			c.freed = map[slicedLine][]schemas.ThreadSlice{}
		}
		c.touched = append(c.touched, key)
	}
	c.freed[key] = free
}

func quantityIn(places []schemas.ThreadSlice) schemas.Decimal {
	sum := zeroQty
	for i := range places {
		sum = sum.Add(places[i].This)
	}
	return sum
}

// onwards is the next q of a line of which front is taken or free.
func (s *slicing) onwards(front, q schemas.Decimal) schemas.ThreadSlice {
	before := front
	if s.kind == ofUnshipped {
		before = s.end.Sub(front).Sub(q)
	}
	return schemas.ThreadSlice{Kind: s.kind, LineID: s.id, Of: zeroQty, Before: before, This: q}
}

// reaches says whether a line still has q beyond its front.
func (s *slicing) reaches(front, q schemas.Decimal) bool {
	if s.kind == ofUnshipped {
		return front.Add(q).Cmp(s.end) <= 0
	}
	return front.Add(q).Cmp(s.line.Quantity.BaseQty) <= 0
}

// take finds the places of a quantity: one that is free and big enough; else onwards from the front; else, where the line ends before that, all that is free
// and the rest from the front. So a line that stands whole has no free place left, and its slices sum to it.
func (c *completion) take(s *slicing, q schemas.Decimal) (place schemas.ThreadSlice, more []schemas.ThreadSlice) {
	free := c.free(s.kind, s.id)
	front := s.done.Add(quantityIn(free))
	for i := range free {
		if free[i].This.Cmp(q) >= 0 {
			place, free = split(free, i, free[i].Before, q)
			c.setFree(s.kind, s.id, free)
			return place, nil
		}
	}
	if len(free) == 0 || s.reaches(front, q) {
		return s.onwards(front, q), nil
	}
	for len(free) > 0 && q.Sign() > 0 {
		place, free = split(free, 0, free[0].Before, q.Min(free[0].This))
		more, q = append(more, place), q.Sub(place.This)
	}
	if q.Sign() > 0 {
		more = append(more, s.onwards(front, q))
	}
	c.setFree(s.kind, s.id, free)
	return more[0], more[1:]
}

// split takes q from before on out of the i-th free place, and leaves what is around it.
func split(free []schemas.ThreadSlice, i int, before, q schemas.Decimal) (taken schemas.ThreadSlice, left []schemas.ThreadSlice) {
	taken = free[i]
	ahead, behind := taken, taken
	ahead.This = before.Sub(taken.Before)
	behind.Before = before.Add(q)
	behind.This = taken.This.Sub(ahead.This).Sub(q)
	taken.Before, taken.This = before, q
	left = append(left, free[:i]...)
	for _, p := range []schemas.ThreadSlice{ahead, behind} {
		if p.This.Sign() > 0 {
			left = append(left, p)
		}
	}
	return taken, append(left, free[i+1:]...)
}

// slice cuts the amounts of a quantity, which is line n of the event, out of the places it takes. Where a basis can say those, the thread need not.
func (c *completion) slice(s *slicing, q schemas.Decimal, freight bool, exponent uint8, n int) (*schemas.LineAmounts, *schemas.AllocationBasis) {
	place, more := c.take(s, q)
	if place.Amounts == nil && len(more) == 0 {
		return c.amounts(part{s.line, place.Before, q, freight}, exponent)
	}
	c.hold(n, place)
	a, basis := c.piece(s.line, &place, freight, exponent)
	for i := range more {
		c.hold(n, more[i])
		b, _ := c.piece(s.line, &more[i], freight, exponent)
		add(a, b)
	}
	if len(more) > 0 {
		basis = wholeOf(a, q)
	}
	return a, basis
}

func (c *completion) piece(line *schemas.OrderLine, p *schemas.ThreadSlice, freight bool, exponent uint8) (*schemas.LineAmounts, *schemas.AllocationBasis) {
	if p.Amounts != nil {
		line = &schemas.OrderLine{Quantity: schemas.Quantity{BaseQty: p.Of}, Amounts: *p.Amounts}
	}
	return c.amounts(part{line, p.Before, p.This, freight}, exponent)
}

// add sums amounts, discount by discount and tax by tax.
func add(sum, a *schemas.LineAmounts) {
	sum.Gross, sum.Net, sum.FreightNet, sum.Total = sum.Gross.Add(a.Gross), sum.Net.Add(a.Net), sum.FreightNet.Add(a.FreightNet), sum.Total.Add(a.Total)
	for _, d := range a.Discounts {
		i := slices.IndexFunc(sum.Discounts, func(s schemas.Discount) bool { return s.Reason == d.Reason && s.FundedBy == d.FundedBy })
		if i < 0 {
			sum.Discounts = append(sum.Discounts, d)
			continue
		}
		sum.Discounts[i].Amount = sum.Discounts[i].Amount.Add(d.Amount)
	}
	for _, t := range a.Taxes {
		i := slices.IndexFunc(sum.Taxes, func(s schemas.TaxAmount) bool {
			return s.Jurisdiction == t.Jurisdiction && s.On == t.On && s.Remitter == t.Remitter && s.Rate.Equal(t.Rate)
		})
		if i < 0 {
			sum.Taxes = append(sum.Taxes, t)
			continue
		}
		sum.Taxes[i].Amount, sum.Taxes[i].Base = sum.Taxes[i].Amount.Add(t.Amount), sum.Taxes[i].Base.Add(t.Base)
	}
}

// wholeOf is the basis of what was taken in several places: the whole of their sum.
func wholeOf(a *schemas.LineAmounts, q schemas.Decimal) *schemas.AllocationBasis {
	tax := zero
	for i := range a.Taxes {
		tax = tax.Add(a.Taxes[i].Amount)
	}
	return &schemas.AllocationBasis{OrderedQty: q, QtyBefore: zeroQty, QtyThis: q, Gross: a.Gross, Net: a.Net, Discount: a.Gross.Sub(a.Net), Freight: a.FreightNet, Tax: tax}
}

// hold notes that line n of the event takes a place.
func (c *completion) hold(n int, place schemas.ThreadSlice) {
	place.TakenBy = taker(c.id, n)
	c.held = append(c.held, place)
}

func taker(id schemas.UUID, n int) string { return id.String() + "#" + strconv.Itoa(n) }

// noteSlices writes what the event took of free places.
func (c *completion) noteSlices() {
	p := c.t.progress
	for _, key := range c.touched {
		p.Slices = append(without(p.Slices, key.kind, key.id), c.freed[key]...)
	}
	p.Slices = append(p.Slices, c.held...)
}

// without is all but the free places of a line.
func without(all []schemas.ThreadSlice, kind, id string) []schemas.ThreadSlice {
	return slices.DeleteFunc(all, func(s schemas.ThreadSlice) bool { return s.TakenBy == "" && s.Kind == kind && s.LineID == id })
}

// sliceOf says whether a basis says a place of a line as it stands.
func sliceOf(line *schemas.OrderLine, b *schemas.AllocationBasis) bool {
	return line != nil && b != nil && b.OrderedQty.Equal(line.Quantity.BaseQty) && b.Gross.Equal(line.Amounts.Gross) && b.Net.Equal(line.Amounts.Net) &&
		(b.Freight.IsZero() || b.Freight.Equal(line.Amounts.FreightNet))
}

// placeAt takes a given place of a line, where that is not taken: what lies between the front and it stays free. It is how an invoice line takes the place of the
// shipment line that it copies.
func (c *completion) placeAt(s *slicing, before, q schemas.Decimal) {
	free := c.free(s.kind, s.id)
	front := s.done.Add(quantityIn(free))
	switch {
	case before.Equal(front):
	case before.Cmp(front) > 0:
		gap := s.onwards(front, before.Sub(front))
		c.setFree(s.kind, s.id, append(slices.Clone(free), gap))
	default:
		if i := covering(free, before, q); i >= 0 {
			_, left := split(free, i, before, q)
			c.setFree(s.kind, s.id, left)
		}
	}
}

// covering is which free place of the line itself has q from before on in it; -1 where none has.
func covering(free []schemas.ThreadSlice, before, q schemas.Decimal) int {
	return slices.IndexFunc(free, func(p schemas.ThreadSlice) bool {
		return p.Amounts == nil && p.Before.Cmp(before) <= 0 && p.Before.Add(p.This).Cmp(before.Add(q)) >= 0
	})
}
