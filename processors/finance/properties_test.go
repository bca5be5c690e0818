package finance

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// seed of every generated event here; a failure names the event, which the seed gives again.
const seed = 20_260_302

// perType events of each of the eighteen types that post: 3,600 in all.
const perType = 200

func deriveEntry(t *testing.T, e schemas.Event) *schemas.JournalEntry {
	t.Helper()
	derived, err := Derive(e)
	if err != nil {
		t.Fatalf("%s %s: %v", e.EventType(), e.Header().Source.DocID, err)
	}
	for _, x := range derived {
		if entry, ok := x.(*schemas.JournalEntry); ok {
			return entry
		}
	}
	return nil
}

func TestEveryEntryBalances(t *testing.T) {
	posted := map[string]int{}
	for _, e := range generated(seed, perType) {
		entry := deriveEntry(t, e)
		if entry == nil {
			continue
		}
		posted[e.EventType()]++
		functional, perCurrency := noAmount, map[string]schemas.Decimal{}
		for i, l := range entry.Lines {
			functional, perCurrency[l.Currency] = functional.Add(l.AmountFn), perCurrency[l.Currency].Add(l.AmountTxn)
			if l.AmountTxn.IsZero() && l.AmountFn.IsZero() {
				t.Errorf("%s %s: leg %d is zero", e.EventType(), e.Header().Source.DocID, i+1)
			}
			if int(l.LineNo) != i+1 {
				t.Errorf("%s: leg %d has number %d", e.EventType(), i+1, l.LineNo)
			}
			if l.Currency == entry.FunctionalCurrency && !l.AmountTxn.IsZero() && !l.AmountFn.Equal(l.AmountTxn) {
				t.Errorf("%s %s: %s %s is worth %s", e.EventType(), e.Header().Source.DocID, l.AmountTxn, l.Currency, l.AmountFn)
			}
		}
		for currency, sum := range perCurrency {
			if !sum.IsZero() {
				t.Errorf("%s %s: %s sums to %s", e.EventType(), e.Header().Source.DocID, currency, sum)
			}
		}
		if !functional.IsZero() {
			t.Errorf("%s %s: sums to %s", e.EventType(), e.Header().Source.DocID, functional)
		}
	}
	for _, r := range rules {
		if !isNothing(r.Event) && posted[r.Event] < perType/2 {
			t.Errorf("%s: only %d of %d generated events posted", r.Event, posted[r.Event], perType)
		}
	}
}

// isNothing: no generated event of that type; a void is tested below.
func isNothing(event string) bool {
	switch event {
	case "order.accepted", "order.line_cancelled", "inventory.reserved", "inventory.reservation_released", "fulfillment.picked",
		"fulfillment.packed", "fulfillment.short_shipped", "period.closed", "period.reopened", "event.voided":
		return true
	}
	return false
}

func TestDeriveTwiceGivesEqualBytes(t *testing.T) {
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	encoded := func(e schemas.Event) (all []byte) {
		derived, err := Derive(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range derived {
			value, err := codec.Encode(x)
			if err != nil {
				t.Fatalf("%s: %v", e.EventType(), err)
			}
			all = append(all, value...)
		}
		return all
	}
	for _, e := range generated(seed, perType) {
		first := encoded(e)
		if !bytes.Equal(first, encoded(e)) {
			t.Fatalf("%s %s: two derivations differ", e.EventType(), e.Header().Source.DocID)
		}
		value, err := codec.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		again, err := schemas.DecodeEmbedded(value, e.EventType())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, encoded(again)) {
			t.Fatalf("%s %s: the event as it was read from the log derives to other bytes", e.EventType(), e.Header().Source.DocID)
		}
	}
}

// leg is all that a reader of the ledger can group by.
type leg struct{ account, currency, key, orderLine, sku, location, jurisdiction, uom string }

func sumByLeg(into map[leg][3]schemas.Decimal, entry *schemas.JournalEntry) {
	if entry == nil {
		return
	}
	for _, l := range entry.Lines {
		k := leg{l.Account, l.Currency, l.ControlKey, l.OrderLineID, l.SKU, l.Location, l.TaxJurisdiction, l.UOM}
		s := into[k]
		into[k] = [3]schemas.Decimal{s[0].Add(l.AmountTxn), s[1].Add(l.AmountFn), s[2].Add(l.Qty.V)}
	}
}

