package finance

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// TestFirstChartIsTheCodes: the version that the default set names maps each role to its own code, so that no entry moved when the chart became data.
func TestFirstChartIsTheCodes(t *testing.T) {
	all, err := charts()
	if err != nil {
		t.Fatal(err)
	}
	m := all["2010-01"]
	if !m.same {
		t.Error("2010-01 is not the chart of the codes")
	}
	for _, a := range Chart() {
		if lines := m.lines[a.Role]; len(lines) != 1 || lines[0].name != a.Name {
			t.Errorf("%s: %+v", a.Role, lines)
		}
	}
	for _, set := range RuleSets {
		if all[set.Chart] == nil {
			t.Errorf("set %s names chart %q, which is not embedded", set.Name, set.Chart)
		}
	}
}

// TestChartPrefersWhatIsNamed: the entity before the channel before the jurisdiction, and the latest date that has begun.
func TestChartPrefersWhatIsNamed(t *testing.T) {
	all, _ := charts()
	m := all["test-chart"]
	march, april := schemas.Date(20_513), schemas.Date(20_544) // 2026-03-01, 2026-04-01
	for _, c := range []struct {
		role, entity, channel, jurisdiction string
		on                                  schemas.Date
		want                                string
	}{
		{"PRODUCT_REVENUE", "OTHER", "shop", "", march, "400000"},
		{"PRODUCT_REVENUE", "OTHER", "web", "", march, "400010"},
		{"PRODUCT_REVENUE", "ACME", "shop", "", march, "400100"},
		{"PRODUCT_REVENUE", "ACME", "web", "", march - 1, "400100"},
		{"PRODUCT_REVENUE", "ACME", "web", "", march, "400111"},
		{"PRODUCT_REVENUE", "ACME", "web", "", april - 1, "400111"},
		{"PRODUCT_REVENUE", "ACME", "web", "", april, "400112"},
		{"TAX_PAYABLE", "ACME", "", "US-CA", march, "230006"},
		{"TAX_PAYABLE", "ACME", "", "US-NY", march, "230000"},
		{"FREIGHT_REVENUE", "ACME", "", "", march, ""},
	} {
		if got, ok := m.account(c.role, c.entity, c.channel, c.jurisdiction, c.on); got != c.want || ok != (c.want != "") {
			t.Errorf("%+v: %q, %v", c, got, ok)
		}
	}
}

func TestChartThatIsWrongIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"PETTY_CASH,*,*,*,,1000,x":                          "PETTY_CASH is no role",
		"BANK,*,*,*,,,x":                                    "has no account",
		"BANK,*,*,*,March,1000,x":                           "is no date",
		"BANK,*,*,*,,1000,x\nBANK,*,*,*,,1001,y":            "two lines for the same case",
		"BANK,A,*,*,,1,x\nBANK,B,*,*,,1,x\nBANK,A,*,*,,2,x": "two lines for the same case",
		"BANK,*,*,*,1000,x":                                 "wrong number of fields",
	} {
		if _, err := parseChart("v", text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

// charted plays a shipment of 66.66 under a rule set of the test chart, with freight where asked.
func charted(t *testing.T, set, event string) (*world, schemas.Event) {
	w := newWorld(t)
	w.given("given cost A 14.125")
	e := w.build(parse(t, event))
	e.Header().RuleSet = set
	return w, e
}

// TestEntryStandsOnTheEntitysAccounts: legs go to the mapped accounts, and balance as before.
func TestEntryStandsOnTheEntitysAccounts(t *testing.T) {
	_, e := charted(t, "test-chart", "wms shipment.shipped SH-1; 2 × A @ 33.33")
	if got := legsText(deriveEntry(t, e)); got != "115000 66.66  400111 -66.66  500000 28.25  120000 -28.25" {
		t.Errorf("got %s", got)
	}
	_, e = charted(t, "test-chart", "billing invoice.issued INV-1 on-account; 1 × A @ 10.00, tax 0.83 US-CA, tax 0.40 US-NY")
	if got := legsText(deriveEntry(t, e)); got != "110000 11.23  115000 -10.00  230006 -0.83  230000 -0.40" {
		t.Errorf("got %s", got)
	}
}

// TestS45RoleWithoutAccount: strict, the event is a letter that names the role and the line to add; in audit mode the entry stands on the default code with
// exception E18 that names them. Neither is on 9000.
func TestS45RoleWithoutAccount(t *testing.T) {
	const freight = "wms shipment.shipped SH-1; 2 × A @ 33.33, freight 3.11; 1 × A @ 33.33, freight 1.00"
	_, e := charted(t, "test-chart", freight)
	_, err := Derive(e)
	var poison *schemas.PoisonError
	if !errors.As(err, &poison) || poison.Class != schemas.DeadLetterClassUNMAPPED_ACCOUNT || !strings.Contains(poison.Reason, "FREIGHT_REVENUE,ACME,*,*,2026-03-02,4200,") {
		t.Fatalf("strict: %v", err)
	}
	_, e = charted(t, "test-chart-audit", freight)
	derived, err := Derive(e)
	if err != nil || len(derived) != 2 {
		t.Fatalf("audit: %d events, %v", len(derived), err)
	}
	x := derived[1].(*schemas.ExceptionRaised)
	if got := legsText(derived[0].(*schemas.JournalEntry)); !strings.Contains(got, "4200 -4.11") || !strings.Contains(got, "115000 104.10") {
		t.Errorf("audit: %s", got)
	}
	if x.Code != "E18" || !strings.Contains(x.Summary, "FREIGHT_REVENUE,ACME,*,*,2026-03-02,4200,") {
		t.Errorf("audit: %+v", x)
	}
	line := x.Summary[strings.Index(x.Summary, "FREIGHT_REVENUE,"):]
	line, _, _ = strings.Cut(line, " ")
	if _, err := parseChart("next", line); err != nil {
		t.Errorf("the suggested line does not parse: %v", err)
	}
}

// TestVoidUnderAChart negates on the accounts of the set that stands, whatever the void's own set maps.
func TestVoidUnderAChart(t *testing.T) {
	w, e := charted(t, "test-chart", "wms shipment.shipped SH-1; 2 × A @ 33.33")
	v := w.build(parse(t, "ops event.voided V-1 voids shipment.shipped SH-1"))
	want := legsText(deriveEntry(t, e))
	for _, set := range []string{DefaultRuleSet, "test-chart", "test-chart-audit"} {
		v.Header().RuleSet = set
		entry := deriveEntry(t, v)
		for i := range entry.Lines {
			entry.Lines[i].AmountTxn, entry.Lines[i].AmountFn = entry.Lines[i].AmountTxn.Neg(), entry.Lines[i].AmountFn.Neg()
		}
		if got := legsText(entry); got != want {
			t.Errorf("%s: %s, want the negation of %s", set, got, want)
		}
	}
}

// TestS44AnotherChart: a change of mapping is a new rule set, and superseding moves the balance from the old account to the new.
func TestS44AnotherChart(t *testing.T) {
	_, _, entries, _ := corrected(t, "wms shipment.shipped SH-1; 2 × A @ 33.33", "ops rule.superseded RS-1 rebooks shipment.shipped SH-1, old 2010-01, new test-chart")
	if len(entries) != 2 || legsText(entries[0]) != "1150 -66.66  4000 66.66  5000 -28.25  1200 28.25" ||
		legsText(entries[1]) != "115000 66.66  400111 -66.66  500000 28.25  120000 -28.25" {
		t.Errorf("%d entries: %v", len(entries), entries)
	}
}

func TestUnknownChartStopsTheProcess(t *testing.T) {
	set := RuleSet{Name: "x", Chart: "2099-01"}
	if _, err := set.charted(); !errors.Is(err, processors.ErrUnknownRuleSet) || !strings.Contains(err.Error(), "2099-01") {
		t.Errorf("got %v", err)
	}
}

// TestAccountsHasWhatEntriesStandOn: every code of every version once, sorted, each with the owner and key of its role.
func TestAccountsHasWhatEntriesStandOn(t *testing.T) {
	all, err := Accounts()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(all, func(a, b Account) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("not sorted")
	}
	for _, code := range []string{"1200", "400112", "230006"} {
		n := slices.IndexFunc(all, func(a Account) bool { return a.Code == code })
		if n < 0 || all[n].Owner == "" || (n+1 < len(all) && all[n+1].Code == code) {
			t.Errorf("%s: at %d", code, n)
		}
	}
}
