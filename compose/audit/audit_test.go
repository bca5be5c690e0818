package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/audit"
	deltas "github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// tell is findings as "check kind position" lines, for comparison.
func tell(findings []audit.Finding) (lines []string) {
	for _, f := range findings {
		lines = append(lines, f.Check+" "+string(f.Kind)+" "+f.Position)
	}
	return lines
}

// expectNew checks that exactly these findings came on top of old ones, and returns the report.
func (s *system) expectNew(old []audit.Finding, want ...string) audit.Report {
	s.t.Helper()
	s.settle()
	rep := s.audit()
	var fresh []string
	before := tell(old)
	for _, line := range tell(rep.Findings) {
		if !slices.Contains(before, line) {
			fresh = append(fresh, line)
		}
	}
	slices.Sort(fresh)
	slices.Sort(want)
	if strings.Join(fresh, "\n") != strings.Join(want, "\n") {
		s.t.Errorf("new findings:\n%s\nwant:\n%s", strings.Join(fresh, "\n"), strings.Join(want, "\n"))
		for _, f := range rep.Findings {
			s.t.Logf("%+v", f)
		}
	}
	for _, f := range rep.Findings {
		if f.Do == "" || f.Detail == "" || f.Invariant == "" {
			s.t.Errorf("a finding that does not say what is wrong and what to do: %+v", f)
		}
	}
	return rep
}

// copyOf is a record of d's own for a foreign client to write.
func copyOf(d schemas.Delivery) *kgo.Record {
	return &kgo.Record{Topic: d.Topic, Partition: d.Partition, Key: d.Record.Key, Value: d.Record.Value}
}

// encode is a record of e in the partition of like.
func (s *system) encode(e schemas.Event, like schemas.Delivery) *kgo.Record {
	s.t.Helper()
	value, err := s.codec.Encode(e)
	if err != nil {
		s.t.Fatal(err)
	}
	return &kgo.Record{Topic: like.Topic, Partition: like.Partition, Key: like.Record.Key, Value: value}
}

func at(r *kgo.Record) string {
	return schemas.Position{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}.String()
}

// A clean run finds nothing. Then somebody tampers, once in each way, in Kafka with a foreign client and in ClickHouse, and the audit names each, and
// nothing else.
func TestAuditNamesEveryTampering(t *testing.T) {
	s := newSystem(t)
	s.startCore(fold())
	s.processor(finance.Processor(), asBuilt)
	s.processor(deltas.Processor(), asBuilt)
	s.startSinks()
	s.play(simulate.New(simulate.Config{Seed: 5, Orders: 40}), 0)
	rep := s.expectNew(nil)
	s.checkClean(rep)

	journal, moved := s.read(schemas.TopicJournal), s.read(schemas.TopicDeltas)
	old := rep.Findings
	t.Run("a doubled entry", func(t *testing.T) {
		r := copyOf(journal[3])
		s.produce(r)
		old = s.expectNew(old, "finance.journal doubled "+at(r)).Findings
	})
	t.Run("a forged entry", func(t *testing.T) {
		forged := *journal[4].Event.(*schemas.JournalEntry)
		forged.Meta.EventID = schemas.NamedID("forged")
		r := s.encode(&forged, journal[4])
		s.produce(r)
		old = s.expectNew(old, "finance.journal orphaned "+at(r)).Findings
	})
	t.Run("I2 I6 an altered entry that does not balance", func(t *testing.T) {
		altered := *journal[5].Event.(*schemas.JournalEntry)
		altered.Lines = slices.Clone(altered.Lines)
		altered.Lines[0].AmountFn = altered.Lines[0].AmountFn.Add(schemas.MustDecimal("0.01"))
		altered.Lines[0].AmountTxn = altered.Lines[0].AmountTxn.Add(schemas.MustDecimal("0.01"))
		r := s.encode(&altered, journal[5])
		s.produce(r)
		old = s.expectNew(old, "finance.journal altered "+at(r), "balance unbalanced "+at(r)).Findings
	})
	t.Run("I5 a forged position, and a doubled delta that the fold has added up", func(t *testing.T) {
		r := copyOf(moved[0])
		s.produce(r)
		old = s.expectNew(old, "inventory.deltas doubled "+at(r)).Findings
		position := s.read(schemas.TopicPositions)[0]
		forged := *position.Event.(*schemas.StockPosition)
		forged.OnHand, forged.ATP = forged.OnHand.Add(schemas.MustDecimal("7")), forged.ATP.Add(schemas.MustDecimal("7"))
		forged.SKU = s.idleSKU()
		f := s.encode(&forged, position)
		s.produce(f)
		old = s.expectNew(old, "inventory.positions differs "+at(f)).Findings
	})
	t.Run("I4 canonical events that admission did not write", func(t *testing.T) { old = s.forgeCanonical(old) })
	t.Run("rows in ClickHouse", func(t *testing.T) { s.tamperTables(old, journal, moved) })
}

