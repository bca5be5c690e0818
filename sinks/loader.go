package sinks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// loader is one table's loop over one client: collect, letters, one insert, commit. The order is the guarantee: what is committed is in ClickHouse
// or on dead-letters.
type loader struct {
	sink   Sink
	table  Table
	client *kgo.Client
	dog    *schemas.Watchdog
	batch  batch
	reuse  schemas.Reuse

	mu      sync.Mutex // held while offsets are committed, so that no partition is given away in between
	revoked bool       // a partition of the batch may belong to somebody else by now
}

// batch is what was polled and not yet committed.
type batch struct {
	block   *Block
	letters []*kgo.Record
	next    map[string]map[int32]kgo.EpochOffset // to commit
	records int
	bytes   int
	since   time.Time // of the first record
}

// maxBytes bounds a batch whose records are few and large: dead letters carry up to 10 MiB each.
const maxBytes = 64 << 20

// errRevoked ends a session whose batch was dropped: rows of partitions that are ours no more are somebody else's to load.
var errRevoked = errors.New("a partition was taken away while its rows waited for ClickHouse: the batch is dropped and read again")

func (l *loader) options() []kgo.Opt {
	opts := append(append([]kgo.Opt{}, l.sink.Cluster...), schemas.ReadOptions()...)
	opts = append(opts, schemas.WriteOptions()...)
	lost := func(context.Context, *kgo.Client, map[string][]int32) {
		l.mu.Lock()
		l.revoked = true
		l.mu.Unlock()
	}
	return append(opts,
		kgo.ConsumerGroup(l.table.Group()), kgo.ConsumeTopics(l.sink.topics(l.table)...), kgo.InstanceID(l.table.Group()+"-"+l.sink.Replica),
		kgo.SessionTimeout(30*time.Second), kgo.RebalanceTimeout(60*time.Second),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(), kgo.OnPartitionsRevoked(lost), kgo.OnPartitionsLost(lost),
		// Markers count: only with them does a committed offset reach the end of a partition that ends in a transaction.
		kgo.KeepControlRecords(), kgo.ProducerLinger(0),
	)
}

// step polls once and loads the batch when it is due. It returns whether offsets were committed.
func (l *loader) step(ctx context.Context) (bool, error) {
	wait := time.Second
	if l.batch.next != nil {
		wait = max(l.sink.MaxWait-time.Since(l.batch.since), time.Millisecond)
	}
	polled, cancel := context.WithTimeout(ctx, wait)
	fs := l.client.PollRecords(polled, 20_000)
	cancel()
	l.dog.Feed()
	if err := schemas.HaltOf(fs); err != nil {
		return false, err
	}
	l.sink.Metrics.lag(l.table.Name, fs)
	if l.batch.next == nil {
		// Nothing polled earlier waits, so what was taken away before this poll does not matter.
		l.mu.Lock()
		l.revoked = false
		l.mu.Unlock()
	}
	for it := fs.RecordIter(); !it.Done(); {
		if err := l.take(ctx, it.Next()); err != nil {
			return false, err
		}
		if l.full() {
			if err := l.load(ctx); err != nil {
				return false, err
			}
		}
	}
	if l.batch.next == nil {
		l.client.AllowRebalance()
		return false, nil
	}
	if time.Since(l.batch.since) < l.sink.MaxWait {
		return false, nil
	}
	records := l.batch.records
	err := l.load(ctx)
	l.client.AllowRebalance()
	return err == nil && records > 0, err
}

func (l *loader) full() bool {
	return l.batch.block.Rows() >= l.sink.MaxRows || len(l.batch.letters) >= 1000 || l.batch.bytes > maxBytes
}

// take adds one record to the batch: rows, or a letter.
func (l *loader) take(ctx context.Context, r *kgo.Record) error {
	if l.batch.next == nil {
		l.batch.next, l.batch.since = map[string]map[int32]kgo.EpochOffset{}, time.Now()
	}
	if !r.Attrs.IsControl() {
		// At once first: a context and its timer for every record cost more than its rows.
		if err := l.rows(ctx, r); err != nil {
			if err := l.patiently(ctx, "decoding a record", func(ctx context.Context) error { return l.rows(ctx, r) }); err != nil {
				return err
			}
		}
		l.batch.records++
		l.batch.bytes += len(r.Value)
	}
	partitions := l.batch.next[r.Topic]
	if partitions == nil {
		partitions = map[int32]kgo.EpochOffset{}
		l.batch.next[r.Topic] = partitions
	}
	partitions[r.Partition] = kgo.EpochOffset{Epoch: r.LeaderEpoch, Offset: r.Offset + 1}
	return nil
}

