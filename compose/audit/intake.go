package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/throughline/throughline/schemas"
)

// Kinds of facts about an intake record, whose key is its position, in the order in which judgeIntake wants them.
const (
	received uint8 = iota
	admitted
	duplicate
	held
	released
	buried
	onTheWay // stands on admission.threads
)

// noteCanonical notes that a canonical event stands, and which intake record it claims to come from.
func (r *run) noteCanonical(d schemas.Delivery, at place) {
	m := d.Event.Header()
	r.tally.add(fact{check: r.canonicalID, key: key(m.EventID), at: at})
	if m.Intake == nil {
		r.find(r.canonical, at, Finding{Kind: Orphaned, Invariant: "I4", ID: m.EventID.String(), Detail: "it names no intake record: admission did not write it", Do: doForeign(d.Topic)})
		return
	}
	from := schemas.Position{Topic: m.Intake.Topic, Partition: m.Intake.Partition, Offset: m.Intake.Offset}
	r.tally.add(fact{check: r.intakeID, kind: admitted, key: r.tally.positionKey(from), digest: claim(m.EventID, m.Intake.ContentHash), at: at, from: r.tally.place(from)})
}

// claim is what an intake record and its canonical event must agree on: id and content.
func claim(id schemas.UUID, content []byte) (d [16]byte) {
	sum := sha256.Sum256(append(id[:], content...))
	copy(d[:], sum[:])
	return d
}

// judgeCanonical judges the places at which one event id stands.
func judgeCanonical(r *run, c *check, group []fact) {
	for _, f := range group[1:] {
		r.find(c, f.at, Finding{Kind: Doubled, Invariant: "I1", ID: schemas.UUID(f.key).String(), Detail: "the same event id stands at " + r.tally.position(group[0].at).String(),
			Do: doForeign(r.tally.position(f.at).Topic)})
	}
}

// takeIntake notes an intake record.
func (r *run) takeIntake(_ context.Context, d schemas.Delivery, err error) error {
	r.intake.Records++
	f := fact{check: r.intakeID, kind: received, key: r.tally.positionKey(d.Position), at: r.tally.place(d.Position)}
	if err != nil {
		f.flags |= flagUnreadable
	} else {
		hash := schemas.ContentHash(d.Event)
		f.digest = claim(d.Event.Header().EventID, append([]byte{schemas.ContentHashVersion}, hash[:]...))
	}
	if !r.horizon.passed(schemas.Group("intake"), d.Position) {
		f.flags |= flagPending
	}
	r.tally.add(f)
	return nil
}

// takeThread notes that an intake record reached admission.threads.
func (r *run) takeThread(_ context.Context, d schemas.Delivery, err error) error {
	if err != nil || d.Event.Header().Intake == nil {
		return nil // a tick, a redrive, or what admission buries
	}
	f := fact{kind: onTheWay, at: r.tally.place(d.Position)}
	if !r.horizon.passed(schemas.Group("admission"), d.Position) {
		f.flags = flagPending
	}
	r.ofIntake(d.Event.Header().Intake, f)
	return nil
}

func (r *run) ofIntake(ref *schemas.IntakeRef, f fact) {
	f.check, f.key = r.intakeID, r.tally.positionKey(schemas.Position{Topic: ref.Topic, Partition: ref.Partition, Offset: ref.Offset})
	r.tally.add(f)
}

// takeOutcome notes what intake and admission say of an intake record.
func (r *run) takeOutcome(_ context.Context, d schemas.Delivery, err error) error {
	o, ok := d.Event.(*schemas.AdmissionOutcome)
	if err != nil || !ok {
		r.find(r.intake, r.tally.place(d.Position), Finding{Kind: Unreadable, Invariant: "I4", Detail: "it is no outcome", Do: doForeign(d.Topic)})
		return nil
	}
	kinds := map[schemas.Outcome]uint8{schemas.OutcomeDUPLICATE: duplicate, schemas.OutcomeHELD: held, schemas.OutcomeOVERDUE: held, schemas.OutcomeRELEASED: released,
		schemas.OutcomeADMITTED: released, schemas.OutcomeDEAD: buried}
	r.ofIntake(&schemas.IntakeRef{Topic: o.Topic, Partition: o.Partition, Offset: o.Offset}, fact{kind: kinds[o.Outcome], at: r.tally.place(d.Position)})
	return nil
}

