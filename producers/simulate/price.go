package simulate

import (
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// price gives an order's goods their amounts for the full quantity: discount on gross and freight on net by largest remainder,
// tax per line, half-up (domain.md §2.5 rules 1 and 3).
func (r *run) price(o *order) {
	lines := o.goods()
	gross, net := make([]schemas.Decimal, len(lines)), make([]schemas.Decimal, len(lines))
	sum := schemas.NewDecimal(0, 4)
	for i, l := range lines {
		l.price = r.unitPrice(o, l)
		gross[i] = l.price.Mul(schemas.NewDecimal(l.qty*l.item.step, 3)).Round(4, schemas.HalfUp)
		sum = sum.Add(gross[i])
	}
	discount := schemas.NewDecimal(0, 2)
	if !o.bare && r.chance(50) {
		discount = sum.MulRound(schemas.NewDecimal(3+r.rng.Int64N(12), 2), 2, schemas.HalfUp)
	}
	discounts := schemas.Allocate(discount, gross, nil, 2)
	sum = schemas.NewDecimal(0, 4)
	for i := range lines {
		net[i] = gross[i].Sub(discounts[i])
		sum = sum.Add(net[i])
	}
	freight := schemas.NewDecimal(0, 2)
	if !o.bare && r.chance(60) {
		freight = sum.MulRound(schemas.NewDecimal(2+r.rng.Int64N(9), 2), 2, schemas.HalfUp)
	}
	freights := schemas.Allocate(freight, net, nil, 2)
	funder, taxes := r.funder(o), taxRules(o)
	for i, l := range lines {
		a := schemas.LineAmounts{Gross: gross[i].Round(4, schemas.Down), Net: net[i].Round(4, schemas.Down), FreightNet: freights[i].Round(4, schemas.Down)}
		if !discounts[i].IsZero() {
			a.Discounts = []schemas.Discount{{Amount: discounts[i].Round(4, schemas.Down), Reason: "PROMO", FundedBy: funder}}
		}
		l.setAmounts(a, taxes)
		o.total = o.total.Add(l.amounts.Total)
	}
}

// unitPrice is the list price, or for some lines of business customers one below the cent, as price lists in dollars per thousand give.
func (r *run) unitPrice(o *order, l *orderLine) schemas.Decimal {
	if o.deal == b2bUSD && r.chance(30) {
		return schemas.NewDecimal(l.item.cents*1000+125, 5)
	}
	return schemas.NewDecimal(l.item.cents, 2)
}

func (r *run) funder(o *order) schemas.FundedBy {
	switch {
	case o.marketplace && r.chance(60):
		return schemas.FundedByMARKETPLACE
	case !o.marketplace && r.chance(15):
		return schemas.FundedByVENDOR
	}
	return schemas.FundedBySELLER
}

type taxRule struct {
	jurisdiction string
	perMille4    int64 // ten-thousandths: 825 is 8.25 %
	on           schemas.TaxOn
	remitter     schemas.TaxRemitter
}

// taxRules are those of the place that the customer lives in. A marketplace owes the tax that it collects.
func taxRules(o *order) []taxRule {
	item, seller := schemas.TaxOnITEM, schemas.TaxRemitterSELLER
	switch {
	case o.bare:
		return nil
	case o.marketplace && o.country == "US":
		return []taxRule{{"US-NY", 888, item, schemas.TaxRemitterMARKETPLACE}}
	case o.marketplace:
		return []taxRule{{"GB", 2000, item, schemas.TaxRemitterMARKETPLACE}}
	case o.country == "DE":
		return []taxRule{{"DE", 1900, item, seller}, {"DE", 1900, schemas.TaxOnFREIGHT, seller}}
	case o.country == "FR":
		return []taxRule{{"FR", 2000, item, seller}}
	case o.country == "GB":
		return []taxRule{{"GB", 2000, item, seller}, {"GB", 2000, schemas.TaxOnFREIGHT, seller}}
	case o.id[len(o.id)-1]%3 == 0:
		return []taxRule{{"US-CA", 725, item, seller}, {"US-CA-037", 225, item, seller}}
	case o.id[len(o.id)-1]%3 == 1:
		return []taxRule{{"US-TX", 825, item, seller}}
	}
	return nil // sold tax-free
}

// freightTaxed says that a credit of goods must credit the freight too, because its tax would hang in the air otherwise.
func (o *order) freightTaxed() bool { return o.country == "DE" || o.country == "GB" && !o.marketplace }

func (l *orderLine) setAmounts(a schemas.LineAmounts, rules []taxRule) {
	l.parts = []schemas.Decimal{a.Net, a.FreightNet}
	a.Total = a.Net.Add(a.FreightNet)
	for _, rule := range rules {
		base := a.Net
		if rule.on == schemas.TaxOnFREIGHT {
			base = a.FreightNet
		}
		tax := schemas.TaxAmount{Jurisdiction: rule.jurisdiction, Rate: schemas.NewDecimal(rule.perMille4, 4), Base: base, On: rule.on, Remitter: rule.remitter}
		tax.Amount = base.MulRound(tax.Rate, 2, schemas.HalfUp).Round(4, schemas.Down)
		if tax.Amount.IsZero() {
			continue
		}
		a.Taxes = append(a.Taxes, tax)
		if rule.remitter == schemas.TaxRemitterSELLER {
			a.Total = a.Total.Add(tax.Amount)
			l.parts = append(l.parts, tax.Amount)
		}
	}
	l.amounts = a
}

// addExtras puts a charge and sometimes a gift card on an order: neither ships.
func (r *run) addExtras(o *order) {
	charge := &orderLine{kind: schemas.LineKindCHARGE, charge: pick(r, "MANUAL", "SAMPLE", "FREIGHT")}
	charge.setAmounts(flat(schemas.NewDecimal(150+r.rng.Int64N(800), 2)), taxRules(o)[:min(1, len(taxRules(o)))])
	extras := []*orderLine{charge}
	if o.currency == Functional && o.prepaid() {
		card := &orderLine{kind: schemas.LineKindGIFT_CARD}
		card.setAmounts(flat(schemas.NewDecimal(25*(1+r.rng.Int64N(4)), 0)), nil)
		extras = append(extras, card)
	}
	for _, l := range extras {
		l.id, l.qty = strconv.Itoa(len(o.lines)+1), 1
		o.lines = append(o.lines, l)
		o.total = o.total.Add(l.amounts.Total)
	}
}

func flat(amount schemas.Decimal) schemas.LineAmounts {
	amount = amount.Round(4, schemas.Down)
	return schemas.LineAmounts{Gross: amount, Net: amount, FreightNet: schemas.NewDecimal(0, 4)}
}
