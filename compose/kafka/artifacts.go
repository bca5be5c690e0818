package kafka

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// Version is the Apache Kafka that is started.
const Version = "4.3.1"

// ErrUnavailable says that this machine cannot run Apache Kafka: Java or Maven is missing, or the artifacts cannot be had.
// The message says what to install.
//
//lint:ignore ST1005 a proper name
var ErrUnavailable = errors.New("Apache Kafka is not available here")

//go:embed pom.xml
var pom []byte

const javaNeeded = 17

// java returns the Java launcher to use, JAVA_HOME's or the one on PATH, and what it says about itself.
func java(ctx context.Context) (path, version string, err error) {
	path = "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		path = filepath.Join(home, "bin", "java")
	}
	if path, err = exec.LookPath(path); err != nil {
		return "", "", fmt.Errorf("%w: no java is on PATH (or under JAVA_HOME); install Java %d or later, for example openjdk-%d-jre-headless", ErrUnavailable, javaNeeded, javaNeeded)
	}
	out, err := exec.CommandContext(ctx, path, "-version").CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("%w: %s -version failed (%w: %s); repair or reinstall Java", ErrUnavailable, path, err, firstLine(out))
	}
	if have := javaVersion(string(out)); have < javaNeeded {
		return "", "", fmt.Errorf("%w: %s is Java %d and Kafka %s needs Java %d or later; install it or point JAVA_HOME at it", ErrUnavailable, path, have, Version, javaNeeded)
	}
	return path, string(out), nil
}

// javaVersion reads the major version from what java -version prints; Java 8 and before call themselves 1.x.
func javaVersion(printed string) int {
	m := regexp.MustCompile(`version "(?:1\.)?(\d+)`).FindStringSubmatch(printed)
	if m == nil {
		return 0
	}
	major, _ := strconv.Atoi(m[1])
	return major
}

// jars returns the directory with Kafka's jars, fetching them if nobody on this machine has. Processes that want them at
// the same time wait for one another.
func jars(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: there is no cache directory to keep Kafka's jars in (%w); set HOME or XDG_CACHE_HOME", ErrUnavailable, err)
	}
	return jarsIn(ctx, filepath.Join(cache, "throughline"))
}

func jarsIn(ctx context.Context, cache string) (string, error) {
	dir := filepath.Join(cache, "kafka-"+Version)
	if complete(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("%w: creating %s: %w", ErrUnavailable, cache, err)
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer unlock()
	if complete(dir) {
		return dir, nil
	}
	return dir, fetch(ctx, dir)
}

// lock waits for a lock between processes, which the kernel drops with its holder.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of Kafka's jars: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}

// complete is true once a fetch has ended: the directory appears by renaming.
func complete(dir string) bool { return exists(filepath.Join(dir, "kafka_2.13-"+Version+".jar")) }

func fetch(ctx context.Context, dir string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("%w: its jars are fetched with Maven and no mvn is on PATH; install Maven, for example the package maven", ErrUnavailable)
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "kafka-fetch-")
	if err != nil {
		return fmt.Errorf("%w: making room for Kafka's jars: %w", ErrUnavailable, err)
	}
	defer os.RemoveAll(work)
	file, libs := filepath.Join(work, "pom.xml"), filepath.Join(work, "libs")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return fmt.Errorf("%w: writing %s: %w", ErrUnavailable, file, err)
	}
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", "-f", file, "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+libs)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: Maven could not fetch org.apache.kafka:kafka_2.13:%s (%w: %s); check that Maven reaches a repository that has it, then try again",
			ErrUnavailable, Version, err, errorLine(out))
	}
	_ = os.RemoveAll(dir) // left by a fetch of another shape; complete said that it is of no use
	if err := os.Rename(libs, dir); err != nil {
		return fmt.Errorf("%w: moving Kafka's jars to %s: %w", ErrUnavailable, dir, err)
	}
	return nil
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}

// errorLine is the first line that Maven marks as an error, which says what went wrong; the rest is advice about Maven.
func errorLine(b []byte) string {
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "ERROR") {
			return strings.TrimSpace(line)
		}
	}
	return firstLine(b)
}
