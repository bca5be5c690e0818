package finance

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// legsPerEntry is the room that a draft starts with, where its rule does not say how much it needs.
const legsPerEntry = 4

// draft is an entry in the making. A rule opens it (open, or the cost of its first line), names what all legs share (about),
// adds legs, and leaves; finish makes it whole or refuses.
type draft struct {
	cause schemas.Event
	rule  *Rule
	table []Rule
	chart *mapping
	audit bool
	mode  schemas.RoundingMode

	currency   string // of the document
	exponent   uint8  // its decimals
	functional string // of the entity
	functionAt uint8  // its decimals
	fx         *schemas.Fx

	dimensions schemas.StringMap
	reverses   schemas.Opt[schemas.UUID]
	lines      []schemas.JournalLine
	negates    bool                  // the legs are another entry's, on its accounts already
	led        bool                  // lines[0] is the leg that the document as a whole has against its lines
	sums       []schemas.JournalLine // other legs that gather over the document's lines
	keys       keys
	exceptions []schemas.Event
	n          int    // which entry of its event; all but a rule.superseded have one, 0
	then       *draft // the second entry of the same event
}

// item is what the legs of one document line share.
type item struct {
	orderLine, sku, location, uom string
	qty                           schemas.Decimal // base unit, without sign
}

// open fixes the two currencies of a document with money in it. Without fx the document's currency is the entity's
// (domain.md §2.5 rule 5).
func (d *draft) open(currency string, fx *schemas.Fx) error { return d.openAt(currency, "fx", fx) }

func (d *draft) openAt(currency, field string, fx *schemas.Fx) error {
	if currency == "" {
		return missing("currency")
	}
	d.currency, d.functional = currency, currency
	var err error
	if d.exponent, err = schemas.CurrencyExponent(currency); err != nil {
		return contract("currency is not in ISO 4217")
	}
	d.functionAt = d.exponent
	if fx == nil {
		return nil
	}
	d.fx, d.functional = fx, fx.FunctionalCurrency
	if d.functionAt, err = schemas.CurrencyExponent(fx.FunctionalCurrency); err != nil {
		return contract(field + ".functional_currency is not in ISO 4217")
	}
	return d.agrees(field, fx, currency)
}

// agrees checks that a rate turns currency into the draft's functional currency.
func (d *draft) agrees(field string, fx *schemas.Fx, currency string) error {
	switch {
	case fx.TxnCurrency != currency:
		return contract(field + ".txn_currency is not the currency of the amount")
	case fx.FunctionalCurrency != d.functional:
		return contract(field + ".functional_currency is not the entity's")
	case currency != d.functional && fx.Rate.Sign() <= 0:
		return contract(field + ".rate is not above zero")
	}
	return nil
}

// about names what all legs share, as alternating keys and values, keys in order.
func (d *draft) about(kv ...string) { d.dimensions = schemas.StringMapOf(kv...) }

// valued is an amount of the document in functional currency: the amount itself where both currencies are one, else rounded
// to the functional currency's decimals.
func (d *draft) valued(amount schemas.Decimal, fx *schemas.Fx) schemas.Decimal {
	if d.currency == d.functional || fx == nil {
		return amount
	}
	return amount.MulRound(fx.Rate, d.functionAt, d.mode).Round(amountScale, schemas.Down)
}

// amountScale is the number of decimals of every amount in the journal.
const amountScale = 4

// money adds a leg in the document's currency at the document's rate. it may be nil.
func (d *draft) money(account, key string, amount schemas.Decimal, it *item) {
	d.moneyAt(d.fx, account, key, amount, it)
}

// moneyAt adds a leg in the document's currency at a rate of its own: a leg that clears what another event booked.
func (d *draft) moneyAt(fx *schemas.Fx, account, key string, amount schemas.Decimal, it *item) {
	d.leg(account, key, amount, d.currency, d.valued(amount, fx), it)
}

