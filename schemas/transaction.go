package schemas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Observer is what the loops tell whoever watches; a nil function is not called.
type Observer struct {
	OnBegin   func(role string) // a transaction has begun
	OnCommit  func(role string, records int, took time.Duration)
	OnAbort   func(role string)
	OnLetter  func(l *DeadLetter)
	OnOutcome func(o *AdmissionOutcome)
}

// Outcome tells what became of an intake record: held, released, overdue, a duplicate.
func (o Observer) Outcome(e *AdmissionOutcome) {
	if o.OnOutcome != nil {
		o.OnOutcome(e)
	}
}

// Letter tells of a dead letter.
func (o Observer) Letter(l *DeadLetter) {
	if o.OnLetter != nil {
		o.OnLetter(l)
	}
}

// TransactOptions are the options of a transactional group session of a role's replica. The ids are stable per replica, so that a restarted instance
// fences its own zombie at once; the session (30 s where zero) outlives any transaction.
func TransactOptions(cluster []kgo.Opt, role, replica string, session time.Duration, topics ...string) []kgo.Opt {
	if session == 0 {
		session = 30 * time.Second
	}
	opts := append(slices.Clone(cluster), ReadOptions()...)
	opts = append(opts, WriteOptions()...)
	return append(opts,
		kgo.ConsumerGroup(Group(role)), kgo.ConsumeTopics(topics...), kgo.TransactionalID(Group(role)+"-"+replica),
		kgo.InstanceID(Group(role)+"-"+replica), kgo.TransactionTimeout(session*2/3), kgo.SessionTimeout(session), kgo.HeartbeatInterval(session/10),
		kgo.RebalanceTimeout(session), kgo.Balancers(kgo.RangeBalancer()), kgo.ProducerLinger(0),
	)
}

// Outgoing is a record to produce, and who wants to know where it stands.
type Outgoing struct {
	*kgo.Record
	Acked func(offset int64) // may be nil
}

// Transaction is one step of an exactly-once loop: poll, begin, work, end.
type Transaction struct {
	Session    *kgo.GroupTransactSession
	Dog        *Watchdog
	Role       string
	Interval   time.Duration // how long a transaction collects; 100 ms where zero
	MaxRecords int
	Observe    Observer
	BeforeEnd  func(ctx context.Context) error                 // after the outputs are acknowledged, before the commit; may be nil
	AfterEnd   func(ctx context.Context, committed bool) error // told the outcome; not called where it is unknown; may be nil
	AfterPoll  func(ctx context.Context) error                 // before a poll is applied; may be nil
}

// ErrUndecided is returned when nobody knows whether a transaction committed: the client must be made again and state restored.
var ErrUndecided = errors.New("the outcome of a transaction is unknown")

// Run polls, and where that yields records works on them in one transaction. It returns how many records were committed. A rebalance that
// aborts the transaction is no error: the client has rewound, and 0 is returned. Any other error leaves the session unusable.
func (t *Transaction) Run(ctx context.Context, work func(ctx context.Context, fs kgo.Fetches, produce func(Outgoing)) error) (int, error) {
	n, err := t.run(ctx, work)
	if err != nil {
		err = t.lateOrFenced(ctx, err)
	}
	return n, err
}

func (t *Transaction) run(ctx context.Context, work func(ctx context.Context, fs kgo.Fetches, produce func(Outgoing)) error) (int, error) {
	fs, err := t.poll(ctx, time.Second, t.MaxRecords)
	if err != nil || fs.NumRecords() == 0 {
		// No transaction ends without an input offset: a session that has polled nothing is not fenced.
		return 0, err
	}
	start := time.Now()
	if err := t.Session.Begin(); err != nil {
		return 0, fmt.Errorf("beginning a transaction: %w", err)
	}
	if t.Observe.OnBegin != nil {
		t.Observe.OnBegin(t.Role)
	}
	n, workErr := t.collect(ctx, start, fs, work)
	if workErr == nil && t.BeforeEnd != nil {
		workErr = t.BeforeEnd(ctx)
	}
	return t.end(ctx, start, n, workErr)
}

