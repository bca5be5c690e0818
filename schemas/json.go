package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// NewEvent is an empty event of a type.
func NewEvent(eventType string) (Event, bool) {
	e := eventOfType(eventType)
	return e, e != nil
}

// EventJSON is the JSON form of an event (architecture.md §7): decimals as strings, times in RFC 3339, bytes in base64, optional fields that are not set left
// out. ParseEventJSON takes what it gives.
func EventJSON(e Event) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("printing %s: %w", e.EventType(), err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// ParseEventJSON reads the JSON form of an event of that type. Every unknown field, missing field and wrong value is named in the error with its path and what was
// expected. A field with a default may be left out.
func ParseEventJSON(eventType string, text []byte) (Event, error) {
	e, ok := NewEvent(eventType)
	if !ok {
		return nil, fmt.Errorf("event type %q is not in the catalog: `throughline schemas list` prints them", eventType)
	}
	v, err := parseJSON(text)
	if err != nil {
		return nil, fmt.Errorf("reading the JSON of %s: %w", eventType, err)
	}
	if err := fillFromJSON(e, v); err != nil {
		return nil, fmt.Errorf("%s: %w", eventType, err)
	}
	return e, nil
}

// fillFromJSON goes through the wire format: whatever it accepts can be encoded.
func fillFromJSON(e Event, v any) error {
	schema, err := ownSchema(e.Subject())
	if err != nil {
		return err
	}
	var w jsonWriter
	body := w.value(nil, "", schema, v)
	if len(w.problems) > 0 {
		return errors.Join(w.problems...)
	}
	r := newReader(body)
	e.decodeAvro(&r)
	if err := r.end(); err != nil {
		return undecodable(e.Subject(), body, err)
	}
	return nil
}

// parseJSON reads one value, numbers as json.Number; a member that stands twice is refused, because readers disagree on which one counts.
func parseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readJSON(d, 0)
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
	}
	if d.More() {
		return nil, fmt.Errorf("at byte %d: something follows the event", d.InputOffset())
	}
	return v, nil
}

func readJSON(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errDepth
	}
	switch token {
	case json.Delim('{'):
		return readJSONObject(d, depth)
	case json.Delim('['):
		items := []any{}
		for d.More() {
			item, err := readJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		_, err = d.Token()
		return items, err
	}
	return token, nil
}

func readJSONObject(d *json.Decoder, depth int) (any, error) {
	obj := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if _, twice := obj[name]; twice {
			return nil, fmt.Errorf("the field %q stands twice", name)
		}
		if obj[name], err = readJSON(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return obj, err
}
