package embedded

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// engineServer answers the ClickHouse HTTP interface from the engine of this process. Every query has a connection of its own
// (0.5 ms), so that a short one never waits behind a long one and no setting leaks into the next.
type engineServer struct {
	lib            *engineLibrary
	keep           *engineSession // holds the engine up while no query runs
	args           []string
	user, password string
	name           string // of this machine, as displayName() gives it
	version        string
	timezone       string
	slots          chan struct{} // bounds the queries, each of which holds a thread
	sessions       sessions
	running        sync.Map // ids of queries, for KILL QUERY
}

const maxQueries = 64 // side by side; more wait for a place

// newEngineServer boots the engine on its data path.
func newEngineServer(lib *engineLibrary, args []string, user, password string) (*engineServer, error) {
	lib.signalHandlers(0) // Go's handlers stay
	keep, err := lib.open(args)
	if err != nil {
		return nil, err
	}
	s := &engineServer{lib: lib, keep: keep, args: args, user: user, password: password, slots: make(chan struct{}, maxQueries)}
	s.name, _ = os.Hostname()
	a, err := keep.query("SELECT version(), timezone()", "TSVRaw", nil)
	if err != nil {
		keep.close()
		return nil, fmt.Errorf("asking the engine for its version: %w", err)
	}
	defer a.free()
	s.version, s.timezone, _ = strings.Cut(strings.TrimSpace(string(a.body())), "\t")
	return s, nil
}

// close ends the engine, which writes what it still holds and joins its threads.
func (s *engineServer) close() {
	s.sessions.closeAll()
	s.keep.close()
	s.lib.shutdown()
}

func (s *engineServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ping", "/replicas_status":
		io.WriteString(w, "Ok.\n")
		return
	case "/", "/query":
	default:
		http.Error(w, "There is no handle "+r.URL.Path+"\n\nUse / or /ping for health checks.", http.StatusNotFound)
		return
	}
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.RawQuery == "" {
		io.WriteString(w, "Ok.\n")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "use GET or POST", http.StatusMethodNotAllowed)
		return
	}
	s.serveQuery(w, r)
}

func (s *engineServer) serveQuery(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	if err := s.authenticate(r); err != nil {
		s.respond(w, &request{}, started).fail(err)
		return
	}
	q, err := parseRequest(r)
	p := s.respond(w, q, started)
	if err != nil {
		p.fail(err)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-r.Context().Done():
		return
	}
	if err := s.run(r.Context(), p, q); err != nil {
		// A client that still writes its rows would see a reset connection instead of the reason.
		_, _ = io.CopyN(io.Discard, r.Body, maxStatement)
		p.fail(err)
	}
}

// authenticate compares in constant time. Nobody says whether it was the user or the password.
func (s *engineServer) authenticate(r *http.Request) error {
	user, password := credentials(r)
	if user == "" {
		user = "default"
	}
	sameUser := subtle.ConstantTimeCompare([]byte(user), []byte(s.user)) == 1
	samePassword := subtle.ConstantTimeCompare([]byte(password), []byte(s.password)) == 1
	if sameUser && samePassword {
		return nil
	}
	if password == "" && s.password != "" {
		return newEngineError(194, "REQUIRED_PASSWORD", user+": Authentication failed: password is incorrect, or there is no user with such name")
	}
	return newEngineError(516, "AUTHENTICATION_FAILED", user+": Authentication failed: password is incorrect, or there is no user with such name")
}

// checkStatement refuses what a server refuses over HTTP before the engine sees it.
func checkStatement(q *request) error {
	switch {
	case q.statement.kind == statementEmpty:
		return newEngineError(62, "SYNTAX_ERROR", "Syntax error: failed at position 1 (end of query): Empty query")
	case q.statement.second:
		return newEngineError(62, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
	case q.statement.outfile:
		return newEngineError(48, "NOT_IMPLEMENTED", "INTO OUTFILE is not allowed over HTTP")
	case q.get && q.statement.kind == statementInsert:
		return errReadOnly
	}
	return nil
}

var errReadOnly = newEngineError(164, "READONLY", "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries")

// errClientLeft ends a query whose client has gone; nobody reads what fail makes of it.
var errClientLeft = errors.New("the client closed the connection")
