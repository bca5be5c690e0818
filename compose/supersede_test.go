package compose_test

import (
	"slices"
	"testing"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/processors"
	deltas "github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// nextRules is the second rule set that finance knows: revenue on Amazon stands on 4010.
const nextRules = "2026-10"

// S44, S48: another rule set is planned against what stands, applied by one rule.superseded for each entry that it changes, and nothing is overwritten: old
// entry, reversal and new entry are all there. Applying twice changes nothing; what is voided afterwards negates what then stands.
func TestS44RulesAreSuperseded(t *testing.T) {
	s := startSystem(t)
	stop := s.run()
	company := simulate.New(simulate.Config{Seed: 5, Orders: 120})
	events := slices.Collect(company.Events())
	sent := s.deliver(company, events)
	s.drain(len(events), never, nothing)
	s.announce(nextRules)
	before, entries := s.balances(), s.number("SELECT count(DISTINCT entry_id) FROM journal_lines")
	desk := s.desk()
	plan, err := desk.Plan(t.Context(), replay.Selection{Processor: "finance", RuleSet: nextRules})
	if err != nil {
		t.Fatal(err)
	}
	n := len(plan.Effect.Superseded)
	if n == 0 || plan.Effect.Changes() != n || len(plan.Effect.Unfit) > 0 || len(plan.Effect.Money) == 0 {
		t.Fatalf("the plan supersedes %d of %d events, changes %d, %d unfit, %d sums", n, plan.Events, plan.Effect.Changes(), len(plan.Effect.Unfit), len(plan.Effect.Money))
	}
	for _, apply := range []struct{ added, already int }{{n, 0}, {0, n}} {
		done, err := desk.Apply(t.Context(), plan, "Amazon has an account of its own")
		if err != nil || done.Added != apply.added || done.Already != apply.already {
			t.Fatalf("applied %+v, %v; want %+v", done, err, apply)
		}
	}
	s.drain(len(events)+n, never, nothing)
	s.settled(len(events)+n, sent+n)
	want := map[string]schemas.Decimal{}
	for k, v := range before {
		want[k] = v
	}
	for _, m := range plan.Effect.Money {
		want[m.Account] = want[m.Account].Add(m.Amount)
	}
	for account, is := range s.balances() {
		if !is.Equal(want[account]) {
			t.Errorf("account %s stands at %s, and the plan said %s", account, is.Text(), want[account].Text())
		}
	}
	if !before["4010"].IsZero() || want["4010"].Sign() >= 0 {
		t.Errorf("4010 was %s and is %s", before["4010"].Text(), want["4010"].Text())
	}
	if got := s.number("SELECT count(DISTINCT entry_id) FROM journal_lines"); got != entries+2*uint64(n) {
		t.Errorf("%d entries stand, want the %d of before, %d reversals and as many new ones", got, entries, n)
	}
	if again, err := desk.Plan(t.Context(), replay.Selection{Processor: "finance", RuleSet: nextRules}); err != nil || again.Effect.Changes() != 0 {
		t.Errorf("planned again: %d changes, %v", again.Effect.Changes(), err)
	}
	for i, set := range []string{finance.DefaultRuleSet, nextRules} { // back, and on again: the same rules come to stand a second time
		plan, err := desk.Plan(t.Context(), replay.Selection{Processor: "finance", RuleSet: set})
		if err != nil || len(plan.Effect.Superseded) != n {
			t.Fatalf("to %s: %d are superseded, want %d (%v)", set, len(plan.Effect.Superseded), n, err)
		}
		for _, apply := range []struct{ added, already int }{{n, 0}, {0, n}} {
			if done, err := desk.Apply(t.Context(), plan, "on second thoughts"); err != nil || done.Added != apply.added || done.Already != apply.already {
				t.Fatalf("to %s: applied %+v, %v; want %+v", set, done, err, apply)
			}
		}
		s.settled(len(events)+(i+2)*n, sent+(i+2)*n)
	}
	s.voidAfter(plan, before)
	s.reversalsFindTheirEntries(uint64(n))
	s.auditIsClean()
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// voidAfter voids everything that was superseded: 4010 is empty again, and 4000 has none of it.
func (s *system) voidAfter(plan replay.Plan, before map[string]schemas.Decimal) {
	s.t.Helper()
	codec, err := s.cfg.Codec(s.t.Context(), false)
	if err != nil {
		s.t.Fatal(err)
	}
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	p, was := s.producer(), s.balances()
	for _, e := range plan.Effect.Superseded {
		at, err := replay.ParsePosition(e.Position)
		if err != nil {
			s.t.Fatal(err)
		}
		d, err := schemas.ReadAt(s.t.Context(), opts, codec, at)
		if err != nil || d.Event == nil {
			s.t.Fatalf("%s: %v", e.Position, err)
		}
		original, err := schemas.EncodeEmbedded(d.Event)
		if err != nil {
			s.t.Fatal(err)
		}
		m := *d.Event.Header()
		v := &schemas.EventVoided{VoidID: "V-" + e.ID, Reason: "test"}
		v.Meta = schemas.Meta{LegalEntity: m.LegalEntity, OccurredAt: m.OccurredAt, OccurredTZOffset: "Z",
			Source:     schemas.Source{System: "test", Instance: "one", DocType: "void", DocID: e.ID, Transition: "voided"},
			Correction: &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: m.EventID, CorrectedEventType: e.Type, Original: original}}
		if err := p.Emit(s.t.Context(), v); err != nil {
			s.t.Fatal(err)
		}
	}
	moved := func() schemas.Decimal { return s.balances()["4010"] }
	eventually(s.t, "4010 is empty after all that stood there was voided", func() bool { return moved().IsZero() })
	if is := s.balances()["4000"]; !is.Equal(was["4000"]) {
		s.t.Errorf("4000 moved from %s to %s: a void negated what no longer stands", was["4000"].Text(), is.Text())
	}
}

// reversalsFindTheirEntries: every reversal names an entry that is there, which no other reversal names, and the two sum to zero account by account.
func (s *system) reversalsFindTheirEntries(atLeast uint64) {
	s.t.Helper()
	if n := s.number("SELECT count(DISTINCT entry_id) FROM journal_lines WHERE reverses IS NOT NULL"); n < 2*atLeast {
		s.t.Errorf("%d reversals, want those of %d rule.superseded and as many voids", n, atLeast)
	}
	for what, query := range map[string]string{
		"reversals of entries that are not there":               "SELECT count() FROM journal_lines WHERE reverses IS NOT NULL AND reverses NOT IN (SELECT entry_id FROM journal_lines)",
		"voids and superseded rules that negate without a name": "SELECT count() FROM journal_lines WHERE reverses IS NULL AND n = 0 AND (event_type = 'rule.superseded' OR event_type LIKE '%.voided')",
		"entries that are reversed twice":                       "SELECT count() FROM (SELECT reverses FROM journal_lines WHERE reverses IS NOT NULL GROUP BY reverses HAVING count(DISTINCT entry_id) > 1)",
		"accounts on which a reversal and its entry do not sum to zero": `SELECT count() FROM (SELECT id, account FROM (SELECT reverses AS id, account, amount_fn FROM journal_lines WHERE reverses IS NOT NULL
			UNION ALL SELECT entry_id AS id, account, amount_fn FROM journal_lines WHERE entry_id IN (SELECT reverses FROM journal_lines WHERE reverses IS NOT NULL)) AS both
			GROUP BY id, account HAVING sum(amount_fn) != 0)`,
	} {
		if n := s.number(query); n != 0 {
			s.t.Errorf("%s: %d", what, n)
		}
	}
}

// balances is the trial balance over all periods, by account.
func (s *system) balances() map[string]schemas.Decimal {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), "SELECT account, toString(sum(balance)) FROM trial_balance GROUP BY account")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]schemas.Decimal{}
	for rows.Next() {
		var account, text string
		if err := rows.Scan(&account, &text); err != nil {
			s.t.Fatal(err)
		}
		all[account] = schemas.MustDecimal(text)
	}
	return all
}

// announce tells of a rule set that is to be in force some day.
func (s *system) announce(name string) {
	s.t.Helper()
	set := &schemas.ReferenceRuleSet{Name: name, Version: "1", Rounding: schemas.RoundingHALF_UP, ActiveFrom: 4_000_000_000_000_000}
	set.Meta = schemas.Meta{LegalEntity: "*", OccurredAt: 1, Source: schemas.Source{System: "test", Instance: "one", DocType: "rule set", DocID: name}}
	if err := s.producer().Emit(s.t.Context(), set); err != nil {
		s.t.Fatal(err)
	}
}

func (s *system) desk() replay.Desk {
	s.t.Helper()
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	codec, err := s.cfg.Codec(s.t.Context(), false)
	if err != nil {
		s.t.Fatal(err)
	}
	return replay.Desk{Cluster: opts, Codec: codec, Who: "kim", Processors: []processors.Processor{finance.Processor(), deltas.Processor()}}
}

func (s *system) auditIsClean() {
	s.t.Helper()
	eventually(s.t, "the audit finds nothing", func() bool { return len(s.audit()) == 0 })
}
