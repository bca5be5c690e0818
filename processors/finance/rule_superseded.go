package finance

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// ruleSuperseded books an event by other rules (domain.md §2.3, §2.6): entry 0 negates the one that stands, unless none does (no old_rule_set: the event
// was a letter), and entry 1 is the one under the new rule set. Where both sets give the same entry nothing follows.
func ruleSuperseded(d *draft, x *schemas.RuleSuperseded) error {
	original, err := embedded(x)
	if err != nil {
		return err
	}
	next, err := post(original, x.NewRuleSet, d.table)
	if err != nil {
		return err
	}
	if x.OldRuleSet != "" {
		was, err := d.stands(x)
		if err != nil {
			return err
		}
		if was.same(next) {
			return nil
		}
		d.negate(was)
	}
	if len(next.lines) == 0 && len(next.exceptions) == 0 {
		return nil
	}
	next.cause, next.rule, next.n = x, d.rule, 1
	for i, e := range next.exceptions { // numbers 0 and 1 are the entries
		raised := e.(*schemas.ExceptionRaised)
		raised.Meta = x.Meta.Follow(d.identity(2 + i))
		raised.Meta.EventType = "exception.raised"
	}
	d.then = next
	return next.dated()
}

// same says whether two finished drafts are the same entry: the same legs in the same order, and the same dimensions.
func (d *draft) same(o *draft) bool {
	return d.functional == o.functional && slices.Equal(d.dimensions, o.dimensions) && slices.EqualFunc(d.lines, o.lines, sameLeg)
}

func sameLeg(a, b schemas.JournalLine) bool {
	amounts := a.AmountTxn.Equal(b.AmountTxn) && a.AmountFn.Equal(b.AmountFn) && a.Qty.Set == b.Qty.Set && (!a.Qty.Set || a.Qty.V.Equal(b.Qty.V))
	return amounts && a.Account == b.Account && a.Currency == b.Currency && a.ControlKey == b.ControlKey && a.OrderLineID == b.OrderLineID &&
		a.SKU == b.SKU && a.Location == b.Location && a.TaxJurisdiction == b.TaxJurisdiction && a.UOM == b.UOM
}
