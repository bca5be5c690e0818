package schemas

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Span is a part of the log.
type Span struct {
	Topics []string
	From   map[string]map[int32]int64 // first offsets; a partition without one begins at its start
	Only   map[Position]bool          // these partitions (offset 0 in the key), all where nil
	Open   bool                       // ends are high watermarks: transactions that are undecided before them are waited for
	Until  map[string]map[int32]int64 // ends, exclusive; a partition without one ends where it ends when reading begins
}

// ReadRecords is a part of the log as an iterator: committed records only, in order within each partition. Replay, audit and redrive use it.
func ReadRecords(ctx context.Context, cluster []kgo.Opt, span Span) iter.Seq2[*kgo.Record, error] {
	return func(yield func(*kgo.Record, error) bool) {
		if err := readRecords(ctx, cluster, span, func(r *kgo.Record) bool { return yield(r, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// Read decodes what ReadRecords reads. A record that cannot be decoded is yielded with its position and an error that is ErrPoison; reading goes
// on if the caller does.
func Read(ctx context.Context, cluster []kgo.Opt, codec *Codec, span Span) iter.Seq2[Delivery, error] {
	return func(yield func(Delivery, error) bool) {
		for r, err := range ReadRecords(ctx, cluster, span) {
			if err != nil {
				yield(Delivery{}, err)
				return
			}
			d, err := codec.Deliver(ctx, r)
			if !yield(d, err) {
				return
			}
		}
	}
}

func readRecords(ctx context.Context, cluster []kgo.Opt, span Span, yield func(*kgo.Record) bool) error {
	adminClient, err := kgo.NewClient(cluster...)
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	adm := kadm.NewClient(adminClient)
	starts, left, err := span.bounds(ctx, adm)
	adminClient.Close()
	if err != nil || len(left) == 0 {
		return err
	}
	// Markers are kept: a partition may end in one, and only they show that its end is reached.
	cl, err := kgo.NewClient(append(append(append([]kgo.Opt{}, cluster...), ReadOptions()...), kgo.ConsumePartitions(starts), kgo.KeepControlRecords())...)
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	defer cl.Close()
	for len(left) > 0 {
		fs := cl.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := HaltOf(fs); err != nil {
			return err
		}
		for it := fs.RecordIter(); !it.Done(); {
			r := it.Next()
			at := Position{Topic: r.Topic, Partition: r.Partition}
			end, open := left[at]
			if !open {
				continue
			}
			if r.Offset < end && !r.Attrs.IsControl() && !yield(r) {
				return nil
			}
			if r.Offset+1 >= end {
				delete(left, at)
			}
		}
	}
	return nil
}

func (s Span) bounds(ctx context.Context, adm *kadm.Client) (map[string]map[int32]kgo.Offset, map[Position]int64, error) {
	first, err := adm.ListStartOffsets(ctx, s.Topics...)
	if err == nil {
		err = first.Error()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing start offsets: %w", err)
	}
	list := adm.ListCommittedOffsets
	if s.Open {
		list = adm.ListEndOffsets
	}
	ends, err := list(ctx, s.Topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing end offsets: %w", err)
	}
	starts, left := map[string]map[int32]kgo.Offset{}, map[Position]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if s.Only != nil && !s.Only[Position{Topic: o.Topic, Partition: o.Partition}] {
			return
		}
		begin, _ := first.Lookup(o.Topic, o.Partition)
		from, until := begin.Offset, o.Offset
		if at, ok := s.From[o.Topic][o.Partition]; ok {
			from = max(from, at)
		}
		if at, ok := s.Until[o.Topic][o.Partition]; ok {
			until = min(until, at)
		}
		if from >= until {
			return
		}
		if starts[o.Topic] == nil {
			starts[o.Topic] = map[int32]kgo.Offset{}
		}
		starts[o.Topic][o.Partition] = kgo.NewOffset().At(from)
		left[Position{Topic: o.Topic, Partition: o.Partition}] = until
	})
	return starts, left, nil
}

// ReadAt reads the one record at p. The delivery's Record is nil where the log does not hold it: it is gone, was aborted, or has not been written. A
// transaction that is undecided there is waited for: a committed one is seen by its writer before its marker stands in every partition, and while a
// broker is away that takes seconds.
func ReadAt(ctx context.Context, cluster []kgo.Opt, codec *Codec, p Position) (Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	span := Span{Topics: []string{p.Topic}, Open: true, Only: map[Position]bool{{Topic: p.Topic, Partition: p.Partition}: true},
		From:  map[string]map[int32]int64{p.Topic: {p.Partition: p.Offset}},
		Until: map[string]map[int32]int64{p.Topic: {p.Partition: p.Offset + 1}}}
	for r, err := range ReadRecords(ctx, cluster, span) {
		if err != nil {
			return Delivery{}, err
		}
		return codec.Deliver(ctx, r)
	}
	return Delivery{}, nil
}
