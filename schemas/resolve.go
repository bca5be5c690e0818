package schemas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/hamba/avro/v2"
)

// resolver reads bodies that another version of an event's schema wrote. It is made once per schema id and kept.
type resolver struct {
	subject  string
	writer   avro.Schema
	own      bool        // the same layout as ours: the generated code reads it
	reader   avro.Schema // ours, without logical types
	resolved avro.Schema // the writer's fields, with what must be done to get ours; without logical types
	api      avro.API    // with caches of its own: hamba's are keyed by a fingerprint that leaves defaults and logical types out
	poison   error       // this schema can never be read
}

// resolver finds or makes the resolver of a schema id. What cannot be read is remembered; a registry that does not answer is not.
func (c *Codec) resolver(ctx context.Context, id int) (*resolver, error) {
	if f, ok := c.foreign.Load(id); ok {
		return f.(*resolver), f.(*resolver).poison
	}
	if c.registry == nil {
		return nil, unknownID(id)
	}
	text, err := c.registry.SchemaByID(ctx, id)
	if err != nil {
		return nil, err
	}
	f := newResolver(text)
	c.foreign.Store(id, f)
	return f, f.poison
}

func newResolver(text string) *resolver {
	f := &resolver{}
	if err := f.build(text); err != nil {
		f.poison = &PoisonError{Class: DeadLetterClassUNKNOWN_SCHEMA, Reason: "the schema that wrote it cannot be read: " + err.Error()}
	}
	return f
}

func (f *resolver) build(text string) (err error) {
	if f.writer, err = parseSchema(text); err != nil {
		return err
	}
	record, ok := f.writer.(*avro.RecordSchema)
	if !ok {
		return fmt.Errorf("a %s is no event", f.writer.Type())
	}
	f.subject = record.FullName()
	own, err := ownSchema(f.subject)
	if err != nil {
		return err
	}
	if err = checkLogical(own, f.writer); err != nil {
		return err
	}
	if f.own = sameLayout(own, f.writer); f.own {
		return nil
	}
	return f.resolve(ownText(f.subject), text)
}

// resolve prepares hamba's resolving decoder. It works on schemas without logical types, which are known to agree: their bytes pass through as they are, so that no
// decimal goes through *big.Rat and no instant through time.Time.
func (f *resolver) resolve(own, writer string) (err error) {
	if f.reader, err = parsePlain(own); err != nil {
		return err
	}
	plain, err := parsePlain(writer)
	if err != nil {
		return err
	}
	f.api = avro.Config{MaxByteSliceSize: MaxBody, MaxSliceAllocSize: maxItemMemory}.Freeze()
	registerNamed(f.api, f.reader)
	f.resolved, err = avro.NewSchemaCompatibility().Resolve(f.reader, plain)
	return err
}

// parsePlain parses a schema without its logical types.
func parsePlain(text string) (avro.Schema, error) {
	var node any
	if err := json.Unmarshal([]byte(text), &node); err != nil {
		return nil, fmt.Errorf("reading a schema: %w", err)
	}
	dropLogical(node)
	plain, err := json.Marshal(node)
	if err != nil {
		return nil, fmt.Errorf("reading a schema: %w", err)
	}
	return parseSchema(string(plain))
}

func dropLogical(node any) {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			dropLogical(item)
		}
	case map[string]any:
		delete(n, "logicalType")
		for _, name := range []string{"type", "items", "values", "fields"} {
			dropLogical(n[name])
		}
	}
}

// registerNamed tells hamba what the named types below s become. It would find out by itself, but anew for every value of a union.
func registerNamed(api avro.API, s avro.Schema) {
	switch s := s.(type) {
	case *avro.EnumSchema:
		api.Register(s.FullName(), "")
	case *avro.ArraySchema:
		registerNamed(api, s.Items())
	case *avro.UnionSchema:
		for _, t := range s.Types() {
			registerNamed(api, t)
		}
	case *avro.RecordSchema:
		api.Register(s.FullName(), map[string]any{})
		for _, f := range s.Fields() {
			registerNamed(api, f.Type())
		}
	}
}

