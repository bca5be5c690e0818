package compose_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/throughline/throughline/compose/export"
	"github.com/throughline/throughline/schemas"
)

// monthFile is one month of the load, exported.
type monthFile struct {
	path string
	n    export.Count
	err  error
}

// exportMonths gives hledger the whole load, a month at a time, because it keeps what it reads in memory: millions of postings at once would take twelve gigabytes.
// While it reads one, the next is written.
func (s *system) exportMonths(t *testing.T) {
	x := exports{s, startHledger(t), "UCI-GB"}.on(t)
	periods := x.texts("SELECT DISTINCT period FROM journal_lines WHERE legal_entity = 'UCI-GB' ORDER BY period")
	ctx, cancel := context.WithCancel(t.Context())
	files, begin := make(chan monthFile), time.Now()
	go x.exportTo(ctx, t.TempDir(), periods, files)
	defer func() {
		cancel()
		for range files { // until the writer is gone, whose folder goes with the test
		}
	}()
	got := map[string]schemas.Decimal{}
	var all export.Count
	for f := range files {
		if f.err != nil {
			t.Fatal(f.err)
		}
		maps.Copy(got, x.ledger.balances(t, f.path, false)) // keys hold the month: what came from another one would be seen
		all.Entries, all.Lines = all.Entries+f.n.Entries, all.Lines+f.n.Lines
		if err := os.Remove(f.path); err != nil {
			t.Fatal(err)
		}
	}
	x.equal("balances by account and month", got, x.functional())
	if lines := x.number("SELECT count() FROM journal_lines"); uint64(all.Lines) != lines {
		t.Errorf("%d lines exported of %d", all.Lines, lines)
	}
	t.Logf("%d months, %d entries, %d lines exported and read by hledger in %s", len(periods), all.Entries, all.Lines, time.Since(begin).Round(time.Second))
}

func (x exports) exportTo(ctx context.Context, dir string, periods []string, files chan<- monthFile) {
	defer close(files)
	for _, period := range periods {
		f := monthFile{path: filepath.Join(dir, period+".journal")}
		f.n, f.err = x.exportMonth(ctx, f.path, period)
		select {
		case files <- f:
		case <-ctx.Done():
			return
		}
	}
}

func (x exports) exportMonth(ctx context.Context, path, period string) (export.Count, error) {
	file, err := os.Create(path)
	if err != nil {
		return export.Count{}, err
	}
	defer file.Close()
	w, err := export.New("hledger", file)
	if err != nil {
		return export.Count{}, err
	}
	n, err := export.Copy(w, export.FromClickHouse(ctx, x.conn, export.Selection{Entity: x.entity, Period: period}))
	if err != nil {
		return n, fmt.Errorf("exporting %s: %w", period, err)
	}
	return n, nil
}
