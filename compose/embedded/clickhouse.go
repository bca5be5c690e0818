package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// ClickHouseConfig says where and how the engine runs.
type ClickHouseConfig struct {
	Addr      string    // of the HTTP interface; "127.0.0.1:8123" when empty, port 0 takes a free one
	DataDir   string    // one engine at a time; made when missing
	User      string    // "default" when empty
	Password  string    // none when empty
	MaxMemory int64     // bytes the engine may take for queries and merges; 4 GiB when 0
	LogWriter io.Writer // what the engine prints: errors only; os.Stderr when nil
}

// ClickHouse is a ClickHouse engine in a process of its own, which answers the ClickHouse HTTP interface. Its methods may be
// called from several goroutines.
type ClickHouse struct {
	config  ClickHouseConfig
	library string

	mu    sync.Mutex
	child *engineChild
}

// engineChild is one run of the engine's process.
type engineChild struct {
	cmd  *exec.Cmd
	life *os.File // the child's stdin: it stops when this closes, so also when we die
	done chan struct{}
	err  error // why it ended; set before done closes
}

// StartClickHouse fetches the engine if need be and starts it. It returns when the engine answers; the engine then runs until
// Stop or Kill, or until this process dies, not until ctx ends. The program must call RunEngineIfChild first in main (in a test
// binary: in TestMain). An address in use and a data folder in use are errors of one sentence.
func StartClickHouse(ctx context.Context, config ClickHouseConfig) (*ClickHouse, error) {
	if os.Getenv(envChild) != "" {
		return nil, errors.New("this process was started to run the ClickHouse engine: call embedded.RunEngineIfChild first in main or TestMain")
	}
	if config.DataDir == "" {
		return nil, errors.New("the ClickHouse engine needs a data folder: set DataDir")
	}
	if config.Addr == "" {
		config.Addr = "127.0.0.1:8123"
	}
	if config.User == "" {
		config.User = "default"
	}
	if config.MaxMemory == 0 {
		config.MaxMemory = 4 << 30
	}
	if config.LogWriter == nil {
		config.LogWriter = os.Stderr
	}
	var err error
	if config.DataDir, err = filepath.Abs(config.DataDir); err != nil {
		return nil, fmt.Errorf("finding the ClickHouse data folder %s: %w", config.DataDir, err)
	}
	library, err := EngineLibrary(ctx)
	if err != nil {
		return nil, err
	}
	c := &ClickHouse{config: config, library: library}
	if err := c.Restart(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Addr is the address of the HTTP interface, host:port. It stays the same over restarts.
func (c *ClickHouse) Addr() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config.Addr
}

// Done closes when the engine's process has ended, for whatever reason; a restart makes a new channel.
func (c *ClickHouse) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.child.done
}

// Wait blocks until the engine's process has ended. The error is nil after Stop, and says how it died otherwise.
func (c *ClickHouse) Wait() error {
	c.mu.Lock()
	child := c.child
	c.mu.Unlock()
	<-child.done
	return child.err
}

// Stop lets running queries end and stops the engine. When ctx ends first, the engine is killed, which loses no acknowledged row.
func (c *ClickHouse) Stop(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.child.stop(ctx)
}

// Kill ends the engine as a crash would (SIGKILL) and returns when it is gone. Acknowledged rows are there after Restart.
func (c *ClickHouse) Kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.child.kill()
}

// Restart stops the engine, if it runs, and starts it on the same address and data.
func (c *ClickHouse) Restart(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.child != nil {
		if err := c.child.stop(ctx); err != nil {
			return err
		}
	}
	child, addr, err := c.spawn(ctx)
	if err != nil {
		return err
	}
	c.child, c.config.Addr = child, addr
	return nil
}

// spawn starts the process and waits for its first line: the address it listens on, or why it cannot.
func (c *ClickHouse) spawn(ctx context.Context) (*engineChild, string, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, "", fmt.Errorf("finding this program, which runs the ClickHouse engine: %w", err)
	}
	stdin, life, err := os.Pipe()
	if err != nil {
		return nil, "", fmt.Errorf("starting the ClickHouse engine: %w", err)
	}
	ready, report, err := os.Pipe()
	if err != nil {
		return nil, "", fmt.Errorf("starting the ClickHouse engine: %w", err)
	}
	defer ready.Close()
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), envChild+"=1", "TZ=UTC")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, c.config.LogWriter, c.config.LogWriter
	cmd.ExtraFiles = []*os.File{report}
	cmd.SysProcAttr = childAttributes()
	cmd.WaitDelay = 5 * time.Second
	child := &engineChild{cmd: cmd, life: life, done: make(chan struct{})}
	started := make(chan error)
	go child.run(started)
	err = <-started
	stdin.Close()
	report.Close()
	if err != nil {
		return nil, "", fmt.Errorf("starting the ClickHouse engine: %w", err)
	}
	addr, err := c.greet(ctx, child, ready)
	if err != nil {
		child.kill()
		return nil, "", err
	}
	return child, addr, nil
}

// run starts the process and waits for it on one thread: Linux kills a child when the thread that started it ends.
func (c *engineChild) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	if err != nil {
		c.life.Close()
		close(c.done)
		started <- err
		return
	}
	started <- nil
	c.err = c.cmd.Wait()
	c.life.Close()
	close(c.done)
}

// told is an error that came as text from another process.
func told(text string) error {
	if before, after, ok := strings.Cut(text, ErrPortInUse.Error()); ok {
		return fmt.Errorf("%s%w%s", before, ErrPortInUse, after)
	}
	return errors.New(text)
}

// greet hands the child its configuration, the password included, which so never stands in an environment, and reads its answer.
func (c *ClickHouse) greet(ctx context.Context, child *engineChild, ready *os.File) (string, error) {
	order := childOrder{Library: c.library, Addr: c.config.Addr, DataDir: c.config.DataDir, User: c.config.User, Password: c.config.Password, MaxMemory: c.config.MaxMemory}
	line, err := json.Marshal(order)
	if err != nil {
		return "", fmt.Errorf("starting the ClickHouse engine: %w", err)
	}
	if _, err := child.life.Write(append(line, '\n')); err != nil {
		return "", fmt.Errorf("starting the ClickHouse engine: %w; does main or TestMain call embedded.RunEngineIfChild first?", err)
	}
	stop := context.AfterFunc(ctx, func() { child.cmd.Process.Kill() })
	defer stop()
	answer, err := io.ReadAll(ready)
	if ctx.Err() != nil {
		return "", fmt.Errorf("starting the ClickHouse engine: %w", ctx.Err())
	}
	text := strings.TrimSpace(string(answer))
	if addr, ok := strings.CutPrefix(text, "ready "); ok {
		if _, _, err := net.SplitHostPort(addr); err == nil {
			return addr, nil
		}
	}
	if text != "" {
		return "", told(text)
	}
	return "", errors.Join(errors.New("the ClickHouse engine ended before it was ready: its output has the reason; main or TestMain must call embedded.RunEngineIfChild first"), err)
}

func (c *engineChild) stop(ctx context.Context) error {
	c.life.Close()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		c.kill()
		return fmt.Errorf("stopping the ClickHouse engine: %w; it was killed instead", ctx.Err())
	}
}

func (c *engineChild) kill() error {
	err := c.cmd.Process.Kill()
	<-c.done
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing the ClickHouse engine: %w", err)
	}
	return nil
}
