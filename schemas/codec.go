package schemas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

// Codec turns events into Kafka record values and back, in the Confluent wire format: a zero byte, four bytes of schema id, the Avro body. It is safe
// for concurrent use.
//
// Bytes that our own schemas wrote take the generated code. Bytes of another version of a schema are walked against the schema that wrote them, and
// then resolved; both ways give the same event. What cannot be read is a *PoisonError; a registry that does not answer is ErrRegistryUnavailable.
type Codec struct {
	registry *Registry
	ids      map[string]int // subject → id that we write
	subjects map[int]string // and back
	foreign  sync.Map       // other id → *resolver
	readers  sync.Pool
	buffers  sync.Pool
	header   atomic.Int32                  // bytes that the last envelope took
	headers  map[string][]kgo.RecordHeader // of records of ours, by event type: shared, never written to
	limits   map[string]int                // bytes that a topic takes
}

const prefixSize = 5

// NewCodec makes a codec that writes with ids (subject → schema id, as Registry.Register and Registry.Lookup return them) and asks registry for every
// other id. A nil registry knows none.
func NewCodec(registry *Registry, ids map[string]int) *Codec {
	c := &Codec{registry: registry, ids: ids, subjects: make(map[int]string, len(ids))}
	for subject, id := range ids {
		c.subjects[id] = subject
	}
	c.headers, c.limits = recordHeaders(), topicLimits()
	c.readers.New = func() any { return new(reader) }
	c.buffers.New = func() any { b := make([]byte, 0, 4096); return &b }
	c.header.Store(headerGuess)
	return c
}

// OfflineIDs numbers the subjects from 1, for tests and tools that have no registry.
func OfflineIDs() map[string]int {
	ids := make(map[string]int, len(eventSchemas))
	for i := range eventSchemas {
		ids[eventSchemas[i].Subject] = i + 1
	}
	return ids
}

// Encode gives e as a record value, in a slice of its own size.
func (c *Codec) Encode(e Event) ([]byte, error) {
	scratch := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(scratch)
	value, err := c.AppendEncode((*scratch)[:0], e)
	if err != nil {
		return nil, err
	}
	if cap(value) <= maxScratch {
		*scratch = value
	}
	return bytes.Clone(value), nil
}

// maxScratch bounds the buffers that are kept: one huge event must not hold memory for ever.
const maxScratch = 1 << 16

// AppendEncode appends e as a record value; a buffer with room costs no allocation. An event that its schema cannot hold (an enum without a symbol, a
// decimal with too many digits or decimals, text that is not UTF-8) is a *PoisonError that names the field.
func (c *Codec) AppendEncode(dst []byte, e Event) ([]byte, error) {
	id, ok := c.ids[e.Subject()]
	if !ok {
		return dst, fmt.Errorf("encoding %s: its schema is not registered: run `throughline migrate`", e.EventType())
	}
	at := len(dst)
	dst = append(dst, 0, byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
	dst, err := e.appendAvro(dst)
	if err != nil {
		return dst[:at], encodeError(e, err)
	}
	return dst, nil
}

// encodeError keeps the path and drops the value that decimals put into their errors.
func encodeError(e Event, err error) error {
	path := ""
	var inside *fieldError
	if errors.As(err, &inside) {
		path, err = inside.path+": ", inside.err
	}
	switch err {
	case errNotUTF8, errNoSymbol, errSymbol, errMapOrder:
	default:
		err = errNotHeld
	}
	return &PoisonError{Class: DeadLetterClassRULE_ERROR, Reason: e.EventType() + " cannot be encoded: " + path + err.Error()}
}

// Decode reads a record value; the id is that of the schema that wrote it.
func (c *Codec) Decode(ctx context.Context, value []byte) (e Event, schemaID int, err error) {
	id, body, err := splitPrefix(value)
	if err != nil {
		return nil, id, err
	}
	if subject, ok := c.subjects[id]; ok {
		e = eventOfSubject(subject)
		if e == nil {
			return nil, id, unknownSubject(subject)
		}
		if err = c.decodeOwn(body, e); err != nil {
			return nil, id, err
		}
		return e, id, nil
	}
	f, err := c.resolver(ctx, id)
	if err != nil {
		return nil, id, err
	}
	e = eventOfSubject(f.subject)
	if err = c.decodeForeign(f, body, e); err != nil {
		return nil, id, err
	}
	return e, id, nil
}

// DecodeInto reads a record value into e, whose slices and pointers are reused: whoever kept them sees them change. After an error e is not to be read.
func (c *Codec) DecodeInto(ctx context.Context, value []byte, e Event) error {
	id, body, err := splitPrefix(value)
	if err != nil {
		return err
	}
	subject, ok := c.subjects[id]
	if ok && subject == e.Subject() {
		return c.decodeOwn(body, e)
	}
	var f *resolver
	if !ok {
		if f, err = c.resolver(ctx, id); err != nil {
			return err
		}
		subject = f.subject
	}
	if subject != e.Subject() {
		return &PoisonError{Class: DeadLetterClassUNDECODABLE, Reason: "a record of " + subject + " where " + e.Subject() + " is expected"}
	}
	return c.decodeForeign(f, body, e)
}

// DecodeHeader reads the envelope only. The rest of the body is not looked at where our own schema wrote it.
func (c *Codec) DecodeHeader(ctx context.Context, value []byte, m *Meta) (subject string, err error) {
	id, body, err := splitPrefix(value)
	if err != nil {
		return "", err
	}
	if subject, ok := c.subjects[id]; ok {
		return subject, c.decodeMeta(body, m)
	}
	f, err := c.resolver(ctx, id)
	if err != nil {
		return "", err
	}
	e := eventOfSubject(f.subject)
	if err := c.decodeForeign(f, body, e); err != nil {
		return f.subject, err
	}
	*m = *e.Header()
	return f.subject, nil
}

// decodeOwn reads a body that our own schema wrote.
func (c *Codec) decodeOwn(body []byte, e Event) error {
	r := c.readers.Get().(*reader)
	*r = newReader(body)
	e.decodeAvro(r)
	err := r.end()
	*r = reader{}
	c.readers.Put(r)
	if err != nil {
		return undecodable(e.Subject(), body, err)
	}
	return nil
}

// headerGuess is how much of a body is copied for the strings of an envelope at first; later as much as the last one took.
const headerGuess = 512

func (c *Codec) decodeMeta(body []byte, m *Meta) error {
	guess := c.header.Load()
	r := reader{body: body, text: string(body[:min(len(body), int(guess)+32)])}
	m.decodeAvro(&r)
	if r.err != nil {
		return &PoisonError{Class: classOf(r.err), Reason: "meta: " + r.err.Error()}
	}
	if int32(r.at) != guess {
		c.header.Store(int32(r.at))
	}
	return nil
}

// splitPrefix takes the five bytes off.
func splitPrefix(value []byte) (id int, body []byte, err error) {
	if len(value) > MaxBody {
		return 0, nil, &PoisonError{Class: DeadLetterClassLIMIT_EXCEEDED, Reason: "a value of more than 10 MiB"}
	}
	var header sr.ConfluentHeader
	if id, body, err = header.DecodeID(value); err != nil {
		return 0, nil, &PoisonError{Class: DeadLetterClassBAD_FRAMING, Reason: "no Confluent prefix: a zero byte and four bytes of schema id"}
	}
	return id, body, nil
}

func unknownSubject(subject string) error {
	return &PoisonError{Class: DeadLetterClassUNKNOWN_SCHEMA, Reason: "a record of " + subject + ", which is no event of the catalog"}
}
