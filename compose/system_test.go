package compose_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

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
	s.cfg.Kafka.Brokers, s.cfg.Registry.URL, s.cfg.ClickHouse.Addr, s.cfg.HTTP.Addr = brokers, registry.URL(), s.engine.Addr(), ""
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
