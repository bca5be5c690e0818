package atp

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// TestS35ReturnReceivedDamaged: goods that come back damaged are on hand and unavailable, and ATP is what it was before and after; the
// refund's credit memo moves no stock.
func TestS35ReturnReceivedDamaged(t *testing.T) {
	w := newWorld(t)
	w.apply(w.build("wms inventory.received R-1; 8 × A"))
	before := w.position("DC1", "A").atp()
	for _, step := range []struct{ event, onHand, unavailable string }{
		{"fin credit_memo.issued CM-1 of SO-1; 2 × A", "8", "0"},
		{"wms return.received RR-1 of SO-1; 2 × A, status DAMAGED", "10", "2"},
		{"wms return.dispositioned RD-1 of SO-1; 2 × A, outcome SCRAP", "8", "0"},
	} {
		w.apply(w.build(step.event))
		p := w.position("DC1", "A")
		if !p.buckets[schemas.BucketON_HAND].Equal(schemas.MustDecimal(step.onHand)) || !p.buckets[schemas.BucketUNAVAILABLE].Equal(schemas.MustDecimal(step.unavailable)) {
			t.Errorf("after %q: %v", step.event, p.buckets)
		}
		if !p.atp().Equal(before) {
			t.Errorf("after %q ATP is %s, it was %s", step.event, p.atp(), before)
		}
	}
}

// TestBucketsNetToZero: at the end of the worked example no demand or inbound is left under any date or document.
func TestBucketsNetToZero(t *testing.T) {
	w := newWorld(t)
	text, err := os.ReadFile("testdata/worked_example.txt")
	if err != nil {
		t.Fatal(err)
	}
	playFile(t, w, string(text))
	for place, p := range w.positions {
		for k, left := range p.open {
			demandOrInbound := strings.HasPrefix(k, string(schemas.BucketOPEN_DEMAND)) || strings.HasPrefix(k, string(schemas.BucketINBOUND))
			if demandOrInbound && !left.IsZero() {
				t.Errorf("%s: %s is left under %s", place, left, k)
			}
		}
	}
}

// TestShardNeverChanges: keys on the topic and in stores depend on it.
func TestShardNeverChanges(t *testing.T) {
	// FNV-1a of "A" is c40bf6cc, of nothing 811c9dc5.
	for sku, want := range map[string]int32{"": 5, "A": 12, "85123A": 9, "SKU-00001": 12} {
		if got := Shard(sku); got != want {
			t.Errorf("shard of %q is %d, it was %d", sku, got, want)
		}
	}
	seen := map[int32]bool{}
	for i := range 500 {
		seen[Shard(strconv.Itoa(i))] = true
	}
	if len(seen) != Shards {
		t.Errorf("500 SKUs use %d of %d shards", len(seen), Shards)
	}
}

const seed = 20_260_302

// generated makes whole events of every type that moves stock, with every branch, from one seed: 19 times n.
func generated(n int) (events []schemas.Event) {
	g := &generator{rand.New(rand.NewPCG(seed, 7))}
	for i := range n {
		for _, e := range []schemas.Event{
			g.order(), g.cancelled(), g.received(), g.reserved(), g.released(), g.adjusted(), g.short(), g.shipped(), g.returned(),
			g.changed(), g.expected(), g.expectationChanged(), g.statusChanged(), g.dispatched(), g.transferred(), g.policyChanged(),
			g.broughtBack(), g.authorised(), g.notReceived(),
		} {
			id := strconv.Itoa(i) + e.EventType()
			*e.Header() = schemas.Meta{
				EventID: schemas.NamedID("generated", id), EventType: e.EventType(), SchemaVersion: 1, LegalEntity: "ACME", OccurredTZOffset: "Z",
				Source: schemas.Source{System: "test", Instance: "1", DocType: "d", DocID: id}, CorrelationID: id, RuleSet: DefaultRuleSet,
				AdmittedAt: schemas.Some(schemas.Time(int64(i))), Period: "2026-03",
			}
			events = append(events, e)
		}
	}
	return events
}