// takeLetter notes who died where; where it was at intake or admission, which intake record it was.
func (r *run) takeLetter(ctx context.Context, d schemas.Delivery, err error) error {
	l, ok := d.Event.(*schemas.DeadLetter)
	if err != nil || !ok {
		return nil // nobody's letter: it excuses nothing
	}
	at := schemas.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}
	r.letters[death{l.Consumer, r.tally.place(at)}] = true
	f := fact{kind: buried, at: r.tally.place(d.Position)}
	switch l.Consumer {
	case schemas.Group("intake"):
		r.ofIntake(&schemas.IntakeRef{Topic: at.Topic, Partition: at.Partition, Offset: at.Offset}, f)
	case schemas.Group("admission"):
		var m schemas.Meta
		_, err := r.Codec.DecodeHeader(ctx, l.Value, &m)
		if errors.Is(err, schemas.ErrRegistryUnavailable) {
			return fmt.Errorf("reading letter %s: %w", l.Meta.EventID, err)
		}
		if err == nil && m.Intake != nil {
			r.ofIntake(m.Intake, f)
		}
	}
	return nil
}

// fates is what became of an intake record.
type fates struct {
	record *fact // nil where the log holds no such record
	duplicate, held, released, dead,
	underway bool // stands on admission.threads, and admission has not come to it
	right []fact // canonical events of its id and content
	wrong []fact // canonical events that only claim to come from it
}

func fatesOf(group []fact) (x fates) {
	if group[0].kind == received {
		x.record = &group[0]
	}
	for _, f := range group {
		switch f.kind {
		case admitted:
			if x.record != nil && f.digest == x.record.digest {
				x.right = append(x.right, f)
			} else {
				x.wrong = append(x.wrong, f)
			}
		case duplicate:
			x.duplicate = true
		case held:
			x.held = true
		case released:
			x.released = true
		case buried:
			x.dead = true
		case onTheWay:
			x.underway = x.underway || f.flags&flagPending != 0
		}
	}
	return x
}

// judgeIntake checks that one intake record has one outcome, and that what claims to come from it does.
func judgeIntake(r *run, c *check, group []fact) {
	x := fatesOf(group)
	if x.record == nil {
		r.judgeUnreceived(c, x)
		return
	}
	for _, f := range x.wrong {
		r.find(r.canonical, f.at, Finding{Kind: Orphaned, Invariant: "I4", Cause: r.tally.position(x.record.at).String(),
			Detail: "the intake record that it names holds another event or other content: admission did not write it", Do: doForeign(r.tally.position(f.at).Topic)})
	}
	waits := x.held && !x.released && len(x.right) == 0
	outcomes := count(len(x.right) > 0, x.duplicate, waits)
	switch {
	case len(x.right) > 0 && x.held && !x.released && !x.dead:
		r.find(c, x.record.at, Finding{Kind: Unaccounted, Invariant: "I4", Detail: "it is on hold and yet stands at " + r.tally.position(x.right[0].at).String() + ": admission did not write that",
			Do: doForeign(r.tally.position(x.right[0].at).Topic)})
	case outcomes == 1:
	case x.dead && outcomes == 0:
		c.Dead++
	case x.dead: // redriven more than once: the copies are duplicates
	case outcomes > 1:
		r.find(c, x.record.at, Finding{Kind: Unaccounted, Invariant: "I4", Detail: "it has two outcomes: " + named(len(x.right) > 0, x.duplicate, waits), Do: doForeign(schemas.TopicOutcomes)})
	case x.record.flags&flagPending != 0 || x.underway:
		c.Pending++
	default:
		r.find(c, x.record.at, Finding{Kind: Unaccounted, Invariant: "I4", Lacks: true, Detail: "intake and admission have passed it, and it was neither admitted, dropped as a duplicate, held nor buried",
			Do: "publish it again: its id makes that safe; then find out what was lost with it"})
	}
}

// judgeUnreceived judges what refers to an intake record that the log does not hold.
func (r *run) judgeUnreceived(c *check, x fates) {
	for _, f := range x.wrong {
		if !r.horizon.kept(r.tally.position(f.from)) {
			c.Unknown++
			continue
		}
		r.find(r.canonical, f.at, Finding{Kind: Orphaned, Invariant: "I4", Cause: r.tally.position(f.from).String(),
			Detail: "the intake record that it names does not exist: admission did not write it", Do: doForeign(r.tally.position(f.at).Topic)})
	}
}

func count(flags ...bool) (n int) {
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}

func named(flags ...bool) (text string) {
	for i, name := range []string{"admitted", "duplicate", "held"} {
		if flags[i] {
			if text != "" {
				text += ", "
			}
			text += name
		}
	}
	return text
}
