package compose_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

// money of no, two and three decimals.
var roundedCurrencies = []string{"JPY", "EUR", "KWD"}

// S47: three parts of 100 sum to 100 in every currency, the odd unit stands in the middle, and no part has more decimals than its currency.
func TestS47ThreePartsOf100OverCurrencies(t *testing.T) {
	want := map[string][]string{"JPY": {"33", "34", "33"}, "EUR": {"33.33", "33.34", "33.33"}, "KWD": {"33.333", "33.334", "33.333"}}
	for _, currency := range roundedCurrencies {
		w := roundingWorld(t)
		o := &roundedOrder{id: "SO-1", entity: currency, currency: currency, terms: schemas.TermsPREPAID, qty: 3,
			amounts: exactly(schemas.NewDecimal(100, 0))}
		o.play(w, []int64{1, 1, 1})
		for i, s := range shipments(w, o.id) {
			if got := s.Lines[0].Amounts.Net; !got.Equal(schemas.MustDecimal(want[currency][i])) {
				t.Errorf("part %d of 100 %s over 3: %s, want %s", i+1, currency, got.Text(), want[currency][i])
			}
		}
		o.check(w)
	}
}

// S47 over every partition of a quantity: gross, net, freight and each tax of a line in JPY, EUR and KWD, sold by entities that keep their books in each of
// them, prepaid and on account, as they were ordered at first and as an order that was changed. The parts sum to the line, entries balance in both currencies, and nothing is left on 1150 and 2100.
func TestS47EveryPartitionOverCurrencies(t *testing.T) {
	rng := rand.New(rand.NewPCG(47, 47))
	for _, entity := range roundedCurrencies {
		w := roundingWorld(t)
		var orders []*roundedOrder
		for _, currency := range roundedCurrencies {
			for _, terms := range []schemas.Terms{schemas.TermsPREPAID, schemas.TermsON_ACCOUNT} {
				for i, parts := range partitions(5) {
					o := &roundedOrder{id: fmt.Sprintf("SO-%s-%s-%d", currency, terms, i), entity: entity, currency: currency, terms: terms, qty: 5}
					o.amounts = o.random(rng)
					if i%2 == 1 { // ordered otherwise at first
						o.wasQty, o.was = 1+rng.Int64N(8), o.random(rng)
					}
					o.play(w, parts)
					orders = append(orders, o)
				}
			}
		}
		if len(w.letters()) > 0 || len(w.onHold()) > 0 {
			t.Fatalf("entity of %s: letters %v, held %v", entity, w.letters(), w.onHold())
		}
		for _, o := range orders {
			o.check(w)
		}
		(&checked{w: w, company: "entity of " + entity}).entriesBalance()
	}
}

// partitions are all ways to write n as a sum, order counted.
func partitions(n int64) (out [][]int64) {
	if n == 0 {
		return [][]int64{nil}
	}
	for first := int64(1); first <= n; first++ {
		for _, rest := range partitions(n - first) {
			out = append(out, append([]int64{first}, rest...))
		}
	}
	return out
}

func roundingWorld(t *testing.T) *world {
	w := newWorld(t, 2)
	millionths := map[string]int64{"JPY": 6_123, "EUR": 1_000_000, "KWD": 3_011_700} // worth in euros
	for _, functional := range roundedCurrencies {
		w.refer(&schemas.ReferenceEntity{Entity: functional, Version: "1", FunctionalCurrency: functional, Zone: "Europe/Berlin"},
			&schemas.ReferenceItem{SKU: "SKU-" + functional, Version: "1", BaseUOM: "EA", UnitCost: schemas.MustDecimal("7.1250"), Currency: functional,
				CostMethod: schemas.CostMethodSTANDARD})
		for _, base := range roundedCurrencies {
			if base != functional {
				rate := schemas.NewDecimal(millionths[base], 6).MulDiv(schemas.NewDecimal(1, 0), schemas.NewDecimal(millionths[functional], 6), 10, schemas.HalfUp)
				w.refer(&schemas.ReferenceRate{Base: base, Quote: functional, RateDate: schemas.DateOf(roundedDay), Version: "1", Rate: rate, Source: "ECB"})
			}
		}
	}
	return w
}

var roundedDay = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// roundedOrder is one line of goods, of which parts ship and are billed one after the other.
type roundedOrder struct {
	id, entity, currency string
	terms                schemas.Terms
	qty                  int64
	amounts              schemas.LineAmounts
	wasQty               int64 // before the order was changed; 0: it never was
	was                  schemas.LineAmounts
	said                 int64
}

