package compose_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// A transaction commits for its writer before its marker stands in every partition; with a broker away that takes seconds. Whoever looks meanwhile for what
// it holds must not conclude that there is nothing: the void of an event that was just admitted would die for want of its original, an event behind a close
// would be booked into the closed period.
func TestUndecidedTransactionsAreWaitedFor(t *testing.T) {
	for _, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		t.Run(map[kgo.TransactionEndTry]string{kgo.TryCommit: "committed", kgo.TryAbort: "aborted"}[commit], func(t *testing.T) {
			c := startCluster(t)
			ctx := t.Context()
			writer, err := kgo.NewClient(append(c.opts, kgo.TransactionalID("writer"))...)
			if err != nil {
				t.Fatal(err)
			}
			defer writer.Close()
			if err := writer.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			closes := &schemas.PeriodClosed{Period: "2026-03", ClosedAt: 1_775_100_000_000_000, By: "controller",
				Meta: schemas.Meta{EventID: schemas.NamedID("close"), LegalEntity: "US", CorrelationID: "US"}}
			rec := c.event(closes)
			if err := writer.ProduceSync(ctx, rec).FirstErr(); err != nil {
				t.Fatal(err)
			}
			at := schemas.Position{Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset}

			read := make(chan schemas.Delivery, 1)
			caughtUp := make(chan *projections.Reference, 1)
			go func() {
				d, err := schemas.ReadAt(ctx, c.opts, c.codec, at)
				if err != nil {
					t.Error(err)
				}
				read <- d
			}()
			go func() {
				r, err := projections.OpenReference(c.opts, c.codec)
				if err != nil {
					t.Error(err)
				} else if err := r.CatchUp(ctx); err != nil {
					t.Error(err)
				}
				caughtUp <- r
			}()
			select {
			case <-read:
				t.Error("a record of an undecided transaction was called absent or was read")
			case <-caughtUp:
				t.Error("reference data was called complete before a transaction on it was decided")
			case <-time.After(time.Second): // a right answer never comes before the decision
			}
			if t.Failed() {
				return
			}
			if err := writer.EndTransaction(context.WithoutCancel(ctx), commit); err != nil {
				t.Fatal(err)
			}
			if d := <-read; (d.Record != nil) != bool(commit) {
				t.Errorf("read %v", d.Event)
			}
			r := <-caughtUp
			defer r.Close()
			period, _, late := r.Judge("US", schemas.DateOf(time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)), 4_000_000_000_000_000)
			if late != bool(commit) {
				t.Errorf("an event of March is placed into %s, late %t", period, late)
			}
			at.Offset += 1000
			if d, err := schemas.ReadAt(ctx, c.opts, c.codec, at); err != nil || d.Record != nil {
				t.Errorf("beyond the end: %v %v", d.Record, err)
			}
		})
	}
}