// parseSchema parses with a cache of its own: two versions of one event must not meet in hamba's global one.
func parseSchema(text string) (s avro.Schema, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("parsing a schema: %v", p)
		}
	}()
	if s, err = avro.ParseWithCache(text, "", &avro.SchemaCache{}); err != nil {
		return nil, err
	}
	if recursive(s, map[string]bool{}) {
		return nil, errRecursive
	}
	return s, nil
}

// ownSchemas remembers what ownSchema has parsed: constants, so that nobody can tell.
var ownSchemas sync.Map // subject → avro.Schema

// ownSchema is our schema of an event.
func ownSchema(subject string) (avro.Schema, error) {
	if s, ok := ownSchemas.Load(subject); ok {
		return s.(avro.Schema), nil
	}
	text := ownText(subject)
	if text == "" {
		return nil, fmt.Errorf("%s is no event of the catalog", subject)
	}
	s, err := parseSchema(text)
	if err == nil {
		ownSchemas.Store(subject, s)
	}
	return s, err
}

func ownText(subject string) string {
	for i := range eventSchemas {
		if eventSchemas[i].Subject == subject {
			return eventSchemas[i].JSON
		}
	}
	return ""
}

// sameLayout says that bytes of both schemas are the same: the canonical forms are, and checkLogical has compared the rest.
func sameLayout(a, b avro.Schema) bool { return a.Fingerprint() == b.Fingerprint() }

// decodeForeign reads a body that another version wrote: a bounded walk first, because hamba believes what it reads, then hamba's resolving decoder,
// then our own encoding of what it gave.
func (c *Codec) decodeForeign(f *resolver, body []byte, e Event) error {
	if f.own {
		return c.decodeOwn(body, e)
	}
	if err := checkBody(f.writer, body); err != nil {
		return poisonBody(f.subject, err)
	}
	converted, err := f.convert(body)
	if err != nil {
		return poisonBody(f.subject, err)
	}
	return c.decodeOwn(converted, e)
}

// convert gives the body in our schema's layout.
func (f *resolver) convert(body []byte) (converted []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("resolving: %v", p)
		}
	}()
	var v any
	r := avro.NewReader(nil, 0, avro.WithReaderConfig(f.api)).Reset(body)
	r.ReadVal(f.resolved, &v)
	if r.Error != nil {
		return nil, errResolving
	}
	return appendGeneric(make([]byte, 0, len(body)+256), f.reader, v)
}

var errResolving = errors.New("values that do not resolve to our schema")

// undecodable finds out which field is wrong; only a body that failed is walked again.
func undecodable(subject string, body []byte, err error) error {
	if schema, broken := ownSchema(subject); broken == nil {
		if found := checkBody(schema, body); found != nil {
			err = found
		}
	}
	return poisonBody(subject, err)
}

func poisonBody(subject string, err error) error {
	return &PoisonError{Class: classOf(err), Reason: subject + ": " + err.Error()}
}

// DecodeGeneric reads a record value of any registered Avro record, ours or not, into the events' JSON form: for tools.
func (c *Codec) DecodeGeneric(ctx context.Context, value []byte) (map[string]any, error) {
	id, body, err := splitPrefix(value)
	if err != nil {
		return nil, err
	}
	var schema avro.Schema
	subject, ok := c.subjects[id]
	switch {
	case ok:
		schema, err = ownSchema(subject)
	case c.registry == nil:
		err = unknownID(id)
	default:
		var text string
		if text, err = c.registry.SchemaByID(ctx, id); err == nil {
			schema, err = parseSchema(text)
		}
	}
	if err != nil {
		return nil, err
	}
	w := walker{r: reader{body: body}, build: true}
	v := w.value(schema)
	if err := w.finish(); err != nil {
		return nil, poisonBody(fmt.Sprintf("schema %d", id), err)
	}
	obj, isRecord := v.(map[string]any)
	if !isRecord {
		return nil, &PoisonError{Class: DeadLetterClassUNDECODABLE, Reason: fmt.Sprintf("schema %d is no record", id)}
	}
	return obj, nil
}