func exactly(total schemas.Decimal) schemas.LineAmounts {
	return schemas.LineAmounts{Gross: total, Net: total, FreightNet: schemas.NewDecimal(0, 4), Total: total}
}

// random amounts in whole minor units: what a source rounds, we do not.
func (o *roundedOrder) random(rng *rand.Rand) schemas.LineAmounts {
	exponent, _ := schemas.CurrencyExponent(o.currency)
	minor := func(n int64) schemas.Decimal { return schemas.NewDecimal(n, exponent) }
	gross, discount, freight := rng.Int64N(100_000)+20, rng.Int64N(20), rng.Int64N(2_000)
	item, carried := rng.Int64N(9_999), rng.Int64N(300)
	tax := func(on schemas.TaxOn, base, amount int64) schemas.TaxAmount {
		return schemas.TaxAmount{Jurisdiction: "X-" + string(on), Rate: schemas.MustDecimal("0.1"), Base: minor(base), Amount: minor(amount), On: on,
			Remitter: schemas.TaxRemitterSELLER}
	}
	a := schemas.LineAmounts{Gross: minor(gross), Net: minor(gross - discount), FreightNet: minor(freight), Total: minor(gross - discount + freight + item + carried),
		Taxes: []schemas.TaxAmount{tax(schemas.TaxOnITEM, gross-discount, item), tax(schemas.TaxOnFREIGHT, freight, carried)}}
	if discount > 0 {
		a.Discounts = []schemas.Discount{{Amount: minor(discount), Reason: "PROMO", FundedBy: schemas.FundedBySELLER}}
	}
	return a
}

func (o *roundedOrder) meta(docType, docID, transition string) schemas.Meta {
	o.said++
	return schemas.Meta{LegalEntity: o.entity, OccurredAt: schemas.TimeOf(roundedDay) + schemas.Time(o.said)*1_000_000, OccurredTZOffset: "Z", SchemaVersion: 1,
		TimeQuality: schemas.TimeQualityEXACT, Source: schemas.Source{System: "test", Instance: o.entity, DocType: docType, DocID: docID, Transition: transition}}
}

// play accepts the order, takes the money, and ships and bills one part after the other.
func (o *roundedOrder) play(w *world, parts []int64) {
	ea := func(n int64) schemas.Quantity {
		return schemas.Quantity{Qty: schemas.NewDecimal(n, 0), UOM: "EA", BaseQty: schemas.NewDecimal(n, 0), BaseUOM: "EA"}
	}
	stock := schemas.StockRef{SKU: "SKU-" + o.entity, Location: "DC", StockStatus: schemas.StockStatusAVAILABLE, Owner: schemas.StockOwnerOWN}
	now := schemas.OrderLineState{Stock: &stock, Quantity: ea(o.qty), Amounts: o.amounts}
	before := now
	if o.wasQty > 0 {
		before.Quantity, before.Amounts = ea(o.wasQty), o.was
	}
	w.publish(&schemas.OrderAccepted{Meta: o.meta("order", o.id, "accepted"), OrderID: o.id, Channel: "web", Terms: o.terms, Currency: o.currency,
		Control: schemas.ControlTransfer{Point: schemas.TransferPointAT_SHIPMENT},
		Lines:   []schemas.OrderLine{{LineID: "1", Kind: schemas.LineKindGOODS, Stock: &stock, Quantity: before.Quantity, Amounts: before.Amounts}}})
	if o.wasQty > 0 {
		w.publish(&schemas.OrderChanged{Meta: o.meta("order", o.id, "changed"), OrderID: o.id, ChangeID: "C-" + o.id, Reason: "test",
			Lines: []schemas.ChangedLine{{LineID: "1", Kind: schemas.LineKindGOODS, Before: &before, After: &now}}})
	}
	if o.terms == schemas.TermsPREPAID {
		w.publish(&schemas.PaymentCaptured{Meta: o.meta("payment", "P-"+o.id, "captured"), PaymentID: "P-" + o.id, OrderID: o.id, Method: schemas.PaymentMethodCARD,
			PSP: "stripe", Amount: schemas.Money{Amount: o.amounts.Total, Currency: o.currency}})
	}
	for i, n := range parts {
		id := o.id + "-" + strconv.Itoa(i)
		w.publish(&schemas.ShipmentShipped{Meta: o.meta("shipment", id, "shipped"), ShipmentID: id, OrderID: o.id, Carrier: "UPS",
			Lines: []schemas.ShipmentLine{{LineID: "1", OrderLineID: "1", Stock: stock, Quantity: ea(n)}}})
		q := ea(n)
		w.publish(&schemas.InvoiceIssued{Meta: o.meta("invoice", id, "issued"), InvoiceID: id, OrderID: o.id, Channel: "web", Currency: o.currency,
			Lines: []schemas.InvoiceLine{{LineID: "1", Kind: schemas.LineKindGOODS, OrderLineID: "1", ShipmentID: id, ShipmentLineID: "1", Quantity: &q}}})
	}
}

