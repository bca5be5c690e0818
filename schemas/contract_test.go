package schemas

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// brokenContract is an event that keeps its contract until edit breaks it, and a part of what is said then.
type brokenContract struct {
	name string
	e    Event
	says string
}

func edited[E Event](eventType string, edit func(E)) Event {
	e := asSent(eventType).(E)
	edit(e)
	return e
}

// asSent is the example of an event as a source sends it, without what only admission stamps.
func asSent(eventType string) Event {
	e := Example(eventType)
	m := e.Header()
	m.AdmittedAt, m.Intake, m.ThreadSequence, m.RuleSet, m.Period, m.RecordedAt = Opt[Time]{}, nil, Opt[int64]{}, "", "", Opt[Time]{}
	if !Corrects(e) {
		m.Correction = nil
	}
	return e
}

// What the books would believe and no warehouse or shop can have meant is refused, in words that name the field and say what to do.
func TestContractRefusesWhatBooksWouldBelieve(t *testing.T) {
	minus := Quantity{Qty: MustDecimal("-5"), UOM: "EA", BaseQty: MustDecimal("-5"), BaseUOM: "EA"}
	undelivered := func(edit func(*ReturnReceived)) Event {
		return edited("return.received", func(x *ReturnReceived) {
			x.Against, x.OrderID, x.ShipmentID, x.Lines[0].ShipmentID = ReturnAgainstUNDELIVERED, "SO-1", "SH-1", ""
			edit(x)
		})
	}
	lost := func(edit func(*DisputeLost)) Event {
		return edited("dispute.lost", func(x *DisputeLost) {
			x.Settles, x.TaxRelief = SettlesLOSS, []DisputeTaxRelief{{Jurisdiction: "US-CA", Amount: x.Amount.Amount}}
			edit(x)
		})
	}
	for _, c := range []brokenContract{
		{"goods received backwards", edited("inventory.received", func(x *InventoryReceived) { x.Lines[0].Accepted = minus }), "lines.accepted is negative"},
		{"goods of an expectation, nobody knows how many", edited("inventory.received", func(x *InventoryReceived) {
			x.Lines[0].ExpectedDocument, x.Lines[0].ExpectedConsumed = "PO-1", Opt[Decimal]{}
		}), "lines.expected_consumed is missing"},
		{"goods rejected backwards", edited("inventory.received", func(x *InventoryReceived) { x.Lines[0].Rejected = &minus }), "lines.rejected is negative"},
		{"undelivered for no order", undelivered(func(x *ReturnReceived) { x.OrderID = "" }), "order_id is missing"},
		{"undelivered in no shipment", undelivered(func(x *ReturnReceived) { x.ShipmentID = "" }), "shipment_id is missing"},
		{"a fee that is paid to the customer", edited("credit_memo.issued", func(x *CreditMemoIssued) { x.RestockingFee = Some(MustDecimal("-7")) }), "restocking_fee is negative"},
		{"freight that is not credited", edited("credit_memo.issued", func(x *CreditMemoIssued) {
			l := &x.Lines[0]
			l.Kind, l.Goods, l.CreditsFreight = LineKindGOODS, CreditedGoodsKEPT, false
			l.Amounts = &LineAmounts{Gross: MustDecimal("10"), Net: MustDecimal("10"), FreightNet: MustDecimal("2"), Total: MustDecimal("12")}
		}), "credits_freight is not set"},
		{"a tax that is stated away", edited("invoice.issued", func(x *InvoiceIssued) {
			l := &x.Lines[0]
			l.StatesTax, l.StatedTaxes = true, nil
			l.Amounts = &LineAmounts{Gross: MustDecimal("10"), Net: MustDecimal("10"), FreightNet: MustDecimal("0"), Total: MustDecimal("11"),
				Taxes: []TaxAmount{{Jurisdiction: "US-CA", Rate: MustDecimal("0.1"), Base: MustDecimal("10"), Amount: MustDecimal("1")}}}
		}), "lines.stated_taxes is empty"},
		{"relief of nobody", lost(func(x *DisputeLost) { x.TaxRelief[0].Jurisdiction = "" }), "tax_relief.jurisdiction is empty"},
		{"relief of nothing", lost(func(x *DisputeLost) { x.TaxRelief[0].Amount = MustDecimal("0") }), "tax_relief.amount is not above zero"},
		{"more relief than loss", lost(func(x *DisputeLost) { x.TaxRelief[0].Amount = x.Amount.Amount.Add(MustDecimal("1")) }), "tax_relief is more than the amount"},
		{"relief of what a memo settles", lost(func(x *DisputeLost) { x.Settles = SettlesCREDIT_MEMO }), "only what settles LOSS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := CheckContract(asSent(c.e.EventType())); err != nil {
				t.Fatalf("the example breaks its contract: %v", err)
			}
			breaks(t, c.name, c.e, c.says)
		})
	}
	breaks(t, "an order's reservation that serves a transfer", edited("inventory.reserved", func(x *InventoryReserved) {
		x.OrderID, x.TransferID, x.Serves = "SO-1", "", ReservationServesTRANSFER
	}), "serves is TRANSFER")
	for _, fine := range []Event{undelivered(func(*ReturnReceived) {}), lost(func(*DisputeLost) {}),
		edited("inventory.received", func(x *InventoryReceived) {
			x.Lines[0].Accepted.Qty, x.Lines[0].Accepted.BaseQty = NewDecimal(0, 6), NewDecimal(0, 6)
		})} {
		breaks(t, fine.EventType(), fine, "")
	}
}

