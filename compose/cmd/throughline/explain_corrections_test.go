package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/compose/explain"
	"github.com/throughline/throughline/schemas"
)

const mappedRules = "2026-10"

// What was booked by other rules, what lies dead at finance and what was booked from there is explained as what it is; none of it is tampering.
func TestExplainCorrectedAndDead(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "5", "--orders", "30", "--verify").exits(0)
	s.announces(mappedRules)
	s.explainsSuperseded()
	stop().exits(0)

	stop = s.start("intake", "admission", "ticker", "chain", "operations", "sinks")
	s.publishFee("ACME-US", "FEE-DEAD")
	event, letter := s.diesAtFinance("FEE-DEAD")
	s.explainsDead(event, "its letter "+letter+" is open: `throughline dlq show "+letter+"`")
	s.publishFee("ACME-US", "FEE-REDRIVEN")
	second, its := s.diesAtFinance("FEE-REDRIVEN")
	s.redrivesIntoNothing(second, its)
	stop().exits(0)

	stop = s.start()
	s.rebooks(event, letter)
	eventually(s.t, "what was redriven is booked", func() bool { return s.run("explain", second).status == 0 })
	stop().exits(0)
}

// announces tells of a rule set that is to be in force some day.
func (s *servers) announces(name string) {
	s.t.Helper()
	set := &schemas.ReferenceRuleSet{Name: name, Version: "1", Rounding: schemas.RoundingHALF_UP, ActiveFrom: 4_000_000_000_000_000}
	set.Meta = schemas.Meta{EventType: set.EventType(), SchemaVersion: 1, LegalEntity: "*", OccurredAt: 1, OccurredTZOffset: "Z",
		Source: schemas.Source{System: "test", Instance: "one", DocType: "rule set", DocID: name, Transition: "set"}}
	text, err := schemas.EventJSON(set)
	if err != nil {
		s.t.Fatal(err)
	}
	s.pipe(string(text), "publish").exits(0)
}

// explainsSuperseded asks for the reversal and for the new entry of a rule.superseded, and for the event itself: each answer shows both.
func (s *servers) explainsSuperseded() {
	s.t.Helper()
	plan := filepath.Join(s.t.TempDir(), "plan.json")
	s.run("replay", "plan", "--processor", "finance", "--rule-set", mappedRules, "--file", plan).exits(1, "would be superseded")
	s.run("replay", "apply", plan, "--why", "Amazon has an account of its own").exits(0)
	const superseded = "FROM journal_lines WHERE event_type = 'rule.superseded' ORDER BY event_id, n"
	var entries []string
	eventually(s.t, "both entries are loaded", func() bool {
		entries = s.column("SELECT DISTINCT concat(toString(event_id), ' ', toString(entry_id), ' ', toString(n)) AS line " + superseded)
		return len(entries) > 1 && len(entries)%2 == 0
	})
	first, second := strings.Fields(entries[0]), strings.Fields(entries[1])
	if first[0] != second[0] || first[2] != "0" || second[2] != "1" {
		s.t.Fatalf("entries of a rule.superseded: %v", entries[:2])
	}
	for _, id := range []string{first[1], second[1], first[0]} {
		var x explain.Explanation
		s.run("explain", id, "-o", "json").exits(0).json(&x)
		if x.Derivation != "equal" || !x.Follows || x.Event.ID != first[0] || len(x.Entries) != 2 || x.Entries[0].ID != first[1] || x.Entries[1].ID != second[1] ||
			x.Entries[0].AskedFor != (id == first[1]) || x.Entries[1].AskedFor != (id == second[1]) {
			s.t.Errorf("explain %s: %+v", id, x)
		}
	}
	s.run("explain", second[1]).exits(0).says("entry "+second[1]+", which was asked for, by rule", "entry "+first[1]+" by rule", "rules of this program: equal")
}

// diesAtFinance writes the letter of a fee and steps over it, as finance does with what it cannot book. Finance must be away.
func (s *servers) diesAtFinance(doc string) (event, letter string) {
	s.t.Helper()
	codec, cluster := s.clusterCodec(), []kgo.Opt{kgo.SeedBrokers(s.brokers...)}
	var dead schemas.Delivery
	eventually(s.t, doc+" is admitted", func() bool {
		for d, err := range schemas.Read(s.t.Context(), cluster, codec, schemas.Span{Topics: []string{"payments"}}) {
			if err != nil {
				s.t.Fatal(err)
			}
			if fee, ok := d.Event.(*schemas.PSPFeeCharged); ok && fee.FeeID == doc {
				dead = d
			}
		}
		return dead.Event != nil
	})
	event = dead.Event.Header().EventID.String()
	letter = s.letterFor(codec, dead)
	var past kadm.Offsets
	past.AddOffset(dead.Topic, dead.Partition, dead.Offset+1, -1)
	adm := kadm.NewClient(s.client())
	eventually(s.t, "finance has left its group", func() bool { return adm.CommitAllOffsets(s.t.Context(), schemas.Group("finance"), past) == nil })
	eventually(s.t, "event and letter are loaded", func() bool {
		return len(s.column("SELECT event_type FROM events WHERE event_id = '"+event+"'"))+len(s.column("SELECT class FROM dead_letters WHERE letter_id = '"+letter+"'")) == 2
	})
	return event, letter
}

func (s *servers) explainsDead(event, sentence string) {
	s.t.Helper()
	var x explain.Explanation
	s.run("explain", event, "-o", "json").exits(1, sentence).json(&x)
	if x.Follows || !strings.Contains(x.Derivation, sentence) || len(x.Entries) != 0 {
		s.t.Errorf("explained as %+v", x)
	}
}

// redrivesIntoNothing redrives while nobody is there to take it.
func (s *servers) redrivesIntoNothing(event, letter string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	gone := make(chan result, 1)
	go func() { gone <- s.runUntil(ctx, "", "dlq", "redrive", letter, "--why", "the account is mapped") }()
	eventually(s.t, "the redrive is loaded", func() bool {
		return len(s.column("SELECT who FROM operator_actions WHERE action = 'REDRIVE' AND subject_id = '"+letter+"'")) == 1
	})
	cancel()
	<-gone
	s.explainsDead(event, "its letter "+letter+" was redriven: `throughline dlq show "+letter+"`")
}

// rebooks answers the letter by other rules: the event is in the books by the entry of another one.
func (s *servers) rebooks(event, letter string) {
	s.t.Helper()
	s.run("dlq", "rebook", letter, "--rule-set", mappedRules, "--why", "these rules map it").exits(0)
	var by []string
	eventually(s.t, "the entry of the rule.superseded is loaded", func() bool {
		by = s.column("SELECT DISTINCT toString(event_id) FROM journal_lines WHERE event_id IN (SELECT event_id FROM events WHERE corrects = '" + event + "')")
		return len(by) == 1
	})
	s.run("explain", event).exits(0).says("was booked by rule.superseded "+by[0]+" instead: `throughline explain "+by[0]+"`", "corrected by rule.superseded "+by[0])
	s.run("explain", by[0]).exits(0).says("rules of this program: equal", "corrects")
}
