package schemas

import (
	"math/big"
	"math/bits"
)

const (
	// MaxScale is the largest number of decimals, and MaxDigits the largest number of digits, of a Decimal: what
	// ClickHouse's Decimal(38, s) and an Avro decimal of precision 38 hold.
	MaxScale  = 38
	MaxDigits = 38

	// invalidScale marks the sticky invalid state. Its digits are not zero, so that a check "must be zero" fails on it.
	invalidScale = 255
)

// Decimal is an exact decimal number: a 128-bit two's complement integer of at most 38 digits, divided by 10^scale.
// The zero value is 0 with scale 0. Money, quantities, costs and rates are Decimals, never floats (architecture.md,
// Money).
//
// == compares digits and scale, so it means "same number" only between two values of one scale, as two decoded fields
// of one schema are; Equal compares numbers.
//
// Arithmetic never wraps and never panics. What does not fit in 38 digits, a scale above 38 and a division by zero
// give an invalid Decimal. It is sticky, like NaN: everything computed from it is invalid, it equals nothing, it is
// not zero, and no encoder accepts it. So a rule may compute without a check per step; Valid tells at the end.
type Decimal struct {
	hi    int64
	lo    uint64
	scale uint8
}

// RoundingMode says what happens to digits that are cut off. It is part of a rule set (domain.md §2.5 rule 6).
type RoundingMode uint8

const (
	HalfUp   RoundingMode = iota // to the nearest, ties away from zero; the default
	HalfEven                     // to the nearest, ties to the even neighbour ("banker's")
	Down                         // towards zero
	Floor                        // towards minus infinity
)

// NewDecimal gives unscaled / 10^scale: NewDecimal(1050, 2) is 10.50. A scale above 38 gives an invalid Decimal.
func NewDecimal(unscaled int64, scale uint8) Decimal {
	if scale > MaxScale {
		return invalidDecimal()
	}
	return Decimal{hi: unscaled >> 63, lo: uint64(unscaled), scale: scale}
}

// FromInt128 is NewDecimal for a 128-bit two's complement integer, as ClickHouse's Decimal128 columns hold it.
// More than 38 digits give an invalid Decimal.
func FromInt128(hi int64, lo uint64, scale uint8) Decimal {
	d := Decimal{hi: hi, lo: lo, scale: scale}
	if scale > MaxScale {
		return invalidDecimal()
	}
	if d.small() {
		return d
	}
	return d.checked()
}

// Int128 gives the unscaled integer in two's complement. Of an invalid Decimal it means nothing.
func (d Decimal) Int128() (hi int64, lo uint64) { return d.hi, d.lo }

// Scale is the number of decimals.
func (d Decimal) Scale() uint8 { return d.scale }

// Valid is false once a computation on the way to d overflowed or divided by zero.
func (d Decimal) Valid() bool { return d.scale != invalidScale }

// IsZero is false for an invalid Decimal.
func (d Decimal) IsZero() bool { return d.hi == 0 && d.lo == 0 }

// Sign is -1, 0 or 1. It is 1 for an invalid Decimal, so that "the sum is zero" never holds by accident.
func (d Decimal) Sign() int {
	switch {
	case d.hi < 0:
		return -1
	case d.IsZero():
		return 0
	}
	return 1
}

// Precision is the number of digits of the unscaled integer: 1 for zero, 3 for -0.123, 4 for 10.50.
func (d Decimal) Precision() int {
	m, _ := d.magnitude()
	return m.digits()
}

// Neg gives -d.
func (d Decimal) Neg() Decimal {
	if !d.Valid() {
		return d
	}
	lo, borrow := bits.Sub64(0, d.lo, 0)
	hi, _ := bits.Sub64(0, uint64(d.hi), borrow)
	return Decimal{hi: int64(hi), lo: lo, scale: d.scale}
}

// Abs gives |d|.
func (d Decimal) Abs() Decimal {
	if d.hi < 0 {
		return d.Neg()
	}
	return d
}