// rows turns a record into rows of the block, or, where no retry can, into a letter of the batch. Other errors are transient.
func (l *loader) rows(ctx context.Context, r *kgo.Record) error {
	d, err := l.reuse.Deliver(ctx, r)
	var outer schemas.Event
	if inner, redrive := d.Unwrap(); err == nil && redrive != nil {
		if redrive.Consumer != l.table.Group() {
			return nil
		}
		outer = redrive
		d, err = l.sink.Codec.Deliver(ctx, inner)
	}
	if err == nil {
		err = l.batch.block.Take(func(b *Block) error { return l.table.Rows(ctx, d, b) })
		if err != nil && !errors.Is(err, schemas.ErrPoison) && !errors.Is(err, schemas.ErrRegistryUnavailable) && ctx.Err() == nil {
			err = &schemas.PoisonError{Class: schemas.DeadLetterClassRULE_ERROR, Reason: err.Error()}
		}
	}
	if schemas.FateOf(err) != schemas.Poison {
		return err
	}
	return l.bury(r, outer, d.Event, err)
}

// load sends the batch: letters acknowledged, rows inserted, offsets committed, in this order. It returns errRevoked where the batch was dropped.
func (l *loader) load(ctx context.Context) error {
	defer l.empty()
	if len(l.batch.letters) > 0 {
		if err := l.patiently(ctx, "writing dead letters", l.sendLetters); err != nil {
			return err
		}
	}
	if l.batch.block.Rows() > 0 {
		start := time.Now()
		err := l.patiently(ctx, "inserting", func(ctx context.Context) error {
			return Insert(ctx, l.sink.Conn, l.table.Into(), l.batch.block, l.table.Columns)
		})
		if err != nil {
			return err
		}
		l.sink.Metrics.inserted(l.table.Name, l.batch.block.Lines(), time.Since(start))
	}
	return l.commit(ctx)
}

func (l *loader) empty() {
	l.batch.block.Reset()
	l.batch.letters, l.batch.next, l.batch.records, l.batch.bytes = l.batch.letters[:0], nil, 0, 0
}

// commit gives the offsets of the batch back to the group. No partition can be taken away meanwhile: the callback waits for mu. A commit that the
// group refuses (a new generation) loses nothing: the rows are read and inserted again, and identity drops them.
func (l *loader) commit(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.revoked {
		return errRevoked
	}
	start := time.Now()
	bounded, cancel := context.WithTimeout(ctx, l.sink.Attempt)
	defer cancel()
	if err := l.commitOffsets(bounded); err != nil {
		return fmt.Errorf("committing offsets: %w", err)
	}
	l.dog.Feed()
	if l.sink.Observe.OnCommit != nil {
		l.sink.Observe.OnCommit("sink-"+l.table.Name, l.batch.records, time.Since(start))
	}
	return nil
}

// patiently repeats an attempt for as long as its failure is transient. Between attempts the group may rebalance, so that an outage of ClickHouse
// holds up nobody; where that takes a partition away the batch is dropped.
func (l *loader) patiently(ctx context.Context, doing string, try func(context.Context) error) error {
	for attempt := 0; ; attempt++ {
		bounded, cancel := context.WithTimeout(ctx, l.sink.Attempt)
		err := try(bounded)
		cancel()
		l.dog.Feed()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if schemas.FateOf(err) == schemas.Fatal {
			return fmt.Errorf("%s: %w", doing, err)
		}
		l.sink.Metrics.retried(l.table.Name)
		l.sink.Log.Warn("a sink waits and tries again", "table", l.table.Name, "doing", doing, "err", err, "attempt", attempt, "lines", l.batch.block.Lines())
		l.client.AllowRebalance()
		schemas.Backoff(ctx, attempt)
		l.dog.Feed()
		l.mu.Lock()
		dropped := l.revoked
		l.mu.Unlock()
		if dropped {
			return errRevoked
		}
	}
}
