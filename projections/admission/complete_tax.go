package admission

import "github.com/throughline/throughline/schemas"

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
func (c *completion) taxRestated(x *schemas.InvoiceIssued, exponent uint8) {
	ordered, stated, count, rates := zero, zero, int64(0), true
	for i := range x.Lines {
		l := &x.Lines[i]
		if !l.StatesTax || l.Amounts == nil {
			continue
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
