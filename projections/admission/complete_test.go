package admission

import (
	"fmt"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

func instant(t *testing.T, s string) schemas.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return schemas.TimeOf(v)
}

// The accounting date is that of the entity's zone, over clock changes too, unless the document says another (S23).
func TestEffectiveDate(t *testing.T) {
	for _, c := range []struct{ zone, occurred, document, effective, period string }{
		{"America/New_York", "2026-03-08T06:59:59Z", "", "2026-03-08", "2026-03"}, // before clocks go forward
		{"America/New_York", "2026-11-01T04:30:00Z", "", "2026-11-01", "2026-11"}, // 00:30 EDT, the hour before it is said twice
		{"America/New_York", "2026-11-01T03:59:59Z", "", "2026-10-31", "2026-10"},
		{"Asia/Kolkata", "2026-03-31T18:29:59Z", "", "2026-03-31", "2026-03"},
		{"Asia/Kolkata", "2026-03-31T18:30:00Z", "", "2026-04-01", "2026-04"},
		{"Asia/Tokyo", "2026-03-31T15:00:00Z", "", "2026-04-01", "2026-04"},
		{"Asia/Tokyo", "2026-03-31T15:00:00Z", "2026-03-31", "2026-03-31", "2026-03"},
		{"UTC", "1999-12-31T23:59:59Z", "", "1999-12-31", "1999-12"}, // S7: far past
		{"UTC", "2150-06-01T00:00:00Z", "", "2150-06-01", "2150-06"}, // and far future
	} {
		k := newDesk(t)
		k.refer(&schemas.ReferenceEntity{Entity: "X", EffectiveFrom: -40000, Version: "1", FunctionalCurrency: "USD", Zone: c.zone})
		p := capture("", "P1", "5")
		p.Funding = &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
		p.Meta.LegalEntity, p.Meta.OccurredAt = "X", instant(t, c.occurred)
		if c.document != "" {
			var d schemas.Date
			if err := d.UnmarshalText([]byte(c.document)); err != nil {
				t.Fatal(err)
			}
			p.Meta.DocumentDate = schemas.Some(d)
		}
		k.say(p)
		k.clean(0)
		if m := last[*schemas.PaymentCaptured](k).Meta; m.EffectiveDate.V.String() != c.effective || m.Period != c.period || m.Late {
			t.Errorf("%s in %s: effective %s in %s, late %v; want %s in %s", c.occurred, c.zone, m.EffectiveDate.V, m.Period, m.Late, c.effective, c.period)
		}
	}
}

// domain.md §2.6: a close is announced ahead; what is admitted up to it belongs to the period, what comes later to the next open one, until it is reopened.
func TestLateEvents(t *testing.T) {
	k := newDesk(t)
	closes := k.now + 60e6
	k.refer(&schemas.PeriodClosed{Meta: schemas.Meta{LegalEntity: "US"}, Period: "2026-02", ClosedAt: closes},
		&schemas.PeriodClosed{Meta: schemas.Meta{LegalEntity: "US"}, Period: "2026-03", ClosedAt: closes + 60e6})
	n := 0
	at := func(now schemas.Time, period, original string) {
		t.Helper()
		n++
		p := capture("", fmt.Sprint("P", n), "5")
		p.Funding = &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
		p.Meta.OccurredAt = instant(t, "2026-02-20T12:00:00Z")
		k.now = now - 1000
		k.say(p)
		k.clean(0)
		if m := last[*schemas.PaymentCaptured](k).Meta; m.AdmittedAt.V != now || m.Period != period || m.OriginalPeriod != original || m.Late != (original != "") {
			t.Errorf("admitted at close%+d: period %s, original %q, late %v; want %s and %q", now-closes, m.Period, m.OriginalPeriod, m.Late, period, original)
		}
	}
	at(closes-1, "2026-02", "")
	at(closes, "2026-02", "")
	at(closes+1, "2026-03", "2026-02")
	at(closes+60e6+1, "2026-04", "2026-02")
	k.refer(&schemas.PeriodReopened{Meta: schemas.Meta{LegalEntity: "US"}, Period: "2026-02", ReopenedAt: closes + 90e6})
	at(closes+89e6, "2026-04", "2026-02")
	at(closes+90e6, "2026-02", "")
}

