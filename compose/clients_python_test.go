package compose_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// python is an environment that holds other people's clients, pinned by digest, made once on a machine.
type python struct {
	t   testing.TB
	bin string
}

const clientsDir = "testdata/clients"

// startPython makes the environment if need be. No Python is a skip; a Python that cannot be given the clients is a failure.
func startPython(t testing.TB) python {
	t.Helper()
	system, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("SKIPPED, NOT PASSED: python3 is missing, so that no client but our own was tried: install Python 3.10 or later with venv")
	}
	version, err := exec.Command(system, "-c", "import sys; print(sys.version, sys.base_prefix)").Output()
	if err != nil {
		t.Fatalf("asking %s for its version: %v", system, err)
	}
	pins, err := os.ReadFile(filepath.Join(clientsDir, "requirements.txt"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("finding a folder for the clients: %v: set HOME or XDG_CACHE_HOME", err)
	}
	sum := sha256.Sum256(append(version, pins...))
	dir := filepath.Join(cache, "throughline", fmt.Sprintf("clients-%x", sum[:8]))
	if err := installClients(t.Context(), system, dir); err != nil {
		t.Fatal(err)
	}
	return python{t, filepath.Join(dir, "bin", "python")}
}

// installClients makes the environment under a lock between processes. A run that was killed half-way leaves no mark, and the next one starts anew.
func installClients(ctx context.Context, system, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making a folder for the clients: %w", err)
	}
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("locking the clients' folder: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("locking the clients' folder: %w", err)
	}
	done := filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing a half-made environment: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, system, "-m", "venv", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("making a Python environment: %w: is the venv module missing (python3-venv on Debian)? It said: %s", err, out)
	}
	pip := exec.CommandContext(ctx, filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
		"--only-binary", ":all:", "--require-hashes", "-r", filepath.Join(clientsDir, "requirements.txt"))
	if out, err := pip.CombinedOutput(); err != nil {
		return fmt.Errorf("installing what %s/requirements.txt names (confluent-kafka and clickhouse-connect with what they need): %w: can pip reach its index, "+
			"and is Python 3.10 or later? It said: %s", clientsDir, err, out)
	}
	return os.WriteFile(done, nil, 0o644)
}

// run gives a script one JSON object and reads one from it.
func (p python) run(script string, order, answer any) {
	p.t.Helper()
	in, err := json.Marshal(order)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.bin, "-B", "-W", "ignore", filepath.Join(clientsDir, script))
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &problems
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("%s: %v after %s\n%s", script, err, time.Since(begin).Round(time.Millisecond), problems.String())
	}
	if text := strings.TrimSpace(problems.String()); text != "" {
		p.t.Logf("%s says: %s", script, text)
	}
	if err := json.Unmarshal(out.Bytes(), answer); err != nil {
		p.t.Fatalf("%s answers %q: %v", script, out.String(), err)
	}
	p.t.Logf("%s took %s", script, time.Since(begin).Round(time.Millisecond))
}
