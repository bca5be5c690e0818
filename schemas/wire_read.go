package schemas

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Limits on what comes from outside (architecture.md, Bytes from outside).
const (
	// MaxBody is the most bytes that one event may take, five-byte prefix included.
	MaxBody = 10 << 20
	// maxEmptyItems bounds items that take no bytes, of which a short message could otherwise claim any number.
	maxEmptyItems = 1 << 16
	// maxDepth bounds how deep values nest.
	maxDepth = 32
	// maxItemMemory bounds what the arrays of one event may take in memory: an item can be much larger than its smallest encoding.
	maxItemMemory = 256 << 20
)

// reader decodes one body. The first error sticks: from then on every read gives zero values at once, so that generated code
// need not ask after every field. Strings share one copy of the body.
type reader struct {
	body   []byte
	at     int
	text   string // copy of the body's beginning, which strings are cut from
	memory int    // of array items so far
	empty  int    // array items of no bytes so far
	err    error
}

func newReader(body []byte) reader { return reader{body: body, text: string(body)} }

// fail keeps the first error and ends the input.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.at = len(r.body)
}

// end refuses bytes that follow the value.
func (r *reader) end() error {
	if r.err == nil && r.at != len(r.body) {
		r.fail(errTrailing)
	}
	return r.err
}

func (r *reader) left() int { return len(r.body) - r.at }

// long, present, enum, string, uuid and decimal first try what nearly every value is, one byte of number or length, without a call.
func (r *reader) long() int64 {
	if at := r.at; at < len(r.body) && r.body[at] < 0x80 {
		r.at++
		return int64(r.body[at]>>1) ^ -int64(r.body[at]&1)
	}
	return r.longVarint()
}

func (r *reader) longVarint() int64 {
	u, n := binary.Uvarint(r.body[r.at:])
	if n <= 0 {
		if n < 0 {
			r.fail(errVarint)
		} else {
			r.fail(errTruncated)
		}
		return 0
	}
	r.at += n
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) int() int32 {
	if at := r.at; at < len(r.body) && r.body[at] < 0x80 {
		r.at++
		return int32(r.body[at]>>1) ^ -int32(r.body[at]&1)
	}
	v := r.long()
	if int64(int32(v)) != v {
		r.fail(errIntRange)
		return 0
	}
	return int32(v)
}

func (r *reader) bool() bool {
	if r.at >= len(r.body) {
		r.fail(errTruncated)
		return false
	}
	c := r.body[r.at]
	r.at++
	if c > 1 {
		r.fail(errBoolean)
	}
	return c == 1
}

// null reads the branch of a union of null and one other type where it is null in its usual form. It is small enough to be inlined, and most optional fields are
// null; generated code asks present for all else.
func (r *reader) null() bool {
	if r.at < len(r.body) && r.body[r.at] == 0 {
		r.at++
		return true
	}
	return false
}

// present reads the branch of a union of null and one other type.
func (r *reader) present() bool {
	if at := r.at; at < len(r.body) && r.body[at]&^2 == 0 {
		r.at++
		return r.body[at] != 0
	}
	return r.unionBranch(2) == 1
}

func (r *reader) unionBranch(branches int) int {
	v := r.long()
	if v < 0 || v >= int64(branches) {
		r.fail(errUnion)
		return 0
	}
	return int(v)
}

// enum reads a symbol's index; 0 after an error.
func (r *reader) enum(symbols int) int {
	if at := r.at; at < len(r.body) && r.body[at]&0x81 == 0 && int(r.body[at]>>1) < symbols {
		r.at++
		return int(r.body[at] >> 1)
	}
	v := r.long()
	if v < 0 || v >= int64(symbols) {
		r.fail(errEnum)
		return 0
	}
	return int(v)
}

// length reads a length and makes sure that so many bytes remain.
func (r *reader) length() int {
	n := r.long()
	if n < 0 || n > int64(len(r.body)-r.at) {
		r.failLength(n)
		return 0
	}
	return int(n)
}

func (r *reader) failLength(n int64) {
	switch {
	case n < 0:
		r.fail(errNegative)
	case n > MaxBody:
		r.fail(errTooLong)
	default:
		r.fail(errTruncated)
	}
}

func (r *reader) string() string {
	at := r.at
	if at >= len(r.body) || r.body[at]&0x81 != 0 {
		return r.longString()
	}
	end := at + 1 + int(r.body[at]>>1)
	if end > len(r.text) {
		return r.longString()
	}
	for _, c := range r.body[at+1 : end] {
		if c >= 0x80 {
			return r.longString()
		}
	}
	r.at = end
	return r.text[at+1 : end]
}

// longString reads any string.
func (r *reader) longString() string {
	n := r.length()
	if n == 0 {
		return ""
	}
	if r.at+n > len(r.text) {
		r.text = string(r.body[:min(len(r.body), r.at+n+headerGuess)]) // a partial read that goes further than it meant to
	}
	s := r.text[r.at : r.at+n]
	r.at += n
	if !utf8.ValidString(s) {
		r.fail(errNotUTF8)
		return ""
	}
	return s
}

// bytes copies into a reused slice.
func (r *reader) bytes(into []byte) []byte {
	n := r.length()
	into = append(into[:0], r.body[r.at:r.at+n]...)
	r.at += n
	return into
}

func (r *reader) fixed(into []byte) {
	if r.left() < len(into) {
		r.fail(errTruncated)
		return
	}
	r.at += copy(into, r.body[r.at:])
}

