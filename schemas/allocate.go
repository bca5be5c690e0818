package schemas

import (
	"math/big"
	"slices"
)

// Allocate splits total over lines in proportion to their weights, by largest remainder (domain.md §2.5 rule 1): each
// share is floored to the currency's exponent, and the minor units left over go one each to the largest fractions,
// ties to the earlier line. The shares always sum to total exactly.
//
// A negative total is split as its absolute value, then negated. Where the weights sum to zero, the fallback
// (quantities) weighs instead; where that sums to zero too, or is nil, all lines weigh the same. Decimals of total
// below the minor unit are not rounded away (rule 0): they go to the line next in turn.
//
// All shares have the scale of total, or exponent where that is larger. They are invalid when total or a weight is, or
// when a fallback that is needed has another length than weights. No lines give no shares: a total other than zero is
// then the caller's to refuse.
func Allocate(total Decimal, weights, fallback []Decimal, exponent uint8) []Decimal {
	if len(weights) == 0 {
		return nil
	}
	scale := max(total.scale, exponent)
	used, sum, ok := chooseWeights(weights, fallback)
	if !ok || !total.Valid() || exponent > MaxScale {
		return slices.Repeat([]Decimal{invalidDecimal()}, len(weights))
	}
	shares, byFraction := floorShares(total.Abs(), used, sum, exponent)
	left := total.Abs()
	for _, share := range shares {
		left = left.Sub(share)
	}
	order := make([]int, len(shares))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return -byFraction(i, j) })

	unit := NewDecimal(1, exponent)
	for _, line := range order {
		if left.Sign() <= 0 {
			break
		}
		extra := unit.Min(left)
		shares[line] = shares[line].Add(extra)
		left = left.Sub(extra)
	}
	for i := range shares {
		if total.Sign() < 0 {
			shares[i] = shares[i].Neg()
		}
		shares[i] = shares[i].Round(scale, Down) // appends zeros only
	}
	return shares
}

// chooseWeights gives the weights to use, at one scale, and their sum, which is not zero.
func chooseWeights(weights, fallback []Decimal) (used []Decimal, sum Decimal, ok bool) {
	used, sum = alignWeights(weights)
	if sum.IsZero() && fallback != nil {
		if len(fallback) != len(weights) {
			return nil, sum, false
		}
		used, sum = alignWeights(fallback)
	}
	if sum.IsZero() {
		used, sum = alignWeights(slices.Repeat([]Decimal{NewDecimal(1, 0)}, len(weights)))
	}
	return used, sum, sum.Valid()
}

func alignWeights(weights []Decimal) (aligned []Decimal, sum Decimal) {
	scale := uint8(0)
	for _, w := range weights {
		if !w.Valid() {
			return nil, invalidDecimal()
		}
		scale = max(scale, w.scale)
	}
	aligned = make([]Decimal, len(weights))
	for i, w := range weights {
		aligned[i] = w.Round(scale, Down) // appends zeros only
		sum = sum.Add(aligned[i])
	}
	return aligned, sum
}

// floorShares gives total × weight / sum, floored to exponent, per line, and a comparison of the fractions that the
// floors cut off. The weights and sum have one scale, so every fraction is a remainder over the same divisor.
func floorShares(total Decimal, weights []Decimal, sum Decimal, exponent uint8) ([]Decimal, func(i, j int) int) {
	shares := make([]Decimal, len(weights))
	rests := make([]uint128, len(weights))
	shift := int(exponent) - int(total.scale)
	amount, _ := total.magnitude()
	whole, wholeNeg := sum.magnitude()
	divisor, ok := whole.mulPow10(-shift)
	for i, weight := range weights {
		w, wNeg := weight.magnitude()
		product, ok1 := amount.mul(w)
		product, ok2 := product.mulPow10(shift)
		if !ok || !ok1 || !ok2 {
			return floorSharesBig(amount.big(), weights, sum, shift, exponent)
		}
		share, rest := product.quoRem(divisor)
		negative := wNeg != wholeNeg
		if negative && !rest.isZero() { // floored, not truncated: the fraction is what is left above the floor
			share, rest = share.add(uint128{lo: 1}), divisor.sub(rest)
		}
		shares[i], rests[i] = fromMagnitude(share, negative, exponent), rest
	}
	return shares, func(i, j int) int { return rests[i].cmp(rests[j]) }
}

// floorSharesBig is floorShares for products that leave 128 bits.
func floorSharesBig(amount *big.Int, weights []Decimal, sum Decimal, shift int, exponent uint8) ([]Decimal, func(i, j int) int) {
	shares := make([]Decimal, len(weights))
	rests := make([]*big.Int, len(weights))
	divisor := new(big.Int).Mul(sum.Abs().unscaled(), bigPow10(-shift))
	for i, weight := range weights {
		if sum.Sign() < 0 {
			weight = weight.Neg()
		}
		product := new(big.Int).Mul(amount, weight.unscaled())
		product.Mul(product, bigPow10(shift))
		share, rest := new(big.Int).DivMod(product, divisor, new(big.Int)) // Euclidean: a floor, as divisor > 0
		shares[i], rests[i] = fromBig(share, exponent), rest
	}
	return shares, func(i, j int) int { return rests[i].Cmp(rests[j]) }
}

// Slice gives the part of total that falls to quantity this of quantity of, after quantity before, by cumulative
// difference (domain.md §2.5 rule 2): R(total × (before+this) / of) − R(total × before / of). R rounds to the
// currency's exponent, but R(0) is 0 and R(total) is total itself, unrounded (rule 0); so the slices of any partition
// of the quantity sum to total exactly.
//
// Slice gross, net, freight and each tax; discount is gross − net. The result has the scale of total, or exponent where
// that is larger. It is invalid when of is zero and total is not. A quantity beyond of gets more than total; that such
// a thing happened is an exception elsewhere.
func Slice(total, before, this, of Decimal, exponent uint8, mode RoundingMode) Decimal {
	through := cumulative(total, before.Add(this), of, exponent, mode)
	return through.Sub(cumulative(total, before, of, exponent, mode))
}

// SliceFromBack is Slice for what is taken from the end, as cancellations take from the open quantity: takenBefore is
// what such slices took before, counted from the end.
func SliceFromBack(total, takenBefore, this, of Decimal, exponent uint8, mode RoundingMode) Decimal {
	return Slice(total, of.Sub(takenBefore).Sub(this), this, of, exponent, mode)
}

// cumulative is R(total × quantity / of).
func cumulative(total, quantity, of Decimal, exponent uint8, mode RoundingMode) Decimal {
	scale := max(total.scale, exponent)
	switch {
	case !total.Valid() || !quantity.Valid() || !of.Valid():
		return invalidDecimal()
	case total.IsZero() || (quantity.IsZero() && !of.IsZero()):
		return NewDecimal(0, scale)
	case quantity.Equal(of) && !of.IsZero():
		return total.Round(scale, Down) // appends zeros only
	}
	return total.MulDiv(quantity, of, exponent, mode).Round(scale, Down)
}
