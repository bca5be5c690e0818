package sinks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/throughline/throughline/schemas"
)

// put loads events into a table without a broker: each at the next offset of partition 0 of its topic.
func put(t testing.TB, conn driver.Conn, table string, events ...schemas.Event) {
	t.Helper()
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	tables := Tables(codec, expectsByType)
	i := slices.IndexFunc(tables, func(x Table) bool { return x.Name == table })
	b, err := NewBlock(tables[i].Columns)
	if err != nil {
		t.Fatal(err)
	}
	for n, e := range events {
		r, err := codec.Record(e)
		if err != nil {
			t.Fatal(err)
		}
		r.Offset, r.Timestamp = int64(n), time.Now()
		d, err := codec.Deliver(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Take(func(b *Block) error { return tables[i].Rows(t.Context(), d, b) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := Insert(context.Background(), conn, tables[i].Into(), b, tables[i].Columns); err != nil {
		t.Fatal(err)
	}
}

// note writes a row of table progress.
func note(t testing.TB, conn driver.Conn, loadedBy, role, topic string, offset int) {
	t.Helper()
	if err := conn.Exec(t.Context(), "INSERT INTO progress_log VALUES (?, ?, ?, 0, ?, now64(6))", loadedBy, schemas.Group(role), topic, offset); err != nil {
		t.Fatal(err)
	}
}

func entryOf(e schemas.Event, order string) *schemas.JournalEntry {
	j := schemas.Example("journal.entry").(*schemas.JournalEntry)
	j.Meta = e.Header().Follow(schemas.Identity{Rule: "rule", Version: 1})
	j.CauseType, j.RuleID, j.RuleVersion, j.Ledger = e.EventType(), "rule", 1, "PRIMARY"
	j.Dimensions = schemas.StringMapOf("order_id", order)
	return j
}

func deltaOf(e schemas.Event) *schemas.StockDelta {
	d := schemas.Example("stock.delta").(*schemas.StockDelta)
	d.Meta = e.Header().Follow(schemas.Identity{Rule: "atp", Version: 1})
	return d
}

func letterOf(e schemas.Event, role, topic string, offset int64) *schemas.DeadLetter {
	l := schemas.Example("dead.letter").(*schemas.DeadLetter)
	l.Meta = e.Header().Follow(schemas.Identity{Rule: "letter", Version: 1})
	l.Consumer, l.Topic, l.Partition, l.Offset = schemas.Group(role), topic, 0, offset
	l.Describe(e)
	l.Stage = role
	value, err := schemas.NewCodec(nil, schemas.OfflineIDs()).Encode(e)
	if err != nil {
		panic(err)
	}
	l.Value = value
	return l
}

// Each way in which an event can end, or not have ended yet.
func TestCompleteness(t *testing.T) {
	_, conn := migrated(t)
	shipment := func(n int) *schemas.ShipmentShipped {
		return exampleOf[*schemas.ShipmentShipped]("shipment.shipped", n, fmt.Sprintf("SO-%d", n))
	}
	both, entryOnly, deltaOnly, dead, late, rebooked, shadow := shipment(0), shipment(1), shipment(2), shipment(3), shipment(4), shipment(8), shipment(9)
	put(t, conn, "events", both, entryOnly, deltaOnly, dead, late, rebooked, shadow)
	reserved := exampleOf[*schemas.InventoryReserved]("inventory.reserved", 5, "SO-5")
	picked := exampleOf[*schemas.FulfillmentPicked]("fulfillment.picked", 6, "SO-6")
	put(t, conn, "events", reserved)
	put(t, conn, "events", picked)
	put(t, conn, "journal_lines", entryOf(both, "SO-0"), entryOf(entryOnly, "SO-1"), entryOf(both, "SO-0"))
	put(t, conn, "stock_deltas", deltaOf(both), deltaOf(deltaOnly), deltaOf(dead), deltaOf(reserved))
	superseded := exampleOf[*schemas.RuleSuperseded]("rule.superseded", 10, "SO-8")
	superseded.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonINCORRECT_DATA, CorrectedEventID: rebooked.Meta.EventID, CorrectedEventType: "shipment.shipped"}
	put(t, conn, "events", superseded)
	put(t, conn, "journal_lines", entryOf(superseded, "SO-8"))
	aside := entryOf(shadow, "SO-9")
	aside.Ledger = "IFRS"
	put(t, conn, "journal_lines", aside)
	put(t, conn, "stock_deltas", deltaOf(rebooked), deltaOf(shadow))
	put(t, conn, "dead_letters", letterOf(rebooked, "finance", "fulfillment", 5))
	never := exampleOf[*schemas.InvoiceIssued]("invoice.issued", 7, "SO-7")
	put(t, conn, "dead_letters", letterOf(dead, "finance", "fulfillment", 3), letterOf(never, "admission", "admission.threads", 9))
	// finance is known to be loaded up to 4, atp-deltas too; but only where journal and letters both say so.
	for _, table := range []string{"journal_lines", "dead_letters"} {
		note(t, conn, table, "finance", "fulfillment", 4)
	}
	note(t, conn, "stock_deltas", "atp-deltas", "fulfillment", 9)
	note(t, conn, "dead_letters", "atp-deltas", "fulfillment", 4)

	got := map[string]string{}
	for _, row := range columnOf(t, conn, "SELECT concat(toString(event_id), ' ', outcome) FROM completeness") {
		event, outcome, _ := strings.Cut(row, " ")
		if got[event] != "" {
			t.Errorf("%s is there twice", event)
		}
		got[event] = outcome
	}
	for name, want := range map[string]struct {
		event   schemas.Event
		outcome string
	}{
		"entry and delta":         {both, "posted"},
		"entry without its delta": {entryOnly, "missing"},
		"delta without its entry": {deltaOnly, "missing"},
		"dead at finance":         {dead, "dead"},
		"beyond the progress":     {late, "pending"},
		"stock only":              {reserved, "stock_only"},
		"nothing by rule":         {picked, "no_effect"},
		"never became canonical":  {never, "dead"},
		"dead, and then rebooked": {rebooked, "posted"},
		"in a shadow ledger only": {shadow, "pending"},
	} {
		if outcome := got[want.event.Header().EventID.String()]; outcome != want.outcome {
			t.Errorf("%s: %s, want %s", name, outcome, want.outcome)
		}
	}
	if len(got) != 11 {
		t.Errorf("%d events, want 11", len(got))
	}
	// Where a consumer has noted nothing, nothing is missing yet.
	if err := conn.Exec(t.Context(), "TRUNCATE TABLE progress_log"); err != nil {
		t.Fatal(err)
	}
	if n := text1(t, conn, "countIf(outcome = 'missing') FROM completeness"); n != "0" {
		t.Errorf("%s missing without any progress", n)
	}
}

// One order is one query: its events, entries, deltas and letters, and what became of its payment in a thread of the payment's own.
func TestOrderTrace(t *testing.T) {
	_, conn := migrated(t)
	accepted := exampleOf[*schemas.OrderAccepted]("order.accepted", 1, "SO-1")
	accepted.OrderID, accepted.Meta.SubjectRefs, accepted.Meta.AdmittedAt = "SO-1", nil, schemas.Some(schemas.Time(1000000))
	captured := exampleOf[*schemas.PaymentCaptured]("payment.captured", 2, "SO-1")
	captured.OrderID, captured.PaymentID, captured.Meta.SubjectRefs, captured.Meta.AdmittedAt = "SO-1", "PAY-1", nil, schemas.Some(schemas.Time(2000000))
	fee := exampleOf[*schemas.PSPFeeCharged]("psp.fee_charged", 3, "payment:PAY-1")
	fee.PaymentID, fee.Meta.SubjectRefs, fee.Meta.AdmittedAt = "PAY-1", nil, schemas.Some(schemas.Time(3000000))
	other := exampleOf[*schemas.PSPFeeCharged]("psp.fee_charged", 4, "payment:PAY-2")
	other.PaymentID, other.Meta.SubjectRefs = "PAY-2", nil
	shipped := exampleOf[*schemas.ShipmentShipped]("shipment.shipped", 5, "SO-1")
	shipped.OrderID, shipped.Meta.SubjectRefs, shipped.Meta.AdmittedAt = "SO-1", nil, schemas.Some(schemas.Time(4000000))
	put(t, conn, "events", accepted)
	put(t, conn, "events", captured, fee, other, captured)
	put(t, conn, "events", shipped)
	put(t, conn, "journal_lines", entryOf(captured, "SO-1"), entryOf(fee, ""), entryOf(other, ""), entryOf(shipped, "SO-1"))
	put(t, conn, "stock_deltas", deltaOf(shipped), deltaOf(shipped))
	put(t, conn, "dead_letters", letterOf(shipped, "sink-events", "fulfillment", 0))

	got := columnOf(t, conn, "SELECT concat(kind, ' ', what) FROM order_trace WHERE order_id = 'SO-1'")
	letter := "letter " + string(schemas.Example("dead.letter").(*schemas.DeadLetter).Class)
	want := []string{"event order.accepted", "event payment.captured", "entry rule@1", "event psp.fee_charged", "entry rule@1", "event shipment.shipped", "entry rule@1", "delta"}
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], w) {
			t.Fatalf("the trace is\n%s\nwant\n%s\nand %s", strings.Join(got, "\n"), strings.Join(want, "\n"), letter)
		}
	}
	if len(got) != len(want)+1 || !slices.Contains(got, letter) {
		t.Errorf("the trace is\n%s\nwant %s at its end, and no more", strings.Join(got, "\n"), letter)
	}
	if n := text1(t, conn, "count() FROM order_trace WHERE order_id = 'SO-1' AND kind = 'event' AND admission_lag_s IS NOT NULL AND loading_lag_s > 0"); n != "4" {
		t.Errorf("%s events with a lag of each stage, want 4", n)
	}
}

