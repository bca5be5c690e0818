package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
)

// Every verb against one system, in the order in which somebody who meets it would use them.
func TestVerbs(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("topics").exits(1, "are not as the catalog wants them", "throughline migrate").says("missing")
	s.run("publish", "--dry-run").exits(2, "there is no event in the input")
	s.run("cat", "orders").exits(3, "lacks a topic", "throughline migrate")
	s.run("publish", "../../tour/order.ndjson").exits(3, "throughline migrate")

	s.run("migrate").exits(0).says("topics made:", "rule set activated: 2010-01")
	s.run("migrate").exits(0).says("topics made: 0", "first offsets: 0")
	s.run("topics").exits(0).says("intake.orders", "append")
	s.run("schemas", "check").exits(0).says("schemas may follow what is registered")
	s.run("cat", "order").exits(2, `there is no topic "order"`, "throughline topics")
	s.run("simulate", "--seed", "5", "--orders", "30", "--wait", "--patience", "2s").exits(1, "nothing moves: is `throughline run` running, with every role?")
	stop := s.start()
	s.verifyCompany()
	s.status()
	s.cat()
	s.unreadable()
	s.run("simulate", "--seed", "6", "--orders", "30", "--verify").exits(1, "differ from the second calculation").says("WHAT", "on_hand") // another company of the same name
	stop().exits(0)
}

func (s *servers) verifyCompany() {
	s.t.Helper()
	var v verification
	s.run("simulate", "--seed", "5", "--orders", "30", "--verify", "-o", "json").exits(0).json(&v)
	if !v.Equal || v.Balances < 20 || v.Positions < 10 {
		s.t.Errorf("simulate --verify: %+v", v)
	}
	s.run("simulate", "--seed", "5", "--orders", "30", "--verify").exits(0).says("equal to the second calculation") // said again, all of it is a copy
}

func (s *servers) status() {
	s.t.Helper()
	var st systemStatus
	s.run("status", "--output", "json").exits(0).json(&st)
	if len(st.Servers) != 3 || st.Servers[2].State != "answers" || st.Events["posted"] == 0 || st.Rows["journal_lines"] == 0 || st.Events["missing"]+st.Events["dead"] != 0 {
		s.t.Errorf("status: %+v", st)
	}
	running := map[string]bool{}
	for _, g := range st.Groups {
		running[g.Role] = running[g.Role] || g.Members == 1 && g.State == "Stable"
	}
	for _, role := range []string{"intake", "admission", "finance", "atp-deltas", "atp", "operations", "sinks"} {
		if !running[role] {
			s.t.Errorf("status does not see that %s runs: %+v", role, st.Groups)
		}
	}
	s.run("status").exits(0).says("throughline-finance", "journal_lines", "dead letters: none")
}

func (s *servers) cat() {
	s.t.Helper()
	var entry schemas.JournalEntry
	r := s.run("cat", "finance.journal", "--limit", "1").exits(0)
	if err := json.Unmarshal([]byte(r.out), &entry); err != nil || entry.Meta.EventType != "journal.entry" {
		s.t.Errorf("cat finance.journal: %v: %s", err, r.out)
	}
	orders := s.run("cat", "intake.orders", "--from", "-3").exits(0).out
	if n := strings.Count(orders, "\n"); n < 3 || n > 12 {
		s.t.Errorf("cat --from -3 printed %d lines of 4 partitions", n)
	}
	var told struct{ Published []published }
	s.pipe(orders, "publish", "-o", "json").exits(0).json(&told)
	if len(told.Published) != strings.Count(orders, "\n") || told.Published[0].Topic != "intake.orders" {
		s.t.Errorf("publish of what cat printed: %+v", told)
	}
	s.pipe(s.run("cat", "payments").exits(0).out, "publish", "--dry-run").exits(0, "events come from the canonical log", "CONFLICT").says("intake.payments")
	s.pipe(s.run("cat", "reference.items").exits(0).out, "publish").exits(0).says("reference.items")
	s.pipe(s.run("cat", "finance.journal", "--limit", "1").out, "publish").exits(2, "no source may publish it", "publish the fact that it follows from")
	s.run("cat", "changelog.admission").exits(0).says(`"key":`, `"value":`, `"deleted":true`)
	line := s.run("cat", "orders", "--positions", "--limit", "1").exits(0).out
	var at catLine
	if err := json.Unmarshal([]byte(line), &at); err != nil || at.Topic != "orders" || at.Event == nil {
		s.t.Errorf("cat --positions: %v: %s", err, line)
	}
	if r := s.run("cat", "orders", "--key", at.Key).exits(0); strings.Count(r.out, "\n") == 0 || strings.Count(r.out, "\n") == strings.Count(s.run("cat", "orders").out, "\n") {
		s.t.Errorf("cat --key prints %d lines", strings.Count(r.out, "\n"))
	}
	if r := s.run("cat", "orders", "--from", "end").exits(0); r.out != "" {
		s.t.Errorf("cat --from end: %s", r.out)
	}
	s.run("cat", "orders", "--from", "yesterday").exits(2, "start, end, an offset")
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	followed := make(chan result, 1)
	go func() { followed <- s.runUntil(ctx, "", "cat", "exceptions", "--follow", "--from", "end") }()
	cancel()
	(<-followed).exits(0)
}

// unreadable puts on an intake topic what no client of ours would: each becomes a typed dead letter, and cat shows it.
func (s *servers) unreadable() {
	s.t.Helper()
	codec := schemas.NewCodec(nil, s.ids())
	good, err := codec.Encode(schemas.Example("order.accepted"))
	if err != nil {
		s.t.Fatal(err)
	}
	unknown := binary.BigEndian.AppendUint32([]byte{0}, 999_999)
	cl := s.client()
	for class, value := range map[string][]byte{"BAD_FRAMING": []byte("this is not Avro"), "UNKNOWN_SCHEMA": append(unknown, good[5:]...), "UNDECODABLE": good[:len(good)-3]} {
		if err := cl.ProduceSync(s.t.Context(), &kgo.Record{Topic: "intake.orders", Key: []byte(class), Value: value}).FirstErr(); err != nil {
			s.t.Fatal(err)
		}
	}
	var st systemStatus
	eventually(s.t, "three typed dead letters", func() bool {
		s.run("status", "-o", "json").json(&st)
		return st.DeadLetters["BAD_FRAMING"] == 1 && st.DeadLetters["UNKNOWN_SCHEMA"] == 1 && st.DeadLetters["UNDECODABLE"] == 1
	})
	s.run("status").exits(0).says("BAD_FRAMING", "UNKNOWN_SCHEMA", "UNDECODABLE")
	s.run("cat", "intake.orders").exits(1, "3 records cannot be decoded").says(`"error":"BAD_FRAMING`, `"error":"UNKNOWN_SCHEMA: schema id 999999 is not in the registry"`, `"error":"UNDECODABLE`)
	s.run("cat", "dead-letters").exits(0).says(`"class":"BAD_FRAMING"`, `"stage":"intake"`)
}

// ids are the registry's.
func (s *servers) ids() map[string]int {
	s.t.Helper()
	a := &app{}
	a.flags.brokers, a.flags.registry = s.brokers[0], s.registry.URL()
	cfg, err := a.config()
	if err != nil {
		s.t.Fatal(err)
	}
	registry, err := cfg.SchemaRegistry()
	if err != nil {
		s.t.Fatal(err)
	}
	ids, err := registry.Lookup(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return ids
}
