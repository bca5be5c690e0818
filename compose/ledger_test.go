package compose_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"modernc.org/sqlite"

	"github.com/throughline/throughline/schemas"
)

// ledgers runs both example consumers against the journal, which by now holds a transaction that was aborted and a record that somebody copied.
func (x exports) ledgers(t *testing.T) {
	x = x.on(t)
	program := filepath.Join(t.TempDir(), "ledger-go")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./examples/ledger-go").CombinedOutput(); err != nil {
		t.Fatalf("building the example: %v\n%s", err, out)
	}
	py := startPython(t)
	entries := x.journal()
	forged := entries[0]
	stranger := clone(t, forged.Event).(*schemas.JournalEntry)
	stranger.Meta.EventID = schemas.NamedID("never committed")
	value, err := schemas.NewCodec(nil, x.ids()).Encode(stranger)
	if err != nil {
		t.Fatal(err)
	}
	forged.Record = &kgo.Record{Key: entries[0].Record.Key, Value: value}
	x.abort(forged, 5)
	end := x.copied(entries[3])
	for _, l := range []ledgerProgram{
		{"Go", []string{program, "-session", "6s"}},
		{"Python", []string{py.bin, "-B", "-W", "ignore", filepath.Join("examples", "ledger-python", "ledger.py"), "--session", "6"}},
	} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting for sessions to end
			x.on(t).keeps(l, len(entries), end)
		})
	}
}

// ledgerProgram is an example consumer and how it is called.
type ledgerProgram struct {
	name    string
	command []string
}

// ids are the registry's.
func (x exports) ids() map[string]int {
	x.t.Helper()
	registry, err := x.cfg.SchemaRegistry()
	if err != nil {
		x.t.Fatal(err)
	}
	ids, err := registry.Lookup(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	return ids
}

// copied writes a record of the journal again, as a source of trouble would, and returns where.
func (x exports) copied(like schemas.Delivery) schemas.Position {
	x.t.Helper()
	opts, err := x.cfg.Cluster()
	if err != nil {
		x.t.Fatal(err)
	}
	cl, err := kgo.NewClient(append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		x.t.Fatal(err)
	}
	defer cl.Close()
	r := &kgo.Record{Topic: like.Topic, Partition: like.Partition, Key: like.Record.Key, Value: like.Record.Value}
	if err := cl.ProduceSync(x.t.Context(), r).FirstErr(); err != nil {
		x.t.Fatal(err)
	}
	return schemas.Position{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}
}

// keeps lets a consumer die in the middle, begin again beside a second one, and die again: the ledger is whole, and every entry in it once.
func (x exports) keeps(l ledgerProgram, entries int, end schemas.Position) {
	file := filepath.Join(x.t.TempDir(), "ledger.db")
	first := x.start(l, file, new(atomic.Bool))
	eventually(x.t, "the first process dies", first.over)
	n := countEntries(x.t, file)
	if n == 0 || n >= entries {
		x.t.Fatalf("killed with %d of %d entries booked: the test does not try what it says\n%s", n, entries, first.said())
	}
	dead := new(atomic.Bool)
	second, third := x.start(l, file, dead), x.start(l, file, dead)
	eventually(x.t, "one of two processes dies", func() bool { return second.over() || third.over() })
	if third.over() {
		second, third = third, second
	}
	m := countEntries(x.t, file)
	copied := fmt.Sprintf("SELECT max(next) FROM offsets WHERE partition = %d", end.Partition)
	eventually(x.t, "the process that is left books the rest, and passes the copy", func() bool {
		return third.over() || countEntries(x.t, file) >= entries && ask(x.t, file, copied) > end.Offset
	})
	if all := countEntries(x.t, file); all != entries {
		x.t.Errorf("%d entries booked, want %d", all, entries)
	}
	third.signal(syscall.SIGTERM)
	<-third.done
	if third.err != nil {
		x.t.Fatalf("the last process: %v\n%s", third.err, third.said())
	}
	got := map[string]schemas.Decimal{}
	for line := range strings.Lines(third.out.String()) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		got[strings.Join(cells[:3], " ")] = schemas.MustDecimal(cells[3])
	}
	x.equal("the ledger's trial balance", got, x.sums("SELECT concat(legal_entity, ' ', account, ' ', currency, ' ', toString(sum(balance))) FROM trial_balance GROUP BY legal_entity, account, currency"))
	x.t.Logf("%d entries; kills came at %d and %d, and %d batches were left to the third process", entries, n, m, third.batches.Load())
}

// ledgerProcess is a consumer that runs.
type ledgerProcess struct {
	cmd     *exec.Cmd
	out     bytes.Buffer
	err     error
	batches atomic.Int64
	done    chan struct{}
	text    strings.Builder // on stderr; read it when done
}

// dieAfter is the batch of which a process is killed, by whoever reads that it is booked: a poll would come too late.
const dieAfter = 3

// start runs a consumer. It is killed after its third batch, unless dead says that another has been.
func (x exports) start(l ledgerProgram, file string, dead *atomic.Bool) *ledgerProcess {
	x.t.Helper()
	dash := "-"
	if l.name == "Python" {
		dash = "--"
	}
	args := append([]string{}, l.command[1:]...)
	for flag, value := range map[string]string{"brokers": strings.Join(x.cfg.Kafka.Brokers, ","), "registry": x.cfg.Registry.URL, "db": file, "group": "ledger-" + l.name, "batch": "3"} {
		args = append(args, dash+flag, value)
	}
	p := &ledgerProcess{cmd: exec.CommandContext(x.t.Context(), l.command[0], args...), done: make(chan struct{})}
	p.cmd.Stdout = &p.out
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if strings.Contains(lines.Text(), "new entries") {
				if p.batches.Add(1) == dieAfter && dead.CompareAndSwap(false, true) {
					p.signal(syscall.SIGKILL)
				}
			} else {
				fmt.Fprintln(&p.text, lines.Text())
			}
		}
		p.err = p.cmd.Wait()
	}()
	x.t.Cleanup(func() { p.signal(syscall.SIGKILL); <-p.done })
	return p
}

func (p *ledgerProcess) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *ledgerProcess) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *ledgerProcess) said() string {
	<-p.done
	return p.text.String()
}

func countEntries(t testing.TB, file string) int {
	t.Helper()
	return int(ask(t, file, "SELECT count(*) FROM entries"))
}

// ask is the number that a ledger answers.
func ask(t testing.TB, file, query string) (n int64) {
	t.Helper()
	connector, err := sqlite.NewConnector("file:" + file + "?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
