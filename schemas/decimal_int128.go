package schemas

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// uint128 is the magnitude of a Decimal's unscaled integer. Its arithmetic allocates nothing; what leaves 128 bits in
// between is computed with math/big, which no real amount reaches.
type uint128 struct{ hi, lo uint64 }

// pow10[n] is 10^n; 10^38 is the largest that fits.
var pow10 = func() (powers [MaxDigits + 1]uint128) {
	powers[0] = uint128{lo: 1}
	for n := 1; n < len(powers); n++ {
		powers[n], _ = powers[n-1].mul(uint128{lo: 10})
	}
	return powers
}()

func (u uint128) isZero() bool { return u.hi == 0 && u.lo == 0 }

func (u uint128) cmp(v uint128) int {
	switch {
	case u == v:
		return 0
	case u.hi < v.hi || (u.hi == v.hi && u.lo < v.lo):
		return -1
	}
	return 1
}

// add and sub wrap; callers know that the result fits, or want the two's complement.
func (u uint128) add(v uint128) uint128 {
	lo, carry := bits.Add64(u.lo, v.lo, 0)
	hi, _ := bits.Add64(u.hi, v.hi, carry)
	return uint128{hi, lo}
}

func (u uint128) sub(v uint128) uint128 {
	lo, borrow := bits.Sub64(u.lo, v.lo, 0)
	hi, _ := bits.Sub64(u.hi, v.hi, borrow)
	return uint128{hi, lo}
}

func (u uint128) mul(v uint128) (product uint128, ok bool) {
	product.hi, product.lo = bits.Mul64(u.lo, v.lo)
	if u.hi == 0 && v.hi == 0 {
		return product, true
	}
	if u.hi != 0 && v.hi != 0 {
		return product, false
	}
	over1, cross1 := bits.Mul64(u.hi, v.lo)
	over2, cross2 := bits.Mul64(u.lo, v.hi)
	var carry1, carry2 uint64
	product.hi, carry1 = bits.Add64(product.hi, cross1, 0)
	product.hi, carry2 = bits.Add64(product.hi, cross2, 0)
	return product, over1|over2|carry1|carry2 == 0
}

// mulPow10 gives u × 10^n; u itself when n is negative.
func (u uint128) mulPow10(n int) (product uint128, ok bool) {
	switch {
	case n <= 0 || u.isZero():
		return u, true
	case n > MaxDigits:
		return u, false
	}
	return u.mul(pow10[n])
}

// quoRem divides by v, which is not zero.
func (u uint128) quoRem(v uint128) (quotient, rest uint128) {
	if u.hi == 0 && v.hi == 0 {
		return uint128{lo: u.lo / v.lo}, uint128{lo: u.lo % v.lo}
	}
	if v.hi == 0 {
		var r uint64
		quotient.hi, r = u.hi/v.lo, u.hi%v.lo
		quotient.lo, r = bits.Div64(r, u.lo, v.lo)
		return quotient, uint128{lo: r}
	}
	// Knuth's algorithm D with one digit: the estimate from the leading 64 bits of v is at most one too large.
	n := uint(bits.LeadingZeros64(v.hi))
	lead := v.hi<<n | v.lo>>(64-n)
	estimate, _ := bits.Div64(u.hi>>1, u.hi<<63|u.lo>>1, lead)
	quotient.lo = estimate >> (63 - n)
	if quotient.lo != 0 {
		quotient.lo--
	}
	back, _ := quotient.mul(v)
	rest = u.sub(back)
	if rest.cmp(v) >= 0 {
		quotient.lo++
		rest = rest.sub(v)
	}
	return quotient, rest
}

// digits is the number of decimal digits; 1 for zero.
func (u uint128) digits() int {
	length := bits.Len64(u.lo)
	if u.hi != 0 {
		length = 64 + bits.Len64(u.hi)
	}
	n := length * 1233 >> 12 // log10(2), rounded down
	if n < len(pow10) && u.cmp(pow10[n]) >= 0 {
		n++
	}
	return max(n, 1)
}

func (u uint128) big() *big.Int {
	b := new(big.Int).SetUint64(u.hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(u.lo))
}

// unscaled is the integer behind d.
func (d Decimal) unscaled() *big.Int {
	m, negative := d.magnitude()
	b := m.big()
	if negative {
		b.Neg(b)
	}
	return b
}

// fromBig gives unscaled / 10^scale; invalid when that has more than 38 digits.
func fromBig(unscaled *big.Int, scale uint8) Decimal {
	if unscaled.BitLen() > 128 {
		return invalidDecimal()
	}
	var m [16]byte
	unscaled.FillBytes(m[:])
	magnitude := uint128{hi: binary.BigEndian.Uint64(m[:8]), lo: binary.BigEndian.Uint64(m[8:])}
	return fromMagnitude(magnitude, unscaled.Sign() < 0, scale)
}

func bigPow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, 0))), nil)
}

// bigMulDiv is MulDiv for products that leave 128 bits: magnitudes[0] × magnitudes[1] × 10^shift / magnitudes[2].
func bigMulDiv(neg bool, magnitudes [3]*big.Int, shift int, scale uint8, mode RoundingMode) Decimal {
	top := new(big.Int).Mul(magnitudes[0], magnitudes[1])
	top.Mul(top, bigPow10(shift))
	bottom := new(big.Int).Mul(magnitudes[2], bigPow10(-shift))
	quotient, rest := new(big.Int).QuoRem(top, bottom, new(big.Int))
	vsHalf := rest.Cmp(new(big.Int).Sub(bottom, rest))
	if mode.away(neg, quotient.Bit(0) == 1, rest.Sign() != 0, vsHalf) {
		quotient.Add(quotient, big.NewInt(1))
	}
	if neg {
		quotient.Neg(quotient)
	}
	return fromBig(quotient, scale)
}
