package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/schemas"
)

// session is one client's life: the state parts that the running transaction has touched.
type session struct {
	Runner
	store       *store
	reference   *Reference
	transaction *schemas.Transaction
	touched     map[partID]*part
	decoders    sync.Pool // of *schemas.Reuse
	condemned   *condemned
}

func (s *session) afterPoll(ctx context.Context) error {
	if s.reference == nil {
		return nil
	}
	return s.reference.CatchUp(ctx)
}

// batch is what one state part gets of a poll: the records of all input partitions that share it, in order.
type batch struct {
	part    *part
	records []*kgo.Record
	rank    int // of its topic among the projection's
	out     []schemas.Outgoing
	ends    []int // of each record's outputs in out
	done    int   // records whose outputs were handed on
}

// at is when the next record was appended.
func (b *batch) at() time.Time { return b.records[b.done].Timestamp }

func (b *batch) emit(produce func(schemas.Outgoing)) {
	from := 0
	if b.done > 0 {
		from = b.ends[b.done-1]
	}
	for _, o := range b.out[from:b.ends[b.done]] {
		produce(o)
	}
	b.done++
}

// process applies one poll's records, state parts in parallel.
func (s *session) process(ctx context.Context, fs kgo.Fetches, produce func(schemas.Outgoing)) error {
	var batches []*batch
	var missing error
	fs.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) == 0 {
			return
		}
		id := partID{s.Projection.Changelog(p.Topic), p.Partition}
		i := slices.IndexFunc(batches, func(b *batch) bool { return b.part.id == id })
		if i >= 0 {
			batches[i].records = append(batches[i].records, p.Records...)
			return
		}
		st := s.store.part(id)
		if st == nil {
			missing = fmt.Errorf("no state for %s/%d: restore did not run", p.Topic, p.Partition)
			return
		}
		batches = append(batches, &batch{part: st, records: p.Records, rank: slices.Index(s.Projection.From, p.Topic)})
	})
	if missing != nil {
		return missing
	}
	if s.touched == nil {
		s.touched = map[partID]*part{}
	}
	var g errgroup.Group
	g.SetLimit(4)
	for _, b := range batches {
		s.touched[b.part.id] = b.part
		g.Go(func() error { return s.fold(ctx, b) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortStableFunc(batches, func(a, b *batch) int { return a.rank - b.rank }) // what came in one request has one append time
	inAppendOrder(batches, produce)
	return nil
}

func (s *session) fold(ctx context.Context, b *batch) (err error) {
	deliver := s.Codec.Deliver
	if s.Projection.Reuse {
		reuse := s.decoders.Get().(*schemas.Reuse)
		defer s.decoders.Put(reuse)
		deliver = reuse.Deliver
	}
	b.out, b.ends = make([]schemas.Outgoing, 0, len(b.records)*2), make([]int, 0, len(b.records))
	for _, rec := range b.records {
		if b.out, err = s.one(ctx, b.part, deliver, rec, b.out); err != nil {
			return err
		}
		if b.part.err != nil {
			return b.part.err
		}
		b.ends = append(b.ends, len(b.out))
	}
	return nil
}

// inAppendOrder hands on what the parts emitted, in the order in which their inputs were appended; each part keeps its own order. Partition after
// partition instead, a shipment would often overtake its order, and whoever comes next would hold it, store it, and read it again.
func inAppendOrder(batches []*batch, produce func(schemas.Outgoing)) {
	for {
		var first *batch
		next := time.Time{} // up to here first may run on without looking at the others again
		for _, b := range batches {
			switch {
			case b.done == len(b.records):
			case first == nil:
				first = b
			case b.at().Before(first.at()):
				first, next = b, first.at()
			case next.IsZero() || b.at().Before(next):
				next = b.at()
			}
		}
		if first == nil {
			return
		}
		for first.done < len(first.records) && (next.IsZero() || !first.at().After(next)) {
			first.emit(produce)
		}
	}
}

// one folds a single record. What no retry can save becomes a letter; everything else is returned and aborts the transaction.
func (s *session) one(ctx context.Context, st *part, deliver func(context.Context, *kgo.Record) (schemas.Delivery, error), rec *kgo.Record,
	out []schemas.Outgoing) ([]schemas.Outgoing, error) {
	d, err := deliver(ctx, rec)
	redrive := d.Event
	if inner, r := d.Unwrap(); err == nil && r != nil && schemas.TakesRedrives(rec.Topic) {
		if r.Consumer != s.Group() {
			return out, nil
		}
		at := d.AppendTime
		d, err = s.Codec.Deliver(ctx, inner)
		d.AppendTime, d.Laps = at, r.Laps // what judges by append time judges by that of the redrive
	}
	var events []Output
	if err == nil {
		err = s.condemned.cause(d.Position)
	}
	if err == nil {
		var env Env
		if env, err = s.env(ctx, st, d); err == nil {
			events, err = s.apply(st, d, env)
		}
		if err == nil {
			done, err := s.encode(st, events, out)
			if schemas.FateOf(err) == schemas.Poison {
				err = s.condemned.add(d.Position, err)
			}
			return done, err
		}
		if errors.Is(err, errPanicked) {
			err = s.condemned.add(d.Position, err)
		}
	}
	if schemas.FateOf(err) != schemas.Poison {
		return out, err
	}
	if _, ok := redrive.(*schemas.Redrive); !ok {
		redrive = d.Event
	}
	letter := schemas.NewLetter(schemas.Stage{Name: s.stage(), Group: s.Group()}, rec, redrive, err)
	if d.Event != nil {
		letter.Describe(d.Event)
	}
	s.Observe.Letter(letter)
	return s.own(s.encode(st, append(events, Output{Event: letter}), out)) // a conflict is a letter and an exception
}

// own makes an error that no input is to blame for halt the loop: it would only come again.
func (s *session) own(out []schemas.Outgoing, err error) ([]schemas.Outgoing, error) {
	if schemas.FateOf(err) == schemas.Poison {
		err = fmt.Errorf("%w: %s: %v", schemas.ErrStuck, s.Projection.Name, err)
	}
	return out, err
}

func (s *session) stage() string {
	switch s.Projection.Name {
	case "intake", "admission":
		return s.Projection.Name
	}
	return "projection:" + s.Projection.Name
}

func (s *session) env(ctx context.Context, st *part, d schemas.Delivery) (Env, error) {
	env := Env{Reference: s.reference, Recent: func(id schemas.UUID) schemas.Event { return st.recent[id] }}
	if s.Projection.Load == nil {
		return env, nil
	}
	at, wanted := s.Projection.Load(st, d)
	if !wanted {
		return env, nil
	}
	loaded, err := schemas.ReadAt(ctx, s.Cluster, s.Codec, at)
	if err != nil && schemas.FateOf(err) != schemas.Poison {
		return env, fmt.Errorf("reading %s: %w", at, err)
	}
	if loaded.Record != nil {
		env.Loaded, env.LoadedRaw = loaded.Event, loaded.Record.Value
	}
	return env, nil
}

// encode turns outputs into records. The error is poison where an output is too large or cannot be written: the state has then moved already.
func (s *session) encode(st *part, events []Output, out []schemas.Outgoing) ([]schemas.Outgoing, error) {
	for _, o := range events {
		rec, err := s.record(o)
		if err != nil {
			return out, fmt.Errorf("%s emitted %s: %w", s.Projection.Name, o.Event.EventType(), err)
		}
		if rec.Topic != schemas.TopicLetters && !slices.Contains(s.Projection.To, rec.Topic) {
			return out, fmt.Errorf("%w: %s emitted %s to %s, which it does not declare", schemas.ErrStuck, s.Projection.Name, o.Event.EventType(), rec.Topic)
		}
		if o.Acked != nil {
			st.recent[o.Event.Header().EventID] = o.Event
		}
		if outcome, ok := o.Event.(*schemas.AdmissionOutcome); ok {
			s.Observe.Outcome(outcome)
		}
		out = append(out, schemas.Outgoing{Record: rec, Acked: o.Acked})
	}
	return out, nil
}

func (s *session) record(o Output) (*kgo.Record, error) {
	if o.Topic != "" {
		return s.Codec.RecordTo(o.Event, o.Topic, []byte(o.Key))
	}
	return s.Codec.Record(o.Event)
}

// beforeEnd finishes the fold, learns where the outputs stand, and writes one changelog record per changed key.
func (s *session) beforeEnd(ctx context.Context) error {
	if err := s.finish(ctx); err != nil {
		return err
	}
	var logs []schemas.Outgoing
	for id, p := range s.touched {
		if err := p.encodeDirty(); err != nil {
			return err
		}
		for _, e := range p.dirty {
			logs = append(logs, schemas.Outgoing{Record: &kgo.Record{Topic: id.changelog, Partition: id.partition, Key: []byte(e.key), Value: e.bytes},
				Acked: func(offset int64) { p.written = max(p.written, offset+1) }})
		}
	}
	return s.transaction.Produce(ctx, logs)
}

func (s *session) finish(ctx context.Context) error {
	if s.Projection.Finish == nil {
		return nil
	}
	var out []schemas.Outgoing
	for _, p := range s.touched {
		events, err := s.Projection.Finish(p)
		if err == nil {
			out, err = s.own(s.encode(p, events, out))
		}
		if err != nil {
			return err
		}
	}
	return s.transaction.Produce(ctx, out)
}

// afterEnd makes the store follow the transaction.
func (s *session) afterEnd(_ context.Context, committed bool) error {
	defer func() { s.touched = nil }()
	// Asked before the write, which would stall behind a flush that cannot succeed.
	if err := s.store.health(); err != nil {
		return err
	}
	for _, p := range s.touched {
		if !committed {
			p.abort()
			continue
		}
		if err := p.commit(); err != nil {
			return err
		}
	}
	return nil
}
