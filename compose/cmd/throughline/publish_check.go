package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
)

// checkAll sorts the events of an input. It needs no server.
func checkAll(input []byte) (right []published, wrong []refusal) {
	right, wrong = []published{}, []refusal{}
	for m := range messages(input) {
		e, topic, admitted, err := check(m)
		if err != nil {
			wrong = append(wrong, refusal{m.line, err.Error()})
			continue
		}
		h := e.Header()
		right = append(right, published{Line: m.line, EventType: e.EventType(), EventID: h.EventID.String(), Topic: topic, event: e, admitted: admitted})
	}
	return right, wrong
}

// check parses an event and holds it against its schema and its contract. The error names the line.
func check(m message) (e schemas.Event, topic string, admitted bool, err error) {
	if m.err != nil {
		return nil, "", false, m.err
	}
	var peek struct {
		Meta struct {
			EventID   *string `json:"event_id"`
			EventType string  `json:"event_type"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(m.text, &peek); err != nil || peek.Meta.EventType == "" {
		return nil, "", false, fmt.Errorf("line %d: meta.event_type is missing: it says which event this is; `throughline schemas list` prints them", m.line)
	}
	text := m.text
	if peek.Meta.EventID == nil {
		text = withEventID(text)
	}
	e, err = schemas.ParseEventJSON(peek.Meta.EventType, text)
	if err != nil {
		return nil, "", false, fmt.Errorf("line %d: %w", m.line, err)
	}
	admitted = e.Header().Intake != nil
	unstamp(e.Header())
	topic, err = producers.Check(e)
	if err != nil {
		return nil, "", false, fmt.Errorf("line %d: %w", m.line, err)
	}
	return e, topic, admitted, nil
}

// withEventID puts a zero id into meta, which producers.Check replaces by the one that follows from the source document.
func withEventID(text []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(text))
	depth := 0
	for token, err := d.Token(); err == nil; token, err = d.Token() {
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		case "meta":
			if depth != 1 {
				continue
			}
			if open, _ := d.Token(); open == json.Delim('{') {
				return slices.Concat(text[:d.InputOffset()], []byte(`"event_id":"`+schemas.UUID{}.String()+`",`), text[d.InputOffset():])
			}
			return text
		}
	}
	return text
}

// unstamp takes off what intake and admission write into the envelope, so that what cat prints of the canonical log may be said again.
func unstamp(m *schemas.Meta) {
	m.CorrelationID, m.RuleSet, m.Period, m.OriginalPeriod, m.Late = "", "", "", "", false
	m.RecordedAt, m.AdmittedAt = schemas.Opt[schemas.Time]{}, schemas.Opt[schemas.Time]{}
	m.EffectiveDate, m.ThreadSequence = schemas.Opt[schemas.Date]{}, schemas.Opt[int64]{}
	m.Hydration, m.Intake = nil, nil
}
