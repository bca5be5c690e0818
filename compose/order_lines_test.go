package compose_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/producers/simulate/oracle"
	"github.com/throughline/throughline/schemas"
)

// mustConserve compares each order line with what the second calculation knows of it. A gap of either kind is one line of the system's that it does not have.
func (s *system) mustConserve(want map[oracle.Line]oracle.Units) {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), `SELECT order_id, order_line_id, toString(ordered), toString(shipped), toString(cancelled), toString(open), toString(invoiced), toString(unbilled),
		toString(credited), toString(returned), toString(gap), toString(stock_gap) FROM order_conservation`)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	seen := 0
	for rows.Next() {
		var l oracle.Line
		var v [10]string
		if err := rows.Scan(&l.Order, &l.Line, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9]); err != nil {
			s.t.Fatal(err)
		}
		u, ok := want[l]
		seen++
		for i, n := range []schemas.Decimal{u.Ordered, u.Shipped, u.Cancelled, u.Ordered.Sub(u.Shipped).Sub(u.Cancelled), u.Invoiced, u.Shipped.Sub(u.Invoiced).Add(u.CreditedUnshipped),
			u.Credited, u.Returned, {}, {}} {
			if !ok || !schemas.MustDecimal(v[i]).Equal(n) {
				s.t.Errorf("line %s of order %s: quantity %d is %s, want %s; known: %v", l.Line, l.Order, i, v[i], n.Text(), ok)
			}
		}
	}
	if err := rows.Err(); err != nil || seen != len(want) || seen == 0 {
		s.t.Errorf("%d order lines, want %d: %v", seen, len(want), err)
	}
}

// A system that ran before there was a table has its history in it after an upgrade: migrate makes the table and begins its group at the start of the log.
func TestOrderLinesAfterAnUpgrade(t *testing.T) {
	s := startSystem(t)
	stop := s.run()
	company := simulate.New(simulate.Config{Seed: 8, Orders: 40})
	events := slices.Collect(company.Events())
	s.deliver(company, events)
	s.drain(len(events), never, nothing)
	s.mustConserve(company.Expected().Lines)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.forgetOrderLines()
	done, err := compose.Migrate(t.Context(), s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if done.Seeds == 0 || len(done.Topics) != 0 {
		t.Errorf("migrate: %+v, want the partitions of one group seeded and no topic made", done)
	}
	if n := s.number("SELECT count() FROM order_lines"); n != 0 {
		t.Fatalf("%d order lines before the upgraded sink has run", n)
	}
	stop = s.run("sinks", "ticker")
	eventually(t, "the history is in the table", func() bool {
		return s.number("SELECT uniqExact(order_id, order_line_id) FROM order_lines") == uint64(len(company.Expected().Lines)) && s.number("SELECT countIf(stock_gap != 0) FROM order_conservation") == 0
	})
	s.drain(len(events), never, nothing)
	s.mustConserve(company.Expected().Lines)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// forgetOrderLines takes the cluster and the database back to before the table was known.
func (s *system) forgetOrderLines() {
	s.t.Helper()
	for _, statement := range []string{"DROP VIEW order_conservation", "DROP VIEW order_lines", "DROP TABLE order_lines_log SYNC", "DELETE FROM migrations WHERE name LIKE '%order_lines' OR name LIKE '%order_conservation'"} {
		if err := s.conn.Exec(s.t.Context(), statement); err != nil {
			s.t.Fatal(statement, err)
		}
	}
	opts, err := s.cfg.Cluster()
	if err != nil {
		s.t.Fatal(err)
	}
	cl, err := kgo.NewClient(append(slices.Clone(opts), schemas.WriteOptions()...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	defer cl.Close()
	group := schemas.Group("sink-order_lines")
	adm := kadm.NewClient(cl)
	if _, err := adm.LeaveGroup(s.t.Context(), kadm.LeaveGroup(group).InstanceIDs(group+"-"+s.cfg.Replica)); err != nil { // a static member stays when it stops
		s.t.Fatal(err)
	}
	if _, err := adm.DeleteGroup(s.t.Context(), group); err != nil {
		s.t.Fatal(err)
	}
	ends, err := adm.ListEndOffsets(s.t.Context(), schemas.TopicSeeds)
	if err != nil {
		s.t.Fatal(err)
	}
	var others []*kgo.Record // the seeds of all other groups
	for r, err := range schemas.ReadRecords(s.t.Context(), opts, schemas.Span{Topics: []string{schemas.TopicSeeds}}) {
		if err != nil {
			s.t.Fatal(err)
		}
		if !strings.HasPrefix(string(r.Key), group+"|") {
			others = append(others, &kgo.Record{Topic: r.Topic, Key: r.Key, Value: r.Value})
		}
	}
	if _, err := adm.DeleteRecords(s.t.Context(), ends.Offsets()); err != nil {
		s.t.Fatal(err)
	}
	if err := cl.ProduceSync(s.t.Context(), others...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}
