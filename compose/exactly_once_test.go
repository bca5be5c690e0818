package compose_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/kafka"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// longEnv makes outages as long as in production; else they are scaled down (operations.md §4).
const longEnv = "THROUGHLINE_LONG"

// ordeal is a load with failures, and what must be true after it.
type ordeal struct {
	t       *testing.T
	sys     *system
	adm     *kadm.Client
	fleet   *fleet
	company *simulate.Company
	events  []schemas.Event
	rng     *rand.Rand
	outage  time.Duration // of ClickHouse
	load    time.Duration // how long publishing takes
	breaker func()        // breaks a broker and mends it; may be nil

	kills []kill
}

const (
	wantKills  = 20
	wantInside = 5
	maxKills   = 120
)

// ordealCompany is the load: the same for every ordeal, so that one undisturbed run serves them all.
var ordealCompany = simulate.Config{Seed: 404, Orders: 2000, SKUs: 60}

// TestExactlyOnceEmbedded: each role a process of its own, killed with SIGKILL at random moments while a load runs, and ClickHouse gone for a while: tables,
// topics and positions equal those of an undisturbed run.
func TestExactlyOnceEmbedded(t *testing.T) {
	want := calmBooks(t)
	s := startSystem(t)
	newOrdeal(t, s).run(want)
}

// TestExactlyOnceOnApacheKafka is the same on three Apache Kafka nodes, one of which is killed and comes back meanwhile.
func TestExactlyOnceOnApacheKafka(t *testing.T) {
	k := startKafka(t, kafka.Config{Nodes: 3})
	want := calmBooks(t)
	s := startSystemOn(t, 3, k.Addrs()...)
	o := newOrdeal(t, s)
	node := 1 + o.rng.IntN(3)
	o.breaker = func() {
		t.Logf("Kafka node %d is killed", node)
		if err := k.Kill(node); err != nil {
			t.Error(err)
		}
		<-time.After(5 * time.Second) // the outage
		if err := k.Restart(context.WithoutCancel(t.Context()), node); err != nil {
			t.Error(err)
		}
		t.Logf("Kafka node %d is back", node)
	}
	o.run(want)
}

// ordealRoles are the loops that carry the load.
var ordealRoles = []string{"intake", "admission", "ticker", "finance", "chain", "atp-deltas", "atp", "operations", "sinks"}

// startKafka starts Apache Kafka. Without Java the test is skipped; with Java a cluster that cannot be had is a failure.
func startKafka(t testing.TB, cfg kafka.Config) *kafka.Cluster {
	t.Helper()
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("SKIPPED, NOT PASSED: no java on PATH, so nothing is tested on Apache Kafka here; install Java 17")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 4*time.Minute)
	defer cancel()
	k, err := kafka.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

var (
	calmOnce sync.Once
	calm     books
)

// calmBooks plays the load with nothing killed, once for all tests of this file, and holds it against the company's second calculation.
func calmBooks(t *testing.T) books {
	t.Helper()
	calmOnce.Do(func() {
		s := startSystem(t)
		stop := s.run()
		o := newOrdealOn(t, s)
		began := time.Now()
		o.publish(nil)
		o.drain()
		calm = s.books()
		s.mustEqual(o.company.Expected())
		if err := stop(); err != nil {
			t.Error(err)
		}
		t.Logf("undisturbed: %d events in %s", len(o.events), time.Since(began).Round(time.Second))
	})
	if calm == nil {
		t.Fatal("the undisturbed run failed: see the first test of this file")
	}
	return calm
}

func newOrdeal(t *testing.T, s *system) *ordeal {
	o := newOrdealOn(t, s)
	o.fleet = startFleet(t, s.cfg, o.adm, ordealRoles)
	return o
}

func newOrdealOn(t *testing.T, s *system) *ordeal {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("THROUGHLINE_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal("THROUGHLINE_SEED:", err)
		}
	}
	t.Logf("seed %d (THROUGHLINE_SEED)", seed)
	opts, err := s.cfg.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	company := simulate.New(ordealCompany)
	o := &ordeal{t: t, sys: s, adm: kadm.NewClient(cl), company: company, events: slices.Collect(company.Events()), rng: rand.New(rand.NewPCG(seed, 1)),
		outage: 15 * time.Second, load: 40 * time.Second}
	if os.Getenv(longEnv) != "" {
		o.outage, o.load = time.Minute, 150*time.Second
	}
	return o
}

