package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// maxSchemaBody bounds one request; the in-process registry itself refuses more than 1 MiB.
const maxSchemaBody = 1 << 20

// RegistryConfig says where the in-process schema registry listens and what it keeps.
type RegistryConfig struct {
	// Addr is host:port; port 0 takes a free one. Empty means 127.0.0.1:0.
	Addr string
	// DataDir holds every change, in order. Empty means memory.
	DataDir string
	// Compatible says whether data written with each of the writers can be read with reader; the error says why not. The
	// registry asks it as the subject's compatibility level demands, in one direction or both. nil lets everything pass.
	Compatible func(reader string, writers []string) error
	// Log receives what the HTTP server complains about; nil discards it.
	Log *slog.Logger
}

// Registry is a running in-process schema registry that speaks Confluent's REST interface.
type Registry struct {
	// mu is held for writing by every change until it is on disk, so that nobody is told an id that a crash could take back.
	mu         sync.RWMutex
	fake       *srfake.Registry
	journal    *journal
	compatible func(reader string, writers []string) error

	server *http.Server
	addr   string
	lock   *os.File
	done   chan error
	once   sync.Once
}

// StartRegistry listens, restores every subject, version, id, deletion, mode and compatibility level that DataDir holds,
// and serves until Close. ctx bounds only the start.
//
// Errors: ErrPortInUse, ErrDataInUse, or what reading the directory met.
func StartRegistry(ctx context.Context, cfg RegistryConfig) (*Registry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Registry{fake: srfake.NewRegistry(), compatible: cfg.Compatible, done: make(chan error, 1)}
	if err := r.restore(cfg.DataDir); err != nil {
		return nil, err
	}
	ln, err := listen(cfg.Addr, "the schema registry")
	if err != nil {
		r.release()
		return nil, err
	}
	r.addr = ln.Addr().String()
	r.server = &http.Server{Handler: r.routes(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn)}
	go func() { r.done <- r.server.Serve(ln) }()
	return r, nil
}

// Addr returns host:port.
func (r *Registry) Addr() string { return r.addr }

// URL returns the registry's base address for clients.
func (r *Registry) URL() string { return "http://" + r.addr }

// Close stops serving after the requests in flight, for which it waits a second. It is safe to call twice.
func (r *Registry) Close() {
	r.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if r.server.Shutdown(ctx) != nil {
			_ = r.server.Close()
		}
		<-r.done
		r.release()
	})
}

func (r *Registry) restore(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("creating the registry's data directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	r.lock = lock
	r.journal, err = openJournal(filepath.Join(dir, "registry.ndjson"), r.apply)
	if err != nil {
		r.release()
	}
	return err
}

func (r *Registry) release() {
	if r.journal != nil {
		_ = r.journal.file.Close()
	}
	if r.lock != nil {
		_ = r.lock.Close()
	}
}

func (r *Registry) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { replyJSON(w, http.StatusOK, struct{}{}) })
	mux.HandleFunc("POST /subjects/{subject}/versions", r.register)
	mux.HandleFunc("POST /subjects/{subject}", r.lookUp)
	mux.HandleFunc("POST /compatibility/subjects/{subject}/versions", r.check)
	mux.HandleFunc("POST /compatibility/subjects/{subject}/versions/{version}", r.check)
	mux.HandleFunc("PUT /", r.change)
	mux.HandleFunc("DELETE /", r.change)
	mux.HandleFunc("GET /schemas/ids/{id}", r.byID)
	mux.HandleFunc("GET /schemas/ids/{id}/schema", r.byID)
	mux.HandleFunc("/", r.serve)
	return mux
}

func (r *Registry) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	r.fake.Handler().ServeHTTP(w, req)
}

// byID answers what an id stands for, under whatever subject a reader asks. Confluent's clients ask with the subject that their naming strategy gives, <topic>-value
// unless told otherwise, although no schema of ours stands there; Confluent's registry prefers that subject and then gives the schema all the same, where the fake
// would not.
func (r *Registry) byID(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	if strings.HasPrefix(query.Get("subject"), ":.") { // names a context, in which the id must be
		r.serve(w, req)
		return
	}
	query.Del("subject")
	asked := req.Clone(req.Context())
	asked.URL.RawQuery = query.Encode()
	r.serve(w, asked)
}