func outcomeOf(n int, o schemas.Outcome, offset int64) *schemas.AdmissionOutcome {
	x := schemas.Example("admission.outcome").(*schemas.AdmissionOutcome)
	x.Meta.EventID = schemas.NamedID("outcome", fmt.Sprint(n))
	x.Meta.CorrelationID, x.Thread, x.Outcome, x.Topic, x.Partition, x.Offset = "SO-1", "SO-1", o, "intake.billing", 0, offset
	x.WaitsFor, x.Owner = nil, "Ecommerce"
	if o == schemas.OutcomeHELD {
		x.WaitsFor, x.Deadline = []string{"order.accepted"}, schemas.Some(schemas.Time(5000000))
	}
	return x
}

// Every intake record is accounted for once: by the canonical log, by its last outcome, or by its letter. A hold keeps what it waited for.
func TestIntakeAndHolds(t *testing.T) {
	_, conn := migrated(t)
	at := func(n int, offset int64) *schemas.InvoiceIssued {
		e := exampleOf[*schemas.InvoiceIssued]("invoice.issued", n, "SO-1")
		e.Meta.Intake = &schemas.IntakeRef{Topic: "intake.billing", Partition: 0, Offset: offset, ContentHash: []byte{1}}
		return e
	}
	// 0 admitted at once; 1 held, then released; 2 a duplicate; 3 held and overdue; 4 dead at intake; 5 held, then dead; 6 dead, redriven, admitted;
	// 7 released and not yet loaded; 8 held and admitted, the release not yet loaded.
	outcomes := []schemas.Event{
		outcomeOf(1, schemas.OutcomeHELD, 1), outcomeOf(2, schemas.OutcomeRELEASED, 1), outcomeOf(3, schemas.OutcomeDUPLICATE, 2),
		outcomeOf(4, schemas.OutcomeHELD, 3), outcomeOf(5, schemas.OutcomeOVERDUE, 3), outcomeOf(6, schemas.OutcomeHELD, 5),
		outcomeOf(7, schemas.OutcomeHELD, 7), outcomeOf(8, schemas.OutcomeRELEASED, 7), outcomeOf(9, schemas.OutcomeHELD, 8),
	}
	unstamped := at(4, 0)
	unstamped.Meta.Intake = nil
	for range 2 {
		put(t, conn, "intake", outcomes...)
		put(t, conn, "holds", outcomes...)
		put(t, conn, "events", at(0, 0), at(1, 1), at(6, 6), at(8, 8))
		put(t, conn, "dead_letters", letterOf(unstamped, "intake", "intake.billing", 4), letterOf(at(5, 5), "admission", "admission.threads", 50), letterOf(at(6, 6), "admission", "admission.threads", 60))
	}
	got := columnOf(t, conn, "SELECT concat(position, ' ', outcome) FROM intake ORDER BY offset")
	want := []string{"0 admitted", "1 admitted", "2 duplicate", "3 held", "4 dead", "5 dead", "6 admitted", "7 admitted", "8 admitted"}
	for i := range want {
		want[i] = "intake.billing/0@" + want[i]
	}
	if !slices.Equal(got, want) {
		t.Errorf("intake is\n%s", strings.Join(got, "\n"))
	}
	got = columnOf(t, conn, "SELECT concat(toString(offset), ' ', state, ' ', arrayStringConcat(waits_for, ','), ' ', owner) FROM holds ORDER BY offset")
	for i, state := range []string{"1 released", "3 overdue", "5 dead", "7 released", "8 released"} {
		if i >= len(got) || got[i] != state+" order.accepted Ecommerce" {
			t.Fatalf("holds is\n%s", strings.Join(got, "\n"))
		}
	}
}

