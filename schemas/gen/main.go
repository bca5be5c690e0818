package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// errStale says that the generated files are not what the .avsc files give.
var errStale = errors.New("generated code is not up to date: run `make schemas` and commit the result")

func main() {
	dir := flag.String("dir", "schemas", "folder of meta.avsc, the domains and the generated files")
	check := flag.Bool("check", false, "write nothing; exit with 1 where the generated files are not up to date")
	old := flag.String("freeze", "", "keep the present schema of this event type as an old version, before the .avsc changes")
	flag.Parse()
	do := func() error { return run(*dir, *check, os.Stdout) }
	if *old != "" {
		do = func() error { return freeze(*dir, *old, os.Stdout) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run generates dir's files, or with check compares them.
func run(dir string, check bool, out io.Writer) error {
	lib, err := load(os.DirFS(dir))
	if err != nil {
		return err
	}
	files, err := generate(lib)
	if err != nil {
		return err
	}
	if check {
		return compare(dir, files, out)
	}
	return write(dir, files, out)
}

// generate gives the generated files by name.
func generate(lib *library) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, f := range lib.files {
		src, err := emitFile(lib, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		files[genName(f.path)] = src
	}
	src, err := emitCatalog(lib)
	if err != nil {
		return nil, err
	}
	files["catalog_gen.go"] = src
	return files, nil
}

// genName is the generated file of an .avsc: orders/order_accepted.avsc gives orders_order_accepted_gen.go.
func genName(path string) string {
	name := strings.TrimSuffix(filepath.ToSlash(path), ".avsc")
	return strings.ReplaceAll(name, "/", "_") + "_gen.go"
}

func write(dir string, files map[string][]byte, out io.Writer) error {
	stale, err := leftovers(dir, files)
	if err != nil {
		return err
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("removing %s, whose .avsc is gone: %w", name, err)
		}
	}
	written := 0
	for _, name := range sortedNames(files) {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, files[name]) { //nolint:gosec // a path below the given folder
			continue
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil { //nolint:gosec // source code is world-readable
			return fmt.Errorf("writing generated code: %w", err)
		}
		written++
	}
	fmt.Fprintf(out, "%d generated files, %d written, %d removed\n", len(files), written, len(stale))
	return nil
}

func compare(dir string, files map[string][]byte, out io.Writer) error {
	stale, err := leftovers(dir, files)
	if err != nil {
		return err
	}
	for _, name := range sortedNames(files) {
		old, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // a path below the given folder
		if err != nil || !bytes.Equal(old, files[name]) {
			stale = append(stale, name)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	for _, name := range stale {
		fmt.Fprintln(out, name)
	}
	return errStale
}

// leftovers are generated files in dir that no .avsc gives any more.
func leftovers(dir string, files map[string][]byte) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*_gen.go"))
	if err != nil {
		return nil, fmt.Errorf("listing generated files: %w", err)
	}
	var stale []string
	for _, path := range found {
		if _, ok := files[filepath.Base(path)]; !ok {
			stale = append(stale, filepath.Base(path))
		}
	}
	return stale, nil
}

func sortedNames(files map[string][]byte) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
