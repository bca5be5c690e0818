package sinks

import (
	"strconv"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// Every table takes its events, and its view shows each once, however often it was loaded.
func TestEveryTableLoads(t *testing.T) {
	_, conn := migrated(t)
	b := startBroker(t)
	s := b.sink(t, conn)
	for _, topic := range schemas.Catalog {
		e := schemas.Example(topic.Type)
		if e == nil {
			t.Fatalf("no example of %s", topic.Type)
		}
		if topic.Kind == schemas.Fact || topic.Kind == schemas.Derived || topic.Topic == schemas.TopicActions {
			e.Header().CorrelationID = "SO-1"
			if c := e.Header().Correction; c != nil { // whatever it names, the bytes must be one
				original := schemas.Example(c.CorrectedEventType)
				body, err := schemas.EncodeEmbedded(original)
				if err != nil {
					t.Fatal(err)
				}
				c.Original, c.CorrectedEventID = body, original.Header().EventID
			}
			if topic, _ := schemas.Route(e); topic != "" {
				b.send(t, e, e)
			}
		}
	}
	stop := start(t, s)
	for _, table := range s.Tables {
		eventually(t, table.Name+" commits all", func() bool {
			total := int64(0)
			for _, topic := range table.Topics {
				total += int64(b.count(t, topic))
			}
			return b.committed(t, table) == total && total > 0
		})
		if got := text1(t, conn, "count() > 0 FROM "+table.Name); got != "1" && got != "true" && table.Name != "holds" {
			t.Errorf("%s is empty", table.Name)
		}
	}
	stop()
	if n := b.count(t, schemas.TopicLetters); n != 2 {
		t.Errorf("%d letters, want the 2 that were sent: %v", n, columnOf(t, conn, "SELECT concat(stage, ' ', class, ' ', reason) FROM dead_letters"))
	}
	if doubled := text1(t, conn, "count() - uniqExact(event_id) FROM events"); doubled != "0" {
		t.Errorf("events shows %s doubles", doubled)
	}
	lines := len(schemas.Example("journal.entry").(*schemas.JournalEntry).Lines)
	if got := text1(t, conn, "count() FROM journal_lines"); got != strconv.Itoa(lines) {
		t.Errorf("journal_lines has %s lines, want %d", got, lines)
	}
}