// breaks wants a breach of contract whose reason has a part; none where that is empty.
func breaks(t *testing.T, what string, e Event, part string) {
	t.Helper()
	err := CheckContract(e)
	var p *PoisonError
	switch {
	case part == "" && err != nil:
		t.Errorf("%s: %v", what, err)
	case part != "" && (!errors.As(err, &p) || p.Class != DeadLetterClassCONTRACT || !strings.Contains(p.Reason, part)):
		t.Errorf("%s: %v, want a breach of contract with %q", what, err, part)
	}
}

// outside is an example as a source would send it.
func outside[E Event](eventType string) E { return asSent(eventType).(E) }

// A period has a year of four digits: an event of any other day would be booked into a month that is not its own.
func TestContractOfDates(t *testing.T) {
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
	}
	for _, c := range []struct {
		what, part string
		document   Opt[Date]
		occurred   time.Time
	}{
		{"an ordinary day", "", Some(DateOf(day(2026, 5, 4))), day(2026, 5, 4)},
		{"the last day", "", Some(DateOf(day(9999, 12, 31))), day(9999, 12, 30)},
		{"the first day", "", Some(DateOf(day(1970, 1, 1))), day(1970, 1, 1)},
		{"no day of its own", "", Opt[Date]{}, day(2026, 5, 4)},
		{"a day in the year 12029", "meta.document_date is not between", Some(Date(3_674_000)), day(2026, 5, 4)},
		{"a day before the first", "meta.document_date is not between", Some(Date(-1)), day(2026, 5, 4)},
		{"the last day, in some zone the one after", "meta.occurred_at is not before 9999-12-31", Opt[Date]{}, day(9999, 12, 31)},
		{"nanoseconds", "meta.occurred_at is not before 9999-12-31: is it in microseconds?", Opt[Date]{}, time.UnixMicro(day(2026, 5, 4).UnixNano())},
	} {
		e := outside[*ShipmentShipped]("shipment.shipped")
		e.Meta.DocumentDate, e.Meta.OccurredAt = c.document, TimeOf(c.occurred)
		breaks(t, c.what, e, c.part)
	}
}

// A settlement in another currency whose net is zero does not say what its gross is worth.
func TestContractOfASettlementOfNothing(t *testing.T) {
	settled := func(net, fee string, booked bool) *PaymentSettled {
		e := outside[*PaymentSettled]("payment.settled")
		e.Gross, e.Fee, e.Net, e.FeeBookedOnPayment = Money{MustDecimal("3"), "EUR"}, MustDecimal(fee), MustDecimal(net), booked
		e.Settlement = &Money{MustDecimal(net), "GBP"}
		return e
	}
	breaks(t, "a net", settled("1", "2", false), "")
	breaks(t, "all of it is the fee, which is on the payment", settled("0", "3", true), "")
	breaks(t, "all of it is the fee", settled("0", "3", false), "set fee_booked_on_payment")
	same := settled("0", "3", false)
	same.Settlement.Currency = "EUR"
	breaks(t, "all of it is the fee, in its own currency", same, "")
}

// Whoever says that no entry stands names the letter that says so too.
func TestContractOfRuleSuperseded(t *testing.T) {
	e := outside[*RuleSuperseded]("rule.superseded")
	breaks(t, "old set and letter", e, "")
	e.LetterID = Opt[UUID]{}
	breaks(t, "an old set", e, "")
	e.OldRuleSet = ""
	breaks(t, "neither", e, "old_rule_set and letter_id are missing")
	e.LetterID = Some(NamedID("letter"))
	breaks(t, "a letter", e, "")
	e.NewRuleSet = ""
	breaks(t, "no new set", e, "new_rule_set is empty")
}
