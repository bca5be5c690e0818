package compose_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/schemas"
)

// roleProcessEnv makes this test binary one role's process. Its value is the file in which the role notes whether it is inside a transaction: a file
// outlives a SIGKILL, whatever the process had in memory.
const roleProcessEnv = "THROUGHLINE_TEST_ROLE_PROCESS"

const (
	noteOutside = '0'
	noteInside  = '1'
)

// runRoleIfChild never returns in a process that was started to run a role.
func runRoleIfChild() {
	note := os.Getenv(roleProcessEnv)
	if note == "" {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the process that started this one, however that ends
		os.Exit(3)
	}()
	if err := runRole(context.Background(), note); err != nil {
		fmt.Fprintln(os.Stderr, "role ended:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runRole(ctx context.Context, note string) error {
	cfg, err := compose.Load("")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(note, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	write := func(state byte) { _, _ = f.WriteAt([]byte{state}, 0) }
	write(noteOutside)
	app, err := compose.New(ctx, cfg, cfg.NewLogger(os.Stderr))
	if err != nil {
		return err
	}
	app.Observe = schemas.Observer{
		OnBegin:  func(string) { write(noteInside) },
		OnCommit: func(string, int, time.Duration) { write(noteOutside) },
		OnAbort:  func(string) { write(noteOutside) },
	}
	return app.Run(ctx)
}

// fleet is one operating-system process per role, each started again at once when it dies.
type fleet struct {
	t    testing.TB
	cfg  compose.Config
	adm  *kadm.Client
	dir  string
	all  map[string]*process
	stop chan struct{}
	done sync.WaitGroup
}

// process is one role's process, and what became of those before it.
type process struct {
	role string
	note string
	log  tailBuffer

	mu     sync.Mutex
	cmd    *exec.Cmd
	shot   chan kill // set while a kill is under way
	starts int
	exits  []string // ends that nobody asked for
}

// kill is what was seen of a killed process before its successor started.
type kill struct {
	role    string
	inside  bool // it was between the begin and the end of a transaction, by its own note
	ongoing bool // the broker, asked after the death, had an open transaction of it
}

// startFleet starts roles as processes of their own.
func startFleet(t testing.TB, cfg compose.Config, adm *kadm.Client, roles []string) *fleet {
	f := &fleet{t: t, cfg: cfg, adm: adm, dir: t.TempDir(), all: map[string]*process{}, stop: make(chan struct{})}
	for _, role := range roles {
		p := &process{role: role, note: filepath.Join(f.dir, role+".note")}
		f.all[role] = p
		f.done.Add(1)
		go func() {
			defer f.done.Done()
			f.supervise(p)
		}()
	}
	t.Cleanup(f.halt)
	return f
}

// halt ends all processes and returns when they are gone. It is safe to call twice.
func (f *fleet) halt() {
	select {
	case <-f.stop:
	default:
		close(f.stop)
	}
	for _, p := range f.all {
		p.signal(syscall.SIGKILL)
	}
	f.done.Wait()
}

func (p *process) signal(s syscall.Signal) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd != nil && p.cmd.Process.Signal(s) == nil
}

// supervise is what systemd or Kubernetes is in production, but for the patience: a dead role runs again at once.
func (f *fleet) supervise(p *process) {
	for {
		select {
		case <-f.stop:
			return
		default:
		}
		err := f.runOnce(p)
		p.mu.Lock()
		shot := p.shot
		p.shot, p.cmd = nil, nil
		p.mu.Unlock()
		if shot != nil {
			shot <- f.autopsy(p)
			continue
		}
		select {
		case <-f.stop:
			return
		case <-time.After(200 * time.Millisecond):
		}
		p.mu.Lock()
		p.exits = append(p.exits, fmt.Sprintf("%s ended by itself (%v): %s", p.role, err, lastLines(p.log.String(), 3)))
		p.mu.Unlock()
	}
}

func (f *fleet) runOnce(p *process) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleProcessEnv+"="+p.note, "GOMAXPROCS=2")
	cmd.Env = append(cmd.Env, environment(f.cfg, p.role)...)
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer in.Close()
	p.mu.Lock()
	p.starts++
	err = cmd.Start()
	if err == nil {
		p.cmd = cmd
	}
	p.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-f.stop: // halt may have looked before the process was there
		_ = cmd.Process.Kill()
	default:
	}
	return cmd.Wait()
}

// environment is cfg for one role, as an operator would set it.
func environment(cfg compose.Config, role string) []string {
	set := map[string]string{
		"KAFKA_BROKERS": strings.Join(cfg.Kafka.Brokers, ","), "KAFKA_SESSION": cfg.Kafka.Session.String(), "REGISTRY_URL": cfg.Registry.URL,
		"CLICKHOUSE_ADDR": cfg.ClickHouse.Addr, "HTTP_ADDR": cfg.HTTP.Addr, "DATA_DIR": cfg.DataDir, "ROLES": role, "REPLICA": cfg.Replica,
	}
	var env []string
	for k, v := range set {
		env = append(env, "THROUGHLINE_"+k+"="+v)
	}
	return env
}

// kill sends SIGKILL to a role and returns what was seen when it was dead; false where it was not running.
func (f *fleet) kill(role string) (kill, bool) {
	p := f.all[role]
	shot := make(chan kill, 1)
	p.mu.Lock()
	if p.cmd == nil || p.shot != nil || p.cmd.Process.Kill() != nil {
		p.mu.Unlock()
		return kill{}, false
	}
	p.shot = shot
	p.mu.Unlock()
	select {
	case k := <-shot:
		return k, true
	case <-time.After(30 * time.Second):
		f.t.Errorf("%s did not die of SIGKILL", role)
		return kill{}, false
	}
}

// autopsy looks at a killed role before it starts again.
func (f *fleet) autopsy(p *process) kill {
	k := kill{role: p.role}
	k.inside = p.inside()
	_ = os.WriteFile(p.note, []byte{noteOutside}, 0o644)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	id := schemas.Group(p.role) + "-" + f.cfg.Replica
	if described, err := f.adm.DescribeTransactions(ctx, id); err == nil {
		k.ongoing = described[id].State == "Ongoing"
	}
	return k
}

// inside says what the role's process noted last.
func (p *process) inside() bool {
	note, err := os.ReadFile(p.note)
	return err == nil && len(note) > 0 && note[0] == noteInside
}

// exits lists the ends that nobody asked for: a role that was killed must come back and stay.
func (f *fleet) exits() []string {
	var all []string
	for _, p := range f.all {
		p.mu.Lock()
		all = append(all, p.exits...)
		p.mu.Unlock()
	}
	return all
}

// warnings are what the roles warned of, so far as their logs reach back: what they met and survived.
func (f *fleet) warnings() []string {
	var all []string
	for role, p := range f.all {
		for line := range strings.Lines(p.log.String()) {
			if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
				all = append(all, role+": "+strings.TrimSpace(line[:min(len(line), 400)]))
			}
		}
	}
	return all
}

// logs shows the end of each role's log, for a failing test.
func (f *fleet) logs() string {
	var b strings.Builder
	for role, p := range f.all {
		fmt.Fprintf(&b, "--- %s (%d starts)\n%s\n", role, p.starts, lastLines(p.log.String(), 12))
	}
	return b.String()
}

// tailBuffer keeps the last 64 KiB that were written to it.
type tailBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(p)
	if over := b.buf.Len() - 64<<10; over > 0 {
		b.buf.Next(over)
	}
	return len(p), nil
}

func (b *tailBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
