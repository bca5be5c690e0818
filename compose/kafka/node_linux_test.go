package kafka

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestParentProcess is not a test: TestNodesDieWithTheirParent runs it in a process of its own.
func TestParentProcess(t *testing.T) {
	dir := os.Getenv("KAFKA_PARENT_DIR")
	if dir == "" {
		return
	}
	n := &node{layout: layout{id: 1, dir: dir}}
	if err := n.start(jvm{java: filepath.Join(dir, "java")}, 1); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("child %d\n", n.process.Pid)
	select {} // until killed
}

func TestNodesDieWithTheirParent(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "java"), []byte("#!/bin/sh\nexec sleep 300\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestParentProcess$")
	parent.Env = append(os.Environ(), "KAFKA_PARENT_DIR="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "child ")))
	if err != nil || syscall.Kill(child, 0) != nil {
		t.Fatalf("the child is not there: %q, %v", line, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	deadline := time.After(10 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); alive(child); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("process %d outlived its parent", child)
		}
	}
}

// alive is false for a zombie too: where nobody reaps orphans, a dead process keeps its number.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
