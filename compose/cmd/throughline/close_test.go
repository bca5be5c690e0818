package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// A period from its soft close to its reopening, on the whole system (domain.md §2.6; scenario S43: what comes for a closed period is swept with its provenance).
func TestPeriodIsClosedProvenAndReopened(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "5", "--orders", "12", "--verify").exits(0)
	const entity, period = "ACME-US", "2026-01"
	s.refusesWhatIsNotThere(entity, period)

	file := filepath.Join(t.TempDir(), "close.json")
	soft := s.closes(file, period, "--entity", entity, "--soft")
	if !soft.Soft || soft.Entries == 0 || len(soft.Balances) == 0 || len(soft.Chain) == 0 {
		t.Fatalf("soft close: %+v", soft)
	}
	s.run("verify-close", file).exits(0).says("is what was closed")
	closed := s.closes(file, period, "--entity", entity)
	if closed.Soft || closed.Journal != soft.Journal || closed.Entries != soft.Entries {
		t.Errorf("the close holds other books than the soft close before it: %+v", closed)
	}
	// Kafka alone: nobody listens at ClickHouse's address.
	alone := s.with("--clickhouse", nobody(t))
	alone.run("verify-close", file).exits(0).says("is what was closed")
	alone.run("verify-close", entity+"/"+period).exits(0)
	if again := s.closes(file, period, "--entity", entity); again.ClosedAt != closed.ClosedAt || again.Journal != closed.Journal {
		t.Errorf("a second close announced another instant or holds other books: %s, then %s", closed.ClosedAt, again.ClosedAt)
	}
	before := s.exportsTheClose(alone, file, closed)
	s.takesLateIntoTheNext(entity, period)
	alone.run("verify-close", file).exits(0)

	s.run("reopen", period, "--entity", entity).exits(2, "--why is missing")
	s.run("reopen", period, "--entity", entity, "--why", "an auditor's correction").exits(0).says("takes postings again")
	s.publishFee(entity, "FEE-REOPENED")
	if e := s.entryOf("FEE-REOPENED"); e.Meta.Period != period || e.Meta.Late {
		t.Errorf("after the reopening a fee stands in %s, late %v", e.Meta.Period, e.Meta.Late)
	}
	alone.run("verify-close", file).exits(1, "is not what was closed").says("after the period was reopened")
	if after := s.exportsTheClose(alone, file, closed); after != before {
		t.Error("what was closed is exported otherwise after the period was reopened and has another entry")
	}
	s.closes(file, period, "--entity", entity)
	alone.run("verify-close", entity+"/"+period).exits(0)
	s.editedManifestIsTold(file)
	stop().exits(0)
}

func (s *servers) refusesWhatIsNotThere(entity, period string) {
	s.t.Helper()
	s.run("close", period).exits(2, "--entity is missing")
	s.run("close", "January", "--entity", entity).exits(2, "want year-month")
	s.run("close", period, "--entity", "NOBODY").exits(2, "no legal entity is called")
	s.run("close", period, "--entity", entity, "--at", "2001-01-01T00:00:00Z").exits(2, "in the future")
	s.run("reopen", period, "--entity", entity, "--why", "x").exits(1, "is open")
	s.run("verify-close", entity+"/"+period).exits(2, "no close of")
}

func (s *servers) closes(file string, args ...string) (m closing.Manifest) {
	s.t.Helper()
	s.run(append([]string{"close", "--out", file, "-o", "json"}, args...)...).exits(0).json(&m)
	return m
}

// publishFee says that a PSP took 1.50 on 20 January.
func (s *servers) publishFee(entity, doc string) {
	s.t.Helper()
	s.publishFeeOf(entity, doc, schemas.PSPFeeTypeFEE)
}

