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

// Run does work under Guard and returns its error. Work that is told to end and does not (it hangs where no context reaches) is left behind: Run returns
// ErrStuck when After has passed once more, and the process must exit, because only that ends the client that still sends heartbeats.
func (w *Watchdog) Run(ctx context.Context, work func(context.Context) error) error {
	guarded, release := w.Guard(ctx)
	defer release()
	done := make(chan error, 1)
	go func() { done <- work(guarded) }()
	select {
	case err := <-done:
		return err
	case <-guarded.Done():
	}
	t := time.NewTimer(w.after())
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		return fmt.Errorf("%w, and does not end when it is told to (%w): kill the process if it still runs", ErrStuck, context.Cause(guarded))
	}
}

func (w *Watchdog) after() time.Duration {
	if w.After == 0 {
		return 30 * time.Second
	}
	return w.After
}

// Guard returns a context that ends with ErrStuck when nobody has fed w for its time, and a function that stops watching.
func (w *Watchdog) Guard(ctx context.Context) (context.Context, context.CancelFunc) {
	after := w.after()
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
