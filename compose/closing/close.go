package closing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// Ask is what is to be closed.
type Ask struct {
	Entity, Period string
	Soft           bool          // check and write the manifest, announce nothing
	Ahead          time.Duration // how far ahead of now the closing instant lies, where At is zero; 15 s where zero
	At             time.Time     // the closing instant
	OutOfOrder     bool          // although earlier periods with postings are open
	Accept         []string      // ids or positions of findings that are let stand
	Why            string        // they are
}

// Check refuses an acceptance without a reason, and a reason for nothing.
func (a Ask) Check() error {
	switch {
	case a.Entity == "":
		return errors.New("--entity is missing: say whose books")
	case len(a.Accept) > 0 && a.Why == "":
		return errors.New("--why is missing: say in one sentence why these findings may stand; it is recorded with your name, for ever")
	case len(a.Accept) == 0 && a.Why != "":
		return errors.New("--why belongs to --accept: it says why a finding may stand")
	}
	return nil
}

// Instant reads the closing instant of an ask; empty text means a little ahead.
func (a *Ask) Instant(text string, now time.Time) (err error) {
	if text == "" {
		return nil
	}
	if a.At, err = time.Parse(time.RFC3339, text); err != nil || !a.At.After(now) || a.Soft {
		return fmt.Errorf("--at %q: want an instant in the future, for example 2026-04-05T18:00:00Z, and not with --soft", text)
	}
	return nil
}

// instant is when the period is to be closed.
func (a Ask) instant(now time.Time) time.Time {
	switch {
	case !a.At.IsZero():
		return a.At
	case a.Ahead != 0:
		return now.Add(a.Ahead)
	}
	return now.Add(15 * time.Second)
}

// Close checks, announces, waits, checks again, and writes the manifest to finance.closes. Where something blocks, the error is ErrRefused and the blockers
// are given; the period may then be closed already, without a manifest: repair, and close again.
func (d Desk) Close(ctx context.Context, ask Ask) (Manifest, []Blocker, error) {
	ref, err := d.reference(ctx)
	if err != nil {
		return Manifest{}, nil, err
	}
	defer ref.Close()
	if err := d.ended(ask, ref); err != nil {
		return Manifest{}, nil, err
	}
	s, err := d.first(ctx, ask, ref)
	if err == nil {
		err = d.inOrder(ctx, ask, ref, s.accepted)
	}
	if err != nil {
		return Manifest{}, s.blocking, err
	}
	at, err := d.instant(ctx, ask, ref)
	if err != nil {
		return Manifest{}, nil, err
	}
	if err := d.settle(ctx); err != nil {
		return Manifest{}, nil, err
	}
	if s, err = d.again(ctx, ask, ref, s); err != nil {
		return Manifest{}, s.blocking, err
	}
	m, err := d.take(ctx, ask, ref, at, s)
	if err == nil {
		err = d.inForce(ctx, ask, ref, at)
	}
	if err != nil {
		return m, nil, err
	}
	if err := d.acknowledge(ctx, s.fresh); err != nil {
		return m, nil, err
	}
	return m, nil, d.record(ctx, m)
}

// instant is when the period closes or was closed; it returns when everybody has passed it. A soft close has no other instant than now.
func (d Desk) instant(ctx context.Context, ask Ask, ref *projections.Reference) (schemas.Time, error) {
	now := schemas.TimeOf(d.Now().Truncate(time.Millisecond))
	if ask.Soft {
		return now, nil
	}
	at, closed := ref.ClosedAt(ask.Entity, ask.Period, now)
	if !closed {
		var err error
		if at, err = d.announce(ctx, ask); err != nil {
			return at, err
		}
	}
	if err := d.pass(ctx, at); err != nil {
		return at, err
	}
	return at, d.inForce(ctx, ask, ref, at)
}

// sight is what a look at a period gives.
type sight struct {
	accepted marks        // what may stand: by this ask and by all before
	fresh    []Acceptance // by this ask
	met      []Acceptance // what does stand, of that
	blocking []Blocker
	unread   []Unread
}

