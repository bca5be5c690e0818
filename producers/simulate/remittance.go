package simulate

import (
	"fmt"

	"github.com/throughline/throughline/schemas"
)

// remittance is what a customer's bank will transfer at once, for several invoices.
type remittance struct {
	at    schemas.Time
	event *schemas.CustomerPaymentApplied
}

// remit puts an invoice on the next transfer in its currency. Who pays early takes a discount; some hold something back.
func (r *run) remit(o *order, inv *invoice) {
	m := r.remittances[o.currency]
	if at := inv.at + 9*day; m == nil || m.at < at {
		m = &remittance{at: at + 4*day, event: &schemas.CustomerPaymentApplied{RemittanceID: r.id("RM"), CustomerRef: o.customer,
			BankAccount: bankAccount(o.currency), Currency: o.currency}}
		r.remittances[o.currency] = m
		r.then(m.at, func() { r.apply(m) })
	}
	line := schemas.AppliedLine{LineID: fmt.Sprint(len(m.event.Lines) + 1), InvoiceID: inv.id, OrderID: o.id, Paid: inv.owed.Round(4, schemas.Down), BookedFX: inv.fx}
	if r.chance(50) {
		discount := inv.owed.MulRound(schemas.NewDecimal(2, 2), 2, schemas.HalfUp).Round(4, schemas.Down)
		line.Discount, line.Paid = schemas.Some(discount), line.Paid.Sub(discount)
	}
	if held := schemas.NewDecimal(12500, 4); r.chance(30) && line.Paid.Cmp(held) > 0 {
		line.Deduction, line.DeductionReason, line.Paid = schemas.Some(held), "DAMAGED", line.Paid.Sub(held)
	}
	m.event.Lines = append(m.event.Lines, line)
}

// apply lets a transfer arrive: the receivables are settled, and the bank's statement shows it a day later.
func (r *run) apply(m *remittance) {
	e := m.event
	if r.remittances[e.Currency] == m {
		delete(r.remittances, e.Currency)
	}
	e.FX = r.fx(e.Currency, m.at, schemas.RateTypeSPOT, "bank")
	sum := schemas.NewDecimal(0, 4)
	for _, l := range e.Lines {
		sum = sum.Add(l.Paid)
	}
	r.say(m.at, e, erp("remittance", e.RemittanceID, "applied"), "remittance_id", e.RemittanceID)
	if r.chance(20) { // typed in once more under another number
		twin := *e
		twin.Meta, twin.RemittanceID = schemas.Meta{}, e.RemittanceID+"-2"
		r.say(m.at+hour, &twin, erp("remittance", twin.RemittanceID, "applied"), "remittance_id", twin.RemittanceID)
		r.void(r.later(m.at, 3, 0), &twin, schemas.CorrectionReasonDID_NOT_OCCUR, "applied twice")
	}
	r.bankLine(r.later(m.at, 1, 0), schemas.MatchedKindREMITTANCE, e.RemittanceID, "", schemas.Money{Amount: sum, Currency: e.Currency}, e.FX)
}

func bankAccount(currency string) string {
	return map[string]string{"USD": "chase-001", "EUR": "commerz-002", "GBP": "barclays-003"}[currency]
}
