package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// Runner runs one projection exactly once: inputs' offsets, outputs, dead letters and state commit in one transaction.
type Runner struct {
	Projection Projection
	Cluster    []kgo.Opt
	Codec      *schemas.Codec
	Dir        string        // where the state store lives; losing it costs time, not data
	Replica    string        // stable per replica
	Interval   time.Duration // how long a transaction collects; 100 ms where zero
	Watchdog   time.Duration // 30 s where zero
	Session    time.Duration // group session; 30 s where zero
	CacheSize  int           // values kept decoded per partition; 100,000 where zero
	Log        *slog.Logger
	Observe    schemas.Observer
}

const maxRecords = 20_000

// Group is the projection's consumer group.
func (r Runner) Group() string { return schemas.Group(r.Projection.Name) }

// Run blocks until ctx ends (nil) or until something halts the loop.
func (r Runner) Run(ctx context.Context) error {
	if err := schemas.Patiently(ctx, r.Log, "checking topics and offsets of "+r.Group(), func() error { return r.check(ctx) }); err != nil {
		if ctx.Err() != nil {
			return nil // asked to stop before it began
		}
		return fmt.Errorf("%s: %w", r.Projection.Name, err)
	}
	var dead condemned
	for attempt := 0; ctx.Err() == nil; attempt++ {
		progressed := false
		dog := &schemas.Watchdog{After: r.Watchdog}
		err := dog.Run(ctx, func(guarded context.Context) (err error) {
			progressed, err = r.session(guarded, dog, &dead)
			return err
		})
		if ctx.Err() != nil && !errors.Is(err, schemas.ErrStuck) {
			return nil
		}
		if schemas.FateOf(err) == schemas.Fatal {
			return fmt.Errorf("%s: %w", r.Projection.Name, schemas.NameOfFence(err))
		}
		if progressed {
			attempt = 0
		}
		r.Log.Warn("projection loop starts anew", "projection", r.Projection.Name, "err", err, "attempt", attempt)
		schemas.Backoff(ctx, attempt)
	}
	return nil
}

func (r Runner) check(ctx context.Context) error {
	cl, err := kgo.NewClient(r.Cluster...)
	if err != nil {
		return err
	}
	defer cl.Close()
	topics := append(slices.Clone(r.Projection.From), r.Projection.To...)
	topics = append(topics, schemas.TopicLetters)
	for _, t := range r.Projection.From {
		if c := r.Projection.Changelog(t); !slices.Contains(topics, c) {
			topics = append(topics, c)
		}
	}
	if r.Projection.Reference {
		topics = append(topics, referenceTopics...)
	}
	if err := schemas.CheckTopics(ctx, cl, topics...); err != nil {
		return err
	}
	return schemas.CheckSeeded(ctx, r.Cluster, r.Group(), r.Projection.From...)
}

// session is the life of one client and of the state in memory.
func (r Runner) session(ctx context.Context, dog *schemas.Watchdog, dead *condemned) (progressed bool, err error) {
	limit := r.CacheSize
	if limit == 0 {
		limit = 100_000
	}
	st, err := openStore(vfs.Default, filepath.Join(r.Dir, r.Projection.Name+"-"+r.Replica), r.Projection.Values, r.Cluster, limit)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	st.dog = dog
	opts := append(schemas.TransactOptions(r.Cluster, r.Projection.Name, r.Replica, r.Session, r.Projection.From...),
		kgo.AdjustFetchOffsetsFn(func(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
			// Here and not in the assignment hook: records may be fetched as soon as that one returns.
			return offsets, st.takeOver(ctx, r.assigned(offsets))
		}))
	if len(r.Projection.From) > 2 {
		// Small pieces of every partition instead of megabytes of one after the other: topics that belong together are then read abreast.
		opts = append(opts, kgo.FetchMaxPartitionBytes(128<<10), kgo.FetchMaxBytes(4<<20))
	}
	sess, err := kgo.NewGroupTransactSession(opts...)
	if err != nil {
		return false, fmt.Errorf("joining group %s: %w", r.Group(), err)
	}
	defer sess.Close()
	s := &session{Runner: r, store: st, condemned: dead}
	s.decoders.New = func() any { return &schemas.Reuse{Codec: r.Codec} }
	if r.Projection.Reference {
		if s.reference, err = OpenReference(r.Cluster, r.Codec); err != nil {
			return false, err
		}
		defer s.reference.Close()
	}
	t := schemas.Transaction{Session: sess, Dog: dog, Role: r.Projection.Name, Interval: r.Interval, MaxRecords: maxRecords, Observe: r.Observe,
		AfterPoll: s.afterPoll, BeforeEnd: s.beforeEnd, AfterEnd: s.afterEnd}
	s.transaction = &t
	if err := t.TakeOver(ctx); err != nil {
		return false, err
	}
	for ctx.Err() == nil {
		n, err := t.Run(ctx, s.process)
		if err = errors.Join(err, st.restoreError()); err != nil {
			return progressed, err
		}
		progressed = progressed || n > 0
	}
	return progressed, context.Cause(ctx)
}

// assigned lists the state parts behind newly assigned input partitions.
func (r Runner) assigned(offsets map[string]map[int32]kgo.Offset) []partID {
	var ids []partID
	for topic, partitions := range offsets {
		for p := range partitions {
			if id := (partID{r.Projection.Changelog(topic), p}); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// apply runs the fold on one delivery. A panic is a dead letter too, but what it left half done in the state must not stay.
func (r Runner) apply(st State, d schemas.Delivery, env Env) (out []Output, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Log.Error("fold panicked", "projection", r.Projection.Name, "type", d.Event.EventType(), "panic", p, "stack", string(debug.Stack()))
			out, err = nil, errPanicked
		}
	}()
	return r.Projection.Apply(st, d, env)
}

// errPanicked is poison, but not at once: a fold that panicked may have changed a value in place.
var errPanicked = errors.New("the fold panicked")