// register stores a schema if its subject's level lets it, and answers only when it is on disk.
func (r *Registry) register(w http.ResponseWriter, req *http.Request) {
	schema, err := readSchema(w, req)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, 42201, err.Error())
		return
	}
	subject := req.PathValue("subject")
	r.mu.Lock()
	defer r.mu.Unlock()
	if found, ok := r.find(subject, schema); ok {
		replyJSON(w, http.StatusOK, map[string]int{"id": found.ID})
		return
	}
	if err := r.journal.writable(); err != nil {
		refuse(w, http.StatusInternalServerError, 50001, err.Error())
		return
	}
	if err := r.fits(subject, schema, ""); err != nil {
		refuse(w, http.StatusConflict, 409, fmt.Sprintf("Schema being registered is incompatible with an earlier schema for subject %q: %v", subject, err))
		return
	}
	rec := r.ask(http.MethodPost, subjectPath(subject)+"/versions", schema)
	if rec.Code >= 300 {
		pass(w, rec)
		return
	}
	stored, ok := r.find(subject, schema)
	if !ok {
		refuse(w, http.StatusInternalServerError, 50001, "the schema was stored but cannot be found")
		return
	}
	if err := r.journal.append(stored); err != nil {
		refuse(w, http.StatusInternalServerError, 50001, err.Error())
		return
	}
	replyJSON(w, http.StatusOK, map[string]int{"id": stored.ID})
}

// lookUp answers whether a schema is registered under a subject.
func (r *Registry) lookUp(w http.ResponseWriter, req *http.Request) {
	schema, err := readSchema(w, req)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, 42201, err.Error())
		return
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	pass(w, r.ask(http.MethodPost, req.URL.RequestURI(), schema))
}

// find returns the version and id under which a subject holds a schema.
func (r *Registry) find(subject string, schema schemaBody) (change, bool) {
	found := change{Subject: subject, Schema: &schema}
	rec := r.ask(http.MethodPost, subjectPath(subject), schema)
	if rec.Code != http.StatusOK {
		return found, false
	}
	var at struct{ Version, ID int }
	err := json.Unmarshal(rec.Body.Bytes(), &at)
	found.Version, found.ID = at.Version, at.ID
	return found, err == nil
}

func subjectPath(subject string) string { return "/subjects/" + url.PathEscape(subject) }

// change runs a deletion or a new level or mode, and answers only when it is on disk.
func (r *Registry) change(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxSchemaBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, 400, err.Error())
		return
	}
	c := change{Method: req.Method, Path: req.URL.RequestURI(), Body: body}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.journal.writable(); err != nil {
		refuse(w, http.StatusInternalServerError, 50001, err.Error())
		return
	}
	rec := r.ask(c.Method, c.Path, c.Body)
	if rec.Code < 300 {
		if err := r.journal.append(c); err != nil {
			refuse(w, http.StatusInternalServerError, 50001, err.Error())
			return
		}
	}
	pass(w, rec)
}

// ask sends one request to the registry behind us and returns its answer. A body that is not raw JSON is encoded.
func (r *Registry) ask(method, path string, body any) *httptest.ResponseRecorder {
	raw, ok := body.(json.RawMessage)
	if !ok && body != nil {
		raw, _ = json.Marshal(body) // strings and numbers only
	}
	rec := httptest.NewRecorder()
	r.fake.Handler().ServeHTTP(rec, httptest.NewRequest(method, path, bytes.NewReader(raw)))
	return rec
}

func pass(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// schemaBody is a schema as clients send it. The in-process registry refuses fields that it does not know; clients send
// such fields (metadata, rule sets), so only what a registry stores is kept.
type schemaBody struct {
	Schema     string               `json:"schema"`
	Type       string               `json:"schemaType,omitempty"`
	References []sr.SchemaReference `json:"references,omitempty"`
}

func (s schemaBody) avro() bool { return (s.Type == "" || s.Type == "AVRO") && len(s.References) == 0 }

func readSchema(w http.ResponseWriter, req *http.Request) (schemaBody, error) {
	var body schemaBody
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxSchemaBody)).Decode(&body); err != nil {
		return body, fmt.Errorf("reading the schema: %w", err)
	}
	return body, nil
}

func replyJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status, code int, message string) {
	replyJSON(w, status, map[string]any{"error_code": code, "message": message})
}
