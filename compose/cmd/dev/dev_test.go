package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/compose/embedded"
)

func TestMain(m *testing.M) {
	embedded.RunEngineIfChild()
	os.Exit(m.Run())
}

// addresses sets every address of the configuration to a free one.
func addresses(t *testing.T) {
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Setenv("THROUGHLINE_KAFKA_BROKERS", free())
	t.Setenv("THROUGHLINE_REGISTRY_URL", "http://"+free())
	t.Setenv("THROUGHLINE_CLICKHOUSE_ADDR", free())
	t.Setenv("THROUGHLINE_HTTP_ADDR", free())
}

// screen is what the user sees, while it is written.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// session is one `make run`, from the start until it says that it serves.
func session(t *testing.T, dir string, args ...string) (shown *screen, d *dev, stop func() error) {
	t.Helper()
	d, err := parse(append([]string{"-dir", dir}, args...), "")
	if err != nil {
		t.Fatal(err)
	}
	shown = &screen{}
	d.out = shown
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	wait(t, "the line that says that it serves", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("it ended by itself: %v", err)
		default:
		}
		return strings.Contains(shown.String(), "Serving until interrupted.")
	})
	return shown, d, stop
}

func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s", what)
		}
	}
}

// The first start plays the company and shows what came of it; orders trickle in; the second start finds all of it and plays nothing.
func TestPlayedOnceAndFoundAgain(t *testing.T) {
	addresses(t)
	dir := filepath.Join(t.TempDir(), "data")
	args := []string{"-orders", "60", "-trickle", "50ms"}
	shown, d, stop := session(t, dir, args...)
	for _, want := range []string{"Trial balance", "Product revenue", "Trace of order SO-", "order.accepted", "Available to promise", "SKU-0", "posted", "throughline trace SO-"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("the first start does not show %q:\n%s", want, shown)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		answer, err := http.Get("http://" + d.cfg.HTTP.Addr + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", path, answer.Status)
		}
	}
	number := func(d *dev, query string) uint64 {
		n, err := d.count(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const duplicates = "SELECT count() FROM intake WHERE outcome = 'duplicate'" // a company that is played again says nothing new
	events := func(d *dev) uint64 { return number(d, "SELECT count() FROM events") }
	copies := number(d, duplicates)
	first := events(d)
	wait(t, "live orders", func() bool { return events(d) > first })
	if err := stop(); err != nil {
		t.Fatalf("stopping: %v", err)
	}
	_, d, stop = session(t, dir, "-orders", "60", "-trickle", "0")
	if n := number(d, duplicates); n != copies || events(d) < first {
		t.Errorf("the second start has %d events and %d copies, the first had %d and %d", events(d), n, first, copies)
	}
	if n := number(d, "SELECT count() FROM completeness WHERE outcome IN ('missing', 'dead')"); n > 0 {
		t.Errorf("%d events missing or dead", n)
	}
	if err := stop(); err != nil {
		t.Fatalf("stopping: %v", err)
	}
}

// A port in use is one line that names the address and the setting; what was started before it is stopped again.
func TestPortInUse(t *testing.T) {
	for _, c := range []struct{ variable, prefix, setting string }{
		{"THROUGHLINE_KAFKA_BROKERS", "", "kafka.brokers"},
		{"THROUGHLINE_REGISTRY_URL", "http://", "registry.url"},
		{"THROUGHLINE_CLICKHOUSE_ADDR", "", "clickhouse.addr"},
		{"THROUGHLINE_HTTP_ADDR", "", "http.addr"},
	} {
		addresses(t)
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(c.variable, c.prefix+taken.Addr().String())
		d, err := parse([]string{"-dir", filepath.Join(t.TempDir(), "data"), "-orders", "10"}, "")
		if err != nil {
			t.Fatal(err)
		}
		err = d.run(t.Context())
		taken.Close()
		if err == nil || statusOf(err) != 3 || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), taken.Addr().String()) ||
			!strings.Contains(err.Error(), c.setting) || !strings.Contains(err.Error(), c.variable) {
			t.Errorf("%s taken: %v: want status 3 and one line with the address, %s and %s", c.setting, err, c.setting, c.variable)
		}
	}
}

// What cannot be is refused before anything starts.
func TestWrongUse(t *testing.T) {
	if _, err := parse(nil, "no/such/file.xlsx"); err == nil || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "DATA") {
		t.Errorf("a file that is not there: %v", err)
	}
	t.Setenv("THROUGHLINE_KAFKA_BROKERS", "nonsense")
	if _, err := parse(nil, ""); err == nil || !strings.Contains(err.Error(), "kafka.brokers") {
		t.Errorf("a broker address without a port: %v", err)
	}
}
