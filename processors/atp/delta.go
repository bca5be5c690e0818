package atp

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// Shards is how many keys one location's deltas spread over, so that one busy warehouse is no hot partition.
const Shards = 16

// Shard is the shard of a SKU: FNV-1a of its bytes, modulo Shards. Stored keys depend on it; it never changes.
func Shard(sku string) int32 {
	hash := uint32(2166136261)
	for i := 0; i < len(sku); i++ {
		hash = (hash ^ uint32(sku[i])) * 16777619
	}
	return int32(hash % Shards)
}

// draft is the changes of one event in the making.
type draft struct {
	cause   schemas.Event
	rule    *Rule
	table   []Rule
	changes []change
}

// change is one line and where it belongs.
type change struct {
	location string
	shard    int32
	line     schemas.DeltaLine
}

// place is what a change is of: one SKU at one location.
type place struct{ sku, location, uom string }

func at(s *schemas.StockRef, q *schemas.Quantity) place { return place{s.SKU, s.Location, q.BaseUOM} }

// or is another SKU or location, where the event names one: what was reserved or demanded need not be what moved.
func (p place) or(sku, location string) place {
	if sku != "" {
		p.sku = sku
	}
	if location != "" {
		p.location = location
	}
	return p
}

// room makes place for changes before a rule adds them.
func (d *draft) room(n int) { d.changes = make([]change, 0, n) }

func (d *draft) add(b schemas.Bucket, p place, qty schemas.Decimal) {
	d.due(b, p, qty, schemas.Opt[schemas.Date]{}, "")
}

// due adds to a bucket that stands under a date, and for inbound under a document.
func (d *draft) due(b schemas.Bucket, p place, qty schemas.Decimal, date schemas.Opt[schemas.Date], document string) {
	if qty.IsZero() {
		return
	}
	d.changes = append(d.changes, change{p.location, Shard(p.sku), schemas.DeltaLine{
		SKU: p.sku, Bucket: b, Qty: qty, BaseUOM: p.uom, DueDate: date, Document: document,
	}})
}

// finish sorts the changes, joins those of one bucket and drops what cancels out.
func (d *draft) finish() error {
	slices.SortFunc(d.changes, compare)
	kept := d.changes[:0]
	for _, c := range d.changes {
		switch {
		case c.line.SKU == "" || c.location == "":
			return contract("lines.stock without sku or location")
		case len(kept) > 0 && compare(kept[len(kept)-1], c) == 0:
			last := &kept[len(kept)-1].line
			if last.Qty = last.Qty.Add(c.line.Qty); last.Qty.IsZero() {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, c)
		}
		if len(kept) > 0 && !kept[len(kept)-1].line.Qty.Valid() {
			return contract("lines.quantity.base_qty has more digits than a quantity may have")
		}
	}
	d.changes = kept
	return nil
}

// compare orders changes by record, and within one by SKU and bucket; equal ones are of the same bucket.
func compare(a, b change) int {
	if c := strings.Compare(a.location, b.location); c != 0 {
		return c
	}
	if c := cmp.Compare(a.shard, b.shard); c != 0 {
		return c
	}
	x, y := &a.line, &b.line
	if c := strings.Compare(x.SKU, y.SKU); c != 0 {
		return c
	}
	if c := cmp.Compare(order(x.Bucket), order(y.Bucket)); c != 0 {
		return c
	}
	if c := cmp.Compare(x.DueDate.Or(math.MinInt32), y.DueDate.Or(math.MinInt32)); c != 0 {
		return c
	}
	if c := strings.Compare(x.Document, y.Document); c != 0 {
		return c
	}
	return strings.Compare(x.BaseUOM, y.BaseUOM)
}

// order is how buckets follow each other in a record: as in the formula of ATP.
func order(b schemas.Bucket) int {
	switch b {
	case schemas.BucketON_HAND:
		return 0
	case schemas.BucketUNAVAILABLE:
		return 1
	case schemas.BucketRESERVED:
		return 2
	case schemas.BucketOPEN_DEMAND:
		return 3
	case schemas.BucketINBOUND:
		return 4
	case schemas.BucketSAFETY_STOCK:
		return 5
	}
	return 6
}

// events gives one record per location and shard. All records, and all their lines, stand in one piece of memory each.
func (d *draft) events() []schemas.Event {
	if len(d.changes) == 0 {
		return nil
	}
	count := 1
	for i := 1; i < len(d.changes); i++ {
		if !d.together(i-1, i) {
			count++
		}
	}
	records, deltas := make([]schemas.Event, count), make([]schemas.StockDelta, count)
	lines := make([]schemas.DeltaLine, len(d.changes))
	for n, from := 0, 0; n < count; n++ {
		to := from + 1
		for to < len(d.changes) && d.together(from, to) {
			to++
		}
		d.record(&deltas[n], n, d.changes[from:to], lines[from:to:to])
		records[n], from = &deltas[n], to
	}
	return records
}

func (d *draft) together(i, j int) bool {
	return d.changes[i].location == d.changes[j].location && d.changes[i].shard == d.changes[j].shard
}

// record fills the n-th record.
func (d *draft) record(x *schemas.StockDelta, n int, changes []change, lines []schemas.DeltaLine) {
	x.Meta = d.cause.Header().Follow(schemas.Identity{Rule: d.rule.ID, Version: d.rule.Version, N: n})
	x.Meta.EventType = "stock.delta"
	x.CauseType, x.RuleID, x.RuleVersion, x.N = d.cause.EventType(), d.rule.ID, int32(d.rule.Version), int32(n)
	x.Location, x.Shard, x.Lines = changes[0].location, changes[0].shard, lines
	for i := range lines {
		lines[i] = changes[i].line
		lines[i].LineNo = int32(i + 1)
	}
}

// missing is a completion that admission should have stamped. The reason names the field, never a value.
func missing(field string) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassUNHYDRATED, Reason: field + " is missing: admission completes it; find out why it did not, then redrive"}
}

func contract(reason string) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: reason}
}

func inLine(i int, field string) string { return "lines[" + strconv.Itoa(i) + "]." + field }
