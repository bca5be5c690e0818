package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// Every verb of an operator against one running system: what analysts and finance ask, then what an SRE does about a bad event.
func TestOperatorVerbs(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "5", "--orders", "20", "--verify").exits(0)
	s.traceReportATP()
	s.auditsClean()
	s.replaysNothing()
	s.holds()
	s.deadLetters()
	stop().exits(0)
	s.auditsTampered()
}

// canonicalOrder is an order of the company with a shipment, and that shipment.
func (s *servers) canonicalOrder() *schemas.ShipmentShipped {
	s.t.Helper()
	out := s.run("cat", "fulfillment").exits(0).out
	for line := range strings.SplitSeq(out, "\n") {
		if strings.Contains(line, `"shipment.shipped"`) {
			e, err := schemas.ParseEventJSON("shipment.shipped", []byte(line))
			if err != nil {
				s.t.Fatal(err)
			}
			return e.(*schemas.ShipmentShipped)
		}
	}
	s.t.Fatal("no shipment")
	return nil
}

func (s *servers) traceReportATP() {
	s.t.Helper()
	shipped := s.canonicalOrder()
	s.run("trace", shipped.OrderID).exits(0).says("order.accepted", "shipment.shipped@1", "KIND", "entry", "delta")
	var lines []traced
	s.run("trace", shipped.OrderID, "-o", "json").exits(0).json(&lines)
	for i := range lines {
		if l := lines[i]; l.ID == "" || l.Kind == "" || l.Topic == "" || i > 0 && l.At.Before(lines[i-1].At) {
			s.t.Errorf("line %d of the trace: %+v", i, l)
		}
	}
	s.run("trace", "NO-SUCH-ORDER").exits(1, "nothing is known of order NO-SUCH-ORDER", "throughline dlq list")
	s.run("trace").exits(2, "one order id")

	var balances []balanceLine
	s.run("report", "trial-balance", "-o", "json").exits(0).json(&balances)
	if len(balances) < 10 || balances[0].Name == "" {
		s.t.Errorf("trial balance: %+v", balances)
	}
	s.run("report", "trial-balance").exits(0).says("total", "Product revenue", "0.00")
	s.run("report", "trial-balance", "--period", "2026-01", "--entity", "ACME-US").exits(0).says("ACME-US")
	s.run("report", "trial-balance", "--period", "1999-01").exits(0).says("(none)")
	s.run("report", "trial-balance", "--period", "January").exits(2, "want year-month")
	s.run("report", "profit").exits(2, "has no verb")

	stock := shipped.Lines[0].Stock
	var promises []promise
	s.run("atp", stock.SKU, "--location", stock.Location, "-o", "json").exits(0).json(&promises)
	if len(promises) != 1 || promises[0].SKU != stock.SKU || promises[0].ATP == "" {
		s.t.Errorf("atp: %+v", promises)
	}
	s.run("atp", stock.SKU).exits(0).says(stock.Location, "ON HAND")
	s.run("atp", "NO-SUCH-SKU").exits(1, "no stock of SKU NO-SUCH-SKU")
}

func (s *servers) auditsClean() {
	s.t.Helper()
	var r audit.Report
	s.run("audit", "-o", "json").exits(0).json(&r)
	if len(r.Checks) < 9 || r.Violations() != 0 {
		s.t.Errorf("audit: %+v", r)
	}
	s.run("audit", "--kafka-only").exits(0).says("finance.journal", "inventory.positions")
	s.with("--clickhouse", nobody(s.t)).run("audit").exits(3, "ClickHouse at", "--kafka-only")
}

func (s *servers) replaysNothing() {
	s.t.Helper()
	s.run("replay", "plan", "--processor", "finance").exits(0).says("0 changes in", "orders/0@0-")
	var p replay.Plan
	file := filepath.Join(s.t.TempDir(), "plan.json")
	s.run("replay", "plan", "--processor", "atp-deltas", "--type", "shipment.shipped", "--file", file, "-o", "json").exits(0).json(&p)
	if p.Events == 0 || p.Hash == "" {
		s.t.Errorf("plan: %+v", p)
	}
	s.run("replay", "apply", file).exits(2, "--why is missing")
	s.run("replay", "apply", file, "--why", "a test").exits(0).says("0 events completed")
	s.run("replay", "apply", file+"x", "--why", "a test").exits(2, "reading the plan")
	s.run("replay", "plan").exits(2, "--processor is missing")
	s.run("replay", "plan", "--processor", "magic").exits(2, "no processor is called", "finance")
	s.run("replay", "plan", "--processor", "finance", "--from", "yesterday").exits(2, "topic/partition@offset")
}