func (t *Transaction) collect(ctx context.Context, start time.Time, fs kgo.Fetches, work func(context.Context, kgo.Fetches, func(Outgoing)) error) (int, error) {
	p := &producing{session: t.Session, patience: t.Dog.share(2, 3)}
	produce := func(o Outgoing) { p.produce(ctx, o) }
	interval := t.Interval
	if interval == 0 {
		interval = 100 * time.Millisecond
	}
	n := 0
	for {
		n += fs.NumRecords()
		if t.AfterPoll != nil {
			if err := t.AfterPoll(ctx); err != nil {
				return n, err
			}
		}
		if err := work(ctx, fs, produce); err != nil {
			return n, err
		}
		t.Dog.Feed()
		if left := interval - time.Since(start); left <= 0 || n >= t.MaxRecords {
			break
		}
		var err error
		// A short wait: when nothing more is there, what is there commits at once.
		if fs, err = t.poll(ctx, 5*time.Millisecond, t.MaxRecords-n); err != nil {
			return n, err
		}
		if fs.NumRecords() == 0 {
			break
		}
	}
	return n, p.flush(ctx)
}

// Produce writes records into the running transaction and returns when all are acknowledged.
func (t *Transaction) Produce(ctx context.Context, out []Outgoing) error {
	if len(out) == 0 {
		return nil
	}
	p := &producing{session: t.Session, patience: t.Dog.share(2, 3)}
	for _, o := range out {
		p.produce(ctx, o)
	}
	return p.flush(ctx)
}

// producing collects the acknowledgements of one run of outputs.
type producing struct {
	session  *kgo.GroupTransactSession
	patience time.Duration
	mu       sync.Mutex
	err      error
	acked    []func()
}

func (p *producing) produce(ctx context.Context, o Outgoing) {
	p.session.Produce(ctx, o.Record, func(r *kgo.Record, err error) {
		if err == nil && o.Acked == nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			if !errors.Is(p.err, err) { // thousands of records die of the same
				p.err = errors.Join(p.err, err)
			}
			return
		}
		// Told at the flush, not here: whoever asks may be at work on the next poll.
		p.acked = append(p.acked, func() { o.Acked(r.Offset) })
	})
}

// flush waits for the acknowledgements, but less long than the watchdog: brokers that are away are waited out with a new client, not by ending the process.
func (p *producing) flush(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	if err := p.session.Client().Flush(bounded); err != nil {
		return fmt.Errorf("flushing outputs: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return fmt.Errorf("producing outputs: %w", p.err)
	}
	for _, tell := range p.acked {
		tell()
	}
	p.acked = nil
	return nil
}

func (t *Transaction) poll(ctx context.Context, wait time.Duration, most int) (kgo.Fetches, error) {
	polled, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	fs := t.Session.PollRecords(polled, most)
	t.Dog.Feed()
	if err := HaltOf(fs); err != nil {
		return nil, err
	}
	return fs, nil
}

// end commits, or aborts where work failed. Shutdown must not cut it short: a cancelled End leaves the client in no valid state.
func (t *Transaction) end(ctx context.Context, start time.Time, n int, workErr error) (int, error) {
	t.Dog.Feed()
	endCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.Dog.share(5, 6))
	defer cancel()
	committed, err := t.Session.End(endCtx, kgo.TransactionEndTry(workErr == nil))
	t.Dog.Feed()
	if err != nil {
		return 0, errors.Join(workErr, fmt.Errorf("ending a transaction: %w: %w", ErrUndecided, err))
	}
	if t.AfterEnd != nil {
		if err := t.AfterEnd(endCtx, committed); err != nil {
			return 0, errors.Join(workErr, err)
		}
	}
	if !committed {
		if t.Observe.OnAbort != nil {
			t.Observe.OnAbort(t.Role)
		}
		return 0, workErr
	}
	if t.Observe.OnCommit != nil {
		t.Observe.OnCommit(t.Role, n, time.Since(start))
	}
	return n, nil
}
