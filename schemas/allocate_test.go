package schemas

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func decimals(list string) []Decimal {
	var out []Decimal
	for _, s := range strings.Fields(list) {
		out = append(out, MustDecimal(s))
	}
	return out
}

func sumOf(list []Decimal) (sum Decimal) {
	for _, d := range list {
		sum = sum.Add(d)
	}
	return sum
}

func TestAllocate(t *testing.T) {
	for _, test := range []struct {
		name, total, weights, fallback string
		exponent                       uint8
		want                           string
	}{
		{"the order discount of 2.5 and 2.7, on gross", "10.00", "99.99 40.00 9.99", "", 2, "6.67 2.67 0.66"},
		{"its freight, on net", "7.00", "93.32 37.33 9.33", "", 2, "4.67 1.87 0.46"},
		{"amounts as they stand on the wire", "10.0000", "99.9900 40.0000 9.9900", "", 2, "6.6700 2.6700 0.6600"},
		{"negative total", "-10.00", "99.99 40.00 9.99", "", 2, "-6.67 -2.67 -0.66"},
		{"ties go by line number", "0.02", "1 1 1", "", 2, "0.01 0.01 0.00"},
		{"negative ties too", "-0.01", "1 1 1", "", 2, "-0.01 0.00 0.00"},
		{"zero weights go by quantity", "9.00", "0.00 0.00", "2.000000 1.000000", 2, "6.00 3.00"},
		{"a zero weight gets nothing", "9.99", "5 0 5", "1 1 1", 2, "5.00 0.00 4.99"},
		{"nothing to weigh by", "1.00", "0 0 0", "0 0 0", 2, "0.34 0.33 0.33"},
		{"no fallback", "1.00", "0 0", "", 2, "0.50 0.50"},
		{"yen", "100", "1 1 1", "", 0, "34 33 33"},
		{"yen at wire scale", "100.0000", "1 1 1", "", 0, "34.0000 33.0000 33.0000"},
		{"dinar", "1", "1 1 1", "", 3, "0.334 0.333 0.333"},
		{"below the minor unit", "0.001", "1 2", "", 2, "0.000 0.001"},
		{"a rest below the minor unit", "10.005", "1 1 1", "", 2, "3.340 3.335 3.330"},
		{"negative weights are credit lines", "10.00", "-99.99 -40.00 -9.99", "", 2, "6.67 2.67 0.66"},
		{"a credit line among others", "1.00", "4 -1", "", 2, "1.33 -0.33"},
		{"one line", "12.3456", "7", "", 2, "12.3456"},
		{"zero", "0.00", "1 2", "", 2, "0.00 0.00"},
		{"38 digits and credit lines", "100.00", "-3" + strings.Repeat("0", 37) + " 1" + strings.Repeat("0", 37), "", 2, "150.00 -50.00"},
		{"38 digits, floored", "-0.01", "-3" + strings.Repeat("0", 36) + " 1" + strings.Repeat("0", 36), "", 2, "-0.02 0.01"},
		{"38 digits", maxDigits38, maxDigits38 + " 0", "", 0, maxDigits38 + " 0"},
	} {
		got := Allocate(MustDecimal(test.total), decimals(test.weights), decimals(test.fallback), test.exponent)
		if text := strings.Trim(fmt.Sprint(got), "[]"); text != test.want {
			t.Errorf("%s: %s, want %s", test.name, text, test.want)
		}
	}
	if got := Allocate(NewDecimal(1, 0), nil, nil, 2); got != nil {
		t.Errorf("no lines give %v", got)
	}
}

// S47: three lines of 33.33 share what belongs to 100: the sum is the total and the odd unit stays on the same line.
func TestS47ThreeTimes3333Of100(t *testing.T) {
	for range 10 {
		if got := fmt.Sprint(Allocate(MustDecimal("100.00"), decimals("33.33 33.33 33.33"), nil, 2)); got != "[33.34 33.33 33.33]" {
			t.Fatalf("allocated %s", got)
		}
	}
	three := NewDecimal(3, 0)
	var slices3 []Decimal
	for before := range int64(3) {
		slices3 = append(slices3, Slice(MustDecimal("100.00"), NewDecimal(before, 0), NewDecimal(1, 0), three, 2, HalfUp))
	}
	if got := fmt.Sprint(slices3); got != "[33.33 33.34 33.33]" || !sumOf(slices3).Equal(MustDecimal("100")) {
		t.Fatalf("sliced %s", got)
	}
}

