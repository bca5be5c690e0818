package audit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// derivedCheck compares what a role wrote with what its derivation gives.
type derivedCheck struct {
	Derivation
	*check
	id uint8
}

// Kinds and flags of the facts about derived records.
const (
	expected uint8 = iota
	standing
	underivable // the derivation refuses the event
	answered    // a rule.superseded books it in its event's place
)

const (
	flagPending uint8 = 1 << iota
	flagDead
	flagUnreadable
)

// death names a record that died, and at whom.
type death struct {
	group string
	at    place
}

func (r *run) died(group string, p schemas.Position) bool {
	return r.letters[death{group, r.tally.place(p)}]
}

// takeCanonical derives what must follow from a canonical event.
func (r *run) takeCanonical(_ context.Context, d schemas.Delivery, err error) error {
	at := r.tally.place(d.Position)
	r.canonical.Records++
	if err != nil {
		r.find(r.canonical, at, Finding{Kind: Unreadable, Invariant: "I4", Detail: err.Error(), Do: doForeign(d.Topic)})
		return nil
	}
	r.noteCanonical(d, at)
	if x, ok := d.Event.(*schemas.RuleSuperseded); ok {
		r.noteAnswer(x, at)
	}
	for _, c := range r.derived {
		outputs, err := c.derive(d.Event)
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return fmt.Errorf("deriving %s at %s as %s does: %w", d.Event.EventType(), d.Position, c.Role, err)
		}
		flags := r.excuse(schemas.Group(c.Role), d.Position)
		if err != nil && flags == 0 {
			r.tally.add(fact{check: c.id, kind: underivable, key: key(d.Event.Header().EventID), from: at, at: at})
		}
		for _, e := range outputs {
			if err := r.expect(c, e, at, flags); err != nil {
				return fmt.Errorf("deriving %s at %s: %w", e.EventType(), d.Position, err)
			}
		}
	}
	r.topicFact(d)
	return nil
}

// derive calls the derivation. Where it panics, the loop writes a letter.
func (c *derivedCheck) derive(e schemas.Event) (outputs []schemas.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			outputs, err = nil, &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: "derivation panicked"}
		}
	}()
	return c.Derive(e)
}

// excuse says why what follows from the record at p need not be there.
func (r *run) excuse(group string, p schemas.Position) (flags uint8) {
	if !r.horizon.passed(group, p) {
		flags |= flagPending
	}
	if r.died(group, p) {
		flags |= flagDead
	}
	return flags
}

func (r *run) expect(c *derivedCheck, e schemas.Event, from place, flags uint8) error {
	topic, k := schemas.Route(e)
	value, err := r.Codec.Encode(e)
	if err != nil {
		return err
	}
	id := c.id
	if topic != c.To {
		id = r.exceptions
	}
	r.tally.add(fact{check: id, kind: expected, flags: flags, key: key(e.Header().EventID), digest: digest(k, value[5:]), from: from})
	return nil
}

// digest is the content of a derived record: its key and its Avro body without the five-byte prefix.
func digest(key, body []byte) (d [16]byte) {
	h := sha256.New()
	h.Write([]byte{byte(len(key)), byte(len(key) >> 8)})
	h.Write(key)
	h.Write(body)
	copy(d[:], h.Sum(nil))
	return d
}

// standingDigest is the digest of a record as it stands. One that another version of the schema wrote is compared by what our version reads in it.
func (r *run) standingDigest(d schemas.Delivery) ([16]byte, error) {
	body := d.Record.Value[5:]
	id, known := r.own[d.Event.Subject()]
	if !known || id != d.SchemaID {
		value, err := r.Codec.Encode(d.Event)
		if err != nil {
			return [16]byte{}, err
		}
		id = int(uint32(value[1])<<24 | uint32(value[2])<<16 | uint32(value[3])<<8 | uint32(value[4]))
		r.own[d.Event.Subject()] = id
		if id != d.SchemaID {
			body = value[5:]
		}
	}
	return digest(d.Record.Key, body), nil
}

// takeDerived notes what stands in a topic that a derivation writes.
func (r *run) takeDerived(_ context.Context, d schemas.Delivery, err error) error {
	for _, c := range r.derived {
		if c.To == d.Topic {
			c.Records++
			return r.stand(c.check, c.id, d, err)
		}
	}
	return nil
}

func (r *run) takeDelta(ctx context.Context, d schemas.Delivery, err error) error {
	if delta, ok := d.Event.(*schemas.StockDelta); ok && err == nil {
		r.positions.takeDelta(r, delta, d.Position)
	}
	return r.takeDerived(ctx, d, err)
}

func (r *run) takeException(_ context.Context, d schemas.Delivery, err error) error {
	c := r.checks[r.exceptions]
	c.Records++
	return r.stand(c, r.exceptions, d, err)
}