// holds publishes a shipment of an order that nobody has accepted.
func (s *servers) holds() {
	s.t.Helper()
	s.run("holds", "list").exits(0).says("(none)")
	e := *s.canonicalOrder()
	e.OrderID, e.ShipmentID = "LATE-1", "LATE-1-S1"
	source := e.Meta.Source
	source.DocID = e.ShipmentID
	e.Meta = schemas.Meta{LegalEntity: e.Meta.LegalEntity, OccurredAt: e.Meta.OccurredAt, OccurredTZOffset: "Z", Source: source, EventType: e.EventType(), SchemaVersion: 1}
	for i := range e.Lines {
		l := &e.Lines[i]
		l.Amounts, l.Cost, l.Basis = nil, nil, nil
		l.ReservedConsumed, l.DemandConsumed = schemas.Opt[schemas.Decimal]{}, schemas.Opt[schemas.Decimal]{}
	}
	text, err := schemas.EventJSON(&e)
	if err != nil {
		s.t.Fatal(err)
	}
	s.pipe(string(text), "publish").exits(0)
	var held []hold
	eventually(s.t, "the hold is visible", func() bool {
		s.run("holds", "list", "-o", "json").exits(0).json(&held)
		return len(held) == 1
	})
	if h := held[0]; h.OrderID != "LATE-1" || h.State != "held" || len(h.WaitsFor) == 0 || h.WaitsFor[0] != "order" || h.Owner == "" || h.Deadline == nil {
		s.t.Errorf("hold: %+v", h)
	}
	s.run("holds", "list", "--order", "LATE-1").exits(0).says("shipment.shipped", "order")
	s.run("holds", "list", "--order", "OTHER").exits(0).says("(none)")
	s.run("holds", "show", "LATE-1").exits(0).says("waits for", "order", "who must act")
	s.run("holds", "show", held[0].Position).exits(0).says("LATE-1")
	s.run("holds", "show", "NONE").exits(1, "is or was on hold")
	s.run("trace", "LATE-1").exits(0).says("hold", "waits for order")
}

func (s *servers) letters(args ...string) (rows []letterRow) {
	s.t.Helper()
	s.run(append([]string{"dlq", "list", "-o", "json"}, args...)...).exits(0).json(&rows)
	return rows
}

// deadLetters writes bytes that are no event, three times, and works through what comes of them.
func (s *servers) deadLetters() {
	s.t.Helper()
	s.run("dlq", "list").exits(0).says("(none)")
	cl := s.client()
	for _, key := range []string{"a", "b", "c"} {
		if err := cl.ProduceSync(s.t.Context(), &kgo.Record{Topic: "intake.orders", Key: []byte(key), Value: []byte("not an event")}).FirstErr(); err != nil {
			s.t.Fatal(err)
		}
	}
	eventually(s.t, "the letters", func() bool { return len(s.letters()) == 3 })
	rows := s.letters("--class", "bad_framing", "--stage", "intake", "--since", "1h")
	if len(rows) != 3 || rows[0].Status != "open" || rows[0].Owner == "" {
		s.t.Fatalf("letters: %+v", rows)
	}
	if n := len(s.letters("--owner", "Nobody")) + len(s.letters("--since", "2999-01-01T00:00:00Z")) + len(s.letters("--status", "cured")); n != 0 {
		s.t.Errorf("filters let %d letters through", n)
	}
	s.run("dlq", "list", "--class", "ODD").exits(2, "no class of dead letters")
	s.run("dlq", "list", "--since", "soon").exits(2, "neither an instant")
	id := rows[0].ID
	s.run("dlq", "show", id).exits(0).says("BAD_FRAMING", "intake.orders/", "not an event", "what to do")
	s.run("dlq", "show", "x").exits(2, "no letter id")
	s.run("dlq", "show", "00000000-0000-5000-8000-000000000000").exits(1, "there is no dead letter")

	s.run("dlq", "redrive", id).exits(2, "--why is missing")
	s.run("dlq", "redrive", "--why", "x").exits(2, "say which letters")
	s.run("dlq", "redrive", "--class", "BAD_FRAMING", "--why", "the producer is corrected").exits(0, "nothing was done", "--yes").says("would be redriven")
	if n := len(s.letters("--status", "open")); n != 3 {
		s.t.Errorf("a dry run left %d open letters of 3", n)
	}
	s.run("dlq", "redrive", id, "--why", "the producer is corrected", "--who", "kim").exits(1, "1 of 1 letters were not cured").says("died again")
	var came []redriven
	s.run("dlq", "redrive", "--class", "BAD_FRAMING", "--why", "once more", "--yes", "-o", "json").exits(1, "3 of 3").json(&came)
	if len(came) != 3 || came[0].Came != "died again" {
		s.t.Errorf("redriven: %+v", came)
	}
	var v letterView
	s.run("dlq", "show", id, "-o", "json").exits(0).json(&v)
	if v.Laps != 2 || v.Deaths != 3 || string(v.Value) != "not an event" || v.Unreadable == "" || v.RedrivenWhy != "once more" {
		s.t.Errorf("after two redrives: %+v", v)
	}
	s.run("audit", "--kafka-only").exits(0)
}

