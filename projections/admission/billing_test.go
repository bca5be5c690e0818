package admission

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// The slices of a line sum to the line exactly, discount by discount and tax by tax; what a marketplace remits is in no total (domain.md §1.3, §2.5; S47).
func TestSlicesSumToTheLine(t *testing.T) {
	k := newDesk(t)
	k.say(order("O1"))
	var gross, net, freight, seller, market, own, vendor, total schemas.Decimal
	for _, id := range []string{"S1", "S2", "S3"} {
		k.say(ship("O1", id, "1"))
		a := last[*schemas.ShipmentShipped](k).Lines[0].Amounts
		gross, net, freight, total = gross.Add(a.Gross), net.Add(a.Net), freight.Add(a.FreightNet), total.Add(a.Total)
		own, vendor = own.Add(a.Discounts[0].Amount), vendor.Add(a.Discounts[1].Amount)
		seller, market = seller.Add(a.Taxes[0].Amount), market.Add(a.Taxes[1].Amount)
		if !a.Net.Add(a.FreightNet).Add(a.Taxes[0].Amount).Equal(a.Total) || !a.Gross.Sub(a.Discounts[0].Amount).Sub(a.Discounts[1].Amount).Equal(a.Net) {
			t.Errorf("%s does not add up: %+v", id, a)
		}
	}
	k.clean(0)
	for what, v := range map[string][2]string{"gross": {gross.Text(), "99.9900"}, "net": {net.Text(), "93.3200"}, "freight": {freight.Text(), "4.6700"}, "own discount": {own.Text(), "5.0000"},
		"vendor's discount": {vendor.Text(), "1.6700"}, "seller's tax": {seller.Text(), "7.7000"}, "marketplace's tax": {market.Text(), "1.0000"}, "total": {total.Text(), "105.6900"}} {
		if !schemas.MustDecimal(v[0]).Equal(schemas.MustDecimal(v[1])) {
			t.Errorf("%s: the slices sum to %s, want %s", what, v[0], v[1])
		}
	}
}

func TestAnInvoiceLineThatBillsTwiceIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		before []schemas.Event
		last   *schemas.InvoiceIssued
		told   int
	}{
		"each shipment once":                {[]schemas.Event{invoice("O1", "I1", "S1")}, invoice("O1", "I2", "S2"), 0},
		"a shipment a second time":          {[]schemas.Event{invoice("O1", "I1", "S1"), invoice("O1", "I2", "S2")}, invoice("O1", "I3", "S1"), 1},
		"a shipment twice in one":           {nil, twice(invoice("O1", "I1", "S1", "S2"), "S1"), 1},
		"more than ordered, none named":     {[]schemas.Event{bill("O1", "I1", "2")}, bill("O1", "I2", "2"), 1},
		"in advance, as much as is ordered": {nil, bill("O1", "I1", "3"), 0},
	} {
		k := newDesk(t)
		k.say(order("O1"), ship("O1", "S1", "1"), ship("O1", "S2", "1"))
		k.say(c.before...)
		k.say(c.last)
		if k.clean(c.told); len(k.raised) > 0 && k.raised[0].Code != "OVER_COMMITTED" {
			t.Errorf("%s: raised %s", name, k.raised[0].Code)
		}
	}
}

func twice(x *schemas.InvoiceIssued, shipment string) *schemas.InvoiceIssued {
	l := x.Lines[0]
	l.LineID, l.ShipmentID = "again", shipment
	x.Lines = append(x.Lines, l)
	return x
}

// A line that names a shipment and one that names none slice the same order line: the second goes on where the first ended.
func TestMixedInvoiceSlicesOnwards(t *testing.T) {
	k := newDesk(t)
	x := invoice("O1", "I1", "S1")
	x.Lines = append(x.Lines, bill("O1", "I1", "1").Lines...)
	k.say(order("O1"), ship("O1", "S1", "2"), x)
	k.clean(0)
	same(t, "qty_before of the line that names no shipment", last[*schemas.InvoiceIssued](k).Lines[1].Basis.QtyBefore, "2")
}

// Credits of what came back are sliced from the front of what was shipped, those of what never shipped from the back of what was invoiced; in one memo as in two.
func TestCreditsFromBothEnds(t *testing.T) {
	back, kept := credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1"), credit("O1", "C1", schemas.CreditedGoodsNOT_SHIPPED, "1")
	kept.Lines[0].LineID = "b"
	back.Lines = append(back.Lines, kept.Lines...)
	k := newDesk(t)
	k.say(order("O1"), bill("O1", "I1", "3"), ship("O1", "S1", "2"), back)
	k.clean(0)
	c := last[*schemas.CreditMemoIssued](k)
	same(t, "front: qty_before", c.Lines[0].Basis.QtyBefore, "0")
	same(t, "back: qty_before", c.Lines[1].Basis.QtyBefore, "2")
	same(t, "cost of what is expected back", c.Lines[0].Cost.CostAmount, "14.125")
	if c.Lines[1].Cost != nil {
		t.Error("goods that never shipped have no cost to recover")
	}
	if c.Funding.Settles != schemas.SettlesCREDIT_MEMO {
		t.Errorf("settles %s", c.Funding.Settles)
	}
}

func TestOverCreditIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		goods schemas.CreditedGoods
		ns    []string
		told  int
	}{
		"all that shipped":                {schemas.CreditedGoodsKEPT, []string{"2"}, 0},
		"more than shipped":               {schemas.CreditedGoodsKEPT, []string{"3"}, 1},
		"more than shipped, in two lines": {schemas.CreditedGoodsEXPECTED_BACK, []string{"2", "1"}, 1},
		"all that did not ship":           {schemas.CreditedGoodsNOT_SHIPPED, []string{"1"}, 0},
		"not shipped, but it did":         {schemas.CreditedGoodsNOT_SHIPPED, []string{"2"}, 1},
		"more than was invoiced":          {schemas.CreditedGoodsNOT_SHIPPED, []string{"5"}, 1},
	} {
		k := newDesk(t)
		k.say(order("O1"), bill("O1", "I1", "3"), ship("O1", "S1", "2"), credit("O1", "C1", c.goods, c.ns...))
		if len(k.raised) != c.told || len(k.letters) > 0 {
			t.Errorf("%s: %d exceptions, want %d; letters %q", name, len(k.raised), c.told, k.reasons())
		}
	}
}

func TestCreditMemoWithoutAnOrder(t *testing.T) {
	k := newDesk(t)
	c := credit("", "C1", schemas.CreditedGoodsKEPT, "1")
	k.say(c)
	k.died(schemas.DeadLetterClassCONTRACT, "funding")
	c = credit("", "C2", schemas.CreditedGoodsEXPECTED_BACK, "1")
	a := stock("A")
	d := schemas.MustDecimal
	c.Funding = &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
	c.Lines[0].Stock, c.Lines[0].Amounts = &a, &schemas.LineAmounts{Gross: d("5"), Net: d("5"), FreightNet: d("0"), Total: d("5")}
	k.say(c)
	k.clean(0)
	same(t, "cost", last[*schemas.CreditMemoIssued](k).Lines[0].Cost.CostAmount, "14.125")
}

// Gift card lines are billed, and make no demand, reservation, shipment or cost.
func TestGiftCardLines(t *testing.T) {
	o := order("O1")
	o.Lines[1].Kind, o.Lines[1].ChargeCode = schemas.LineKindGIFT_CARD, ""
	x := bill("O1", "I1", "1")
	x.Lines[0].Kind, x.Lines[0].OrderLineID = schemas.LineKindGIFT_CARD, "2"
	k := newDesk(t)
	k.say(o, x)
	k.clean(0)
	same(t, "demand of the card", k.line("O1", "2").Demand, "0")
	same(t, "billed", last[*schemas.InvoiceIssued](k).Lines[0].Amounts.Total, "7")
}

// The invoice's own taxes stand where it states them, by the rate of its date, and that the order said otherwise is told once, with the difference (domain.md
// §2.5 rule 3; S46).
func TestS46InvoiceThatStatesItsTax(t *testing.T) {
	d := schemas.MustDecimal
	x := invoice("O1", "I1", "S1")
	x.Lines[0].StatesTax = true
	x.Lines[0].StatedTaxes = []schemas.TaxAmount{{Jurisdiction: "US-NJ", Rate: d("0.06"), Base: d("62.21"), Amount: d("3.73")},
		{Jurisdiction: "US-MK", Rate: d("0.01"), Base: d("62.21"), Amount: d("0.62"), Remitter: schemas.TaxRemitterMARKETPLACE}}
	k := newDesk(t)
	k.say(order("O1"), ship("O1", "S1", "2"), x)
	k.clean(1)
	s, i := last[*schemas.ShipmentShipped](k).Lines[0].Amounts, last[*schemas.InvoiceIssued](k).Lines[0].Amounts
	same(t, "total", i.Total, s.Net.Add(s.FreightNet).Add(d("3.73")).Text())
	same(t, "the shipment's own tax", s.Taxes[0].Amount, "5.13")
	if e := k.raised[0]; e.Code != "TAX_CHANGED" || e.Owner != "Tax" || e.SubjectEventID.V != x.Meta.EventID || e.Amount == nil || !e.Amount.Amount.Equal(d("-1.40")) {
		t.Errorf("told %+v of %v", e, e.Amount)
	}
}

// A tax that agrees within a minor unit is nobody's business; more, and it is told, and stands as stated.
func TestTaxesThatDoNotAgree(t *testing.T) {
	d := schemas.MustDecimal
	for stated, want := range map[string]struct{ off, code string }{
		"5.13": {}, "5.14": {}, "5.12": {}, "5.15": {"0.02", "TAX_DIFFERS"}, "51.30": {"46.17", "TAX_DIFFERS"}, "0": {"-5.13", "TAX_DIFFERS"},
	} {
		x := invoice("O1", "I1", "S1")
		x.Lines[0].StatesTax = true
		x.Lines[0].StatedTaxes = []schemas.TaxAmount{{Jurisdiction: "US-NJ", Rate: d("0.0825"), Base: d("62.21"), Amount: d(stated)}}
		k := newDesk(t)
		k.say(order("O1"), ship("O1", "S1", "2"), x)
		told := map[string]schemas.Decimal{}
		for _, e := range k.raised {
			told[e.Code] = e.Amount.Amount
		}
		if off, ok := told["TAX_DIFFERS"]; ok != (want.code != "") || ok && !off.Equal(d(want.off)) {
			t.Errorf("tax %s: told %v, want %s %s", stated, told, want.code, want.off)
		}
		same(t, "stands", last[*schemas.InvoiceIssued](k).Lines[0].Amounts.Taxes[0].Amount, stated)
	}
	o := order("O1")
	o.Lines[0].Amounts.Taxes[0].Amount = o.Lines[0].Amounts.Taxes[0].Amount.Add(d("0.02"))
	o.Lines[0].Amounts.Total = o.Lines[0].Amounts.Total.Add(d("0.02"))
	k := newDesk(t)
	k.say(o)
	if k.clean(1); k.raised[0].Code != "TAX_DIFFERS" || !k.raised[0].Amount.Amount.Equal(d("0.02")) {
		t.Errorf("told %+v", k.raised[0])
	}
}
