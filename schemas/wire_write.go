package schemas

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// The append functions write Avro's binary encoding. They only append, so that a buffer with room costs no allocation.

// What can be wrong with a value that is to be written.
var (
	errNotUTF8  = errors.New("text that is not UTF-8")
	errNoSymbol = errors.New("no symbol where the field needs one")
	errSymbol   = errors.New("a symbol that its enum does not have")
	errMapOrder = errors.New("map keys out of order: fill a map with Set")
	errNotHeld  = errors.New("a decimal that is invalid, or has more decimals or digits than its field")
)

// appendLong writes a zigzag varint. Small numbers, which most are, take the first branch.
func appendLong(b []byte, v int64) []byte {
	u := uint64(v<<1) ^ uint64(v>>63)
	if u < 0x80 {
		return append(b, byte(u))
	}
	return binary.AppendUvarint(b, u)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendString refuses what the reader would refuse: other people's readers do too.
func appendString(b []byte, s string) ([]byte, error) {
	if len(s) < 0x40 && isASCII(s) {
		return append(append(b, byte(len(s)<<1)), s...), nil
	}
	if !utf8.ValidString(s) {
		return b, errNotUTF8
	}
	return append(appendLong(b, int64(len(s))), s...), nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func appendBytes(b, v []byte) []byte { return append(appendLong(b, int64(len(v))), v...) }

const hexDigits = "0123456789abcdef"

// appendUUID writes the 36 characters with their length.
func appendUUID(b []byte, u UUID) []byte {
	var t [37]byte
	t[0] = 36 << 1
	at := 1
	for i, c := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			t[at] = '-'
			at++
		}
		t[at] = hexDigits[c>>4]
		t[at+1] = hexDigits[c&15]
		at += 2
	}
	return append(b, t[:]...)
}

// appendEnum writes a symbol's index; fallback is the index that "" stands for, -1 where it stands for none.
func appendEnum(b []byte, symbol string, index, fallback int) ([]byte, error) {
	if index < 0 && symbol == "" {
		index = fallback
	}
	if index < 0 {
		if symbol == "" {
			return b, errNoSymbol
		}
		return b, errSymbol
	}
	return appendLong(b, int64(index)), nil
}

// appendStringMap writes the pairs as one sized block, keys in order, so that the same content has the same bytes.
func appendStringMap(b []byte, m StringMap) ([]byte, error) {
	if len(m) == 0 {
		return append(b, 0), nil
	}
	at := len(b)
	b = beginBlock(b, len(m), 16)
	var err error
	for i := range m {
		if i > 0 && m[i].Key <= m[i-1].Key {
			return b, errMapOrder
		}
		if b, err = appendString(b, m[i].Key); err != nil {
			return b, err
		}
		if b, err = appendString(b, m[i].Value); err != nil {
			return b, err
		}
	}
	return append(endBlock(b, at, len(m), 16), 0), nil
}

// beginBlock writes the count of a block, negative to say that its size in bytes follows, and leaves room for that size: as much as
// count items of about three times their smallest size need. endBlock moves the items where the guess was wrong.
func beginBlock(b []byte, count, itemSize int) []byte {
	b = appendLong(b, -int64(count))
	switch sizeWidth(count * itemSize * 3) {
	case 1:
		return append(b, 0)
	case 2:
		return append(b, 0, 0)
	case 3:
		return append(b, 0, 0, 0)
	}
	return append(b, 0, 0, 0, 0)
}

// endBlock fills in the size of the block that began at at with the same count and itemSize.
func endBlock(b []byte, at, count, itemSize int) []byte {
	var head [10]byte
	from := at + len(appendLong(head[:0], -int64(count)))
	guess := min(sizeWidth(count*itemSize*3), 4)
	size := len(b) - from - guess
	if width := sizeWidth(size); width != guess {
		for range width - guess {
			b = append(b, 0)
		}
		copy(b[from+width:], b[from+guess:from+guess+size])
		b = b[:from+width+size]
	}
	appendLong(b[from:from], int64(size))
	return b
}

// sizeWidth is the length of n's zigzag varint.
func sizeWidth(n int) int { return (bits.Len64(uint64(n)<<1|1) + 6) / 7 }

// fieldError is an error inside a value, with the path to the field.
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string { return e.path + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// inField puts name before the path that err already has.
func inField(name string, err error) error {
	inner, ok := err.(*fieldError) //nolint:errorlint // only our own, unwrapped, is extended
	if !ok {
		return &fieldError{name, err}
	}
	if strings.HasPrefix(inner.path, "[") {
		inner.path = name + inner.path
	} else {
		inner.path = name + "." + inner.path
	}
	return inner
}

// inItem is inField for an item of an array.
func inItem(name string, i int, err error) error {
	return inField(fmt.Sprintf("%s[%d]", name, i), err)
}
