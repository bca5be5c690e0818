package admission

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

const aDay = schemas.Time(24 * 3600e6)

// abroad is a desk of an entity that keeps its books in dollars, where the euro is worth 1.10 from March 1 on, 1.15 from the 10th and 1.20 from the 20th.
func abroad(t *testing.T) *desk {
	k := newDesk(t)
	first := schemas.DateOf(start.Time()) - 9
	for after, rate := range map[schemas.Date]string{0: "1.1", 9: "1.15", 19: "1.2"} {
		k.refer(&schemas.ReferenceRate{Base: "EUR", Quote: "USD", RateDate: first + after, Version: "1", Rate: schemas.MustDecimal(rate), Source: "ECB"})
	}
	return k
}

// onDay says on which day of March something occurred.
func onDay[E schemas.Event](day int, e E) E {
	e.Header().OccurredAt = start + schemas.Time(day-10)*aDay
	return e
}

func euros(amount string) schemas.Money {
	return schemas.Money{Amount: schemas.MustDecimal(amount), Currency: "EUR"}
}

func euroOrder(terms schemas.Terms) *schemas.OrderAccepted {
	o := order("O1")
	o.Currency, o.Terms = "EUR", terms
	return onDay(1, o)
}

func euroInvoice(x *schemas.InvoiceIssued) *schemas.InvoiceIssued {
	x.Currency = "EUR"
	return onDay(20, x)
}

func euroCredit(x *schemas.CreditMemoIssued) *schemas.CreditMemoIssued {
	x.Currency = "EUR"
	return onDay(20, x)
}

func euroCapture(order, id, invoice string) *schemas.PaymentCaptured {
	x := capture(order, id, "60")
	x.Amount, x.InvoiceID = euros("60"), invoice
	return onDay(20, x)
}

func euroRefund(order, id string, settles schemas.Settles) *schemas.RefundIssued {
	x := refund(order, id, "10", settles)
	x.Amount = euros("10")
	return onDay(20, x)
}

func writeOff(order, id, invoice string) *schemas.ReceivableWrittenOff {
	return onDay(20, &schemas.ReceivableWrittenOff{Meta: meta("write-off", id), WriteOffID: id, OrderID: order, InvoiceID: invoice, Amount: euros("40")})
}

func euroAt(rate string) *schemas.Fx {
	return &schemas.Fx{TxnCurrency: "EUR", FunctionalCurrency: "USD", Rate: schemas.MustDecimal(rate), RateType: schemas.RateTypeBOOKED}
}

// rates are those of an event that waits for nothing more: its own, and that of what it clears.
func rates(e schemas.Event) (own, booked *schemas.Fx) {
	switch x := e.(type) {
	case *schemas.ShipmentShipped:
		return x.FX, nil
	case *schemas.InvoiceIssued:
		return x.FX, nil
	case *schemas.CreditMemoIssued:
		return x.FX, nil
	case *schemas.PaymentCaptured:
		return x.FX, x.BookedFX
	case *schemas.RefundIssued:
		return x.FX, x.BookedFX
	case *schemas.ReceivableWrittenOff:
		return x.FX, nil
	case *schemas.ReceivableReclassified:
		return x.FX, nil
	case *schemas.GiftCardSold:
		return x.FX, nil
	case *schemas.PaymentSettled:
		return x.SettlementFX, x.BookedFX
	case *schemas.DisputeWon:
		return x.FX, x.BookedFX
	case *schemas.DisputeLost:
		return x.FX, x.BookedFX
	}
	return nil, nil
}

func textOf(fx *schemas.Fx) string {
	if fx == nil {
		return ""
	}
	return fx.Rate.Text()
}

// stands wants the rates at which the last event was admitted.
func (k *desk) stands(what, own, booked string) {
	k.t.Helper()
	if len(k.letters) > 0 || len(k.held()) > 0 || len(k.canonical) == 0 {
		k.t.Fatalf("%s: letters %q, held %q", what, k.reasons(), k.held())
	}
	a, b := rates(k.canonical[len(k.canonical)-1])
	if textOf(a) != own || textOf(b) != booked {
		k.t.Errorf("%s: at %q, clears what stands at %q; want %q and %q", what, textOf(a), textOf(b), own, booked)
	}
}

