package kafka

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// node is one Kafka node: its place, and its process while it runs.
type node struct {
	layout
	mu      sync.Mutex
	process *os.Process
	exited  chan struct{} // closed when the process is gone; nil before the first start
	wanted  bool          // it was started and nobody has ended it on purpose
}

func (n *node) propertiesFile() string { return filepath.Join(n.dir, "server.properties") }
func (n *node) logFile() string        { return filepath.Join(n.dir, "node.log") }

// start launches the process. It does not wait until the node answers.
func (n *node) start(j jvm, heapMB int) error {
	if n.running() {
		return fmt.Errorf("node %d runs already", n.id)
	}
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("opening the log of node %d: %w", n.id, err)
	}
	args := []string{fmt.Sprintf("-Xmx%dm", heapMB), "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true",
		"-Dlog4j2.configurationFile=" + filepath.Join(filepath.Dir(n.dir), logConfigFile), "-Dlog4j2.disable.jmx=true"}
	if j.archiveFlag != "" {
		args = append(args, j.archiveFlag)
	}
	cmd := exec.Command(j.java, append(args, "-cp", j.classpath(), "kafka.Kafka", n.propertiesFile())...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, dieWithParent()
	started, exited := make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel's promise to kill the child is bound to the starting thread: this one lives as long as the child.
		runtime.LockOSThread()
		defer close(exited)
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its log
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting node %d: %w", n.id, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process, n.exited, n.wanted = cmd.Process, exited, true
	return nil
}

func (n *node) running() bool {
	select {
	case <-n.gone():
		return false
	default:
		return true
	}
}

func (n *node) isWanted() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.wanted
}

// gone is closed while no process runs.
func (n *node) gone() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.exited == nil {
		never := make(chan struct{})
		close(never)
		return never
	}
	return n.exited
}

// kill ends the process at once and waits until the kernel has it.
func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	<-n.gone()
}

// stop asks the process to end and waits; when ctx ends first it is killed.
func (n *node) stop(ctx context.Context) error {
	n.signal(syscall.SIGTERM)
	select {
	case <-n.gone():
		return nil
	case <-ctx.Done():
		n.kill()
		return fmt.Errorf("stopping node %d: %w; it was killed", n.id, ctx.Err())
	}
}

func (n *node) signal(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wanted = false
	if n.process == nil {
		return
	}
	select {
	case <-n.exited: // its number may belong to another process by now
	default:
		_ = syscall.Kill(-n.process.Pid, s)
	}
}

const tailBytes = 8 << 10

// tail is the end of the node's log, from the start of a line.
func (n *node) tail() string {
	f, err := os.Open(n.logFile())
	if err != nil {
		return ""
	}
	defer f.Close()
	cut := false
	if info, err := f.Stat(); err == nil && info.Size() > tailBytes {
		_, err = f.Seek(-tailBytes, io.SeekEnd)
		cut = err == nil
	}
	raw, err := io.ReadAll(io.LimitReader(f, 2*tailBytes))
	if err != nil {
		return ""
	}
	text := string(raw)
	if cut {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}
