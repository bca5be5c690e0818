package processors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/schemas"
)

// Runner runs one processor exactly once: inputs' offsets, outputs and dead letters commit in one transaction.
type Runner struct {
	Processor Processor
	Cluster   []kgo.Opt // how to reach the brokers
	Codec     *schemas.Codec
	Replica   string        // stable per replica: a restarted replica fences its own zombie at once
	Interval  time.Duration // how long a transaction collects; 100 ms where zero
	Watchdog  time.Duration // 30 s where zero
	Session   time.Duration // group session; 30 s where zero
	Log       *slog.Logger
	Observe   schemas.Observer
}

// maxRecords bounds one transaction's input, so that its outputs fit in memory and its duration stays far below any timeout.
const maxRecords = 20_000

// Group is the processor's consumer group.
func (r Runner) Group() string { return schemas.Group(r.Processor.Name) }

// Topics are all topics that the loop reads, its own redrives included.
func (r Runner) Topics() []string {
	if r.Processor.Redrive == "" {
		return r.Processor.From
	}
	return append(slices.Clone(r.Processor.From), r.Processor.Redrive)
}

// Run blocks until ctx ends (nil) or until something halts the loop: see the EXTERNAL errors of package schemas.
func (r Runner) Run(ctx context.Context) error {
	err := schemas.Patiently(ctx, r.Log, "checking the offsets of "+r.Group(), func() error { return schemas.CheckSeeded(ctx, r.Cluster, r.Group(), r.Topics()...) })
	if err != nil {
		if ctx.Err() != nil {
			return nil // asked to stop before it began
		}
		return fmt.Errorf("%s: %w", r.Processor.Name, err)
	}
	for attempt := 0; ctx.Err() == nil; attempt++ {
		progressed := false
		dog := &schemas.Watchdog{After: r.Watchdog}
		err := dog.Run(ctx, func(guarded context.Context) (err error) {
			progressed, err = r.session(guarded, dog)
			return err
		})
		if ctx.Err() != nil && !errors.Is(err, schemas.ErrStuck) {
			return nil
		}
		if schemas.FateOf(err) == schemas.Fatal || errors.Is(err, ErrUnknownRuleSet) {
			return fmt.Errorf("%s: %w", r.Processor.Name, schemas.NameOfFence(err))
		}
		if progressed {
			attempt = 0
		}
		r.Log.Warn("transaction loop starts anew", "processor", r.Processor.Name, "err", err, "attempt", attempt)
		schemas.Backoff(ctx, attempt)
	}
	return nil
}

// session is the life of one client: until ctx ends, the client's state is undecided, or something halts.
func (r Runner) session(ctx context.Context, dog *schemas.Watchdog) (progressed bool, err error) {
	sess, err := kgo.NewGroupTransactSession(schemas.TransactOptions(r.Cluster, r.Processor.Name, r.Replica, r.Session, r.Topics()...)...)
	if err != nil {
		return false, fmt.Errorf("joining group %s: %w", r.Group(), err)
	}
	defer sess.Close()
	t := schemas.Transaction{Session: sess, Dog: dog, Role: r.Processor.Name, Interval: r.Interval, MaxRecords: maxRecords, Observe: r.Observe}
	if err := t.TakeOver(ctx); err != nil {
		return false, err
	}
	decoders := &sync.Pool{New: func() any { return &schemas.Reuse{Codec: r.Codec, Envelope: r.Processor.Silent} }}
	work := func(ctx context.Context, fs kgo.Fetches, produce func(schemas.Outgoing)) error {
		return r.process(ctx, decoders, fs, produce)
	}
	for ctx.Err() == nil {
		n, err := t.Run(ctx, work)
		if err != nil {
			return progressed, err
		}
		progressed = progressed || n > 0
	}
	return progressed, context.Cause(ctx)
}