func TestAllocateFailsClosed(t *testing.T) {
	bad := NewDecimal(1, 39)
	one := NewDecimal(1, 0)
	for name, got := range map[string][]Decimal{
		"total":    Allocate(bad, decimals("1 2"), nil, 2),
		"weight":   Allocate(one, []Decimal{one, bad}, nil, 2),
		"fallback": Allocate(one, decimals("0 0"), []Decimal{one, bad}, 2),
		"length":   Allocate(one, decimals("0 0"), decimals("1"), 2),
		"weights":  Allocate(one, decimals(maxDigits38+" "+maxDigits38), nil, 2),
		"exponent": Allocate(one, decimals("1 2"), nil, 39),
	} {
		if len(got) != 2 || got[0].Valid() || got[1].Valid() {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The definition of largest remainder, by math/big, for weights of one sign.
func allocateByDefinition(amount Decimal, weights []Decimal, exponent uint8) []*big.Rat {
	whole := new(big.Rat)
	for _, w := range weights {
		whole.Add(whole, rat(w))
	}
	unit := new(big.Rat).SetFrac(big.NewInt(1), bigPow10(int(exponent)))
	shares, fractions := make([]*big.Rat, len(weights)), make([]*big.Rat, len(weights))
	left := rat(amount.Abs())
	for i, w := range weights {
		exact := new(big.Rat).Mul(rat(amount.Abs()), new(big.Rat).Quo(rat(w), whole))
		shares[i] = new(big.Rat).SetFrac(roundRat(exact, int(exponent), Floor), bigPow10(int(exponent)))
		fractions[i] = exact.Sub(exact, shares[i])
		left.Sub(left, shares[i])
	}
	for left.Sign() > 0 {
		best := 0
		for i := range fractions {
			if fractions[i].Cmp(fractions[best]) > 0 {
				best = i
			}
		}
		extra := unit
		if left.Cmp(unit) < 0 {
			extra = new(big.Rat).Set(left)
		}
		shares[best] = new(big.Rat).Add(shares[best], extra)
		left.Sub(left, extra)
		fractions[best] = big.NewRat(-1, 1)
	}
	if amount.Sign() < 0 {
		for _, share := range shares {
			share.Neg(share)
		}
	}
	return shares
}

func TestAllocateAgreesWithItsDefinition(t *testing.T) {
	r := newRand(t)
	for range 5_000 {
		digits := []int{3, 9, 18, 28}[r.IntN(4)]
		amount := randomDecimal(r, digits, 6)
		exponent := uint8(r.IntN(5))
		weights := make([]Decimal, 1+r.IntN(8))
		for i := range weights {
			weights[i] = randomDecimal(r, digits, 4).Abs()
		}
		if sumOf(weights).IsZero() {
			continue
		}
		got := Allocate(amount, weights, nil, exponent)
		if !sumOf(got).Equal(amount) {
			t.Fatalf("%v over %v = %v, together %v", amount, weights, got, sumOf(got))
		}
		for i, want := range allocateByDefinition(amount, weights, exponent) {
			if got[i].Scale() != max(exponent, amount.Scale()) || rat(got[i]).Cmp(want) != 0 {
				t.Fatalf("%v over %v: line %d gets %v, want %v", amount, weights, i, got[i], want)
			}
		}
	}
}

func TestAllocateSumsForAnySigns(t *testing.T) {
	r := newRand(t)
	for range 20_000 {
		weights, quantities := make([]Decimal, 1+r.IntN(12)), make([]Decimal, 0, 12)
		for i := range weights {
			weights[i] = NewDecimal(r.Int64N(2001)-1000, uint8(r.IntN(5)))
			quantities = append(quantities, NewDecimal(r.Int64N(5), 0))
		}
		amount := NewDecimal(r.Int64N(2_000_001)-1_000_000, uint8(r.IntN(5)))
		if got := Allocate(amount, weights, quantities, uint8(r.IntN(4))); !sumOf(got).Equal(amount) {
			t.Fatalf("%v over %v = %v, together %v", amount, weights, got, sumOf(got))
		}
	}
}

// Any partition of the quantity, taken from the front and from the back at once, sums to the total exactly.
func TestSlicesSumToTheTotal(t *testing.T) {
	r := newRand(t)
	for range 20_000 {
		of := NewDecimal(1+r.Int64N(5_000), uint8(r.IntN(4)))
		amount := randomDecimal(r, 12, 6)
		exponent, mode := uint8(r.IntN(4)), RoundingMode(r.IntN(4))
		var front, back, sum Decimal
		for left := of; !left.IsZero(); left = of.Sub(front).Sub(back) {
			this := NewDecimal(1+r.Int64N(3_000), left.Scale()).Min(left)
			var slice Decimal
			if r.IntN(3) == 0 {
				slice = SliceFromBack(amount, back, this, of, exponent, mode)
				back = back.Add(this)
			} else {
				slice = Slice(amount, front, this, of, exponent, mode)
				front = front.Add(this)
			}
			if slice.Scale() != max(exponent, amount.Scale()) {
				t.Fatalf("a slice of %v has the scale %d", amount, slice.Scale())
			}
			sum = sum.Add(slice)
		}
		if !sum.Equal(amount) {
			t.Fatalf("slices of %v over %v sum to %v", amount, of, sum)
		}
	}
}

func TestSlice(t *testing.T) {
	for _, test := range []struct{ name, total, before, this, of, want string }{
		{"whole", "105.69", "0", "3", "3", "105.69"},
		{"nothing", "105.69", "1", "0", "3", "0.00"},
		{"below the minor unit, whole", "0.001", "0", "1", "1", "0.001"},
		{"below the minor unit, first of two", "0.001", "0", "1", "2", "0.000"},
		{"below the minor unit, last of two", "0.001", "1", "1", "2", "0.001"},
		{"quantities of other scales", "93.3200", "0.000000", "2", "3.000000", "62.2100"},
		{"broken quantities", "10.00", "0.250000", "0.500000", "1.000000", "5.00"},
		{"negative", "-93.32", "0", "2", "3", "-62.21"},
		{"a credit's quantities", "93.32", "0", "-2", "-3", "62.21"},
		{"no quantity, no amount", "0.00", "0", "0", "0", "0.00"},
		{"no quantity, but an amount", "1.00", "0", "0", "0", "overflow"},
	} {
		got := Slice(MustDecimal(test.total), MustDecimal(test.before), MustDecimal(test.this), MustDecimal(test.of), 2, HalfUp)
		if got.String() != test.want {
			t.Errorf("%s: %v, want %s", test.name, got, test.want)
		}
	}
	if got := Slice(NewDecimal(1, 2), NewDecimal(0, 0), NewDecimal(1, 39), NewDecimal(2, 0), 2, HalfUp); got.Valid() {
		t.Errorf("an invalid quantity gives %v", got)
	}
}

// The lines of SO-1001 (domain.md §2.7) as gross, net, freight, tax per line; every posted amount of its shipments,
// invoices, cancellation and credit memo follows from them.
func TestSlicesOfTheWorkedExample(t *testing.T) {
	gross, net := decimals("99.99 40.00 9.99"), make([]Decimal, 3)
	for i, discount := range Allocate(MustDecimal("10.00"), gross, nil, 2) {
		net[i] = gross[i].Sub(discount)
	}
	freight := Allocate(MustDecimal("7.00"), net, nil, 2)
	tax := make([]Decimal, 3)
	for i := range net {
		tax[i] = net[i].MulRound(MustDecimal("0.0825"), 2, HalfUp)
	}
	if got := fmt.Sprint(net, freight, tax); got != "[93.32 37.33 9.33] [4.67 1.87 0.46] [7.70 3.08 0.77]" {
		t.Fatalf("the order's lines are %s", got)
	}
	quantity := decimals("3 2 1")
	front := func(of []Decimal, line int, before, this int64) Decimal {
		return Slice(of[line], NewDecimal(before, 0), NewDecimal(this, 0), quantity[line], 2, HalfUp)
	}
	both := func(of []Decimal) Decimal { return front(of, 0, 0, 2).Add(front(of, 1, 0, 2)) } // SH-1: A×2, B×2
	back := func(of []Decimal) Decimal {
		return SliceFromBack(of[0], Decimal{}, NewDecimal(1, 0), quantity[0], 2, HalfUp) // A×1 cancelled
	}
	for _, check := range []struct {
		what string
		got  Decimal
		want string
	}{
		{"SH-1 net of A", front(net, 0, 0, 2), "62.21"},
		{"SH-1 gross, Cr 4000", both(gross), "106.66"},
		{"SH-1 discount, Dr 4100", both(gross).Sub(both(net)), "7.12"},
		{"SH-1 freight, Cr 4200", both(freight), "4.98"},
		{"SH-1, Dr 1150", both(net).Add(both(freight)), "104.52"},
		{"INV-1 tax, Cr 2300", both(tax), "8.21"},
		{"INV-1, Dr 2100", both(net).Add(both(freight)).Add(both(tax)), "112.73"},
		{"refund for the cancelled A", back(net).Add(back(freight)).Add(back(tax)), "35.24"},
		{"SH-2, Dr 1150", front(net, 2, 0, 1).Add(front(freight, 2, 0, 1)), "9.79"},
		{"credit memo for one B, Dr 4300", front(net, 1, 0, 1), "18.67"},
		{"its tax, Dr 2300", front(tax, 1, 0, 1), "1.54"},
		{"its refund less restocking, Cr 2150", front(net, 1, 0, 1).Add(front(tax, 1, 0, 1)).Sub(NewDecimal(200, 2)), "18.21"},
	} {
		if check.got.String() != check.want {
			t.Errorf("%s: %v, want %s", check.what, check.got, check.want)
		}
	}
}

func BenchmarkAllocate(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, lines := range []int{1, 10, 1112} {
		weights := slices.Repeat(decimals("99.9900"), lines)
		for i := range weights {
			weights[i] = NewDecimal(r.Int64N(1_000_000), 4)
		}
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			for b.Loop() {
				Allocate(MustDecimal("1000.0000"), weights, nil, 2)
			}
		})
	}
}

func BenchmarkSlice(b *testing.B) {
	amount, before, this, of := MustDecimal("93.3200"), MustDecimal("1.000000"), MustDecimal("1.000000"), MustDecimal("3.000000")
	for b.Loop() {
		Slice(amount, before, this, of, 2, HalfUp)
	}
}
