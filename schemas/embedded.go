package schemas

import (
	"bytes"
	"embed"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hamba/avro/v2"
)

// An event that another one carries, as a void carries what it voids, must be read for as long as the log is kept, by pure functions that have no registry
// to ask: after its schema has changed too. So it stands in Avro's single-object encoding (Avro 1.12, "Single-object encoding"): the marker, the CRC-64-AVRO fingerprint
// of the schema that wrote it, little-endian, and the body. The bytes do not depend on a registry, and every schema that ever wrote one is in history/.
//
//go:embed history/*.avsc
var historyFiles embed.FS

var singleObject = []byte{0xC3, 0x01}

// EncodeEmbedded writes what DecodeEmbedded reads.
func EncodeEmbedded(e Event) ([]byte, error) {
	versions, err := embeddedVersions(e.EventType())
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 1024)
	b = binary.LittleEndian.AppendUint64(append(b, singleObject...), versions[0].fingerprint)
	return e.appendAvro(b)
}

// DecodeEmbedded reads an event of a type that another event carries. A source may carry it as the codec writes it, five-byte prefix included, whose id only a
// registry knows; so does a state store. Then the body is read by the newest schema of the type that reads it whole; the caller compares its event id
// with the one that it expects. What does not decode is a *PoisonError.
func DecodeEmbedded(original []byte, eventType string) (Event, error) {
	versions, err := embeddedVersions(eventType)
	if err != nil {
		return nil, err
	}
	if body, ok := bytes.CutPrefix(original, singleObject); ok && len(body) >= 8 {
		fingerprint := binary.LittleEndian.Uint64(body)
		for _, v := range versions {
			if v.fingerprint == fingerprint {
				return v.decode(body[8:], eventType)
			}
		}
		return nil, &PoisonError{Class: DeadLetterClassUNKNOWN_SCHEMA, Reason: "meta.correction.original was written by a version of its schema that this binary does not know: deploy one that does"}
	}
	_, body, err := splitPrefix(original)
	if err != nil {
		return nil, err
	}
	e, err := versions[0].decode(body, eventType)
	for _, v := range versions[1:] {
		if err == nil {
			break
		}
		if older, olderErr := v.decode(body, eventType); olderErr == nil {
			e, err = older, nil
		}
	}
	return e, err
}

// embeddedVersion is one version of an event's schema.
type embeddedVersion struct {
	number      int // of its file in history; today's is above all
	fingerprint uint64
	text        string
	foreign     func() *resolver // nil: today's
}

func (v *embeddedVersion) decode(body []byte, eventType string) (Event, error) {
	e := eventOfType(eventType)
	if v.foreign == nil {
		r := newReader(body)
		e.decodeAvro(&r)
		if err := r.end(); err != nil {
			return nil, undecodable(e.Subject(), body, err)
		}
		return e, nil
	}
	f := v.foreign()
	if f.poison != nil {
		return nil, f.poison
	}
	if err := embeddedCodec.decodeForeign(f, body, e); err != nil {
		return nil, err
	}
	return e, nil
}

var (
	embeddedCodec = NewCodec(nil, nil) // what decodeForeign needs of a codec is no registry
	embeddedKnown sync.Map             // event type → []embeddedVersion
)

// embeddedVersions are the versions of an event's schema, newest first.
func embeddedVersions(eventType string) ([]embeddedVersion, error) {
	if v, ok := embeddedKnown.Load(eventType); ok {
		return v.([]embeddedVersion), nil
	}
	e := eventOfType(eventType)
	if e == nil {
		return nil, &PoisonError{Class: DeadLetterClassUNKNOWN_SCHEMA, Reason: "meta.correction.corrected_event_type is no event of the catalog"}
	}
	old, err := historyOf(eventType)
	if err != nil {
		return nil, err
	}
	own, err := fingerprintOf(ownText(e.Subject()))
	if err != nil {
		return nil, err
	}
	versions := append([]embeddedVersion{{fingerprint: own}}, old...)
	embeddedKnown.Store(eventType, versions)
	return versions, nil
}

// historyOf is every version of an event's schema before today's, newest first.
func historyOf(eventType string) (all []embeddedVersion, err error) {
	files, err := historyFiles.ReadDir("history")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name, ok := strings.CutPrefix(strings.TrimSuffix(f.Name(), ".avsc"), eventType+".")
		number, numberErr := strconv.Atoi(name)
		if !ok || numberErr != nil {
			continue
		}
		text, err := historyFiles.ReadFile("history/" + f.Name())
		if err != nil {
			return nil, err
		}
		v := embeddedVersion{number: number, text: string(text), foreign: sync.OnceValue(func() *resolver { return newResolver(string(text)) })}
		if v.fingerprint, err = fingerprintOf(v.text); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b embeddedVersion) int { return b.number - a.number })
	return all, nil
}

// fingerprintOf is the CRC-64-AVRO fingerprint of a schema's canonical form.
func fingerprintOf(text string) (uint64, error) {
	s, err := parseSchema(text)
	if err != nil {
		return 0, err
	}
	sum, err := s.FingerprintUsing(avro.CRC64Avro)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(sum), nil
}
