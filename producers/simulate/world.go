package simulate

import (
	"fmt"
	"math/rand/v2"

	"github.com/throughline/throughline/schemas"
)

const (
	stream     = 0x7468726f7567686c // second word of every PCG seed: keeps our streams apart from other users of the same seed
	second     = schemas.Time(1_000_000)
	minute     = 60 * second
	hour       = 60 * minute
	day        = 24 * hour
	firstDay   = schemas.Date(20458) // 2026-01-05, a Monday
	firstRate  = firstDay - 7
	tailDays   = 80                  // the last stories end so long after the last order
	costChange = schemas.Date(20485) // 2026-02-01: some standard costs change, at a month's turn as companies do
)

// item is a stock-keeping unit. Prices are in cents of whatever currency asks; costs are in dollars.
type item struct {
	sku      string
	uom      string // base unit
	step     int64  // the smallest quantity that ships, in thousandths of the unit that orders are written in
	caseUOM  string // orders are written in cases where set
	factor   int64  // base units per unit that orders are written in
	cents    int64  // list price of one unit that orders are written in
	cost     schemas.Decimal
	nextCost schemas.Decimal // from costChange on; zero: no change
	owner    schemas.StockOwner
}

// world is what is there before the first order: items, warehouses, rates.
type world struct {
	cfg       Config
	items     []*item
	consigned *item
	places    []string
	rates     map[string][]int64 // per currency and day from firstRate on, millionths of a dollar; 0 on days without a fixing
}

func newWorld(cfg Config) *world {
	rng := rand.New(rand.NewPCG(cfg.Seed, stream))
	w := &world{cfg: cfg, places: []string{"DC-EAST", "DC-WEST", "DC-SOUTH"}, rates: map[string][]int64{}}
	for i := range cfg.SKUs {
		w.items = append(w.items, newItem(rng, i))
	}
	w.consigned = w.items[len(w.items)-1]
	w.consigned.owner = schemas.StockOwnerCONSIGNED
	w.consigned.nextCost = schemas.Decimal{}
	for _, start := range []struct {
		currency string
		rate     int64
	}{{"EUR", 1_084_700}, {"GBP", 1_262_300}} {
		w.rates[start.currency] = walkRates(rng, start.rate, cfg.Days+tailDays)
	}
	return w
}

func newItem(rng *rand.Rand, i int) *item {
	it := &item{sku: fmt.Sprintf("SKU-%04d", i+1), uom: "EA", step: 1000, factor: 1, cents: 499 + rng.Int64N(9500), owner: schemas.StockOwnerOWN}
	switch i % 8 {
	case 3: // sold by weight, half kilograms; three decimals in the cost keep its value exact at four
		it.uom, it.step = "KGM", 500
		it.cost = schemas.NewDecimal(it.cents*6+rng.Int64N(50), 3)
	case 5: // ordered in cases of twelve, kept in pieces
		it.caseUOM, it.factor = "CS", 12
		it.cost = schemas.NewDecimal(it.cents*5+rng.Int64N(400), 4)
	default:
		it.cost = schemas.NewDecimal(it.cents*55+rng.Int64N(900), 4)
	}
	if i%6 == 0 {
		it.nextCost = it.cost.Add(schemas.NewDecimal(1250, 4))
	}
	return it
}

// walkRates is a daily random walk; weekends have no fixing, so that a look-up must take the latest day before.
func walkRates(rng *rand.Rand, rate int64, days int) []int64 {
	out := make([]int64, days)
	for i := range out {
		rate += rng.Int64N(9001) - 4500
		if wd := (firstRate + schemas.Date(i)).Time().Weekday(); wd != 0 && wd != 6 {
			out[i] = rate
		}
	}
	return out
}

// rate is the latest fixing on or before date, and its date.
func (w *world) rate(currency string, date schemas.Date) (int64, schemas.Date) {
	days := w.rates[currency]
	for i := min(int(date-firstRate), len(days)-1); i >= 0; i-- {
		if days[i] != 0 {
			return days[i], firstRate + schemas.Date(i)
		}
	}
	panic("no rate of " + currency + " on " + date.String())
}

// fx is the rate of a currency at an instant as its source would state it; nil where nothing is to be converted.
func (w *world) fx(currency string, at schemas.Time, kind schemas.RateType, source string) *schemas.Fx {
	if currency == Functional {
		return nil
	}
	rate, date := w.rate(currency, localDate(at))
	return &schemas.Fx{TxnCurrency: currency, FunctionalCurrency: Functional, Rate: schemas.NewDecimal(rate, 6),
		RateType: kind, RateDate: date, RateSource: source}
}

func (w *world) reference() []schemas.Event {
	out := []schemas.Event{w.refer(&schemas.ReferenceEntity{Entity: Entity, EffectiveFrom: firstRate, Version: "1", FunctionalCurrency: Functional, Zone: Zone}, "entity", Entity)}
	for _, it := range w.items {
		out = append(out, w.referItem(it, firstRate, "1", it.cost))
		if !it.nextCost.IsZero() {
			out = append(out, w.referItem(it, costChange, "2", it.nextCost))
		}
	}
	for _, currency := range []string{"EUR", "GBP"} {
		for i, rate := range w.rates[currency] {
			if rate == 0 {
				continue
			}
			date := firstRate + schemas.Date(i)
			out = append(out, w.refer(&schemas.ReferenceRate{Base: currency, Quote: Functional, RateDate: date, Version: "1",
				Rate: schemas.NewDecimal(rate, 6), Source: "ECB"}, "rate", currency+"|"+date.String()))
		}
	}
	return out
}

func (w *world) referItem(it *item, from schemas.Date, version string, cost schemas.Decimal) schemas.Event {
	e := &schemas.ReferenceItem{SKU: it.sku, EffectiveFrom: from, Version: version, BaseUOM: it.uom, CostMethod: schemas.CostMethodSTANDARD,
		UnitCost: cost, Currency: Functional}
	if it.caseUOM != "" {
		e.Units = []schemas.UnitFactor{{UOM: it.caseUOM, Factor: schemas.NewDecimal(it.factor, 0)}}
	}
	return w.refer(e, "item", it.sku+"|"+version)
}

func (w *world) refer(e schemas.Event, docType, docID string) schemas.Event {
	stamp(e, schemas.Time(firstRate)*day, schemas.Source{System: "mdm", Instance: "acme", DocType: docType, DocID: docID, Transition: "published"}, "Z")
	return e
}

// stamp fills the envelope as a producer would.
func stamp(e schemas.Event, at schemas.Time, source schemas.Source, offset string, refs ...string) {
	m := e.Header()
	m.EventID, m.EventType, m.SchemaVersion = schemas.SourceID(source), e.EventType(), 1
	m.LegalEntity, m.OccurredAt, m.OccurredTZOffset = Entity, at, offset
	m.TimeQuality, m.Source = schemas.TimeQualityEXACT, source
	m.SubjectRefs = schemas.StringMapOf(refs...)
}

// localDate is the company's own idea of the date at its desk. It disregards summer time, which changes nothing at the hours at
// which the company works; the accounting date of an event is admission's matter, and the oracle's.
func localDate(at schemas.Time) schemas.Date { return schemas.Date((at - 5*hour) / day) }

func sameMonth(a, b schemas.Time) bool {
	x, y := localDate(a).Time(), localDate(b).Time()
	return x.Month() == y.Month() && x.Year() == y.Year()
}
