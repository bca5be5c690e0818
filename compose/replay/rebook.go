package replay

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// Rebooked is what answered a letter of finance whose period is closed, or whose own rules will never book it.
type Rebooked struct {
	Letter   string `json:"letter_id"`
	Event    string `json:"event_id"` // that died
	By       string `json:"superseded_by"`
	RuleSet  string `json:"rule_set"`
	Period   string `json:"period"` // in which its entry stands
	Original string `json:"original_period"`
}

// Rebook answers a letter of finance whose period takes no postings any more, or that died of the rules stamped on it: by a rule.superseded whose old version is none, so that its entry
// stands in the first open period, by other rules (domain.md §2.6). The rules are those in force now, where ruleSet names no others. It returns when the entry stands. Interrupted, it can be called again.
func (d Desk) Rebook(ctx context.Context, id schemas.UUID, ruleSet, why string) (Rebooked, error) {
	done := Rebooked{Letter: id.String()}
	if err := d.checkOperator(why); err != nil {
		return done, err
	}
	adm, closeAdmin, err := d.admin()
	if err != nil {
		return done, err
	}
	defer closeAdmin()
	b, err := d.openLetters(ctx, adm)
	if err != nil {
		return done, fmt.Errorf("looking for the letter: %w", err)
	}
	l, dead, err := b.rebookable(ctx, id, ruleSet)
	if err != nil {
		return done, err
	}
	done.Event = dead.Header().EventID.String()
	answer, err := d.answer(ctx, l, dead.Header().EventID)
	if err != nil {
		return done, err
	}
	if answer.Event == nil {
		if err := b.answers(ctx, l, dead, ruleSet, why); err != nil {
			return done, err
		}
	}
	x, err := b.awaitAnswer(ctx, l, dead.Header().EventID)
	if err != nil {
		return done, err
	}
	done.By, done.RuleSet, done.Period, done.Original = x.Meta.EventID.String(), x.NewRuleSet, x.Meta.Period, x.Meta.OriginalPeriod
	a := d.NewAction(schemas.ActionKindREPAIR, why, l.At, l.Meta.EventID.String(), x.Meta.EventID.String())
	a.LetterID, a.Consumer, a.Patch = schemas.Some(l.Meta.EventID), l.Consumer, "rule.superseded "+x.Meta.EventID.String()
	a.Meta.CorrelationID = l.Thread
	_, err = d.Send(ctx, []*schemas.OperatorAction{a})
	return done, err
}

// rebookable is a letter that may be answered so, and the event that died.
func (b *box) rebookable(ctx context.Context, id schemas.UUID, ruleSet string) (*Letter, schemas.Event, error) {
	l := b.letters[id]
	switch {
	case l == nil:
		return nil, nil, refused("there is no dead letter %s: `throughline dlq list`", id)
	case l.Consumer != schemas.Group(bookkeeper):
		return nil, nil, refused("letter %s died at %s, which books nothing: `throughline dlq redrive %s --why …`", id, l.Consumer, id)
	case l.Status == Cured:
		return nil, nil, refused("letter %s is cured already", id)
	case l.Status == Redriven:
		return nil, nil, refused("letter %s is on its way back to %s: wait for what becomes of it", id, l.Consumer)
	}
	dead, err := b.dead(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case dead == nil:
		return nil, nil, refused("what died cannot be read, so that nothing can follow from it: publish the fact anew")
	case schemas.Corrects(dead):
		return nil, nil, refused("a %s is not superseded: reopen its period (`throughline reopen`), redrive it, and close the period again", dead.EventType())
	}
	m := dead.Header()
	c, err := b.calendar(ctx)
	if err != nil {
		return nil, nil, err
	}
	set, err := c.ruleSet(ruleSet)
	if err != nil {
		return nil, nil, err
	}
	if !c.closed(m.LegalEntity, m.Period) && set == m.RuleSet && b.unfounded(l) == "" {
		return nil, nil, refused("%s of %s is open, and rule set %s is the one under which it died: `throughline dlq redrive %s --why …` books it there, or name other rules by --rule-set", m.Period,
			m.LegalEntity, set, id)
	}
	return l, dead, nil
}

// dead is the event of a letter; nil where it cannot be read.
func (b *box) dead(ctx context.Context, l *Letter) (schemas.Event, error) {
	d, err := b.desk.Codec.Deliver(ctx, &kgo.Record{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset, Key: l.Key, Value: l.Value})
	if err != nil && schemas.FateOf(err) != schemas.Poison {
		return nil, fmt.Errorf("reading dead letter %s: %w", l.Meta.EventID, err)
	}
	if err != nil {
		return nil, nil
	}
	return d.Event, nil
}