func deltas(t *testing.T, e schemas.Event) (all []*schemas.StockDelta) {
	t.Helper()
	derived, err := Derive(e)
	if err != nil {
		t.Fatalf("%s %s: %v", e.EventType(), e.Header().Source.DocID, err)
	}
	for _, x := range derived {
		all = append(all, x.(*schemas.StockDelta))
	}
	return all
}

// bucketKey is all that a position is summed by.
type bucketKey struct {
	location, sku, uom, document string
	bucket                       schemas.Bucket
	due                          schemas.Opt[schemas.Date]
}

func sum(into map[bucketKey]schemas.Decimal, records []*schemas.StockDelta) {
	for _, r := range records {
		for _, l := range r.Lines {
			k := bucketKey{r.Location, l.SKU, l.BaseUOM, l.Document, l.Bucket, l.DueDate}
			into[k] = into[k].Add(l.Qty)
		}
	}
}

// TestOneRecordPerLocationAndShard, sorted, numbered, each line once, routed by location and shard.
func TestOneRecordPerLocationAndShard(t *testing.T) {
	moved := map[string]int{}
	for _, e := range generated(250) {
		keys, lines := []string{}, map[bucketKey]bool{}
		for n, r := range deltas(t, e) {
			moved[e.EventType()]++
			topic, key := schemas.Route(r)
			if !slices.Contains(Processor().To, topic) || slices.Contains(keys, string(key)) {
				t.Fatalf("%s: a second record, or an undeclared topic, for %s %s", e.EventType(), topic, key)
			}
			keys = append(keys, string(key))
			if int(r.N) != n || r.Meta.EventID != e.Header().Follow(schemas.Identity{Rule: "atp." + e.EventType(), Version: 1, N: n}).EventID {
				t.Errorf("%s: record %d has number %d or another id", e.EventType(), n, r.N)
			}
			for i, l := range r.Lines {
				k := bucketKey{r.Location, l.SKU, l.BaseUOM, l.Document, l.Bucket, l.DueDate}
				if int(l.LineNo) != i+1 || l.Qty.IsZero() || lines[k] || Shard(l.SKU) != r.Shard {
					t.Errorf("%s: line %+v is misplaced, zero or doubled", e.EventType(), l)
				}
				lines[k] = true
			}
		}
		if Expects(e) != (len(keys) > 0) {
			t.Errorf("%s: Expects says %v", e.EventType(), Expects(e))
		}
	}
	if len(moved) != 20 {
		t.Errorf("generated events moved stock by %d rules only", len(moved))
	}
}

func TestDeriveTwiceGivesEqualBytes(t *testing.T) {
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	encoded := func(e schemas.Event) (all []byte) {
		for _, r := range deltas(t, e) {
			value, err := codec.Encode(r)
			if err != nil {
				t.Fatalf("%s: %v", e.EventType(), err)
			}
			all = append(all, value...)
		}
		return all
	}
	for _, e := range generated(250) {
		first := encoded(e)
		value, err := codec.Encode(e)
		if err != nil {
			t.Fatalf("%s: %v", e.EventType(), err)
		}
		again, err := schemas.DecodeEmbedded(value, e.EventType())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, encoded(e)) || !bytes.Equal(first, encoded(again)) {
			t.Fatalf("%s %s: two derivations differ", e.EventType(), e.Header().Source.DocID)
		}
	}
}

func TestVoidAndOriginalSumToZero(t *testing.T) {
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	for _, original := range generated(250) {
		value, err := codec.Encode(original)
		if err != nil {
			t.Fatal(err)
		}
		var x schemas.Event = &schemas.EventVoided{VoidID: "V", Reason: "r"}
		if shipped, ok := original.(*schemas.ShipmentShipped); ok {
			x = &schemas.ShipmentVoided{VoidID: "V", ShipmentID: shipped.ShipmentID, OrderID: shipped.OrderID, Reason: "r"}
		}
		m := x.Header()
		*m = *original.Header()
		m.EventType, m.EventID = x.EventType(), schemas.NamedID("void", original.Header().Source.DocID)
		m.Correction = &schemas.Correction{CorrectedEventID: original.Header().EventID, CorrectedEventType: original.EventType(), Original: value, StandingRuleSet: "of the entry, not of the deltas"}
		left := map[bucketKey]schemas.Decimal{}
		was, reversal := deltas(t, original), deltas(t, x)
		sum(left, was)
		sum(left, reversal)
		if len(was) != len(reversal) {
			t.Errorf("%s: %d records, %d in the reversal", original.EventType(), len(was), len(reversal))
		}
		for k, qty := range left {
			if !qty.IsZero() {
				t.Errorf("%s %s: %s is left in %+v", original.EventType(), original.Header().Source.DocID, qty, k)
			}
		}
	}
}