// A void of an event of a closed period stands in the open one, and leaves the closed one as it is.
func TestAVoidStandsInTheOpenPeriod(t *testing.T) {
	k := newDesk(t)
	p := capture("", "P1", "5")
	p.Funding = &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
	p.Meta.OccurredAt = instant(t, "2026-02-20T12:00:00Z")
	k.say(p)
	k.refer(&schemas.PeriodClosed{Meta: schemas.Meta{LegalEntity: "US"}, Period: "2026-02", ClosedAt: k.now + 2000})
	k.now += 10e6
	k.say(void("V1", p))
	k.clean(0)
	if m := last[*schemas.EventVoided](k).Meta; m.Period != "2026-03" || m.Late {
		t.Errorf("the void stands in %s, late %v", m.Period, m.Late)
	}
}

// Amounts in the books of an entity are in its currency: a source that states a rate into another one is refused.
func TestRatesIntoAnothersCurrency(t *testing.T) {
	wrong := func(txn string) *schemas.Fx {
		return &schemas.Fx{TxnCurrency: txn, FunctionalCurrency: "GBP", Rate: schemas.MustDecimal("0.8"), RateSource: "x"}
	}
	usd := schemas.Money{Amount: schemas.MustDecimal("5"), Currency: "USD"}
	o, p := order("O1"), capture("", "P1", "5")
	o.FX, p.FX = wrong("USD"), wrong("USD")
	p.Funding = &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
	inv := bill("", "I1", "1")
	inv.Funding, inv.FX = p.Funding, wrong("USD")
	c := credit("", "C1", schemas.CreditedGoodsKEPT, "1")
	c.Funding, c.FX = p.Funding, wrong("USD")
	for _, e := range []schemas.Event{o, p, inv, c,
		&schemas.BankStatementLineMatched{Meta: meta("bank", "L1"), LineID: "L1", BankAccount: "B", MatchedID: "X", Matched: schemas.MatchedKindPAYOUT, Amount: usd, BookedFX: wrong("USD")},
		&schemas.PaymentSettled{Meta: meta("settlement", "T1"), SettlementID: "T1", BatchID: "B", PaymentID: "P1", PSP: "psp", Gross: usd, BookedFX: wrong("USD")},
		&schemas.PaymentSettled{Meta: meta("settlement", "T2"), SettlementID: "T2", BatchID: "B", PaymentID: "P1", PSP: "psp", Gross: usd, SettlementFX: wrong("USD")},
		&schemas.DisputeOpened{Meta: meta("dispute", "D1"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", ReasonCode: "x", Amount: usd, FX: wrong("USD")},
	} {
		k := newDesk(t)
		k.say(e)
		k.died(schemas.DeadLetterClassCONTRACT, "fx.functional_currency is not the legal entity's")
	}
}

// An order of 1,112 lines, the largest of the real ones, and one of forty-five thousand: neither may take time that grows with the square of its lines. Four times the lines would take
// sixteen times as long then, on any machine, and take about four times.
func TestHugeOrders(t *testing.T) {
	var quarter time.Duration
	for _, n := range []int{1112, 11_250, 45_000} {
		k := newDesk(t)
		o, s := order("O1"), ship("O1", "S1")
		line := o.Lines[0]
		o.Lines = nil
		for i := range n {
			line.LineID = fmt.Sprint(i)
			o.Lines = append(o.Lines, line)
			s.Lines = append(s.Lines, schemas.ShipmentLine{LineID: line.LineID, OrderLineID: line.LineID, Stock: stock("A"), Quantity: qty("4")})
		}
		begun := time.Now()
		k.say(o, s)
		took := time.Since(begun)
		switch n {
		case 45_000:
			k.died(schemas.DeadLetterClassTOO_LARGE, "split it")
			same(t, "shipped", k.line("O1", "7").Shipped, "0")
			if took > 10*quarter {
				t.Errorf("%d lines took %s, a quarter of them %s", n, took.Round(time.Millisecond), quarter.Round(time.Millisecond))
			}
		case 11_250:
			quarter = took
		default:
			k.clean(1) // one exception, not one a line
			same(t, "shipped", k.line("O1", "7").Shipped, "4")
		}
	}
}
