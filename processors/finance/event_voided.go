package finance

import "github.com/throughline/throughline/schemas"

// eventVoided negates, leg by leg and with the same accounts, keys and dimensions, the entry that stands for the embedded
// original: the one under the rule set that admission stamped, or else under the original's own (domain.md §2.6). Dates and
// period are the void's, so that a closed period stays as it is.
func eventVoided(d *draft, x *schemas.EventVoided) error {
	c := x.Meta.Correction
	switch {
	case c == nil:
		return contract("meta.correction is absent: a void names what it voids")
	case c.Original == nil:
		return missing("meta.correction.original")
	case c.CorrectedEventType == x.EventType():
		return contract("meta.correction.corrected_event_type: a void cannot be voided; publish the fact again as a new document version")
	}
	original, err := schemas.DecodeEmbedded(c.Original, c.CorrectedEventType)
	if err != nil {
		return err
	}
	m := original.Header()
	if m.EventID != c.CorrectedEventID {
		return contract("meta.correction.original is not the event that corrected_event_id names")
	}
	standing := c.StandingRuleSet
	if standing == "" {
		standing = m.RuleSet
	}
	was, err := post(original, standing, d.table)
	if err != nil {
		return err
	}
	d.negate(was)
	return nil
}

// negate makes d the exact negation of a finished draft.
func (d *draft) negate(was *draft) {
	if len(was.lines) == 0 {
		return
	}
	d.currency, d.exponent, d.functional, d.functionAt, d.fx = was.currency, was.exponent, was.functional, was.functionAt, was.fx
	d.dimensions, d.lines = was.dimensions, was.lines
	for i := range d.lines {
		l := &d.lines[i]
		l.AmountTxn, l.AmountFn, l.Qty.V = l.AmountTxn.Neg(), l.AmountFn.Neg(), l.Qty.V.Neg()
	}
	d.reverses = schemas.Some(was.cause.Header().Follow(was.identity(0)).EventID)
}
