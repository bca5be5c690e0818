package embedded

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// holdBack is how much of an answer is kept until its outcome is known: a short answer has the right status and a complete
// summary, a long one begins before it has ended and tells of a failure inside the body.
const holdBack = 1 << 20

// response writes one answer: headers, then the body through ClickHouse's block compression and Content-Encoding.
type response struct {
	w       http.ResponseWriter
	q       *request
	server  *engineServer
	started time.Time
	tag     string // proves that an exception in the body is ours and no data that looks like one
	body    io.Writer
	closers []io.Closer
}

func (s *engineServer) respond(w http.ResponseWriter, q *request, started time.Time) *response {
	return &response{w: w, q: q, server: s, started: started, tag: rand.Text()[:16]}
}

// begin sends the headers of a success. After it, only Write, fail and end may follow.
func (p *response) begin(format string, counts engineStats) {
	header := p.w.Header()
	header.Set("Content-Type", contentType(format))
	header["X-ClickHouse-Format"] = []string{format}
	header["X-ClickHouse-Exception-Tag"] = []string{p.tag}
	p.common(counts)
	p.body = p.w
	if p.q.encoding != "" {
		header.Set("Content-Encoding", p.q.encoding)
		encoder := encodeTo(p.body, p.q.encoding)
		p.body, p.closers = encoder, append(p.closers, encoder)
	}
	if p.q.compress {
		blocks := newNativeBlocks(p.body, p.q.method)
		p.body, p.closers = blocks, append(p.closers, blocks)
	}
	p.w.WriteHeader(http.StatusOK)
}

func (p *response) common(counts engineStats) {
	header := p.w.Header()
	header["X-ClickHouse-Server-Display-Name"] = []string{p.server.name}
	header["X-ClickHouse-Query-Id"] = []string{p.q.id}
	header["X-ClickHouse-Timezone"] = []string{p.server.timezone}
	header["X-ClickHouse-Summary"] = []string{counts.summary(time.Since(p.started))}
}

// summary is the JSON of X-ClickHouse-Summary: every number a string, as a server writes it.
func (c engineStats) summary(elapsed time.Duration) string {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	text, err := json.Marshal(struct {
		ReadRows     string `json:"read_rows"`
		ReadBytes    string `json:"read_bytes"`
		WrittenRows  string `json:"written_rows"`
		WrittenBytes string `json:"written_bytes"`
		TotalRows    string `json:"total_rows_to_read"`
		ResultRows   string `json:"result_rows"`
		ResultBytes  string `json:"result_bytes"`
		Elapsed      string `json:"elapsed_ns"`
	}{number(c.readRows), number(c.readBytes), number(c.writtenRows), number(c.writtenBytes), "0", number(c.resultRows), number(c.resultBytes), number(uint64(elapsed))})
	if err != nil {
		return "{}"
	}
	return string(text)
}

func (p *response) Write(b []byte) (int, error) { return p.body.Write(b) }

// end completes the body.
func (p *response) end() {
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i].Close() // a client that left is no error of ours
	}
}

// fail answers with an error: as a status before the body has begun, inside the body after that.
func (p *response) fail(err error) {
	var failure engineError
	if !errors.As(err, &failure) {
		failure = newEngineError(1002, "UNKNOWN_EXCEPTION", err.Error())
	}
	text := failure.text(p.server.version)
	if p.body != nil {
		fmt.Fprintf(p, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", p.tag, text, len(text)+1, p.tag)
		p.end()
		return
	}
	header := p.w.Header()
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header["X-ClickHouse-Exception-Code"] = []string{strconv.Itoa(failure.code())}
	if failure.status() == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Basic realm="ClickHouse server HTTP API"`)
	}
	p.common(engineStats{})
	p.w.WriteHeader(failure.status())
	io.WriteString(p.w, text+"\n")
}

// contentType is what a server says of an output format.
func contentType(format string) string {
	switch name := strings.ToLower(format); {
	case strings.HasPrefix(name, "tabseparated"), strings.HasPrefix(name, "tsv"):
		return "text/tab-separated-values; charset=UTF-8"
	case strings.HasPrefix(name, "csv"):
		header := "absent"
		if strings.Contains(name, "names") {
			header = "present"
		}
		return "text/csv; charset=UTF-8; header=" + header
	case strings.HasSuffix(name, "eachrow") && strings.HasPrefix(name, "json"), name == "jsonl", name == "ndjson", strings.HasPrefix(name, "jsoncompacteachrow"):
		return "application/x-ndjson; charset=UTF-8"
	case strings.HasPrefix(name, "json"):
		return "application/json; charset=UTF-8"
	case name == "xml":
		return "application/xml; charset=UTF-8"
	case name == "native", name == "parquet", name == "orc", strings.HasPrefix(name, "arrow"), strings.HasPrefix(name, "rowbinary"), strings.HasPrefix(name, "avro"), name == "msgpack":
		return "application/octet-stream"
	}
	return "text/plain; charset=UTF-8"
}
