package finance

import (
	"github.com/throughline/throughline/schemas"
)

// supersededRule is the id of the rule of rule.superseded.
const supersededRule = "rule.superseded"

// ruleSuperseded books an event by other rules (domain.md §2.3, §2.6): entry 0 negates the one that stands, unless none does (no old_rule_set: the event
// was a letter), and entry 1 is the one under the new rule set. Both follow even where they are alike: what corrects the event next must know by which entry it stands.
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
		d.negate(was, x.Standing)
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
