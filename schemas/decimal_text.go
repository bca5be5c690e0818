package schemas

import (
	"errors"
	"fmt"
	"strings"
)

// maxDecimalText bounds what ParseDecimal looks at: sign, 38 digits, point, and some leading zeros.
const maxDecimalText = 80

// ErrDecimalInvalid is returned by every encoder for a Decimal whose computation overflowed 38 digits or divided by
// zero. The record that holds it must not be written.
var ErrDecimalInvalid = errors.New("decimal is invalid: its computation overflowed 38 digits or divided by zero")

// ParseDecimal reads an optional sign, digits and an optional fraction, "-12.50"; the scale is the number of digits of
// the fraction. Exponents, spaces, grouping, ".5" and "5." are errors, and so are more than 38 digits: what a source
// writes otherwise, its adapter must bring into this form.
func ParseDecimal(s string) (Decimal, error) {
	digits, negative := s, false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		digits, negative = s[1:], s[0] == '-'
	}
	if len(s) > maxDecimalText {
		return Decimal{}, fmt.Errorf("decimal %q…: %d characters; at most %d digits are allowed", s[:20], len(s), MaxDigits)
	}
	if digits == "" || digits[0] == '.' || digits[len(digits)-1] == '.' {
		return Decimal{}, decimalSyntaxError(s)
	}
	point, m := -1, uint128{}
	for i := 0; i < len(digits); i++ {
		c := digits[i]
		switch {
		case c == '.' && point < 0:
			point = i
			continue
		case c < '0' || c > '9':
			return Decimal{}, decimalSyntaxError(s)
		case m.hi == 0 && m.lo < 1e18:
			m.lo = m.lo*10 + uint64(c-'0')
			continue
		}
		if m.cmp(pow10[MaxDigits-1]) >= 0 {
			return Decimal{}, fmt.Errorf("decimal %q: more than %d digits", s, MaxDigits)
		}
		m, _ = m.mul(uint128{lo: 10})
		m = m.add(uint128{lo: uint64(c - '0')})
	}
	scale := 0
	if point >= 0 {
		scale = len(digits) - point - 1
	}
	if scale > MaxScale {
		return Decimal{}, fmt.Errorf("decimal %q: more than %d decimals", s, MaxScale)
	}
	return fromMagnitude(m, negative, uint8(scale)), nil
}

// MustDecimal is ParseDecimal for literals in tests and tables; it panics on what ParseDecimal refuses.
func MustDecimal(s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// String keeps the scale: "10.0000". An invalid Decimal prints "overflow".
func (d Decimal) String() string {
	var buffer [MaxDigits + 4]byte
	return string(d.appendText(buffer[:0]))
}

// Text is the shortest form: String without trailing zeros of the fraction, so the same for equal numbers.
func (d Decimal) Text() string {
	s := d.String()
	if d.scale == 0 || !d.Valid() {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// AppendText appends String to b (encoding.TextAppender). An invalid Decimal gives ErrDecimalInvalid.
func (d Decimal) AppendText(b []byte) ([]byte, error) {
	if !d.Valid() {
		return b, ErrDecimalInvalid
	}
	return d.appendText(b), nil
}

// MarshalJSON gives a JSON string that keeps the scale, "\"10.0000\"": most JSON readers turn numbers into floats.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if !d.Valid() {
		return nil, ErrDecimalInvalid
	}
	b := append(make([]byte, 0, MaxDigits+6), '"')
	return append(d.appendText(b), '"'), nil
}

// UnmarshalJSON takes a JSON string in ParseDecimal's form and nothing else, null included.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("decimal %.40s: a decimal is a JSON string, never a JSON number; put it in quotes", b)
	}
	parsed, err := ParseDecimal(string(b[1 : len(b)-1]))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func (d Decimal) appendText(b []byte) []byte {
	if !d.Valid() {
		return append(b, "overflow"...)
	}
	var buffer [MaxDigits + 4]byte
	m, negative := d.magnitude()
	i, written := len(buffer), 0
	for m.hi != 0 {
		var chunk uint128
		m, chunk = m.quoRem(pow10[19])
		i, written = putDigits(&buffer, i, written, int(d.scale), chunk.lo, 19)
	}
	i, _ = putDigits(&buffer, i, written, int(d.scale), m.lo, int(d.scale)+1-written)
	if negative {
		i--
		buffer[i] = '-'
	}
	return append(b, buffer[i:]...)
}

// putDigits writes v backwards before buffer[i], padded with zeros to at least width digits, and the decimal point
// where scale digits have been written.
func putDigits(buffer *[MaxDigits + 4]byte, i, written, scale int, v uint64, width int) (next, nowWritten int) {
	for ; v != 0 || width > 0; width-- {
		if written == scale && scale > 0 {
			i--
			buffer[i] = '.'
		}
		i--
		buffer[i] = byte('0' + v%10)
		v /= 10
		written++
	}
	return i, written
}

func decimalSyntaxError(s string) error {
	return fmt.Errorf("decimal %q: want an optional sign, digits and an optional fraction, such as -12.50", s)
}
