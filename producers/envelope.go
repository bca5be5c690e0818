package producers

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// record completes e's envelope and gives the record that carries it, CloudEvents attributes as headers (domain.md §1.1).
func (p *Producer) record(ctx context.Context, e schemas.Event) (*kgo.Record, error) {
	topic, key, err := check(e, p.trace(ctx))
	if err != nil {
		return nil, err
	}
	r, err := p.codec.RecordTo(e, topic, key)
	var poison *schemas.PoisonError
	if errors.As(err, &poison) && poison.Class == schemas.DeadLetterClassTOO_LARGE {
		return nil, fmt.Errorf("%s: %w: split the document: %w", describe(e), ErrNotPublished, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", describe(e), ErrNotPublished, err)
	}
	r.Headers = headers(e)
	return r, nil
}

// Check does what Emit does before it sends: it fills in what follows from the source document, and refuses (ErrNotPublished) an event that may not be
// published or breaks its contract. It returns the topic to which the event would go.
func Check(e schemas.Event) (topic string, err error) {
	topic, _, err = check(e, "")
	return topic, err
}

func check(e schemas.Event, traceparent string) (topic string, key []byte, err error) {
	if err = complete(e, traceparent); err == nil {
		topic, key, err = destination(e)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w: %w", describe(e), ErrNotPublished, err)
	}
	// Intake would find the same, but as a dead letter; here whoever wrote the event learns of it.
	if err := schemas.CheckContract(e); err != nil {
		return "", nil, fmt.Errorf("%s: %w: correct the event: %w", describe(e), ErrNotPublished, err)
	}
	return topic, key, nil
}

// complete fills in what follows from the source document, and refuses an envelope from which nothing follows.
func complete(e schemas.Event, traceparent string) error {
	m := e.Header()
	missing := ""
	switch s := m.Source; "" {
	case s.System:
		missing = "system: the kind of system that says it, for example wms"
	case s.DocType:
		missing = "doc_type: the source's own document type"
	case s.DocID:
		missing = "doc_id: the source's own document id"
	}
	if missing != "" {
		return errors.New("set meta.source." + missing)
	}
	if m.EventType == "" {
		m.EventType = e.EventType()
	}
	if m.EventType != e.EventType() {
		return fmt.Errorf("meta.event_type says %s: leave it empty, it is filled in", m.EventType)
	}
	if m.SchemaVersion == 0 {
		m.SchemaVersion = 1
	}
	if m.EventID.IsZero() {
		m.EventID = schemas.SourceID(m.Source)
	}
	if m.Traceparent == "" {
		m.Traceparent = traceparent
	}
	if m.Traceparent == "" {
		m.Traceparent = traceOf(e)
	}
	return nil
}

// traceOf is a W3C trace context that follows from the event: one trace for a thread, one span for an event. So a trace viewer shows
// an order's life although no system handed a context to the next.
func traceOf(e schemas.Event) string {
	m := e.Header()
	trace := m.EventID
	if thread := schemas.Thread(e); thread != "" {
		trace = schemas.NamedID("trace", m.LegalEntity, thread)
	}
	b := make([]byte, 0, 55)
	b = hex.AppendEncode(append(b, "00-"...), trace[:])
	b = hex.AppendEncode(append(b, '-'), m.EventID[:8])
	return string(append(b, "-01"...))
}

// destination is the topic and key of a record that a source may publish: facts to intake by source document, reference data to its
// own topic by what it describes and its version. All else is derived or our own.
func destination(e schemas.Event) (string, []byte, error) {
	entry, ok := schemas.Lookup(e.EventType())
	if !ok {
		return "", nil, errors.New("the catalog does not know this event type (`throughline schemas list`)")
	}
	switch entry.Kind {
	case schemas.Reference:
		topic, key := schemas.Route(e)
		return topic, key, nil
	case schemas.Fact:
		topic, ok := schemas.IntakeTopic(e)
		if !ok {
			return "", nil, errors.New("its topic is its original's: set meta.correction.corrected_event_type to the type of a fact")
		}
		return topic, []byte(schemas.DocumentKey(e.Header().Source)), nil
	}
	return "", nil, errors.New("no source may publish it: Throughline derives it; publish the fact that it follows from")
}

// headers are CloudEvents 1.0 in Kafka's binary mode. ce_dataschema is left out: the schema's id stands in the value's first five bytes.
func headers(e schemas.Event) []kgo.RecordHeader {
	m := e.Header()
	id := make([]byte, 0, 36)
	id, _ = m.EventID.AppendText(id)
	return []kgo.RecordHeader{
		{Key: "ce_specversion", Value: specVersion},
		{Key: "ce_id", Value: id},
		{Key: "ce_source", Value: []byte("/" + uriSegment(m.Source.System) + "/" + uriSegment(m.Source.Instance))},
		{Key: "ce_type", Value: []byte(LongType(m.EventType, m.SchemaVersion))},
		{Key: "ce_subject", Value: []byte(m.Source.DocType + "/" + m.Source.DocID)},
		{Key: "ce_time", Value: []byte(m.OccurredAt.String())},
		{Key: "content-type", Value: contentType},
		{Key: "traceparent", Value: []byte(m.Traceparent)},
	}
}

var (
	specVersion = []byte("1.0")
	contentType = []byte("application/avro")
)

// LongType is the type that the ce_type header shows: org.throughline.o2c.shipment.shipped.v1.
func LongType(eventType string, version int32) string {
	return "org.throughline.o2c." + eventType + ".v" + strconv.Itoa(int(version))
}

// uriSegment keeps a path segment of ce_source a URI reference: what RFC 3986 does not allow there is percent-encoded.
func uriSegment(s string) string {
	clean := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if clean(s[i]) {
			b.WriteByte(s[i])
			continue
		}
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}
