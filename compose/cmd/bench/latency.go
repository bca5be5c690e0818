package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/kafka"
)

// delays asks ClickHouse, event by event, how long it took from the append of the intake record until the event and all that follows from it, every
// line of its entries and deltas, had been loaded.
const delays = `SELECT quantileExact(0.5)(delay), quantileExact(0.99)(delay), count() FROM (
	SELECT event_id, dateDiff('millisecond', min(recorded_at), max(loaded_at)) AS delay FROM (
		SELECT event_id, recorded_at, loaded_at FROM events_log
		UNION ALL SELECT event_id, recorded_at, loaded_at FROM journal_lines_log
		UNION ALL SELECT event_id, recorded_at, loaded_at FROM stock_deltas_log)
	WHERE recorded_at >= fromUnixTimestamp64Micro(?) GROUP BY event_id)`

// measureDelay publishes at a modest steady rate and returns p50 and p99 from publish to visible, in milliseconds.
func (w *world) measureDelay(ctx context.Context, lives int, every time.Duration) (p50, p99 int64, err error) {
	since := time.Now().UnixMicro()
	if err := w.publish(ctx, lives, every); err != nil {
		return 0, 0, err
	}
	if _, err := w.visible(ctx); err != nil {
		return 0, 0, err
	}
	var events uint64
	if err := w.conn.QueryRow(ctx, delays, since).Scan(&p50, &p99, &events); err != nil {
		return 0, 0, fmt.Errorf("asking for delays: %w", err)
	}
	if events != uint64(lives*lifeEvents) {
		return 0, 0, fmt.Errorf("ClickHouse knows the delay of %d events of %d", events, lives*lifeEvents)
	}
	return p50, p99, nil
}

// delayRow measures delays and puts them into the table.
func (b *bench) delayRow(ctx context.Context, w *world, where string) error {
	seconds := 20
	if b.quick {
		seconds = 5
	}
	const every = 10 * time.Millisecond
	if _, _, err := w.measureDelay(ctx, 100, every); err != nil { // to warm up
		return err
	}
	var p50s, p99s []float64
	for range b.rounds {
		p50, p99, err := w.measureDelay(ctx, seconds*int(time.Second/every), every)
		if err != nil {
			return err
		}
		p50s, p99s = append(p50s, float64(p50)), append(p99s, float64(p99))
	}
	b.row(row{what: "publish to visible in ClickHouse, " + where + ", 800 events/s", ours: fmt.Sprintf("p50 %.2f s, p99 %.2f s", median(p50s)/1000, median(p99s)/1000),
		goal: "p99 < 2 s", met: meets(median(p99s) < 2000)})
	return nil
}

// measureLatency is the part "latency": embedded, and on Apache Kafka.
func measureLatency(ctx context.Context, b *bench) error {
	for _, real := range []bool{false, true} {
		where := "embedded"
		if real {
			where = "Apache Kafka, one node"
		}
		err := b.latencyOn(ctx, real, where)
		if real && errors.Is(err, kafka.ErrUnavailable) {
			b.row(row{what: "publish to visible in ClickHouse, " + where, ours: err.Error(), goal: "p99 < 2 s", met: notMeasured})
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) latencyOn(ctx context.Context, real bool, where string) error {
	s, err := b.start(ctx, real)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.run(compose.RoleNames()...); err != nil {
		return err
	}
	w, err := s.settle(ctx)
	if err != nil {
		return err
	}
	return b.delayRow(ctx, w, where)
}
