package compose

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/schemas"
)

// ErrStandstill is returned when records wait and no role reads any.
var ErrStandstill = errors.New("nothing moves: is `throughline run` running, with every role?")

// Drain waits until nothing is on its way: no loop has anything to read, and no event waits for its effect in ClickHouse. The roles must run somewhere: where
// no group comes forward for as long as patience, the error is ErrStandstill (a group that restores its state comes forward only afterwards). What admission
// holds is not on its way: it waits for what nobody has said. progress may be nil; it is told how much was read of the most that was seen.
func Drain(ctx context.Context, adm *kadm.Client, codec *schemas.Codec, conn driver.Conn, patience time.Duration, progress func(done, total int64)) error {
	var most int64
	w := waiting{moved: time.Now()}
	// A record between two loops is in no group's lag for a moment, so nothing is believed that has not been seen three times.
	for calm := 0; calm < 3; calm++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
		left, err := w.look(ctx, adm, codec, conn)
		if err != nil {
			return err
		}
		if time.Since(w.moved) > patience {
			return fmt.Errorf("%d records or effects are on their way, and for %s no group has come forward: %w", left, patience, ErrStandstill)
		}
		most = max(most, left)
		if progress != nil {
			progress(most-left, most)
		}
		if left > 0 {
			calm = -1
		}
	}
	return nil
}

// waiting is what was on its way when Drain last looked.
type waiting struct {
	lags    map[string]int64
	pending int64
	moved   time.Time // when any of it became less
}

// look counts unread records, or, where there are none, events whose effect is not visible yet.
func (w *waiting) look(ctx context.Context, adm *kadm.Client, codec *schemas.Codec, conn driver.Conn) (left int64, err error) {
	lags, err := Lag(ctx, adm, codec)
	if err != nil {
		return 0, err
	}
	for group, n := range lags {
		left += n
		if n < w.lags[group] {
			w.moved = time.Now()
		}
	}
	w.lags = lags
	if left > 0 {
		return left, nil // the view is dear while much is loaded
	}
	var pending uint64
	if err := conn.QueryRow(ctx, "SELECT count() FROM completeness WHERE outcome = 'pending'").Scan(&pending); err != nil {
		return 0, fmt.Errorf("asking for events whose effect is pending: %w", err)
	}
	if int64(pending) < w.pending || pending == 0 {
		w.moved = time.Now()
	}
	w.pending = int64(pending)
	return w.pending, nil
}
