package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/kafka"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// lifeEvents is how many events a life has: ten lines accepted, reserved, picked, packed, shipped, invoiced, captured, settled.
const lifeEvents = 8

// world is a company and how far its lives have been published.
type world struct {
	*system
	company *simulate.Company
	lives   int
	events  uint64
	held    float64 // share of events that waited for another one
}

// settle publishes reference data and receipts, so that lives find what they need.
func (s *system) settle(ctx context.Context) (*world, error) {
	w := &world{system: s, company: simulate.New(simulate.Config{Seed: 1, Orders: 1, LivesOnly: true})}
	if err := s.producer.Emit(ctx, w.company.Reference()...); err != nil {
		return nil, err
	}
	var receipts []schemas.Event
	for e := range w.company.Events() {
		if e.EventType() != "inventory.received" {
			break
		}
		receipts = append(receipts, e)
	}
	w.events = uint64(len(receipts))
	return w, s.producer.Emit(ctx, receipts...)
}

// inFlight is how many events may wait for intake: a source that is faster than the system waits, as one behind a queue with an end would.
const inFlight = 16_000

// throttle waits until intake has read all but inFlight of what was published.
func (w *world) throttle(ctx context.Context) error {
	for {
		committed, err := kadm.NewClient(w.client).FetchOffsets(ctx, schemas.Group("intake"))
		if err != nil {
			return err
		}
		var read uint64
		committed.Each(func(o kadm.OffsetResponse) {
			if strings.HasPrefix(o.Topic, schemas.IntakePrefix) {
				read += uint64(o.At)
			}
		})
		if w.events < read+inFlight {
			return nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// apart is how many lives begin between two steps of one life: orders overlap, as in a company, where packing does not follow on picking within a
// microsecond.
const apart = 250

// publish emits the next n lives, as fast as intake takes them, or one each `every`, and returns when all of them are durable.
func (w *world) publish(ctx context.Context, n int, every time.Duration) error {
	var failed atomic.Pointer[error]
	done := func(err error) {
		if err != nil {
			failed.Store(&err)
		}
	}
	gap := min(apart, max(n/lifeEvents, 1))
	ring, next := make([]simulate.Life, (lifeEvents-1)*gap+1), time.Now() // so many lives are open at once
	for i := range n + (lifeEvents-1)*gap {
		if i%250 == 0 && every == 0 {
			if err := w.throttle(ctx); err != nil {
				return err
			}
		}
		if i < n {
			w.company.Life(w.lives, &ring[i%len(ring)])
			w.lives++
		}
		for step := range lifeEvents {
			if life := i - step*gap; life >= 0 && life < n {
				w.producer.EmitAsync(ctx, ring[life%len(ring)].Events()[step], done)
				w.events++
			}
		}
		if every > 0 {
			next = next.Add(every)
			if err := pause(ctx, time.Until(next)); err != nil {
				return err
			}
		}
	}
	if err := w.producer.Flush(ctx); err != nil {
		return err
	}
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// visible waits until everything published is in ClickHouse with all that follows from it, and checks that it is.
func (w *world) visible(ctx context.Context) (time.Time, error) {
	at, err := w.drained(ctx)
	if err != nil {
		return at, err
	}
	var loaded uint64
	if err := w.conn.QueryRow(ctx, "SELECT uniqExact(event_id) FROM events_log").Scan(&loaded); err != nil {
		return at, err
	}
	if loaded != w.events {
		return at, fmt.Errorf("ClickHouse has %d events of %d: see the roles' logs", loaded, w.events)
	}
	return at, nil
}

// complete asks the completeness view, which is too dear to ask while the clock runs.
func (w *world) complete(ctx context.Context) error {
	var open uint64
	if err := w.conn.QueryRow(ctx, "SELECT count() FROM completeness WHERE outcome IN ('pending', 'missing', 'dead')").Scan(&open); err != nil {
		return err
	}
	var held uint64
	if err := w.conn.QueryRow(ctx, "SELECT uniqExact(topic, partition, offset) FROM holds_log").Scan(&held); err != nil {
		return err
	}
	w.held = float64(held) / float64(w.events)
	if open > 0 {
		return fmt.Errorf("%d events have no effect in ClickHouse", open)
	}
	return nil
}

// livesRun is one measurement.
type livesRun struct {
	rate float64            // lives a second, from the first publish to all visible
	cost map[string]float64 // CPU microseconds a life, by process
}

// measureRate publishes n lives at once and takes the time until everything that follows is visible.
func (w *world) measureRate(ctx context.Context, n int) (livesRun, error) {
	before, err := w.cpu()
	if err != nil {
		return livesRun{}, err
	}
	begin := time.Now()
	if err := w.publish(ctx, n, 0); err != nil {
		return livesRun{}, err
	}
	at, err := w.visible(ctx)
	if err != nil {
		return livesRun{}, err
	}
	after, err := w.cpu()
	if err != nil {
		return livesRun{}, err
	}
	r := livesRun{rate: float64(n) / at.Sub(begin).Seconds(), cost: map[string]float64{}}
	for name, d := range after {
		r.cost[name] = float64((d - before[name]).Microseconds()) / float64(n)
	}
	return r, nil
}

// lifeCount is how many lives a run and its warm-up take.
func (b *bench) lifeCount() (warm, n int) {
	if b.quick {
		return 500, 5_000
	}
	return 5_000, 60_000
}

// livesOn starts a system with the roles given and measures lives on it; the median run's costs go with it.
func (b *bench) livesOn(ctx context.Context, real bool, roles []string) ([]livesRun, error) {
	s, err := b.start(ctx, real)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.run(roles...); err != nil {
		return nil, err
	}
	w, err := s.settle(ctx)
	if err != nil {
		return nil, err
	}
	warm, n := b.lifeCount()
	if _, err := w.measureRate(ctx, warm); err != nil {
		return nil, err
	}
	var runs []livesRun
	for range b.rounds {
		r, err := w.measureRate(ctx, n)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(b.log, "%.0f lives/s %s\n", r.rate, costs(r.cost))
		runs = append(runs, r)
	}
	if err := w.complete(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintf(b.log, "%.1f %% of the events waited for another one\n", 100*w.held)
	return runs, nil
}

// costs prints CPU microseconds a life, dearest first.
func costs(cost map[string]float64) string {
	names := make([]string, 0, len(cost))
	total := 0.0
	for name, c := range cost {
		names = append(names, name)
		total += c
	}
	slices.SortFunc(names, func(a, b string) int { return int(cost[b]*1000) - int(cost[a]*1000) })
	s := fmt.Sprintf("%.0f µs CPU a life:", total)
	for _, name := range names {
		s += fmt.Sprintf(" %s %.0f,", name, cost[name])
	}
	return s[:len(s)-1]
}

func rates(runs []livesRun) []float64 {
	all := make([]float64, len(runs))
	for i, r := range runs {
		all[i] = r.rate
	}
	return all
}

// measureLives is the part "lives".
func measureLives(ctx context.Context, b *bench) error {
	apart, err := b.livesOn(ctx, false, compose.RoleNames())
	if err != nil {
		return err
	}
	rate := median(rates(apart))
	b.row(row{what: "complete order lives, embedded, a process per role", ours: count(rate) + "/s", goal: "≥ 3,000/s", met: meets(rate >= 3000)})
	for _, name := range costNames(apart) {
		b.row(row{what: "… CPU a life: " + name, ours: fmt.Sprintf("%.0f µs", medianCost(apart, name))})
	}
	together, err := b.livesOn(ctx, false, []string{"all"})
	if err != nil {
		return err
	}
	rate = median(rates(together))
	b.row(row{what: "complete order lives, embedded, all roles in one process", ours: count(rate) + "/s", goal: "≥ 3,000/s", met: meets(rate >= 3000)})
	real, err := b.livesOn(ctx, true, []string{"all"})
	if errors.Is(err, kafka.ErrUnavailable) {
		b.row(row{what: "complete order lives on Apache Kafka", ours: err.Error(), met: notMeasured})
		return nil
	}
	if err != nil {
		return err
	}
	b.row(row{what: "complete order lives on Apache Kafka, one node, all roles in one process", ours: count(median(rates(real))) + "/s"})
	return nil
}

func costNames(runs []livesRun) []string {
	var all []string
	for name := range runs[0].cost {
		all = append(all, name)
	}
	slices.SortFunc(all, func(a, b string) int { return int(1000 * (medianCost(runs, b) - medianCost(runs, a))) })
	return all
}

func medianCost(runs []livesRun, name string) float64 {
	var all []float64
	for _, r := range runs {
		all = append(all, r.cost[name])
	}
	return median(all)
}