// worth adds a leg of cost: functional currency, four decimals, and the quantity it stands for, signed as the amount is.
func (d *draft) worth(account, key string, amount schemas.Decimal, it *item) {
	if amount.IsZero() {
		return
	}
	d.leg(account, key, amount, d.functional, amount, it)
	if it == nil {
		return
	}
	l := &d.lines[len(d.lines)-1]
	l.Qty, l.UOM = schemas.Some(it.qty), it.uom
	if amount.Sign() < 0 {
		l.Qty.V = it.qty.Neg()
	}
}

// leg adds a leg, unless it is zero in both currencies.
func (d *draft) leg(account, key string, txn schemas.Decimal, currency string, fn schemas.Decimal, it *item) {
	if txn.IsZero() && fn.IsZero() {
		return
	}
	l := d.next()
	l.Account, l.ControlKey, l.AmountTxn, l.Currency, l.AmountFn = account, key, txn, currency, fn
	if it != nil {
		l.OrderLineID, l.SKU, l.Location = it.orderLine, it.sku, it.location
	}
}

// next is a fresh leg. Room beyond the length was never written, so taking it in is enough: writing a zero leg there would cost as much as
// all the rest of a leg.
func (d *draft) next() *schemas.JournalLine {
	n := len(d.lines)
	if n == cap(d.lines) {
		d.lines = slices.Grow(d.lines, max(n, legsPerEntry))
	}
	d.lines = d.lines[:n+1]
	return &d.lines[n]
}

// room makes place for legs before a rule adds them.
func (d *draft) room(legs int) { d.lines = make([]schemas.JournalLine, 0, legs) }

// lead begins the entry with the one leg that the document as a whole has against its lines; owe adds to it.
func (d *draft) lead(account, key string) {
	d.led = true
	l := d.next()
	l.Account, l.ControlKey, l.AmountTxn, l.Currency = account, key, noAmount, d.currency
}

func (d *draft) owe(amount schemas.Decimal) { d.lines[0].AmountTxn = d.lines[0].AmountTxn.Add(amount) }

// gather adds to the leg of an account and key that stands once per document: everything but 1150, 12xx, 2050, 4xxx and 5xxx
// (domain.md §2.4). jurisdiction is "" but for taxes.
func (d *draft) gather(account, key, jurisdiction string, amount schemas.Decimal) {
	if amount.IsZero() {
		return
	}
	for i := range d.sums {
		l := &d.sums[i]
		if l.Account == account && l.ControlKey == key && l.TaxJurisdiction == jurisdiction {
			l.AmountTxn = l.AmountTxn.Add(amount)
			return
		}
	}
	d.sums = append(d.sums, schemas.JournalLine{
		Account: account, ControlKey: key, TaxJurisdiction: jurisdiction, AmountTxn: amount, Currency: d.currency,
	})
}

// exchange books what the legs so far do not sum to in functional currency as realised difference: the legs of one amount
// stood at two rates.
func (d *draft) exchange() {
	sum := noAmount
	for i := range d.lines {
		sum = sum.Add(d.lines[i].AmountFn)
	}
	d.leg(realisedFX, "", noAmount, d.functional, sum.Neg(), nil)
}

var noAmount = schemas.NewDecimal(0, amountScale)

// finish values what was gathered, places the residual and checks the sums.
func (d *draft) finish() error {
	if d.led {
		l := &d.lines[0]
		if l.AmountFn = d.valued(l.AmountTxn, d.fx); l.AmountTxn.IsZero() && l.AmountFn.IsZero() {
			d.lines = d.lines[1:]
		}
	}
	for i := range d.sums {
		l := &d.sums[i]
		if l.AmountFn = d.valued(l.AmountTxn, d.fx); !l.AmountTxn.IsZero() || !l.AmountFn.IsZero() {
			d.lines = append(d.lines, *l)
		}
	}
	if len(d.lines) == 0 {
		return nil
	}
	if d.fx != nil && d.currency != d.functional {
		d.placeResidual()
	}
	if err := d.balanced(); err != nil {
		return err
	}
	if err := d.dated(); err != nil || d.negates {
		return err
	}
	return d.mapped()
}