// auditsTampered alters a line in ClickHouse behind the sinks' back.
func (s *servers) auditsTampered() {
	s.t.Helper()
	conn, err := sinks.Open(sinks.Config{Addr: s.engine.Addr()})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Exec(s.t.Context(), "ALTER TABLE journal_lines_log UPDATE account = arrayMap(x -> '9999', account) WHERE entry_id = (SELECT min(entry_id) FROM journal_lines_log) SETTINGS mutations_sync = 2"); err != nil {
		s.t.Fatal(err)
	}
	s.run("audit").exits(1, "the audit found 1 violations").says("table journal_lines altered (I6) at finance.journal/", "account is", "do ")
	s.run("audit", "--kafka-only").exits(0)
}

// A batch that cannot be opened stops the loop; skip steps over exactly that one, once the loop is stopped, and the loop goes on.
func TestSkipOnePoisonBatch(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	bomb := make([]*kgo.Record, 3)
	for i := range bomb {
		bomb[i] = &kgo.Record{Topic: "intake.orders", Partition: 1, Value: bytes.Repeat([]byte{0}, 7<<20)}
	}
	// Small on the wire, more than 16 MiB once opened.
	cl := s.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(64<<20), kgo.MaxBufferedBytes(128<<20), kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	good := &kgo.Record{Topic: "intake.orders", Partition: 1, Value: []byte("no event, but a record")}
	if err := cl.ProduceSync(t.Context(), bomb...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if bomb[0].Offset != 0 || bomb[2].Offset != 2 {
		t.Fatalf("the bomb stands at %d to %d", bomb[0].Offset, bomb[2].Offset)
	}
	if err := cl.ProduceSync(t.Context(), good).FirstErr(); err != nil {
		t.Fatal(err)
	}
	stopped := s.runUntil(context.WithoutCancel(t.Context()), "", "run", "intake", "--http", "127.0.0.1:0")
	stopped.exits(1, "intake.orders/1", "throughline skip")

	args := []string{"skip", "--group", "throughline-intake", "--topic", "intake.orders", "--partition", "1"}
	s.run(args...).exits(2, "--why is missing")
	s.run("skip", "--why", "x").exits(2, "--group, --topic and --partition")
	eventually(t, "the member that died has left the group", func() bool { return s.run(append(args, "--dry-run")...).status == 0 })
	s.run(append(args, "--dry-run")...).exits(0).says("would step over offsets 0 to 2")
	var done replay.Skipped
	s.run(append(args, "--why", "a bomb", "-o", "json")...).exits(0).json(&done)
	if done.First != 0 || done.Last != 2 || done.Bytes > 1<<20 {
		t.Errorf("skipped: %+v", done)
	}
	s.run(append(args, "--why", "once more")...).exits(1, "can be opened")
	stop := s.start("intake")
	eventually(t, "intake goes on behind the bomb", func() bool { return len(s.letters()) == 1 })
	s.run(append(args, "--why", "while it runs")...).exits(1, "members", "stop them first")
	stop().exits(0)
	var a schemas.OperatorAction
	out := strings.TrimSpace(s.run("cat", "operations.actions").exits(0).out)
	if err := json.Unmarshal([]byte(out), &a); err != nil || a.Action != schemas.ActionKindSKIP || a.LastOffset.V != 2 || a.Why != "a bomb" || a.Consumer != "throughline-intake" {
		t.Errorf("actions (%v): %s", err, out)
	}
}