// Add gives d + e with the larger of the two scales.
func (d Decimal) Add(e Decimal) Decimal {
	d, e = sameScale(d, e)
	if !d.Valid() {
		return d
	}
	lo, carry := bits.Add64(d.lo, e.lo, 0)
	hi, _ := bits.Add64(uint64(d.hi), uint64(e.hi), carry)
	sum := Decimal{hi: int64(hi), lo: lo, scale: d.scale}
	if sum.small() && d.small() && e.small() {
		return sum
	}
	// Two numbers just below 10^38 leave 127 bits; then the sign of the sum is not the sign of both.
	if (d.hi < 0) == (e.hi < 0) && (sum.hi < 0) != (d.hi < 0) {
		return invalidDecimal()
	}
	return sum.checked()
}

// Sub gives d - e with the larger of the two scales.
func (d Decimal) Sub(e Decimal) Decimal { return d.Add(e.Neg()) }

// Mul gives d × e exactly; the scales add up. Use MulRound where the result has a scale of its own.
func (d Decimal) Mul(e Decimal) Decimal {
	if !d.Valid() || !e.Valid() || d.scale+e.scale > MaxScale {
		return invalidDecimal()
	}
	a, aNeg := d.magnitude()
	b, bNeg := e.magnitude()
	product, ok := a.mul(b)
	if !ok {
		return invalidDecimal()
	}
	return fromMagnitude(product, aNeg != bNeg, d.scale+e.scale)
}

// MulRound gives d × e, rounded once, to scale.
func (d Decimal) MulRound(e Decimal, scale uint8, mode RoundingMode) Decimal {
	return d.MulDiv(e, NewDecimal(1, 0), scale, mode)
}

// Div gives d / e, rounded to scale. A division by zero gives an invalid Decimal.
func (d Decimal) Div(e Decimal, scale uint8, mode RoundingMode) Decimal {
	return d.MulDiv(NewDecimal(1, 0), e, scale, mode)
}

// MulDiv gives d × num / den, rounded once, to scale; the product in between may have any size. A den of zero gives
// an invalid Decimal.
func (d Decimal) MulDiv(num, den Decimal, scale uint8, mode RoundingMode) Decimal {
	if !d.Valid() || !num.Valid() || !den.Valid() || scale > MaxScale || den.IsZero() {
		return invalidDecimal()
	}
	a, aNeg := d.magnitude()
	b, bNeg := num.magnitude()
	c, cNeg := den.magnitude()
	neg := (aNeg != bNeg) != cNeg
	shift := int(scale) + int(den.scale) - int(d.scale) - int(num.scale)

	top, ok1 := a.mul(b)
	top, ok2 := top.mulPow10(shift)
	bottom, ok3 := c.mulPow10(-shift)
	if !ok1 || !ok2 || !ok3 {
		return bigMulDiv(neg, [3]*big.Int{a.big(), b.big(), c.big()}, shift, scale, mode)
	}
	quotient, rest := top.quoRem(bottom)
	if mode.away(neg, quotient.lo&1 == 1, !rest.isZero(), rest.cmp(bottom.sub(rest))) {
		quotient = quotient.add(uint128{lo: 1})
	}
	return fromMagnitude(quotient, neg, scale)
}

// Rescale gives d with exactly scale decimals. When digits other than zero had to go, the result is d rounded towards
// zero and exact is false. It is invalid (and not exact) when the digits no longer fit.
func (d Decimal) Rescale(scale uint8) (result Decimal, exact bool) {
	if d.scale == scale {
		return d, d.Valid()
	}
	result = d.Round(scale, Down)
	return result, result.Equal(d)
}

// Round gives d with exactly scale decimals; digits are cut by mode or zeros appended.
func (d Decimal) Round(scale uint8, mode RoundingMode) Decimal {
	switch {
	case d.scale == scale:
		return d
	case !d.Valid() || scale > MaxScale:
		return invalidDecimal()
	case scale > d.scale:
		return d.extended(scale)
	}
	m, neg := d.magnitude()
	unit := pow10[d.scale-scale]
	quotient, rest := m.quoRem(unit)
	if mode.away(neg, quotient.lo&1 == 1, !rest.isZero(), rest.cmp(unit.sub(rest))) {
		quotient = quotient.add(uint128{lo: 1})
	}
	return fromMagnitude(quotient, neg, scale)
}

