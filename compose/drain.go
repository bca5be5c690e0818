package compose

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/schemas"
)

// Drain waits until nothing is on its way: no loop has anything to read, and no event waits for its effect in ClickHouse. The roles must run somewhere. What
// admission holds is not on its way: it waits for what nobody has said. progress may be nil; it is told how much was read of the most that was seen.
func Drain(ctx context.Context, adm *kadm.Client, codec *schemas.Codec, conn driver.Conn, progress func(done, total int64)) error {
	var most int64
	// A record between two loops is in no group's lag for a moment, so nothing is believed that has not been seen three times.
	for calm := 0; calm < 3; calm++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
		left, err := onTheWay(ctx, adm, codec, conn)
		if err != nil {
			return err
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

// onTheWay counts unread records and events whose effect is not visible yet.
func onTheWay(ctx context.Context, adm *kadm.Client, codec *schemas.Codec, conn driver.Conn) (left int64, err error) {
	lags, err := Lag(ctx, adm, codec)
	if err != nil {
		return 0, err
	}
	for _, n := range lags {
		left += n
	}
	if left > 0 {
		return left, nil // the view is dear while much is loaded
	}
	var pending uint64
	if err := conn.QueryRow(ctx, "SELECT count() FROM completeness WHERE outcome = 'pending'").Scan(&pending); err != nil {
		return 0, fmt.Errorf("asking for events whose effect is pending: %w", err)
	}
	return int64(pending), nil
}