// 1100 is cleared at the rate at which its invoice stands, whatever the rate of the day: else functional currency stays there for ever (domain.md §2.5.5).
func TestAReceivableIsClearedAsItWasBooked(t *testing.T) {
	stated := euroCapture("O1", "P1", "")
	stated.BookedFX = euroAt("1.11")
	given := writeOff("O1", "W1", "I1")
	given.FX = euroAt("1.2")
	moved := onDay(20, &schemas.ReceivableReclassified{Meta: meta("reclassification", "RC1"), ReclassificationID: "RC1", Reason: "x", InvoiceID: "I1", OrderID: "O1",
		FromRole: "RECEIVABLE", ToRole: "CUSTOMER_DEPOSITS", Amount: euros("5")})
	ofMemo := euroRefund("O1", "R1", schemas.SettlesRECEIVABLE)
	ofMemo.CreditMemoID = "C1"
	ofInvoice := euroRefund("O1", "R1", schemas.SettlesRECEIVABLE)
	ofInvoice.InvoiceID = "I1"
	memo := euroCredit(credit("O1", "C1", schemas.CreditedGoodsKEPT, "1"))
	billed := []schemas.Event{euroOrder(schemas.TermsON_ACCOUNT), onDay(1, ship("O1", "S1", "2")), euroInvoice(invoice("O1", "I1", "S1"))}
	for name, c := range map[string]struct {
		before      []schemas.Event
		e           schemas.Event
		own, booked string
	}{
		"a capture of an invoice":                  {billed, euroCapture("O1", "P1", "I1"), "1.2", "1.1"},
		"a capture that names none":                {billed, euroCapture("O1", "P1", ""), "1.2", "1.1"},
		"a capture whose producer knows":           {billed, stated, "1.2", "1.11"},
		"a capture before the bill":                {billed[:2], euroCapture("O1", "P1", ""), "1.2", "1.1"},
		"a capture before anything":                {billed[:1], euroCapture("O1", "P1", ""), "1.2", ""},
		"a refund of an invoice":                   {billed, ofInvoice, "1.2", "1.1"},
		"a refund of a credit memo":                {append(billed[:3:3], memo), ofMemo, "1.2", "1.1"},
		"a write-off":                              {billed, writeOff("O1", "W1", "I1"), "1.1", ""},
		"a write-off that names none":              {billed, writeOff("O1", "W1", ""), "1.1", ""},
		"a write-off at the rate of the day":       {billed, given, "1.1", ""},
		"a reclassification":                       {billed, moved, "1.1", ""},
		"a capture of a prepaid order":             {[]schemas.Event{euroOrder(schemas.TermsPREPAID)}, euroCapture("O1", "P1", ""), "1.2", "1.1"},
		"a refund of a prepaid order":              {[]schemas.Event{euroOrder(schemas.TermsPREPAID)}, euroRefund("O1", "R1", schemas.SettlesCUSTOMER_DEPOSIT), "1.2", "1.1"},
		"a write-off of what was a deposit before": {[]schemas.Event{euroOrder(schemas.TermsPREPAID)}, writeOff("O1", "W1", ""), "1.1", ""},
	} {
		k := abroad(t)
		k.say(c.before...)
		k.say(c.e)
		k.stands(name, c.own, c.booked)
	}
}

// What names an invoice that has not come waits for it, as whatever is valued waits for its value: the books do not depend on the order of arrival.
func TestWhatClearsAnInvoiceWaitsForItsRate(t *testing.T) {
	ofMemo := euroRefund("O1", "R1", schemas.SettlesRECEIVABLE)
	ofMemo.CreditMemoID = "C1"
	bill := euroInvoice(invoice("O1", "I1", "S1"))
	for _, c := range []struct {
		e, comes    schemas.Event
		waits       string
		own, booked string
	}{
		{euroCapture("O1", "P1", "I1"), bill, "invoice:I1", "1.2", "1.1"},
		{writeOff("O1", "W1", "I1"), bill, "invoice:I1", "1.1", ""},
		{ofMemo, euroCredit(credit("O1", "C1", schemas.CreditedGoodsKEPT, "1")), "credit:C1", "1.2", "1.1"},
	} {
		k := abroad(t)
		k.say(euroOrder(schemas.TermsON_ACCOUNT), onDay(1, ship("O1", "S1", "2")), c.e)
		if held := k.held(); len(held) != 1 || held[0] != c.e.EventType()+" waits for "+c.waits {
			t.Errorf("%s: held %q, want it to wait for %s", c.e.EventType(), held, c.waits)
		}
		k.say(c.comes)
		k.stands(c.e.EventType(), c.own, c.booked)
	}
}