// Stock shows the newest state of a position, whatever was loaded after it.
func TestPositionsShowTheNewest(t *testing.T) {
	_, conn := migrated(t)
	var states []schemas.Event
	for i := range 3 {
		p := schemas.Example("stock.position").(*schemas.StockPosition)
		p.Meta.EventID = schemas.NamedID("position", fmt.Sprint(i))
		p.SKU, p.Location, p.ATP = "A", "DC1", schemas.NewDecimal(int64(6-4*i)*1e6, 6)
		states = append(states, p)
	}
	put(t, conn, "stock_positions", states...)
	put(t, conn, "stock_positions", states[0])
	if got := text1(t, conn, "concat(toString(atp), ' ', toString(oversold)) FROM atp WHERE sku = 'A'"); got != "-2 1" {
		t.Errorf("atp = %s, want -2 1", got)
	}
	if got := text1(t, conn, "count() FROM stock_positions"); got != "1" {
		t.Errorf("%s rows, want 1", got)
	}
}

// A control account shows what has not returned to zero, how old it is and whose it is.
func TestControlAccounts(t *testing.T) {
	_, conn := migrated(t)
	open := entries(2)
	closed := entries(3)[2].(*schemas.JournalEntry)
	closed.Lines[1].Account, closed.Lines[1].ControlKey = "1150", closed.Lines[0].ControlKey
	put(t, conn, "journal_lines", append(open, closed)...)
	got := columnOf(t, conn, "SELECT concat(control_key, ' ', toDecimalString(balance_fn, 2), ' ', owner, ' ', key_kind, ' ', account_name) FROM control_accounts ORDER BY control_key")
	want := []string{"SH-0 65.32 Billing order line Shipped not invoiced", "SH-1 65.32 Billing order line Shipped not invoiced"}
	if !slices.Equal(got, want) {
		t.Errorf("control_accounts is\n%s", strings.Join(got, "\n"))
	}
	if n := text1(t, conn, "count() FROM control_accounts WHERE age_days > 0 AND age_bucket = '91+'"); n != "2" {
		t.Errorf("%s of 2 are older than 90 days", n)
	}
}