func TestVoidAndOriginalSumToZero(t *testing.T) {
	w := newWorld(t)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 8)), n: 1 << 20}
	for _, original := range append(generated(seed, perType), w.build(parse(t, "shop order.accepted SO-1 prepaid; 3 × A @ 1.00"))) {
		bytes, err := w.codec.Encode(original)
		if err != nil {
			t.Fatal(err)
		}
		x := g.stamped(&schemas.EventVoided{VoidID: "V", Reason: "r"}).(*schemas.EventVoided)
		x.Meta.Period = "2026-04"
		x.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: original.Header().EventID, CorrectedEventType: original.EventType(), Original: bytes}
		was, reversal := deriveEntry(t, original), deriveEntry(t, x)
		if was == nil {
			if reversal != nil {
				t.Errorf("%s posted nothing, its void did", original.EventType())
			}
			continue
		}
		sums := map[leg][3]schemas.Decimal{}
		sumByLeg(sums, was)
		sumByLeg(sums, reversal)
		for k, s := range sums {
			if !s[0].IsZero() || !s[1].IsZero() || !s[2].IsZero() {
				t.Errorf("%s %s: %+v is left with %v", original.EventType(), original.Header().Source.DocID, k, s)
			}
		}
		if reversal.Reverses.V != was.Meta.EventID || reversal.Meta.Period != "2026-04" || !maps.Equal(asMap(was.Dimensions), asMap(reversal.Dimensions)) {
			t.Errorf("%s: the reversal does not name what it reverses", original.EventType())
		}
	}
}

func asMap(m schemas.StringMap) map[string]string {
	all := map[string]string{}
	for _, p := range m {
		all[p.Key] = p.Value
	}
	return all
}

// TestIDsDoNotDependOnTime: only event, rule, version and number make an id.
func TestIDsDoNotDependOnTime(t *testing.T) {
	for _, e := range generated(seed, 20) {
		before, _ := Derive(e)
		m := e.Header()
		m.OccurredAt, m.RecordedAt, m.AdmittedAt = m.OccurredAt+1, schemas.Some(schemas.Time(1)), schemas.Some(schemas.Time(2))
		m.EffectiveDate, m.Period, m.Late, m.ThreadSequence = schemas.Some(schemas.Date(1)), "1970-01", true, schemas.Some[int64](5)
		after, _ := Derive(e)
		for i := range before {
			id := before[i].Header().EventID
			if id != after[i].Header().EventID {
				t.Errorf("%s: the id of output %d moved with time", e.EventType(), i)
			}
			rule, version := RuleOf(e.EventType())
			want := schemas.Identity{Rule: rule, Version: version, N: i}
			if _, entry := before[i].(*schemas.JournalEntry); (i == 0) == entry && id != m.Follow(want).EventID {
				t.Errorf("%s: the id is not that of %+v", e.EventType(), want)
			}
		}
	}
}

// TestPartitionsSumToTheLine: however a line is cut into shipments, their legs sum to those of one shipment, per account, exactly
// (domain.md §2.8, invariant 6; S47).
func TestPartitionsSumToTheLine(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 9))}
	for range 500 {
		line := g.orderLine()
		cost := g.cost(schemas.Quantity{BaseQty: schemas.NewDecimal(1_000_000, 6)})
		cost.UnitCost = cost.UnitCost.Round(4, schemas.Down).Round(8, schemas.Down) // whole at four decimals: 1200 is Σ quantity × cost
		shipment := func(before, this schemas.Decimal) *schemas.JournalEntry {
			a, b := sliced(&line, before, this, "USD")
			q := schemas.Quantity{Qty: this, UOM: "EA", BaseQty: this, BaseUOM: "EA"}
			c := *cost
			c.CostAmount = this.MulRound(c.UnitCost, 4, schemas.HalfUp)
			return deriveEntry(t, g.stamped(&schemas.ShipmentShipped{
				ShipmentID: "SH", OrderID: "SO", Currency: "USD", Control: &schemas.ControlTransfer{Point: schemas.TransferPointAT_SHIPMENT},
				Lines: []schemas.ShipmentLine{{LineID: "1", OrderLineID: "1", Stock: *line.Stock, Quantity: q, Amounts: a, Basis: b, Cost: &c}},
			}))
		}
		parts, whole := map[leg][3]schemas.Decimal{}, map[leg][3]schemas.Decimal{}
		sumByLeg(whole, shipment(schemas.NewDecimal(0, 6), line.Quantity.Qty))
		one := schemas.NewDecimal(1_000_000, 6)
		for before := schemas.NewDecimal(0, 6); before.Cmp(line.Quantity.Qty) < 0; {
			this := one.Mul(schemas.NewDecimal(1+g.Int64N(5), 0)).Round(6, schemas.Down).Min(line.Quantity.Qty.Sub(before))
			sumByLeg(parts, shipment(before, this))
			before = before.Add(this)
		}
		for k := range maps.Keys(parts) {
			if _, ok := whole[k]; !ok && parts[k][1].IsZero() {
				continue // a cent that one part had and another gave back
			}
			for i := range 3 {
				if !parts[k][i].Equal(whole[k][i]) {
					t.Fatalf("account %s: the parts of %s pieces sum to %s, the whole is %s", k.account, line.Quantity.Qty, parts[k][i], whole[k][i])
				}
			}
		}
	}
}

// TestExpectsAgreesWithDerive: completeness asks Expects, so it must never say other than the rules do.
func TestExpectsAgreesWithDerive(t *testing.T) {
	for _, e := range generated(seed, 50) {
		if got := deriveEntry(t, e) != nil; got != Expects(e) {
			t.Errorf("%s %s: an entry follows: %v, Expects: %v", e.EventType(), e.Header().Source.DocID, got, Expects(e))
		}
	}
}
