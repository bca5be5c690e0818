package finance

import (
	"errors"
	"maps"
	"slices"
	"strconv"
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
		"PETTY_CASH,*,*,*,,1000,x":                                      "PETTY_CASH is no role",
		"BANK,*,*,*,,,x":                                                "has no account",
		"BANK,*,*,*,March,1000,x":                                       "is no date",
		"BANK,*,*,*,,1000,x\nBANK,*,*,*,,1001,y":                        "two lines for the same case",
		"BANK,A,*,*,,1,x\nBANK,B,*,*,,1,x\nBANK,A,*,*,,2,x":             "two lines for the same case",
		"BANK,*,*,*,1000,x":                                             "wrong number of fields",
		"SHIPPED_NOT_INVOICED,A,*,*,,13500,x\nINVENTORY,B,*,*,,13500,y": "puts role INVENTORY on account 13500, where chart v has role SHIPPED_NOT_INVOICED: open items are told by their account, so give INVENTORY another one",
		"PRODUCT_REVENUE,*,*,*,,1,x\nRECEIVABLE,*,*,*,,1,x":             "puts role PRODUCT_REVENUE on account 1, where chart v has role RECEIVABLE",
		"BANK,*,*,*,,9,x\nSUSPENSE,*,amazon,*,2026-01-01,9,x":           "puts role SUSPENSE on account 9, where chart v has role BANK",
		"PSP_CLEARING,*,*,*,,1,x\nBANK_CLEARING,*,*,*,,1,x":             "puts role BANK_CLEARING on account 1, where chart v has role PSP_CLEARING",
	} {
		if _, err := parseChart("v", text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

// TestAccountKeepsItsRole: journal lines of all versions stand in one table, so a later version may not give another role an account by which open items are
// told; accounts of the result may be shared, and one role may have many.
func TestAccountKeepsItsRole(t *testing.T) {
	const none = "charge_code,role\n"
	load := func(first, second string) error {
		_, err := parseCharts(map[string]string{"1": first, "1.charges": none, "2": second, "2.charges": none})
		return err
	}
	err := load("SHIPPED_NOT_INVOICED,*,*,*,,13500,x", "SHIPPED_NOT_INVOICED,*,*,*,,1150,x\nINVENTORY,*,*,*,,13500,x")
	if err == nil || !strings.Contains(err.Error(), "chart 2 puts role INVENTORY on account 13500, where chart 1 has role SHIPPED_NOT_INVOICED") {
		t.Errorf("an account that changed its role: %v", err)
	}
	if err := load("RECEIVABLE,*,*,*,,1100,x", "RECEIVABLE,*,*,*,,1100,x\nRECEIVABLE,A,*,*,,11000,x\nPRODUCT_REVENUE,*,*,*,,4,x\nFREIGHT_REVENUE,*,*,*,,4,x"); err != nil {
		t.Errorf("two accounts of one role, and one of two roles of the result: %v", err)
	}
	if _, err := parseCharts(map[string]string{"1": testChart}); err == nil || !strings.Contains(err.Error(), "add chart/1.charges.csv") {
		t.Errorf("no charges: %v", err)
	}
	if _, err := parseCharts(map[string]string{"1.charges": testCharges}); err == nil || !strings.Contains(err.Error(), "add chart/1.csv") {
		t.Errorf("no chart: %v", err)
	}
}

// TestChargesThatAreWrongAreRefused: unknown roles, doubled codes, and roles whose legs need a key.
func TestChargesThatAreWrongAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"ENGRAVING,PETTY_CASH":                   "code ENGRAVING: PETTY_CASH is no role",
		"ENGRAVING,":                             "is no role",
		",DISCOUNTS":                             "has no charge code",
		"ENGRAVING,DISCOUNTS\nENGRAVING,SAMPLES": "two lines for code ENGRAVING",
		"ENGRAVING,RECEIVABLE":                   "need a key (invoice)",
		"charge_code,role\nENGRAVING,MANUAL_ADJUSTMENTS,*,engravings": "wrong number of fields",
	} {
		if _, err := parseCharges("v", text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

// TestChargesInForce: the versions that were in force know these codes, each under the account that it had when the mapping stood in the program.
func TestChargesInForce(t *testing.T) {
	all, err := charts()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"FREIGHT": "4200", "DISCOUNT": "4100", "MANUAL": "4900", "BANK_CHARGE": "6100", "SAMPLE": "6400", "RESTOCKING": "4400", "REBILL_RETURN": "4300"}
	for _, version := range []string{"2010-01", "2026-10"} {
		if got := all[version].charges; !maps.Equal(got, want) {
			t.Errorf("%s: %v", version, got)
		}
	}
}

// TestS45ChargeWithoutRole: the letter quotes what the chart of the event's rule set knows, never what the event says, and the line to add is accepted.
func TestS45ChargeWithoutRole(t *testing.T) {
	_, e := charted(t, "test-chart", "billing invoice.issued INV-1 on-account; charge GIFT_WRAP 5.00")
	_, err := Derive(e)
	var poison *schemas.PoisonError
	if !errors.As(err, &poison) || poison.Class != schemas.DeadLetterClassUNMAPPED_ACCOUNT {
		t.Fatalf("got %v", err)
	}
	want := "lines[0].charge_code has no role in chart/test-chart.charges.csv, which has the lines BANK_CHARGE,PAYMENT_FEES ENGRAVING,MANUAL_ADJUSTMENTS FREIGHT,FREIGHT_REVENUE " +
		"MANUAL,MANUAL_ADJUSTMENTS: add the line <charge_code>,<role> in a new version, name it in a new rule set, announce that, and `throughline dlq rebook` the letter under it"
	if poison.Reason != want || strings.Contains(poison.Reason, "GIFT_WRAP") {
		t.Errorf("got  %s\nwant %s", poison.Reason, want)
	}
	line := strings.NewReplacer("<charge_code>", "GIFT_WRAP", "<role>", "MANUAL_ADJUSTMENTS").Replace("<charge_code>,<role>\n")
	if charges, err := parseCharges("next", testCharges+line); err != nil || charges["GIFT_WRAP"] != "4900" {
		t.Errorf("the line that it says to add: %v, %v", charges, err)
	}
	many := &mapping{version: "v", charges: map[string]string{}}
	for i := range 40 {
		many.charges[strconv.Itoa(100+i)] = discounts
	}
	if s := many.lacksCharge(); !strings.Contains(s, "111,DISCOUNTS …:") || strings.Contains(s, "112,") {
		t.Errorf("forty codes: %s", s)
	}
}

// TestChargeStandsOnTheEntitysAccount: a charge code names a role, and the chart says where the role stands.
func TestChargeStandsOnTheEntitysAccount(t *testing.T) {
	const version = "MANUAL_ADJUSTMENTS,*,*,*,,490000,x\nRECEIVABLE,*,*,*,,110000,x"
	all, err := parseCharts(map[string]string{"v": version, "v.charges": testCharges})
	if err != nil {
		t.Fatal(err)
	}
	held, _ := charts()
	held["test-charges"] = all["v"]
	set := RuleSets[0]
	set.Name, set.Chart = "test-charges", "test-charges"
	before := RuleSets
	RuleSets = append(slices.Clone(RuleSets), set)
	defer func() { RuleSets = before; delete(held, "test-charges") }()
	_, e := charted(t, "test-charges", "billing invoice.issued INV-1 on-account; charge ENGRAVING 5.00")
	if got := legsText(deriveEntry(t, e)); got != "110000 5.00  490000 -5.00" {
		t.Errorf("got %s", got)
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

// TestAccountsHasWhatEntriesStandOn: every code of every version once, sorted, each with the role, owner and key behind it; those of one role together.
func TestAccountsHasWhatEntriesStandOn(t *testing.T) {
	all, err := Accounts()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(all, func(a, b Account) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("not sorted")
	}
	for code, role := range map[string]string{"1200": "INVENTORY", "400112": "PRODUCT_REVENUE", "230006": "TAX_PAYABLE", "115000": "SHIPPED_NOT_INVOICED", "6130": "CHARGEBACK_LOSSES"} {
		n := slices.IndexFunc(all, func(a Account) bool { return a.Code == code })
		if n < 0 || all[n].Owner == "" || all[n].Role != role || (n+1 < len(all) && all[n+1].Code == code) {
			t.Errorf("%s: at %d", code, n)
		}
	}
	n := slices.IndexFunc(all, func(a Account) bool { return a.Code == "115000" })
	if a := all[n]; !a.Control || a.Key != "order line" || a.Owner != "Billing + WMS" {
		t.Errorf("an account that the role was mapped to is %+v", a)
	}
	got, err := CodesOf("SHIPPED_NOT_INVOICED", "CUSTOMER_DEPOSITS")
	if want := []string{"1150", "115000", "2100", "210000"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("shipped not invoiced and deposits stand on %v, %v, want %v", got, err, want)
	}
}

// TestAccountHasOneName: of two versions the newer names an account, of two lines the general one, of two roles the first in Chart(), each time the same.
func TestAccountHasOneName(t *testing.T) {
	const none = "charge_code,role\n"
	all, err := parseCharts(map[string]string{
		"2010": "PRODUCT_REVENUE,*,*,*,,4000,Sales\nFREIGHT_REVENUE,*,*,*,,4200,Postage", "2010.charges": none,
		"2020": "PRODUCT_REVENUE,A,*,*,,4000,Sales of A\nPRODUCT_REVENUE,*,*,*,,4000,Turnover\nFREIGHT_REVENUE,*,*,*,,4000,Carriage\nDISCOUNTS,*,*,*,,4150,", "2020.charges": none,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		named := map[string]Account{}
		for _, a := range accountsOf(all) {
			named[a.Code] = a
		}
		for code, want := range map[string]string{"4000": "PRODUCT_REVENUE Turnover", "4200": "FREIGHT_REVENUE Postage", "4150": "DISCOUNTS Discounts (contra revenue)", "1150": "SHIPPED_NOT_INVOICED Shipped not invoiced"} {
			if a := named[code]; a.Role+" "+a.Name != want {
				t.Fatalf("%s is %s %s, want %s", code, a.Role, a.Name, want)
			}
		}
	}
}
