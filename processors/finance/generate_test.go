package finance

import (
	"math/rand/v2"
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// generator makes whole canonical events from a seed: what admission lets through, with every branch of every rule in it.
type generator struct {
	*rand.Rand
	n  int
	fx *schemas.Fx // of the document in the making; nil: the entity's own currency
}

// generated makes n events of each type that posts, from one seed.
func generated(seed uint64, n int) (events []schemas.Event) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7))}
	for range n {
		for _, build := range []func() schemas.Event{
			g.received, g.adjusted, g.shipment, g.invoice, g.creditMemo, g.writtenOff, g.giftCard, g.captured, g.refund, g.fee,
			g.marketplaceFee, g.settled, g.payout, g.bankLine, g.disputeOpened, g.disputeLost, g.returned, g.dispositioned,
			g.dispatched, g.transferred, g.revalued, g.delivered, g.lost, g.disputeWon, g.payoutFailed, g.applied, g.cardRevoked,
			g.breakage, g.recovered, g.reclassified, g.freightBilled, g.notReceived,
		} {
			g.fx = nil
			if g.IntN(3) == 0 {
				g.fx = g.rate()
			}
			events = append(events, g.stamped(build()))
		}
	}
	return events
}

func (g *generator) stamped(e schemas.Event) schemas.Event {
	g.n++
	id := strconv.Itoa(g.n)
	*e.Header() = schemas.Meta{
		EventID: schemas.NamedID("generated", id), EventType: e.EventType(), SchemaVersion: 1, LegalEntity: "ACME", OccurredTZOffset: "Z",
		OccurredAt: schemas.Time(1_772_442_000_000_000 + int64(g.n)), Source: schemas.Source{System: "test", Instance: "1", DocType: "d", DocID: id},
		CorrelationID: "SO-" + id, RecordedAt: schemas.Some(schemas.Time(1_772_442_001_000_000)), AdmittedAt: schemas.Some(schemas.Time(1_772_442_002_000_000)),
		EffectiveDate: schemas.Some(schemas.Date(20_514)), RuleSet: DefaultRuleSet, Period: "2026-03",
	}
	return e
}

func (g *generator) id(prefix string) string { return prefix + "-" + strconv.Itoa(1+g.IntN(999)) }

// maybe gives id or nothing, so that fallbacks are used too.
func (g *generator) maybe(prefix string) string {
	if g.IntN(3) == 0 {
		return ""
	}
	return g.id(prefix)
}

