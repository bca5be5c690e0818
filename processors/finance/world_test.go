package finance

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// world stands in for admission in scenarios: it knows the orders, costs and quantities of one file and completes events as
// admission does (domain.md §2.5): slices of the order's lines by cumulative difference, standard cost, funding, rates.
type world struct {
	t         *testing.T
	entity    string // functional currency
	balances  bool
	costs     map[string]schemas.Decimal
	orders    map[string]*order
	shipments map[string]*schemas.ShipmentShipped
	events    map[string]schemas.Event
	codec     *schemas.Codec
}

// order is what admission keeps of an order: its lines as accepted, and how much of each has been shipped, invoiced, credited.
type order struct {
	*schemas.OrderAccepted
	shipped, invoiced, credited, unshipped []schemas.Decimal
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, entity: "USD", costs: map[string]schemas.Decimal{}, orders: map[string]*order{},
		shipments: map[string]*schemas.ShipmentShipped{}, events: map[string]schemas.Event{},
		codec: schemas.NewCodec(nil, schemas.OfflineIDs()),
	}
}

func (w *world) given(line string) {
	f := parseFacts(w.t, strings.TrimPrefix(line, "given "))
	switch f.list[0][0] {
	case "balances":
		w.balances = true
	case "entity":
		w.entity = f.word("entity", 0)
	case "cost":
		f.list[0] = f.list[0][1:]
		for _, words := range f.list {
			w.costs[words[0]] = f.decimal(words[1], 8)
		}
	default:
		w.t.Fatalf("%q: given what?", line)
	}
}

// build makes the canonical event of a statement and remembers it.
func (w *world) build(s *statement) schemas.Event {
	w.t.Helper()
	build, ok := builders[s.event]
	if !ok {
		build, ok = bareBuilders()[s.event]
	}
	if !ok {
		w.t.Fatalf("%q: no builder for %s", s.text, s.event)
	}
	e := build(w, s)
	m := e.Header()
	*m = schemas.Meta{
		EventID: schemas.NamedID("scenario", s.event, s.doc), EventType: s.event, SchemaVersion: 1, LegalEntity: "ACME",
		OccurredAt: 1_772_442_000_000_000, OccurredTZOffset: "Z", Correction: m.Correction,
		Source:     schemas.Source{System: s.system, Instance: "test", DocType: s.event, DocID: s.doc},
		RecordedAt: schemas.Some(schemas.Time(1_772_442_001_000_000)), AdmittedAt: schemas.Some(schemas.Time(1_772_442_002_000_000)),
		EffectiveDate: schemas.Some(schemas.Date(20_514)), RuleSet: DefaultRuleSet, Period: "2026-03",
	}
	m.CorrelationID = schemas.Thread(e)
	w.events[s.event+" "+s.doc] = e
	return e
}

// cost is what admission stamps from reference.items, in the entity's currency; a line may state its own.
func (w *world) cost(f facts) *schemas.CostBasis {
	g := f.goods()
	unit, ok := w.costs[g.sku]
	if f.has("cost") {
		unit, ok = f.number("cost").Round(8, schemas.Down), true
	}
	if !ok {
		w.t.Fatalf("in %q: no cost is given for %s", f.text, g.sku)
	}
	return &schemas.CostBasis{
		Method: schemas.CostMethodSTANDARD, UnitCost: unit, Currency: w.entity, CostVersion: "1",
		CostAmount: g.qty.Abs().MulRound(unit, 4, schemas.HalfUp),
	}
}

// amounts are those that a line itself states.
func (w *world) amounts(f facts) *schemas.LineAmounts {
	a := &schemas.LineAmounts{FreightNet: f.number("freight"), Taxes: f.taxes()}
	if charge := f.find("charge"); charge == nil {
		g := f.goods()
		a.Gross = g.qty.MulRound(g.price, 4, schemas.HalfUp)
	} else {
		a.Gross = f.decimal(charge[1], 4)
	}
	a.Net = a.Gross
	for _, words := range f.list {
		if words[0] != "discount" {
			continue
		}
		d := schemas.Discount{Amount: f.decimal(words[1], 4), Reason: "promotion"}
		if len(words) > 2 {
			d.FundedBy = schemas.FundedBy(words[2])
		}
		a.Discounts, a.Net = append(a.Discounts, d), a.Net.Sub(d.Amount)
	}
	a.Total = total(a)
	return a
}

