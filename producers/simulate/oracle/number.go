package oracle

import (
	"fmt"
	"math/big"
	"time"

	"github.com/throughline/throughline/schemas"
)

// num reads a decimal of an event, digit by digit through its text, so that no arithmetic of schemas is trusted.
func num(d schemas.Decimal) *big.Rat {
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		return new(big.Rat)
	}
	return r
}

func neg(a *big.Rat) *big.Rat      { return new(big.Rat).Neg(a) }
func plus(a, b *big.Rat) *big.Rat  { return new(big.Rat).Add(a, b) }
func minus(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }
func zero() *big.Rat               { return new(big.Rat) }
func sum(parts ...*big.Rat) (t *big.Rat) {
	t = zero()
	for _, p := range parts {
		t.Add(t, p)
	}
	return t
}

// round rounds to decimals, halves away from zero.
func round(a *big.Rat, decimals int) *big.Rat {
	r, _ := new(big.Rat).SetString(a.FloatString(decimals))
	return r
}

// firstOf is what the first n of q are worth where q are worth total. All and nothing are exact, a part is rounded to cents.
func firstOf(total, n, q *big.Rat) *big.Rat {
	switch {
	case n.Cmp(q) == 0:
		return total
	case n.Sign() == 0:
		return zero()
	}
	return round(new(big.Rat).Quo(times(total, n), q), 2)
}

// between is what n of q are worth after the first from.
func between(total, from, n, q *big.Rat) *big.Rat {
	return minus(firstOf(total, plus(from, n), q), firstOf(total, from, q))
}

// writer turns sums into decimals and keeps the first error.
type writer struct{ err error }

func (w *writer) decimal(r *big.Rat, decimals int) schemas.Decimal {
	if r == nil {
		r = zero()
	}
	if w.err == nil && round(r, decimals).Cmp(r) != 0 {
		w.err = fmt.Errorf("sum %s has more than %d decimals: something was not rounded", r.RatString(), decimals)
	}
	d, err := schemas.ParseDecimal(r.FloatString(decimals))
	if w.err == nil {
		w.err = err
	}
	return d
}

// accountingDate is the date that the document states, else the date of the event in New York: five hours behind, four from the second
// Sunday of March to the first Sunday of November, each at two in the morning.
func accountingDate(m *schemas.Meta) schemas.Date {
	if m.DocumentDate.Set {
		return m.DocumentDate.V
	}
	t := time.UnixMicro(int64(m.OccurredAt)).UTC()
	behind := 5 * time.Hour
	if !t.Before(sunday(t.Year(), time.March, 8).Add(7*time.Hour)) && t.Before(sunday(t.Year(), time.November, 1).Add(6*time.Hour)) {
		behind = 4 * time.Hour
	}
	return schemas.Date(t.Add(-behind).Unix() / 86400)
}

// sunday is the first Sunday on or after a day.
func sunday(year int, month time.Month, on int) time.Time {
	t := time.Date(year, month, on, 0, 0, 0, 0, time.UTC)
	return t.AddDate(0, 0, (7-int(t.Weekday()))%7)
}

// period is the month of the accounting date.
func period(m *schemas.Meta) string {
	return time.Unix(int64(accountingDate(m))*86400, 0).UTC().Format("2006-01")
}

// spot is the latest rate on or before a date.
func (s *story) spot(currency string, on schemas.Date) (*big.Rat, error) {
	var best *rate
	for i := range s.rates[currency] {
		if r := &s.rates[currency][i]; r.on <= on && (best == nil || r.on > best.on) {
			best = r
		}
	}
	if best == nil {
		return nil, fmt.Errorf("no rate of %s on %s", currency, on)
	}
	return best.rate, nil
}

// unitCost is the standard cost in force.
func (s *story) unitCost(sku string, m *schemas.Meta) (*big.Rat, error) {
	var best *cost
	for i := range s.costs[sku] {
		if c := &s.costs[sku][i]; c.from <= accountingDate(m) && (best == nil || c.from > best.from) {
			best = c
		}
	}
	if best == nil {
		return nil, fmt.Errorf("no cost of %s", sku)
	}
	return best.unit, nil
}

// value is what a quantity costs, to the hundredth of a cent.
func value(q schemas.Quantity, unit *big.Rat) *big.Rat { return round(times(num(q.BaseQty), unit), 4) }

// rateOf is the rate that a document states; nil where it states none, which is right for the functional currency only.
func rateOf(fx *schemas.Fx) *big.Rat {
	if fx == nil {
		return nil
	}
	return num(fx.Rate)
}
