package admission

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// A source's tax stands, whatever we would have computed; what does not agree is told, to the team that answers for taxes (domain.md §2.5 rule 3). Tolerance is one minor
// unit a tax: what rounding by line or by document leaves.

// taxesAgree tells of a tax of the seller's that is not its rate on its base. One that states no rate or no base says nothing that could disagree, and what a marketplace remits
// is the marketplace's to get right.
func (c *completion) taxesAgree(e schemas.Event, currency string, taxes []schemas.TaxAmount, exponent uint8) {
	for i := range taxes {
		t := &taxes[i]
		if t.Rate.IsZero() || t.Base.IsZero() || t.Remitter == schemas.TaxRemitterMARKETPLACE {
			continue
		}
		off := t.Amount.Sub(t.Base.MulRound(t.Rate, exponent, c.rounding))
		if off.Abs().Cmp(schemas.NewDecimal(1, exponent)) > 0 {
			c.taxException("TAX_DIFFERS", "a tax is not its rate on its base: it was booked as stated; correct it at its source", e, off, currency)
		}
	}
}

// taxRestated tells of an invoice whose own taxes are not those that the order had for the same goods: the rate of the invoice's date stands (S46), and what the customer was told or
// has paid is another sum.
func (c *completion) taxRestated(x *schemas.InvoiceIssued, exponent uint8) error {
	ordered, stated, count, rates := zero, zero, int64(0), true
	for i := range x.Lines {
		l := &x.Lines[i]
		if !l.StatesTax || l.Amounts == nil {
			continue
		}
		if len(l.StatedTaxes) == 0 && !sellersTax(l.Amounts.Taxes).IsZero() {
			return contract("lines.stated_taxes is empty, and the order's line is taxed: name each tax, with an amount of 0 where none is due any more")
		}
		c.taxesAgree(x, x.Currency, l.StatedTaxes, exponent)
		ordered, stated = ordered.Add(sellersTax(l.Amounts.Taxes)), stated.Add(sellersTax(l.StatedTaxes))
		count += int64(max(len(l.StatedTaxes), len(l.Amounts.Taxes)))
		rates = rates && sameRates(l.Amounts.Taxes, l.StatedTaxes)
	}
	off := stated.Sub(ordered)
	if off.Abs().Cmp(schemas.NewDecimal(count, exponent)) > 0 || !rates && !off.IsZero() {
		c.taxException("TAX_CHANGED", "the invoice's tax is not what the order said: the invoice's stands; collect, refund or credit the difference", x, off, x.Currency)
	}
	return nil
}

func (c *completion) taxException(code, summary string, e schemas.Event, off schemas.Decimal, currency string) {
	c.exception(code, summary, e)
	x := c.exceptions[len(c.exceptions)-1].(*schemas.ExceptionRaised)
	if x.Code == code && x.Amount == nil {
		x.Owner, x.Amount = "Tax", &schemas.Money{Amount: off, Currency: currency}
	}
}

// sellersTax is what of the taxes the seller owes.
func sellersTax(taxes []schemas.TaxAmount) schemas.Decimal {
	sum := zero
	for i := range taxes {
		if taxes[i].Remitter != schemas.TaxRemitterMARKETPLACE {
			sum = sum.Add(taxes[i].Amount)
		}
	}
	return sum
}

// sameRates says whether every stated tax has the rate that the order had in its jurisdiction.
func sameRates(ordered, stated []schemas.TaxAmount) bool {
	for i := range stated {
		s := &stated[i]
		for j := range ordered {
			if o := &ordered[j]; o.Jurisdiction == s.Jurisdiction && o.On == s.On && !o.Rate.Equal(s.Rate) {
				return false
			}
		}
	}
	return true
}

// taxedLines are the lines of an invoice that state their own taxes, kept because a credit memo gives back what was invoiced, by the invoice's rate and in its jurisdiction (domain.md §4.2
// rule 4).
func taxedLines(x *schemas.InvoiceIssued) (lines []schemas.DocumentLine) {
	for i := range x.Lines {
		if l := &x.Lines[i]; l.StatesTax && l.Basis != nil && l.Amounts != nil {
			a := *l.Amounts
			a.Taxes = l.StatedTaxes
			lines = append(lines, schemas.DocumentLine{LineID: l.LineID, OrderLineID: l.OrderLineID, Qty: l.Basis.QtyThis, Amounts: &a, Basis: l.Basis})
		}
	}
	return lines
}

