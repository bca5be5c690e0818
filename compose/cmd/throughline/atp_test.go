package main

import (
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/sinks"
)

// TestPromisesForADay answers the check example of domain.md §3.2 in days of March 2026: 20 on hand; demand 5, 10, 10, 5, 40 on the 9th, 16th, 23rd,
// 30th and 6th of April; receipts of 30 on the 23rd and on the 6th; 50 that customers may send back, which nobody is promised.
func TestPromisesForADay(t *testing.T) {
	engine, err := embedded.StartClickHouse(t.Context(), embedded.ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: filepath.Join(t.TempDir(), "clickhouse")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Kill() })
	c := sinks.Config{Addr: engine.Addr(), Database: "throughline"}
	if err := sinks.Migrate(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	conn, err := sinks.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Exec(t.Context(), `INSERT INTO stock_deltas_log (delta_id, location, line_no, sku, bucket, qty, base_uom, due_date, document)
		SELECT generateUUIDv4(), 'DC1', [1], ['A'], [bucket], [qty], ['EA'], [toDate32OrNull(due)], ['']
		FROM values('bucket String, qty Decimal(38, 6), due String', ('ON_HAND', 20, ''), ('INBOUND_RETURN', 50, '2026-03-09'),
			('OPEN_DEMAND', 5, '2026-03-09'), ('OPEN_DEMAND', 10, '2026-03-16'), ('OPEN_DEMAND', 10, '2026-03-23'), ('OPEN_DEMAND', 5, '2026-03-30'), ('OPEN_DEMAND', 40, '2026-04-06'),
			('INBOUND', 30, '2026-03-23'), ('INBOUND', 30, '2026-04-06'))`); err != nil {
		t.Fatal(err)
	}
	cli := tool{t, []string{"--brokers", nobody(t), "--registry", "http://" + nobody(t), "--clickhouse", engine.Addr()}}

	var plan []planned
	cli.run("atp", "A", "--plan", "-o", "json").exits(0).json(&plan)
	want := [][4]string{{"", "20", "5", "0"}, {"2026-03-09", "15", "5", "0"}, {"2026-03-16", "5", "5", "0"}, {"2026-03-23", "25", "10", "30"}, {"2026-03-30", "20", "10", "0"}, {"2026-04-06", "10", "10", "30"}}
	if len(plan) != len(want) {
		t.Fatalf("plan: %+v", plan)
	}
	for i, l := range plan {
		if got := [4]string{l.Due, l.Projected, l.Cumulative, l.Inbound}; got != want[i] {
			t.Errorf("line %d is %q, want %q", i, got, want[i])
		}
	}
	for day, can := range map[string]string{"2026-01-01": "5", "2026-03-09": "5", "2026-03-22": "5", "2026-03-23": "10", "2027-01-01": "10"} {
		var lines []promisedFor
		cli.run("atp", "A", "--at", day, "-o", "json").exits(0).json(&lines)
		if len(lines) != 1 || lines[0].Cumulative != can || lines[0].Day != day {
			t.Errorf("on %s: %+v, want %s", day, lines, can)
		}
	}
	cli.run("atp", "A", "--plan").exits(0).says("CAN PROMISE", "now", "2026-04-06")
	cli.run("atp", "A", "--at", "2026-03-23", "--location", "DC1").exits(0).says("2026-03-23", "25", "10")
	cli.run("atp", "A", "--at", "2026-03-23", "--location", "DC9").exits(1, "no stock of SKU A has ever moved at DC9")
	cli.run("atp", "B", "--plan").exits(1, "no stock of SKU B")
	cli.run("atp", "A", "--at", "tomorrow").exits(2, "no day")
	cli.run("atp", "A", "--at", "2026-03-23", "--plan").exits(2, "not both")
}

// Shelves that promise more than they hold are listed (E2), and before them those that cannot be as they are.
func TestStockAlarms(t *testing.T) {
	engine, err := embedded.StartClickHouse(t.Context(), embedded.ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: filepath.Join(t.TempDir(), "clickhouse")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Kill() })
	c := sinks.Config{Addr: engine.Addr(), Database: "throughline"}
	if err := sinks.Migrate(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	conn, err := sinks.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cli := tool{t, []string{"--brokers", nobody(t), "--registry", "http://" + nobody(t), "--clickhouse", engine.Addr()}}
	cli.run("atp", "--alarms").exits(0)
	if err := conn.Exec(t.Context(), `INSERT INTO stock_positions_log (position_id, sku, location, base_uom, on_hand, unavailable, reserved, open_demand, inbound, inbound_returns, safety_stock, atp)
		SELECT generateUUIDv4(), sku, 'DC1', 'EA', h, u, r, d, i, b, 0, h - u - r - d
		FROM values('sku String, h Decimal(38, 6), u Decimal(38, 6), r Decimal(38, 6), d Decimal(38, 6), i Decimal(38, 6), b Decimal(38, 6)',
			('FINE', 9, 1, 3, 5, 0, 0), ('SOLD', 9, 0, 3, 7, 0, 0), ('TAKEN', 9, 5, 6, 0, 0, 0), ('HELD', 5, -2, 0, 0, 0, 0), ('ASKED', 5, 0, 0, -1, 0, 0),
			('BOOKED', 5, 0, -1, 0, 0, 0), ('COMING', 5, 0, 0, 0, -3, 0), ('BACK', 5, 0, 0, 0, 0, -4))`); err != nil {
		t.Fatal(err)
	}
	var alarms []stockAlarm
	cli.run("atp", "--alarms", "-o", "json").exits(1, "7 shelves promise more than they hold").json(&alarms)
	got := map[string]string{}
	for _, l := range alarms {
		got[l.SKU] = l.Alarm + ", " + l.Code
	}
	for sku, want := range map[string]string{"SOLD": "more is promised than is there, E2", "TAKEN": "more is reserved than can be taken, E2", "HELD": "less than nothing is unavailable, ",
		"ASKED": "less than nothing is demanded, ", "BOOKED": "less than nothing is reserved, ", "COMING": "less than nothing is inbound, ", "BACK": "less than nothing is expected back, "} {
		if got[sku] != want {
			t.Errorf("%s: %q, want %q", sku, got[sku], want)
		}
	}
	cli.run("atp", "--alarms").exits(1).says("ALARM", "Inventory control + Ecommerce")
	cli.run("atp", "--alarms", "--location", "DC9").exits(0)
	cli.run("atp").exits(2, "wants one SKU, or --alarms")
	cli.run("atp", "SOLD", "--alarms").exits(2, "leave \"SOLD\" out")
	cli.run("atp", "--alarms", "--plan").exits(2, "--alarms speaks of now")
}
