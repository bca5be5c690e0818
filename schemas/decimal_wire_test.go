package schemas

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"strings"
	"testing"
)

// wireByDefinition is the encoding by definition: the shortest two's complement of the unscaled integer, by math/big.
func wireByDefinition(unscaled *big.Int) []byte {
	for n := 1; ; n++ {
		half := new(big.Int).Lsh(big.NewInt(1), uint(8*n-1))
		if unscaled.Cmp(new(big.Int).Neg(half)) >= 0 && unscaled.Cmp(half) < 0 {
			twos := new(big.Int).Set(unscaled)
			if twos.Sign() < 0 {
				twos.Add(twos, half.Lsh(half, 1))
			}
			return append(binary.AppendVarint(nil, int64(n)), twos.FillBytes(make([]byte, n))...)
		}
	}
}

// S22: -0.01, 0, 38 digits and the edges of the sign bit keep their bytes. Others lost them (a negative number read
// as a positive one, a zero of no bytes, a scale below zero taken for a large one).
func TestS22DecimalsKeepTheirBytes(t *testing.T) {
	for _, test := range []struct {
		in               string
		scale, precision int
		hex              []byte
	}{
		{"-0.01", 2, 28, []byte{2, 0xff}},
		{"-0.01", 4, 28, []byte{2, 0x9c}},
		{"0", 0, 1, []byte{2, 0}},
		{"0.0000", 4, 28, []byte{2, 0}},
		{"0", 38, 38, []byte{2, 0}},
		{"1.27", 2, 28, []byte{2, 0x7f}},
		{"1.28", 2, 28, []byte{4, 0x00, 0x80}},
		{"-1.28", 2, 28, []byte{2, 0x80}},
		{"-1.29", 2, 28, []byte{4, 0xff, 0x7f}},
		{"2554.38", 2, 28, []byte{6, 0x03, 0xe5, 0xce}},
		{"9223372036854775807", 0, 38, []byte{16, 0x7f, 255, 255, 255, 255, 255, 255, 255}},
		{"9223372036854775808", 0, 38, []byte{18, 0, 0x80, 0, 0, 0, 0, 0, 0, 0}},
		{"-9223372036854775808", 0, 19, []byte{16, 0x80, 0, 0, 0, 0, 0, 0, 0}},
		{"-9223372036854775809", 0, 38, []byte{18, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255}},
		{"-18446744073709551616", 0, 38, []byte{18, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}},
		{maxDigits38, 0, 38, []byte{32, 0x4b, 0x3b, 0x4c, 0xa8, 0x5a, 0x86, 0xc4, 0x7a, 0x09, 0x8a, 0x22, 0x3f, 0xff, 0xff, 0xff, 0xff}},
		{"-0." + maxDigits38, 38, 38, []byte{32, 0xb4, 0xc4, 0xb3, 0x57, 0xa5, 0x79, 0x3b, 0x85, 0xf6, 0x75, 0xdd, 0xc0, 0, 0, 0, 1}},
	} {
		d := MustDecimal(test.in)
		got, err := appendDecimalWire(nil, d, test.scale, test.precision)
		if err != nil || !bytes.Equal(got, test.hex) {
			t.Errorf("%s at scale %d = % x, %v; want % x", test.in, test.scale, got, err, test.hex)
			continue
		}
		back, err := decodeDecimalWire(got[1:], test.scale, test.precision)
		if err != nil || !back.Equal(d) || int(back.Scale()) != test.scale {
			t.Errorf("%s reads back as %v, %v", test.in, back, err)
		}
	}
	for name, encode := range map[string]func() ([]byte, error){
		"a scale below zero":     func() ([]byte, error) { return appendDecimalWire(nil, NewDecimal(1000, 0), -3, 28) },
		"a scale above 38":       func() ([]byte, error) { return appendDecimalWire(nil, NewDecimal(1, 0), 39, 38) },
		"a decimal too many":     func() ([]byte, error) { return appendDecimalWire(nil, MustDecimal("0.00001"), 4, 28) },
		"a digit too many":       func() ([]byte, error) { return appendDecimalWire(nil, MustDecimal("100.00"), 2, 4) },
		"a 39th digit":           func() ([]byte, error) { return appendDecimalWire(nil, MustDecimal(maxDigits38), 1, 38) },
		"a precision above 38":   func() ([]byte, error) { return appendDecimalWire(nil, NewDecimal(1, 0), 0, 39) },
		"an invalid decimal":     func() ([]byte, error) { return appendDecimalWire(nil, NewDecimal(1, 39), 4, 28) },
		"an invalid one at 255":  func() ([]byte, error) { return appendDecimalWire(nil, NewDecimal(1, 39), 255, 28) },
		"ClickHouse rounding":    func() ([]byte, error) { return MustDecimal("0.001").AppendLE16(nil, 2) },
		"ClickHouse invalid":     func() ([]byte, error) { return NewDecimal(1, 39).AppendLE16(nil, 4) },
		"ClickHouse invalid 255": func() ([]byte, error) { return NewDecimal(1, 39).AppendLE16(nil, 255) },
	} {
		if got, err := encode(); err == nil || len(got) != 0 {
			t.Errorf("%s is written as % x, %v", name, got, err)
		}
	}
}