// creditedTaxes replaces the order's taxes of a credit by those of the invoices that stated their own for the same pieces.
func (c *completion) creditedTaxes(l *schemas.CreditLine, line *schemas.OrderLine, places []schemas.ThreadSlice, freight bool, exponent uint8) {
	restated := c.restatedLines(line)
	if len(restated) == 0 || len(places) == 0 {
		return
	}
	t := taxing{completion: c, line: line, freight: freight, exponent: exponent}
	for i := range places {
		t.piece(restated, places[i].Before, places[i].Before.Add(places[i].This))
	}
	if t.found {
		l.StatesTax = true
		restate(l.Amounts, t.taxes)
	}
}

// placesOf are the pieces of an order line that line n of the event took; none where nobody knows.
func (c *completion) placesOf(line *schemas.OrderLine, b *schemas.AllocationBasis, n int) (places []schemas.ThreadSlice) {
	if sliceOf(line, b) {
		return []schemas.ThreadSlice{{Before: b.QtyBefore, This: b.QtyThis}}
	}
	for _, p := range c.held {
		if p.Amounts != nil {
			return nil
		}
		if p.TakenBy == taker(c.id, n) {
			places = append(places, p)
		}
	}
	return places
}

// taxing collects the taxes of pieces of a line.
type taxing struct {
	*completion
	line     *schemas.OrderLine
	freight  bool
	exponent uint8
	taxes    []schemas.TaxAmount
	found    bool // an invoice stated its own for some of it
}

// piece takes the taxes of what lies between two places: the invoice's where one stated its own, else the order's.
func (t *taxing) piece(restated []*schemas.DocumentLine, from, end schemas.Decimal) {
	for _, r := range restated {
		low, high := r.Basis.QtyBefore.Max(from), r.Basis.QtyBefore.Add(r.Basis.QtyThis).Min(end)
		if high.Cmp(low) <= 0 {
			continue
		}
		if low.Cmp(from) > 0 { // no invoice stated anything for these
			t.take(t.line.Amounts.Taxes, from, low.Sub(from), t.line.Quantity.BaseQty)
		}
		t.take(r.Amounts.Taxes, low.Sub(r.Basis.QtyBefore), high.Sub(low), r.Basis.QtyThis)
		from, t.found = high, true
	}
	if from.Cmp(end) < 0 {
		t.take(t.line.Amounts.Taxes, from, end.Sub(from), t.line.Quantity.BaseQty)
	}
}

func (t *taxing) take(of []schemas.TaxAmount, before, this, whole schemas.Decimal) {
	for _, x := range of {
		if x.On == schemas.TaxOnFREIGHT && !t.freight {
			continue
		}
		x.Amount = schemas.Slice(x.Amount, before, this, whole, t.exponent, t.rounding)
		x.Base = schemas.Slice(x.Base, before, this, whole, t.exponent, t.rounding)
		t.taxes = addTax(t.taxes, x)
	}
}

// restatedLines are the lines of the thread's invoices that stated their own taxes for an order line, in the order of their pieces.
func (c *completion) restatedLines(line *schemas.OrderLine) (all []*schemas.DocumentLine) {
	for _, fact := range c.t.progress.Facts {
		id, ok := strings.CutPrefix(fact, "invoice:")
		if !ok {
			continue
		}
		doc := c.t.document("invoice", id)
		for i := 0; doc != nil && i < len(doc.Lines); i++ {
			if l := &doc.Lines[i]; l.OrderLineID == line.LineID && l.Amounts != nil && sliceOf(line, l.Basis) {
				all = append(all, l)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *schemas.DocumentLine) int { return a.Basis.QtyBefore.Cmp(b.Basis.QtyBefore) })
	return all
}

// addTax adds up what has the same rate in the same jurisdiction.
func addTax(taxes []schemas.TaxAmount, t schemas.TaxAmount) []schemas.TaxAmount {
	for i := range taxes {
		if o := &taxes[i]; o.Jurisdiction == t.Jurisdiction && o.On == t.On && o.Remitter == t.Remitter && o.Rate.Equal(t.Rate) {
			o.Amount, o.Base = o.Amount.Add(t.Amount), o.Base.Add(t.Base)
			return taxes
		}
	}
	return append(taxes, t)
}
