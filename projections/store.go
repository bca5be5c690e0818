package projections

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// store is the local state of one role: one Pebble database, one part per assigned changelog partition.
type store struct {
	db      *pebble.DB
	values  Values
	cluster []kgo.Opt
	limit   int
	dog     *schemas.Watchdog

	broken atomic.Pointer[error]

	restoring sync.Mutex // held while a restore writes: the client's goroutine restores, the loop's closes
	closed    bool
	failed    atomic.Pointer[error] // why the last restore failed

	mu    sync.Mutex
	parts map[partID]*part
}

// ErrStateStore is returned when the state store cannot be written, because its disk is full or broken. Nothing is lost: make room, or give it another
// data_dir, and start again; what the store lacks it reads from its changelog.
var ErrStateStore = fmt.Errorf("%w: the state store cannot be written: make room on its disk, or set another data_dir, and start again", schemas.ErrStuck)

// ErrStateAhead is returned when the state store knows more than its changelog holds: the topic was made again, or lost its end. Such state would call new
// events duplicates of what nobody has.
var ErrStateAhead = fmt.Errorf("%w: delete the state store's directory, and it is rebuilt from what the changelog holds", schemas.ErrLogMoved)

const memTable = 64 << 20

func openStore(fs vfs.FS, dir string, values Values, cluster []kgo.Opt, limit int) (*store, error) {
	cache := pebble.NewCache(64 << 20)
	defer cache.Unref()
	s := &store{values: values, cluster: cluster, limit: limit, parts: map[partID]*part{}}
	opts := &pebble.Options{
		// The changelog is the log: what a crash takes from the memtable comes back from there.
		DisableWAL: true, Cache: cache, MemTableSize: memTable, Logger: quiet{}, FormatMajorVersion: pebble.FormatNewest, FS: fs,
		// Pebble repeats a flush that failed for ever and stalls writes meanwhile: a full disk would look like a hang.
		EventListener: &pebble.EventListener{BackgroundError: func(err error) { s.broken.CompareAndSwap(nil, &err) }},
	}
	// Most look-ups are of ids that never came: without filters each would read a block of every level, and cost the more the larger the log.
	opts.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	db, err := pebble.Open(dir, opts)
	if err != nil {
		return nil, fmt.Errorf("opening the state store: %w. If it is damaged, delete its directory: it is rebuilt from the changelog", err)
	}
	s.db = db
	return s, nil
}

// health is the first error of a background write, nil while all is well.
func (s *store) health() error {
	if err := s.broken.Load(); err != nil {
		return fmt.Errorf("%w: %w", ErrStateStore, *err)
	}
	return nil
}

// close waits for a restore that runs: the client has cancelled it, but need not have waited for it.
func (s *store) close() error {
	s.restoring.Lock()
	defer s.restoring.Unlock()
	s.closed = true
	return s.db.Close()
}

// takeOver restores parts and keeps the error for the loop, which the client does not tell.
func (s *store) takeOver(ctx context.Context, ids []partID) error {
	s.restoring.Lock()
	defer s.restoring.Unlock()
	if s.closed {
		return context.Canceled
	}
	err := s.restore(ctx, ids)
	if err != nil {
		s.failed.Store(&err)
	}
	return err
}

// restoreError is why a restore failed, nil where none has.
func (s *store) restoreError() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (s *store) part(id partID) *part {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parts[id]
}

// restore brings the parts up to the changelog's end and takes them over. The end is the high watermark, read uncommitted: a transaction that is still
// open there must be decided before the state is known, and reading committed waits for exactly that.
func (s *store) restore(ctx context.Context, ids []partID) error {
	if len(ids) == 0 {
		return nil
	}
	span, err := s.span(ctx, ids)
	if err != nil {
		return err
	}
	fresh := map[partID]*part{}
	for _, id := range ids {
		p, err := newPart(id, s.db, s.values, s.limit)
		if err != nil {
			return err
		}
		if end := span.Until[id.changelog][id.partition]; p.resume > end {
			return fmt.Errorf("%w: the state store has %s/%d up to offset %d, the log ends at %d", ErrStateAhead, id.changelog, id.partition, p.resume, end)
		}
		fresh[id] = p
		if span.From[id.changelog] == nil {
			span.From[id.changelog] = map[int32]int64{}
		}
		span.From[id.changelog][id.partition] = p.resume
	}
	if err := s.catchUp(ctx, span, fresh); err != nil {
		return fmt.Errorf("restoring state from its changelog: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range fresh {
		s.parts[id] = p
	}
	return nil
}

func (s *store) span(ctx context.Context, ids []partID) (schemas.Span, error) {
	cl, err := kgo.NewClient(s.cluster...)
	if err != nil {
		return schemas.Span{}, fmt.Errorf("restoring state: %w", err)
	}
	defer cl.Close()
	topics := map[string]bool{}
	for _, id := range ids {
		topics[id.changelog] = true
	}
	span := schemas.Span{From: map[string]map[int32]int64{}, Until: map[string]map[int32]int64{}, Only: map[schemas.Position]bool{}, Open: true}
	for t := range topics {
		span.Topics = append(span.Topics, t)
	}
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, span.Topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return schemas.Span{}, fmt.Errorf("restoring state: listing the changelog's end: %w", err)
	}
	for _, id := range ids {
		end, ok := ends.Lookup(id.changelog, id.partition)
		if !ok {
			return schemas.Span{}, fmt.Errorf("%w: %s has no partition %d: it must have as many as its input", schemas.ErrTopicSettings, id.changelog, id.partition)
		}
		if span.Until[id.changelog] == nil {
			span.Until[id.changelog] = map[int32]int64{}
		}
		span.Until[id.changelog][id.partition] = end.Offset
		span.Only[schemas.Position{Topic: id.changelog, Partition: id.partition}] = true
	}
	return span, nil
}

const restoreBatch = 8 << 20

func (s *store) catchUp(ctx context.Context, span schemas.Span, parts map[partID]*part) error {
	batch := s.db.NewBatch()
	defer func() { batch.Close() }()
	flush := func() error {
		for _, p := range parts {
			if err := batch.Set(p.offsetKey(), binary.BigEndian.AppendUint64(nil, uint64(p.resume)), nil); err != nil {
				return err
			}
		}
		if err := batch.Commit(pebble.NoSync); err != nil {
			return err
		}
		s.dog.Feed()
		batch = s.db.NewBatch()
		return nil
	}
	for r, err := range schemas.ReadRecords(ctx, s.cluster, span) {
		if err != nil {
			return err
		}
		p := parts[partID{r.Topic, r.Partition}]
		if err := set(batch, p.storeKey(nil, string(r.Key)), r.Value); err != nil {
			return err
		}
		p.resume = r.Offset + 1
		if batch.Len() > restoreBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// quiet drops Pebble's chatter; its errors are returned where they happen.
type quiet struct{}

func (quiet) Infof(string, ...any)         {}
func (quiet) Errorf(string, ...any)        {}
func (quiet) Fatalf(f string, args ...any) { panic(fmt.Sprintf("state store: "+f, args...)) }
