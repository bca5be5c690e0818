package embedded

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	maxStatement = 64 << 20  // bytes of a statement that is not followed by rows
	statementTip = 256 << 10 // bytes of a body in which the head of an INSERT must end (max_query_size of a server)
)

// request is one query as it came over HTTP.
type request struct {
	id        string
	sql       string    // the statement, or its beginning
	data      io.Reader // what of the body was not read into sql; never nil
	statement statement
	get       bool // GET and HEAD read only

	database, format string
	settings         []setting
	params           map[string]string
	external         []externalTable
	revision         int  // client_protocol_version, 0 without one
	wait             bool // wait_end_of_query: no byte before the outcome is known
	compress         bool // the answer in ClickHouse's own compressed blocks
	method           string
	encoding         string // Content-Encoding of the answer

	session        string
	sessionTimeout time.Duration
	sessionCheck   bool
}

type setting struct{ name, value string }

// externalTable is a temporary table that came in a multipart body.
type externalTable struct {
	name, structure, format string
	data                    []byte
}

// parameterNames are URL parameters with a meaning of their own; every other one is a setting.
var parameterNames = map[string]bool{
	"query": true, "database": true, "default_format": true, "query_id": true, "user": true, "password": true, "quota_key": true,
	"session_id": true, "session_timeout": true, "session_check": true, "close_session": true, "wait_end_of_query": true,
	"buffer_size": true, "compress": true, "decompress": true, "client_protocol_version": true, "stacktrace": true, "role": true,
}

// parseRequest reads parameters, headers and the statement. What follows an INSERT stays in the body, to be streamed.
func parseRequest(r *http.Request) (*request, error) {
	values := r.URL.Query()
	q := &request{id: values.Get("query_id"), data: bytes.NewReader(nil), params: map[string]string{}, get: r.Method == http.MethodGet || r.Method == http.MethodHead}
	if q.id == "" {
		q.id = uuid.NewString()
	}
	body, err := decodeBody(r, isOn(values.Get("decompress")))
	if err != nil {
		return q, err
	}
	if kind, attributes, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		if err := q.readForm(multipart.NewReader(body, attributes["boundary"]), values); err != nil {
			return q, err
		}
		body = bytes.NewReader(nil)
	}
	q.readParameters(values, r.Header)
	return q, q.readStatement(values.Get("query"), body)
}

func (q *request) readParameters(values url.Values, header http.Header) {
	q.database = cmp.Or(values.Get("database"), header.Get("X-ClickHouse-Database"))
	q.format = cmp.Or(values.Get("default_format"), header.Get("X-ClickHouse-Format"), "TabSeparated")
	q.revision, _ = strconv.Atoi(values.Get("client_protocol_version"))
	q.wait = isOn(values.Get("wait_end_of_query"))
	q.compress, q.method = isOn(values.Get("compress")), values.Get("network_compression_method")
	if on := values.Get("enable_http_compression"); on == "" || isOn(on) {
		q.encoding = chooseEncoding(header.Get("Accept-Encoding"))
	}
	q.session, q.sessionCheck = values.Get("session_id"), isOn(values.Get("session_check"))
	q.sessionTimeout = time.Minute
	if seconds, err := strconv.Atoi(values.Get("session_timeout")); err == nil && seconds > 0 && seconds <= 3600 {
		q.sessionTimeout = time.Duration(seconds) * time.Second
	}
	tables := map[string]bool{}
	for _, table := range q.external {
		for _, suffix := range []string{"_format", "_structure", "_types"} {
			tables[table.name+suffix] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(name)
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			q.params[param] = value
		} else if !parameterNames[name] && !tables[name] {
			q.settings = append(q.settings, setting{name, value})
		}
	}
}

// readStatement joins what stood in the URL with what stands in the body, as the server does, and splits it.
func (q *request) readStatement(inURL string, body io.Reader) error {
	q.data = body
	if q.statement = splitStatement(inURL); q.statement.kind == statementInsert && q.statement.format != "" {
		q.sql = inURL
		return nil
	}
	if inURL != "" {
		inURL += "\n"
	}
	tip, err := io.ReadAll(io.LimitReader(body, statementTip))
	if err != nil {
		return bodyError(err)
	}
	q.sql = inURL + string(tip)
	q.statement = splitStatement(q.sql)
	if q.statement.kind == statementInsert || len(tip) < statementTip {
		return nil
	}
	rest, err := io.ReadAll(io.LimitReader(body, maxStatement))
	if err != nil {
		return bodyError(err)
	}
	if len(rest) == maxStatement {
		return newEngineError(62, "SYNTAX_ERROR", fmt.Sprintf("The statement is longer than %d bytes", maxStatement))
	}
	q.sql += string(rest)
	q.statement = splitStatement(q.sql)
	return nil
}

// readForm reads a multipart body: files are external tables, other fields are parameters as if they stood in the URL.
func (q *request) readForm(form *multipart.Reader, values url.Values) error {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return bodyError(err)
		}
		data, err := io.ReadAll(io.LimitReader(part, maxStatement))
		if err != nil {
			return bodyError(err)
		}
		name := part.FormName()
		if _, isFile := values[name+"_structure"]; !isFile && part.FileName() == "" {
			values.Set(name, string(data))
			continue
		}
		table := externalTable{name: name, structure: values.Get(name + "_structure"), format: values.Get(name + "_format"), data: data}
		if types := values.Get(name + "_types"); table.structure == "" && types != "" {
			table.structure = numberedColumns(types)
		}
		if table.format == "" {
			table.format = "TabSeparated"
		}
		q.external = append(q.external, table)
	}
}

// numberedColumns names the columns of an external table that came with types only: _1, _2, …
func numberedColumns(types string) string {
	var columns []string
	for i, kind := range strings.Split(types, ",") {
		columns = append(columns, fmt.Sprintf("_%d %s", i+1, strings.TrimSpace(kind)))
	}
	return strings.Join(columns, ", ")
}

func bodyError(err error) error {
	return newEngineError(23, "CANNOT_READ_FROM_ISTREAM", "Reading the request's body: "+err.Error())
}

func isOn(value string) bool { return value == "1" || strings.EqualFold(value, "true") }

// credentials finds user and password where clients put them: basic authentication, headers, URL.
func credentials(r *http.Request) (user, password string) {
	if user, password, ok := r.BasicAuth(); ok {
		return user, password
	}
	if user := r.Header.Get("X-ClickHouse-User"); user != "" {
		return user, r.Header.Get("X-ClickHouse-Key")
	}
	values := r.URL.Query()
	return values.Get("user"), values.Get("password")
}
