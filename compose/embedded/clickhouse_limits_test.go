package embedded

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
)

func TestExternalTable(t *testing.T) {
	conn := connect(t, startClickHouse(t, nil), nil)
	table, err := ext.NewTable("wanted", ext.Column("id", "UInt64"), ext.Column("name", "String"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := table.Append(uint64(i), fmt.Sprintf("n%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	var sum uint64
	var last string
	ctx := clickhouse.Context(t.Context(), clickhouse.WithExternalTable(table))
	if err := conn.QueryRow(ctx, "SELECT sum(id), max(name) FROM wanted WHERE id IN (SELECT number FROM numbers(5, 100))").Scan(&sum, &last); err != nil {
		t.Fatal(err)
	}
	equal(t, "sum", sum, 5+6+7+8+9)
	equal(t, "last", last, "n9")
}

// endless starts a query that would run for hours, and returns what ends its client and where its outcome comes.
func endless(t *testing.T, c *ClickHouse, id, sql string) (leave func(), outcome <-chan string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	ended := make(chan string, 1)
	go func() {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.Addr()+"/?query_id="+id, strings.NewReader(sql))
		if err != nil {
			ended <- err.Error()
			return
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			ended <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(response.Body, 5<<20))
		ended <- string(text)
	}()
	waitFor(t, "the query to run", func() bool { return processes(t, c, id) == "1\n" })
	return cancel, ended
}

func processes(t *testing.T, c *ClickHouse, id string) string {
	return post(t, c, "", "SELECT count() FROM system.processes WHERE Settings['log_comment'] = '"+id+"'")
}

func TestKillQuery(t *testing.T) {
	c := startClickHouse(t, nil)
	_, outcome := endless(t, c, "slow-1", "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1")
	post(t, c, "", "KILL QUERY WHERE query_id = 'nobody' SYNC")
	equal(t, "processes after another's kill", processes(t, c, "slow-1"), "1\n")
	post(t, c, "", "KILL QUERY WHERE query_id = 'slow-1' SYNC")
	if text := <-outcome; !strings.HasPrefix(text, "Code: 394.") {
		t.Errorf("a killed query answered %.200s", text)
	}
}

// TestClientLeavesStream reads the beginning of an endless result and goes: the engine must stop, and its connection be closed.
func TestClientLeavesStream(t *testing.T) {
	c := startClickHouse(t, nil)
	_, outcome := endless(t, c, "stream-1", "SELECT number FROM numbers(1000000000000) FORMAT TSV")
	equal(t, "bytes read", len(<-outcome), 5<<20)
	waitFor(t, "the engine to stop", func() bool { return processes(t, c, "stream-1") == "0\n" })
}

// TestMemoryLimit checks that a query over the limit fails alone.
func TestMemoryLimit(t *testing.T) {
	c := startClickHouse(t, func(config *ClickHouseConfig) { config.MaxMemory = 600 << 20 })
	_, text := send(t, c, http.MethodPost, "", "SELECT uniqExact(number) FROM numbers(100000000)")
	if !strings.HasPrefix(text, "Code: 241.") {
		t.Errorf("a query over the memory limit: %s", text)
	}
	equal(t, "the next query", post(t, c, "", "SELECT 1"), "1\n")
}

func TestPassword(t *testing.T) {
	c := startClickHouse(t, func(config *ClickHouseConfig) { config.User, config.Password = "sre", "s3cret" })
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("sre:s3cret"))
	equal(t, "basic", post(t, c, "", "SELECT 1", "Authorization", basic), "1\n")
	equal(t, "headers", post(t, c, "", "SELECT 1", "X-ClickHouse-User", "sre", "X-ClickHouse-Key", "s3cret"), "1\n")
	equal(t, "URL", post(t, c, "user=sre&password=s3cret", "SELECT 1"), "1\n")
	for parameters, status := range map[string]int{"": 401, "user=sre": 401, "user=sre&password=x": 403, "user=default&password=s3cret": 403} {
		response, text := send(t, c, http.MethodPost, parameters, "SELECT 1")
		if response.StatusCode != status || strings.Contains(text, "s3cret") {
			t.Errorf("%q: %s %s", parameters, response.Status, text)
		}
	}
	conn := connect(t, c, func(o *clickhouse.Options) { o.Auth = clickhouse.Auth{Username: "sre", Password: "s3cret"} })
	if err := conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCompressedBodies(t *testing.T) {
	c := startClickHouse(t, nil)
	post(t, c, "", "CREATE TABLE throughline.z (a UInt32) ENGINE = MergeTree ORDER BY a")
	insert := "query=" + url.QueryEscape("INSERT INTO throughline.z FORMAT TSV")
	for _, encoding := range append([]string{"identity"}, encodings...) {
		var body bytes.Buffer
		writer := encodeTo(&body, encoding)
		fmt.Fprint(writer, "1\n2\n")
		writer.Close()
		post(t, c, insert, body.String(), "Content-Encoding", encoding)
	}
	blocks := compress.NewWriter(compress.LevelZero, compress.ZSTD)
	if err := blocks.Compress([]byte("100\n")); err != nil {
		t.Fatal(err)
	}
	post(t, c, insert+"&decompress=1", string(blocks.Data))
	equal(t, "sum", post(t, c, "", "SELECT count(), sum(a) FROM throughline.z"), fmt.Sprintf("%d\t%d\n", 2*(1+len(encodings))+1, 3*(1+len(encodings))+100))

	whole := string(blocks.Data)
	for _, body := range []string{"x" + whole[1:], whole[:25], whole[:len(whole)-1], whole + whole[:10]} {
		if response, text := send(t, c, http.MethodPost, insert+"&decompress=1", body); response.StatusCode == 200 {
			t.Errorf("a damaged block was taken: %s", text)
		}
	}
	for _, sql := range []string{"SELECT number FROM numbers(10)", "SELECT number FROM numbers(1000000)"} { // held back, and streamed
		want := post(t, c, "", sql)
		for _, encoding := range encodings {
			response, text := send(t, c, http.MethodPost, "", sql, "Accept-Encoding", encoding)
			equal(t, "encoding", response.Header.Get("Content-Encoding"), encoding)
			plain, err := decodeBody(&http.Request{Header: response.Header, Body: io.NopCloser(strings.NewReader(text))}, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(plain)
			if err != nil || string(got) != want {
				t.Errorf("%s: %d bytes instead of %d: %v", encoding, len(got), len(want), err)
			}
		}
		for _, method := range []string{"LZ4", "ZSTD"} {
			got, err := io.ReadAll(blockText(post(t, c, "compress=1&network_compression_method="+method, sql)))
			if err != nil || string(got) != want {
				t.Errorf("%s blocks: %d bytes instead of %d: %v", method, len(got), len(want), err)
			}
		}
	}
}

func blockText(text string) io.Reader {
	borders := &blockBorders{r: strings.NewReader(text)}
	return &blockReader{borders: borders, blocks: compress.NewReader(borders)}
}

// TestBrokenBody sends an INSERT whose body breaks off: what was read must not look like the whole.
func TestBrokenBody(t *testing.T) {
	c := startClickHouse(t, nil)
	post(t, c, "", "CREATE TABLE throughline.b (a UInt32) ENGINE = MergeTree ORDER BY a")
	var body bytes.Buffer
	writer := gzip.NewWriter(&body)
	fmt.Fprint(writer, strings.Repeat("1\n", 100_000))
	writer.Close()
	half := body.String()[:body.Len()/2]
	response, text := send(t, c, http.MethodPost, "query="+url.QueryEscape("INSERT INTO throughline.b FORMAT TSV"), half, "Content-Encoding", "gzip")
	if response.StatusCode == http.StatusOK || !strings.HasPrefix(text, "Code: 23.") {
		t.Errorf("%s %s", response.Status, text)
	}
	equal(t, "rows", post(t, c, "", "SELECT count() FROM throughline.b"), "0\n")
}

func TestAcknowledgedRowsSurviveKill(t *testing.T) {
	c := startClickHouse(t, nil)
	post(t, c, "", "CREATE TABLE throughline.k (a UInt64) ENGINE = MergeTree ORDER BY a")
	addr, rows := c.Addr(), 0
	for round := range 3 {
		for range 5 {
			post(t, c, "", fmt.Sprintf("INSERT INTO throughline.k SELECT number + %d FROM numbers(1000)", rows))
			rows += 1000
		}
		done := c.Done()
		if err := c.Kill(); err != nil {
			t.Fatal(err)
		}
		<-done
		if err := c.Wait(); err == nil {
			t.Error("Wait has no error after a kill")
		}
		if _, err := http.Get("http://" + addr + "/ping"); err == nil {
			t.Error("a killed engine answers")
		}
		if err := c.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		equal(t, "address", c.Addr(), addr)
		equal(t, fmt.Sprintf("rows after kill %d", round+1), post(t, c, "", "SELECT count(), uniqExact(a) FROM throughline.k"), fmt.Sprintf("%d\t%d\n", rows, rows))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("Wait after Stop: %v", err)
	}
	if err := c.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	equal(t, "rows after a stop", post(t, c, "", "SELECT count() FROM throughline.k"), fmt.Sprintf("%d\n", rows))
}
