package embedded

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// EnvLibrary names a copy of libchdb to use instead of the fetched one. It is not verified: whoever sets it vouches for it.
const EnvLibrary = "THROUGHLINE_ENGINE_LIBRARY"

// libraryVersion is the version of the npm package that carries the engine (ClickHouse 26.7).
const libraryVersion = "26.7.3-stable.1"

// enginePackage is one platform's npm package. Both digests are pinned: the archive's as npm states it (SHA-512, base64), so that
// what we unpack is what was published, and the library's (SHA-256, hex), so that what we load is what we unpacked.
type enginePackage struct {
	name, file, integrity, sha256 string
	size                          int64 // of the library, in bytes: what a start can check for nothing
}

// enginePackages lists the platforms. Version 26.7.3-stable.1 names packages for the other three as well; a platform gets its
// digests here once somebody has fetched its package, run the tests on it, and written them down.
var enginePackages = map[string]enginePackage{
	"linux/amd64": {
		name: "@chdb/lib-linux-x64-gnu", file: "libchdb.so",
		integrity: "XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
		sha256:    "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5",
		size:      566330096,
	},
	"linux/arm64":  {name: "@chdb/lib-linux-arm64-gnu", file: "libchdb.so"},
	"darwin/arm64": {name: "@chdb/lib-darwin-arm64", file: "libchdb.so"},
	"darwin/amd64": {name: "@chdb/lib-darwin-x64", file: "libchdb.so"},
}

// EngineLibrary returns the path of the ClickHouse engine library. The first call on a machine fetches it through npm's client
// (178 MB; 566 MB in the user's cache folder) and says so on stderr; later calls, and other processes that wait meanwhile, find it
// there. The error is one line that says what to do.
func EngineLibrary(ctx context.Context) (string, error) {
	if path := os.Getenv(EnvLibrary); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%s is set, but there is no library: %w; unset it, or point it at a libchdb.so", EnvLibrary, err)
		}
		return path, nil
	}
	pkg, ok := enginePackages[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("no ClickHouse engine library is published for %s/%s: set %s to a libchdb of your own, or use a ClickHouse server", runtime.GOOS, runtime.GOARCH, EnvLibrary)
	}
	if pkg.integrity == "" {
		return "", fmt.Errorf("the ClickHouse engine library for %s/%s has no pinned digest yet: unpack the npm package %s@%s yourself and set %s to its %s", runtime.GOOS, runtime.GOARCH, pkg.name, libraryVersion, EnvLibrary, pkg.file)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache folder: %w; set HOME, or %s to a libchdb.so", err, EnvLibrary)
	}
	return pkg.install(ctx, filepath.Join(cache, "throughline", "engine-"+libraryVersion))
}

// install returns the library in folder and fetches it first when it is not there. The name stands only for a verified file: it
// is written under another name, verified and renamed.
func (p enginePackage) install(ctx context.Context, folder string) (string, error) {
	path := filepath.Join(folder, p.file)
	if p.complete(path) {
		return path, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("making the engine's cache folder: %w; set %s to a libchdb.so", err, EnvLibrary)
	}
	unlock, err := lockFile(ctx, filepath.Join(folder, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if p.complete(path) {
		return path, nil // another process fetched it while we waited
	}
	work, err := os.MkdirTemp(folder, "fetch-")
	if err != nil {
		return "", fmt.Errorf("making a folder to fetch the engine into: %w", err)
	}
	defer os.RemoveAll(work)
	started := time.Now()
	fmt.Fprintf(os.Stderr, "fetching the ClickHouse engine %s@%s (178 MB, once per machine) …\n", p.name, libraryVersion)
	archive, err := p.fetch(ctx, work)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "unpacking the ClickHouse engine (566 MB) into %s …\n", folder)
	unpacked, err := p.unpack(ctx, archive, work)
	if err != nil {
		return "", err
	}
	if err := os.Rename(unpacked, path); err != nil {
		return "", fmt.Errorf("storing the engine library: %w", err)
	}
	fmt.Fprintf(os.Stderr, "the ClickHouse engine is ready after %.0f s\n", time.Since(started).Seconds())
	return path, nil
}

// complete tells whether the library is there and whole. A crash of the machine can leave a short file under a good name.
func (p enginePackage) complete(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() == p.size
}

// fetch lets npm's client bring the archive, from whichever registry it is configured for, and verifies it.
func (p enginePackage) fetch(ctx context.Context, work string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("fetching the ClickHouse engine needs npm's client, which is not on the PATH: install npm, or set %s to a libchdb.so", EnvLibrary)
	}
	cmd := exec.CommandContext(ctx, npm, "pack", p.name+"@"+libraryVersion, "--silent", "--pack-destination", work)
	cmd.Dir = work // a .npmrc or package.json of the current folder has no say
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("fetching the ClickHouse engine: %w", ctx.Err())
		}
		return "", fmt.Errorf("fetching the ClickHouse engine: npm pack %s@%s: %w (%s): check that npm reaches its registry, or set %s to a libchdb.so",
			p.name, libraryVersion, err, lastLine(stderr.String()), EnvLibrary)
	}
	archives, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("fetching the ClickHouse engine: npm pack left %d archives instead of 1", len(archives))
	}
	got, err := digest(archives[0], sha512.New())
	if err != nil {
		return "", err
	}
	if text := base64.StdEncoding.EncodeToString(got); text != p.integrity {
		return "", fmt.Errorf("the fetched ClickHouse engine is not the pinned one: sha512-%s instead of sha512-%s; do not use it, and check npm's registry", text, p.integrity)
	}
	return archives[0], nil
}

// unpack writes the library from the archive to work and verifies it. The system's tar is four times as fast as Go's gzip here.
func (p enginePackage) unpack(ctx context.Context, archive, work string) (string, error) {
	cmd := exec.CommandContext(ctx, "tar", "-xzf", archive, "-C", work, "package/"+p.file)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpacking the ClickHouse engine: %w (%s): check the free space in %s (600 MB)", err, lastLine(string(out)), work)
	}
	path := filepath.Join(work, "package", p.file)
	got, err := digest(path, sha256.New())
	if err != nil {
		return "", err
	}
	if text := hex.EncodeToString(got); text != p.sha256 {
		return "", fmt.Errorf("the unpacked ClickHouse engine is not the pinned one: sha256 %s instead of %s", text, p.sha256)
	}
	return path, nil
}

func digest(path string, sum hash.Hash) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("verifying the ClickHouse engine: %w", err)
	}
	defer file.Close()
	if _, err := io.Copy(sum, bufio.NewReaderSize(file, 1<<20)); err != nil {
		return nil, fmt.Errorf("verifying the ClickHouse engine: %w", err)
	}
	return sum.Sum(nil), nil
}

// lockFile takes an exclusive lock between processes, so that test binaries that start side by side fetch once. The kernel drops
// it when the holder dies.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("waiting for another process that fetches the ClickHouse engine: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
