package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

func TestMain(m *testing.M) {
	RunEngineIfChild()
	os.Exit(m.Run())
}

// startClickHouse runs an engine of the test's own, with a database "throughline".
func startClickHouse(t testing.TB, change func(*ClickHouseConfig)) *ClickHouse {
	t.Helper()
	log := &lines{}
	config := ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: t.TempDir(), LogWriter: log}
	if change != nil {
		change(&config)
	}
	c, err := StartClickHouse(t.Context(), config)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := c.Stop(ctx); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the engine's log:\n%s", log)
		}
	})
	if config.Password == "" {
		post(t, c, "", "CREATE DATABASE throughline")
	}
	return c
}

// lines collects what the engine prints.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// send makes one HTTP request, like curl.
func send(t testing.TB, c *ClickHouse, method, parameters, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+c.Addr()+"/?"+parameters, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// post runs a statement that must succeed.
func post(t testing.TB, c *ClickHouse, parameters, body string, header ...string) string {
	t.Helper()
	response, text := send(t, c, http.MethodPost, parameters, body, header...)
	if response.StatusCode != http.StatusOK || strings.Contains(text, "__exception__") {
		t.Fatalf("%s: %s\n%s", body, response.Status, text)
	}
	return text
}

// connect opens clickhouse-go over HTTP.
func connect(t testing.TB, c *ClickHouse, change func(*clickhouse.Options)) driver.Conn {
	t.Helper()
	options := &clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{c.Addr()}, Auth: clickhouse.Auth{Database: "throughline", Username: "default"}}
	if change != nil {
		change(options)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestClickHouseHTTP(t *testing.T) {
	c := startClickHouse(t, nil)
	t.Run("ping", func(t *testing.T) {
		response, err := http.Get("http://" + c.Addr() + "/ping")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		equal(t, "ping", string(text), "Ok.\n")
	})
	t.Run("statements", func(t *testing.T) { testStatements(t, c) })
	t.Run("errors", func(t *testing.T) { testErrors(t, c) })
	t.Run("parameters", func(t *testing.T) { testParameters(t, c) })
	t.Run("sessions", func(t *testing.T) { testSessions(t, c) })
	t.Run("large results", func(t *testing.T) { testLargeResults(t, c) })
	t.Run("statement longer than max_query_size", func(t *testing.T) {
		post(t, c, "", "CREATE TABLE throughline.wide (s String) ENGINE = MergeTree ORDER BY s")
		row := "('" + strings.Repeat("x", 997) + "'),"
		post(t, c, "", "INSERT INTO throughline.wide VALUES "+strings.Repeat(row, 3000)) // 3 MB; a server cuts a query at 256 KiB
		equal(t, "rows", post(t, c, "", "SELECT count(), sum(length(s)) FROM throughline.wide"), "3000\t2991000\n")
	})
}

func testStatements(t *testing.T, c *ClickHouse) {
	db := "database=throughline&"
	post(t, c, db, "CREATE TABLE t (a Int32, b String) ENGINE = MergeTree ORDER BY a")
	post(t, c, db+"query="+url.QueryEscape("INSERT INTO t FORMAT CSV"), "1,x\n2,y\n")
	post(t, c, db+"query="+url.QueryEscape("INSERT INTO t (b, a) VALUES"), "('z', 3)")
	post(t, c, db, "INSERT INTO t VALUES (4, 'semi;colon'), (5, toString(2 + 3))")
	post(t, c, db, "INSERT INTO t FORMAT JSONEachRow\n{\"a\":6,\"b\":\"six\"}\n{\"a\":7,\"b\":\"seven\"}")
	post(t, c, db, "INSERT INTO t SELECT a + 10, b FROM t WHERE a = 1")
	response, text := send(t, c, http.MethodGet, db+"query="+url.QueryEscape("SELECT a, b FROM t ORDER BY a FORMAT CSV"), "")
	equal(t, "rows", text, "1,\"x\"\n2,\"y\"\n3,\"z\"\n4,\"semi;colon\"\n5,\"5\"\n6,\"six\"\n7,\"seven\"\n11,\"x\"\n")
	equal(t, "format", response.Header.Get("X-ClickHouse-Format"), "CSV")
	equal(t, "content type", response.Header.Get("Content-Type"), "text/csv; charset=UTF-8; header=absent")
	if summary := response.Header.Get("X-ClickHouse-Summary"); !strings.Contains(summary, `"read_rows":"8"`) || !strings.Contains(summary, `"result_rows":"8"`) {
		t.Errorf("summary %s", summary)
	}
	response, _ = send(t, c, http.MethodPost, db+"query_id=mine", "INSERT INTO t VALUES (20, 'twenty')")
	equal(t, "query id", response.Header.Get("X-ClickHouse-Query-Id"), "mine")
	if summary := response.Header.Get("X-ClickHouse-Summary"); !strings.Contains(summary, `"written_rows":"1"`) {
		t.Errorf("summary %s", summary)
	}
	equal(t, "default format", post(t, c, db+"default_format=JSONEachRow", "SELECT count() AS n FROM t"), "{\"n\":9}\n")
	equal(t, "clause over default", post(t, c, "default_format=JSON", "SELECT 1 FORMAT TSV SETTINGS max_threads = 1"), "1\n")
	equal(t, "header format", post(t, c, "", "SELECT 1 AS one", "X-ClickHouse-Format", "JSONEachRow", "X-ClickHouse-Database", "throughline"), "{\"one\":1}\n")
	equal(t, "comments", post(t, c, "", "/* FORMAT JSON */ SELECT 'a -- b' -- FORMAT XML"), "a -- b\n")
	equal(t, "semicolon", post(t, c, "", "SELECT 1;\n"), "1\n")
	equal(t, "unions in parentheses", post(t, c, "", "(SELECT 1) UNION ALL (SELECT 1)"), "1\n1\n")
	equal(t, "setting", post(t, c, "max_threads=1&max_block_size=7", "SELECT getSetting('max_threads'), getSetting('max_block_size')"), "1\t7\n")
	equal(t, "zone", post(t, c, "", "SELECT timezone(), serverTimeZone(), toString(toDateTime(0))"), "UTC\tUTC\t1970-01-01 00:00:00\n")
	equal(t, "show", post(t, c, db, "SHOW TABLES"), "t\n")
	equal(t, "totals", post(t, c, "", "SELECT number % 2 AS k, sum(number) FROM numbers(4) GROUP BY k WITH TOTALS ORDER BY k"), "0\t2\n1\t4\n\n0\t6\n")
}

func testErrors(t *testing.T, c *ClickHouse) {
	for _, e := range []struct {
		parameters, sql string
		status, code    int
		text            string
	}{
		{"", "SELECT * FROM nope", 404, 60, "DB::Exception: Unknown table"},
		{"", "SELEC 1", 400, 62, "Syntax error"},
		{"", "SELECT 1 FROM", 400, 62, "Syntax error: failed at position 14"},
		{"", "SELECT 1; SELECT 2", 400, 62, "Multi-statements are not allowed"},
		{"", " ", 400, 62, "Empty query"},
		{"", "SELECT nope", 404, 47, "UNKNOWN_IDENTIFIER"},
		{"database=nope", "SELECT 1", 404, 81, "Database nope does not exist"},
		{"nope=1", "SELECT 1", 404, 115, "Unknown setting"},
		{"", "SELECT 1 FORMAT Nope", 404, 73, "Unknown format"},
		{"", "SELECT throwIf(1)", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"},
		{"", "INSERT INTO nope VALUES (1)", 404, 60, "does not exist"},
		{"", "SELECT 1 INTO OUTFILE 'x'", 501, 48, "OUTFILE"},
		{"user=nobody", "SELECT 1", 403, 516, "Authentication failed"},
		{"wait_end_of_query=1", "SELECT throwIf(number = 900000) FROM numbers(1000000)", 500, 395, "non-zero"},
	} {
		response, text := send(t, c, http.MethodPost, e.parameters, e.sql)
		if response.StatusCode != e.status || response.Header.Get("X-ClickHouse-Exception-Code") != fmt.Sprint(e.code) {
			t.Errorf("%s: %s, code %s", e.sql, response.Status, response.Header.Get("X-ClickHouse-Exception-Code"))
		}
		if !strings.HasPrefix(text, fmt.Sprintf("Code: %d. DB::Exception: ", e.code)) || !strings.Contains(text, e.text) || strings.Contains(text, "/dev/fd") {
			t.Errorf("%s: %s", e.sql, text)
		}
	}
	for _, sql := range []string{"CREATE TABLE throughline.g (a Int8) ENGINE = Memory", "INSERT INTO throughline.g VALUES (1)", "DROP DATABASE throughline"} {
		if response, text := send(t, c, http.MethodGet, "query="+url.QueryEscape(sql), ""); !strings.HasPrefix(text, "Code: 164.") {
			t.Errorf("GET %s: %s %s", sql, response.Status, text)
		}
	}
	response, text := send(t, c, http.MethodPost, "", "SELECT throwIf(number = 900000) FROM numbers(1000000)")
	tag := response.Header.Get("X-ClickHouse-Exception-Tag")
	if response.StatusCode != 200 || !strings.Contains(text, "\r\n__exception__\r\n"+tag+"\r\nCode: 395. ") || !strings.HasSuffix(text, tag+"\r\n__exception__\r\n") {
		t.Errorf("a failure inside the body: %s, …%s", response.Status, text[max(0, len(text)-400):])
	}
}

func testParameters(t *testing.T, c *ClickHouse) {
	values := url.Values{"param_n": {"41"}, "param_s": {`it's "so"`}, "param_a": {"['x','y']"}, "param_d": {"12.3400"}}
	equal(t, "bound", post(t, c, values.Encode(), "SELECT {n:UInt32} + 1, {s:String}, length({a:Array(String)}), {d:Decimal(38,4)} * 2"), "42\tit\\'s \"so\"\t2\t24.68\n")
	values = url.Values{"param_s": {`'); DROP TABLE x; --`}, "query": {"SELECT {s:String} FORMAT TSVRaw"}}
	equal(t, "no injection", post(t, c, values.Encode(), ""), "'); DROP TABLE x; --\n")
	post(t, c, "", "CREATE TABLE throughline.p (a Int32) ENGINE = Memory")
	post(t, c, "param_a=7", "INSERT INTO throughline.p VALUES ({a:Int32})")
	equal(t, "inserted", post(t, c, "", "SELECT a FROM throughline.p"), "7\n")
	var n int64
	if err := connect(t, c, nil).QueryRow(clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{"want": "7"})),
		"SELECT toInt64(a) FROM p WHERE a = {want:Int32}").Scan(&n); err != nil || n != 7 {
		t.Errorf("clickhouse-go's parameters: %d, %v", n, err)
	}
}

func testSessions(t *testing.T, c *ClickHouse) {
	post(t, c, "session_id=s1", "CREATE TEMPORARY TABLE mine (x Int32)")
	post(t, c, "session_id=s1", "INSERT INTO mine VALUES (1), (2)")
	post(t, c, "session_id=s1", "SET max_threads = 1")
	equal(t, "kept", post(t, c, "session_id=s1&max_block_size=9", "SELECT sum(x), any(getSetting('max_threads')), any(getSetting('max_block_size')) FROM mine"), "3\t1\t9\n")
	equal(t, "a URL's setting is for one query", post(t, c, "session_id=s1", "SELECT getSetting('max_block_size') = 9"), "0\n")
	for _, parameters := range []string{"session_id=s2", ""} {
		if response, _ := send(t, c, http.MethodPost, parameters, "SELECT * FROM mine"); response.StatusCode != 404 {
			t.Errorf("%q sees another session's table", parameters)
		}
	}
	if _, text := send(t, c, http.MethodPost, "session_id=s3&session_check=1", "SELECT 1"); !strings.HasPrefix(text, "Code: 372.") {
		t.Error(text)
	}
}

func testLargeResults(t *testing.T, c *ClickHouse) {
	for _, format := range []string{"TSV", "JSONEachRow", "CSVWithNames", "RowBinary"} {
		response, text := send(t, c, http.MethodPost, "", "SELECT number AS n FROM numbers(2000000) FORMAT "+format)
		want := map[string]int{"TSV": 14888890, "JSONEachRow": 14888890 + 2000000*6, "CSVWithNames": 14888890 + 4, "RowBinary": 16000000}[format]
		if response.StatusCode != 200 || len(text) != want {
			t.Errorf("%s: %s, %d bytes instead of %d", format, response.Status, len(text), want)
		}
	}
}

func TestShortQueryBesideLongOne(t *testing.T) {
	c := startClickHouse(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	long := make(chan error, 1)
	go func() {
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.Addr()+"/?query_id=long", strings.NewReader("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"))
		_, err := http.DefaultClient.Do(r)
		long <- err
	}()
	running := func() bool {
		return post(t, c, "", "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'") == "1\n"
	}
	waitFor(t, "the long query to run", running)
	for range 20 {
		began := time.Now()
		post(t, c, "", "SELECT sum(number) FROM numbers(1000)")
		if took := time.Since(began); took > time.Second {
			t.Errorf("a short query took %v beside a long one", took)
		}
	}
	leave()
	if err := <-long; !errors.Is(err, context.Canceled) {
		t.Errorf("the long query ended by itself: %v", err)
	}
	waitFor(t, "the engine to end a query whose client left", func() bool { return !running() })
}

// waitFor polls until a condition holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s", what)
		}
	}
}

func TestPortAndFolderInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	refuse := func(config ClickHouseConfig, want string) {
		t.Helper()
		config.LogWriter = io.Discard
		_, err := StartClickHouse(t.Context(), config)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, want)
		}
	}
	refuse(ClickHouseConfig{Addr: taken.Addr().String(), DataDir: t.TempDir()}, "the address is in use")
	folder := t.TempDir()
	startClickHouse(t, func(config *ClickHouseConfig) { config.DataDir = folder })
	refuse(ClickHouseConfig{Addr: "127.0.0.1:0", DataDir: folder}, "another ClickHouse engine runs on "+folder)
	refuse(ClickHouseConfig{Addr: "127.0.0.1:0"}, "DataDir")
}
