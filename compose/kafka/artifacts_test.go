package kafka

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestWithoutJavaTheSentenceSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	_, err := Start(t.Context(), Config{})
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "install Java 17") {
		t.Fatalf("got %v", err)
	}
}

func TestAnOldJavaIsRefused(t *testing.T) {
	home := t.TempDir()
	script := "#!/bin/sh\necho 'openjdk version \"1.8.0_392\"' >&2\n"
	if err := os.MkdirAll(filepath.Join(home, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "bin", "java"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JAVA_HOME", home)
	_, _, err := java(t.Context())
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "Java 8") {
		t.Fatalf("got %v", err)
	}
}

func TestJavaVersions(t *testing.T) {
	for printed, want := range map[string]int{
		`openjdk version "17.0.15" 2025-04-15`: 17, `java version "1.8.0_392"`: 8, `openjdk version "21" 2023-09-19`: 21, "nonsense": 0,
	} {
		if got := javaVersion(printed); got != want {
			t.Errorf("%q is %d, want %d", printed, got, want)
		}
	}
}

// fakeMaven puts a program named mvn first on PATH.
func fakeMaven(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mvn"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestMavenThatFailsIsQuoted(t *testing.T) {
	fakeMaven(t, "echo '[ERROR] Could not resolve artifact'; echo more; exit 1\n")
	_, err := jarsIn(t.Context(), t.TempDir())
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "Could not resolve artifact") || strings.Contains(err.Error(), "more") {
		t.Fatalf("got %v", err)
	}
}

func TestWithoutMavenTheSentenceSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := jarsIn(t.Context(), t.TempDir())
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "install Maven") {
		t.Fatalf("got %v", err)
	}
}

func TestJarsAreFetchedOnce(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("SKIPPED: no sh")
	}
	cache := t.TempDir()
	// The stand-in for Maven notes each run and makes the one jar that is looked for.
	fakeMaven(t, `for a in "$@"; do case "$a" in -DoutputDirectory=*) d="${a#-DoutputDirectory=}";; esac; done
echo run >> "`+cache+`/runs"; mkdir -p "$d"; : > "$d/kafka_2.13-`+Version+`.jar"
`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := jarsIn(t.Context(), cache); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if runs, err := os.ReadFile(filepath.Join(cache, "runs")); err != nil || string(runs) != "run\n" {
		t.Fatalf("Maven ran: %q, %v", runs, err)
	}
}
