package schemas

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

var maxDigits38 = "99999999999999999999999999999999999999"

// rat is d as math/big sees it: the second opinion of every property test here.
func rat(d Decimal) *big.Rat {
	unscaled := new(big.Int).Lsh(big.NewInt(d.hi), 64)
	unscaled.Add(unscaled, new(big.Int).SetUint64(d.lo))
	return new(big.Rat).SetFrac(unscaled, bigPow10(int(d.scale)))
}

// randomDecimal has any number of digits and decimals up to the given ones, so that edges are met often.
func randomDecimal(r *rand.Rand, digits, scale int) Decimal {
	limit := pow10[1+r.IntN(digits)]
	_, m := uint128{r.Uint64(), r.Uint64()}.quoRem(limit)
	switch r.IntN(10) {
	case 0:
		m = limit.sub(uint128{lo: 1})
	case 1:
		m = uint128{}
	}
	return fromMagnitude(m, r.IntN(2) == 0, uint8(r.IntN(scale+1)))
}

func newRand(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// roundRat rounds x to scale as an unscaled integer, by the definition of the mode.
func roundRat(x *big.Rat, scale int, mode RoundingMode) *big.Int {
	scaled := new(big.Rat).Mul(x, new(big.Rat).SetInt(bigPow10(scale)))
	floor := new(big.Int).Div(scaled.Num(), scaled.Denom()) // Euclidean; the denominator is positive
	fraction := new(big.Rat).Sub(scaled, new(big.Rat).SetInt(floor))
	up := false
	switch half := fraction.Cmp(big.NewRat(1, 2)); mode {
	case HalfUp:
		up = half > 0 || (half == 0 && x.Sign() > 0)
	case HalfEven:
		up = half > 0 || (half == 0 && floor.Bit(0) == 1)
	case Down:
		up = x.Sign() < 0 && fraction.Sign() > 0
	}
	if up {
		floor.Add(floor, big.NewInt(1))
	}
	return floor
}

// checkRounded wants got to be x at scale, or invalid if that has more than 38 digits.
func checkRounded(t *testing.T, what string, got Decimal, x *big.Rat, scale int, mode RoundingMode) {
	t.Helper()
	want := roundRat(x, scale, mode)
	if fits := new(big.Int).Abs(want).Cmp(bigPow10(MaxDigits)) < 0 && scale <= MaxScale; fits != got.Valid() {
		t.Fatalf("%s = %v; fits in 38 digits: %v", what, got, fits)
	}
	if !got.Valid() {
		return
	}
	if int(got.Scale()) != scale || rat(got).Cmp(new(big.Rat).SetFrac(want, bigPow10(scale))) != 0 {
		t.Fatalf("%s = %v (scale %d), want %v e-%d", what, got, got.Scale(), want, scale)
	}
}

func TestArithmeticAgreesWithBig(t *testing.T) {
	r := newRand(t)
	for range 20_000 {
		digits := []int{9, 18, 38}[r.IntN(3)]
		d, e := randomDecimal(r, digits, 20), randomDecimal(r, digits, 20)
		scale, mode := uint8(r.IntN(MaxScale+1)), RoundingMode(r.IntN(4))
		x, y := rat(d), rat(e)
		wide := int(max(d.scale, e.scale))

		// An operand that does not fit at the common scale makes the sum invalid, even where the sum would fit.
		if a, b := sameScale(d, e); a.Valid() && b.Valid() {
			checkRounded(t, d.String()+" + "+e.String(), d.Add(e), new(big.Rat).Add(x, y), wide, Down)
			checkRounded(t, d.String()+" - "+e.String(), d.Sub(e), new(big.Rat).Sub(x, y), wide, Down)
		} else if d.Add(e).Valid() {
			t.Fatalf("%v + %v is valid", d, e)
		}
		if d.Cmp(e) != x.Cmp(y) || d.Equal(e) != (x.Cmp(y) == 0) || d.Sign() != x.Sign() || d.IsZero() != (x.Sign() == 0) {
			t.Fatalf("comparing %v with %v: Cmp %d, want %d", d, e, d.Cmp(e), x.Cmp(y))
		}
		product := new(big.Rat).Mul(x, y)
		if exact := d.Mul(e); exact.Valid() {
			checkRounded(t, d.String()+" × "+e.String(), exact, product, int(d.scale)+int(e.scale), Down)
		}
		checkRounded(t, "MulRound", d.MulRound(e, scale, mode), product, int(scale), mode)
		checkRounded(t, "Round", d.Round(scale, mode), x, int(scale), mode)
		rescaled, exact := d.Rescale(scale)
		checkRounded(t, "Rescale", rescaled, x, int(scale), Down)
		if exact != (rescaled.Valid() && rat(rescaled).Cmp(x) == 0) {
			t.Fatalf("Rescale(%v, %d) = %v, exact %v", d, scale, rescaled, exact)
		}
		if e.IsZero() {
			continue
		}
		quotient := new(big.Rat).Quo(x, y)
		checkRounded(t, d.String()+" / "+e.String(), d.Div(e, scale, mode), quotient, int(scale), mode)
		f := randomDecimal(r, digits, 20)
		checkRounded(t, "MulDiv", d.MulDiv(f, e, scale, mode), quotient.Mul(quotient, rat(f)), int(scale), mode)
	}
}

func TestRoundingModes(t *testing.T) {
	for _, test := range []struct{ in, halfUp, halfEven, down, floor string }{
		{"0.005", "0.01", "0.00", "0.00", "0.00"},
		{"-0.005", "-0.01", "0.00", "0.00", "-0.01"},
		{"0.015", "0.02", "0.02", "0.01", "0.01"},
		{"-0.0149", "-0.01", "-0.01", "-0.01", "-0.02"},
		{"18.665", "18.67", "18.66", "18.66", "18.66"},
		{"62.2133", "62.21", "62.21", "62.21", "62.21"},
		{"7", "7.00", "7.00", "7.00", "7.00"},
	} {
		for mode, want := range map[RoundingMode]string{
			HalfUp: test.halfUp, HalfEven: test.halfEven, Down: test.down, Floor: test.floor,
		} {
			if got := MustDecimal(test.in).Round(2, mode).String(); got != want {
				t.Errorf("%s by mode %d = %s, want %s", test.in, mode, got, want)
			}
		}
	}
}

func TestOverflowIsSticky(t *testing.T) {
	most := MustDecimal(maxDigits38)
	one := NewDecimal(1, 0)
	overflows := map[string]Decimal{
		"add":           most.Add(one),
		"add far":       most.Add(most),
		"add negative":  most.Neg().Add(most.Neg()),
		"sub":           most.Neg().Sub(one),
		"mul":           most.Mul(NewDecimal(2, 0)),
		"mul scale":     NewDecimal(1, 20).Mul(NewDecimal(1, 19)),
		"mul round":     most.MulRound(NewDecimal(2, 0), 0, HalfUp),
		"round up":      MustDecimal("9999999999999999999999999999999999999.9").Round(0, HalfUp).Mul(NewDecimal(10, 0)),
		"div by zero":   one.Div(Decimal{}, 2, HalfUp),
		"zero by zero":  Decimal{}.Div(Decimal{}, 2, HalfUp),
		"rescale":       most.Round(1, HalfUp),
		"scale":         NewDecimal(1, 39),
		"from int128":   FromInt128(1<<63-1, 0, 0),
		"least int128":  FromInt128(-1<<63, 0, 0),
		"int128 scale":  FromInt128(0, 1, 39),
		"common scale":  most.Add(NewDecimal(1, 1)),
		"div too large": most.Div(NewDecimal(1, 1), 0, HalfUp),
	}
	for name, d := range overflows {
		if d.Valid() || d.IsZero() || d.Sign() == 0 || d.String() != "overflow" {
			t.Errorf("%s: %v valid %v, zero %v, sign %d", name, d, d.Valid(), d.IsZero(), d.Sign())
		}
		for step, e := range map[string]Decimal{
			"neg": d.Neg(), "abs": d.Abs(), "add": d.Add(one), "added": one.Add(d), "sub": d.Sub(d), "mul": d.Mul(Decimal{}),
			"div": one.Div(d, 2, HalfUp), "round": d.Round(2, HalfUp), "min": d.Min(one), "max": d.Max(one),
			"min of": one.Min(d), "max of": one.Max(d), "mulround": one.MulRound(d, 2, HalfUp), "muldiv": one.MulDiv(one, d, 2, Down),
		} {
			if e.Valid() {
				t.Errorf("%s then %s is valid: %v", name, step, e)
			}
		}
		if d.Equal(d) || d.Equal(one) || one.Equal(d) || d.Cmp(most.Neg()) != -1 || most.Cmp(d) != 1 {
			t.Errorf("%s compares like a number", name)
		}
		if _, exact := d.Rescale(2); exact {
			t.Errorf("%s rescales", name)
		}
	}
}

func TestDecimalAccessors(t *testing.T) {
	var zero Decimal
	if !zero.Valid() || !zero.IsZero() || zero.Scale() != 0 || zero.String() != "0" || zero != NewDecimal(0, 0) {
		t.Errorf("the zero value is %v", zero)
	}
	for text, digits := range map[string]int{"0": 1, "0.00": 1, "-0.123": 3, "10.50": 4, "9": 1, "10": 2, maxDigits38: 38} {
		if got := MustDecimal(text).Precision(); got != digits {
			t.Errorf("Precision(%s) = %d, want %d", text, got, digits)
		}
	}
	for n := 1; n < MaxDigits; n++ {
		if at, below := pow10[n].digits(), pow10[n].sub(uint128{lo: 1}).digits(); at != n+1 || below != n {
			t.Errorf("10^%d has %d digits, one less has %d", n, at, below)
		}
	}
	a, b := MustDecimal("1.50"), MustDecimal("-2")
	if a.Min(b) != b || a.Max(b) != a || b.Abs() != NewDecimal(2, 0) {
		t.Errorf("min %v, max %v, abs %v", a.Min(b), a.Max(b), b.Abs())
	}
	hi, lo := b.Int128()
	if FromInt128(hi, lo, 0) != b || hi != -1 {
		t.Errorf("Int128(%v) = %d, %d", b, hi, lo)
	}
	if MustDecimal("1.50") == MustDecimal("1.5") || !MustDecimal("1.50").Equal(MustDecimal("1.5")) {
		t.Error("== compares scales, Equal compares numbers")
	}
}

func BenchmarkDecimalAdd(b *testing.B) {
	x, y := MustDecimal("10271433.0630"), MustDecimal("0.0010")
	for b.Loop() {
		x = x.Add(y)
	}
}

func BenchmarkDecimalMulRound(b *testing.B) {
	x, y := MustDecimal("93.3200"), MustDecimal("1.1234567890")
	for b.Loop() {
		x.MulRound(y, 2, HalfUp)
	}
}

func BenchmarkDecimalMulDiv(b *testing.B) {
	x, y, z := MustDecimal("93.3200"), MustDecimal("2.000000"), MustDecimal("3.000000")
	for b.Loop() {
		x.MulDiv(y, z, 2, HalfUp)
	}
}
