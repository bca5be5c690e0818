package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

func startBroker(t testing.TB, cfg BrokerConfig) *Broker {
	t.Helper()
	b, err := StartBroker(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func client(t testing.TB, b *Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.Addrs()...), kgo.MetadataMinAge(100 * time.Millisecond)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func createTopic(t testing.TB, b *Broker, topic string, partitions int32, configs ...string) {
	t.Helper()
	cfg := map[string]*string{}
	for i := 0; i < len(configs); i += 2 {
		cfg[configs[i]] = &configs[i+1]
	}
	if _, err := kadm.NewClient(client(t, b)).CreateTopic(t.Context(), partitions, -1, cfg, topic); err != nil {
		t.Fatalf("creating %s: %v", topic, err)
	}
}

func produce(t testing.TB, cl *kgo.Client, topic string, values ...string) {
	t.Helper()
	for _, v := range values {
		r := &kgo.Record{Topic: topic, Value: []byte(v), Timestamp: time.UnixMilli(1000)}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatalf("producing %q: %v", v, err)
		}
	}
}

// read returns what a read-committed reader finds in the topic up to its stable end.
func read(t testing.TB, b *Broker, topic string) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ends, err := kadm.NewClient(client(t, b)).ListCommittedOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	cl := client(t, b, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(50*time.Millisecond))
	var got []*kgo.Record
	for len(left) > 0 {
		fs := cl.PollFetches(ctx)
		if err := fs.Err0(); err != nil {
			t.Fatalf("reading %s, left %v: %v", topic, left, err)
		}
		fs.EachPartition(func(p kgo.FetchTopicPartition) {
			if p.Err != nil {
				t.Fatalf("reading %s/%d: %v", topic, p.Partition, p.Err)
			}
		})
		fs.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				got = append(got, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return got
}

func values(rs []*kgo.Record) string {
	var v []string
	for _, r := range rs {
		v = append(v, string(r.Value))
	}
	return strings.Join(v, " ")
}

func TestAppendTimeIsStampedAndMonotone(t *testing.T) {
	b := startBroker(t, BrokerConfig{DataDir: t.TempDir()})
	createTopic(t, b, "stamped", 1, "message.timestamp.type", "LogAppendTime")
	createTopic(t, b, "plain", 1)
	cl := client(t, b, kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	before := time.Now().UnixMilli()
	for range 20 {
		produce(t, cl, "stamped", "a", "b")
	}
	produce(t, cl, "plain", "c")
	after := time.Now().UnixMilli()

	last := before
	for _, r := range read(t, b, "stamped") {
		at := r.Timestamp.UnixMilli()
		if at < last || at > after {
			t.Fatalf("offset %d has time %d, want within [%d, %d]", r.Offset, at, last, after)
		}
		if r.Attrs.TimestampType() != 1 {
			t.Fatalf("offset %d has timestamp type %d, want 1 (LogAppendTime)", r.Offset, r.Attrs.TimestampType())
		}
		last = at
	}
	plain := read(t, b, "plain")
	if len(plain) != 1 || plain[0].Timestamp.UnixMilli() != 1000 || plain[0].Attrs.TimestampType() != 0 {
		t.Fatalf("a CreateTime topic must keep the producer's time, got %v", plain[0].Timestamp)
	}
}

func TestAppendTimeFollowsTheTopicsConfig(t *testing.T) {
	b := startBroker(t, BrokerConfig{})
	createTopic(t, b, "t", 1)
	cl := client(t, b)
	produce(t, cl, "t", "create")
	adm := kadm.NewClient(cl)
	value := "LogAppendTime"
	resp, err := adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "message.timestamp.type", Value: &value}}, "t")
	if err != nil || resp[0].Err != nil {
		t.Fatal(err, resp)
	}
	produce(t, cl, "t", "append")
	rs := read(t, b, "t")
	if rs[0].Attrs.TimestampType() != 0 || rs[1].Attrs.TimestampType() != 1 {
		t.Fatalf("types are %d and %d, want 0 and 1", rs[0].Attrs.TimestampType(), rs[1].Attrs.TimestampType())
	}
	described, err := adm.DescribeTopicConfigs(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range described[0].Configs {
		if c.Key == "message.timestamp.type" && c.MaybeValue() != "LogAppendTime" {
			t.Fatalf("DescribeConfigs says %s", c.MaybeValue())
		}
	}
}

func TestTimeNeverRunsBackwards(t *testing.T) {
	b := startBroker(t, BrokerConfig{})
	createTopic(t, b, "t", 1, "message.timestamp.type", "LogAppendTime")
	clock := time.Now()
	s := &stamper{cluster: b.cluster, now: func() time.Time { return clock }, last: map[partitionRef]int64{}}
	p := partitionRef{"t", 0}
	first := s.appendTime(p)
	clock = clock.Add(-time.Hour)
	if second := s.appendTime(p); second != first {
		t.Fatalf("the clock was set back and the time went from %d to %d", first, second)
	}
}

func TestListOffsetsByAppendTime(t *testing.T) {
	b := startBroker(t, BrokerConfig{})
	createTopic(t, b, "t", 1, "message.timestamp.type", "LogAppendTime")
	cl := client(t, b)
	produce(t, cl, "t", "a")
	middle := time.Now().UnixMilli() + 1
	for time.Now().UnixMilli() < middle { //nolint:revive // one millisecond
	}
	produce(t, cl, "t", "b")
	at, err := kadm.NewClient(cl).ListOffsetsAfterMilli(t.Context(), middle, "t")
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := at.Lookup("t", 0); o.Offset != 1 {
		t.Fatalf("the first record at or after %d is at %d, want 1", middle, o.Offset)
	}
}

func TestPortInUseIsOneSentence(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, err = StartBroker(t.Context(), BrokerConfig{Addr: ln.Addr().String()})
	if !errors.Is(err, ErrPortInUse) || !strings.Contains(err.Error(), ln.Addr().String()) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("got %v", err)
	}
}

func TestDataDirectoryHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	startBroker(t, BrokerConfig{DataDir: dir})
	if _, err := StartBroker(t.Context(), BrokerConfig{DataDir: dir}); !errors.Is(err, ErrDataInUse) {
		t.Fatalf("a second broker on the same directory: %v", err)
	}
}

func TestUnknownTopicsAreNotCreated(t *testing.T) {
	b := startBroker(t, BrokerConfig{})
	cl := client(t, b, kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(1))
	err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "nobody.made.me"}).FirstErr()
	if !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Fatalf("got %v", err)
	}
}

func TestBigRecordsAndTheirLimit(t *testing.T) {
	b := startBroker(t, BrokerConfig{})
	createTopic(t, b, "big", 1, "max.message.bytes", "9437184")
	cl := client(t, b, kgo.ProducerBatchMaxBytes(12<<20), kgo.BrokerMaxWriteBytes(20<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "big", Value: make([]byte, 8<<20)}).FirstErr(); err != nil {
		t.Fatalf("8 MiB: %v", err)
	}
	err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "big", Value: make([]byte, 10<<20)}).FirstErr()
	if !errors.Is(err, kerr.MessageTooLarge) {
		t.Fatalf("10 MiB over a limit of 9: %v", err)
	}
	if got := read(t, b, "big"); len(got) != 1 || len(got[0].Value) != 8<<20 {
		t.Fatalf("read %d records", len(got))
	}
}

func TestUsersMustAuthenticate(t *testing.T) {
	dir := t.TempDir()
	try := func(b *Broker, password string) error {
		cl := client(t, b, kgo.SASL(scram.Auth{User: "ada", Pass: password}.AsSha512Mechanism()), kgo.RetryTimeout(time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return cl.Ping(ctx)
	}
	right, wrong := "first", "second"
	for range 2 { // the second start has another password, which must count
		b := startBroker(t, BrokerConfig{DataDir: dir, Users: map[string]string{"ada": right}})
		if err := try(b, right); err != nil {
			t.Fatalf("the right password: %v", err)
		}
		if err := try(b, wrong); err == nil { // the store hangs up without saying why
			t.Fatal("the wrong password was let in")
		}
		b.Close()
		right, wrong = wrong, right
	}
}

func TestSeveralBrokersShareOneLog(t *testing.T) {
	b := startBroker(t, BrokerConfig{Brokers: 3})
	createTopic(t, b, "t", 6)
	cl := client(t, b, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	for i := range 12 {
		produce(t, cl, "t", fmt.Sprint(i))
	}
	if n := len(read(t, b, "t")); n != 12 || len(b.Addrs()) != 3 {
		t.Fatalf("read %d of 12 records from %v", n, b.Addrs())
	}
}