func total(a *schemas.LineAmounts) schemas.Decimal {
	sum := a.Net.Add(a.FreightNet)
	for _, tax := range a.Taxes {
		if tax.Remitter != schemas.TaxRemitterMARKETPLACE {
			sum = sum.Add(tax.Amount)
		}
	}
	return sum
}

// sliced gives the amounts of this many pieces of an order line after before, and what they were sliced from.
func sliced(l *schemas.OrderLine, before, this schemas.Decimal, currency string) (*schemas.LineAmounts, *schemas.AllocationBasis) {
	exponent, _ := schemas.CurrencyExponent(currency)
	of := l.Quantity.Qty
	cut := func(total schemas.Decimal) schemas.Decimal {
		return schemas.Slice(total, before, this, of, exponent, schemas.HalfUp)
	}
	whole := &l.Amounts
	a := &schemas.LineAmounts{Gross: cut(whole.Gross), Net: cut(whole.Net), FreightNet: cut(whole.FreightNet)}
	b := &schemas.AllocationBasis{
		OrderedQty: of, QtyBefore: before, QtyThis: this, Gross: whole.Gross, Net: whole.Net,
		Discount: whole.Gross.Sub(whole.Net), Freight: whole.FreightNet, Tax: noAmount,
	}
	// The discount is what lies between gross and net; with more than one, the earlier ones are sliced and the last takes the rest.
	left := a.Gross.Sub(a.Net)
	for i, d := range whole.Discounts {
		if i < len(whole.Discounts)-1 {
			d.Amount = cut(d.Amount)
		} else {
			d.Amount = left
		}
		left = left.Sub(d.Amount)
		a.Discounts = append(a.Discounts, d)
	}
	for _, tax := range whole.Taxes {
		b.Tax = b.Tax.Add(tax.Amount)
		tax.Amount = cut(tax.Amount)
		a.Taxes = append(a.Taxes, tax)
	}
	a.Total = total(a)
	return a, b
}

// line finds an order's line by SKU.
func (o *order) line(w *world, sku string) int {
	i := slices.IndexFunc(o.Lines, func(l schemas.OrderLine) bool { return l.Stock != nil && l.Stock.SKU == sku })
	if i < 0 {
		w.t.Fatalf("%s has no line of %s", o.OrderID, sku)
	}
	return i
}

// orderOf is the order that a statement names, nil where the file has none.
func (w *world) orderOf(s *statement) *order { return w.orders[s.facts.word("of", 0)] }

// funding is the order's, or what the statement says.
func (w *world) funding(s *statement) *schemas.Funding {
	f := &schemas.Funding{Terms: schemas.TermsPREPAID, Settles: schemas.SettlesCUSTOMER_DEPOSIT}
	if o := w.orderOf(s); o != nil {
		f.Terms = o.Terms
	}
	switch {
	case s.facts.has("on-account"):
		f.Terms = schemas.TermsON_ACCOUNT
	case s.facts.has("cod"):
		f.Terms = schemas.TermsCOD
	}
	if f.Terms != schemas.TermsPREPAID {
		f.Settles = schemas.SettlesRECEIVABLE
	}
	if settles := s.facts.word("settles", 0); settles != "" {
		f.Settles = schemas.Settles(settles)
	}
	return f
}

// rate is what the statement says, or for a prepaid order the order's own (domain.md §2.5 rule 5).
func (w *world) rate(s *statement) *schemas.Fx {
	if fx := s.facts.rate("rate"); fx != nil {
		return fx
	}
	if o := w.orderOf(s); o != nil && o.Terms == schemas.TermsPREPAID {
		return o.FX
	}
	return nil
}

func (w *world) currency(s *statement) string {
	if o := w.orderOf(s); o != nil {
		return o.Currency
	}
	if c := s.facts.word("in", 0); c != "" {
		return c
	}
	return w.entity
}

func lineID(i int) string { return strconv.Itoa(i + 1) }
