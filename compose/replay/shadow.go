package replay

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"maps"
	"math"
	"slices"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// shadow derives the selected events beside the running processor and notes what stands of it.
type shadow struct {
	desk      Desk
	processor processors.Processor
	selection Selection
	inputs    hash.Hash
	derived   hash.Hash
	ruleSets  map[string]bool
	letters   map[schemas.Position]string // where the processor's letters died → why
	answered  map[schemas.Position]bool   // where those events stand whose letter a rule.superseded answered
	events    map[schemas.UUID]*shadowed
	order     []*shadowed // as read
	wants     map[schemas.UUID]want
	strays    []schemas.Delivery // that stand and must not, or with other content

	standings  standings
	calendar   *calendar // where the plan is for another rule set
	difference *books    // between what stands and what the plan's rule set gives
}

// shadowed is one selected event.
type shadowed struct {
	id        schemas.UUID
	eventType string
	at        schemas.Position
	ids       []schemas.UUID // of what follows
	refusal   string         // why the derivation refuses it
	entity    string
	period    string

	stands     string // the rule set under which it stands, where the plan is for another
	times      int    // how often it was superseded
	superseded bool   // its effect is another one under the plan's rule set
	booked     string // the period in which that would be booked
	unfit      string // why the plan's rule set refuses it
}

// want is one record that must stand.
type want struct {
	digest [16]byte
	of     *shadowed
	stands bool
	other  bool // it stands with other content
}

// run reads the letters, the selected events, what stands, and what answers letters of what does not.
func (s *shadow) run(ctx context.Context, windows []Window, asOf map[string]map[int32]int64) error {
	if err := s.each(ctx, schemas.Span{Topics: []string{schemas.TopicLetters}, Until: asOf, Open: true}, s.takeLetter); err != nil {
		return err
	}
	if len(windows) == 0 {
		return nil
	}
	if err := s.corrections(ctx); err != nil {
		return err
	}
	// In the order of the windows, each by itself: the hashes must not depend on how partitions interleave.
	for _, w := range windows {
		if err := s.each(ctx, span([]Window{w}), func(d schemas.Delivery) error { return s.takeEvent(d) }); err != nil {
			return err
		}
	}
	if err := s.each(ctx, schemas.Span{Topics: s.processor.To, Until: asOf, Open: true}, s.takeStanding); err != nil {
		return err
	}
	return s.answers(ctx)
}

// each hands every readable record of a span to take.
func (s *shadow) each(ctx context.Context, sp schemas.Span, take func(schemas.Delivery) error) error {
	n := 0
	for d, err := range schemas.Read(ctx, s.desk.Cluster, s.desk.Codec, sp) {
		if errors.Is(err, schemas.ErrPoison) {
			continue // the audit names it
		}
		if err != nil {
			return fmt.Errorf("reading %v: %w", sp.Topics, err)
		}
		if n++; n%5000 == 0 {
			s.desk.progress("reading "+d.Topic, n, 0)
		}
		if err := take(d); err != nil {
			return err
		}
	}
	return nil
}

func (s *shadow) takeLetter(d schemas.Delivery) error {
	if l, ok := d.Event.(*schemas.DeadLetter); ok && l.Consumer == schemas.Group(s.processor.Name) {
		s.letters[schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}] = string(l.Class) + ": " + l.Reason
	}
	return nil
}