func (s *servers) publishFeeOf(entity, doc string, kind schemas.PSPFeeType) {
	s.t.Helper()
	day, err := json.Marshal("2026-01-20")
	if err != nil {
		s.t.Fatal(err)
	}
	fee := schemas.Example("psp.fee_charged").(*schemas.PSPFeeCharged)
	meta := schemas.Meta{EventType: fee.EventType(), SchemaVersion: 1, LegalEntity: entity, OccurredAt: 1_768_900_000_000_000, OccurredTZOffset: "Z",
		Source: schemas.Source{System: "stripe", Instance: "test", DocType: "fee", DocID: doc, Transition: "charged"}}
	if err := json.Unmarshal(day, &meta.DocumentDate.V); err != nil {
		s.t.Fatal(err)
	}
	meta.DocumentDate.Set = true
	fee.Meta, fee.FX = meta, nil
	fee.FeeID, fee.PaymentID, fee.Amount.Currency, fee.FeeType = doc, doc, "USD", kind
	text, err := schemas.EventJSON(fee)
	if err != nil {
		s.t.Fatal(err)
	}
	s.pipe(string(text), "publish").exits(0)
}

// entryOf waits for the entry of a fee.
func (s *servers) entryOf(doc string) (e *schemas.JournalEntry) {
	s.t.Helper()
	eventually(s.t, "the entry of "+doc, func() bool {
		for line := range strings.SplitSeq(s.run("cat", schemas.TopicJournal).exits(0).out, "\n") {
			if strings.Contains(line, doc) {
				x, err := schemas.ParseEventJSON("journal.entry", []byte(line))
				if err != nil {
					s.t.Fatal(err)
				}
				e = x.(*schemas.JournalEntry)
			}
		}
		return e != nil
	})
	return e
}

func (s *servers) takesLateIntoTheNext(entity, period string) {
	s.t.Helper()
	s.publishFee(entity, "FEE-LATE")
	if e := s.entryOf("FEE-LATE"); e.Meta.Period != "2026-02" || e.Meta.OriginalPeriod != period || !e.Meta.Late {
		s.t.Errorf("a late fee stands in %s, original %q, late %v", e.Meta.Period, e.Meta.OriginalPeriod, e.Meta.Late)
	}
}

func (s *servers) editedManifestIsTold(file string) {
	s.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), `"entries": `, `"entries": 1`, 1)), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.run("verify-close", file).exits(2, "it was edited")
}

// Behind the system's back a posting is removed and one altered in ClickHouse, one doubled and one forged in Kafka: each is found, named, and blocks the close.
func TestTamperingBlocksTheClose(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "5", "--orders", "12", "--verify").exits(0)
	const entity, period = "ACME-US", "2026-01"
	file := filepath.Join(t.TempDir(), "close.json")
	s.closes(file, period, "--entity", entity)

	altered, removed := s.tamperWithTables(entity, period)
	blocked := s.blockedBy(entity, period)
	for id, kind := range map[string]string{altered: "table journal_lines altered", removed: "table journal_lines missing"} {
		if blocked[id] != kind {
			t.Errorf("entry %s blocks as %q, want %q: %v", id, blocked[id], kind, blocked)
		}
	}
	s.run("verify-close", file).exits(0) // Kafka is what it was

	doubled, forged := s.tamperWithJournal(entity, period)
	blocked = s.blockedBy(entity, period)
	if blocked[doubled] != "finance.journal doubled" || blocked[forged] != "finance.journal orphaned" {
		t.Errorf("doubled %s is %q, forged %s is %q: %v", doubled, blocked[doubled], forged, blocked[forged], blocked)
	}
	s.forgeLink()
	var v closing.Verdict
	s.with("--clickhouse", nobody(t)).run("verify-close", file, "-o", "json").exits(1, "is not what was closed").json(&v)
	named := map[string]bool{}
	for _, f := range v.Findings {
		named[f.ID] = named[f.ID] || strings.HasPrefix(f.Position, schemas.TopicJournal+"/")
	}
	if link := schemas.NamedID("a link of nobody").String(); !slices.ContainsFunc(v.Findings, func(f closing.Finding) bool { return f.Check == "chain" && f.ID == link }) {
		t.Errorf("verify-close names %v, want the forged link %s", v.Findings, link)
	}
	if !named[doubled] || !named[forged] {
		t.Errorf("verify-close names %v, want %s and %s with their positions", v.Findings, doubled, forged)
	}
	stop().exits(0)
}

