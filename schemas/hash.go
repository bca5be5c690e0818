package schemas

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// ContentHashVersion is the first byte that is hashed. It moves when the same content would give other bytes.
const ContentHashVersion = 1

// ContentHash tells same content from other content under one event id (architecture.md, "Same event, same content"): SHA-256 over the names and values of
// business fields that differ from their defaults, names sorted. What intake and admission stamp and what belongs to the transport is left out, in the
// .avsc marked "stamped" and "transport". It depends neither on the schema's version nor on the order of its fields.
func ContentHash(e Event) [32]byte {
	h := hashers.Get().(*contentHasher)
	defer hashers.Put(h)
	h.b = append(h.b[:0], ContentHashVersion)
	e.hashContent(h)
	return sha256.Sum256(h.b)
}

// hashers lends out buffers.
var hashers = sync.Pool{New: func() any { return &contentHasher{b: make([]byte, 0, 4096)} }}

// contentHasher frames names and values so that no two contents give the same bytes: every name and value states its length first, a name is never empty, and
// a record ends with a name of length 0.
type contentHasher struct{ b []byte }

// name begins a field; the mark is where it began.
func (h *contentHasher) name(name string) (mark int) {
	mark = len(h.b)
	h.string(name)
	return mark
}

func (h *contentHasher) string(s string) {
	h.b = binary.AppendUvarint(h.b, uint64(len(s)))
	h.b = append(h.b, s...)
}

func (h *contentHasher) bytes(v []byte) {
	h.b = binary.AppendUvarint(h.b, uint64(len(v)))
	h.b = append(h.b, v...)
}

// number hashes every integer as eight bytes, so that an int that becomes a long stays the same content.
func (h *contentHasher) number(v int64) {
	h.b = append(h.b, 8)
	h.b = binary.BigEndian.AppendUint64(h.b, uint64(v))
}

func (h *contentHasher) bool(v bool) { h.b = appendBool(append(h.b, 1), v) }

func (h *contentHasher) uuid(u UUID) { h.b = append(append(h.b, 16), u[:]...) }

// decimal hashes the number, whatever scale it is written at: 1.50 is 1.5.
func (h *contentHasher) decimal(d Decimal) {
	for d.scale > 0 && !d.small() {
		shorter, exact := d.Rescale(d.scale - 1)
		if !exact {
			break
		}
		d = shorter
	}
	for d.scale > 0 && d.small() && int64(d.lo)%10 == 0 {
		v := int64(d.lo) / 10
		d.lo, d.hi, d.scale = uint64(v), v>>63, d.scale-1
	}
	if d.IsZero() {
		d.scale = 0
	}
	h.b = append(h.b, 17, d.scale)
	h.b = binary.BigEndian.AppendUint64(h.b, uint64(d.hi))
	h.b = binary.BigEndian.AppendUint64(h.b, d.lo)
}

func (h *contentHasher) stringMap(m StringMap) {
	h.count(len(m))
	for i := range m {
		h.string(m[i].Key)
		h.string(m[i].Value)
	}
}

func (h *contentHasher) count(n int) { h.b = binary.AppendUvarint(h.b, uint64(n)) }

// endRecord ends a record that stands here whatever it holds: an item of an array, an optional one that is set.
func (h *contentHasher) endRecord() { h.b = append(h.b, 0) }

// endRequired ends the required record that began at mark, and takes back one whose fields are all at their defaults.
func (h *contentHasher) endRequired(mark int) {
	name, n := binary.Uvarint(h.b[mark:])
	if len(h.b) == mark+n+int(name) {
		h.b = h.b[:mark]
		return
	}
	h.endRecord()
}
