package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// freeze keeps an event's present schema and its golden bytes as an old version, history/<event>.<n>.avsc and testdata/wire/<event>.<n>.hex, so that a test
// holds the next version to reading them. Run it before the .avsc changes.
func freeze(dir, eventType string, out io.Writer) error {
	lib, err := load(os.DirFS(dir))
	if err != nil {
		return err
	}
	event := lib.event(eventType)
	if event == nil {
		return fmt.Errorf("freezing %s: no .avsc has that event_type", eventType)
	}
	golden, err := os.ReadFile(filepath.Join(dir, "testdata", "wire", eventType+".hex")) //nolint:gosec // a path below the given folder
	if err != nil {
		return fmt.Errorf("freezing %s: its golden bytes: %w", eventType, err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, []byte(lib.inlined(event.full)), "", "  "); err != nil {
		return fmt.Errorf("freezing %s: %w", eventType, err)
	}
	text.WriteByte('\n')
	n := 1
	for exists(filepath.Join(dir, "history", fmt.Sprintf("%s.%d.avsc", eventType, n))) {
		n++
	}
	for path, content := range map[string][]byte{
		filepath.Join(dir, "history", fmt.Sprintf("%s.%d.avsc", eventType, n)):         text.Bytes(),
		filepath.Join(dir, "testdata", "wire", fmt.Sprintf("%s.%d.hex", eventType, n)): golden,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source folders are world-readable
			return fmt.Errorf("freezing %s: %w", eventType, err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // source code is world-readable
			return fmt.Errorf("freezing %s: %w", eventType, err)
		}
	}
	fmt.Fprintf(out, "%s is frozen as version %d\n", eventType, n)
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (lib *library) event(eventType string) *record {
	for _, f := range lib.files {
		if f.event != nil && f.event.eventType == eventType {
			return f.event
		}
	}
	return nil
}
