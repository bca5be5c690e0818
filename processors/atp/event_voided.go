package atp

import "github.com/throughline/throughline/schemas"

// eventVoided negates the deltas that stand for the embedded original, bucket by bucket: those under the rule set that admission
// stamped, or else under the original's own (domain.md §2.6).
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
	d.changes = was.changes
	for i := range d.changes {
		d.changes[i].line.Qty = d.changes[i].line.Qty.Neg()
	}
	return nil
}
