package finance

import "github.com/throughline/throughline/schemas"

// invoiceIssued turns what was shipped into a receivable, or uses up the deposit: PREPAID 2100, else 1100, for N+F+T; against
// 1150 N+F per GOODS line, the account of its code per CHARGE line, and 2300 per jurisdiction for the tax that we owe. GIFT_CARD
// lines post with gift_card.sold (domain.md §2.3). Revenue is never booked here: a forgotten invoice shows as an old 1150.
func invoiceIssued(d *draft, x *schemas.InvoiceIssued) error {
	if err := d.open(x.Currency, x.FX); err != nil {
		return err
	}
	if x.Funding == nil {
		return missing("funding")
	}
	d.about("channel", x.Channel, "customer_ref", x.CustomerRef, "invoice_id", x.InvoiceID, "order_id", x.OrderID)
	d.room(len(x.Lines) + 4)
	switch x.Funding.Terms {
	case schemas.TermsPREPAID:
		d.lead(customerDeposits, d.named("order", x.OrderID, "invoice", x.InvoiceID))
	default:
		d.lead(receivable, d.named("invoice", x.InvoiceID))
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Kind == schemas.LineKindGIFT_CARD {
			continue
		}
		a, err := d.amounts(i, l.Amounts, l.Basis, l.StatesTax)
		if err != nil {
			return err
		}
		it := itemOf(l.OrderLineID, l.Stock, nil)
		earned := a.Net.Add(a.FreightNet)
		if l.Kind == schemas.LineKindCHARGE {
			err = d.charge(i, l.ChargeCode, earned.Neg(), &it)
		} else {
			d.money(shippedNotInvoiced, d.orderLine(x.OrderID, l.OrderLineID, "invoice", x.InvoiceID, l.LineID), earned.Neg(), &it)
		}
		if err != nil {
			return err
		}
		d.owe(earned.Add(d.taxes(a.Taxes, true, false)))
	}
	return nil
}

// taxes books a line's taxes on 2300 by jurisdiction and gives their sum. What a marketplace remits is not our liability;
// freight's own taxes are left out where its freight is. credit: Dr.
func (d *draft) taxes(taxes []schemas.TaxAmount, withFreight, credit bool) schemas.Decimal {
	sum := noAmount
	for i := range taxes {
		t := &taxes[i]
		if t.Remitter == schemas.TaxRemitterMARKETPLACE || (t.On == schemas.TaxOnFREIGHT && !withFreight) {
			continue
		}
		sum = sum.Add(t.Amount)
		amount := t.Amount.Neg()
		if credit {
			amount = t.Amount
		}
		d.gather(taxPayable, d.named("jurisdiction", t.Jurisdiction), t.Jurisdiction, amount)
	}
	return sum
}
