package compose_test

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// outsiders is a running system and the clients of others that use it.
type outsiders struct {
	*system
	py      python
	company int // facts that the company published
	entries []schemas.Delivery
}

// Clients that nobody here wrote use the whole embedded system as it is meant to be used: a source in Python publishes, a consumer of the journal reads what
// is committed, an analyst asks every view; and one of them tampers, which the audit names.
func TestForeignClients(t *testing.T) {
	py := startPython(t)
	o := &outsiders{system: startSystem(t), py: py}
	stop := o.run()
	company := simulate.New(simulate.Config{Seed: 33, Orders: 60})
	events := slices.Collect(company.Events())
	o.deliver(company, events)
	o.settled(len(events), len(events))
	o.company = len(events)
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a source publishes", o.publish},
		{"a consumer reads the journal", o.readJournal},
		{"an analyst asks every view", o.askViews},
		{"the audit names what a client tampered with", o.tamper},
	} {
		if !t.Run(step.name, step.run) {
			break // the next step builds on it
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// on lets a step fail by itself.
func (o *outsiders) on(t *testing.T) *outsiders {
	s := *o.system
	s.t = t
	return &outsiders{system: &s, py: python{t, o.py.bin}, company: o.company, entries: o.entries}
}

// order is what every script is told, and what is added for one.
func (o *outsiders) order(more map[string]any) map[string]any {
	o.t.Helper()
	host, port, err := net.SplitHostPort(o.cfg.ClickHouse.Addr)
	if err != nil {
		o.t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		o.t.Fatal(err)
	}
	all := map[string]any{"brokers": strings.Join(o.cfg.Kafka.Brokers, ","), "registry": o.cfg.Registry.URL, "host": host, "port": number, "database": o.cfg.ClickHouse.Database}
	maps.Copy(all, more)
	return all
}

const pythonOrders = 12

// publish lets a Python program publish orders and payments, through either partitioner and through both. Each fact has its effect once; what is wrong with some
// is found.
func (o *outsiders) publish(t *testing.T) {
	s := o.on(t)
	var answer struct {
		Sent []struct {
			Doc, Partitioner, Topic string
			Partition               int32
		}
	}
	s.py.run("publish.py", s.order(map[string]any{"entity": simulate.Entity, "sku": "SKU-0001", "location": "DC-EAST", "orders": pythonOrders}), &answer)
	where := map[string]map[int32]bool{}
	apart := 0
	for _, sent := range answer.Sent {
		doc := sent.Topic + " " + sent.Doc
		if where[doc] == nil {
			where[doc] = map[int32]bool{}
		}
		where[doc][sent.Partition] = true
		if len(where[doc]) == 2 {
			apart++
		}
	}
	if apart == 0 {
		t.Error("the two partitioners chose the same partition for every document: the test does not try what it says")
	}
	facts, twice := 2*pythonOrders, 2*pythonOrders/3
	if len(answer.Sent) != facts+twice+3 {
		t.Fatalf("%d records sent, want %d", len(answer.Sent), facts+twice+3)
	}
	want := []string{fmt.Sprintf("admitted %d", o.company+facts), "dead 2", fmt.Sprintf("duplicate %d", twice), "held 1"}
	eventually(t, "every record of the Python source is accounted for", func() bool {
		return slices.Equal(s.texts("SELECT concat(outcome, ' ', toString(count())) FROM intake GROUP BY outcome ORDER BY outcome"), want)
	})
	eventually(t, "every order and payment of the Python source has its effect", func() bool {
		return s.outcomes()["pending"] == 0 && s.number("SELECT count() FROM completeness WHERE outcome IN ('posted', 'stock_only')") > 0 &&
			s.number("SELECT uniqExact(order_id) FROM journal_lines WHERE order_id LIKE 'PY-%'") == pythonOrders
	})
	if sums := s.texts("SELECT concat(account, ' ', toString(sum(amount_txn))) FROM journal_lines WHERE order_id LIKE 'PY-%' GROUP BY account ORDER BY account"); len(sums) != 2 ||
		!strings.HasSuffix(sums[0], " 264.6") || !strings.HasSuffix(sums[1], " -264.6") {
		t.Errorf("twelve payments of 22.05 posted as %v", sums)
	}
	eventually(t, "one conflict is raised", func() bool { return s.number("SELECT count() FROM exceptions WHERE code = 'CONFLICT'") == 1 })
	t.Logf("%d documents, %d of which went to two partitions", len(where), apart)
}

// readJournal compares what a Python consumer makes of the journal with what we read ourselves, after a transaction that was aborted.
func (o *outsiders) readJournal(t *testing.T) {
	s := o.on(t)
	o.entries = s.journal()
	const forged, copied = 5, "copy-of-the-journal"
	s.abort(o.entries[0], forged)
	opts, err := s.cfg.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopic(t.Context(), 2, 1, nil, copied); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Entries, Types                            map[string]int
		Txn, FN                                   map[string]string
		Lines, Transactions, Aborted, Uncommitted int
		Unbalanced                                []string
	}
	s.py.run("journal.py", s.order(map[string]any{"topic": schemas.TopicJournal, "group": "somebodys-ledger", "copy": copied}), &answer)
	lines, types, ids := 0, map[string]int{}, map[string]int{}
	txn, fn := map[string]schemas.Decimal{}, map[string]schemas.Decimal{}
	for _, d := range o.entries {
		e := d.Event.(*schemas.JournalEntry)
		ids[e.Meta.EventID.String()]++
		types[e.CauseType]++
		for _, l := range e.Lines {
			lines++
			txn[l.Account+" "+l.Currency] = txn[l.Account+" "+l.Currency].Add(l.AmountTxn)
			fn[l.Account] = fn[l.Account].Add(l.AmountFn)
		}
	}
	if !maps.Equal(answer.Entries, ids) || len(ids) != len(o.entries) || answer.Lines != lines || !maps.Equal(answer.Types, types) || len(answer.Unbalanced) > 0 {
		t.Errorf("%d entries, %d lines, types %v, not balanced %v; want %d entries, %d lines, types %v", len(answer.Entries), answer.Lines, answer.Types, answer.Unbalanced, len(ids), lines, types)
	}
	sameSums(t, "transaction currency", answer.Txn, txn)
	sameSums(t, "functional currency", answer.FN, fn)
	if n := s.number("SELECT uniqExact(entry_id) FROM journal_lines"); n != uint64(len(ids)) {
		t.Errorf("ClickHouse shows %d entries, the journal holds %d", n, len(ids))
	}
	if answer.Uncommitted < len(o.entries)+forged || answer.Transactions < 3 || answer.Aborted == 0 {
		t.Errorf("%d records uncommitted ones included, %d transactions, %d records in the aborted one: the test does not try what it says", answer.Uncommitted, answer.Transactions, answer.Aborted)
	}
	copies := map[string]int{}
	for r, err := range schemas.ReadRecords(t.Context(), opts, schemas.Span{Topics: []string{copied}}) {
		if err != nil {
			t.Fatal(err)
		}
		copies[string(r.Key)]++
	}
	if !maps.Equal(copies, ids) {
		t.Errorf("the consumer's transactions copied %d entries, want each of %d once", len(copies), len(ids))
	}
	t.Logf("%d entries of %d lines in %d transactions, %d accounts and currencies, %d records aborted by us", len(ids), lines, answer.Transactions, len(txn), forged)
}

func sameSums(t *testing.T, what string, got map[string]string, want map[string]schemas.Decimal) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%d sums in %s, want %d", len(got), what, len(want))
	}
	for key, v := range want {
		if have, err := schemas.ParseDecimal(got[key]); err != nil || !have.Equal(v) {
			t.Errorf("%s of %s: got %q, want %s", what, key, got[key], v.Text())
		}
	}
}

