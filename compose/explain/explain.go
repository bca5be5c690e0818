package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/schemas"
)

// ErrUnknown is returned for an id that is neither an entry nor an event that ClickHouse has loaded.
var ErrUnknown = errors.New("neither an entry nor an event has this id: is it spelt as in the journal, and has it been loaded? `throughline status`")

// Desk is where one asks.
type Desk struct {
	Cluster  []kgo.Opt
	Codec    *schemas.Codec
	Conn     driver.Conn
	Derive   func(schemas.Event) ([]schemas.Event, error) // the rules of finance
	Rounding func(ruleSet string) (schemas.RoundingMode, bool)
}

// Explanation is the whole answer.
type Explanation struct {
	Event       Event           `json:"event"`
	Inputs      json.RawMessage `json:"inputs"` // the canonical event as it stands
	Steps       []Step          `json:"steps"`
	Entries     []Entry         `json:"entries"`
	Corrections []Correction    `json:"corrections"` // events that took this one back or booked it by other rules
	Derivation  string          `json:"derivation"`  // "equal", or how what stands differs from what the rules give
	Follows     bool            `json:"follows"`     // what stands is what follows from the event
}

// Event is the cause.
type Event struct {
	ID        string       `json:"event_id"`
	Type      string       `json:"event_type"`
	Position  string       `json:"position"`
	Entity    string       `json:"legal_entity"`
	Thread    string       `json:"thread"`
	Source    string       `json:"source"`
	Effective schemas.Date `json:"effective_date"`
	Admitted  schemas.Time `json:"admitted_at"`
	Period    string       `json:"period"`
	Original  string       `json:"original_period,omitempty"`
	RuleSet   string       `json:"rule_set"`
	Rounding  string       `json:"rounding"`
	Corrects  string       `json:"corrects,omitempty"`
}

// Entry is one entry that stands, as Kafka has it.
type Entry struct {
	ID         string                `json:"entry_id"`
	AskedFor   bool                  `json:"asked_for,omitempty"` // by its own id; the others are of the same event
	Position   string                `json:"position"`
	Rule       string                `json:"rule"`
	Period     string                `json:"period"`
	Reverses   string                `json:"reverses,omitempty"`
	ReversedBy []string              `json:"reversed_by,omitempty"`
	Functional string                `json:"functional_currency"`
	Lines      []schemas.JournalLine `json:"lines"`

	event *schemas.JournalEntry
}

// Correction is an event that speaks of this one.
type Correction struct {
	ID   string `json:"event_id"`
	Type string `json:"event_type"`
	At   string `json:"position"`
}

// Why explains an entry, or all entries of an event.
func (d Desk) Why(ctx context.Context, id schemas.UUID) (x Explanation, err error) {
	found, err := d.find(ctx, id)
	if err != nil {
		return x, err
	}
	records, err := d.read(ctx, append([]schemas.Position{found.event}, found.entries...))
	if err != nil {
		return x, err
	}
	cause := records[0]
	mode, known := d.Rounding(cause.Event.Header().RuleSet)
	x.Event = eventOf(cause, mode, known)
	if x.Inputs, err = schemas.EventJSON(cause.Event); err != nil {
		return x, fmt.Errorf("writing %s as JSON: %w", cause.Position, err)
	}
	for _, r := range records[1:] {
		e, err := entryOf(r, found.reversedBy)
		if err != nil {
			return x, err
		}
		e.AskedFor = e.event.Meta.EventID == id
		x.Entries = append(x.Entries, e)
	}
	x.Corrections = found.corrections
	x.Steps = Steps(cause.Event, mode)
	for _, e := range x.Entries {
		x.Steps = append(x.Steps, exchanged(e.event, mode)...)
	}
	if x.Derivation, x.Follows, err = d.derived(cause.Event, x.Entries); err != nil || x.Follows || len(x.Entries) > 0 {
		return x, err
	}
	return x, d.elsewhere(ctx, cause.Position, &x)
}

func eventOf(d schemas.Delivery, mode schemas.RoundingMode, known bool) Event {
	m := d.Event.Header()
	e := Event{ID: m.EventID.String(), Type: d.Event.EventType(), Position: d.Position.String(), Entity: m.LegalEntity, Thread: m.CorrelationID, Effective: m.EffectiveDate.V,
		Admitted: m.AdmittedAt.V, Period: m.Period, Original: m.OriginalPeriod, RuleSet: m.RuleSet, Rounding: "half up",
		Source: fmt.Sprintf("%s/%s %s %s", m.Source.System, m.Source.Instance, m.Source.DocType, m.Source.DocID)}
	switch {
	case !known:
		e.Rounding = "unknown: this program has no such rule set"
	case mode == schemas.HalfEven:
		e.Rounding = "half even"
	}
	if m.Correction != nil {
		e.Corrects = m.Correction.CorrectedEventID.String()
	}
	return e
}

