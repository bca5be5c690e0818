package schemas

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// maxDecimalWire bounds the bytes of one decimal on the wire. 16 hold every value; writers of other languages may
// pad with sign bytes.
const maxDecimalWire = 32

// appendDecimalWire appends d as Avro writes a decimal of that scale and precision: a zigzag varint length and the
// minimal big-endian two's complement of the unscaled integer; 0 is one byte 0x00. Nothing is ever rounded: decimals
// that the scale cannot hold are an error, as are more digits than precision and an invalid d.
func appendDecimalWire(b []byte, d Decimal, scale, precision int) ([]byte, error) {
	if int(d.scale) != scale {
		rescaled, err := d.atScale(scale)
		if err != nil {
			return b, err
		}
		d = rescaled
	}
	if err := d.checkPrecision(precision); err != nil {
		return b, err
	}
	if !d.small() {
		return d.appendWire128(b), nil
	}
	v := int64(d.lo)
	n := bits.Len64(uint64(v^v>>63))/8 + 1 // the bits of the magnitude and the sign bit: at most 8 bytes
	b = append(b, byte(n<<1))
	at := len(b)
	b = binary.BigEndian.AppendUint64(b, uint64(v)<<(64-8*n))
	return b[:at+n], nil
}

// decodeDecimalWire reads the bytes of an Avro decimal, without their length. It takes more bytes than needed, up to
// 32, as long as they only repeat the sign; no bytes at all, a longer input, or more digits than precision are errors.
func decodeDecimalWire(raw []byte, scale, precision int) (Decimal, error) {
	if len(raw) == 0 {
		return Decimal{}, errors.New("decimal of no bytes: zero is one byte 0x00")
	}
	if scale < 0 || scale > MaxScale {
		return Decimal{}, fmt.Errorf("decimal of scale %d: a scale is 0 to %d", scale, MaxScale)
	}
	d := Decimal{scale: uint8(scale)}
	if len(raw) <= 8 {
		d.lo = uint64(loadSigned(raw))
		d.hi = int64(d.lo) >> 63
	} else {
		if err := d.load128(raw); err != nil {
			return Decimal{}, err
		}
	}
	if err := d.checkPrecision(precision); err != nil {
		return Decimal{}, err
	}
	return d, nil
}

// AppendLE16 appends d at scale as 16 bytes, little endian: one cell of a ClickHouse Decimal128 column. Nothing is
// rounded: decimals that the scale cannot hold are an error.
func (d Decimal) AppendLE16(b []byte, scale uint8) ([]byte, error) {
	if d.scale != scale {
		rescaled, err := d.atScale(int(scale))
		if err != nil {
			return b, err
		}
		d = rescaled
	}
	if !d.Valid() {
		return b, ErrDecimalInvalid
	}
	b = binary.LittleEndian.AppendUint64(b, d.lo)
	return binary.LittleEndian.AppendUint64(b, uint64(d.hi)), nil
}

// atScale is Rescale with an error that says what to do.
func (d Decimal) atScale(scale int) (Decimal, error) {
	if !d.Valid() {
		return d, ErrDecimalInvalid
	}
	if scale < 0 || scale > MaxScale {
		return d, fmt.Errorf("decimal of scale %d: a scale is 0 to %d", scale, MaxScale)
	}
	rescaled, exact := d.Rescale(uint8(scale))
	if !exact && rescaled.Valid() {
		return d, fmt.Errorf("decimal %s has more than the %d decimals of its field: round it where it is computed", d, scale)
	}
	if !exact {
		return d, fmt.Errorf("decimal %s has more than %d digits at scale %d", d, MaxDigits, scale)
	}
	return rescaled, nil
}

func (d Decimal) checkPrecision(precision int) error {
	if !d.Valid() {
		return ErrDecimalInvalid
	}
	if precision < 1 || precision > MaxDigits {
		return fmt.Errorf("decimal of precision %d: a precision is 1 to %d", precision, MaxDigits)
	}
	if d.small() && precision >= 19 {
		return nil // no int64 has more digits
	}
	if m, _ := d.magnitude(); m.cmp(pow10[precision]) >= 0 {
		return fmt.Errorf("decimal %s: more than the %d digits of its field", d, precision)
	}
	return nil
}

func (d Decimal) appendWire128(b []byte) []byte {
	signless := uint64(d.hi ^ d.hi>>63)
	n := 8 + bits.Len64(signless)/8 + 1
	if signless == 0 { // the sign bit of lo belongs to the number: one byte of sign before it
		n = 9
	}
	b = append(b, byte(n<<1))
	var full [16]byte
	binary.BigEndian.PutUint64(full[:8], uint64(d.hi))
	binary.BigEndian.PutUint64(full[8:], d.lo)
	return append(b, full[16-n:]...)
}

// load128 reads more than eight bytes.
func (d *Decimal) load128(raw []byte) error {
	if len(raw) > maxDecimalWire {
		return fmt.Errorf("decimal of %d bytes: at most %d are read", len(raw), maxDecimalWire)
	}
	value := raw[max(0, len(raw)-16):]
	d.lo = binary.BigEndian.Uint64(value[len(value)-8:])
	d.hi = loadSigned(value[:len(value)-8])
	for _, sign := range raw[:len(raw)-len(value)] {
		if sign != byte(d.hi>>63) {
			return fmt.Errorf("decimal of %d bytes: more than %d digits", len(raw), MaxDigits)
		}
	}
	return nil
}

// loadSigned reads one to eight bytes, big endian, in two's complement.
func loadSigned(raw []byte) int64 {
	if len(raw) == 8 {
		return int64(binary.BigEndian.Uint64(raw))
	}
	v := int64(int8(raw[0]))
	for _, c := range raw[1:] {
		v = v<<8 | int64(c)
	}
	return v
}