// answers publishes the rule.superseded, after it has tried the rules: what they refuse too would be another letter.
func (b *box) answers(ctx context.Context, l *Letter, dead schemas.Event, ruleSet, why string) error {
	set, err := b.periods.ruleSet(ruleSet)
	if err != nil {
		return err
	}
	p, err := b.desk.processor(bookkeeper)
	if err != nil {
		return err
	}
	x := &schemas.RuleSuperseded{PlanID: "letter " + l.Meta.EventID.String(), Reason: why, By: b.desk.Who, NewRuleSet: set, LetterID: schemas.Some(l.Meta.EventID)}
	x.Meta.EventID = schemas.NamedID("rule.superseded", dead.Header().EventID.String(), set, l.Meta.EventID.String())
	rec, err := b.desk.correcting(x, dead, set+" for "+l.Meta.EventID.String())
	if err != nil {
		return err
	}
	m := dead.Header()
	m.RuleSet = set
	switch _, err := (&shadow{processor: p}).derive(dead); {
	case schemas.FateOf(err) == schemas.Poison && err != nil, errors.Is(err, processors.ErrUnknownRuleSet):
		return refused("rule set %s does not book it either: %v: cure that, or name one that does by --rule-set", set, err)
	case err != nil:
		return err
	}
	cl, err := kgo.NewClient(append(append([]kgo.Opt{}, b.desk.Cluster...), schemas.WriteOptions()...)...)
	if err != nil {
		return fmt.Errorf("reaching the brokers: %w", err)
	}
	defer cl.Close()
	if err := cl.ProduceSync(ctx, rec).FirstErr(); err != nil {
		return fmt.Errorf("answering letter %s: rebook again, what was sent counts once: %w", l.Meta.EventID, err)
	}
	return nil
}

// answer is the rule.superseded that answers a letter, as admission has let it through: it follows what died in the same partition.
func (d Desk) answer(ctx context.Context, l *Letter, dead schemas.UUID) (schemas.Delivery, error) {
	at := schemas.Position{Topic: l.Topic, Partition: l.Partition}
	span := schemas.Span{Topics: []string{l.Topic}, Only: map[schemas.Position]bool{at: true}, From: map[string]map[int32]int64{l.Topic: {l.Partition: l.Offset + 1}}, Open: true}
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, span) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return schemas.Delivery{}, fmt.Errorf("looking for what answers letter %s: %w", l.Meta.EventID, err)
		}
		if err == nil && answers(x.Event, l.Meta.EventID, dead) {
			return x, nil
		}
	}
	return schemas.Delivery{}, nil
}

// awaitAnswer returns when finance has booked what answers a letter.
func (b *box) awaitAnswer(ctx context.Context, l *Letter, dead schemas.UUID) (*schemas.RuleSuperseded, error) {
	for n := 0; ; n++ {
		x, err := b.booked(ctx, l, dead)
		if x != nil || errors.Is(err, ErrRefused) {
			return x, err
		}
		if err == nil {
			b.desk.progress("rebooking", 0, 1)
			err = pause(ctx, n)
		}
		if err != nil {
			return nil, fmt.Errorf("waiting for the entry (do the roles intake, admission and finance run? `throughline status`); rebook again to resume: %w", err)
		}
	}
}

// booked is what answers a letter, once finance has dealt with it. How far finance has come is asked before the letters are read: one that died is seen.
func (b *box) booked(ctx context.Context, l *Letter, dead schemas.UUID) (*schemas.RuleSuperseded, error) {
	answer, err := b.desk.answer(ctx, l, dead)
	if err != nil {
		return nil, err
	}
	offsets, err := committed(ctx, b.adm, schemas.Group(bookkeeper))
	if err != nil {
		return nil, err
	}
	if err := b.read(ctx, schemas.TopicLetters); err != nil {
		return nil, err
	}
	for _, other := range b.letters {
		if other.DeadEventType == "rule.superseded" && b.status(other) != Cured && b.answering(ctx, other, l) {
			return nil, refused("the rule.superseded that answers it died at %s: %s: %s: `throughline dlq show %s`", other.Consumer, other.Class, other.Reason, other.Meta.EventID)
		}
	}
	x, ok := answer.Event.(*schemas.RuleSuperseded)
	if !ok || !passed(offsets, answer.Position) {
		return nil, nil
	}
	return x, nil
}

// answering says whether a dead rule.superseded was to answer a letter.
func (b *box) answering(ctx context.Context, other, l *Letter) bool {
	e, err := b.dead(ctx, other)
	x, ok := e.(*schemas.RuleSuperseded)
	return err == nil && ok && x.LetterID.Set && x.LetterID.V == l.Meta.EventID
}
