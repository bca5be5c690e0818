package embedded

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/twmb/franz-go/pkg/sr"
)

// change is one line of the registry's journal: a schema with the version and id it was given, or a request that changed
// something else (a deletion, a level, a mode), to be run again.
type change struct {
	Subject string      `json:"subject,omitempty"`
	Version int         `json:"version,omitempty"`
	ID      int         `json:"id,omitempty"`
	Schema  *schemaBody `json:"schema,omitempty"`

	Method string          `json:"method,omitempty"`
	Path   string          `json:"path,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// journal is an append-only file of changes, one JSON object a line. A nil journal keeps nothing.
type journal struct {
	file   *os.File
	failed error
}

// openJournal gives every whole line to apply, drops a last line that a kill cut short (nobody was told about it), and is
// then ready to append.
func openJournal(path string, apply func(change) error) (*journal, error) {
	raw, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("reading the registry's journal: %w", err)
	}
	whole := bytes.LastIndexByte(raw, '\n') + 1
	for i, line := range bytes.Split(raw[:whole], []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("reading %s, line %d: %w; restore the file or remove the embedded data", path, i+1, err)
		}
		if err := apply(c); err != nil {
			return nil, fmt.Errorf("restoring %s, line %d: %w; restore the file or remove the embedded data", path, i+1, err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the registry's journal: %w", err)
	}
	if err := f.Truncate(int64(whole)); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("cutting the unfinished last line of %s: %w", path, err)
	}
	return &journal{file: f}, nil
}

// writable says whether a change may be made at all. After a failed write memory and disk differ, and a further change
// would be numbered on top of one that the next start does not know.
func (j *journal) writable() error {
	if j == nil || j.failed == nil {
		return nil
	}
	return fmt.Errorf("the registry could not write its journal (%w) and takes no more changes; make room and restart it", j.failed)
}

func (j *journal) append(c change) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encoding the change: %w", err)
	}
	if _, err = j.file.Write(append(line, '\n')); err == nil {
		err = j.file.Sync()
	}
	j.failed = err
	return j.writable()
}

// apply makes one restored change. Ids come from the journal, never from counting again.
func (r *Registry) apply(c change) error {
	if c.Schema == nil {
		if rec := r.ask(c.Method, c.Path, c.Body); rec.Code >= 300 {
			return fmt.Errorf("%s %s answered %d: %s", c.Method, c.Path, rec.Code, rec.Body)
		}
		return nil
	}
	if r.ask(http.MethodGet, fmt.Sprintf("/schemas/ids/%d", c.ID), nil).Code == http.StatusNotFound {
		return r.seed(c)
	}
	// The id exists, so this is the same schema under another subject or again under this one.
	if rec := r.ask(http.MethodPost, subjectPath(c.Subject)+"/versions", c.Schema); rec.Code >= 300 {
		return fmt.Errorf("registering %s version %d answered %d: %s", c.Subject, c.Version, rec.Code, rec.Body)
	}
	got, ok := r.find(c.Subject, *c.Schema)
	if !ok || got.ID != c.ID || got.Version != c.Version {
		return fmt.Errorf("%s version %d had id %d and would now be version %d with id %d", c.Subject, c.Version, c.ID, got.Version, got.ID)
	}
	return nil
}

// seed puts a schema at its version and id; the registry behind us panics on what it finds impossible.
func (r *Registry) seed(c change) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s version %d, id %d: %v", c.Subject, c.Version, c.ID, p)
		}
	}()
	schema := sr.Schema{Schema: c.Schema.Schema, References: c.Schema.References}
	if err := schema.Type.UnmarshalText([]byte(c.Schema.Type)); err != nil {
		return err
	}
	r.fake.SeedSchema(c.Subject, c.Version, c.ID, schema)
	return nil
}