func pickOne[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// rate is foreign currency, functional USD; yen have no decimals and dinars three.
func (g *generator) rate() *schemas.Fx {
	return &schemas.Fx{
		TxnCurrency: pickOne(g, "EUR", "JPY", "KWD", "GBP"), FunctionalCurrency: "USD",
		Rate: schemas.NewDecimal(1+g.Int64N(50_000_000_000), 10), RateSource: "test",
	}
}

// another rate of the same pair, or none.
func (g *generator) another() *schemas.Fx {
	if g.fx == nil || g.IntN(2) == 0 {
		return nil
	}
	fx := *g.fx
	fx.Rate = schemas.NewDecimal(1+g.Int64N(50_000_000_000), 10)
	return &fx
}

func (g *generator) currency() string {
	if g.fx != nil {
		return g.fx.TxnCurrency
	}
	return "USD"
}

// amount has up to four decimals: source amounts are never rounded.
func (g *generator) amount() schemas.Decimal {
	return schemas.NewDecimal(g.Int64N(1_000_000_00), 2).Round(4, schemas.Down).Add(schemas.NewDecimal(g.Int64N(2)*g.Int64N(100), 4))
}

func (g *generator) signed() schemas.Decimal {
	if g.IntN(3) == 0 {
		return g.amount().Neg()
	}
	return g.amount()
}

func (g *generator) money() schemas.Money {
	return schemas.Money{Amount: g.signed(), Currency: g.currency()}
}

func (g *generator) optional() schemas.Opt[schemas.Decimal] {
	if g.IntN(2) == 0 {
		return schemas.Opt[schemas.Decimal]{}
	}
	return schemas.Some(g.amount())
}

func (g *generator) quantity() schemas.Quantity {
	q := schemas.NewDecimal(1_000_000*(1+g.Int64N(40)), 6)
	return schemas.Quantity{Qty: q, UOM: "EA", BaseQty: q, BaseUOM: "EA"}
}

func (g *generator) stock() schemas.StockRef {
	return schemas.StockRef{
		SKU: g.id("SKU"), Location: pickOne(g, "DC1", "DC2"), Lot: pickOne(g, "", "", "L1"),
		Owner: pickOne(g, schemas.StockOwnerOWN, schemas.StockOwnerOWN, schemas.StockOwnerCONSIGNED),
	}
}

func (g *generator) cost(q schemas.Quantity) *schemas.CostBasis {
	unit := schemas.NewDecimal(g.Int64N(10_000_000_000), 8)
	return &schemas.CostBasis{UnitCost: unit, CostAmount: q.BaseQty.Abs().MulRound(unit, 4, schemas.HalfUp), CostVersion: "1", Currency: "USD"}
}

// orderLine is a line as an order states it: amounts of the whole quantity, a fraction of a cent now and then.
func (g *generator) orderLine() schemas.OrderLine {
	q, stock := g.quantity(), g.stock()
	a := schemas.LineAmounts{Gross: g.amount(), FreightNet: noAmount}
	a.Net = a.Gross
	for range g.IntN(3) {
		share := a.Net.MulDiv(schemas.NewDecimal(g.Int64N(40), 2), schemas.NewDecimal(1, 0), 2, schemas.HalfUp).Round(4, schemas.Down)
		a.Discounts = append(a.Discounts, schemas.Discount{Amount: share, Reason: "r", FundedBy: pickOne(g, schemas.FundedBySELLER, schemas.FundedByVENDOR, schemas.FundedByMARKETPLACE)})
		a.Net = a.Net.Sub(share)
	}
	if g.IntN(2) == 0 {
		a.FreightNet = g.amount()
	}
	for range g.IntN(3) {
		a.Taxes = append(a.Taxes, schemas.TaxAmount{
			Jurisdiction: pickOne(g, "US-CA", "US-NY"), Rate: schemas.NewDecimal(0, 10), Base: a.Net, Amount: g.amount(),
			Remitter: pickOne(g, schemas.TaxRemitterSELLER, schemas.TaxRemitterMARKETPLACE), On: pickOne(g, schemas.TaxOnITEM, schemas.TaxOnFREIGHT),
		})
	}
	a.Total = total(&a)
	return schemas.OrderLine{LineID: strconv.Itoa(g.IntN(9)), Stock: &stock, Quantity: q, Amounts: a}
}

// part is a slice of a random order line: what precedes it, and how much it is.
func (g *generator) part() (*schemas.OrderLine, schemas.Quantity, *schemas.LineAmounts, *schemas.AllocationBasis) {
	l := g.orderLine()
	whole := l.Quantity.Qty
	before := schemas.NewDecimal(g.Int64N(40), 0).MulRound(schemas.NewDecimal(1, 0), 6, schemas.Down).Min(whole.Sub(schemas.NewDecimal(1, 0)))
	this := schemas.NewDecimal(1_000_000, 6).Max(whole.Sub(before).MulRound(schemas.NewDecimal(g.Int64N(11), 1), 0, schemas.Down).Round(6, schemas.Down))
	a, b := sliced(&l, before, this, g.currency())
	return &l, schemas.Quantity{Qty: this, UOM: "EA", BaseQty: this, BaseUOM: "EA"}, a, b
}

func (g *generator) funding(settles ...schemas.Settles) *schemas.Funding {
	return &schemas.Funding{Terms: pickOne(g, schemas.TermsPREPAID, schemas.TermsON_ACCOUNT, schemas.TermsCOD), Settles: pickOne(g, settles...)}
}
