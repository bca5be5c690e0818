package schemas

import (
	"crypto/sha1" //nolint:gosec // UUIDv5 is defined over SHA-1 (RFC 9562 §5.5)
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Event is implemented by the structs generated from the .avsc files, and by nothing else.
type Event interface {
	Header() *Meta
	EventType() string
	Subject() string // Avro full name = registry subject (RecordNameStrategy)

	appendAvro(b []byte) ([]byte, error)
	decodeAvro(r *reader)
	hashContent(h *contentHasher)
}

// UUID is an RFC 9562 identifier. On the wire it is its 36-character text.
type UUID [16]byte

// namespace is the root of every id that Throughline derives from a source document.
var namespace = UUID{0x6b, 0x1f, 0x3a, 0x52, 0x0d, 0x7e, 0x5c, 0x41, 0x9a, 0x5e, 0x2f, 0x64, 0x1c, 0x88, 0x30, 0xe7}

// Derive returns UUIDv5(u, name): the same parent and name give the same id, for ever.
func (u UUID) Derive(name string) UUID {
	var room [256]byte
	return derive(append(append(room[:0], u[:]...), name...))
}

// derive hashes a namespace with the name behind it. One call over one piece of memory costs half of what a hash.Hash does.
func derive(b []byte) UUID {
	sum := sha1.Sum(b) //nolint:gosec // see the import
	id := UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

// NamedID returns the id of something named by parts, which are joined so that no two lists collide.
func NamedID(parts ...string) UUID {
	var room [256]byte
	b := append(room[:0], namespace[:]...)
	for _, p := range parts {
		b = append(strconv.AppendInt(b, int64(len(p)), 10), ':')
		b = append(b, p...)
	}
	return derive(b)
}

// SourceID is the event id of a source's fact (domain.md §1.2): a function of system, instance, document, transition and
// document version, so that the same fact has the same id however often it is sent.
func SourceID(s Source) UUID {
	return NamedID("source", s.System, s.Instance, s.DocType, s.DocID, s.Transition, s.DocVersion)
}

// IsZero says that the id is not set.
func (u UUID) IsZero() bool { return u == UUID{} }

// AppendText appends the 36-character form.
func (u UUID) AppendText(b []byte) ([]byte, error) {
	n := len(b)
	b = append(b, "00000000-0000-0000-0000-000000000000"...)
	t := b[n:]
	hex.Encode(t[0:8], u[0:4])
	hex.Encode(t[9:13], u[4:6])
	hex.Encode(t[14:18], u[6:8])
	hex.Encode(t[19:23], u[8:10])
	hex.Encode(t[24:36], u[10:16])
	return b, nil
}

func (u UUID) String() string {
	b, _ := u.AppendText(make([]byte, 0, 36))
	return string(b)
}

// MarshalText writes the 36-character form.
func (u UUID) MarshalText() ([]byte, error) { return u.AppendText(nil) }

// UnmarshalText reads the 36-character form.
func (u *UUID) UnmarshalText(b []byte) error {
	id, err := ParseUUID(string(b))
	*u = id
	return err
}

// ParseUUID reads the 36-character form, hyphens included.
func ParseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, fmt.Errorf("uuid of %d characters: want 8-4-4-4-12 hexadecimal digits", len(s))
	}
	at := 0
	for i := 0; i < 36; {
		if s[i] == '-' {
			i++
			continue
		}
		hi, lo := unhex(s[i]), unhex(s[i+1])
		if hi|lo > 15 {
			return UUID{}, fmt.Errorf("uuid: character %d is no hexadecimal digit", i+1)
		}
		u[at] = hi<<4 | lo
		at++
		i += 2
	}
	return u, nil
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// Time is an instant in microseconds since 1970-01-01T00:00:00Z.
type Time int64

// TimeOf truncates t to microseconds.
func TimeOf(t time.Time) Time { return Time(t.UnixMicro()) }

// Time is the instant in UTC.
func (t Time) Time() time.Time { return time.UnixMicro(int64(t)).UTC() }

func (t Time) String() string { return t.Time().Format("2006-01-02T15:04:05.999999Z07:00") }

// MarshalText writes RFC 3339 in UTC with up to six decimals.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads RFC 3339.
func (t *Time) UnmarshalText(b []byte) error {
	v, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return fmt.Errorf("time: want RFC 3339, for example 2011-03-01T09:30:00Z")
	}
	*t = TimeOf(v)
	return nil
}

// Date is a calendar date in days since 1970-01-01.
type Date int32

// DateOf is the calendar date of t in t's own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Time is midnight UTC of the date.
func (d Date) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText writes 2006-01-02.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2006-01-02.
func (d *Date) UnmarshalText(b []byte) error {
	v, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return fmt.Errorf("date: want year-month-day, for example 2011-03-01")
	}
	*d = DateOf(v)
	return nil
}

// Opt is an optional scalar: Avro's union of null and T.
type Opt[T comparable] struct {
	V   T
	Set bool
}

// Some is a value that is there.
func Some[T comparable](v T) Opt[T] { return Opt[T]{V: v, Set: true} }

// Or is the value, or else where there is none.
func (o Opt[T]) Or(other T) T {
	if o.Set {
		return o.V
	}
	return other
}

// IsZero says that there is no value; encoding/json leaves it out.
func (o Opt[T]) IsZero() bool { return !o.Set }

// MarshalJSON writes the value or null.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.Set {
		return []byte("null"), nil
	}
	return json.Marshal(o.V)
}

// UnmarshalJSON reads the value or null.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*o = Opt[T]{}
		return nil
	}
	o.Set = true
	return json.Unmarshal(b, &o.V)
}