// run is the ordeal: load, kills and outages side by side; then the reckoning.
func (o *ordeal) run(want books) {
	began := time.Now()
	loaded := make(chan struct{})
	var g sync.WaitGroup
	g.Go(func() { o.stopClickHouse(loaded) })
	if o.breaker != nil {
		g.Go(func() {
			<-time.After(o.load / 2)
			o.breaker()
		})
	}
	g.Go(func() { o.shoot(loaded) })
	o.publish(loaded)
	g.Wait()
	o.report(time.Since(began))
	calmed := time.Now()
	o.drain()
	o.t.Logf("drained %s after the last failure", time.Since(calmed).Round(time.Second))
	got := o.sys.books()
	for _, diff := range got.differs(want) {
		o.t.Error(diff)
	}
	for _, part := range slices.Sorted(maps.Keys(got)) {
		o.t.Logf("%-22s %6d lines, sha-256 %.16s", part, len(got[part]), got.hash(part))
	}
	o.sys.mustEqual(o.company.Expected())
	for _, e := range o.fleet.exits() {
		o.t.Error(e)
	}
	warned := o.fleet.warnings()
	o.t.Logf("%d warnings of the roles, the first of them:\n%s", len(warned), strings.Join(warned[:min(len(warned), 40)], "\n"))
	if o.t.Failed() {
		o.t.Log(o.fleet.logs())
	}
	o.fleet.halt()
}

// publish sends the company's events; done, where it is not nil, is closed at the end and makes publishing take as long as the load shall last. A few events
// every few milliseconds, so that the loops always have something to collect: in bursts they would be idle, outside any transaction, most of the time.
func (o *ordeal) publish(done chan struct{}) {
	p := o.sys.producer()
	ctx := context.WithoutCancel(o.t.Context())
	if err := p.Emit(ctx, o.company.Reference()...); err != nil {
		o.t.Error(err)
	}
	const every = 4 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	began := time.Now()
	for sent := 0; sent < len(o.events); {
		due := len(o.events)
		if done != nil {
			<-tick.C
			due = min(due, 1+int(float64(due)*time.Since(began).Seconds()/o.load.Seconds()))
		}
		for ; sent < due; sent++ {
			p.EmitAsync(ctx, o.events[sent], func(err error) {
				if err != nil {
					o.t.Error(err)
				}
			})
		}
	}
	if err := p.Flush(ctx); err != nil {
		o.t.Error(err)
	}
	if done != nil {
		close(done)
	}
}

// shoot kills random roles at random moments for as long as the load lasts, and until enough of them died inside a transaction.
func (o *ordeal) shoot(loaded <-chan struct{}) {
	inside := 0
	rng := rand.New(rand.NewPCG(o.rng.Uint64(), 2))
	for len(o.kills) < maxKills {
		select {
		case <-loaded:
			if len(o.kills) >= wantKills && inside >= wantInside {
				return
			}
		default:
		}
		<-time.After(time.Duration(200+rng.IntN(1600)) * time.Millisecond) // the random moment
		role := ordealRoles[rng.IntN(len(ordealRoles))]
		if len(o.kills) > 8+4*inside {
			o.aim(role) // the machine is so slow that a role is mostly starting: a random moment rarely meets a transaction
		}
		k, ok := o.fleet.kill(role)
		if !ok {
			continue
		}
		o.kills = append(o.kills, k)
		if k.inside {
			inside++
		}
	}
}

// aim waits, for a while, until a role says that it is inside a transaction.
func (o *ordeal) aim(role string) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		if o.fleet.all[role].inside() {
			return
		}
		<-tick.C
	}
}

// stopClickHouse takes ClickHouse away for a while in the middle of the load.
func (o *ordeal) stopClickHouse(loaded <-chan struct{}) {
	select {
	case <-time.After(o.load / 5):
	case <-loaded:
	}
	if err := o.sys.engine.Kill(); err != nil {
		o.t.Error(err)
	}
	o.t.Logf("ClickHouse is killed")
	<-time.After(o.outage)
	if err := o.sys.engine.Restart(context.WithoutCancel(o.t.Context())); err != nil {
		o.t.Error(err)
	}
	o.t.Logf("ClickHouse is back after %s", o.outage)
}

func (o *ordeal) report(took time.Duration) {
	o.t.Helper()
	inside, ongoing, roles := 0, 0, map[string]int{}
	for _, k := range o.kills {
		roles[k.role]++
		if k.inside {
			inside++
		}
		if k.ongoing {
			ongoing++
		}
	}
	o.t.Logf("%d kills in %s %v: %d between begin and end of a transaction by the role's own note, %d with a transaction open at the broker", len(o.kills), took.Round(time.Second), roles, inside, ongoing)
	if len(o.kills) < wantKills || inside < wantInside {
		o.t.Errorf("%d kills, %d of them inside a transaction, want %d and %d: the test does not try what it says", len(o.kills), inside, wantKills, wantInside)
	}
}

// drain waits until every event has its effect in ClickHouse and nothing is on its way, and fails with what it last saw.
func (o *ordeal) drain() {
	o.t.Helper()
	o.sys.drain(len(o.events), func() error {
		if o.fleet == nil || len(o.fleet.exits()) <= 50 {
			return nil
		}
		return fmt.Errorf("roles end by themselves over and over: %v", o.fleet.exits()[:3])
	}, func() string {
		if o.fleet == nil {
			return ""
		}
		return o.fleet.logs()
	})
}
