package export

import (
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

func entry(period, effective string, legs ...schemas.JournalLine) *schemas.JournalEntry {
	var date schemas.Date
	if err := date.UnmarshalText([]byte(effective)); err != nil {
		panic(err)
	}
	e := &schemas.JournalEntry{CauseType: "shipment.shipped", RuleID: "shipment.shipped", RuleVersion: 1, Ledger: primary, FunctionalCurrency: "USD", Lines: legs,
		Dimensions: schemas.StringMapOf("channel", "WEB"),
		Meta:       schemas.Meta{EventID: schemas.NamedID(period, effective), LegalEntity: "E", Period: period, EffectiveDate: schemas.Some(date), CorrelationID: "SO-1"}}
	for i := range e.Lines {
		e.Lines[i].LineNo, e.Lines[i].Currency, e.Lines[i].AmountFn = int32(i+1), "USD", e.Lines[i].AmountTxn
	}
	return e
}

func made(t *testing.T, format string, out io.Writer) Writer {
	t.Helper()
	w, err := New(format, out)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func leg(account, amount string) schemas.JournalLine {
	return schemas.JournalLine{Account: account, AmountTxn: schemas.MustDecimal(amount)}
}

func all(entries ...*schemas.JournalEntry) Entries {
	return func(yield func(*schemas.JournalEntry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// The text that people will see, whole: one entry in its period and one that came late.
func TestHledgerText(t *testing.T) {
	var out strings.Builder
	shipped := entry("2026-03", "2026-03-05", leg("1150", "12.5"), leg("4000", "-12.5"))
	shipped.Lines[0].ControlKey = "line:SO-1/1"
	shipped.Meta.CausationID = schemas.Some(schemas.UUID{15: 7})
	lost := entry("2026-03", "2026-02-27", leg("5100", "0.1234"), leg("1200", "-0.1234"))
	lost.Meta.Late, lost.Meta.OriginalPeriod = true, "2026-02"
	n, err := Copy(made(t, "hledger", &out), all(shipped, lost))
	if err != nil || n != (Count{2, 4}) {
		t.Fatal(n, err)
	}
	want := `; The journal as exported by throughline: one transaction an entry, Dr +, Cr -.
decimal-mark .
commodity 1000.0000 USD
account assets:shipped-not-invoiced:1150  ; type:A, name:Shipped not invoiced
account revenues:product-revenue:4000  ; type:R, name:Product revenue

2026-03-05 shipment.shipped SO-1
    ; entry:` + shipped.Meta.EventID.String() + `, rule:shipment.shipped@1, period:2026-03, event:00000000-0000-0000-0000-000000000007
    assets:shipped-not-invoiced:1150  12.5000 USD  ; key:line:SO-1/1
    revenues:product-revenue:4000  -12.5000 USD
account expenses:inventory-write-off:5100  ; type:X, name:Inventory write-off and shrinkage
account assets:inventory:1200  ; type:A, name:Inventory

2026-03-01=2026-02-27 shipment.shipped SO-1
    ; entry:` + lost.Meta.EventID.String() + `, rule:shipment.shipped@1, period:2026-03, late:2026-02
    expenses:inventory-write-off:5100  0.1234 USD
    assets:inventory:1200  -0.1234 USD
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// What does not balance is no entry, in any format; and an error of the source is the export's.
func TestCopyRefuses(t *testing.T) {
	off := entry("2026-03", "2026-03-05", leg("1150", "12.5"), leg("4000", "-12.4999"))
	foreign := entry("2026-03", "2026-03-05", leg("1150", "12.5"), leg("4000", "-12.5"))
	foreign.Lines[0].Currency = "EUR"
	for _, format := range Formats {
		for _, e := range []*schemas.JournalEntry{off, foreign} {
			if _, err := Copy(made(t, format, io.Discard), all(e)); err == nil || !strings.Contains(err.Error(), "off balance") {
				t.Errorf("%s: %v", format, err)
			}
		}
	}
	gone := errors.New("the server is gone")
	broken := iter.Seq2[*schemas.JournalEntry, error](func(yield func(*schemas.JournalEntry, error) bool) { yield(nil, gone) })
	if _, err := Copy(made(t, "csv", io.Discard), broken); !errors.Is(err, gone) {
		t.Error(err)
	}
	for range (Summary{}).Entries(all(off)) {
		break // a caller may stop; what follows must not run
	}
	for _, err := range (Summary{}).Entries(all(off)) {
		if err == nil || !strings.Contains(err.Error(), "off balance") {
			t.Errorf("summary: %v", err)
		}
	}
	long := entry("2026-03", "2026-03-05", leg("1150", "1234567890123456789012345.6789"), leg("4000", "-1234567890123456789012345.6789"))
	if _, err := Copy(made(t, "beancount", io.Discard), all(long)); err == nil || !strings.Contains(err.Error(), "28 digits") {
		t.Errorf("beancount takes 29 digits: %v", err)
	}
	if _, err := New("xls", io.Discard); err == nil {
		t.Error("there is a format xls")
	}
}

// Rows of an account sum to its rounded total although each is rounded, and the remainder stands on 7900: no cent is lost and none is made.
func TestSummaryRounds(t *testing.T) {
	north, south, web := leg("5000", "0.004"), leg("5000", "0.004"), leg("5000", "0.0041")
	north.Location, south.Location, web.Location = "N", "S", "W"
	detail := all(entry("2026-01", "2026-01-10", north, leg("1200", "-0.004")), entry("2026-01", "2026-01-11", south, leg("1200", "-0.004")),
		entry("2026-01", "2026-01-12", web, leg("1200", "-0.0041"), leg("1150", "7"), leg("4000", "-7")), entry("2026-02", "2026-02-01", leg("1150", "0.004"), leg("4000", "-0.004")))
	var legs strings.Builder
	var got []string
	for e, err := range (Summary{By: []string{"location", "channel"}, DrillDown: &legs}).Entries(detail) {
		if err != nil {
			t.Fatal(err)
		}
		if err := balanced(e); err != nil {
			t.Error(err)
		}
		got = append(got, e.Meta.Period+" "+e.Meta.EffectiveDate.V.String())
		for _, l := range e.Lines {
			got = append(got, l.ControlKey+" "+amount(l.AmountFn))
		}
	}
	want := []string{"2026-01 2026-01-31", "1150|channel=WEB 7.0000", "1200|channel=WEB -0.0100", "4000|channel=WEB -7.0000", "5000|location=S|channel=WEB 0.0100",
		"2026-02 2026-02-28"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	rows, err := csv.NewReader(strings.NewReader(legs.String())).ReadAll()
	if err != nil || len(rows) != 11 || rows[1][1] != "5000|location=N|channel=WEB" || rows[1][4] != "0.0040" {
		t.Errorf("%d rows of the drill-down, %v: %v", len(rows), rows[1], err)
	}
	uneven := all(entry("2026-01", "2026-01-10", leg("1150", "0.006"), leg("4000", "-0.003"), leg("4200", "-0.003")))
	for e, err := range (Summary{}).Entries(uneven) {
		if err != nil || len(e.Lines) != 2 || e.Lines[1].ControlKey != "7900|rounding" || amount(e.Lines[1].AmountFn) != "-0.0100" {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

// A leg's postings sum to both of its amounts, whatever the signs, under the rule that a total price takes the sign of its units.
func TestPostingsSumToBothAmounts(t *testing.T) {
	for _, amounts := range [][2]string{{"5", "6"}, {"-5", "-6"}, {"5", "-6"}, {"-5", "6"}, {"5", "0"}, {"-5", "0"}, {"0", "6"}, {"0", "-6"}, {"0", "0"}, {"-0.0001", "0.0001"}} {
		for _, currency := range []string{"EUR", "USD"} {
			l := schemas.JournalLine{Account: "1050", Currency: currency, AmountTxn: schemas.MustDecimal(amounts[0]), AmountFn: schemas.MustDecimal(amounts[1])}
			var units, cost schemas.Decimal
			for _, p := range postingsOf(&l, "USD") {
				units = units.Add(p.units)
				switch {
				case !p.costs:
					cost = cost.Add(p.units)
				case p.units.Sign() > 0:
					cost = cost.Add(p.cost)
				case p.units.Sign() < 0:
					cost = cost.Sub(p.cost)
				}
				if p.cost.Sign() < 0 {
					t.Errorf("%v: a total price of %s", amounts, p.cost)
				}
			}
			if !units.Equal(l.AmountFn) || !cost.Equal(l.AmountTxn) {
				t.Errorf("%v %s: units %s, cost %s", amounts, currency, units, cost)
			}
		}
	}
}

func TestAccountNames(t *testing.T) {
	c, err := newChart()
	if err != nil {
		t.Fatal(err)
	}
	c.roles["GL-7"] = c.roles["1100"] // as where an entity maps the role to a number of its own
	for code, want := range map[string]string{"1100": "assets:receivable:1100 Assets:Receivable:1100", "2100": "liabilities:customer-deposits:2100 Liabilities:Customer-deposits:2100",
		"3000": "equity:opening-balance:3000 Equity:Opening-balance:3000", "6100": "expenses:payment-fees:6100 Expenses:Payment-fees:6100",
		"400100": "revenues:400100 Income:400100", "GL-7": "assets:receivable:GL-2d-7 Assets:Receivable:GL-2d-7", "a b": "equity:a-20-b Equity:A-20-b", "": "equity:- Equity:X-"} {
		if a, first := c.account(code); a.hledger+" "+a.beancount != want || !first {
			t.Errorf("%q: %s %s, first %v", code, a.hledger, a.beancount, first)
		}
		if _, first := c.account(code); first {
			t.Errorf("%q is new twice", code)
		}
	}
}
