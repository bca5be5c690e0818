package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/kafka"
	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// system is Throughline as processes: the servers, the engine below them, and the roles.
type system struct {
	cfg      compose.Config
	dir      string
	env      []string
	profile  string
	servers  *process
	kafka    *kafka.Cluster // nil: the embedded broker
	roles    []*process
	codec    *schemas.Codec
	cluster  []kgo.Opt
	client   *kgo.Client
	producer *producers.Producer
	conn     driver.Conn
}

// start brings the servers up and prepares them; no role runs yet. real wants Apache Kafka instead of the embedded broker.
func (b *bench) start(ctx context.Context, real bool) (s *system, err error) {
	s = &system{cfg: compose.Default(), profile: b.profile}
	if s.dir, err = os.MkdirTemp(b.dir, "system-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := s.startServers(ctx, b); err != nil {
		return nil, err
	}
	if real {
		if s.kafka, err = kafka.Start(ctx, kafka.Config{HeapMB: 1024}); err != nil {
			return nil, err
		}
		s.cfg.Kafka.Brokers = s.kafka.Addrs()
		s.env = append(s.env, "THROUGHLINE_KAFKA_BROKERS="+s.cfg.Kafka.Brokers[0])
	}
	return s, s.prepare(ctx)
}

func (s *system) startServers(ctx context.Context, b *bench) error {
	dev, err := b.build(ctx, "./compose/cmd/dev")
	if err != nil {
		return err
	}
	var ports [3]string
	for i := range ports {
		if ports[i], err = freeAddr(); err != nil {
			return err
		}
	}
	s.cfg.Kafka.Brokers, s.cfg.Registry.URL, s.cfg.ClickHouse.Addr = []string{ports[0]}, "http://"+ports[1], ports[2]
	s.cfg.DataDir = filepath.Join(s.dir, "state")
	s.env = []string{"THROUGHLINE_KAFKA_BROKERS=" + ports[0], "THROUGHLINE_REGISTRY_URL=" + s.cfg.Registry.URL, "THROUGHLINE_CLICKHOUSE_ADDR=" + ports[2],
		"THROUGHLINE_DATA_DIR=" + s.cfg.DataDir}
	if s.servers, err = launch(s.dir, "servers", s.env, dev, "-servers", "-dir", filepath.Join(s.dir, "data")); err != nil {
		return err
	}
	for _, addr := range ports {
		if err := s.listens(ctx, addr); err != nil {
			return err
		}
	}
	return nil
}

// listens waits until somebody answers at addr.
func (s *system) listens(ctx context.Context, addr string) error {
	for begin := time.Now(); ; {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return conn.Close()
		}
		if err := s.servers.ended(s.dir); err != nil {
			return err
		}
		if time.Since(begin) > time.Minute {
			return fmt.Errorf("the servers do not listen on %s after a minute: %w", addr, err)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *system) prepare(ctx context.Context) (err error) {
	if _, err := compose.Migrate(ctx, s.cfg); err != nil {
		return fmt.Errorf("preparing topics, schemas and tables: %w", err)
	}
	if s.cluster, err = s.cfg.Cluster(); err != nil {
		return err
	}
	if s.codec, err = s.cfg.Codec(ctx, true); err != nil {
		return err
	}
	if s.client, err = kgo.NewClient(s.cluster...); err != nil {
		return err
	}
	if s.producer, err = producers.New(s.cluster, s.codec); err != nil {
		return err
	}
	where, err := s.cfg.Tables()
	if err != nil {
		return err
	}
	s.conn, err = sinks.Open(where)
	return err
}

// run starts roles, each as a process of its own; "all" is one process with all of them.
func (s *system) run(roles ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, r := range roles {
		p, err := launch(s.dir, r, s.env, self, "role", r, s.profile)
		if err != nil {
			return err
		}
		s.roles = append(s.roles, p)
	}
	return nil
}

// close ends everything, roles first.
func (s *system) close() {
	s.stopRoles()
	if s.producer != nil {
		closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_ = s.producer.Close(closing)
		cancel()
	}
	if s.client != nil {
		s.client.Close()
	}
	if s.conn != nil {
		_ = s.conn.Close()
	}
	if s.kafka != nil {
		s.kafka.Close()
	}
	if s.servers != nil {
		s.servers.stop()
	}
	_ = os.RemoveAll(s.dir)
}

// stopRoles ends the roles that run; the servers stay.
func (s *system) stopRoles() {
	for _, p := range s.roles {
		p.stop()
	}
	s.roles = nil
}

// caughtUp waits until the groups named have read everything.
func (s *system) caughtUp(ctx context.Context, groups ...string) error {
	lags, err := compose.Lag(ctx, kadm.NewClient(s.client), s.codec)
	if err != nil {
		return err
	}
	var others []string
	for group := range lags {
		if !slices.Contains(groups, group) {
			others = append(others, group)
		}
	}
	_, err = s.drained(ctx, others...)
	return err
}

// drained waits until no group but those named has anything to read, and says when that was first so.
func (s *system) drained(ctx context.Context, except ...string) (time.Time, error) {
	adm := kadm.NewClient(s.client)
	var first time.Time
	for still := 0; still < 2; {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return first, err
		}
		for _, p := range append(slices.Clone(s.roles), s.servers) {
			if err := p.ended(s.dir); err != nil {
				return first, err
			}
		}
		at := time.Now()
		lags, err := compose.Lag(ctx, adm, s.codec)
		if err != nil {
			return first, err
		}
		var left int64
		for group, n := range lags {
			if !slices.Contains(except, group) {
				left += n
			}
		}
		if still++; left > 0 {
			still = 0
		} else if still == 1 {
			first = at
		}
	}
	return first, nil
}

// cpu is what every process has worked so far, by name. ClickHouse's engine is the servers' only child, Kafka's Java this command's only foreign one.
func (s *system) cpu() (map[string]time.Duration, error) {
	pids := map[string]int{"publishing": os.Getpid(), "broker and registry": s.servers.cmd.Process.Pid}
	for _, p := range s.roles {
		pids[p.name] = p.cmd.Process.Pid
	}
	for _, pid := range childrenOf(s.servers.cmd.Process.Pid) {
		pids["ClickHouse engine"] = pid
	}
	if s.kafka != nil {
		known := map[int]bool{}
		for _, pid := range pids {
			known[pid] = true
		}
		for _, pid := range childrenOf(os.Getpid()) {
			if !known[pid] {
				pids["Apache Kafka"] = pid
			}
		}
	}
	used := map[string]time.Duration{}
	for name, pid := range pids {
		d, err := cpuOf(pid)
		if err != nil {
			return nil, err
		}
		used[name] = d
	}
	return used, nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return errors.Join(ctx.Err(), errors.New("interrupted"))
	case <-t.C:
		return nil
	}
}
