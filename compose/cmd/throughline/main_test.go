package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/schemas"
)

func TestMain(m *testing.M) {
	embedded.RunEngineIfChild()
	os.Exit(m.Run())
}

// result is what a command line did.
type result struct {
	t        testing.TB
	line     string
	out, err string
	status   int
}

// tool runs command lines in process, as main would.
type tool struct {
	t     testing.TB
	flags []string // in front of every command line: where the servers are
}

func (c tool) with(flags ...string) tool {
	return tool{c.t, append(append([]string{}, c.flags...), flags...)}
}

func (c tool) run(args ...string) result { return c.pipe("", args...) }

func (c tool) pipe(in string, args ...string) result {
	c.t.Helper()
	return c.runUntil(c.t.Context(), in, args...)
}

func (c tool) runUntil(ctx context.Context, in string, args ...string) result {
	c.t.Helper()
	var out, errs syncBuffer
	root := newRoot(streams{in: strings.NewReader(in), out: &out, err: &errs})
	root.SetArgs(append(append([]string{}, c.flags...), args...))
	err := root.ExecuteContext(ctx)
	r := result{t: c.t, line: "throughline " + strings.Join(args, " "), out: out.String(), err: errs.String(), status: statusOf(err)}
	if err != nil {
		r.err += err.Error()
	}
	return r
}

// syncBuffer takes the output of a verb that logs from several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// exits asserts the exit status, and that stderr holds every sentence.
func (r result) exits(status int, sentences ...string) result {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: exit status %d, want %d\nstdout: %s\nstderr: %s", r.line, r.status, status, clip(r.out), clip(r.err))
	}
	for _, s := range sentences {
		if !strings.Contains(r.err, s) {
			r.t.Errorf("%s: stderr lacks %q:\n%s", r.line, s, clip(r.err))
		}
	}
	return r
}

// says asserts what stdout holds.
func (r result) says(texts ...string) result {
	r.t.Helper()
	for _, s := range texts {
		if !strings.Contains(r.out, s) {
			r.t.Errorf("%s: stdout lacks %q:\n%s", r.line, s, clip(r.out))
		}
	}
	return r
}

// json reads stdout, which must be one JSON value and nothing else.
func (r result) json(into any) result {
	r.t.Helper()
	d := json.NewDecoder(strings.NewReader(r.out))
	if err := d.Decode(into); err != nil || d.More() {
		r.t.Fatalf("%s: stdout is not one JSON value (%v):\n%s", r.line, err, clip(r.out))
	}
	return r
}

func clip(s string) string { return s[:min(len(s), 4000)] }

// servers are an embedded broker and registry, and an engine where asked for, each with fresh data.
type servers struct {
	tool
	brokers  []string
	registry *embedded.Registry
	engine   *embedded.ClickHouse
}

func startServers(t testing.TB, engine *embedded.ClickHouseConfig) *servers {
	t.Helper()
	broker, err := embedded.StartBroker(context.WithoutCancel(t.Context()), embedded.BrokerConfig{Addr: "127.0.0.1:0", DataDir: filepath.Join(t.TempDir(), "kafka")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return startServersOn(t, engine, broker.Addrs()...)
}

// startServersOn is everything but the brokers.
func startServersOn(t testing.TB, engine *embedded.ClickHouseConfig, brokers ...string) *servers {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	dir := t.TempDir()
	s := &servers{brokers: brokers}
	var err error
	if s.registry, err = embedded.StartRegistry(ctx, embedded.RegistryConfig{Compatible: schemas.Compatible}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.registry.Close)
	t.Setenv("THROUGHLINE_DATA_DIR", filepath.Join(dir, "state"))
	t.Setenv("THROUGHLINE_KAFKA_SESSION", "6s")
	t.Setenv("THROUGHLINE_LOG_LEVEL", "warn")
	s.tool = tool{t, []string{"--brokers", strings.Join(s.brokers, ","), "--registry", s.registry.URL(), "--clickhouse", nobody(t)}}
	if engine == nil {
		return s
	}
	engine.Addr, engine.DataDir = "127.0.0.1:0", filepath.Join(dir, "clickhouse")
	if s.engine, err = embedded.StartClickHouse(ctx, *engine); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.engine.Kill() })
	s.tool = s.with("--clickhouse", s.engine.Addr())
	return s
}

// start runs the verb `run` beside the test; stop ends it as SIGTERM would and gives its result.
func (s *servers) start(args ...string) (stop func() result) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan result, 1)
	go func() { done <- s.runUntil(ctx, "", append([]string{"run", "--http", "127.0.0.1:0"}, args...)...) }()
	var once sync.Once
	var r result
	stop = func() result {
		once.Do(func() {
			cancel()
			select {
			case r = <-done:
			case <-time.After(time.Minute):
				s.t.Error("run did not stop within a minute")
			}
		})
		return r
	}
	s.t.Cleanup(func() { stop() })
	return stop
}

func (s *servers) client(opts ...kgo.Opt) *kgo.Client {
	s.t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.brokers...)}, opts...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(cl.Close)
	return cl
}

// eventually polls until ok, for a minute.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("a minute has passed, and still not: %s", what)
}

// nobody is an address on which nobody listens.
func nobody(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