func TestDecimalWireAgreesWithBig(t *testing.T) {
	r := newRand(t)
	for range 20_000 {
		d := randomDecimal(r, 38, 38)
		want := wireByDefinition(new(big.Int).Mul(rat(d).Num(), new(big.Int).Quo(bigPow10(int(d.scale)), rat(d).Denom())))
		got, err := appendDecimalWire([]byte{7}, d, int(d.scale), MaxDigits)
		if err != nil || got[0] != 7 || !bytes.Equal(got[1:], want) {
			t.Fatalf("%v = % x, %v; want % x", d, got, err, want)
		}
		raw := got[2:]
		padding := bytes.Repeat([]byte{byte(int8(raw[0]) >> 7)}, r.IntN(maxDecimalWire-len(raw)+1))
		for _, in := range [][]byte{raw, append(padding, raw...)} {
			if back, err := decodeDecimalWire(in, int(d.scale), MaxDigits); err != nil || back != d {
				t.Fatalf("%v from % x = %v, %v", d, in, back, err)
			}
		}
	}
}

func TestDecimalWireRefuses(t *testing.T) {
	digits39 := wireByDefinition(bigPow10(38))[1:]
	for name, test := range map[string]struct {
		raw              []byte
		scale, precision int
	}{
		"no bytes":              {nil, 2, 28},
		"33 bytes":              {make([]byte, 33), 2, 28},
		"39 digits":             {digits39, 0, 38},
		"least 128-bit integer": {append([]byte{0x80}, make([]byte, 15)...), 0, 38},
		"136 bits":              {append([]byte{1}, make([]byte, 16)...), 0, 38},
		"sign that disagrees":   {append([]byte{0xff}, make([]byte, 16)...), 0, 38},
		"sign bit as a digit":   {append([]byte{0x00, 0xff}, make([]byte, 15)...), 0, 38},
		"five digits of four":   {[]byte{0x27, 0x10}, 2, 4},
		"19 digits of 18":       {wireByDefinition(bigPow10(18))[1:], 0, 18},
		"scale below zero":      {[]byte{1}, -1, 28},
		"scale above 38":        {[]byte{1}, 39, 38},
		"precision of none":     {[]byte{1}, 0, 0},
	} {
		if got, err := decodeDecimalWire(test.raw, test.scale, test.precision); err == nil {
			t.Errorf("%s reads as %v", name, got)
		}
	}
	_, err := appendDecimalWire(nil, NewDecimal(1, 39), 4, 28)
	if !errors.Is(err, ErrDecimalInvalid) {
		t.Errorf("an invalid decimal gives %v", err)
	}
	_, err = appendDecimalWire(nil, MustDecimal("0.00001"), 4, 28)
	if err == nil || !strings.Contains(err.Error(), "0.00001") {
		t.Errorf("the error does not name the value: %v", err)
	}
}

func TestAppendLE16(t *testing.T) {
	got, err := MustDecimal("-0.01").AppendLE16(nil, 4)
	want := append([]byte{0x9c}, bytes.Repeat([]byte{0xff}, 15)...)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("-0.01 = % x, %v", got, err)
	}
	r := newRand(t)
	for range 10_000 {
		d := randomDecimal(r, 38, 38)
		got, err := d.AppendLE16(nil, d.scale)
		if err != nil || len(got) != 16 {
			t.Fatalf("%v = % x, %v", d, got, err)
		}
		if back := FromInt128(int64(binary.LittleEndian.Uint64(got[8:])), binary.LittleEndian.Uint64(got), d.scale); back != d {
			t.Fatalf("%v reads back as %v", d, back)
		}
	}
}

func BenchmarkDecimalEncode(b *testing.B) {
	for _, bench := range []struct{ name, value string }{{"64bit", "10271433.0630"}, {"128bit", "1234567890123456789012.3456"}} {
		d, buffer := MustDecimal(bench.value), make([]byte, 0, 64)
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				buffer, _ = appendDecimalWire(buffer[:0], d, 4, 28)
			}
		})
	}
}

func BenchmarkDecimalDecode(b *testing.B) {
	for _, bench := range []struct{ name, value string }{{"64bit", "10271433.0630"}, {"128bit", "1234567890123456789012.3456"}} {
		raw, err := appendDecimalWire(nil, MustDecimal(bench.value), 4, 28)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := decodeDecimalWire(raw[1:], 4, 28); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
