package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// overShipped are an order of two lines of one SKU, and a shipment that takes three of the first line's two.
var overShipped = []string{
	fact("order.accepted", "2026-04-10T15:00:00Z", "shop", "order", "SO-OVER", "accepted", `"order_id": "SO-OVER", "channel": "web", "terms": "ON_ACCOUNT", "currency": "USD", "control": {"point": "AT_SHIPMENT"}, "lines": [`+
		orderedLine("1", 2)+`, `+orderedLine("2", 2)+`]`),
	fact("shipment.shipped", "2026-04-10T20:30:00Z", "wms", "shipment", "SH-OVER", "shipped", `"shipment_id": "SH-OVER", "order_id": "SO-OVER", "lines": [{"line_id": "1", "order_line_id": "1", `+shelfOne+`, `+eaches(3)+`}]`),
}

const shelfOne = `"stock": {"sku": "SKU-0001", "location": "DC-EAST"}`

func fact(eventType, at, system, docType, docID, transition, body string) string {
	return fmt.Sprintf(`{"meta": {"event_type": %q, "legal_entity": "ACME-US", "occurred_at": %q, "occurred_tz_offset": "-05:00", "source": {"system": %q, "instance": "main", "doc_type": %q, "doc_id": %q, "transition": %q}}, %s}`,
		eventType, at, system, docType, docID, transition, body)
}

func eaches(n int) string {
	return fmt.Sprintf(`"quantity": {"qty": "%d", "uom": "EA", "base_qty": "%d", "base_uom": "EA"}`, n, n)
}

func lineState(n int) string {
	return fmt.Sprintf(`%s, %s, "unit_price": "20", "amounts": {"gross": "%d", "net": "%d", "freight_net": "0", "total": "%d"}`, shelfOne, eaches(n), 20*n, 20*n, 20*n)
}

func orderedLine(id string, n int) string {
	return fmt.Sprintf(`{"line_id": %q, %s}`, id, lineState(n))
}

// counted is a snapshot of the shelf.
func counted(id, at, onHand string) string {
	return fact("inventory.snapshot_taken", at, "wms", "snapshot", id, "taken", fmt.Sprintf(`"snapshot_id": %q, "as_of": %q, "lines": [{"line_id": "1", %s, "base_uom": "EA", "on_hand": %q}]`, id, at, shelfOne, onHand))
}

// What is wrong with units on a running system: found, named, not doubled by a second delivery, and gone when what was missing has come.
func TestReconcileFindsUnits(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "6", "--orders", "20", "--verify").exits(0).says("order lines")
	var before reconciled
	s.run("reconcile", "-o", "json").exits(0).json(&before)

	s.shipsTooMuch(len(before.Units))
	s.countsAnother()
	stop().exits(0)
}