func (r *reader) decimal(scale, precision int) Decimal {
	at := r.at
	if at >= len(r.body) || r.body[at]&0x81 != 0 || at+1+int(r.body[at]>>1) > len(r.body) {
		r.length() // a length that is wrong, or longer than any decimal is
		r.fail(errDecimal)
		return Decimal{}
	}
	r.at = at + 1 + int(r.body[at]>>1)
	d, err := decodeDecimalWire(r.body[at+1:r.at], scale, precision)
	if err != nil {
		r.fail(errDecimal)
	}
	return d
}

func (r *reader) uuid(into *[16]byte) {
	if at := r.at; at+37 <= len(r.body) && r.body[at] == 36<<1 && parseUUID(into, r.body[at+1:at+37]) {
		r.at += 37
		return
	}
	n := r.length()
	raw := r.body[r.at : r.at+n]
	r.at += n
	if r.err == nil && !parseUUID(into, raw) {
		r.fail(errUUID)
	}
}

// hexValue gives 0x10 and a hexadecimal digit's value, 0 for everything else.
var hexValue = [256]byte{
	'0': 0x10, '1': 0x11, '2': 0x12, '3': 0x13, '4': 0x14, '5': 0x15, '6': 0x16, '7': 0x17, '8': 0x18, '9': 0x19,
	'a': 0x1a, 'b': 0x1b, 'c': 0x1c, 'd': 0x1d, 'e': 0x1e, 'f': 0x1f,
	'A': 0x1a, 'B': 0x1b, 'C': 0x1c, 'D': 0x1d, 'E': 0x1e, 'F': 0x1f,
}

// uuidDigits is where each byte's two digits stand.
var uuidDigits = [16]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// parseUUID reads the 36-character form.
func parseUUID(into *[16]byte, raw []byte) bool {
	if len(raw) != 36 || raw[8] != '-' || raw[13] != '-' || raw[18] != '-' || raw[23] != '-' {
		return false
	}
	valid := byte(0x10)
	for i, at := range uuidDigits {
		hi, lo := hexValue[raw[at]], hexValue[raw[at+1]]
		valid &= hi & lo
		into[i] = hi<<4 | lo&15
	}
	return valid != 0
}

// block is where the items of an array or map stand.
type block struct {
	left     int // items of this block still to be read
	end      int // where the block says it ends, -1 where it does not say
	itemSize int // the fewest bytes that an item takes
}

// firstBlock begins an array or map whose items take at least itemSize bytes each.
func (r *reader) firstBlock(itemSize int) block {
	if r.at < len(r.body) && r.body[r.at] == 0 {
		r.at++
		return block{}
	}
	return r.nextBlock(block{end: -1, itemSize: itemSize})
}

// nextBlock checks that the block before took the bytes that it claimed, and that the next one's count fits what remains.
func (r *reader) nextBlock(k block) block {
	if k.end >= 0 && k.end != r.at && r.err == nil {
		r.fail(errBlockSize)
	}
	if r.err != nil {
		return block{}
	}
	n := r.long()
	k.end = -1
	if n < 0 {
		n = -n
		size := r.length()
		k.end = r.at + size
	}
	if r.err != nil || n == 0 {
		if k.end > r.at {
			r.fail(errBlockSize)
		}
		return block{}
	}
	return r.checkCount(k, n)
}

func (r *reader) checkCount(k block, n int64) block {
	room := r.left()
	if k.end >= 0 {
		room = k.end - r.at
	}
	switch {
	case n < 0: // the smallest int64 is its own negative
		r.fail(errCount)
		return block{}
	case k.itemSize == 0:
		r.empty += int(min(n, maxEmptyItems+1))
		if r.empty > maxEmptyItems {
			r.fail(errCount)
			return block{}
		}
	case n > int64(room/k.itemSize):
		r.fail(errCount)
		return block{}
	}
	k.left = int(n)
	return k
}

// extend makes room for one more item, of which left are announced. A reused slice gives back its old items, so that what they hold
// is reused too. Growth follows what was really read, not what was announced.
func extend[T any](r *reader, items []T, left int) []T {
	if len(items) < cap(items) {
		return items[:len(items)+1]
	}
	return grow(r, items, left)
}

//go:noinline
func grow[T any](r *reader, items []T, left int) []T {
	more := min(left, max(len(items), 64))
	var item T
	r.memory += more * int(unsafe.Sizeof(item))
	if r.memory > maxItemMemory {
		r.fail(errMemory)
		more = 1 // the caller writes one more item before it looks
	}
	grown := make([]T, len(items)+1, len(items)+more)
	copy(grown, items)
	return grown
}

// stringMap reads into a reused map. Writers of other languages may write any order; a key that stands twice is refused.
func (r *reader) stringMap(into StringMap) StringMap {
	into = into[:0]
	sorted := true
	for k := r.firstBlock(2); k.left > 0; k = r.nextBlock(k) {
		for ; k.left > 0 && r.err == nil; k.left-- {
			into = extend(r, into, k.left)
			p := &into[len(into)-1]
			p.Key, p.Value = r.string(), r.string()
			sorted = sorted && (len(into) == 1 || into[len(into)-2].Key < p.Key)
		}
	}
	if sorted || r.err != nil {
		return into
	}
	slices.SortFunc(into, func(a, b StringPair) int { return strings.Compare(a.Key, b.Key) })
	for i := 1; i < len(into); i++ {
		if into[i].Key == into[i-1].Key {
			r.fail(errDuplicateKey)
		}
	}
	return into
}
