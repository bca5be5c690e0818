package finance

import (
	"os"
	"slices"
	"testing"

	"github.com/throughline/throughline/schemas"
)

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

// TestMain adds rule set test-2 beside those in force, so that superseding can be shown: it knows an account for the processor's unknown categories, and
// one for the charge code ENGRAVING.
func TestMain(m *testing.M) {
	next := RuleSet{Name: "test-2", Rounding: schemas.HalfUp, Rules: slices.Clone(RuleSets[0].Rules)}
	for i := range next.Rules {
		if r := &next.Rules[i]; r.ID == "psp.fee_charged" || r.ID == "invoice.issued" {
			r.Version = 2
		}
	}
	other := RuleSet{Name: everyRuleChanged, Rounding: schemas.HalfUp}
	for _, r := range rules {
		if kindOf(&r) == posts {
			rules = append(rules, Rule{r.ID, 99, r.Event, withTwoMore(r.post)})
			other.Rules = append(other.Rules, RuleVersion{r.ID, 99})
		} else {
			other.Rules = append(other.Rules, RuleVersion{r.ID, r.Version})
		}
	}
	RuleSets = append(RuleSets, next, other)
	rules = append(rules,
		Rule{"psp.fee_charged", 2, "psp.fee_charged", on(func(d *draft, x *schemas.PSPFeeCharged) error {
			known := *x
			if x.FeeType == schemas.PSPFeeTypeUNKNOWN {
				known.FeeType = schemas.PSPFeeTypeFEE
			}
			return pspFeeCharged(d, &known)
		})},
		Rule{"invoice.issued", 2, "invoice.issued", on(func(d *draft, x *schemas.InvoiceIssued) error {
			known := *x
			known.Lines = slices.Clone(x.Lines)
			for i := range known.Lines {
				if known.Lines[i].ChargeCode == "ENGRAVING" {
					known.Lines[i].ChargeCode = "MANUAL"
				}
			}
			return invoiceIssued(d, &known)
		})})
	os.Exit(m.Run())
}
