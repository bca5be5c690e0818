package atp

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

// world stands in for admission in scenarios: it knows under which SKU, place and date the demand of one file's orders stands and what
// its reservations still hold, and stamps that on the events that use it up.
type world struct {
	t            *testing.T
	showing      bool
	positions    map[string]*position
	demand       map[string]demand          // by order and SKU
	reservations map[string]schemas.Decimal // by reservation and SKU
	events       map[string]schemas.Event
	codec        *schemas.Codec
}

type demand struct {
	location string
	date     schemas.Opt[schemas.Date]
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, positions: map[string]*position{}, demand: map[string]demand{}, reservations: map[string]schemas.Decimal{},
		events: map[string]schemas.Event{}, codec: schemas.NewCodec(nil, schemas.OfflineIDs()),
	}
}

func (w *world) given(line string) {
	words := strings.Fields(line)
	switch words[1] {
	case "positions":
		w.showing = true
	default:
		w.t.Fatalf("%q: given what?", line)
	}
}

// facts are what a clause says: a name and its words, separated by commas.
type facts map[string][]string

func readFacts(clause string) facts {
	f := facts{}
	for part := range strings.SplitSeq(clause, ",") {
		if words := strings.Fields(part); len(words) > 1 && words[1] == "×" {
			f["goods"] = words
		} else if len(words) > 0 {
			f[words[0]] = words[1:]
		}
	}
	return f
}

func (f facts) word(name string) string {
	if len(f[name]) > 0 {
		return f[name][0]
	}
	return ""
}

func (f facts) has(name string) bool { _, ok := f[name]; return ok }

func (f facts) date(name string) schemas.Opt[schemas.Date] {
	at, err := time.Parse(time.DateOnly, f.word(name))
	if err != nil {
		return schemas.Opt[schemas.Date]{}
	}
	return schemas.Some(schemas.DateOf(at))
}

func (f facts) number(name string) schemas.Opt[schemas.Decimal] {
	if f.word(name) == "" {
		return schemas.Opt[schemas.Decimal]{}
	}
	return schemas.Some(schemas.MustDecimal(f.word(name)).Round(6, schemas.Down))
}

// stock and quantity are a line's "2 × A at DC1"; "2 × A of 12" is two cases of twelve, and stock counts base units only.
func (f facts) stock() schemas.StockRef {
	s := schemas.StockRef{SKU: f["goods"][2], Location: "DC1"}
	if f.has("at") {
		s.Location = f.word("at")
	}
	if f.has("status") {
		s.StockStatus = schemas.StockStatus(f.word("status"))
	}
	return s
}

func (f facts) quantity() schemas.Quantity {
	q := schemas.MustDecimal(f["goods"][0]).Round(6, schemas.Down)
	base := q
	if f.has("cases-of") {
		base = q.MulRound(schemas.MustDecimal(f.word("cases-of")), 6, schemas.Down)
	}
	return schemas.Quantity{Qty: q, UOM: "EA", BaseQty: base, BaseUOM: "EA"}
}

// build makes the canonical event of "system event.type DOC facts; line; line" and remembers it.
func (w *world) build(text string) schemas.Event {
	w.t.Helper()
	clauses := strings.Split(text, ";")
	head := strings.Fields(clauses[0])
	if len(head) < 3 {
		w.t.Fatalf("%q: want who, event and document", text)
	}
	s := statement{doc: head[2], facts: readFacts(strings.Join(head[3:], " "))}
	for _, clause := range clauses[1:] {
		s.lines = append(s.lines, readFacts(clause))
	}
	e, ok := schemas.NewEvent(head[1])
	if build := builders[head[1]]; build != nil {
		e = build(w, s)
	} else if !ok {
		w.t.Fatalf("%q is no event", head[1])
	}
	m := e.Header()
	*m = schemas.Meta{
		EventID: schemas.NamedID("scenario", head[1], s.doc), EventType: head[1], SchemaVersion: 1, LegalEntity: "ACME", OccurredTZOffset: "Z",
		Source:     schemas.Source{System: head[0], Instance: "test", DocType: head[1], DocID: s.doc},
		AdmittedAt: schemas.Some(schemas.Time(1_772_442_002_000_000)), RuleSet: DefaultRuleSet, Period: "2026-03", Correction: m.Correction,
	}
	m.CorrelationID = schemas.Thread(e)
	w.events[head[1]+" "+s.doc] = e
	return e
}

type statement struct {
	doc   string
	facts facts
	lines []facts
}

func (s statement) order() string { return s.facts.word("of") }

func lineID(i int) string { return strconv.Itoa(i + 1) }
