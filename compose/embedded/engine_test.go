package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// smallPackage is a package like the engine's, and its archive.
func smallPackage(t *testing.T, content string) (enginePackage, []byte) {
	t.Helper()
	var archive bytes.Buffer
	zip := gzip.NewWriter(&archive)
	files := tar.NewWriter(zip)
	if err := files.WriteHeader(&tar.Header{Name: "package/libchdb.so", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(files, content)
	files.Close()
	zip.Close()
	integrity, sum := sha512.Sum512(archive.Bytes()), sha256.Sum256([]byte(content))
	return enginePackage{
		name: "@test/engine", file: "libchdb.so", size: int64(len(content)),
		integrity: base64.StdEncoding.EncodeToString(integrity[:]), sha256: hex.EncodeToString(sum[:]),
	}, archive.Bytes()
}

// fakeNPM puts a program named npm first on the PATH. It appends a line to calls and leaves the archive, or fails.
func fakeNPM(t *testing.T, archive []byte, fails string) (calls string) {
	t.Helper()
	folder := t.TempDir()
	calls = filepath.Join(folder, "calls")
	source := filepath.Join(folder, "source.tgz")
	if err := os.WriteFile(source, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %q\ncp %q ./fetched.tgz\n", calls, source)
	if fails != "" {
		script = fmt.Sprintf("#!/bin/sh\necho noise >&2\necho %q >&2\nexit 1\n", fails)
	}
	if err := os.WriteFile(filepath.Join(folder, "npm"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	return calls
}

func TestEngineIsFetchedOnce(t *testing.T) {
	pkg, archive := smallPackage(t, "the engine")
	calls := fakeNPM(t, archive, "")
	folder := filepath.Join(t.TempDir(), "engine")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			path, err := pkg.install(t.Context(), folder)
			if err != nil {
				t.Error(err)
				return
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != "the engine" {
				t.Errorf("%s: %q %v", path, text, err)
			}
		})
	}
	group.Wait()
	text, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines != 1 || !strings.HasPrefix(string(text), "pack @test/engine@"+libraryVersion+" ") {
		t.Errorf("npm was called %d times: %s", lines, text)
	}
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "files left", len(left), 2) // the library and the lock
}

func TestEngineIsVerified(t *testing.T) {
	pkg, archive := smallPackage(t, "the engine")
	_, other := smallPackage(t, "another engine")
	oneLine := func(pkg enginePackage, want string) {
		t.Helper()
		folder := t.TempDir()
		_, err := pkg.install(t.Context(), folder)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, want)
		}
		if _, err := os.Stat(filepath.Join(folder, pkg.file)); err == nil {
			t.Errorf("%s: the library is there all the same", want)
		}
	}
	fakeNPM(t, other, "")
	oneLine(pkg, "not the pinned one: sha512-")
	fakeNPM(t, archive, "")
	changed := pkg
	changed.sha256 = strings.Repeat("0", 64)
	oneLine(changed, "not the pinned one: sha256 ")
	fakeNPM(t, nil, "npm error code ENOTFOUND")
	oneLine(pkg, "npm error code ENOTFOUND): check that npm reaches its registry, or set "+EnvLibrary)
	t.Setenv("PATH", "")
	oneLine(pkg, "install npm, or set "+EnvLibrary)
}

func TestEngineLibraryOverride(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libchdb.so")
	t.Setenv(EnvLibrary, path)
	if _, err := EngineLibrary(t.Context()); err == nil || !strings.Contains(err.Error(), EnvLibrary) {
		t.Errorf("a missing library: %v", err)
	}
	if err := os.WriteFile(path, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := EngineLibrary(t.Context()); err != nil || got != path {
		t.Errorf("got %s, %v", got, err)
	}
	_, err := StartClickHouse(t.Context(), ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: t.TempDir(), LogWriter: &lines{}})
	if err == nil || !strings.Contains(err.Error(), "loading the engine library "+path) {
		t.Errorf("a file that is no library: %v", err)
	}
}
