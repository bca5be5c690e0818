package sinks

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

// movedStock is a delta record of one line at DC1, of an event of its own.
func movedStock(n int, sku string, bucket schemas.Bucket, qty string, due string) *schemas.StockDelta {
	d := exampleOf[*schemas.StockDelta]("stock.delta", n, "thread-"+strconv.Itoa(n))
	d.Meta.CausationID = schemas.Some(schemas.NamedID("stock", strconv.Itoa(n)))
	d.Location = "DC1"
	d.Lines = []schemas.DeltaLine{{LineNo: 1, SKU: sku, Bucket: bucket, Qty: schemas.MustDecimal(qty).Round(6, schemas.Down), BaseUOM: "EA"}}
	if due != "" {
		at, err := time.Parse(time.DateOnly, due)
		if err != nil {
			panic(err)
		}
		d.Lines[0].DueDate = schemas.Some(schemas.DateOf(at))
	}
	return d
}

// The check example of domain.md §3.2: 20 on hand; demand 5, 10, 10, 5, 40 in weeks 1 to 5; receipts of 30 in weeks 3 and 5.
func TestStockPlanOfTheCheckExample(t *testing.T) {
	_, conn := migrated(t)
	week := func(n int) string { return time.Date(2026, 3, 2+7*n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }
	var all []schemas.Event
	add := func(bucket schemas.Bucket, qty, due string) {
		all = append(all, movedStock(len(all), "A", bucket, qty, due))
	}
	add(schemas.BucketON_HAND, "24", "")
	add(schemas.BucketUNAVAILABLE, "1", "")
	add(schemas.BucketRESERVED, "2", "")
	add(schemas.BucketSAFETY_STOCK, "1", "")
	for i, q := range []string{"5", "10", "10", "5", "40"} {
		add(schemas.BucketOPEN_DEMAND, q, week(i+1))
	}
	add(schemas.BucketINBOUND, "30", week(3))
	add(schemas.BucketINBOUND, "30", week(5))
	// Neither what comes back nor what nobody knows the day of is promised; and what came to nothing has no row.
	add(schemas.BucketINBOUND_RETURN, "50", week(1))
	add(schemas.BucketINBOUND, "60", "")
	add(schemas.BucketOPEN_DEMAND, "7", week(4)[:8]+"01")
	add(schemas.BucketOPEN_DEMAND, "-7", week(4)[:8]+"01")
	// Another SKU is another plan: demand without a day is due at once.
	all = append(all, movedStock(90, "B", schemas.BucketON_HAND, "5", ""), movedStock(91, "B", schemas.BucketOPEN_DEMAND, "8", ""), movedStock(92, "B", schemas.BucketINBOUND, "4", week(2)))
	put(t, conn, "stock_deltas", all...)

	got := columnOf(t, conn, "SELECT concat(sku, ' ', ifNull(toString(due_date), 'now'), ': +', toString(inbound), ' -', toString(demand), ' = ', toString(projected), ', ', toString(cumulative)) FROM stock_plan ORDER BY sku, due_date NULLS FIRST")
	want := []string{
		"A now: +0 -0 = 20, 5",
		"A " + week(1) + ": +0 -5 = 15, 5",
		"A " + week(2) + ": +0 -10 = 5, 5",
		"A " + week(3) + ": +30 -10 = 25, 10",
		"A " + week(4) + ": +0 -5 = 20, 10",
		"A " + week(5) + ": +30 -40 = 10, 10",
		"B now: +0 -8 = -3, -3",
		"B " + week(2) + ": +4 -0 = 1, 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A snapshot is compared with what had happened by its instant, whenever that came to be known; a correction counts from its original on.
func TestStockDriftNamesTheDifference(t *testing.T) {
	_, conn := migrated(t)
	noon := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	n := 0
	happened := func(sku, qty string, occurred, admitted time.Duration) *schemas.StockDelta {
		n++
		d := movedStock(n, sku, schemas.BucketON_HAND, qty, "")
		d.Meta.OccurredAt, d.Meta.AdmittedAt = schemas.TimeOf(noon.Add(occurred)), schemas.Some(schemas.TimeOf(noon.Add(admitted)))
		return d
	}
	early, lateOne := happened("LATE", "10", -2*time.Hour, -2*time.Hour), happened("LATE", "-3", -time.Hour, 2*time.Hour)
	unknown := happened("UNKNOWN", "-4", -time.Hour, -time.Hour)
	wrong := happened("VOIDED", "6", -time.Hour, -time.Hour)
	void := happened("VOIDED", "-6", time.Hour, time.Hour)
	original := exampleOf[*schemas.InventoryReceived]("inventory.received", 70, "receipt:R")
	original.Meta.EventID, original.Meta.OccurredAt, original.Meta.Correction = wrong.Meta.CausationID.V, wrong.Meta.OccurredAt, nil
	correction := exampleOf[*schemas.EventVoided]("event.voided", 71, "receipt:R")
	correction.Meta.EventID, correction.Meta.Correction = void.Meta.CausationID.V, &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: original.Meta.EventID, CorrectedEventType: "inventory.received"}
	put(t, conn, "events", original, correction)
	put(t, conn, "stock_deltas",
		happened("SAME", "5", -time.Hour, -time.Hour), happened("SAME", "9", time.Hour, time.Hour), early, lateOne,
		happened("UNKNOWN", "10", -2*time.Hour, -2*time.Hour), unknown,
		happened("DOUBLED", "10", -3*time.Hour, -3*time.Hour), happened("DOUBLED", "-2", -2*time.Hour, -2*time.Hour), happened("DOUBLED", "-2", -time.Hour, -time.Hour),
		happened("LOST", "10", -time.Hour, -time.Hour), wrong, void)

	snapshot := exampleOf[*schemas.InventorySnapshotTaken]("inventory.snapshot_taken", 1, "snapshot:SN-1")
	snapshot.AsOf, snapshot.Meta.AdmittedAt = schemas.TimeOf(noon), schemas.Some(schemas.TimeOf(noon))
	snapshot.Lines = nil
	for i, l := range [][2]string{{"SAME", "5"}, {"LATE", "7"}, {"UNKNOWN", "10"}, {"DOUBLED", "8"}, {"LOST", "9"}, {"VOIDED", "0"}, {"NEVER", "2"}} {
		snapshot.Lines = append(snapshot.Lines, schemas.SnapshotLine{LineID: strconv.Itoa(i), Stock: schemas.StockRef{SKU: l[0], Location: "DC1"}, BaseUOM: "EA", OnHand: schemas.MustDecimal(l[1]).Round(6, schemas.Down)})
	}
	snapshot.Lines[0].Unavailable = schemas.Some(schemas.MustDecimal("1.000000"))
	put(t, conn, "stock_snapshots", snapshot, exampleOf[*schemas.InventoryReceived]("inventory.received", 72, "receipt:R"))

	got := columnOf(t, conn, `SELECT concat(sku, ' ', toString(on_hand_drift), ' ', ifNull(toString(unavailable_drift), '?'), ' ', class, ' ', toString(drifts), ' ', toString(suspects)) FROM stock_drift ORDER BY line_id`)
	want := []string{
		"SAME 0 1 lost or manual 1 []",
		"LATE 0 ? late 0 []",
		fmt.Sprintf("UNKNOWN 4 ? unknown there 1 ['%s']", unknown.Meta.CorrelationID),
		"DOUBLED 2 ? doubled 1 ['thread-11','thread-10']",
		"LOST -1 ? lost or manual 1 []",
		"VOIDED 0 ? late 0 []",
		"NEVER 2 ? lost or manual 1 []",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
