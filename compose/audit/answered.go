package audit

import (
	"github.com/throughline/throughline/schemas"
)

// bookkeeper is the role whose letters can be answered.
const bookkeeper = "finance"

// noteAnswer notes what need not follow from an event itself: it died at finance, and a rule.superseded answered the letter (domain.md §2.6). That stays in the
// canonical log when the letter has expired.
func (r *run) noteAnswer(x *schemas.RuleSuperseded, at place) {
	of := x.Meta.Correction
	if !x.LetterID.Set || x.OldRuleSet != "" || of == nil {
		return
	}
	original, err := schemas.DecodeEmbedded(of.Original, of.CorrectedEventType)
	if err != nil || original.Header().EventID != of.CorrectedEventID {
		return
	}
	f := fact{kind: answered, digest: x.LetterID.V, at: at}
	for _, c := range r.derived {
		if c.Role != bookkeeper {
			continue
		}
		f.check, f.key = c.id, key(of.CorrectedEventID)
		r.tally.add(f)
		outputs, _ := c.derive(original) // what is refused is noted above, by the event's id
		for _, e := range outputs {
			if f.check, f.key = c.id, key(e.Header().EventID); e.EventType() != "journal.entry" {
				f.check = r.exceptions
			}
			r.tally.add(f)
		}
	}
}

// isAnswered says whether what a fact lacks was booked by an answer to the letter of the event that it follows from: a letter's id is that of its event's position.
func (r *run) isAnswered(f fact, group []fact) bool {
	letter := schemas.LetterID(schemas.Group(bookkeeper), r.tally.position(f.from))
	for _, a := range group {
		if a.kind == answered && a.digest == letter {
			return true
		}
	}
	return false
}
