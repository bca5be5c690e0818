package finance

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// testChart has the accounts of one entity by channel and date, those of all others, and none for freight revenue.
const testChart = `role,legal_entity,channel,tax_jurisdiction,valid_from,account,name
PSP_CLEARING,*,*,*,,105000,PSP clearing
CUSTOMER_DEPOSITS,*,*,*,,210000,Customer deposits
SHIPPED_NOT_INVOICED,*,*,*,,115000,Shipped not invoiced
RECEIVABLE,*,*,*,,110000,Accounts receivable
COST_OF_GOODS,*,*,*,,500000,Cost of goods sold
INVENTORY,*,*,*,,120000,Inventory
PRODUCT_REVENUE,*,*,*,,400000,Product revenue
PRODUCT_REVENUE,*,web,*,,400010,"Product revenue, web"
PRODUCT_REVENUE,ACME,*,*,,400100,"Product revenue, ACME"
PRODUCT_REVENUE,ACME,web,*,2026-03-01,400111,"Product revenue, ACME web from March 2026"
PRODUCT_REVENUE,ACME,web,*,2026-04-01,400112,"Product revenue, ACME web from April 2026"
TAX_PAYABLE,*,*,*,,230000,Sales tax
TAX_PAYABLE,*,*,US-CA,,230006,Sales tax California
`

// everyRuleChanged is a set where each rule that posts adds two legs to what it posted.
const everyRuleChanged = "test-every-rule-changed"

func withTwoMore(rule func(*draft, schemas.Event) error) func(*draft, schemas.Event) error {
	return func(d *draft, e schemas.Event) error {
		onlyLead := func() bool { return d.led && len(d.lines) == 1 && len(d.sums) == 0 && d.lines[0].AmountTxn.IsZero() }
		if err := rule(d, e); err != nil || len(d.lines) == 0 || onlyLead() {
			return err
		}
		one := schemas.NewDecimal(1_0000, 4)
		d.leg(badDebt, "", one, d.functional, one, nil)
		d.leg(samplesAndPromotion, "", one.Neg(), d.functional, one.Neg(), nil)
		return nil
	}
}

// testCharges has one charge code more than those in force.
const testCharges = `charge_code,role
ENGRAVING,MANUAL_ADJUSTMENTS
MANUAL,MANUAL_ADJUSTMENTS
FREIGHT,FREIGHT_REVENUE
BANK_CHARGE,PAYMENT_FEES
`

// testCharts adds two versions: test-chart has other accounts, test-2 those in force and the charge codes above.
func testCharts() error {
	all, err := charts()
	if err != nil {
		return err
	}
	first, err := chartFiles.ReadFile("chart/2010-01.csv")
	if err != nil {
		return err
	}
	texts := map[string]string{"test-chart": testChart, "test-chart.charges": testCharges, "test-2": string(first), "test-2.charges": testCharges}
	tests, err := parseCharts(texts)
	maps.Copy(all, tests)
	return err
}

// TestMain adds rule set test-2 beside those in force, so that superseding can be shown: it knows an account for the processor's unknown categories, and
// one for the charge code ENGRAVING.
func TestMain(m *testing.M) {
	next := RuleSets[0]
	next.Name, next.Chart, next.Rules = "test-2", "test-2", slices.Clone(next.Rules)
	for i := range next.Rules {
		if r := &next.Rules[i]; r.ID == "psp.fee_charged" || r.ID == "invoice.issued" {
			r.Version = 2
		}
	}
	other := RuleSet{Name: everyRuleChanged, Rounding: schemas.HalfUp, Chart: RuleSets[0].Chart}
	for _, r := range rules {
		if !next.names(&r) && r.Version != 1 {
			continue // a later version of what is there already
		}
		if kindOf(&r) == posts {
			rules = append(rules, Rule{r.ID, 99, r.Event, withTwoMore(r.post)})
			other.Rules = append(other.Rules, RuleVersion{r.ID, 99})
		} else {
			other.Rules = append(other.Rules, RuleVersion{r.ID, r.Version})
		}
	}
	mapped := RuleSets[0]
	mapped.Name, mapped.Chart = "test-chart", "test-chart"
	audited := mapped
	audited.Name, audited.Audit = "test-chart-audit", true
	RuleSets = append(RuleSets, next, other, mapped, audited)
	if err := testCharts(); err != nil {
		panic(err)
	}
	rules = append(rules,
		Rule{"psp.fee_charged", 2, "psp.fee_charged", on(func(d *draft, x *schemas.PSPFeeCharged) error {
			known := *x
			if x.FeeType == schemas.PSPFeeTypeUNKNOWN {
				known.FeeType = schemas.PSPFeeTypeFEE
			}
			return pspFeeCharged(d, &known)
		})},
		Rule{"invoice.issued", 2, "invoice.issued", on(invoiceIssued)}) // reads the charges of test-2
	os.Exit(m.Run())
}
