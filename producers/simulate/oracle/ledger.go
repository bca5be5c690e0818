package oracle

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/throughline/throughline/schemas"
)

const functional = "USD"

// leg is one amount on one account, Dr +.
type leg struct {
	account, key, currency string
	amount, functional     *big.Rat
}

// ledger is nothing but sums.
type ledger struct {
	months     map[string]map[string]*big.Rat // account → month → functional
	currencies map[string]map[string]*big.Rat // account → currency → transaction amount
	open       map[Item]*big.Rat
}

func (g *ledger) add(month string, l leg) {
	if g.months == nil {
		g.months, g.currencies, g.open = map[string]map[string]*big.Rat{}, map[string]map[string]*big.Rat{}, map[Item]*big.Rat{}
	}
	tally(tallies(g.months, l.account), month, l.functional)
	tally(tallies(g.currencies, l.account), l.currency, l.amount)
	if controlled(l.account) {
		tally(g.open, Item{l.account, l.key, l.currency}, l.amount)
	}
}

func tallies(m map[string]map[string]*big.Rat, key string) map[string]*big.Rat {
	if m[key] == nil {
		m[key] = map[string]*big.Rat{}
	}
	return m[key]
}

func tally[K comparable](m map[K]*big.Rat, key K, amount *big.Rat) {
	if m[key] == nil {
		m[key] = zero()
	}
	m[key].Add(m[key], amount)
}

func controlled(account string) bool {
	return slices.Contains([]string{"1050", "1060", "1070", "1150", "1210", "1220", "1260", "2060", "2100", "2150", "2200"}, account)
}

// entry collects the legs of one event.
type entry struct {
	story    *story
	meta     *schemas.Meta
	currency string
	rate     *big.Rat // nil: the currency is the functional one
	legs     []leg
	err      error
}

func (s *story) entry(m *schemas.Meta, currency string, rate *big.Rat) *entry {
	e := &entry{story: s, meta: m, currency: currency, rate: rate}
	if (rate == nil) != (currency == functional) {
		e.err = fmt.Errorf("an amount in %s, and a rate: %t", currency, rate != nil)
	}
	return e
}

// dr debits at the entry's rate, cr credits.
func (e *entry) dr(account, key string, amount *big.Rat) { e.at(e.rate, account, key, amount) }
func (e *entry) cr(account, key string, amount *big.Rat) { e.at(e.rate, account, key, neg(amount)) }

// at debits at a rate of its own.
func (e *entry) at(rate *big.Rat, account, key string, amount *big.Rat) {
	worth := amount
	if rate != nil {
		worth = round(times(amount, rate), 2)
	}
	e.legs = append(e.legs, leg{account, key, e.currency, amount, worth})
}

// once debits what stands once per document and key, however many lines add to it: everything but 1150, 12xx, 4xxx and 5xxx.
func (e *entry) once(account, key string, amount *big.Rat) {
	for i, l := range e.legs {
		if l.account == account && l.key == key && l.currency == e.currency {
			e.legs = slices.Delete(e.legs, i, i+1)
			amount = plus(amount, l.amount)
			break
		}
	}
	e.dr(account, key, amount)
}

// own debits an amount in the functional currency.
func (e *entry) own(account, key string, amount *big.Rat) {
	e.legs = append(e.legs, leg{account, key, functional, amount, amount})
}

// gain puts what the rates differ in on 7000: money was kept while rates moved.
func (e *entry) gain() {
	if left := e.left(); left.Sign() != 0 {
		e.legs = append(e.legs, leg{"7000", "", functional, zero(), neg(left)})
	}
}

func (e *entry) left() *big.Rat {
	t := zero()
	for _, l := range e.legs {
		t.Add(t, l.functional)
	}
	return t
}

// post rounds off, checks and adds up. What rounding leaves goes to the largest leg on 1100 or 4xxx, else to 7900.
func (e *entry) post() error {
	if e.err != nil {
		return e.err
	}
	if left := e.left(); left.Sign() != 0 {
		if e.rate == nil || new(big.Rat).Abs(left).Cmp(big.NewRat(int64(len(e.legs)), 100)) > 0 {
			return fmt.Errorf("legs differ by %s", left.FloatString(6))
		}
		if i := e.largest(); i >= 0 {
			e.legs[i].functional = minus(e.legs[i].functional, left)
		} else {
			e.legs = append(e.legs, leg{"7900", "", functional, zero(), neg(left)})
		}
	}
	sums := map[string]*big.Rat{}
	for _, l := range e.legs {
		tally(sums, l.currency, l.amount)
	}
	for currency, t := range sums {
		if t.Sign() != 0 {
			return fmt.Errorf("legs in %s differ by %s", currency, t.FloatString(4))
		}
	}
	month := period(e.meta)
	for _, l := range e.legs {
		if l.amount.Sign() != 0 || l.functional.Sign() != 0 {
			e.story.ledger.add(month, l)
		}
	}
	if u := e.story.voided[e.meta.EventID]; u != nil {
		u.legs = append(u.legs, e.legs...)
	}
	return nil
}

func (e *entry) largest() int {
	best := -1
	for i, l := range e.legs {
		if l.account != "1100" && l.account[0] != '4' || l.amount.Sign() == 0 {
			continue // a leg of nothing is not in the entry
		}
		if best < 0 || new(big.Rat).Abs(l.functional).Cmp(new(big.Rat).Abs(e.legs[best].functional)) > 0 {
			best = i
		}
	}
	return best
}
