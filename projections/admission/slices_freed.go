package admission

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// giveBack frees what line n of a voided event had taken; done is what stands without it. Where the source had stated the amounts nobody knows the place: then
// the line's end is free.
func (c *completion) giveBack(s *slicing, by schemas.UUID, n int, q schemas.Decimal, a *schemas.LineAmounts, b *schemas.AllocationBasis) {
	if len(c.t.progress.Slices) == 0 && b == nil {
		return
	}
	held := taker(by, n)
	released := false
	for i := range c.t.progress.Slices {
		if p := &c.t.progress.Slices[i]; p.TakenBy == held && p.Kind == s.kind {
			p.TakenBy, released = "", true
		}
	}
	if !released && b != nil {
		place := schemas.ThreadSlice{Kind: s.kind, LineID: s.id, Of: zeroQty, Before: b.QtyBefore, This: q}
		if !sliceOf(s.line, b) { // the line has changed since, or an invoice copied what its shipment had from several places
			place.Of, place.Before, place.Amounts = q, zeroQty, a
		}
		c.t.progress.Slices = append(c.t.progress.Slices, place)
	}
	c.tidySlices(s)
}

// tidySlices joins free places that meet, and lets go of those at the line's end.
func (c *completion) tidySlices(s *slicing) {
	free := c.free(s.kind, s.id)
	c.t.progress.Slices = without(c.t.progress.Slices, s.kind, s.id)
	if len(free) == 0 || s.done.Sign() <= 0 && (s.kind != ofShipped || !slices.ContainsFunc(free, ofItsOwn)) {
		return // nothing stands: all is free
	}
	free = joined(free)
	front := s.done.Add(quantityIn(free))
	for atEnd(s, free, &front) >= 0 {
		i := atEnd(s, free, &front)
		front = front.Sub(free[i].This)
		free = slices.Delete(free, i, i+1)
	}
	c.t.progress.Slices = append(c.t.progress.Slices, free...)
}

// ofItsOwn says whether a place is not one of the line as it stands.
func ofItsOwn(p schemas.ThreadSlice) bool { return p.Amounts != nil }

// takeAgain takes a place that was free, if nothing else has taken it since.
func (c *completion) takeAgain(s *slicing, place schemas.ThreadSlice) {
	free := c.free(s.kind, s.id)
	c.t.progress.Slices = without(c.t.progress.Slices, s.kind, s.id)
	front := s.done.Add(quantityIn(free))
	i := slices.IndexFunc(free, func(p schemas.ThreadSlice) bool {
		return sameSource(&p, &place) && p.Before.Cmp(place.Before) <= 0 && p.Before.Add(p.This).Cmp(place.Before.Add(place.This)) >= 0
	})
	switch {
	case i >= 0:
		_, free = split(free, i, place.Before, place.This)
	case place.Amounts == nil && place.Before.Cmp(front) > 0:
		free = append(free, s.onwards(front, place.Before.Sub(front)))
	}
	c.t.progress.Slices = append(c.t.progress.Slices, free...)
}

// atEnd is the free place that ends where the line's taken part does.
func atEnd(s *slicing, free []schemas.ThreadSlice, front *schemas.Decimal) int {
	return slices.IndexFunc(free, func(p schemas.ThreadSlice) bool {
		return p.Amounts == nil && p.Before.Equal(s.onwards(front.Sub(p.This), p.This).Before)
	})
}

func joined(free []schemas.ThreadSlice) []schemas.ThreadSlice {
	slices.SortStableFunc(free, func(a, b schemas.ThreadSlice) int { return a.Before.Cmp(b.Before) })
	for i := 0; i < len(free); i++ {
		for j := i + 1; j < len(free); j++ {
			if sameSource(&free[i], &free[j]) && free[i].Before.Add(free[i].This).Equal(free[j].Before) {
				free[i].This = free[i].This.Add(free[j].This)
				free = slices.Delete(free, j, j+1)
				j--
			}
		}
	}
	return free
}

// sameSource says whether two places are of the same amounts.
func sameSource(a, b *schemas.ThreadSlice) bool {
	if a.Amounts == nil || b.Amounts == nil {
		return a.Amounts == b.Amounts
	}
	x, y := a.Amounts, b.Amounts
	return a.Of.Equal(b.Of) && x.Gross.Equal(y.Gross) && x.Net.Equal(y.Net) && x.FreightNet.Equal(y.FreightNet) && sameTaxes(x.Taxes, y.Taxes)
}