func (r *run) stand(c *check, id uint8, d schemas.Delivery, err error) error {
	at := r.tally.place(d.Position)
	if err != nil {
		r.find(c, at, Finding{Kind: Unreadable, Invariant: "I4", Detail: err.Error(), Do: doForeign(d.Topic)})
		return nil
	}
	sum, err := r.standingDigest(d)
	if err != nil {
		return err
	}
	m := d.Event.Header()
	f := fact{check: id, kind: standing, key: key(m.EventID), digest: sum, at: at}
	r.tally.add(f)
	if e, ok := d.Event.(*schemas.JournalEntry); ok {
		r.weigh(e, at)
	}
	r.topicFact(d)
	return nil
}

// judgeDerived judges all that was said about one id.
func judgeDerived(r *run, c *check, group []fact) {
	var want, have []fact
	for _, f := range group {
		switch f.kind {
		case expected:
			want = append(want, f)
		case standing:
			have = append(have, f)
		case underivable:
			if r.isAnswered(f, group) {
				c.Dead++
				continue
			}
			r.find(c, f.at, Finding{Kind: Unaccounted, Invariant: "I4", ID: schemas.UUID(f.key).String(), Lacks: true,
				Detail: "the derivation refuses the event, and there is no dead letter of it", Do: "run the audit with the version that runs; if they are the same, the letter was lost: `throughline replay plan` over this event"})
		}
	}
	if len(want) == 0 {
		for _, f := range have {
			r.find(c, f.at, Finding{Kind: Orphaned, Invariant: "I4", ID: schemas.UUID(f.key).String(),
				Detail: "no canonical event gives it under the rule set stamped on it: forged, or its cause is gone", Do: doForeign(r.tally.position(f.at).Topic)})
		}
		return
	}
	if len(have) == 0 {
		r.absent(c, want[0], group)
		return
	}
	r.compare(c, want[0], have)
}

// absent is an expected record that does not stand.
func (r *run) absent(c *check, f fact, group []fact) {
	switch {
	case f.flags&flagDead != 0, r.isAnswered(f, group):
		c.Dead++
	case f.flags&flagPending != 0:
		c.Pending++
	default:
		at := r.tally.position(f.from)
		r.find(c, f.from, Finding{Kind: Missing, Invariant: "I4", ID: schemas.UUID(f.key).String(), Cause: at.String(), Lacks: true,
			Detail: "the event at this position gives it, the consumer has passed the event, and there is no dead letter", Do: "`throughline replay plan` over this event, then `throughline replay apply`"})
	}
}

// compare judges the copies of an expected record: the first that is right stands, others of its content are doubled, all else is altered.
func (r *run) compare(c *check, want fact, have []fact) {
	var stands *fact
	lacks := !slices.ContainsFunc(have, func(f fact) bool { return f.digest == want.digest })
	for i := range have {
		f := &have[i]
		id, cause := schemas.UUID(f.key).String(), r.tally.position(want.from).String()
		switch {
		case f.digest != want.digest:
			r.find(c, f.at, Finding{Kind: Altered, Invariant: "I6", ID: id, Cause: cause, Lacks: lacks,
				Detail: "its key or body is not what the event at its cause gives under the rule set stamped on it", Do: doForeign(r.tally.position(f.at).Topic)})
		case stands != nil:
			r.find(c, f.at, Finding{Kind: Doubled, Invariant: "I1", ID: id, Cause: cause, Detail: "it stands at " + r.tally.position(stands.at).String() + " already",
				Do: "readers that deduplicate by id see it once; " + doForeign(r.tally.position(f.at).Topic)})
		default:
			stands = f
		}
	}
}

// judgeExceptions checks the exceptions that derivations raise. Intake and admission raise others, which nothing but a second admission could derive.
func judgeExceptions(r *run, c *check, group []fact) {
	if group[0].kind == expected {
		judgeDerived(r, c, group)
	}
}

func doForeign(topic string) string {
	return "find out who else may write " + topic + " (`throughline acls`), and correct what followed from it"
}

// weigh checks that an entry balances, by arithmetic of the audit's own: integers at the journal's four decimals (I2).
func (r *run) weigh(e *schemas.JournalEntry, at place) {
	r.balance.Records++
	sums := map[string]schemas.Decimal{}
	functional := schemas.NewDecimal(0, 4)
	for i := range e.Lines {
		l := &e.Lines[i]
		sums[l.Currency] = sums[l.Currency].Add(l.AmountTxn)
		functional = functional.Add(l.AmountFn)
	}
	detail := ""
	for currency, sum := range sums {
		if !sum.IsZero() && (detail == "" || currency < detail) {
			detail = currency + ": debits exceed credits by " + sum.Text()
		}
	}
	if !functional.IsZero() {
		detail = "functional currency " + e.FunctionalCurrency + ": debits exceed credits by " + functional.Text()
	}
	if detail != "" {
		r.find(r.balance, at, Finding{Kind: Unbalanced, Invariant: "I2", ID: e.Meta.EventID.String(), Detail: detail, Do: doForeign(schemas.TopicJournal)})
	}
}
