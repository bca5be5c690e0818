package sinks

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// Progress is noted when all that a transaction wrote is loaded, its markers included, and not before.
func TestProgressFollowsTransactions(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	event := exampleOf[*schemas.PaymentCaptured]("payment.captured", 1, "SO-0")
	b.send(t, event)
	s := b.sink(t, conn, "journal_lines", "dead_letters", "events")
	start(t, s)

	tx, err := kgo.NewClient(append(append([]kgo.Opt{}, b.cluster...), kgo.TransactionalID("finance-1"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	entry := entries(1)[0].(*schemas.JournalEntry)
	entry.Meta.CausationID = schemas.Some(event.Meta.EventID)
	record, err := b.codec.Record(entry)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := tx.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
	// finance's offsets are visible while its transaction's records are not: the moment for which the high watermark is asked.
	b.commitAs(t, "finance", schemas.CanonicalTopics())
	eventually(t, "letters note it", func() bool {
		return text1(t, conn, "count() FROM progress WHERE loaded_by = 'dead_letters' AND upstream_group = 'throughline-finance' AND topic = 'payments' AND offset > 0") != "0"
	})
	if got := text1(t, conn, "count() FROM progress WHERE loaded_by = 'journal_lines' AND topic = 'payments' AND offset > 0"); got != "0" {
		t.Error("progress was noted while the entry could not be read")
	}
	if got := columnOf(t, conn, "SELECT outcome FROM completeness"); len(got) == 1 && got[0] != "pending" {
		t.Errorf("completeness says %v, want pending", got)
	}
	if err := tx.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	eventually(t, "progress is noted", func() bool {
		return text1(t, conn, "count() FROM progress WHERE loaded_by = 'journal_lines' AND topic = 'payments' AND offset > 0") != "0"
	})
	if got := text1(t, conn, "any(outcome) FROM completeness"); got != "posted" {
		t.Errorf("completeness says %s, want posted", got)
	}
	eventually(t, "the marker is committed", func() bool {
		return b.committed(t, s.Tables[1]) >= 0 && b.committed(t, tableOf(s, "journal_lines")) == 2
	})
}

func tableOf(s Sink, name string) Table {
	for _, t := range s.Tables {
		if t.Name == name {
			return t
		}
	}
	panic(name)
}

// A letter of a sink comes back through the redrive topic of that sink, and becomes the row that it should have been; others' redrives are nothing to it.
func TestRedriveOfASink(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	s := b.sink(t, conn, "journal_lines")
	group := s.Tables[0].Group()
	entry := entries(1)[0]
	value, err := b.codec.Encode(entry)
	if err != nil {
		t.Fatal(err)
	}
	for _, consumer := range []string{group, "throughline-sink-other"} {
		r := schemas.Example("redrive.requested").(*schemas.Redrive)
		r.Consumer, r.Topic, r.Partition, r.Offset, r.Value = consumer, schemas.TopicJournal, 1, 77, value
		if consumer != group {
			r.Value = []byte("nonsense")
		}
		record, err := b.codec.RecordTo(r, schemas.RedriveTopic(group), nil)
		if err != nil {
			t.Fatal(err)
		}
		b.produce(t, record)
	}
	start(t, s)
	eventually(t, "the redriven entry is there", func() bool {
		return text1(t, conn, "count() FROM journal_lines WHERE offset = 77 AND partition = 1") == "2"
	})
	if n := b.count(t, schemas.TopicLetters); n != 0 {
		t.Errorf("%d letters", n)
	}
}

// Table dead_letters never makes letters: what cannot be read of one is a row.
func TestLettersAboutLettersAreRows(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	b.produce(t, &kgo.Record{Topic: schemas.TopicLetters, Key: []byte("k"), Value: []byte("nonsense")})
	start(t, b.sink(t, conn, "dead_letters"))
	eventually(t, "the row is there", func() bool { return text1(t, conn, "count() FROM dead_letters") == "1" })
	if got := text1(t, conn, "concat(stage, ' ', class, ' ', value) FROM dead_letters"); got != "sink:dead_letters BAD_FRAMING nonsense" {
		t.Errorf("the row is %q", got)
	}
	if n := b.count(t, schemas.TopicLetters); n != 1 {
		t.Errorf("%d letters: it wrote one about itself", n)
	}
}

// An event of another type in a table's topic is poison, of a class of its own, and holds up nothing.
func TestStrangersBecomeLetters(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	stranger, err := b.codec.RecordTo(exampleOf[*schemas.OrderAccepted]("order.accepted", 1, "SO-1"), schemas.TopicJournal, []byte("SO-1"))
	if err != nil {
		t.Fatal(err)
	}
	b.produce(t, stranger)
	b.send(t, entries(2)...)
	var told []*schemas.DeadLetter
	s := b.sink(t, conn, "journal_lines")
	s.Observe.OnLetter = func(l *schemas.DeadLetter) { told = append(told, l) }
	registry := prometheus.NewRegistry()
	if s.Metrics, err = NewMetrics(registry); err != nil {
		t.Fatal(err)
	}
	stop := start(t, s)
	eventually(t, "all is committed", func() bool { return b.committed(t, s.Tables[0]) == 3 })
	stop()
	if len(told) != 1 || told[0].DeadEventType != "order.accepted" || told[0].Thread != "SO-1" {
		t.Errorf("told of %v", told)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if got := f.GetMetric()[0].GetCounter().GetValue(); f.GetName() == "throughline_sink_rows_total" && got != 4 {
			t.Errorf("%s = %v, want 4", f.GetName(), got)
		}
	}
	if len(families) < 4 {
		t.Errorf("%d metrics, want rows, seconds and both lags", len(families))
	}
}

// A group that lost its offsets, and a log that no longer holds the next record, halt with a named error; nothing is read from anywhere else.
func TestHalts(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	b.send(t, entries(4)...)
	never := b.sinkUnseeded(conn, "journal_lines")
	if err := never.Run(t.Context()); !errors.Is(err, schemas.ErrNotSeeded) {
		t.Errorf("a group without offsets gives %v", err)
	}
	s := b.sink(t, conn, "journal_lines")
	adm := kadm.NewClient(b.client)
	if _, err := adm.DeleteGroups(t.Context(), s.Tables[0].Group()); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); !errors.Is(err, schemas.ErrOffsetsLost) {
		t.Errorf("a group that lost its offsets gives %v", err)
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(schemas.TopicJournal, 0, 100, -1)
	offsets.AddOffset(schemas.TopicJournal, 1, 100, -1)
	offsets.AddOffset(schemas.RedriveTopic(s.Tables[0].Group()), 0, 0, -1)
	if err := adm.CommitAllOffsets(t.Context(), s.Tables[0].Group(), offsets); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.Run(ctx); !errors.Is(err, schemas.ErrLogMoved) {
		t.Errorf("an offset out of range gives %v", err)
	}
	if got := text1(t, conn, "count() FROM journal_lines_log"); got != "0" {
		t.Errorf("%s rows were read from somewhere", got)
	}
}

// While ClickHouse is away another replica joins and partitions move: the batch is dropped by whom it no longer belongs to, nothing is lost, and nothing
// doubled in the views.
func TestRebalanceDuringAnOutage(t *testing.T) {
	c, conn := migrated(t)
	f, faulty := proxied(t, c)
	b := startBroker(t)
	b.send(t, entries(60)...)
	down := func(w http.ResponseWriter) bool { panic(http.ErrAbortHandler) }
	f.before.Store(&down)
	one := b.sink(t, faulty, "journal_lines")
	stopOne := start(t, one)
	eventually(t, "the first replica tries", func() bool { return f.inserts.Load() >= 2 })
	two := one
	two.Replica = "r2"
	two.Conn = conn
	start(t, two)
	eventually(t, "the second replica has loaded its share", func() bool {
		n, _ := strconv.Atoi(text1(t, conn, "count() FROM journal_lines_log"))
		return n > 0
	})
	f.before.Store(nil)
	eventually(t, "all is committed", func() bool { return b.committed(t, one.Tables[0]) == 60 })
	stopOne()
	onceInTheBooks(t, conn, 60)
}