// checkClean checks that the audit looked at everything.
func (s *system) checkClean(rep audit.Report) {
	s.t.Helper()
	for check, topics := range map[string][]string{"canonical": schemas.CanonicalTopics(), "intake": schemas.IntakeTopics(), "finance.journal": {schemas.TopicJournal},
		"inventory.deltas": {schemas.TopicDeltas}, "balance": {schemas.TopicJournal}, "table events": schemas.CanonicalTopics(),
		"table journal_lines": {schemas.TopicJournal}, "table stock_deltas": {schemas.TopicDeltas}} {
		c := summary(s.t, rep, check)
		if n := int64(len(s.read(topics...))); c.Records != n || n == 0 || c.Pending != 0 || c.Dead != 0 || c.Unknown != 0 {
			s.t.Errorf("%s: %+v, want %d records, none pending, dead or unknown", check, c, n)
		}
	}
}

// idleSKU is a SKU of no delta.
func (s *system) idleSKU() string { return "NEVER-MOVED" }

// forgeCanonical writes canonical events past admission: one that names no intake record, one that borrows another's, one that stands already.
func (s *system) forgeCanonical(old []audit.Finding) []audit.Finding {
	s.t.Helper()
	orders := s.read("orders")
	none := *orders[0].Event.(*schemas.OrderAccepted)
	none.Meta.EventID, none.Meta.Intake = schemas.NamedID("forged", "none"), nil
	borrowed := *orders[0].Event.(*schemas.OrderAccepted)
	borrowed.Meta.EventID = schemas.NamedID("forged", "borrowed")
	a, b, c := s.encode(&none, orders[0]), s.encode(&borrowed, orders[0]), copyOf(orders[1])
	s.produce(a)
	s.produce(b)
	s.produce(c)
	s.settle()
	// What the processors derived from them follows from them; the copy's effects stand twice.
	want := []string{"canonical orphaned " + at(a), "canonical orphaned " + at(b), "canonical doubled " + at(c)}
	for _, topic := range []string{schemas.TopicJournal, schemas.TopicDeltas} {
		seen := map[schemas.UUID]bool{}
		for _, d := range s.read(topic) {
			m := d.Event.Header()
			if m.CausationID.V == orders[1].Event.Header().EventID && seen[m.EventID] {
				want = append(want, topic+" doubled "+d.Position.String())
			}
			seen[m.EventID] = true
		}
	}
	return s.expectNew(old, want...).Findings
}

// tamperTables alters a line, removes an entry and a delta, makes up an event, and inserts a row twice, which is no violation.
func (s *system) tamperTables(old []audit.Finding, journal, moved []schemas.Delivery) {
	s.t.Helper()
	exec := func(sql string) {
		s.t.Helper()
		if err := s.conn.Exec(s.t.Context(), sql); err != nil {
			s.t.Fatal(err)
		}
	}
	altered, removed, delta := journal[10], journal[11], moved[5]
	exec(fmt.Sprintf(`ALTER TABLE journal_lines_log UPDATE amount_fn = arrayMap((x, i) -> if(i = 2, x + 1, x), amount_fn, line_no) WHERE entry_id = '%s' SETTINGS mutations_sync = 2`,
		altered.Event.Header().EventID))
	exec(fmt.Sprintf(`ALTER TABLE journal_lines_log DELETE WHERE entry_id = '%s' SETTINGS mutations_sync = 2`, removed.Event.Header().EventID))
	exec(fmt.Sprintf(`ALTER TABLE stock_deltas_log DELETE WHERE delta_id = '%s' SETTINGS mutations_sync = 2`, delta.Event.Header().EventID))
	made := "11111111-2222-5333-8444-555555555555"
	exec(`INSERT INTO events_log SELECT * REPLACE (toUUID('` + made + `') AS event_id) FROM events_log LIMIT 1`)
	exec(`INSERT INTO events_log SELECT * FROM events_log WHERE event_id != '` + made + `' LIMIT 3`)
	var like schemas.Position
	if err := s.conn.QueryRow(s.t.Context(), "SELECT topic, partition, toInt64(offset) FROM events_log WHERE event_id = '"+made+"'").Scan(&like.Topic, &like.Partition, &like.Offset); err != nil {
		s.t.Fatal(err)
	}
	rep := s.expectNew(old, "table journal_lines altered "+altered.Position.String(), "table journal_lines missing "+removed.Position.String(),
		"table stock_deltas missing "+delta.Position.String(), "table events orphaned "+like.String())
	if n := summary(s.t, rep, "table events").RawDoubles; n < 1 {
		s.t.Errorf("%d raw doubles in events_log, want those that were inserted", n)
	}
	for _, f := range rep.Findings {
		if f.Kind == audit.Altered && f.Check == "table journal_lines" && !strings.Contains(f.Detail, "amount_fn is") {
			s.t.Errorf("the altered field is not named: %s", f.Detail)
		}
	}
}
