package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// answers says whether an event is the rule.superseded that books in its own place the event that died of a letter.
func answers(e schemas.Event, letter, dead schemas.UUID) bool {
	x, ok := e.(*schemas.RuleSuperseded)
	return ok && x.LetterID.Set && x.LetterID.V == letter && x.OldRuleSet == "" && x.Meta.Correction != nil && x.Meta.Correction.CorrectedEventID == dead
}

// asked is a letter of which a REPAIR says that something answers it.
type asked struct {
	dead schemas.UUID
	at   schemas.Position
}

// readAnswers looks for what answers the letters of which a REPAIR says that something does: behind what died, in its partition. The record alone proves nothing:
// whoever may write an action could write one.
func (b *box) readAnswers(ctx context.Context) error {
	first, wanted := map[schemas.Position]Window{}, map[schemas.UUID]asked{}
	for id := range b.repairs {
		l := b.letters[id]
		if _, known := b.answerAt[id]; known || l == nil || l.Consumer != schemas.Group(bookkeeper) || !slices.Contains(schemas.CanonicalTopics(), l.Topic) {
			continue
		}
		dead, err := b.dead(ctx, l)
		if err != nil {
			return err
		}
		if dead == nil {
			continue
		}
		of := schemas.Position{Topic: l.Topic, Partition: l.Partition}
		if w, ok := first[of]; !ok || l.Offset < w.From {
			first[of] = Window{Topic: l.Topic, Partition: l.Partition, From: l.Offset, To: math.MaxInt64}
		}
		wanted[id] = asked{dead.Header().EventID, schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}}
	}
	if len(wanted) == 0 {
		return nil
	}
	after := span(slices.Collect(maps.Values(first)))
	after.Open = true
	for x, err := range schemas.Read(ctx, b.desk.Cluster, b.desk.Codec, after) {
		if err != nil && !errors.Is(err, schemas.ErrPoison) {
			return fmt.Errorf("looking for what answers letters: %w", err)
		}
		s, ok := x.Event.(*schemas.RuleSuperseded)
		if err != nil || !ok {
			continue
		}
		if l, ok := wanted[s.LetterID.V]; ok && answers(s, s.LetterID.V, l.dead) && x.Offset > l.at.Offset {
			b.answerAt[s.LetterID.V] = x.Position
		}
	}
	return nil
}

// answered says whether finance has booked what answers a letter: it has passed it, and did not bury it.
func (b *box) answered(l *Letter) bool {
	at, ok := b.answerAt[l.Meta.EventID]
	if !ok || !passed(b.offsets[schemas.Group(bookkeeper)], at) {
		return false
	}
	died := b.letters[schemas.LetterID(schemas.Group(bookkeeper), at)]
	return died == nil || b.status(died) == Cured
}

// unfounded says that somebody recorded an answer to a letter, and none stands: the role operations hears no redrive of it any more. Empty: it does.
func (b *box) unfounded(l *Letter) string {
	a := b.acted[l.Meta.EventID]
	if _, stands := b.answerAt[l.Meta.EventID]; stands || !b.repairs[l.Meta.EventID] || a == nil {
		return ""
	}
	do := "publish the fact anew"
	if l.Consumer == schemas.Group(bookkeeper) {
		do = fmt.Sprintf("`throughline dlq rebook %s --why …`", l.Meta.EventID)
	}
	return fmt.Sprintf("%s recorded at %s that it was answered, and no rule.superseded answers it, so that no redrive is heard: %s", a.Who, a.Meta.OccurredAt, do)
}
