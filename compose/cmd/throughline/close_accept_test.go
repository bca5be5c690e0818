package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
)

// What a foreign client wrote stays in the log for ever. A controller who has understood it closes in spite of it, by name; the books hold none of it.
func TestCloseInSpiteOfForgery(t *testing.T) {
	closesInSpiteOfForgery(startServers(t, &embedded.ClickHouseConfig{}))
}

func closesInSpiteOfForgery(s *servers) {
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "5", "--orders", "12", "--verify").exits(0)
	const entity, period, next = "ACME-US", "2026-01", "2026-02"
	dir := s.t.TempDir()
	clean, file := filepath.Join(dir, "clean.json"), filepath.Join(dir, "close.json")
	before := s.closes(clean, period, "--entity", entity)
	ahead := s.closes(filepath.Join(dir, "ahead.json"), next, "--entity", entity, "--soft")
	alone := s.with("--clickhouse", nobody(s.t))
	alone.run("verify-close", clean).exits(0).says("is what was closed")
	s.exportsThePeriod(entity, period, before)

	doubled, forged := s.tamperWithJournal(entity, period)
	s.forgeLink()
	junk := s.writeJunk("payments", schemas.TopicJournal)
	blocked := s.blockedBy(entity, period)
	if blocked[doubled] != "finance.journal doubled" || blocked[forged] != "finance.journal orphaned" {
		s.t.Errorf("doubled %s is %q, forged %s is %q: %v", doubled, blocked[doubled], forged, blocked[forged], blocked)
	}
	alone.run("verify-close", clean).exits(1, "is not what was closed")
	// What fits no period blocks every one, and what was forged into a period blocks those that carry its open items on.
	s.run("close", next, "--entity", entity, "--soft", "--out", file).exits(1, "things keep "+next+" of "+entity+" from being closed")
	names := append([]string{doubled, forged, schemas.NamedID("a link of nobody").String()}, junk...)
	s.refusesToAccept(entity, period, names)

	const why = "a test client wrote to production; its key is revoked"
	closed := s.closes(file, period, "--entity", entity, "--accept", strings.Join(names, ","), "--why", why, "--who", "controller")
	if closed.Journal != before.Journal || closed.Entries != before.Entries || !slices.Equal(closed.Balances, before.Balances) || !slices.Equal(closed.Controls, before.Controls) {
		s.t.Errorf("what was accepted is in the books:\n%+v\nwant\n%+v", closed, before)
	}
	if n := len(closed.Accepted); n < len(names) || closed.Accepted[0].By != "controller" || closed.Accepted[0].Why != why {
		s.t.Errorf("%d acceptances stand in the manifest: %+v", n, closed.Accepted)
	}
	alone.run("verify-close", file).exits(0).says("is what was closed", "accepted  by controller at ", why)
	s.exportsTheClose(alone, file, closed)

	// Said once, it counts for every later close of any period; who said so is shown.
	s.run("close", next, "--entity", entity, "--soft", "--out", filepath.Join(dir, "next.json")).exits(0).says("accepted earlier  by controller at ", why)
	var after closing.Manifest
	s.run("close", next, "--entity", entity, "--soft", "--out", filepath.Join(dir, "next.json"), "-o", "json").exits(0).json(&after)
	if !slices.Equal(after.Controls, ahead.Controls) || !slices.Equal(after.Balances, ahead.Balances) {
		s.t.Errorf("what was forged into %s changes %s: %+v, want %+v", period, next, after.Controls, ahead.Controls)
	}
	alone.run("verify-close", filepath.Join(dir, "next.json")).exits(0)
	if n := strings.Count(s.run("cat", schemas.TopicActions).exits(0).out, `"action":"ACCEPT"`); n != len(closed.Accepted) {
		s.t.Errorf("%d acceptances stand in operations.actions, want %d", n, len(closed.Accepted))
	}
	// The manifest made before knows nothing of it, and what comes after is new.
	alone.run("verify-close", clean).exits(1, "is not what was closed")
	s.seesWhatIsNew(alone, file, s.forgeEntry(entity, period, "out of thin air again"))
	s.acceptsNothingCurable(entity, period)
	stop().exits(0)
}

// seesWhatIsNew verifies a close with acceptances after one more entry was forged.
func (s *servers) seesWhatIsNew(alone tool, file, forged string) {
	s.t.Helper()
	var v closing.Verdict
	alone.run("verify-close", file, "-o", "json").exits(1, "is not what was closed").json(&v)
	if len(v.Findings) == 0 || len(v.Accepted) == 0 || len(v.Differences) > 0 {
		s.t.Errorf("after another forgery: %+v", v)
	}
	for _, f := range v.Findings {
		if f.ID != forged {
			s.t.Errorf("only %s is new, and verify-close names %+v", forged, f)
		}
	}
}

// refusesToAccept tries what is wrong use, and what is no finding.
func (s *servers) refusesToAccept(entity, period string, names []string) {
	s.t.Helper()
	ask := func(more ...string) result {
		return s.run(append([]string{"close", period, "--entity", entity, "--out", filepath.Join(s.t.TempDir(), "x")}, more...)...)
	}
	ask("--accept", names[0]).exits(2, "--why is missing")
	ask("--why", "x").exits(2, "--why belongs to --accept")
	ask("--accept", "finance.journal/0@987654", "--why", "x").exits(2, `nothing that keeps 2026-01 of ACME-US from being closed is called "finance.journal/0@987654"`)
	ask("--accept", names[0], "--why", "x").exits(1, "refused", "keep "+period+" of "+entity).says("--accept")
	if strings.Contains(s.run("cat", schemas.TopicActions).exits(0).out, "ACCEPT") {
		s.t.Error("a close that was refused has recorded an acceptance")
	}
}

// acceptsNothingCurable names a dead letter of finance and a hold.
func (s *servers) acceptsNothingCurable(entity, period string) {
	s.t.Helper()
	ask := func(name string) result {
		return s.run("close", period, "--entity", entity, "--out", filepath.Join(s.t.TempDir(), "x"), "--accept", name, "--why", "x")
	}
	letter := s.writeLetter(entity, period)
	ask(letter).exits(2, "not to be accepted, it can be cured: dead letter "+letter, "throughline dlq redrive")
	held := s.publishOrphan(entity)
	ask(held).exits(2, "not to be accepted, it can be cured: hold "+held, "bring what it waits for, or void it")
}

// writeJunk writes bytes that are no event to topics, and gives their positions. Finance buries the one in the canonical log, which goes with its record.
func (s *servers) writeJunk(topics ...string) (positions []string) {
	s.t.Helper()
	for _, topic := range topics {
		res := s.client().ProduceSync(s.t.Context(), &kgo.Record{Topic: topic, Key: []byte("junk"), Value: []byte("no event at all")})
		if err := res.FirstErr(); err != nil {
			s.t.Fatal(err)
		}
		r := res[0].Record
		positions = append(positions, schemas.Position{Topic: topic, Partition: r.Partition, Offset: r.Offset}.String())
	}
	eventually(s.t, "finance buries what it cannot read", func() bool {
		return strings.Contains(s.run("dlq", "list", "--consumer", schemas.Group("finance"), "-o", "json").exits(0).out, positions[0])
	})
	return positions
}
