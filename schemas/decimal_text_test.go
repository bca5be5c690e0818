package schemas

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "-0.00": "0.00", "+1": "1", "007.50": "7.50", "-12.5": "-12.5", "10.0000": "10.0000",
		"0.001": "0.001", "18446744073709551616": "18446744073709551616", "-9223372036854775808": "-9223372036854775808",
		maxDigits38: maxDigits38, "-" + maxDigits38: "-" + maxDigits38,
		"0." + maxDigits38: "0." + maxDigits38, "0.00000000000000000000000000000000000001": "0.00000000000000000000000000000000000001",
		"1234567890123456789.0123456789012345678": "1234567890123456789.0123456789012345678",
		"10000000000000000000.0000000000000000":   "10000000000000000000.0000000000000000",
	} {
		got, err := ParseDecimal(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseDecimal(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "-", "+", ".", ".5", "5.", "-.5", "1.2.3", "1e3", "1E3", "0x10", " 1", "1 ", "1,000", "1_000", "--1", "+-1", "NaN",
		"Inf", "١", "1\x00", "overflow", "1" + strings.Repeat("0", 38), maxDigits38 + "9", maxDigits38 + ".0",
		"0." + strings.Repeat("0", 39), strings.Repeat("0", 81), "340282366920938463463374607431768211456",
	} {
		if got, err := ParseDecimal(in); err == nil {
			t.Errorf("ParseDecimal(%q) = %v, want an error", in, got)
		}
	}
}

func TestDecimalText(t *testing.T) {
	for in, want := range map[string]string{
		"10.0000": "10", "0.0000": "0", "100": "100", "-0.5000": "-0.5", "0.001": "0.001", "-10.10": "-10.1",
	} {
		if got := MustDecimal(in).Text(); got != want {
			t.Errorf("Text(%s) = %s, want %s", in, got, want)
		}
	}
	if got := NewDecimal(1, 39).Text(); got != "overflow" {
		t.Errorf("Text of an invalid decimal = %s", got)
	}
}

func TestDecimalTextRoundTrip(t *testing.T) {
	r := newRand(t)
	for range 20_000 {
		d := randomDecimal(r, 38, 38)
		back, err := ParseDecimal(d.String())
		if err != nil || back != d {
			t.Fatalf("%v reads back as %v, %v", d, back, err)
		}
		if short, err := ParseDecimal(d.Text()); err != nil || !short.Equal(d) {
			t.Fatalf("%v in short form reads back as %v, %v", d, short, err)
		}
		if want := rat(d).FloatString(int(d.scale)); d.String() != want {
			t.Fatalf("String = %s, math/big says %s", d, want)
		}
	}
}

func TestDecimalJSON(t *testing.T) {
	type amount struct{ Amount Decimal }
	text, err := json.Marshal(amount{MustDecimal("10.0000")})
	if err != nil || string(text) != `{"Amount":"10.0000"}` {
		t.Fatalf("got %s, %v", text, err)
	}
	var back amount
	if err := json.Unmarshal(text, &back); err != nil || back.Amount != MustDecimal("10.0000") {
		t.Fatalf("got %v, %v", back, err)
	}
	for _, in := range []string{`10.00`, `1e3`, `null`, `true`, `""`, `"1e3"`, `{}`, `"1\u0030"`} {
		if err := json.Unmarshal([]byte(`{"Amount":`+in+`}`), &back); err == nil {
			t.Errorf("%s is accepted as %v", in, back.Amount)
		}
	}
	if err := json.Unmarshal([]byte(`10.5`), new(Decimal)); err == nil || !strings.Contains(err.Error(), "quotes") {
		t.Errorf("a number literal gives %v", err)
	}
	invalid := NewDecimal(1, 0).Div(Decimal{}, 2, HalfUp)
	if _, err := json.Marshal(invalid); !errors.Is(err, ErrDecimalInvalid) {
		t.Errorf("an invalid decimal marshals: %v", err)
	}
	if _, err := invalid.AppendText(nil); !errors.Is(err, ErrDecimalInvalid) {
		t.Errorf("an invalid decimal appends: %v", err)
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"-12.50", "0", maxDigits38, ".5", "1e9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDecimal(s)
		if err != nil {
			return
		}
		if back, err := ParseDecimal(d.String()); err != nil || back != d {
			t.Fatalf("%q = %v reads back as %v, %v", s, d, back, err)
		}
	})
}

func BenchmarkDecimalParse(b *testing.B) {
	for b.Loop() {
		if _, err := ParseDecimal("10271433.0630"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecimalAppendText(b *testing.B) {
	d := MustDecimal("10271433.0630")
	buffer := make([]byte, 0, 64)
	for b.Loop() {
		buffer, _ = d.AppendText(buffer[:0])
	}
}