func shipments(w *world, order string) (out []*schemas.ShipmentShipped) {
	for _, d := range w.logs["fulfillment"] {
		if s, ok := d.Event.(*schemas.ShipmentShipped); ok && s.OrderID == order {
			out = append(out, s)
		}
	}
	return out
}

// check holds the parts against the line, and the order's balances against nothing.
func (o *roundedOrder) check(w *world) {
	exponent, _ := schemas.CurrencyExponent(o.currency)
	sum := &schemas.LineAmounts{}
	taxes := map[string]schemas.Decimal{}
	for _, s := range shipments(w, o.id) {
		a := s.Lines[0].Amounts
		sum = add(sum, a)
		for _, part := range []schemas.Decimal{a.Gross, a.Net, a.FreightNet, a.Total} {
			if !part.Equal(part.Round(exponent, schemas.HalfUp)) {
				w.t.Errorf("%s: a part of %s %s has more decimals than its currency", o.id, part.Text(), o.currency)
			}
		}
		for _, tax := range a.Taxes {
			taxes[tax.Jurisdiction] = taxes[tax.Jurisdiction].Add(tax.Amount)
		}
	}
	if !sum.Gross.Equal(o.amounts.Gross) || !sum.Net.Equal(o.amounts.Net) || !sum.FreightNet.Equal(o.amounts.FreightNet) || !sum.Total.Equal(o.amounts.Total) {
		w.t.Errorf("%s: the parts are worth %+v, the line %+v", o.id, sum, o.amounts)
	}
	for _, tax := range o.amounts.Taxes {
		if !taxes[tax.Jurisdiction].Equal(tax.Amount) {
			w.t.Errorf("%s: tax of %s is %s in parts, %s on the line", o.id, tax.Jurisdiction, taxes[tax.Jurisdiction].Text(), tax.Amount.Text())
		}
	}
	o.balances(w, exponent)
}

// atCost are the accounts that hold goods or what became of them: four decimals in every currency.
var atCost = []string{"1200", "1220", "5000", "5100"}

func (o *roundedOrder) balances(w *world, exponent uint8) {
	functionalExponent, _ := schemas.CurrencyExponent(o.entity)
	left, worth, legs := map[string]schemas.Decimal{}, map[string]schemas.Decimal{}, int64(0)
	for _, d := range w.logs[schemas.TopicJournal] {
		j := d.Event.(*schemas.JournalEntry)
		if j.Meta.CorrelationID != o.id {
			continue
		}
		for i := range j.Lines {
			l := &j.Lines[i]
			left[l.Account], worth[l.Account] = left[l.Account].Add(l.AmountTxn), worth[l.Account].Add(l.AmountFn)
			legs++
			if !slices.Contains(atCost, l.Account) && !l.AmountFn.Equal(l.AmountFn.Round(functionalExponent, schemas.HalfUp)) {
				w.t.Errorf("%s: %s %s on %s has more decimals than the books", o.id, l.AmountFn.Text(), o.entity, l.Account)
			}
		}
	}
	owed := "1100"
	if o.terms == schemas.TermsPREPAID {
		owed = "2100"
	}
	for account, want := range map[string]schemas.Decimal{"1150": {}, "2100": {}, "1100": o.amounts.Total, "4000": o.amounts.Gross.Neg(), "4200": o.amounts.FreightNet.Neg()} {
		if account == "1100" && owed == "2100" {
			want = schemas.Decimal{}
		}
		if !left[account].Equal(want) && !(left[account].IsZero() && want.IsZero()) {
			w.t.Errorf("%s: %s holds %s %s, want %s", o.id, account, left[account].Text(), o.currency, want.Text())
		}
	}
	if limit := schemas.NewDecimal(legs, functionalExponent); worth["1150"].Abs().Cmp(schemas.Decimal{}) != 0 || worth["2100"].Abs().Cmp(limit) >= 0 {
		w.t.Errorf("%s: 1150 holds %s and 2100 %s %s of functional currency", o.id, worth["1150"].Text(), worth["2100"].Text(), o.entity)
	}
}