// journal is every committed entry.
func (s *system) journal() (all []schemas.Delivery) {
	s.t.Helper()
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	codec, err := s.cfg.Codec(s.t.Context(), false)
	if err != nil {
		s.t.Fatal(err)
	}
	for d, err := range schemas.Read(s.t.Context(), opts, codec, schemas.Span{Topics: []string{schemas.TopicJournal}}) {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// abort writes copies of a record in a transaction that is not committed.
func (s *system) abort(like schemas.Delivery, n int) {
	s.t.Helper()
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	cl, err := kgo.NewClient(append(opts, kgo.TransactionalID("aborts"), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		s.t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		s.t.Fatal(err)
	}
	for range n {
		r := &kgo.Record{Topic: like.Topic, Partition: like.Partition, Key: like.Record.Key, Value: like.Record.Value}
		if err := cl.ProduceSync(s.t.Context(), r).FirstErr(); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := cl.EndTransaction(s.t.Context(), kgo.TryAbort); err != nil {
		s.t.Fatal(err)
	}
}

// resolveOne deals with one exception, so that there is an action of an operator to look at.
func (s *system) resolveOne() {
	s.t.Helper()
	id, err := schemas.ParseUUID(s.texts("SELECT toString(exception_id) FROM exceptions LIMIT 1")[0])
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.desk().Resolve(s.t.Context(), []schemas.UUID{id}, "looked at"); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "the operator's action is loaded", func() bool { return s.number("SELECT count() FROM exceptions WHERE status = 'resolved'") == 1 })
}

// askViews lets clickhouse-connect read every view whole; none is empty, so that every column's type is seen as Python gets it.
func (o *outsiders) askViews(t *testing.T) {
	s := o.on(t)
	s.resolveOne()
	var answer struct {
		Views              map[string]uint64
		Problems, Kinds    []string
		Entities, Streamed int
	}
	s.py.run("views.py", s.order(nil), &answer)
	for _, p := range answer.Problems {
		t.Error(p)
	}
	names := s.texts(fmt.Sprintf(`SELECT concat(name, if(empty(parameterized_view_parameters), '', concat('(', arrayStringConcat(arrayMap(p -> concat(p.1, ' = \'\''), parameterized_view_parameters), ', '), ')')))
		FROM system.tables WHERE database = '%s' AND engine = 'View'`, s.cfg.ClickHouse.Database))
	if len(answer.Views) != len(names) || len(names) < 14 {
		t.Errorf("%d views asked, want %d: %v", len(answer.Views), len(names), names)
	}
	for _, name := range names {
		view, _, _ := strings.Cut(name, "(")
		if n := s.number("SELECT count() FROM " + name); n != answer.Views[view] || n == 0 {
			t.Errorf("view %s: %d rows in Python, %d here", name, answer.Views[view], n)
		}
	}
	if n := s.number("SELECT count() FROM journal_lines"); n != uint64(answer.Streamed) || answer.Entities != 1 {
		t.Errorf("%d journal lines streamed, want %d; %d trial balances, want one", answer.Streamed, n, answer.Entities)
	}
	for _, kind := range []string{"Decimal", "DateTime64", "Date32", "UUID"} {
		if !slices.Contains(answer.Kinds, kind) {
			t.Errorf("no view has a column of type %s: %v", kind, answer.Kinds)
		}
	}
	t.Logf("%v: %v", answer.Views, answer.Kinds)
}

// tamper lets the clients of others write where only we may. The audit names each place, and nothing else.
func (o *outsiders) tamper(t *testing.T) {
	s := o.on(t)
	if found := s.audit(); len(found) > 0 {
		t.Fatalf("before anybody tampered, the audit finds %v", found)
	}
	var answer struct{ Doubled, Forged string }
	altered, removed := o.entries[10], o.entries[11]
	s.py.run("tamper.py", s.order(map[string]any{"topic": schemas.TopicJournal, "partition": o.entries[0].Position.Partition, "forged": schemas.NamedID("forged").String(),
		"alter": altered.Event.Header().EventID.String(), "remove": removed.Event.Header().EventID.String()}), &answer)
	want := []string{"finance.journal doubled " + answer.Doubled, "finance.journal orphaned " + answer.Forged,
		"table journal_lines altered " + altered.Position.String(), "table journal_lines missing " + removed.Position.String()}
	slices.Sort(want)
	var found []string
	eventually(t, "the audit names each tampering and nothing else", func() bool {
		found = s.audit()
		if len(found) > len(want) {
			t.Fatalf("the audit finds %q, want %q", found, want)
		}
		return slices.Equal(found, want)
	})
}

// audit is one audit's findings.
func (s *system) audit() (found []string) {
	s.t.Helper()
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	codec, err := s.cfg.Codec(s.t.Context(), false)
	if err != nil {
		s.t.Fatal(err)
	}
	a := audit.Audit{Cluster: opts, Codec: codec, Conn: s.conn, Dir: s.t.TempDir(), Derivations: compose.Derivations()}
	rep, err := a.Run(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range rep.Findings {
		found = append(found, f.Check+" "+string(f.Kind)+" "+f.Position)
	}
	slices.Sort(found)
	return found
}