// process derives one poll's records, partitions in parallel, and hands the outputs to produce.
func (r Runner) process(ctx context.Context, decoders *sync.Pool, fs kgo.Fetches, produce func(schemas.Outgoing)) error {
	var g errgroup.Group
	var mu sync.Mutex
	g.SetLimit(4)
	fs.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) == 0 {
			return
		}
		g.Go(func() error {
			reuse := decoders.Get().(*schemas.Reuse)
			defer decoders.Put(reuse)
			out := make([]*kgo.Record, 0, len(p.Records)*2)
			for _, rec := range p.Records {
				var err error
				if out, err = r.one(ctx, reuse, rec, out); err != nil {
					return err
				}
			}
			// One partition at a time: the order of its outputs is the order of its inputs.
			mu.Lock()
			defer mu.Unlock()
			for _, o := range out {
				produce(schemas.Outgoing{Record: o})
			}
			return nil
		})
	})
	return g.Wait()
}

// one derives a single record. What no retry can save becomes a letter; everything else is returned and aborts the transaction.
// What is derived is encoded at once, so that the next record may be decoded into the same memory.
func (r Runner) one(ctx context.Context, reuse *schemas.Reuse, rec *kgo.Record, out []*kgo.Record) ([]*kgo.Record, error) {
	d, err := reuse.Deliver(ctx, rec)
	var only []string
	outer := d.Event
	if inner, redrive := d.Unwrap(); err == nil && redrive != nil && schemas.TakesRedrives(rec.Topic) {
		if redrive.Consumer != r.Group() {
			return out, nil
		}
		only = redrive.OnlyIds
		d, err = r.Codec.Deliver(ctx, inner)
	}
	var outputs []*kgo.Record
	if err == nil {
		outputs, err = r.derive(d.Event, only)
	}
	if err != nil && d.EnvelopeOnly { // what is said of a refused event, is said of all of it
		if d, err = r.Codec.Deliver(ctx, rec); err == nil {
			outer = d.Event
			outputs, err = r.derive(d.Event, only)
		}
	}
	switch {
	case err == nil:
		return append(out, outputs...), nil
	case errors.Is(err, ErrUnknownRuleSet):
		return out, fmt.Errorf("%s at %s: %w", d.Event.EventType(), d.Position, err)
	case schemas.FateOf(err) != schemas.Poison:
		return out, err
	}
	if outer == nil || outer.EventType() != "redrive.requested" {
		outer = d.Event
	}
	letter := schemas.NewLetter(schemas.Stage{Name: "processor:" + r.Processor.Name, Group: r.Group()}, rec, outer, err)
	if d.Event != nil {
		letter.Describe(d.Event)
	}
	r.Observe.Letter(letter)
	l, err := r.Codec.Record(letter)
	if err != nil {
		return out, fmt.Errorf("%w: a letter cannot be written: %v", schemas.ErrStuck, err)
	}
	return append(out, l), nil
}

// derive runs the pure function and encodes what follows. All of its errors are poison: nothing outside the event could have caused them.
func (r Runner) derive(e schemas.Event, only []string) (out []*kgo.Record, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Log.Error("derivation panicked", "processor", r.Processor.Name, "type", e.EventType(), "panic", p, "stack", string(debug.Stack()))
			out, err = nil, &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: "derivation panicked"}
		}
	}()
	events, err := r.Processor.Derive(e)
	if err != nil {
		if errors.Is(err, ErrUnknownRuleSet) || errors.Is(err, schemas.ErrPoison) {
			return nil, err
		}
		return nil, &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: err.Error()}
	}
	for _, o := range events {
		if len(only) > 0 && !slices.Contains(only, o.Header().EventID.String()) {
			continue
		}
		rec, err := r.Codec.Record(o)
		if err != nil {
			if !errors.Is(err, schemas.ErrPoison) {
				err = &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: err.Error()}
			}
			return nil, err
		}
		if !slices.Contains(r.Processor.To, rec.Topic) {
			return nil, &schemas.PoisonError{Class: schemas.DeadLetterClassUNDECLARED_OUTPUT, Reason: "output " + o.EventType() + " to " + rec.Topic}
		}
		out = append(out, rec)
	}
	return out, nil
}
