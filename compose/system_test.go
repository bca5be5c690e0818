package compose_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

func TestMain(m *testing.M) {
	embedded.RunEngineIfChild()
	runRoleIfChild()
	os.Exit(m.Run())
}

// system is everything embedded, migrated and, once run, running.
type system struct {
	t      testing.TB
	cfg    compose.Config
	engine *embedded.ClickHouse
	conn   driver.Conn
}

func startSystem(t testing.TB) *system {
	t.Helper()
	broker, err := embedded.StartBroker(context.WithoutCancel(t.Context()), embedded.BrokerConfig{Addr: "127.0.0.1:0", DataDir: filepath.Join(t.TempDir(), "kafka")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return startSystemOn(t, 1, broker.Addrs()...)
}

// startSystemOn is everything but the brokers.
func startSystemOn(t testing.TB, replication int, brokers ...string) *system {
	t.Helper()
	return startSystemWith(t, replication, compose.KafkaConfig{Brokers: brokers})
}

// reach makes the system talk to Kafka as with says: brokers, TLS and SASL.
func (s *system) reach(with compose.KafkaConfig) {
	s.cfg.Kafka.Brokers, s.cfg.Kafka.TLS, s.cfg.Kafka.SASL = with.Brokers, with.TLS, with.SASL
}

func startSystemWith(t testing.TB, replication int, with compose.KafkaConfig) *system {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	s := &system{t: t, cfg: compose.Default()}
	dir := t.TempDir()
	registry, err := embedded.StartRegistry(ctx, embedded.RegistryConfig{Compatible: schemas.Compatible})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	if s.engine, err = embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: filepath.Join(dir, "clickhouse")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.engine.Kill() })
	s.reach(with)
	s.cfg.Registry.URL, s.cfg.ClickHouse.Addr, s.cfg.HTTP.Addr = registry.URL(), s.engine.Addr(), ""
	s.cfg.DataDir, s.cfg.Kafka.Session, s.cfg.Kafka.Replication = filepath.Join(dir, "state"), 6e9, replication
	s.prepare()
	return s
}

func (s *system) prepare() {
	s.t.Helper()
	if _, err := compose.Migrate(context.WithoutCancel(s.t.Context()), s.cfg); err != nil {
		s.t.Fatal(err)
	}
	where, err := s.cfg.Tables()
	if err != nil {
		s.t.Fatal(err)
	}
	if s.conn, err = sinks.Open(where); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.conn.Close() })
}

// run starts all roles, or the ones named.
func (s *system) run(roles ...string) (stop func() error) {
	s.t.Helper()
	cfg := s.cfg
	cfg.Roles = roles
	cfg.Log.Level = "warn"
	app, err := compose.New(s.t.Context(), cfg, cfg.NewLogger(s.t.Output()))
	if err != nil {
		s.t.Fatal(err)
	}
	return start(s.t, app.Run)
}

func (s *system) producer() *producers.Producer {
	s.t.Helper()
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	codec, err := s.cfg.Codec(s.t.Context(), false)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := producers.New(opts, codec)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = p.Close(context.Background()) })
	return p
}

// number is the single number that a query gives.
func (s *system) number(query string, args ...any) (n uint64) {
	s.t.Helper()
	if err := s.conn.QueryRow(s.t.Context(), query, args...).Scan(&n); err != nil {
		s.t.Fatal(query, err)
	}
	return n
}

// outcomes counts the completeness view.
func (s *system) outcomes() map[string]uint64 {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), "SELECT outcome, count() FROM completeness GROUP BY outcome")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]uint64{}
	for rows.Next() {
		var outcome string
		var n uint64
		if err := rows.Scan(&outcome, &n); err != nil {
			s.t.Fatal(err)
		}
		all[outcome] = n
	}
	return all
}

// drain waits until so many events have their effects in ClickHouse and nothing is on its way, positions included, which completeness does not know. It
// fails when hopeless says so, or after minutes that no healthy run needs, with what it last saw and what show adds.
func (s *system) drain(events int, hopeless func() error, show func() string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 5*time.Minute)
	defer cancel()
	app, err := compose.New(ctx, s.cfg, s.cfg.NewLogger(s.t.Output()))
	if err != nil {
		s.t.Fatal(err)
	}
	cl, err := kgo.NewClient(app.Cluster...)
	if err != nil {
		s.t.Fatal(err)
	}
	defer cl.Close()
	var got map[string]uint64
	var lags map[string]int64
	for calm := 0; calm < 3; {
		select {
		case <-ctx.Done():
			s.t.Fatalf("never drained: completeness %v, want %d events; lags %v; %v\n%s", got, events, lags, err, show())
		case <-time.After(300 * time.Millisecond):
		}
		if err := hopeless(); err != nil {
			s.t.Fatal(err, "\n", show())
		}
		calm++
		if lags, err = compose.Lag(ctx, kadm.NewClient(cl), app.Codec); err != nil {
			calm = 0
			continue
		}
		maps.DeleteFunc(lags, func(group string, n int64) bool { return n == 0 || group == schemas.Group("admission") }) // ticks come for ever
		if len(lags) > 0 {
			calm = 0
			continue
		}
		if got = s.outcomes(); got["posted"]+got["stock_only"]+got["no_effect"] != uint64(events) || got["dead"]+got["missing"]+got["pending"] > 0 {
			calm = 0
		}
	}
}

func never() error    { return nil }
func nothing() string { return "" }
