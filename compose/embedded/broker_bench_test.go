package embedded

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// BenchmarkTransactionalCopy copies 500-byte records from one topic of 12 partitions to another, exactly once, in
// transactions of 100 ms: the shape of every loop in the system. One operation is one record.
func BenchmarkTransactionalCopy(b *testing.B) {
	for _, c := range []struct {
		name, kind string
		disk       bool
	}{{"memory", "CreateTime", false}, {"disk", "CreateTime", true}, {"disk-append-time", "LogAppendTime", true}} {
		b.Run(c.name, func(b *testing.B) {
			cfg := BrokerConfig{}
			if c.disk {
				cfg.DataDir = b.TempDir()
			}
			broker := startBroker(b, cfg)
			createTopic(b, broker, "from", 12, "message.timestamp.type", c.kind)
			createTopic(b, broker, "to", 12, "message.timestamp.type", c.kind)
			fill(b, broker, "from", b.N)
			b.ResetTimer()
			start := time.Now()
			copyAll(b, broker, b.N)
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "records/s")
		})
	}
}

func fill(b *testing.B, broker *Broker, topic string, n int) {
	cl := client(b, broker, kgo.DefaultProduceTopic(topic), kgo.MaxBufferedRecords(100_000))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		value := make([]byte, 500) // half of it compresses, as in an event
		for j := range 250 {
			value[j] = byte(random.Uint32())
		}
		cl.Produce(b.Context(), &kgo.Record{Key: fmt.Append(nil, i), Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := cl.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func copyAll(b *testing.B, broker *Broker, n int) {
	s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(broker.Addrs()...), kgo.TransactionalID("copy"), kgo.ConsumerGroup("copy"),
		kgo.ConsumeTopics("from"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.MetadataMinAge(100*time.Millisecond), kgo.DefaultProduceTopic("to"), kgo.MaxBufferedRecords(200_000))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(b.Context(), 2*time.Minute)
	defer cancel()
	for copied := 0; copied < n; {
		if err := s.Begin(); err != nil {
			b.Fatal(err)
		}
		for began := time.Now(); time.Since(began) < 100*time.Millisecond && copied < n; {
			fs := s.PollFetches(ctx)
			if err := fs.Err(); err != nil {
				b.Fatal(err)
			}
			fs.EachRecord(func(r *kgo.Record) {
				s.Produce(ctx, &kgo.Record{Key: r.Key, Value: r.Value}, nil)
				copied++
			})
		}
		if ok, err := s.End(ctx, kgo.TryCommit); !ok || err != nil {
			b.Fatalf("committed %v: %v", ok, err)
		}
	}
}
