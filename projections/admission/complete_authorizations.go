package admission

import "github.com/throughline/throughline/schemas"

// authorizedAs is under what a thread keeps what may still be captured of a payment, or be let go of it (S42).
func authorizedAs(payment string) string { return "authorized:" + payment }

// authorizations holds what is captured or let go against what was authorized. Whoever never says what it authorized is asked nothing; nobody waits, because
// money that has moved is in the books whatever was promised.
func (c *completion) authorizations(e schemas.Event) {
	payment, amount, sign := authorizedBy(e)
	if payment == "" || sign >= 0 {
		return
	}
	if r := c.t.reservation(authorizedAs(payment), amount.Currency); r != nil && r.Remaining.Cmp(amount.Amount) < 0 {
		c.exception("OVER_AUTHORIZED", "more is captured or let go than is still authorized", e)
	}
}

// authorizedBy is what an event does to the authorization of a payment: +1 promises, -1 uses or lets go.
func authorizedBy(e schemas.Event) (payment string, amount schemas.Money, sign int) {
	switch x := e.(type) {
	case *schemas.PaymentAuthorized:
		return x.PaymentID, x.Amount, 1
	case *schemas.PaymentVoided:
		return x.PaymentID, x.Amount, -1
	case *schemas.PaymentCaptured:
		if failedCapture(x) {
			return "", schemas.Money{}, 0
		}
		return x.PaymentID, x.Amount, -1
	}
	return "", schemas.Money{}, 0
}

// authorize notes what an event does to an authorization. A capture without one leaves no trace.
func (c *completion) authorize(e schemas.Event, signed func(schemas.Decimal) schemas.Decimal) {
	payment, amount, sign := authorizedBy(e)
	if payment == "" || sign == 0 {
		return
	}
	document := authorizedAs(payment)
	if sign < 0 && c.t.reservation(document, amount.Currency) == nil {
		return
	}
	q := signed(amount.Amount)
	if sign < 0 {
		q = q.Neg()
	}
	c.expect(document, amount.Currency, &schemas.StockRef{}, q)
}
