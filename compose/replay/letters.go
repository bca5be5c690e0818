package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/schemas"
)

// Status says how a letter stands.
type Status string

const (
	Open     Status = "open"     // nobody has done anything since it died
	Redriven Status = "redriven" // on its way to its consumer
	Cured    Status = "cured"    // its consumer has dealt with it, or finance has booked the rule.superseded that answers it
	Parked   Status = "parked"   // it died after every redrive that it may have: repair it
)

// Letter is a dead letter, as of its newest death.
type Letter struct {
	*schemas.DeadLetter
	At     schemas.Position // of its newest death, on dead-letters
	Died   schemas.Time     // when that was written
	Deaths int
	Status Status
	Why    string // of the newest redrive
	Who    string
}

// Filter says which letters. Empty fields let everything through.
type Filter struct {
	IDs      []schemas.UUID
	Class    string
	Stage    string
	Owner    string
	Consumer string
	Thread   string
	Since    schemas.Time // died at or after
	Status   []Status
}

func (f Filter) lets(l *Letter) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	return (len(f.IDs) == 0 || slices.Contains(f.IDs, l.Meta.EventID)) && is(f.Class, string(l.Class)) && is(f.Stage, l.Stage) && is(f.Owner, l.Owner) &&
		is(f.Consumer, l.Consumer) && is(f.Thread, l.Thread) && l.Died >= f.Since && (len(f.Status) == 0 || slices.Contains(f.Status, l.Status))
}

// lap is one redrive of one letter.
type lap struct {
	letter schemas.UUID
	n      int32
}

// Letters lists dead letters by the time of their newest death. It reads the log only: dead-letters, operations.actions and, for letters that were
// redriven, the redrive topics; for those that a REPAIR says to be answered, the canonical log behind the event that died.
func (d Desk) Letters(ctx context.Context, f Filter) ([]*Letter, error) {
	adm, closeAdmin, err := d.admin()
	if err != nil {
		return nil, err
	}
	defer closeAdmin()
	b, err := d.openLetters(ctx, adm)
	if err != nil {
		return nil, fmt.Errorf("listing dead letters: %w", err)
	}
	var all []*Letter
	for _, l := range b.letters {
		if f.lets(l) {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b *Letter) int {
		return cmp.Or(cmp.Compare(a.Died, b.Died), cmp.Compare(a.At.Partition, b.At.Partition), cmp.Compare(a.At.Offset, b.At.Offset))
	})
	return all, nil
}

// box is all letters and what became of their redrives.
type box struct {
	desk     Desk
	adm      *kadm.Client
	letters  map[schemas.UUID]*Letter
	acted    map[schemas.UUID]*schemas.OperatorAction // newest redrive or repair by letter
	redrive  map[lap]schemas.Position
	parked   map[schemas.UUID]bool
	repairs  map[schemas.UUID]bool             // that somebody says another event has answered
	answerAt map[schemas.UUID]schemas.Position // where that event stands, if it does
	periods  *calendar                         // once somebody has asked
	offsets  map[string]kadm.OffsetResponses
	next     map[string]map[int32]int64 // what has been read
}

func (d Desk) openLetters(ctx context.Context, adm *kadm.Client) (*box, error) {
	b := &box{desk: d, adm: adm, letters: map[schemas.UUID]*Letter{}, acted: map[schemas.UUID]*schemas.OperatorAction{}, redrive: map[lap]schemas.Position{},
		parked: map[schemas.UUID]bool{}, repairs: map[schemas.UUID]bool{}, answerAt: map[schemas.UUID]schemas.Position{}, offsets: map[string]kadm.OffsetResponses{}, next: map[string]map[int32]int64{}}
	if err := b.read(ctx, schemas.TopicActions); err != nil {
		return nil, err
	}
	var groups []string
	for _, a := range b.acted {
		groups = append(groups, a.Consumer)
	}
	return b, b.follow(ctx, groups)
}

// follow reads what has become of redrives to some consumers. Redrives first, then how far the consumers have come, and only then the letters: one that
// died again before its consumer committed is seen.
func (b *box) follow(ctx context.Context, groups []string) error {
	if len(b.repairs) > 0 {
		groups = append(slices.Clip(groups), schemas.Group(bookkeeper))
	}
	topics := []string{schemas.TopicExceptions}
	for _, g := range groups {
		t := schemas.RedriveTopic(g)
		if _, ok := schemas.LookupTopic(t); ok && !slices.Contains(topics, t) { // anybody may have written an action about anything
			topics = append(topics, t)
		}
	}
	if err := b.read(ctx, topics...); err != nil {
		return err
	}
	for _, g := range groups {
		offsets, err := committed(ctx, b.adm, g)
		if err != nil {
			return err
		}
		b.offsets[g] = offsets
	}
	if err := b.read(ctx, schemas.TopicLetters); err != nil {
		return err
	}
	if err := b.readAnswers(ctx); err != nil {
		return err
	}
	for id, l := range b.letters {
		l.Status = b.status(l)
		if a := b.acted[id]; a != nil {
			l.Who, l.Why = a.Who, a.Why
		}
	}
	return nil
}

// read takes in what has come to topics since they were last read, and waits for the transactions that are under way there.
func (b *box) read(ctx context.Context, topics ...string) error {
	until, err := ends(ctx, b.adm, topics...)
	if err != nil {
		return err
	}
	n := 0
	for d, err := range schemas.Read(ctx, b.desk.Cluster, b.desk.Codec, schemas.Span{Topics: topics, From: b.next, Until: until, Open: true}) {
		if err != nil && !errors.Is(err, schemas.ErrPoison) {
			return fmt.Errorf("reading %v: %w", topics, err)
		}
		if n++; n%5000 == 0 {
			b.desk.progress("reading "+d.Topic, n, 0)
		}
		if err == nil {
			b.take(d)
		}
	}
	for topic, partitions := range until {
		b.next[topic] = partitions
	}
	return nil
}

func (b *box) take(d schemas.Delivery) {
	switch x := d.Event.(type) {
	case *schemas.OperatorAction:
		switch x.Action {
		case schemas.ActionKindREPAIR:
			b.repairs[x.LetterID.V] = true
			b.acted[x.LetterID.V] = x
		case schemas.ActionKindREDRIVE:
			b.acted[x.LetterID.V] = x
		}
	case *schemas.Redrive:
		b.redrive[lap{x.LetterID, x.Laps}] = d.Position
	case *schemas.ExceptionRaised:
		if x.Code == "PARKED" {
			b.parked[x.SubjectEventID.V] = true
		}
	case *schemas.DeadLetter:
		l := b.letters[x.Meta.EventID]
		if l == nil {
			l = &Letter{}
			b.letters[x.Meta.EventID] = l
		}
		l.Deaths++
		// A letter that a restarted sink wrote again is the same death.
		if l.DeadLetter == nil || x.Laps >= l.Laps {
			l.DeadLetter, l.At, l.Died = x, d.Position, d.AppendTime
		}
	}
}

// status is how a letter stands after its newest death.
func (b *box) status(l *Letter) Status {
	switch {
	case b.answered(l):
		return Cured
	case b.parked[l.Meta.EventID]:
		return Parked
	}
	at, ok := b.redrive[lap{l.Meta.EventID, l.Laps + 1}]
	switch {
	case ok && passed(b.offsets[l.Consumer], at):
		return Cured
	case ok:
		return Redriven
	}
	return Open
}
