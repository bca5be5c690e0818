package hledger

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// pins are the versions that the export was tried with; another release of Debian gives what it has.
var pins = map[string]string{"bookworm amd64": "hledger=1.25-2+b5"}

func debianRelease() string {
	text, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "VERSION_CODENAME="); ok {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// unpack downloads the package and the libraries that a bare system may lack, under a lock between processes. A run that was killed half-way leaves no mark.
func unpack(ctx context.Context, name, dir string) error {
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
	if err := download(ctx, dir, name, "libgmp10", "libffi8", "libtinfo6"); err != nil {
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
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		return fmt.Errorf("marking hledger's folder as complete: %w", err)
	}
	return nil
}

// download asks apt with the lists that the machine has, then with fresh ones of its own, which a bare image needs.
func download(ctx context.Context, dir string, names ...string) error {
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