// Equal says whether d and e are the same number, whatever their scales. An invalid Decimal equals nothing.
func (d Decimal) Equal(e Decimal) bool {
	return d.Valid() && e.Valid() && d.Cmp(e) == 0
}

// Cmp is -1, 0 or 1 as d is less than, equal to or greater than e. For the sake of a total order an invalid Decimal
// comes before every number and beside another invalid one; check Valid where that matters.
func (d Decimal) Cmp(e Decimal) int {
	switch {
	case !d.Valid() || !e.Valid():
		return boolToInt(d.Valid()) - boolToInt(e.Valid())
	case d.scale != e.scale:
		return cmpScales(d, e)
	case d.hi != e.hi:
		return 1 - 2*boolToInt(d.hi < e.hi)
	case d.lo != e.lo:
		return 1 - 2*boolToInt(d.lo < e.lo)
	}
	return 0
}

// Min gives the smaller of d and e; invalid if one of them is.
func (d Decimal) Min(e Decimal) Decimal {
	if !d.Valid() || (e.Valid() && d.Cmp(e) <= 0) {
		return d
	}
	return e
}

// Max gives the larger of d and e; invalid if one of them is.
func (d Decimal) Max(e Decimal) Decimal {
	if !d.Valid() || (e.Valid() && d.Cmp(e) >= 0) {
		return d
	}
	return e
}

func invalidDecimal() Decimal { return Decimal{lo: 1, scale: invalidScale} }

// small says that the unscaled integer fits in an int64.
func (d Decimal) small() bool { return d.hi == int64(d.lo)>>63 }

// checked is d, or invalid when it has more than 38 digits.
func (d Decimal) checked() Decimal {
	if m, _ := d.magnitude(); m.cmp(pow10[MaxDigits]) >= 0 {
		return invalidDecimal()
	}
	return d
}

func (d Decimal) magnitude() (m uint128, negative bool) {
	if d.hi >= 0 {
		return uint128{hi: uint64(d.hi), lo: d.lo}, false
	}
	return uint128{}.sub(uint128{hi: uint64(d.hi), lo: d.lo}), true
}

func fromMagnitude(m uint128, negative bool, scale uint8) Decimal {
	if m.cmp(pow10[MaxDigits]) >= 0 || scale > MaxScale {
		return invalidDecimal()
	}
	if negative {
		m = uint128{}.sub(m)
	}
	return Decimal{hi: int64(m.hi), lo: m.lo, scale: scale}
}

// extended appends zeros up to scale, which is above d.scale.
func (d Decimal) extended(scale uint8) Decimal {
	m, neg := d.magnitude()
	m, ok := m.mulPow10(int(scale - d.scale))
	if !ok {
		return invalidDecimal()
	}
	return fromMagnitude(m, neg, scale)
}

func sameScale(d, e Decimal) (Decimal, Decimal) {
	switch {
	case d.scale == e.scale:
	case !d.Valid() || !e.Valid():
		return invalidDecimal(), invalidDecimal()
	case d.scale < e.scale:
		d = d.extended(e.scale)
	default:
		e = e.extended(d.scale)
	}
	if !d.Valid() || !e.Valid() {
		return invalidDecimal(), invalidDecimal()
	}
	return d, e
}

// cmpScales compares valid numbers of different scales. One that does not fit at the other's scale has more digits
// before the decimal point than any number there, so its own sign decides.
func cmpScales(d, e Decimal) int {
	if d.scale > e.scale {
		return -cmpScales(e, d)
	}
	if extended := d.extended(e.scale); extended.Valid() {
		return extended.Cmp(e)
	}
	return d.Sign()
}

// away says whether to add one unit to the truncated magnitude. vsHalf compares the rest with half a unit.
func (mode RoundingMode) away(negative, odd, inexact bool, vsHalf int) bool {
	switch mode {
	case HalfUp:
		return vsHalf >= 0
	case HalfEven:
		return vsHalf > 0 || (vsHalf == 0 && odd)
	case Floor:
		return negative && inexact
	}
	return false
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
