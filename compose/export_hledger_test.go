package compose_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

// hledger is the program of Debian's packages: the one that is installed, else one that is unpacked once on a machine into the user's cache folder, which needs no
// root. What apt downloads it holds against the signed lists of the archive.
type hledger struct {
	bin string
	env []string
}

// hledgerPins are the versions that the export was tried with; another release of Debian gives what it has.
var hledgerPins = map[string]string{"bookworm amd64": "hledger=1.25-2+b5"}

// startHledger finds or installs it. A machine without apt is a skip; an apt that cannot give it is a failure.
func startHledger(t testing.TB) hledger {
	t.Helper()
	if bin, err := exec.LookPath("hledger"); err == nil {
		return hledger{bin, nil}.tried(t)
	}
	for _, tool := range []string{"apt-get", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED, NOT PASSED: hledger is missing and %s, which could get it, too: no program but our own has read the export: install hledger", tool)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("finding a folder for hledger: %v: set HOME or XDG_CACHE_HOME", err)
	}
	name := "hledger"
	if pin, ok := hledgerPins[debianRelease()+" "+runtime.GOARCH]; ok {
		name = pin
	}
	dir := filepath.Join(cache, "throughline", strings.NewReplacer("=", "-", "+", "_").Replace(name))
	if err := unpackHledger(t.Context(), name, dir); err != nil {
		t.Fatal(err)
	}
	libraries, _ := filepath.Glob(filepath.Join(dir, "root", "usr", "lib", "*-linux-gnu*"))
	old, _ := filepath.Glob(filepath.Join(dir, "root", "lib", "*-linux-gnu*"))
	path := "LD_LIBRARY_PATH=" + strings.Join(append(libraries, old...), ":")
	return hledger{filepath.Join(dir, "root", "usr", "bin", "hledger"), append(os.Environ(), path, "LANG=C.UTF-8")}.tried(t)
}

func (h hledger) tried(t testing.TB) hledger {
	t.Helper()
	t.Log(strings.TrimSpace(h.run(t, "--version")))
	return h
}

func (h hledger) run(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, h.bin, args...)
	cmd.Env = h.env
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("hledger %s: %v\n%.2000s", strings.Join(args, " "), err, problems.String())
	}
	return out.String()
}

// balances is hledger's own sum of a file: "account code, month, commodity" to amount. With cost it is what the transactions cost.
func (h hledger) balances(t testing.TB, file string, cost bool) map[string]schemas.Decimal {
	t.Helper()
	args := []string{"-f", file, "balance", "--flat", "--no-total", "--empty", "--monthly", "--output-format", "csv"}
	if cost {
		args = append(args, "--cost")
	}
	rows, err := csv.NewReader(strings.NewReader(h.run(t, args...))).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("hledger's balances of %s: %d rows, %v", file, len(rows), err)
	}
	sums := map[string]schemas.Decimal{}
	for _, row := range rows[1:] {
		code := row[0][strings.LastIndexByte(row[0], ':')+1:]
		for i, cell := range row[1:] {
			for part := range strings.SplitSeq(cell, ", ") {
				if number, commodity, ok := strings.Cut(part, " "); ok {
					sums[code+" "+rows[0][i+1]+" "+commodity] = schemas.MustDecimal(number)
				}
			}
		}
	}
	return sums
}

func debianRelease() string {
	text, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "VERSION_CODENAME="); ok {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// unpackHledger downloads the package and the libraries that a bare system may lack, under a lock between processes. A run that was killed half-way leaves no mark.
func unpackHledger(ctx context.Context, name, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making a folder for hledger: %w", err)
	}
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("locking hledger's folder: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("locking hledger's folder: %w", err)
	}
	done := filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing a half-unpacked hledger: %w", err)
	}
	for _, d := range []string{"packages", "lists/partial", "archives/partial", "root"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return fmt.Errorf("making a folder for hledger: %w", err)
		}
	}
	if err := downloadPackages(ctx, dir, name, "libgmp10", "libffi8", "libtinfo6"); err != nil {
		return err
	}
	packages, err := filepath.Glob(filepath.Join(dir, "packages", "*.deb"))
	if err != nil || len(packages) != 4 {
		return fmt.Errorf("apt-get downloaded %d packages of 4: %w", len(packages), err)
	}
	for _, p := range packages {
		if out, err := exec.CommandContext(ctx, "dpkg", "-x", p, filepath.Join(dir, "root")).CombinedOutput(); err != nil {
			return fmt.Errorf("unpacking %s: %w: %s", filepath.Base(p), err, out)
		}
	}
	return os.WriteFile(done, nil, 0o644)
}

// downloadPackages asks apt with the lists that the machine has, then with fresh ones of its own, which a bare image needs.
func downloadPackages(ctx context.Context, dir string, names ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	apt := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Dir = filepath.Join(dir, "packages")
		return cmd.CombinedOutput()
	}
	if _, err := apt(append([]string{"download"}, names...)...); err == nil {
		return nil
	}
	own := []string{"-o", "Dir::State::Lists=" + filepath.Join(dir, "lists"), "-o", "Dir::Cache=" + dir, "-o", "Debug::NoLocking=1"}
	if out, err := apt(append(own, "update")...); err != nil {
		return fmt.Errorf("listing Debian's packages: %w: can apt-get reach an archive? `apt-get install hledger` would do instead. It said: %s", err, out)
	}
	if out, err := apt(append(append(own, "download"), names...)...); err != nil {
		return fmt.Errorf("downloading %s: %w: does this release of Debian have it? `apt-get install hledger` would do instead. It said: %s", strings.Join(names, ", "), err, out)
	}
	return nil
}
