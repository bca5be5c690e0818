package embedded

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// envChild is set in the environment of a process that is to run the engine.
const envChild = "THROUGHLINE_ENGINE_CHILD"

// childOrder is the first line of the child's stdin.
type childOrder struct {
	Library, Addr, DataDir, User, Password string
	MaxMemory                              int64
}

// stopGrace is how long running queries may take to end before the engine stops under them.
const stopGrace = 5 * time.Second

// RunEngineIfChild runs the ClickHouse engine and exits the process when StartClickHouse started it for that; otherwise it
// returns at once. Call it first in main, and first in TestMain of a test binary that starts ClickHouse. A process of its own
// keeps a crash of the engine, and its memory, away from the rest.
func RunEngineIfChild() {
	if os.Getenv(envChild) == "" {
		return
	}
	report := os.NewFile(3, "report")
	if err := runEngine(report); err != nil {
		fmt.Fprintln(report, err)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runEngine serves until stdin ends: the parent closed it to stop us, or died.
func runEngine(report io.WriteCloser) error {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGINT, syscall.SIGHUP) // a pipe nobody reads is an error of its query; Ctrl-C is the parent's
	stdin := bufio.NewReader(os.Stdin)
	line, err := stdin.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the engine's configuration: %w", err)
	}
	var order childOrder
	if err := json.Unmarshal(line, &order); err != nil {
		return fmt.Errorf("reading the engine's configuration: %w", err)
	}
	listener, err := listenEngine(order.Addr)
	if err != nil {
		return err
	}
	unlock, err := lockData(order.DataDir)
	if err != nil {
		return err
	}
	defer unlock()
	server, err := bootEngine(order)
	if err != nil {
		return err
	}
	fmt.Fprintln(report, "ready", listener.Addr())
	report.Close()
	return serve(listener, server, stdin)
}

func serve(listener net.Listener, server *engineServer, life io.Reader) error {
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, life)
		close(ended)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serving the ClickHouse interface: %w", err)
	case <-ended:
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		return nil // queries still run: leaving under them loses no acknowledged row
	}
	server.close()
	return nil
}

func listenEngine(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("ClickHouse cannot listen on %s: %w; stop what listens there, or set another ClickHouse address", addr, ErrPortInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("ClickHouse cannot listen on %s: %w; set another ClickHouse address", addr, err)
	}
	return listener, nil
}

// lockData takes the data folder for this process; the kernel gives it back when the process ends, however it ends.
func lockData(folder string) (unlock func(), err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("making the ClickHouse data folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "throughline.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the ClickHouse data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another ClickHouse engine runs on %s: stop it, or set another data folder", folder)
	}
	return func() { file.Close() }, nil
}

// engineConfig is the engine's server configuration. The caches are for one machine that also runs the broker and us. ThreadStatus
// would log a line for every streamed insert, of a thread that the library sets up twice.
const engineConfig = `<clickhouse>
    <logger>
        <log>%s</log><size>10M</size><count>2</count>
        <levels><ThreadStatus>none</ThreadStatus></levels>
    </logger>
    <max_server_memory_usage>%d</max_server_memory_usage>
    <mark_cache_size>134217728</mark_cache_size>
    <uncompressed_cache_size>67108864</uncompressed_cache_size>
    <index_mark_cache_size>67108864</index_mark_cache_size>
    <background_pool_size>4</background_pool_size>
    <background_schedule_pool_size>16</background_schedule_pool_size>
    <timezone>UTC</timezone>
</clickhouse>
`

func bootEngine(order childOrder) (*engineServer, error) {
	config := filepath.Join(order.DataDir, "throughline-engine.xml")
	if err := os.WriteFile(config, fmt.Appendf(nil, engineConfig, order.DataDir+"/engine.log", order.MaxMemory), 0o600); err != nil {
		return nil, fmt.Errorf("writing the engine's configuration: %w", err)
	}
	lib, err := openLibrary(order.Library)
	if err != nil {
		return nil, err
	}
	args := []string{"--path=" + order.DataDir, "--config-file=" + config, "--log-level=warning"}
	server, err := newEngineServer(lib, args, order.User, order.Password)
	if err != nil {
		return nil, fmt.Errorf("starting the ClickHouse engine on %s: %w", order.DataDir, err)
	}
	return server, nil
}