// answers finds the selected events that lack something and were booked all the same, by a rule.superseded that answered their letter. It follows its event in the
// same partition, and stays there when the letter has expired.
func (s *shadow) answers(ctx context.Context) error {
	if s.processor.Name != bookkeeper {
		return nil
	}
	lacks, first := map[schemas.UUID]*shadowed{}, map[schemas.Position]Window{}
	for _, x := range s.order {
		if x.refusal == "" && !slices.ContainsFunc(x.ids, func(id schemas.UUID) bool { return !s.wants[id].stands }) {
			continue
		}
		lacks[schemas.LetterID(schemas.Group(bookkeeper), x.at)] = x
		of := schemas.Position{Topic: x.at.Topic, Partition: x.at.Partition}
		if w, ok := first[of]; !ok || x.at.Offset < w.From {
			first[of] = Window{Topic: of.Topic, Partition: of.Partition, From: x.at.Offset, To: math.MaxInt64}
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	after := span(slices.Collect(maps.Values(first)))
	after.Open = true
	return s.each(ctx, after, func(d schemas.Delivery) error {
		if x, ok := d.Event.(*schemas.RuleSuperseded); ok {
			if of := lacks[x.LetterID.V]; of != nil && answers(x, x.LetterID.V, of.id) {
				s.answered[of.at] = true
			}
		}
		return nil
	})
}

func (s *shadow) takeEvent(d schemas.Delivery) error {
	selected, err := s.selection.selects(d)
	if err != nil || !selected {
		return err
	}
	m := d.Event.Header()
	fmt.Fprintf(s.inputs, "%s %x\n", d.Position, sha256.Sum256(d.Record.Value))
	x := &shadowed{id: m.EventID, eventType: d.Event.EventType(), at: d.Position, entity: m.LegalEntity, period: m.Period}
	outputs, err := s.derive(d.Event)
	switch {
	case err == nil:
	case schemas.FateOf(err) == schemas.Poison:
		x.refusal = err.Error()
		fmt.Fprintf(s.derived, "%s refused %s\n", x.id, x.refusal)
	default:
		return fmt.Errorf("deriving %s at %s: %w", x.eventType, x.at, err)
	}
	s.ruleSets[m.RuleSet] = true
	if s.events[x.id] == nil { // an id that stands twice is the audit's business
		s.events[x.id] = x
		s.order = append(s.order, x)
	}
	for _, e := range outputs {
		sum, err := s.digest(e)
		if err != nil {
			return fmt.Errorf("encoding %s of %s at %s: %w", e.EventType(), x.eventType, x.at, err)
		}
		id := e.Header().EventID
		x.ids = append(x.ids, id)
		s.wants[id] = want{digest: sum, of: x}
		fmt.Fprintf(s.derived, "%s %x\n", id, sum)
	}
	return s.supersedes(x, d.Event)
}

// derive is the processor's derivation; a panic is a refusal, as it is in the loop.
func (s *shadow) derive(e schemas.Event) (out []schemas.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: "derivation panicked"}
		}
	}()
	out, err = s.processor.Derive(e)
	if err != nil && !errors.Is(err, schemas.ErrPoison) && !errors.Is(err, processors.ErrUnknownRuleSet) {
		err = &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: err.Error()}
	}
	return out, err
}

// digest is the content of a derived record: key and body, without the five-byte prefix.
func (s *shadow) digest(e schemas.Event) (d [16]byte, err error) {
	_, key := schemas.Route(e)
	value, err := s.desk.Codec.Encode(e)
	if err != nil {
		return d, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d ", len(key))
	h.Write(key)
	h.Write(value[5:])
	copy(d[:], h.Sum(nil))
	return d, nil
}

func (s *shadow) takeStanding(d schemas.Delivery) error {
	m := d.Event.Header()
	w, wanted := s.wants[m.EventID]
	if !wanted {
		if s.events[m.CausationID.V] != nil && d.Topic != schemas.TopicExceptions { // others raise exceptions about the same events
			s.strays = append(s.strays, d)
		}
		return nil
	}
	// What another version of the schema wrote is compared by what ours reads in it; the audit compares bytes.
	sum, err := s.digest(d.Event)
	if err != nil {
		return fmt.Errorf("comparing %s: %w", d.Position, err)
	}
	if sum == w.digest {
		w.stands = true
	} else {
		w.other = true
		s.strays = append(s.strays, d)
	}
	s.wants[m.EventID] = w
	return nil
}

// sorted is ids as text.
func sorted(ids []schemas.UUID) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = id.String()
	}
	slices.Sort(all)
	return all
}