// dated refuses an event that admission has not given a place in the books.
func (d *draft) dated() error {
	m := d.cause.Header()
	switch {
	case m.Period == "":
		return missing("meta.period")
	case !m.EffectiveDate.Set:
		return missing("meta.effective_date")
	case m.LegalEntity == "":
		return missing("meta.legal_entity")
	}
	return nil
}

// placeResidual puts what rounding each leg by itself leaves onto the largest leg of 1100 or 4xxx, the first of equals, else
// onto 7900 (domain.md §2.5 rule 5). More than half a minor unit per leg is no residual: balanced then refuses the entry.
func (d *draft) placeResidual() {
	sum, largest := noAmount, -1
	for i := range d.lines {
		l := &d.lines[i]
		sum = sum.Add(l.AmountFn)
		takes := l.Account == receivable || l.Account[0] == '4'
		if takes && (largest < 0 || l.AmountFn.Abs().Cmp(d.lines[largest].AmountFn.Abs()) > 0) {
			largest = i
		}
	}
	if sum.IsZero() || sum.Abs().Cmp(schemas.NewDecimal(int64(len(d.lines)), d.functionAt)) > 0 {
		return
	}
	if largest < 0 {
		d.leg(roundingDifference, "", noAmount, d.functional, sum.Neg(), nil)
		return
	}
	l := &d.lines[largest]
	l.AmountFn = l.AmountFn.Sub(sum)
}

// balanced numbers the legs and checks that they sum to zero per currency and in functional currency, before anybody sees
// them. An amount that overflowed is not zero either.
func (d *draft) balanced() error {
	functional := noAmount
	var perCurrency [4]struct {
		currency string
		sum      schemas.Decimal
	}
	used := 0
	for i := range d.lines {
		l := &d.lines[i]
		l.LineNo = int32(i + 1)
		functional = functional.Add(l.AmountFn)
		c := 0
		for c < used && perCurrency[c].currency != l.Currency {
			c++
		}
		if c == len(perCurrency) {
			return unbalanced("lines.currency has more than four values")
		}
		if c == used {
			perCurrency[c].currency, perCurrency[c].sum = l.Currency, noAmount
			used++
		}
		perCurrency[c].sum = perCurrency[c].sum.Add(l.AmountTxn)
	}
	for c := range perCurrency[:used] {
		if !perCurrency[c].sum.IsZero() {
			return unbalanced("lines.amount_txn does not sum to zero in " + perCurrency[c].currency)
		}
	}
	if !functional.IsZero() {
		return unbalanced("lines.amount_fn does not sum to zero")
	}
	return nil
}

// events gives the finished entries, those that have legs, and the exceptions.
func (d *draft) events() ([]schemas.Event, error) {
	if d.then != nil {
		second, err := d.then.events()
		if err != nil || len(d.lines) == 0 {
			return second, err
		}
		return append([]schemas.Event{d.entry()}, second...), nil
	}
	if len(d.lines) == 0 {
		return d.exceptions, nil
	}
	return append([]schemas.Event{d.entry()}, d.exceptions...), nil
}

func (d *draft) entry() *schemas.JournalEntry {
	m := d.cause.Header()
	entry := &schemas.JournalEntry{
		Meta: m.Follow(d.identity(d.n)), CauseType: d.cause.EventType(), N: int32(d.n),
		RuleID: d.rule.ID, RuleVersion: int32(d.rule.Version), Ledger: "PRIMARY", FunctionalCurrency: d.functional,
		Reverses: d.reverses, Dimensions: d.dimensions, Lines: d.lines,
	}
	entry.Meta.EventType = "journal.entry"
	if d.fx != nil && d.currency != d.functional {
		entry.FXRate = schemas.Some(d.fx.Rate)
	}
	return entry
}

func (d *draft) identity(n int) schemas.Identity {
	return schemas.Identity{Rule: d.rule.ID, Version: d.rule.Version, N: n}
}