// places is where ClickHouse says that records stand.
type places struct {
	event       schemas.Position
	entries     []schemas.Position
	reversedBy  map[string][]string // entry → entries that negate it
	corrections []Correction
}

type row struct {
	EntryID   string  `ch:"entry_text"`
	EventID   string  `ch:"event_text"`
	EventType string  `ch:"event_type"`
	Reverses  *string `ch:"reverses_text"`
	Topic     string  `ch:"topic"`
	Partition int32   `ch:"partition"`
	Offset    uint64  `ch:"offset"`
}

func (r row) at() schemas.Position {
	return schemas.Position{Topic: r.Topic, Partition: r.Partition, Offset: int64(r.Offset)}
}

const (
	selectEntries = "SELECT DISTINCT toString(entry_id) AS entry_text, toString(event_id) AS event_text, event_type, toString(reverses) AS reverses_text, topic, partition, offset FROM journal_lines_log WHERE "
	selectEvents  = "SELECT DISTINCT '' AS entry_text, toString(event_id) AS event_text, event_type, toString(corrects) AS reverses_text, topic, partition, offset FROM events_log WHERE "
)

func (d Desk) rows(ctx context.Context, statement string, ids []string) (all []row, err error) {
	if err := d.Conn.Select(ctx, &all, statement, clickhouse.Named("ids", ids)); err != nil {
		return nil, fmt.Errorf("asking ClickHouse where the records stand: %w", err)
	}
	return all, nil
}

// find asks for all entries of the event that has this id, or of which an entry has it: what one event gives is judged together.
func (d Desk) find(ctx context.Context, id schemas.UUID) (p places, err error) {
	event := id.String()
	entries, err := d.rows(ctx, selectEntries+`event_id IN (SELECT toUUID({ids:Array(String)}[1])
		UNION ALL SELECT event_id FROM journal_lines_log WHERE entry_id IN (SELECT toUUID({ids:Array(String)}[1]))) ORDER BY n, offset`, []string{event})
	if err != nil {
		return p, err
	}
	if len(entries) > 0 {
		event = entries[0].EventID
	}
	ids := []string{}
	for _, e := range entries {
		p.entries, ids = append(p.entries, e.at()), append(ids, e.EntryID)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.reversals(ctx, ids, &p) })
	g.Go(func() error { return d.causes(ctx, event, &p) })
	err = g.Wait()
	return p, err
}

// causes finds the event and what corrects it.
func (d Desk) causes(ctx context.Context, event string, p *places) error {
	causes, err := d.rows(ctx, selectEvents+"event_id = toUUID({ids:Array(String)}[1]) OR corrects = toUUID({ids:Array(String)}[1]) ORDER BY offset", []string{event})
	if err != nil {
		return err
	}
	known := false
	for _, c := range causes {
		if c.EventID == event {
			p.event, known = c.at(), true
		} else {
			p.corrections = append(p.corrections, Correction{c.EventID, c.EventType, c.at().String()})
		}
	}
	if !known {
		return ErrUnknown
	}
	return nil
}

// reversals finds who negates these entries.
func (d Desk) reversals(ctx context.Context, ids []string, p *places) error {
	p.reversedBy = map[string][]string{}
	if len(ids) == 0 {
		return nil
	}
	reversals, err := d.rows(ctx, selectEntries+"has({ids:Array(String)}, ifNull(toString(reverses), ''))", ids)
	for _, r := range reversals {
		if r.Reverses != nil {
			p.reversedBy[*r.Reverses] = append(p.reversedBy[*r.Reverses], r.EntryID)
		}
	}
	return err
}

// read reads the records at these positions, several at a time.
func (d Desk) read(ctx context.Context, at []schemas.Position) ([]schemas.Delivery, error) {
	records := make([]schemas.Delivery, len(at))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i := range at {
		g.Go(func() (err error) {
			records[i], err = schemas.ReadAt(ctx, d.Cluster, d.Codec, at[i])
			if err == nil && records[i].Record == nil {
				err = errors.New("the log does not hold what ClickHouse has loaded from there: `throughline audit`")
			}
			if err != nil {
				return fmt.Errorf("reading %s: %w", at[i], err)
			}
			return nil
		})
	}
	return records, g.Wait()
}

func entryOf(x schemas.Delivery, reversedBy map[string][]string) (Entry, error) {
	e, ok := x.Event.(*schemas.JournalEntry)
	if !ok {
		return Entry{}, fmt.Errorf("reading %s: %s is no journal entry: `throughline audit`", x.Position, x.Event.EventType())
	}
	id := e.Meta.EventID.String()
	entry := Entry{ID: id, Position: x.Position.String(), Rule: fmt.Sprintf("%s@%d", e.RuleID, e.RuleVersion), Period: e.Meta.Period, ReversedBy: reversedBy[id],
		Functional: e.FunctionalCurrency, Lines: e.Lines, event: e}
	if e.Reverses.Set {
		entry.Reverses = e.Reverses.V.String()
	}
	return entry, nil
}
