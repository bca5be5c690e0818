package embedded

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// However small a client wants its fetches, and wherever they are cut: what was aborted is not read, what was committed is read once, and every partition
// gets on, one with records larger than its share too.
func TestAbortedRecordsAreUnseenWhereverAFetchIsCut(t *testing.T) {
	b := startBroker(t, BrokerConfig{})
	createTopic(t, b, "a", 2)
	createTopic(t, b, "b", 3)
	cl := client(t, b, kgo.TransactionalID("t"), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	want := map[string]int{}
	for i := range 40 {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		commit, word := kgo.TryCommit, "committed"
		if i%3 == 0 {
			commit, word = kgo.TryAbort, "aborted"
		}
		for j := range 4 {
			for _, p := range []struct {
				topic     string
				partition int32
				size      int
			}{{"a", 0, 1000}, {"a", 1, 1000}, {"b", 0, 1000}, {"b", 1, 40_000}, {"b", 2, 1000}} {
				value := fmt.Sprintf("%s %d %d %s/%d %s", word, i, j, p.topic, p.partition, strings.Repeat("x", p.size))
				// One at a time: each is a batch of its own.
				if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: p.topic, Partition: p.partition, Value: []byte(value)}).FirstErr(); err != nil {
					t.Fatal(err)
				}
				if commit == kgo.TryCommit {
					want[value]++
				}
			}
		}
		if err := cl.EndTransaction(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	told, err := kadm.NewClient(cl).ApiVersions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range told {
		if newest, _ := of.KeyMaxVersion(int16(kmsg.Fetch)); newest != fetchVersion {
			t.Errorf("clients are told that version %d of Fetch is the newest, want %d", newest, fetchVersion)
		}
	}
	for _, most := range []int32{1, 5_000, 17_000, 60_000, 1 << 20} {
		got := map[string]int{}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		reader := client(t, b, kgo.ConsumeTopics("a", "b"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
			kgo.FetchMaxBytes(most), kgo.FetchMaxPartitionBytes(1<<20), kgo.FetchMaxWait(50*time.Millisecond))
		for n := 0; n < len(want); {
			fs := reader.PollFetches(ctx)
			if err := fs.Err(); err != nil {
				t.Fatalf("fetches of %d bytes: %d of %d records, then %v", most, n, len(want), err)
			}
			fs.EachRecord(func(r *kgo.Record) {
				if got[string(r.Value)]++; want[string(r.Value)] != got[string(r.Value)] {
					t.Errorf("fetches of %d bytes: at %s/%d@%d stands %.40q", most, r.Topic, r.Partition, r.Offset, r.Value)
				}
				n++
			})
			if t.Failed() {
				break
			}
		}
		cancel()
		reader.Close()
	}
}
