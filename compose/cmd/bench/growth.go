package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/throughline/throughline/schemas"
)

// measureGrowth is the part "growth": what an event costs at intake and admission, the roles whose state grows, while the log grows.
func measureGrowth(ctx context.Context, b *bench) error {
	sizes := []int{10_000, 100_000, 1_000_000}
	if b.quick {
		sizes = []int{10_000, 100_000}
	}
	s, err := b.start(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.run("intake", "admission", "ticker"); err != nil {
		return err
	}
	w, err := s.settle(ctx)
	if err != nil {
		return err
	}
	// A little first: joining groups and reading reference data is no event's cost.
	if _, err := w.growTo(ctx, sizes[0]/10); err != nil {
		return err
	}
	var costs []float64
	for _, size := range sizes {
		cost, err := w.growTo(ctx, size)
		if err != nil {
			return err
		}
		costs = append(costs, cost)
		state, err := s.stateSize(ctx)
		if err != nil {
			return err
		}
		b.row(row{what: fmt.Sprintf("intake and admission, log of %s events", count(float64(w.events))), ours: fmt.Sprintf("%.1f µs CPU an event, %.0f bytes of state", cost,
			float64(state)/float64(w.events))})
	}
	ratio := costs[len(costs)-1] / costs[0]
	b.row(row{what: "… the last events beside the first", ours: fmt.Sprintf("%.1f µs", costs[len(costs)-1]), baseline: fmt.Sprintf("%.1f µs", costs[0]), ratio: times(ratio),
		goal: "flat: ≤ 1.2x", met: meets(ratio <= 1.2)})
	return nil
}

// growTo publishes lives until the log has so many events, and returns what intake and admission worked for each of them, in microseconds.
func (w *world) growTo(ctx context.Context, size int) (float64, error) {
	before, err := w.cpu()
	if err != nil {
		return 0, err
	}
	events := w.events
	if err := w.publish(ctx, (size-int(w.events))/lifeEvents, 0); err != nil {
		return 0, err
	}
	if err := w.caughtUp(ctx, schemas.Group("intake"), schemas.Group("admission")); err != nil {
		return 0, err
	}
	after, err := w.cpu()
	if err != nil {
		return 0, err
	}
	var used time.Duration
	for _, role := range []string{"intake", "admission"} {
		used += after[role] - before[role]
	}
	return float64(used.Microseconds()) / float64(w.events-events), nil
}

// stateSize is what the roles' state amounts to, keys and values: the newest record of each key of the changelogs, which hold what the stores hold.
func (s *system) stateSize(ctx context.Context) (total int64, err error) {
	var changelogs []string
	for _, t := range schemas.Topics {
		if strings.HasPrefix(t.Name, "changelog.intake.") || t.Name == "changelog.admission" {
			changelogs = append(changelogs, t.Name)
		}
	}
	newest := map[string]int64{}
	for r, err := range schemas.ReadRecords(ctx, s.cluster, schemas.Span{Topics: changelogs}) {
		if err != nil {
			return 0, fmt.Errorf("measuring the state: %w", err)
		}
		key := r.Topic + "/" + string(r.Key)
		total -= newest[key]
		newest[key] = 0
		if r.Value != nil {
			newest[key] = int64(len(r.Key) + len(r.Value))
			total += newest[key]
		}
	}
	return total, nil
}
