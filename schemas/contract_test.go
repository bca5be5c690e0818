package schemas

import (
	"errors"
	"strings"
	"testing"
	"time"
)

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
func outside[E Event](t *testing.T, eventType string) E {
	t.Helper()
	e := exampleOf(t, eventType).(E)
	m := e.Header()
	m.AdmittedAt, m.RecordedAt, m.ThreadSequence, m.Intake, m.RuleSet, m.Period = Opt[Time]{}, Opt[Time]{}, Opt[int64]{}, nil, "", ""
	return e
}

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
		e := outside[*ShipmentShipped](t, "shipment.shipped")
		e.Meta.DocumentDate, e.Meta.OccurredAt = c.document, TimeOf(c.occurred)
		breaks(t, c.what, e, c.part)
	}
}

// A settlement in another currency whose net is zero does not say what its gross is worth.
func TestContractOfASettlementOfNothing(t *testing.T) {
	settled := func(net, fee string, booked bool) *PaymentSettled {
		e := outside[*PaymentSettled](t, "payment.settled")
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
	e := outside[*RuleSuperseded](t, "rule.superseded")
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