// first looks for what blocks, and for what the ask accepts of it.
func (d Desk) first(ctx context.Context, ask Ask, ref *projections.Reference) (s sight, err error) {
	if s.accepted, err = d.acceptances(ctx); err != nil {
		return s, err
	}
	all, _, err := d.blockers(ctx, ask.Entity, ask.Period, ref)
	if err != nil {
		return s, err
	}
	if s.fresh, err = ask.accept(all, s.accepted, d.Who, schemas.TimeOf(d.Now().Truncate(time.Millisecond))); err != nil {
		return s, err
	}
	for _, a := range s.fresh {
		s.accepted[a.mark()] = a
	}
	if s.blocking, s.met = judge(all, s.accepted); len(s.blocking) > 0 {
		err = Refusal(ask.Entity, ask.Period, s.blocking)
	}
	return s, err
}

// again looks once more, at what the manifest is made of: Kafka and finance. ClickHouse and stock were looked at first, and what was met there stands in the
// manifest too. What was not accepted by name at the first look blocks.
func (d Desk) again(ctx context.Context, ask Ask, ref *projections.Reference, s sight) (sight, error) {
	d.Conn = nil
	d.Derivations = slices.DeleteFunc(slices.Clone(d.Derivations), func(x audit.Derivation) bool { return x.To != schemas.TopicJournal })
	all, unread, err := d.blockers(ctx, ask.Entity, ask.Period, ref)
	if err != nil {
		return s, err
	}
	s.unread = unread
	before := s.met
	if s.blocking, s.met = judge(all, s.accepted); len(s.blocking) > 0 {
		return s, Refusal(ask.Entity, ask.Period, s.blocking)
	}
	now := marksOf(s.met)
	for _, a := range before {
		if _, ok := now[a.mark()]; !ok && a.Check != schemas.TopicJournal {
			s.met = append(s.met, a)
		}
	}
	return s, nil
}

// announce publishes period.closed, and returns when admission has let it through before its instant.
func (d Desk) announce(ctx context.Context, ask Ask) (schemas.Time, error) {
	at := schemas.TimeOf(ask.instant(d.Now()).Truncate(time.Millisecond))
	x := &schemas.PeriodClosed{Period: ask.Period, ClosedAt: at, By: d.Who}
	x.Meta = envelope(x, ask.Entity, "period close", ask.Period, at, "closed")
	if err := d.Publish(ctx, x); err != nil {
		return at, fmt.Errorf("announcing the close: %w", err)
	}
	appended, err := d.admitted(ctx, x.Meta.EventID)
	if err == nil && appended > at {
		err = fmt.Errorf("%w: the close was announced at %s and stood only at %s, after its own instant: close again, with a later --at", ErrRefused, at, appended)
	}
	return at, err
}

// envelope is of an event that speaks of a period; the instant is part of its identity, so that a repetition is a duplicate.
func envelope(e schemas.Event, entity, doc, period string, at schemas.Time, transition string) schemas.Meta {
	source := schemas.Source{System: "throughline", Instance: "controller", DocType: doc, DocID: entity + "/" + period, DocVersion: strconv.FormatInt(int64(at), 10), Transition: transition}
	return schemas.Meta{EventID: schemas.SourceID(source), EventType: e.EventType(), SchemaVersion: 1, LegalEntity: entity, OccurredAt: at, OccurredTZOffset: "Z", Source: source}
}

// admitted waits for an event to stand in the close schedule, and says when it was appended.
func (d Desk) admitted(ctx context.Context, id schemas.UUID) (at schemas.Time, err error) {
	err = d.wait(ctx, d.Now(), "admission lets the announcement through", func() (bool, error) {
		for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{schemas.TopicPeriods}}) {
			if err != nil && schemas.FateOf(err) != schemas.Poison {
				return false, err
			}
			if err == nil && x.Event.Header().EventID == id {
				at = x.AppendTime
			}
		}
		return at != 0, nil
	})
	return at, err
}

// pass waits until admission has judged everything up to an instant, in every partition. What it reads afterwards is late.
func (d Desk) pass(ctx context.Context, at schemas.Time) error {
	adm, done, err := d.admin()
	if err != nil {
		return err
	}
	defer done()
	return d.wait(ctx, at.Time(), "admission has passed the closing instant in every partition", func() (bool, error) {
		if schemas.TimeOf(d.Now()) <= at {
			return false, nil
		}
		after, err := adm.ListOffsetsAfterMilli(ctx, at.Time().UnixMilli()+1, schemas.TopicThreads)
		if err == nil {
			err = after.Error()
		}
		if err != nil {
			return false, fmt.Errorf("looking for the closing instant in %s: %w", schemas.TopicThreads, err)
		}
		until, beyond := map[string]map[int32]int64{schemas.TopicThreads: {}}, true
		after.Each(func(o kadm.ListedOffset) {
			beyond = beyond && o.Timestamp > 0 // a tick after the instant is there
			until[schemas.TopicThreads][o.Partition] = o.Offset
		})
		if !beyond {
			return false, nil
		}
		return d.passed(ctx, schemas.Group("admission"), until, schemas.TopicThreads)
	})
}

