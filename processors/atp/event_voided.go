package atp

import "github.com/throughline/throughline/schemas"

// reversed negates the deltas of the embedded original, bucket by bucket, under the rule set that the original was admitted with: a
// rule.superseded books money anew and moves no stock (domain.md §1.4 row 44), so that the set under which an entry stands says nothing
// about deltas. It is the rule of event.voided and shipment.voided; what reverses money has no deltas to negate.
func reversed(d *draft, e schemas.Event) error {
	if e.Header().Correction == nil {
		return contract("meta.correction is absent: a correction names what it corrects")
	}
	was, err := d.stands(e)
	if err != nil {
		return err
	}
	d.changes = was.changes
	for i := range d.changes {
		d.changes[i].line.Qty = d.changes[i].line.Qty.Neg()
	}
	return nil
}

// stands drafts the deltas that stand for the original that a correction embeds.
func (d *draft) stands(e schemas.Event) (*draft, error) {
	c := e.Header().Correction
	if c.Original == nil {
		return nil, missing("meta.correction.original")
	}
	original, err := schemas.DecodeEmbedded(c.Original, c.CorrectedEventType)
	if err != nil {
		return nil, err
	}
	m := original.Header()
	switch {
	case schemas.Corrects(original):
		return nil, contract("meta.correction.corrected_event_type: a correction is not corrected itself; publish the fact again as a new document version")
	case m.EventID != c.CorrectedEventID:
		return nil, contract("meta.correction.original is not the event that corrected_event_id names")
	}
	return post(original, m.RuleSet, d.table)
}