// TestEveryFactHasOneRule: each event of the catalog has one rule in each set, and each rule of a set exists.
func TestEveryFactHasOneRule(t *testing.T) {
	for _, set := range RuleSets {
		for _, fact := range schemas.Catalog {
			n := 0
			for i := range rules {
				if rules[i].Event == fact.Type && set.names(&rules[i]) {
					n++
				}
			}
			if want := map[bool]int{true: 1}[fact.Kind == schemas.Fact]; n != want {
				t.Errorf("set %s: %d rules for %s, want %d", set.Name, n, fact.Type, want)
			}
		}
		for _, v := range set.Rules {
			if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == v.ID && r.Version == v.Version }) {
				t.Errorf("set %s names %s@%d, which is not compiled in", set.Name, v.ID, v.Version)
			}
		}
	}
	if id, version := RuleOf("shipment.shipped"); id != "atp.shipment.shipped" || version != 1 {
		t.Errorf("RuleOf: %s@%d", id, version)
	}
}

func TestUnknownRuleSetStopsTheProcess(t *testing.T) {
	e := newWorld(t).build("wms inventory.received R-1; 1 × A")
	e.Header().RuleSet = "2099-01"
	if _, err := Derive(e); !errors.Is(err, processors.ErrUnknownRuleSet) || !strings.Contains(err.Error(), "2099-01") {
		t.Errorf("got %v", err)
	}
	e.Header().RuleSet = ""
	var poison *schemas.PoisonError
	if _, err := Derive(e); !errors.As(err, &poison) || poison.Class != schemas.DeadLetterClassUNHYDRATED {
		t.Errorf("without a rule set: %v", err)
	}
}

// TestStockWithoutAPlaceIsRefused: a delta that no position could take.
func TestStockWithoutAPlaceIsRefused(t *testing.T) {
	for _, broken := range []schemas.StockRef{{SKU: "A"}, {Location: "DC1"}} {
		e := newWorld(t).build("wms inventory.received R-1; 1 × B; 1 × A")
		e.(*schemas.InventoryReceived).Lines[0].Stock = broken
		var poison *schemas.PoisonError
		if derived, err := Derive(e); !errors.As(err, &poison) || poison.Class != schemas.DeadLetterClassCONTRACT || len(derived) > 0 || !Expects(e) {
			t.Errorf("%+v: %d deltas, %v", broken, len(derived), err)
		}
	}
}

// BenchmarkOrder derives a ten-line order: ten SKUs, so up to ten records.
func BenchmarkOrder(b *testing.B) {
	x := &schemas.OrderAccepted{OrderID: "SO-1", Meta: schemas.Meta{RuleSet: DefaultRuleSet, CorrelationID: "SO-1"}}
	for i := range 10 {
		q := schemas.Quantity{BaseQty: schemas.NewDecimal(3_000_000, 6), BaseUOM: "EA"}
		x.Lines = append(x.Lines, schemas.OrderLine{LineID: strconv.Itoa(i), Stock: &schemas.StockRef{SKU: "SKU-0000" + strconv.Itoa(i), Location: "DC1"}, Quantity: q})
	}
	b.ReportAllocs()
	records := 0
	for b.Loop() {
		derived, err := Derive(x)
		if err != nil {
			b.Fatal(err)
		}
		records = len(derived)
	}
	b.ReportMetric(float64(records), "records")
}
