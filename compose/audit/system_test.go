package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/processors"
	deltas "github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/projections/admission"
	"github.com/throughline/throughline/projections/atp"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

func TestMain(m *testing.M) {
	embedded.RunEngineIfChild()
	os.Exit(m.Run())
}

// system is every role on an in-process broker, as far as a test starts them.
type system struct {
	t     testing.TB
	opts  []kgo.Opt
	cl    *kgo.Client
	adm   *kadm.Client
	codec *schemas.Codec
	conn  driver.Conn
	stops []func()
	roles map[string][]string // group → the topics that it reads
}

// derive changes what a processor gives, to break it on purpose.
type derive = func(processors.Derive) processors.Derive

func asBuilt(d processors.Derive) processors.Derive { return d }

func newSystem(t testing.TB) *system {
	t.Helper()
	b, err := embedded.StartBroker(t.Context(), embedded.BrokerConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	s := &system{t: t, opts: []kgo.Opt{kgo.SeedBrokers(b.Addrs()...)}, codec: schemas.NewCodec(nil, schemas.OfflineIDs()), roles: map[string][]string{}}
	if s.cl, err = kgo.NewClient(append(s.opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cl.Close)
	s.adm = kadm.NewClient(s.cl)
	for _, topic := range schemas.Topics {
		configs := map[string]*string{}
		for k, v := range topic.Configs() {
			configs[k] = &v
		}
		partitions := topic.Partitions
		if partitions == 0 {
			partitions = 2
		}
		if _, err := s.adm.CreateTopic(t.Context(), int32(partitions), 1, configs, topic.Name); err != nil {
			t.Fatal(topic.Name, err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

// start runs a loop until the system stops.
func (s *system) start(group string, topics []string, run func(context.Context) error) {
	s.t.Helper()
	if _, err := schemas.Seed(s.t.Context(), s.opts, group, topics...); err != nil {
		s.t.Fatal(err)
	}
	s.roles[group] = topics
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			s.t.Errorf("%s: %v", group, err)
		}
	}()
	s.stops = append(s.stops, func() { cancel(); <-done })
}

func (s *system) stop() {
	var wg sync.WaitGroup
	for _, stop := range s.stops {
		wg.Go(stop)
	}
	wg.Wait()
	s.stops = nil
}

func (s *system) projection(p projections.Projection, dir string) {
	r := projections.Runner{Projection: p, Cluster: s.opts, Codec: s.codec, Dir: dir, Replica: "0", Log: slog.New(slog.DiscardHandler)}
	s.start(r.Group(), p.From, r.Run)
}

func (s *system) processor(p processors.Processor, change derive) {
	p.Derive = change(p.Derive)
	r := processors.Runner{Processor: p, Cluster: s.opts, Codec: s.codec, Replica: "0", Log: slog.New(slog.DiscardHandler)}
	s.start(r.Group(), r.Topics(), r.Run)
}

// startCore starts intake, admission and the fold of positions.
func (s *system) startCore(positions projections.Projection) {
	dir := s.t.TempDir()
	for _, p := range []projections.Projection{intake.Projection(), admission.Projection(), positions} {
		s.projection(p, dir)
	}
}

// startRest starts what startCore does but intake, and the processors.
func (s *system) startRest(dir string) {
	s.projection(admission.Projection(), dir)
	s.projection(atp.Projection(), dir)
	s.processor(finance.Processor(), asBuilt)
	s.processor(deltas.Processor(), asBuilt)
}

// startSinks starts the three tables that an audit compares, in a ClickHouse of the system's own.
func (s *system) startSinks() {
	ch, err := embedded.StartClickHouse(context.Background(), embedded.ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: s.t.TempDir()})
	if err != nil {
		s.t.Fatalf("this test needs the ClickHouse engine: %v", err)
	}
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = ch.Stop(ctx)
	})
	config := sinks.Config{Addr: ch.Addr()}
	if err := sinks.Migrate(s.t.Context(), config, nil); err != nil {
		s.t.Fatal(err)
	}
	if s.conn, err = sinks.Open(config); err != nil {
		s.t.Fatal(err)
	}
	sink := sinks.Sink{Cluster: s.opts, Codec: s.codec, Conn: s.conn, Replica: "0", MaxWait: 50 * time.Millisecond}
	for _, t := range sinks.Tables(s.codec, func(schemas.Event) (bool, bool) { return true, true }) {
		if t.Name == "events" || t.Name == "journal_lines" || t.Name == "stock_deltas" {
			sink.Tables = append(sink.Tables, t)
		}
	}
	for group, topics := range sink.Groups() {
		if _, err := schemas.Seed(s.t.Context(), s.opts, group, topics...); err != nil {
			s.t.Fatal(err)
		}
		s.roles[group] = topics
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sink.Run(ctx) }()
	s.stops = append(s.stops, func() { cancel(); <-done })
}

// play publishes a company's first n events; all where n is 0.
func (s *system) play(c *simulate.Company, n int) {
	s.t.Helper()
	rules := &schemas.ReferenceRuleSet{Meta: schemas.Meta{LegalEntity: "*", EventID: schemas.NamedID("rules")}, Name: finance.RuleSets[0].Name, Version: "1"}
	rec, err := s.codec.Record(rules)
	if err != nil {
		s.t.Fatal(err)
	}
	s.produce(rec)
	p, err := producers.New(s.opts, s.codec)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = p.Close(context.Background()) }()
	if err := p.Emit(s.t.Context(), c.Reference()...); err != nil {
		s.t.Fatal(err)
	}
	for e := range c.Events() {
		p.EmitAsync(s.t.Context(), e, func(err error) {
			if err != nil {
				s.t.Error(err)
			}
		})
		if n--; n == 0 {
			break
		}
	}
	if err := p.Flush(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// produce writes records as a foreign client would: where it says, without a transaction.
func (s *system) produce(records ...*kgo.Record) {
	s.t.Helper()
	if err := s.cl.ProduceSync(s.t.Context(), records...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}

// settle waits until every started consumer has read all that there is.
func (s *system) settle() {
	s.t.Helper()
	for still := 0; still < 2; {
		if s.drained() {
			still++ // twice: what one consumer wrote last is read by the next
		} else {
			still = 0
		}
		select {
		case <-s.t.Context().Done():
			s.t.Fatal("the system never came to rest")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *system) drained() bool {
	for group, topics := range s.roles {
		committed, err := s.adm.FetchOffsets(s.t.Context(), group)
		if err != nil {
			return false
		}
		for _, topic := range topics {
			last := map[int32]int64{}
			span := schemas.Span{Topics: []string{topic}, From: map[string]map[int32]int64{topic: {}}}
			for p, o := range committed[topic] {
				span.From[topic][p] = o.At
			}
			for r, err := range schemas.ReadRecords(s.t.Context(), s.opts, span) {
				if err != nil {
					return false
				}
				last[r.Partition] = r.Offset
			}
			if len(last) > 0 {
				return false
			}
		}
	}
	return true
}

func (s *system) read(topics ...string) []schemas.Delivery {
	s.t.Helper()
	var all []schemas.Delivery
	for d, err := range schemas.Read(s.t.Context(), s.opts, s.codec, schemas.Span{Topics: topics}) {
		if err != nil && !errors.Is(err, schemas.ErrPoison) {
			s.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// audit is one audit with the derivations as they are built.
func (s *system) audit() audit.Report {
	s.t.Helper()
	a := audit.Audit{Cluster: s.opts, Codec: s.codec, Conn: s.conn, Dir: s.t.TempDir(), Derivations: []audit.Derivation{
		{Role: "finance", To: schemas.TopicJournal, Derive: finance.Derive},
		{Role: "atp-deltas", To: schemas.TopicDeltas, Derive: deltas.Derive},
	}}
	rep, err := a.Run(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return rep
}

func summary(t testing.TB, r audit.Report, check string) audit.Summary {
	t.Helper()
	for _, c := range r.Checks {
		if c.Check == check {
			return c
		}
	}
	t.Fatalf("no check %s", check)
	return audit.Summary{}
}

// fold is the fold of positions, for a test to break.
func fold() projections.Projection { return atp.Projection() }
