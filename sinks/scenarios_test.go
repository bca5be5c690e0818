package sinks

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/throughline/throughline/schemas"
)

// entries are n journal entries of two legs, 65.32 on 1150 against 4000 each.
func entries(n int) []schemas.Event {
	all := make([]schemas.Event, n)
	for i := range all {
		e := exampleOf[*schemas.JournalEntry]("journal.entry", i, "SO-"+strconv.Itoa(i))
		amount := schemas.MustDecimal("65.3200")
		e.Ledger, e.FunctionalCurrency, e.Meta.Period, e.Meta.LegalEntity = "PRIMARY", "USD", "2011-03", "US01"
		e.Meta.CausationID = schemas.Some(schemas.NamedID("cause", strconv.Itoa(i)))
		e.Dimensions = schemas.StringMapOf("order_id", e.Meta.CorrelationID)
		e.Lines = []schemas.JournalLine{
			{LineNo: 1, Account: "1150", AmountTxn: amount, AmountFn: amount, Currency: "USD", ControlKey: "SH-" + strconv.Itoa(i)},
			{LineNo: 2, Account: "4000", AmountTxn: amount.Neg(), AmountFn: amount.Neg(), Currency: "USD"},
		}
		all[i] = e
	}
	return all
}

// onceInTheBooks holds the views against n entries of 65.32.
func onceInTheBooks(t *testing.T, conn driver.Conn, n int) {
	t.Helper()
	want := schemas.MustDecimal("65.32").Mul(schemas.NewDecimal(int64(n), 0)).String()
	for query, want := range map[string]string{
		"count() FROM journal_lines":             strconv.Itoa(2 * n),
		"uniqExact(entry_id) FROM journal_lines": strconv.Itoa(n),
		"sum(amount_fn) FROM journal_lines":      "0",
		"toDecimalString(debit, 2) FROM trial_balance WHERE account = '1150' AND period = '2011-03'":                   want,
		"toDecimalString(credit, 2) FROM trial_balance WHERE account = '4000' AND account_name = 'Product revenue'":    want,
		"toDecimalString(sum(balance_fn), 2) FROM control_accounts WHERE account = '1150' AND control_key LIKE 'SH-%'": want,
		"count() FROM order_trace WHERE order_id = 'SO-0' AND kind = 'entry'":                                          "1",
	} {
		if got := text1(t, conn, query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
}

// S3: the process dies after ClickHouse took the insert and before the offsets were committed. What is read again is seen once, in the facts and in
// every aggregate. S4, the crash before the insert, is the same loop cut earlier: nothing is lost.
func TestS3S4CrashAroundTheInsert(t *testing.T) {
	for _, cut := range []string{"S3 after the insert", "S4 before the insert"} {
		t.Run(cut[:2], func(t *testing.T) {
			c, conn := migrated(t)
			f, faulty := proxied(t, c)
			b := startBroker(t)
			b.send(t, entries(50)...)
			s := b.sink(t, faulty, "journal_lines")

			var died atomic.Bool
			if cut[:2] == "S3" {
				// The answer is lost, and the process with it: nothing is committed.
				lose := func(*http.Response) error { died.Store(true); return errors.New("cut") }
				f.after.Store(&lose)
			} else {
				refuse := func(w http.ResponseWriter) bool { died.Store(true); panic(http.ErrAbortHandler) }
				f.before.Store(&refuse)
			}
			stop := start(t, s)
			eventually(t, "the insert is cut", died.Load)
			stop()
			if at := b.committed(t, s.Tables[0]); at != 0 {
				t.Fatalf("committed %d before the insert was answered", at)
			}
			raw := text1(t, conn, "count() FROM journal_lines_log")
			if wasThere := raw != "0"; wasThere != (cut[:2] == "S3") {
				t.Fatalf("%s rows in the base table", raw)
			}

			f.after.Store(nil)
			f.before.Store(nil)
			start(t, s)
			eventually(t, "all is committed", func() bool { return b.committed(t, s.Tables[0]) == 50 })
			if raw := text1(t, conn, "count() FROM journal_lines_log"); cut[:2] == "S3" && raw == "50" {
				t.Log("the base table has merged already; the doubles could not be observed")
			}
			onceInTheBooks(t, conn, 50)
		})
	}
}

// S5: an insert fails five times in ways that pass, and the sixth stands: one row each, no letter.
func TestS5RetriableFailures(t *testing.T) {
	c, conn := migrated(t)
	f, faulty := proxied(t, c)
	b := startBroker(t)
	b.send(t, entries(10)...)
	var failures atomic.Int64
	// Too many parts, out of memory, read-only, overloaded, and an answer that no ClickHouse gives.
	codes := []string{"252", "241", "242", "202", ""}
	fail := func(w http.ResponseWriter) bool {
		n := failures.Add(1)
		if n > int64(len(codes)) {
			return false
		}
		if code := codes[n-1]; code != "" {
			w.Header().Set("X-ClickHouse-Exception-Code", code)
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, "Code: %s. DB::Exception: not now. (SOME_ERROR)", code)
			return true
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	f.before.Store(&fail)
	s := b.sink(t, faulty, "journal_lines")
	start(t, s)
	eventually(t, "the sixth attempt is committed", func() bool { return b.committed(t, s.Tables[0]) == 10 })
	if failures.Load() < 6 {
		t.Errorf("%d attempts, want 6", failures.Load())
	}
	if n := b.count(t, schemas.TopicLetters); n != 0 {
		t.Errorf("%d letters", n)
	}
	if raw := text1(t, conn, "count() FROM journal_lines_log"); raw != "10" {
		t.Errorf("%s rows, want 10", raw)
	}
	onceInTheBooks(t, conn, 10)
}

// S7: an event that is older than any retention is stored like any other.
func TestS7OldEvents(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	e := exampleOf[*schemas.OrderAccepted]("order.accepted", 1, "SO-1")
	e.OrderID = "SO-1"
	e.Meta.OccurredAt = schemas.TimeOf(time.Date(1971, 1, 2, 3, 4, 5, 6000, time.UTC))
	old := e.Meta.OccurredAt.String()
	b.send(t, e)
	start(t, b.sink(t, conn, "events"))
	eventually(t, "the event is there", func() bool { return text1(t, conn, "count() FROM events") == "1" })
	if got := text1(t, conn, "toString(occurred_at) FROM events WHERE order_id = 'SO-1'"); !strings.HasPrefix(old, strings.Replace(got, " ", "T", 1)[:19]) {
		t.Errorf("occurred_at = %s, want %s", got, old)
	}
}

// S8: a topic with one event a second makes an insert a second. The engine merges the parts as they come, so their number stays bounded, and each
// event can be seen at once.
func TestS8FewEventsManyInserts(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	s := b.sink(t, conn, "journal_lines")
	s.MaxWait = time.Millisecond
	start(t, s)
	all := entries(400)
	worst := 0
	for i, e := range all {
		b.send(t, e)
		if i%20 != 19 {
			continue
		}
		eventually(t, "what was sent is seen", func() bool { return text1(t, conn, "uniqExact(entry_id) FROM journal_lines") == strconv.Itoa(i+1) })
		parts, err := strconv.Atoi(text1(t, conn, "count() FROM system.parts WHERE active AND database = currentDatabase() AND table = 'journal_lines_log'"))
		if err != nil {
			t.Fatal(err)
		}
		worst = max(worst, parts)
	}
	if worst > 150 {
		t.Errorf("%d active parts; the engine throttles inserts at 1,000 and refuses them at 3,000", worst)
	}
	onceInTheBooks(t, conn, 400)
}

// S9: ClickHouse is away. Everything is tried again for as long as that lasts, no offset moves, nothing becomes a letter, and what is not there yet is
// pending, not missing.
func TestS9Outage(t *testing.T) {
	c, conn := migrated(t)
	f, faulty := proxied(t, c)
	b := startBroker(t)
	event := exampleOf[*schemas.PaymentCaptured]("payment.captured", 1, "SO-0")
	event.OrderID = "SO-0"
	b.send(t, event)
	events := b.sink(t, conn, "events")
	start(t, events)
	eventually(t, "the event is there", func() bool { return text1(t, conn, "count() FROM events") == "1" })

	down := func(w http.ResponseWriter) bool { panic(http.ErrAbortHandler) }
	f.before.Store(&down)
	entry := entries(1)[0].(*schemas.JournalEntry)
	entry.Meta.CausationID = schemas.Some(event.Meta.EventID)
	b.send(t, entry)
	b.commitAs(t, "finance", schemas.CanonicalTopics())
	s := b.sink(t, faulty, "journal_lines", "dead_letters")
	start(t, s)
	eventually(t, "five attempts have failed", func() bool { return f.inserts.Load() >= 5 })
	if at := b.committed(t, s.Tables[0]); at != 0 {
		t.Errorf("committed %d while ClickHouse was away", at)
	}
	if n := b.count(t, schemas.TopicLetters); n != 0 {
		t.Errorf("%d letters of an outage", n)
	}
	if got := columnOf(t, conn, "SELECT outcome FROM completeness"); len(got) != 1 || got[0] != "pending" {
		t.Errorf("completeness says %v, want pending", got)
	}
	f.before.Store(nil)
	eventually(t, "the event is posted", func() bool { return text1(t, conn, "any(outcome) FROM completeness") == "posted" })
	if n := b.count(t, schemas.TopicLetters); n != 0 {
		t.Errorf("%d letters of an outage", n)
	}
}

// S13: the letter cannot be written, so the offset of its record is not committed; once it can, the letter is there once, and the good records beside
// it are loaded.
func TestS13LetterCannotBeWritten(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	good := entries(3)
	b.send(t, good[0], good[1])
	poison := &kgo.Record{Topic: schemas.TopicJournal, Key: []byte("SO-9"), Value: []byte("\x00\x00\x00\x00\x01nonsense")}
	b.produce(t, poison)
	b.send(t, good[2])

	var refused atomic.Int64
	open := make(chan struct{})
	b.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		select {
		case <-open:
			return nil, nil, false
		default:
		}
		p := req.(*kmsg.ProduceRequest)
		refused.Add(1)
		resp := p.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range p.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = topic.Topic, topic.TopicID
			for _, partition := range topic.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = partition.Partition, kerr.NotEnoughReplicas.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
	s := b.sinkUnseeded(conn, "journal_lines", "dead_letters")
	for group, topics := range s.Groups() {
		b.commitStart(t, group, topics)
	}
	s.Attempt = time.Second
	start(t, s)
	eventually(t, "the letter was refused", func() bool { return refused.Load() > 3 })
	if at := b.committed(t, s.Tables[0]); at != 0 {
		t.Errorf("committed %d before the letter was written", at)
	}
	close(open)
	eventually(t, "all is committed", func() bool { return b.committed(t, s.Tables[0]) == 4 })
	if n := b.count(t, schemas.TopicLetters); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
	eventually(t, "the letter is loaded", func() bool { return text1(t, conn, "count() FROM dead_letters") == "1" })
	id := schemas.LetterID(s.Tables[0].Group(), schemas.Position{Topic: poison.Topic, Partition: poison.Partition, Offset: poison.Offset})
	got := columnOf(t, conn, "SELECT concat(toString(letter_id), ' ', stage, ' ', class, ' ', owner, ' ', topic, '@', toString(offset)) FROM dead_letters")
	want := fmt.Sprintf("%s sink:journal_lines UNDECODABLE Integration platform finance.journal@%d", id, poison.Offset)
	if len(got) != 1 || got[0] != want {
		t.Errorf("the letter is %q, want %q", got, want)
	}
	onceInTheBooks(t, conn, 3)
}