// Where the thread cannot know at which rate a balance stands, the producer must say: the spot of the day would be a guess.
func TestARateThatNobodyKnowsIsNotGuessed(t *testing.T) {
	loose := euroCapture("", "P1", "I1")
	loose.Funding = &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
	again := euroInvoice(invoice("O1", "I2", "S2"))
	twoRates := []schemas.Event{euroOrder(schemas.TermsON_ACCOUNT), onDay(1, ship("O1", "S1", "1")), onDay(10, ship("O1", "S2", "1")), euroInvoice(invoice("O1", "I1", "S1")), again}
	opened := onDay(10, &schemas.DisputeOpened{Meta: meta("dispute", "D1"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", ReasonCode: "x", Amount: euros("5")})
	for name, c := range map[string]struct {
		before []schemas.Event
		e      schemas.Event
		reason string
	}{
		"a capture of no order":            {nil, loose, "booked_fx is missing"},
		"a refund of no order":             {nil, euroRefund("", "R1", schemas.SettlesRECEIVABLE), "booked_fx is missing"},
		"a write-off of nothing":           {nil, writeOff("", "W1", ""), "fx is missing: name the invoice"},
		"a capture of one of two invoices": {twoRates, euroCapture("O1", "P1", ""), "at several rates: name the invoice"},
		"a settlement":                     {nil, settlement(schemas.SettledKindPAYMENT, "60"), "booked_fx is missing"},
		"a bank line": {nil, &schemas.BankStatementLineMatched{Meta: meta("bank", "L1"), LineID: "L1", BankAccount: "B", MatchedID: "X", Matched: schemas.MatchedKindPAYOUT,
			Amount: euros("5")}, "booked_fx is missing"},
		"a lost dispute that settles a deposit": {[]schemas.Event{opened}, lostDispute(schemas.SettlesCUSTOMER_DEPOSIT), "fx is missing: say at which rate the deposit"},
	} {
		t.Run(name, func(t *testing.T) {
			k := abroad(t)
			k.say(c.before...)
			k.say(c.e)
			k.died(schemas.DeadLetterClassCONTRACT, c.reason)
		})
	}
}

func settlement(kind schemas.SettledKind, gross string) *schemas.PaymentSettled {
	return onDay(20, &schemas.PaymentSettled{Meta: meta("settlement", "T1"), SettlementID: "T1", BatchID: "B", PSP: "psp", Kind: kind, PaymentID: "P1", RefundID: "R1", DisputeID: "D1",
		Gross: euros(gross), Fee: schemas.MustDecimal("0"), Net: schemas.MustDecimal(gross)})
}

func lostDispute(settles schemas.Settles) *schemas.DisputeLost {
	return onDay(20, &schemas.DisputeLost{Meta: meta("dispute", "D1 lost"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", Settles: settles, Amount: euros("5")})
}

// What the payment's own thread has seen it knows.
func TestAPaymentsThreadKnowsItsRates(t *testing.T) {
	paid := onDay(1, euroCapture("", "P1", ""))
	paid.Funding = &schemas.Funding{Terms: schemas.TermsPREPAID, Settles: schemas.SettlesCUSTOMER_DEPOSIT}
	back := euroRefund("", "R1", schemas.SettlesCUSTOMER_DEPOSIT)
	back.PaymentID = "P1"
	onDay(10, back)
	opened := onDay(10, &schemas.DisputeOpened{Meta: meta("dispute", "D1"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", ReasonCode: "x", Amount: euros("5")})
	won := onDay(20, &schemas.DisputeWon{Meta: meta("dispute", "D1 won"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", Amount: euros("5")})
	for name, c := range map[string]struct {
		before      []schemas.Event
		e           schemas.Event
		own, booked string
	}{
		"the payment is settled":          {nil, settlement(schemas.SettledKindPAYMENT, "60"), "1.2", "1.1"},
		"its refund settles the deposit":  {nil, back, "1.15", "1.1"},
		"its refund is settled":           {[]schemas.Event{back}, settlement(schemas.SettledKindREFUND, "-10"), "1.2", "1.15"},
		"its dispute is settled":          {nil, settlement(schemas.SettledKindDISPUTE, "-5"), "1.2", "1.15"},
		"its dispute is won":              {nil, won, "1.2", "1.15"},
		"its dispute is lost":             {nil, lostDispute(schemas.SettlesLOSS), "1.2", "1.15"},
		"what came back of it is settled": {[]schemas.Event{won}, settlement(schemas.SettledKindDISPUTE, "5"), "1.2", "1.2"},
	} {
		k := abroad(t)
		k.say(paid, opened)
		k.say(c.before...)
		k.say(c.e)
		k.stands(name, c.own, c.booked)
	}
	for _, c := range []struct {
		voided schemas.Event
		e      *schemas.PaymentSettled
	}{{paid, settlement(schemas.SettledKindPAYMENT, "60")}, {opened, settlement(schemas.SettledKindDISPUTE, "-5")}} {
		k := abroad(t)
		k.say(paid, opened, void("V1", c.voided), c.e)
		k.died(schemas.DeadLetterClassCONTRACT, "booked_fx is missing")
	}
}

// 1150 is zero in both currencies: invoices and credit memos copy the rate of the shipments that they are about (domain.md §2.5.5, §2.8.3).
func TestInvoicesAndCreditMemosCopyTheShipmentsRate(t *testing.T) {
	account, early, late := euroOrder(schemas.TermsON_ACCOUNT), onDay(1, ship("O1", "S1", "1")), onDay(10, ship("O1", "S2", "1"))
	ofShipment := euroCredit(credit("O1", "C1", schemas.CreditedGoodsKEPT, "1"))
	ofShipment.Lines[0].ShipmentID = "S2"
	ofInvoice := euroCredit(credit("O1", "C1", schemas.CreditedGoodsKEPT, "1"))
	ofInvoice.InvoiceID = "I1"
	ahead := onDay(1, euroInvoice(bill("O1", "I1", "3")))
	for name, c := range map[string]struct {
		before []schemas.Event
		e      schemas.Event
		rate   string
	}{
		"an invoice of a shipment":                  {[]schemas.Event{early, late}, euroInvoice(invoice("O1", "I1", "S2")), "1.15"},
		"an invoice that names none":                {[]schemas.Event{early}, euroInvoice(bill("O1", "I1", "1")), "1.1"},
		"an invoice ahead":                          {nil, ahead, "1.1"},
		"a shipment of what was billed ahead":       {[]schemas.Event{ahead}, late, "1.1"},
		"a second invoice ahead":                    {[]schemas.Event{onDay(1, euroInvoice(bill("O1", "I0", "1")))}, euroInvoice(bill("O1", "I1", "1")), "1.1"},
		"a shipment of what was not":                {[]schemas.Event{early, euroInvoice(invoice("O1", "I1", "S1"))}, late, "1.15"},
		"a credit memo of a shipment":               {[]schemas.Event{early, late}, ofShipment, "1.15"},
		"a credit memo of an invoice":               {[]schemas.Event{early, late, euroInvoice(invoice("O1", "I1", "S1"))}, ofInvoice, "1.1"},
		"a credit memo that names none":             {[]schemas.Event{early}, euroCredit(credit("O1", "C1", schemas.CreditedGoodsKEPT, "1")), "1.1"},
		"a credit memo before there is anything":    {nil, euroCredit(credit("O1", "C1", schemas.CreditedGoodsKEPT, "1")), "1.2"},
		"an invoice of shipments that share a rate": {[]schemas.Event{early, onDay(2, ship("O1", "S2", "1"))}, euroInvoice(invoice("O1", "I1", "S1", "S2")), "1.1"},
	} {
		k := abroad(t)
		k.say(account)
		k.say(c.before...)
		k.say(c.e)
		k.stands(name, c.rate, "")
	}
	for name, c := range map[string]struct {
		e      schemas.Event
		reason string
	}{
		"an invoice of two rates":                       {euroInvoice(invoice("O1", "I1", "S1", "S2")), "bill each rate by an invoice of its own"},
		"an invoice that names neither":                 {euroInvoice(bill("O1", "I1", "2")), "name the shipment of each line"},
		"a credit memo that names neither":              {euroCredit(credit("O1", "C1", schemas.CreditedGoodsKEPT, "1")), "name the invoice"},
		"an invoice that names one and leaves one open": {mixed(), "name the shipment of each line"},
	} {
		t.Run(name, func(t *testing.T) {
			k := abroad(t)
			k.say(account, early, late, c.e)
			k.died(schemas.DeadLetterClassCONTRACT, c.reason)
		})
	}
}

func mixed() *schemas.InvoiceIssued {
	x := euroInvoice(invoice("O1", "I1", "S1"))
	x.Lines = append(x.Lines, bill("O1", "I1", "1").Lines...)
	return x
}

// Every leg on 2100 stands at the order's rate, that of a gift card's price too (domain.md §2.5.5).
func TestAGiftCardIsPaidFromTheDepositAtTheOrdersRate(t *testing.T) {
	card := func(into schemas.PaidInto) *schemas.GiftCardSold {
		return onDay(20, &schemas.GiftCardSold{Meta: meta("gift card", "G1"), SaleID: "G1", CardRef: "G1", OrderID: "O1", InvoiceID: "I1", Amount: euros("50"), PaidInto: into})
	}
	k := abroad(t)
	k.say(euroOrder(schemas.TermsPREPAID), card(schemas.PaidIntoORDER_DEPOSIT))
	k.stands("out of the deposit", "1.1", "")
	k = abroad(t)
	k.say(euroOrder(schemas.TermsON_ACCOUNT), onDay(1, ship("O1", "S1", "1")), euroInvoice(invoice("O1", "I1", "S1")), card(schemas.PaidIntoRECEIVABLE))
	k.stands("on an invoice", "1.1", "")
	k = abroad(t)
	k.say(euroOrder(schemas.TermsPREPAID), card(schemas.PaidIntoPSP))
	k.stands("with a card of its own", "1.2", "")
}
