package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/throughline/throughline/schemas"
)

// item is the JSON of one event and the line where it begins.
type item struct {
	line int
	text []byte
}

// splitEvents finds the events in one object, an array, several values, or one value a line. Where each line is a value, a line that is none
// spoils no other.
func splitEvents(text []byte) ([]item, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if perLine(text) {
		return splitLines(text), nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	var items []item
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		switch {
		case errors.Is(err, io.EOF):
			return items, nil
		case err != nil:
			return nil, malformed(text, d.InputOffset(), err)
		}
		begin := d.InputOffset() - int64(len(raw))
		if raw[0] != '[' {
			items = append(items, item{lineAt(text, begin), raw})
			continue
		}
		inside, err := splitArray(text, begin, raw)
		if err != nil {
			return nil, err
		}
		items = append(items, inside...)
	}
}

// perLine says that the first line that says anything is an object by itself.
func perLine(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line[0] == '{' && json.Valid(line)
		}
	}
	return false
}

func splitLines(text []byte) []item {
	var items []item
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if line = bytes.TrimSpace(line); len(line) > 0 {
			items = append(items, item{n, line})
		}
	}
	return items
}

func splitArray(text []byte, begin int64, raw []byte) ([]item, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, malformed(text, begin, err)
	}
	var items []item
	for d.More() {
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			return nil, malformed(text, begin+d.InputOffset(), err)
		}
		items = append(items, item{lineAt(text, begin+d.InputOffset()-int64(len(one))), one})
	}
	return items, nil
}

func malformed(text []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = max(offset, syntax.Offset)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		offset, err = int64(len(text)), errors.New("the text ends inside a value")
	}
	return fmt.Errorf("line %d: malformed JSON: %w", lineAt(text, offset), err)
}

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n"))
}

// parseEvent reads an event as a source may publish it: its type from meta.event_type (else from eventType), its id from its source document where
// it states none. What only we stamp is taken off, so that what `cat` prints of the canonical log may be said again.
func parseEvent(text []byte, eventType string) (schemas.Event, error) {
	var head struct {
		Meta *struct {
			EventID   *string `json:"event_id"`
			EventType *string `json:"event_type"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("malformed JSON: %w", err)
	}
	if head.Meta == nil {
		return nil, errors.New("meta is missing: every event has an envelope. `throughline schemas example TYPE` shows one")
	}
	if head.Meta.EventType != nil {
		eventType = *head.Meta.EventType
	}
	if eventType == "" {
		return nil, errors.New("meta.event_type is missing: state it, or give --type. `throughline schemas list` prints the types")
	}
	if head.Meta.EventType == nil || head.Meta.EventID == nil {
		var err error
		if text, err = fillHead(text, eventType, head.Meta.EventID == nil); err != nil {
			return nil, err
		}
	}
	e, err := schemas.ParseEventJSON(eventType, text)
	if err != nil {
		return nil, err
	}
	unstamp(e.Header())
	return e, publishable(e)
}

// fillHead writes what may be left out: the producer turns the zero id into the one that follows from the source document.
func fillHead(text []byte, eventType string, noID bool) ([]byte, error) {
	var top, meta map[string]json.RawMessage
	if err := json.Unmarshal(text, &top); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(top["meta"], &meta); err != nil {
		return nil, err
	}
	meta["event_type"], _ = json.Marshal(eventType)
	if noID {
		meta["event_id"], _ = json.Marshal(schemas.UUID{})
	}
	var err error
	if top["meta"], err = json.Marshal(meta); err != nil {
		return nil, err
	}
	return json.Marshal(top)
}

// unstamp takes off what intake and admission write into the envelope.
func unstamp(m *schemas.Meta) {
	m.CorrelationID, m.RuleSet, m.Period, m.OriginalPeriod, m.Late = "", "", "", "", false
	m.RecordedAt, m.AdmittedAt = schemas.Opt[schemas.Time]{}, schemas.Opt[schemas.Time]{}
	m.EffectiveDate, m.ThreadSequence = schemas.Opt[schemas.Date]{}, schemas.Opt[int64]{}
	m.Hydration, m.Intake = nil, nil
}

// publishable says why no source may publish e; the producer asks the same, but only when everything before e is on its way.
func publishable(e schemas.Event) error {
	entry, _ := schemas.Lookup(e.EventType())
	switch entry.Kind {
	case schemas.Derived, schemas.Internal:
		return fmt.Errorf("%s: no source may publish it, Throughline derives it: publish the fact that it follows from", e.EventType())
	}
	if e.Header().EventID.IsZero() {
		e.Header().EventID = schemas.SourceID(e.Header().Source)
	}
	if err := schemas.CheckContract(e); err != nil {
		return fmt.Errorf("%s: %w", e.EventType(), err)
	}
	return nil
}
