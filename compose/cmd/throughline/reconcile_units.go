package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// unitsGap is an order line whose units lack an event.
type unitsGap struct {
	Entity       string `ch:"legal_entity" json:"legal_entity"`
	OrderID      string `ch:"order_id" json:"order_id"`
	LineID       string `ch:"order_line_id" json:"order_line_id"`
	SKU          string `ch:"sku" json:"sku"`
	BaseUOM      string `ch:"base_uom" json:"base_uom"`
	Ordered      string `ch:"ordered_text" json:"ordered"`
	Shipped      string `ch:"shipped_text" json:"shipped"`
	Cancelled    string `ch:"cancelled_text" json:"cancelled"`
	Open         string `ch:"open_text" json:"open"`
	Gap          string `ch:"gap_text" json:"gap"`
	StockGap     string `ch:"stock_gap_text" json:"stock_gap"` // of the whole order
	Invoiced     string `ch:"invoiced_text" json:"invoiced"`
	Unbilled     string `ch:"unbilled_text" json:"unbilled"`
	InTransit    string `ch:"in_transit_text" json:"in_transit"`
	Credited     string `ch:"credited_text" json:"credited"`
	Returned     string `ch:"returned_text" json:"returned"`
	Code         string `ch:"code" json:"code"`
	MissingEvent string `ch:"missing_event" json:"missing_event"`
	Owner        string `ch:"owner" json:"owner"`
}

const selectUnits = `SELECT legal_entity, order_id, order_line_id, sku, base_uom, toString(ordered) AS ordered_text, toString(shipped) AS shipped_text, toString(cancelled) AS cancelled_text,
	toString(open) AS open_text, toString(gap) AS gap_text, toString(stock_gap) AS stock_gap_text, toString(invoiced) AS invoiced_text, toString(unbilled) AS unbilled_text,
	toString(in_transit) AS in_transit_text, toString(credited) AS credited_text, toString(returned) AS returned_text, code, missing_event, owner FROM order_conservation
	WHERE missing_event != '' AND ({entity:String} = '' OR legal_entity = {entity:String}) ORDER BY legal_entity, order_id, order_line_id`

// unitsAlarm is the first line whose units no later event is expected to bring right: goods are with somebody who did not order them.
func unitsAlarm(units []unitsGap) error {
	for _, u := range units {
		if u.Code == "E8" || u.Code == "E6" {
			return found(fmt.Errorf("%s: of %s, line %s of order %s had %s ordered, %s shipped, %s cancelled, %s open and %s returned: %s is missing, which is %s's", u.Code, u.SKU, u.LineID,
				u.OrderID, u.Ordered, u.Shipped, u.Cancelled, u.Open, u.Returned, u.MissingEvent, u.Owner))
		}
	}
	return nil
}

func writeUnits(w io.Writer, units []unitsGap) {
	rows := make([][]string, len(units))
	for i, u := range units {
		rows[i] = []string{u.Entity, u.OrderID, u.LineID, u.SKU, u.Ordered, u.Shipped, u.Cancelled, u.Open, u.Invoiced, u.Unbilled, u.Credited, u.Returned, u.Code, u.MissingEvent, u.Owner}
	}
	right(rows, 4, 5, 6, 7, 8, 9, 10, 11)
	table(w, []string{"entity", "order", "line", "sku", "ordered", "shipped", "cancelled", "open", "invoiced", "unbilled", "credited", "returned", "code", "missing", "owner"}, rows)
}

// stockDrift is a line of a warehouse's last snapshot that the movements here do not come to (domain.md §3.4).
type stockDrift struct {
	Entity       string   `ch:"legal_entity" json:"legal_entity"`
	Source       string   `ch:"source" json:"source"`
	SnapshotID   string   `ch:"snapshot_id" json:"snapshot_id"`
	AsOf         string   `ch:"as_of_text" json:"as_of"`
	Location     string   `ch:"location" json:"location"`
	SKU          string   `ch:"sku" json:"sku"`
	BaseUOM      string   `ch:"base_uom" json:"base_uom"`
	Snapshot     string   `ch:"snapshot_text" json:"snapshot"`   // on hand, as the source says
	Projected    string   `ch:"projected_text" json:"projected"` // on hand, as all that had happened by then says
	Drift        string   `ch:"drift_text" json:"drift"`
	Unavailable  *string  `ch:"unavailable_text" json:"unavailable_drift"` // null: the source says nothing of it
	Reserved     *string  `ch:"reserved_text" json:"reserved_drift"`
	Class        string   `ch:"class" json:"class"`
	Suspects     []string `ch:"suspects" json:"suspects"` // threads of events that would explain it
	Code         string   `ch:"code" json:"code"`
	MissingEvent string   `ch:"missing_event" json:"missing_event"`
	Owner        string   `ch:"owner" json:"owner"`
}

// selectDrift asks each source for its last word on a shelf only: what a later snapshot says is settled, whatever an earlier one found.
const selectDrift = `SELECT legal_entity, concat(source_system, '/', source_instance) AS source, snapshot_id, formatDateTime(as_of, '%FT%TZ') AS as_of_text, location, sku, base_uom,
	toString(on_hand) AS snapshot_text, toString(on_hand_here) AS projected_text, toString(on_hand_drift) AS drift_text, toString(unavailable_drift) AS unavailable_text,
	toString(reserved_drift) AS reserved_text, class, suspects, 'E15' AS code, 'inventory.adjusted or event.voided' AS missing_event, owner
	FROM (SELECT *, max(as_of) OVER (PARTITION BY source_system, source_instance, legal_entity, location, sku, base_uom) AS last FROM stock_drift)
	WHERE drifts AND as_of = last AND ({entity:String} = '' OR legal_entity = {entity:String}) ORDER BY legal_entity, location, sku, source`

func writeDrifts(w io.Writer, drifts []stockDrift) {
	rows := make([][]string, len(drifts))
	unsaid := "-"
	for i, d := range drifts {
		rows[i] = []string{d.Entity, d.Location, d.SKU, d.SnapshotID, d.AsOf, d.Snapshot, d.Projected, d.Drift, *cmp.Or(d.Unavailable, &unsaid), *cmp.Or(d.Reserved, &unsaid), d.Code,
			d.Class, strings.Join(d.Suspects, " "), d.MissingEvent, d.Owner}
	}
	right(rows, 5, 6, 7, 8, 9)
	table(w, []string{"entity", "location", "sku", "snapshot", "as of", "counted", "here", "drift", "unavailable", "reserved", "code", "class", "suspects", "missing", "owner"}, rows)
}
