package schemas

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Watchdog ends a loop that heartbeats but does not move: the client library has no max.poll.interval, so a hung worker would otherwise keep its
// partitions for ever. Every bounded attempt feeds it: a poll, an insert, a chunk of a restore, a step of a transaction.
type Watchdog struct {
	After time.Duration // 30 s where zero
	fed   atomic.Int64
}

// Feed says that the loop has moved.
func (w *Watchdog) Feed() { w.fed.Store(time.Now().UnixNano()) }

// Guard returns a context that ends with ErrStuck when nobody has fed w for its time, and a function that stops watching.
func (w *Watchdog) Guard(ctx context.Context) (context.Context, context.CancelFunc) {
	after := w.After
	if after == 0 {
		after = 30 * time.Second
	}
	w.Feed()
	guarded, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(after / 10)
		defer t.Stop()
		for {
			select {
			case <-guarded.Done():
				return
			case now := <-t.C:
				if idle := now.Sub(time.Unix(0, w.fed.Load())); idle > after {
					cancel(fmt.Errorf("%w for %s: restart the process and look at what its last log line says", ErrStuck, idle.Round(time.Second)))
					return
				}
			}
		}
	}()
	return guarded, func() { cancel(context.Canceled); <-done }
}
