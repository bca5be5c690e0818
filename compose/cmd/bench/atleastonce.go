package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
)

// counter counts what a derivation gives.
type counter struct{ n atomic.Int64 }

func (c *counter) load() int64 { return c.n.Load() }

func (c *counter) counting(derive processors.Derive) processors.Derive {
	return func(e schemas.Event) ([]schemas.Event, error) {
		out, err := derive(e)
		c.n.Add(int64(len(out)))
		return out, err
	}
}

// atLeastOnce is the processors' loop without transactions, as one would write it: the same polls, the same derivation, partitions in parallel, an
// idempotent producer, and offsets committed after a flush.
func (s *system) atLeastOnce(ctx context.Context, total, round int) (pace, error) {
	group := "throughline-bench-at-least-once-" + strconv.Itoa(round)
	if _, err := schemas.Seed(ctx, s.cluster, group, sourceTopic); err != nil {
		return pace{}, err
	}
	opts := append(append(slices.Clone(s.cluster), schemas.ReadOptions()...), schemas.WriteOptions()...)
	cl, err := kgo.NewClient(append(opts, kgo.ConsumerGroup(group), kgo.ConsumeTopics(sourceTopic), kgo.DisableAutoCommit(), kgo.ProducerLinger(0))...)
	if err != nil {
		return pace{}, err
	}
	defer cl.Close()
	var entries counter
	work := copier{codec: s.codec, derive: entries.counting(finance.Processor().Derive), client: cl}
	var begin time.Time
	for done := 0; done < total; {
		fs := cl.PollRecords(ctx, 20_000)
		if begin.IsZero() {
			begin = time.Now()
		}
		for start := time.Now(); ; {
			if err := fs.Err(); err != nil && ctx.Err() != nil {
				return pace{}, err
			}
			done += fs.NumRecords()
			if err := work.take(ctx, fs); err != nil {
				return pace{}, err
			}
			if time.Since(start) > 100*time.Millisecond || done >= total {
				break
			}
			short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
			fs = cl.PollRecords(short, 20_000)
			cancel()
			if fs.NumRecords() == 0 {
				break
			}
		}
		if err := work.commit(ctx); err != nil {
			return pace{}, err
		}
	}
	took := time.Since(begin).Seconds()
	return pace{float64(total) / took, float64(entries.load()) / took}, nil
}

// copier derives and produces.
type copier struct {
	codec  *schemas.Codec
	derive processors.Derive
	client *kgo.Client
	failed atomic.Pointer[error]
}

func (c *copier) take(ctx context.Context, fs kgo.Fetches) error {
	var g errgroup.Group
	g.SetLimit(4)
	fs.EachPartition(func(p kgo.FetchTopicPartition) {
		g.Go(func() error {
			reuse := schemas.Reuse{Codec: c.codec, Envelope: finance.Processor().Silent} // as the transactions do
			for _, r := range p.Records {
				if err := c.one(ctx, &reuse, r); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return g.Wait()
}

func (c *copier) one(ctx context.Context, reuse *schemas.Reuse, r *kgo.Record) error {
	d, err := reuse.Deliver(ctx, r)
	if err != nil {
		return err
	}
	events, err := c.derive(d.Event)
	if err != nil {
		return err
	}
	for _, e := range events {
		out, err := c.codec.Record(e)
		if err != nil {
			return err
		}
		c.client.Produce(ctx, out, func(_ *kgo.Record, err error) {
			if err != nil {
				c.failed.Store(&err)
			}
		})
	}
	return nil
}

func (c *copier) commit(ctx context.Context) error {
	if err := c.client.Flush(ctx); err != nil {
		return err
	}
	if err := c.failed.Load(); err != nil {
		return fmt.Errorf("producing entries: %w", *err)
	}
	return c.client.CommitUncommittedOffsets(ctx)
}
