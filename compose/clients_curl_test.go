package compose_test

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// curler asks ClickHouse with curl.
type curler struct {
	t   testing.TB
	url string
}

// curl runs curl and gives what the server answered and how long that took by curl's own clock.
func (c curler) curl(args ...string) (answer string, took time.Duration) {
	c.t.Helper()
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(c.t.Context(), "curl", append([]string{"--silent", "--show-error", "--fail-with-body", "--max-time", "60", "--write-out", "\n%{time_total}"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		c.t.Fatalf("curl %q: %v: %s%s", args, err, problems.String(), out.String())
	}
	text := strings.TrimSpace(out.String())
	at := strings.LastIndexByte(text, '\n')
	seconds, err := strconv.ParseFloat(text[at+1:], 64)
	if err != nil {
		c.t.Fatalf("curl %q answered %q", args, text)
	}
	return strings.TrimSpace(text[:max(at, 0)]), time.Duration(seconds * float64(time.Second))
}

// body sends a statement as the body of a POST.
func (c curler) body(statement string, settings ...string) (string, time.Duration) {
	c.t.Helper()
	return c.curl("--data-binary", statement, c.url+"&"+strings.Join(settings, "&"))
}

// inURL sends a statement as a parameter of a GET.
func (c curler) inURL(statement string, settings ...string) (string, time.Duration) {
	c.t.Helper()
	return c.curl("--get", "--data-urlencode", "query="+statement, c.url+"&"+strings.Join(settings, "&"))
}

// start runs a statement in the background; end says how it ended.
func (c curler) start(id, statement string) (running func() bool, end func() (answer string)) {
	c.t.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(c.t.Context()), "curl", "--silent", "--data-binary", statement, c.url+"&query_id="+id)
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	c.t.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
	running = func() bool {
		select {
		case <-done:
			return false
		default:
			return true
		}
	}
	return running, func() string { <-done; return out.String() }
}

// shortQuery is how long a short query may take while a long one runs beside it: nine of ten at least, because the machine may have other work. One that
// waited for the long one would never end.
const shortQuery = 2 * time.Second

// curl does both kinds of query of the ClickHouse HTTP interface, in the body and in the URL, while a query that would take for ever runs and the sinks insert
// what a company publishes. Nobody waits for anybody.
func TestCurlBesideALongQueryAndInserts(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPED, NOT PASSED: curl is missing: install it")
	}
	s := startSystem(t)
	stop := s.run()
	c := curler{t, fmt.Sprintf("http://%s/?database=%s", s.cfg.ClickHouse.Addr, s.cfg.ClickHouse.Database)}
	running, end := c.start("long", "SELECT max(cityHash64(number, number + 1)) FROM numbers_mt(1000000000000000)")
	company := simulate.New(simulate.Config{Seed: 8, Orders: 80})
	events := slices.Collect(company.Events())
	p := s.producer()
	if err := p.Emit(t.Context(), company.Reference()...); err != nil {
		t.Fatal(err)
	}
	var took []time.Duration
	var seen []string
	ask := func() {
		const balances = "SELECT count(), sum(balance) FROM trial_balance"
		a, first := c.body(balances)
		b, second := c.inURL("SELECT count() FROM journal_lines WHERE currency = {currency:String}", "param_currency=USD", "default_format=TabSeparated")
		took, seen = append(took, first, second), append(seen, b)
		if rows, sum, _ := strings.Cut(a, "\t"); sum != "0" {
			t.Errorf("the trial balance of %s rows sums to %s while it grows", rows, sum)
		}
		if !running() {
			t.Fatalf("the long query has ended: %s", end())
		}
	}
	for chunk := range slices.Chunk(events, 100) {
		emit(t, p.Emit(t.Context(), chunk...))
		ask()
	}
	eventually(t, "all events have their effects while the long query runs", func() bool {
		ask()
		got := s.outcomes()
		return got["posted"]+got["stock_only"]+got["no_effect"] == uint64(len(events))
	})
	slices.Sort(took)
	usual, slowest, distinct := took[len(took)*9/10], took[len(took)-1], len(slices.Compact(seen))
	if usual > shortQuery || slowest > 5*shortQuery {
		t.Errorf("nine of ten of %d short queries took %s, the slowest %s beside the long one, want less than %s", len(took), usual, slowest, shortQuery)
	}
	if distinct < 2 {
		t.Errorf("every query saw the same rows %v: nothing was inserted beside them", seen)
	}
	c.manage(t)
	if answer, _ := c.body("KILL QUERY WHERE query_id = 'long'"); !strings.Contains(answer, "numbers_mt(1000000000000000)") {
		t.Errorf("killing the long query: %q", answer)
	}
	if answer := end(); !strings.Contains(answer, "QUERY_WAS_CANCELLED") {
		t.Errorf("the long query ended with %q", answer)
	}
	t.Logf("%d short queries beside a long one: nine of ten within %s, slowest %s; %d different answers while rows came", len(took), usual, slowest, distinct)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func emit(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// manage does what else people do with curl: rows in the body of an insert whose statement stands in the URL, an answer as JSON, and a statement that is wrong.
func (c curler) manage(t *testing.T) {
	t.Helper()
	c.body("CREATE TABLE by_curl (id UUID, amount Decimal(38, 4)) ENGINE = MergeTree ORDER BY id")
	id := schemas.NamedID("curl").String()
	c.curl("--data-binary", `{"id":"`+id+`","amount":"0.1000"}`+"\n"+`{"id":"`+id+`","amount":"0.2000"}`, c.url+"&query=INSERT+INTO+by_curl+FORMAT+JSONEachRow")
	if answer, _ := c.inURL("SELECT id, sum(amount) AS amount FROM by_curl GROUP BY id", "default_format=JSONEachRow", "output_format_json_quote_decimals=1"); answer != `{"id":"`+id+`","amount":"0.3"}` {
		t.Errorf("what curl inserted reads %s", answer)
	}
	out, err := exec.CommandContext(t.Context(), "curl", "--silent", "--fail-with-body", "--data-binary", "SELECT nothing FROM nowhere", c.url).Output()
	if err == nil || !bytes.Contains(out, []byte("UNKNOWN_TABLE")) {
		t.Errorf("a wrong statement: %v, %s", err, out)
	}
}