// settle waits until finance has derived all that stands now, and the chain has linked it.
func (d Desk) settle(ctx context.Context) error {
	until, err := d.ends(ctx, schemas.CanonicalTopics()...)
	if err != nil {
		return err
	}
	err = d.wait(ctx, d.Now(), "finance has read what stood at the closing instant", func() (bool, error) {
		return d.passed(ctx, schemas.Group("finance"), until, schemas.CanonicalTopics()...)
	})
	if err != nil {
		return err
	}
	if until, err = d.ends(ctx, schemas.TopicJournal); err != nil {
		return err
	}
	return d.wait(ctx, d.Now(), "the role chain has linked the journal", func() (bool, error) {
		return d.passed(ctx, schemas.Group("chain"), until, schemas.TopicJournal)
	})
}

// take makes the manifest.
func (d Desk) take(ctx context.Context, ask Ask, ref *projections.Reference, at schemas.Time, s sight) (m Manifest, err error) {
	until, err := d.ends(ctx, booksTopics()...)
	if err != nil {
		return m, err
	}
	accounts, err := controls()
	if err != nil {
		return m, err
	}
	b := newBooks(ask.Entity, ask.Period, accounts)
	b.without = leavesOut(s.met)
	if err := b.read(ctx, d, until); err != nil {
		return m, err
	}
	c, err := d.readChain(ctx)
	if err != nil {
		return m, err
	}
	m = b.manifest()
	m.Soft, m.ClosedAt, m.By, m.Chain, m.Accepted, m.Unread = ask.Soft, at, d.Who, c.heads(), s.met, s.unread
	m.EarlierOpen = openOf(ref, ask.Entity, b.earlier, schemas.TimeOf(d.Now()))
	return m, m.seal()
}

// record writes the manifest to finance.closes.
func (d Desk) record(ctx context.Context, m Manifest) error {
	text, err := m.JSON()
	if err != nil {
		return err
	}
	x := &schemas.PeriodClose{Period: m.Period, ClosedAt: m.ClosedAt, By: m.By, Entries: m.Entries, Lines: m.Lines, JournalHash: m.Journal, ManifestHash: m.Hash, Manifest: text}
	x.Meta = envelope(x, m.Entity, "manifest", m.Period, m.ClosedAt, m.Hash)
	rec, err := d.Codec.Record(x)
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return d.write(ctx, rec)
}

func (d Desk) write(ctx context.Context, rec *kgo.Record) error {
	cl, err := kgo.NewClient(append(append([]kgo.Opt{}, d.Cluster...), schemas.WriteOptions()...)...)
	if err != nil {
		return fmt.Errorf("reaching the brokers: %w", err)
	}
	defer cl.Close()
	if err := cl.ProduceSync(ctx, rec).FirstErr(); err != nil {
		return fmt.Errorf("writing the manifest to %s: %w", rec.Topic, err)
	}
	return nil
}

// Reopen publishes period.reopened and returns from when on the period takes postings again.
func (d Desk) Reopen(ctx context.Context, entity, period, why string) (schemas.Time, error) {
	ref, err := d.reference(ctx)
	if err != nil {
		return 0, err
	}
	defer ref.Close()
	now := schemas.TimeOf(d.Now().Truncate(time.Millisecond))
	if _, err := known(ref, entity, period, now); err != nil {
		return 0, err
	}
	if _, closed := ref.ClosedAt(entity, period, now); !closed {
		return 0, fmt.Errorf("%w: %s of %s is open: nothing was published", ErrRefused, period, entity)
	}
	x := &schemas.PeriodReopened{Period: period, ReopenedAt: now, By: d.Who, Reason: why}
	x.Meta = envelope(x, entity, "period reopening", period, now, "reopened")
	if err := d.Publish(ctx, x); err != nil {
		return 0, fmt.Errorf("reopening %s: %w", period, err)
	}
	return d.admitted(ctx, x.Meta.EventID)
}
