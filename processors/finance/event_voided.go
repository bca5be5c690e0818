package finance

import "github.com/throughline/throughline/schemas"

// reversed negates, leg by leg and with the same accounts, keys and dimensions, the entry that stands for the embedded original: the one under the rule
// set that admission stamped, or else under the original's own (domain.md §2.6). Dates and period are the reversal's, so that a closed period stays as it
// is. It is the rule of event.voided, shipment.voided, refund.failed, and payment.capture_failed where the capture had been booked.
func reversed(d *draft, e schemas.Event) error {
	if !schemas.Reverses(e) && e.Header().Correction == nil {
		return nil // a capture that was never booked
	}
	was, err := d.stands(e)
	if err != nil {
		return err
	}
	d.negate(was, schemas.StandingOf(e))
	return nil
}

// stands drafts the entry that stands for the original that a correction embeds.
func (d *draft) stands(e schemas.Event) (*draft, error) {
	original, err := embedded(e)
	if err != nil {
		return nil, err
	}
	standing := e.Header().Correction.StandingRuleSet
	if standing == "" {
		standing = original.Header().RuleSet
	}
	return post(original, standing, d.table)
}

// embedded is the original that a correction embeds.
func embedded(e schemas.Event) (schemas.Event, error) {
	c := e.Header().Correction
	switch {
	case c == nil:
		return nil, contract("meta.correction is absent: a correction names what it corrects")
	case c.Original == nil:
		return nil, missing("meta.correction.original")
	}
	original, err := schemas.DecodeEmbedded(c.Original, c.CorrectedEventType)
	if err != nil {
		return nil, err
	}
	switch {
	case schemas.Corrects(original):
		return nil, contract("meta.correction.corrected_event_type: a correction is not corrected itself; publish the fact again as a new document version")
	case original.Header().EventID != c.CorrectedEventID:
		return nil, contract("meta.correction.original is not the event that corrected_event_id names")
	}
	return original, nil
}

// negate makes d the exact negation of a finished draft, and names the entry that it reverses: the original's own, or the second one of the rule.superseded by
// which it stands.
func (d *draft) negate(was *draft, by *schemas.Standing) {
	if len(was.lines) == 0 {
		return
	}
	d.currency, d.exponent, d.functional, d.functionAt, d.fx = was.currency, was.exponent, was.functional, was.functionAt, was.fx
	d.dimensions, d.lines, d.negates = was.dimensions, was.lines, true
	for i := range d.lines {
		l := &d.lines[i]
		l.AmountTxn, l.AmountFn, l.Qty.V = l.AmountTxn.Neg(), l.AmountFn.Neg(), l.Qty.V.Neg()
	}
	of, entry := was.cause.Header().EventID, was.identity(0)
	if by != nil {
		of, entry = by.EventID, schemas.Identity{Rule: supersededRule, Version: d.versionOf(supersededRule, by.RuleSet), N: 1}
	}
	d.reverses = schemas.Some(of.Derive(entry.Name()))
}

// versionOf is the version of a rule in a set.
func (d *draft) versionOf(rule, setName string) int {
	if set, err := ruleSet(setName); err == nil {
		for i := range set.Rules {
			if set.Rules[i].ID == rule {
				return set.Rules[i].Version
			}
		}
	}
	return 1
}
