package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/schemas"
)

// Sink loads tables. Each table has a goroutine and a consumer group of its own (throughline-sink-<table>), so that one that lags holds up no other; the
// committed offsets of that group are the only position there is.
type Sink struct {
	Tables  []Table
	Cluster []kgo.Opt // how to reach the brokers
	Codec   *schemas.Codec
	Conn    driver.Conn // from Open
	Replica string      // stable per replica: a restarted replica takes its partitions over at once

	MaxRows  int           // an insert goes out at so many rows of the base table, or 64 MiB of records: 65,536 where zero; 8,000 cost the engine twice as much per row
	MaxWait  time.Duration // or when its first record has waited so long: 500 ms where zero
	Attempt  time.Duration // one try of an insert or of a letter: 25 s where zero; below the watchdog's time
	Watchdog time.Duration // 30 s where zero
	Log      *slog.Logger
	Observe  schemas.Observer // told of commits and letters
	Metrics  *Metrics         // may be nil
}

func (s Sink) withDefaults() Sink {
	if s.MaxRows == 0 {
		s.MaxRows = 1 << 16
	}
	if s.MaxWait == 0 {
		s.MaxWait = 500 * time.Millisecond
	}
	if s.Attempt == 0 {
		s.Attempt = 25 * time.Second
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return s
}

// topics are what the sink of t reads: its topics, and the redrives of its letters.
func (s Sink) topics(t Table) []string {
	if t.Name == lettersTable {
		return t.Topics
	}
	return append(append([]string{}, t.Topics...), schemas.RedriveTopic(t.Group()))
}

// Groups are the consumer groups of the sink's tables with the topics that each reads, for seeding.
func (s Sink) Groups() map[string][]string {
	groups := make(map[string][]string, len(s.Tables))
	for _, t := range s.Tables {
		groups[t.Group()] = s.topics(t)
	}
	return groups
}

// Run blocks until ctx ends (nil) or until something halts a table: the EXTERNAL errors of package schemas, or a ClickHouse that needs an operator
// when the sink starts. Whatever fails later is waited out.
func (s Sink) Run(ctx context.Context) error {
	s = s.withDefaults()
	if err := s.waitForClickHouse(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range s.Tables {
		g.Go(func() error { return s.runTable(ctx, t) })
	}
	g.Go(func() error { return s.noteProgress(ctx) })
	return g.Wait()
}

// waitForClickHouse returns once the tables are there. An unreachable server is waited for; a wrong password is not.
func (s Sink) waitForClickHouse(ctx context.Context) error {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		err := Check(ctx, s.Conn, s.Tables...)
		if err == nil {
			return nil
		}
		if misconfigured(err) {
			return err
		}
		s.Log.Warn("sinks wait for ClickHouse", "err", err, "attempt", attempt)
		schemas.Backoff(ctx, attempt)
	}
	return nil
}

// runTable makes a new client whenever the last one's state is not to be trusted.
func (s Sink) runTable(ctx context.Context, t Table) error {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		progressed, err := s.session(ctx, t)
		if ctx.Err() != nil && !errors.Is(err, schemas.ErrStuck) {
			return nil
		}
		if schemas.FateOf(err) == schemas.Fatal {
			return fmt.Errorf("sink %s: %w", t.Name, schemas.NameOfFence(err))
		}
		if progressed {
			attempt = 0
		}
		s.Log.Warn("sink starts anew", "table", t.Name, "err", err, "attempt", attempt)
		schemas.Backoff(ctx, attempt)
	}
	return nil
}

// session is the life of one client.
func (s Sink) session(ctx context.Context, t Table) (progressed bool, err error) {
	if err := schemas.CheckSeeded(ctx, s.Cluster, t.Group(), s.topics(t)...); err != nil {
		return false, err
	}
	b, err := NewBlock(t.Columns)
	if err != nil {
		return false, fmt.Errorf("%w: table %s: %w", schemas.ErrTopicSettings, t.Name, err)
	}
	l := &loader{sink: s, table: t, batch: batch{block: b}, dog: &schemas.Watchdog{After: s.Watchdog}, reuse: schemas.Reuse{Codec: s.Codec}}
	if l.client, err = kgo.NewClient(l.options()...); err != nil {
		return false, fmt.Errorf("joining group %s: %w", t.Group(), err)
	}
	// Not CloseAllowingRebalance: a static member does not leave, its restarted self continues where it stood.
	defer l.client.Close()
	defer l.client.AllowRebalance()
	guarded, release := l.dog.Guard(ctx)
	defer release()
	for guarded.Err() == nil {
		moved, err := l.step(guarded)
		if err != nil {
			return progressed, err
		}
		progressed = progressed || moved
	}
	return progressed, context.Cause(guarded)
}
