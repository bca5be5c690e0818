package oracle

import (
	"math/big"

	"github.com/throughline/throughline/schemas"
)

// Add is the outcome of one story, and then of another one told n times over. Neither may depend on the other.
func Add(a, b Expected, n int64) (Expected, error) {
	w := &writer{}
	out := Expected{Balances: merge(w, a.Balances, b.Balances, n), Periods: map[string]map[string]schemas.Decimal{},
		Currencies: map[string]map[string]schemas.Decimal{}, Open: merge(w, a.Open, b.Open, n), Positions: map[Shelf]Position{}, Events: map[string]int64{}}
	for _, side := range []Expected{a, b} {
		for month := range side.Periods {
			out.Periods[month] = merge(w, a.Periods[month], b.Periods[month], n)
		}
		for account := range side.Currencies {
			out.Currencies[account] = merge(w, a.Currencies[account], b.Currencies[account], n)
		}
		for shelf := range side.Positions {
			out.Positions[shelf] = w.position(a.Positions[shelf], b.Positions[shelf], n)
		}
		for eventType := range side.Events {
			out.Events[eventType] = a.Events[eventType] + n*b.Events[eventType]
		}
	}
	return out, w.err
}

func merge[K comparable](w *writer, a, b map[K]schemas.Decimal, n int64) map[K]schemas.Decimal {
	out := make(map[K]schemas.Decimal, len(a)+len(b))
	for k := range a {
		out[k] = w.plus(a[k], b[k], n, 4)
	}
	for k := range b {
		out[k] = w.plus(a[k], b[k], n, 4)
	}
	return out
}

func (w *writer) position(a, b Position, n int64) Position {
	return Position{OnHand: w.plus(a.OnHand, b.OnHand, n, 6), Unavailable: w.plus(a.Unavailable, b.Unavailable, n, 6),
		Reserved: w.plus(a.Reserved, b.Reserved, n, 6), OpenDemand: w.plus(a.OpenDemand, b.OpenDemand, n, 6),
		Inbound: w.plus(a.Inbound, b.Inbound, n, 6), InboundReturns: w.plus(a.InboundReturns, b.InboundReturns, n, 6),
		SafetyStock: w.plus(a.SafetyStock, b.SafetyStock, n, 6)}
}

func (w *writer) plus(a, b schemas.Decimal, n int64, decimals int) schemas.Decimal {
	return w.decimal(plus(num(a), times(num(b), new(big.Rat).SetInt64(n))), decimals)
}