func (s *servers) shipsTooMuch(known int) {
	s.t.Helper()
	s.pipe(strings.Join(overShipped, "\n"), "publish").exits(0)
	var r reconciled
	eventually(s.t, "one line of the order is E8", func() bool {
		r = reconciled{}
		s.runUntil(s.t.Context(), "", "reconcile", "-o", "json").json(&r)
		return len(overLines(r)) == 2 && overLines(r)[0].StockGap == "0" && overLines(r)[0].Code == "E8"
	})
	const sentence = "E8: of SKU-0001, line 1 of order SO-OVER had 2 ordered, 3 shipped, 0 cancelled, 0 open and 0 returned: return.authorised or order.changed is missing, which is Warehouse ops's"
	s.run("reconcile", "-o", "json").exits(1, sentence)
	s.run("reconcile", "--entity", "ACME-US", "--period", "1999-01").exits(1, sentence).says("SO-OVER", "LINE", "UNBILLED") // units have no period
	s.publishEntity("ACME-NEW")
	s.run("reconcile", "--entity", "ACME-NEW").exits(0)
	s.run("reconcile", "--entity", "NOBODY").exits(2, `no legal entity is called "NOBODY"`)
	want := []unitsGap{
		{"ACME-US", "SO-OVER", "1", "SKU-0001", "EA", "2", "3", "0", "0", "-1", "0", "0", "3", "0", "0", "0", "E8", "return.authorised or order.changed", "Warehouse ops"},
		{"ACME-US", "SO-OVER", "2", "SKU-0001", "EA", "2", "0", "0", "2", "0", "0", "0", "0", "0", "0", "0", "E11", "shipment.shipped or order.line_cancelled", "OMS"},
	}
	if got := overLines(r); got[0] != want[0] || got[1] != want[1] || len(r.Units) != known+2 {
		s.t.Errorf("units: %+v, and %d others, want %d", got, len(r.Units)-2, known)
	}
	s.pipe(strings.Join(overShipped, "\n"), "publish").exits(0)
	s.duplicates(2)
	var again reconciled
	s.run("reconcile", "-o", "json").exits(1, sentence).json(&again)
	if got := overLines(again); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		s.t.Errorf("after a second delivery: %+v", got)
	}
	// The customer sends the third back: what is left of the line is its bill.
	s.pipe(fact("return.received", "2026-04-14T15:00:00Z", "wms", "return", "RET-OVER", "received", `"receipt_id": "RET-OVER", "order_id": "SO-OVER", "against": "BLIND", "lines": [{"line_id": "1", "order_line_id": "1", `+
		shelfOne+`, `+eaches(1)+`}]`), "publish").exits(0)
	eventually(s.t, "what came back is no E8", func() bool {
		r = reconciled{}
		s.runUntil(s.t.Context(), "", "reconcile", "-o", "json").json(&r)
		return len(overLines(r)) == 2 && overLines(r)[0].Code == "E9" && overLines(r)[0].Returned == "1"
	})
	s.run("reconcile").exits(0)
}

func overLines(r reconciled) (lines []unitsGap) {
	for _, u := range r.Units {
		if u.OrderID == "SO-OVER" {
			lines = append(lines, u)
		}
	}
	return lines
}

// duplicates waits until so many intake records were dropped as such.
func (s *servers) duplicates(n uint64) {
	s.t.Helper()
	conn, err := sinks.Open(sinks.Config{Addr: s.engine.Addr(), Database: "throughline"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	eventually(s.t, "the second delivery is dropped", func() bool {
		var got uint64
		return conn.QueryRow(s.t.Context(), "SELECT count() FROM intake WHERE outcome = 'duplicate'").Scan(&got) == nil && got == n
	})
}

// countsAnother lets the warehouse count two more than are there, and then what is there.
func (s *servers) countsAnother() {
	s.t.Helper()
	var shelf []promise
	s.run("atp", "SKU-0001", "--location", "DC-EAST", "-o", "json").exits(0).json(&shelf)
	here := schemas.MustDecimal(shelf[0].OnHand)
	there := here.Add(schemas.MustDecimal("2"))
	s.pipe(counted("SN-OVER", "2026-10-01T12:00:00Z", there.Text()), "publish").exits(0)
	drift := func() (mine []stockDrift) {
		var r reconciled
		s.runUntil(s.t.Context(), "", "reconcile", "-o", "json").exits(0).json(&r)
		for _, d := range r.Drifts {
			if d.Source == "wms/main" {
				mine = append(mine, d)
			}
		}
		return mine
	}
	eventually(s.t, "the snapshot drifts", func() bool { return len(drift()) == 1 })
	d := drift()[0]
	if d.SnapshotID != "SN-OVER" || d.SKU != "SKU-0001" || d.Location != "DC-EAST" || d.Snapshot != there.Text() || d.Projected != here.Text() || d.Drift != "2" || d.Reserved != nil ||
		d.Class == "" || d.Code != "E15" || d.MissingEvent != "inventory.adjusted or event.voided" || d.Owner != "Inventory control" || d.Entity != "ACME-US" || d.AsOf != "2026-10-01T12:00:00Z" {
		s.t.Errorf("drift: %+v, want 2 more than %s", d, here.Text())
	}
	s.run("reconcile").exits(0).says("SN-OVER", "E15", "COUNTED", "Inventory control")
	s.run("reconcile", "--entity", "ACME-NEW", "-o", "json").exits(0).says(`"stock_drift": []`)
	s.pipe(counted("SN-OVER-2", "2026-10-02T12:00:00Z", here.Text()), "publish").exits(0)
	eventually(s.t, "the next snapshot agrees", func() bool { return len(drift()) == 0 })
}