// blockedBy is what keeps a close from being done: id to what.
func (s *servers) blockedBy(entity, period string) map[string]string {
	s.t.Helper()
	var all []closing.Blocker
	s.run("close", period, "--entity", entity, "-o", "json", "--out", filepath.Join(s.t.TempDir(), "x")).exits(1, "refused", "keep "+period+" of "+entity).json(&all)
	by := map[string]string{}
	for _, b := range all {
		if b.Owner == "" || b.Do == "" {
			s.t.Errorf("blocker without owner or remedy: %+v", b)
		}
		if by[b.ID] == "" {
			by[b.ID] = b.What
		}
	}
	return by
}

// tables is a connection to ClickHouse.
func (s *servers) tables() driver.Conn {
	s.t.Helper()
	conn, err := sinks.Open(sinks.Config{Addr: s.engine.Addr()})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (s *servers) tamperWithTables(entity, period string) (altered, removed string) {
	s.t.Helper()
	conn := s.tables()
	where := " FROM journal_lines_log WHERE legal_entity = '" + entity + "' AND period = '" + period + "'"
	if err := conn.QueryRow(s.t.Context(), "SELECT toString(min(entry_id)), toString(max(entry_id))"+where).Scan(&altered, &removed); err != nil {
		s.t.Fatal(err)
	}
	for _, statement := range []string{
		"ALTER TABLE journal_lines_log UPDATE amount_fn = arrayMap(x -> x * 2, amount_fn) WHERE entry_id = '" + altered + "' SETTINGS mutations_sync = 2",
		"ALTER TABLE journal_lines_log DELETE WHERE entry_id = '" + removed + "' SETTINGS mutations_sync = 2",
	} {
		if err := conn.Exec(s.t.Context(), statement); err != nil {
			s.t.Fatal(err)
		}
	}
	return altered, removed
}

// tamperWithJournal writes as a foreign client does: an entry once more, and one of its own making. Both are of an entry that opens or settles an item of a control
// account, so that what they do to open items is seen.
func (s *servers) tamperWithJournal(entity, period string) (doubled, forged string) {
	s.t.Helper()
	original := s.entryWithOpenItem(entity, period)
	again := &kgo.Record{Topic: schemas.TopicJournal, Key: original.Record.Key, Value: original.Record.Value}
	if err := s.client().ProduceSync(s.t.Context(), again).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
	return original.Event.Header().EventID.String(), s.forgeEntry(entity, period, "out of thin air")
}

func (s *servers) entryWithOpenItem(entity, period string) schemas.Delivery {
	s.t.Helper()
	for d, err := range schemas.Read(s.t.Context(), []kgo.Opt{kgo.SeedBrokers(s.brokers...)}, s.clusterCodec(), schemas.Span{Topics: []string{schemas.TopicJournal}}) {
		if err != nil {
			continue // somebody else's
		}
		e := d.Event.(*schemas.JournalEntry)
		if e.Meta.LegalEntity == entity && e.Meta.Period == period && slices.ContainsFunc(e.Lines, func(l schemas.JournalLine) bool { return l.Account == "1150" || l.Account == "2100" }) {
			return d
		}
	}
	s.t.Fatalf("%s of %s has no entry on 1150 or 2100", period, entity)
	return schemas.Delivery{}
}

func (s *servers) forgeEntry(entity, period, name string) (id string) {
	s.t.Helper()
	e := *s.entryWithOpenItem(entity, period).Event.(*schemas.JournalEntry)
	e.Meta.EventID = schemas.NamedID(name)
	rec, err := s.clusterCodec().Record(&e)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.client().ProduceSync(s.t.Context(), rec).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
	return e.Meta.EventID.String()
}

// forgeLink writes a link that continues nothing.
func (s *servers) forgeLink() {
	s.t.Helper()
	l := &schemas.JournalLink{Partition: 0, Number: 0, Records: 1, Previous: make([]byte, 32), Head: make([]byte, 32), Offsets: []int64{0}, Hashes: [][]byte{make([]byte, 32)}}
	l.Meta = schemas.Meta{EventID: schemas.NamedID("a link of nobody"), LegalEntity: "*", OccurredTZOffset: "Z", Source: schemas.Source{System: "nobody", Instance: "x", DocType: "x", DocID: "x"}}
	rec, err := s.clusterCodec().Record(l)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.client().ProduceSync(s.t.Context(), rec).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}
