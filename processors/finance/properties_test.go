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

// perType events of each of the 32 types that post: 6,400 in all.
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
		if kindOf(&r) == posts && posted[r.Event] < perType/2 {
			t.Errorf("%s: only %d of %d generated events posted", r.Event, posted[r.Event], perType)
		}
	}
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
	g, events := &generator{Rand: rand.New(rand.NewPCG(seed, 12)), n: 1 << 22}, generated(seed, perType)
	for _, e := range events[:len(events)/10] {
		x := &schemas.RuleSuperseded{PlanID: "P", Reason: "r", OldRuleSet: DefaultRuleSet, NewRuleSet: everyRuleChanged}
		g.embed(x, e)
		events = append(append(events, x), g.correcting(e)...)
	}
	for _, e := range events {
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
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 8)), n: 1 << 20}
	voided := map[string]int{}
	for _, original := range append(generated(seed, perType), newWorld(t).build(parse(t, "shop order.accepted SO-1 prepaid; 3 × A @ 1.00"))) {
		was := deriveEntry(t, original)
		for _, x := range g.correcting(original) {
			reversal := deriveEntry(t, x)
			if was == nil {
				if reversal != nil {
					t.Errorf("%s posted nothing, its %s did", original.EventType(), x.EventType())
				}
				continue
			}
			voided[x.EventType()]++
			voided[original.EventType()]++
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
	for _, r := range rules {
		if k := kindOf(&r); (k == posts || k == negates) && voided[r.Event] < perType/2 {
			t.Errorf("%s: only %d were voided, or voided another", r.Event, voided[r.Event])
		}
	}
}

// TestSupersededEntriesSumToTheNewOne: for every event that posts, the entry that stood, its reversal and the new entry sum to the entry under the new
// rules, leg by leg; the reversal names what stood, and all three have ids of their own (domain.md §2.6; S44, S48).
func TestSupersededEntriesSumToTheNewOne(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 11)), n: 1 << 21}
	rebooked := map[string]int{}
	for _, original := range generated(seed, perType/4) {
		was := deriveEntry(t, original)
		x := &schemas.RuleSuperseded{PlanID: "P", Reason: "r", OldRuleSet: DefaultRuleSet, NewRuleSet: everyRuleChanged}
		g.embed(x, original)
		derived, err := Derive(x)
		if err != nil {
			t.Fatalf("%s: %v", original.EventType(), err)
		}
		if was == nil {
			if hasEntry(derived) {
				t.Errorf("%s posted nothing under either set, its supersession did", original.EventType())
			}
			continue
		}
		rebooked[original.EventType()]++
		reversal, next := derived[0].(*schemas.JournalEntry), derived[1].(*schemas.JournalEntry)
		under := original
		under.Header().RuleSet = everyRuleChanged
		want, got := map[leg][3]schemas.Decimal{}, map[leg][3]schemas.Decimal{}
		sumByLeg(want, deriveEntry(t, under))
		for _, e := range []*schemas.JournalEntry{was, reversal, next} {
			sumByLeg(got, e)
		}
		for k, s := range got {
			if w := want[k]; !s[0].Equal(w[0].Add(noAmount)) || !s[1].Equal(w[1].Add(noAmount)) || !s[2].Equal(w[2].Add(noAmount)) {
				t.Errorf("%s: %+v stands at %v, want %v", original.EventType(), k, s, w)
			}
		}
		if reversal.N != 0 || next.N != 1 || reversal.Reverses.V != was.Meta.EventID || next.Reverses.Set || next.Meta.Period != "2026-04" ||
			reversal.Meta.EventID == next.Meta.EventID || next.CauseType != "rule.superseded" || next.Meta.CausationID.V != x.Meta.EventID {
			t.Errorf("%s: the entries are not linked: %+v, %+v", original.EventType(), reversal.Meta, next.Meta)
		}
		if x.OldRuleSet = ""; true {
			alone, err := Derive(x)
			if err != nil || !bytes.Equal(encode(t, alone[0]), encode(t, next)) {
				t.Errorf("%s: without an entry that stands the new one is another: %v", original.EventType(), err)
			}
		}
	}
	for _, r := range rules {
		if kindOf(&r) == posts && rebooked[r.Event] < perType/8 {
			t.Errorf("%s: only %d were superseded", r.Event, rebooked[r.Event])
		}
	}
}

func encode(t *testing.T, e schemas.Event) []byte {
	t.Helper()
	value, err := schemas.EncodeEmbedded(e)
	if err != nil {
		t.Fatal(err)
	}
	return value
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

// TestPartitionsSumToTheLine: however a line is cut into shipments, deliveries or invoices, their legs sum to those of one, per account, exactly, in
// currencies of no, two and three decimals (domain.md §2.8, invariant 6; S47).
func TestPartitionsSumToTheLine(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 9))}
	for n := range 1500 {
		currency := []string{"USD", "JPY", "KWD"}[n%3]
		line := g.orderLine()
		cost := g.cost(schemas.Quantity{BaseQty: schemas.NewDecimal(1_000_000, 6)})
		cost.UnitCost, cost.Currency = cost.UnitCost.Round(4, schemas.Down).Round(8, schemas.Down), currency // whole at four decimals: 1200 is Σ quantity × cost
		part := func(before, this schemas.Decimal) schemas.Event {
			a, b := sliced(&line, before, this, currency)
			q, c := schemas.Quantity{Qty: this, UOM: "EA", BaseQty: this, BaseUOM: "EA"}, *cost
			c.CostAmount = this.MulRound(c.UnitCost, 4, schemas.HalfUp)
			switch n / 3 % 3 {
			case 0:
				return &schemas.ShipmentShipped{ShipmentID: "SH", OrderID: "SO", Currency: currency, Control: &schemas.ControlTransfer{Point: schemas.TransferPointAT_SHIPMENT},
					Lines: []schemas.ShipmentLine{{LineID: "1", OrderLineID: "1", Stock: *line.Stock, Quantity: q, Amounts: a, Basis: b, Cost: &c}}}
			case 1:
				return &schemas.ShipmentDelivered{ShipmentID: "SH", OrderID: "SO", Currency: currency, Control: &schemas.ControlTransfer{Point: schemas.TransferPointAT_DELIVERY},
					Lines: []schemas.DeliveredLine{{ShipmentLineID: "1", OrderLineID: "1", Stock: line.Stock, Quantity: &q, Amounts: a, Basis: b, Cost: &c}}}
			}
			return &schemas.InvoiceIssued{InvoiceID: "INV", OrderID: "SO", Currency: currency, Funding: &schemas.Funding{Terms: schemas.TermsON_ACCOUNT},
				Lines: []schemas.InvoiceLine{{LineID: "1", OrderLineID: "1", Stock: line.Stock, Quantity: &q, Amounts: a, Basis: b}}}
		}
		parts, whole := map[leg][3]schemas.Decimal{}, map[leg][3]schemas.Decimal{}
		sumByLeg(whole, deriveEntry(t, g.stamped(part(schemas.NewDecimal(0, 6), line.Quantity.Qty))))
		one := schemas.NewDecimal(1_000_000, 6)
		for before := schemas.NewDecimal(0, 6); before.Cmp(line.Quantity.Qty) < 0; {
			this := one.Mul(schemas.NewDecimal(1+g.Int64N(5), 0)).Round(6, schemas.Down).Min(line.Quantity.Qty.Sub(before))
			sumByLeg(parts, deriveEntry(t, g.stamped(part(before, this))))
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
