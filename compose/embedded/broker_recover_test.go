package embedded

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// crash copies the directory of a running broker and starts another on the copy: what the store has written is what the
// kernel would keep if the process were killed at that moment. addr may be the first broker's, which then dies.
func crash(t *testing.T, b *Broker, addr string) *Broker {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(b.dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, cleanMark)); err == nil {
		t.Fatal("a running broker's directory is marked clean")
	}
	if addr != "" {
		b.Close()
	}
	return startBroker(t, BrokerConfig{DataDir: dir, Addr: addr})
}

func transact(t *testing.T, cl *kgo.Client, topic, value string, end kgo.TransactionEndTry) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Partition: int32(i), Value: []byte(value)}).FirstErr(); err != nil {
			t.Fatalf("producing %s: %v", value, err)
		}
	}
	if err := cl.EndTransaction(ctx, end); err != nil {
		t.Fatalf("ending the transaction of %s: %v", value, err)
	}
}

func transactional(t *testing.T, b *Broker, id string) *kgo.Client {
	return client(t, b, kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()))
}

func TestACleanRestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	b := startBroker(t, BrokerConfig{DataDir: dir})
	createTopic(t, b, "t", 3, "message.timestamp.type", "LogAppendTime", "max.message.bytes", "777777")
	transact(t, transactional(t, b, "tx"), "t", "aborted", kgo.TryAbort)
	cl := transactional(t, b, "tx")
	transact(t, cl, "t", "committed", kgo.TryCommit)
	id, epoch, err := cl.ProducerID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	commitOffset(t, b, 2)
	before := read(t, b, "t")
	b.Close()

	b = startBroker(t, BrokerConfig{DataDir: dir})
	after := read(t, b, "t")
	if values(after) != "committed committed committed" {
		t.Fatalf("read %q", values(after))
	}
	byPosition := func(a, b *kgo.Record) int { // partitions come in any order
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	}
	slices.SortFunc(before, byPosition)
	slices.SortFunc(after, byPosition)
	for i, r := range after {
		if !r.Timestamp.Equal(before[i].Timestamp) || r.Attrs.TimestampType() != 1 || r.Offset != before[i].Offset {
			t.Fatalf("before %v, after %v", before[i], r)
		}
	}
	if got := committedOffset(t, b); got != 2 {
		t.Fatalf("the committed offset is %d", got)
	}
	cl = transactional(t, b, "tx")
	transact(t, cl, "t", "next", kgo.TryCommit)
	if id2, epoch2, err := cl.ProducerID(t.Context()); err != nil || id2 != id || epoch2 <= epoch {
		t.Fatalf("producer %d at epoch %d came back as %d at %d: %v", id, epoch, id2, epoch2, err)
	}
	info := b.cluster.TopicInfo("t")
	if *info.Configs["max.message.bytes"] != "777777" {
		t.Fatalf("the topic's settings are %v", info.Configs)
	}
}

func commitOffset(t *testing.T, b *Broker, at int64) {
	t.Helper()
	offsets := kadm.Offsets{}
	offsets.AddOffset("t", 0, at, -1)
	if err := kadm.NewClient(client(t, b)).CommitAllOffsets(t.Context(), "group", offsets); err != nil {
		t.Fatal(err)
	}
}

func committedOffset(t *testing.T, b *Broker) int64 {
	t.Helper()
	all, err := kadm.NewClient(client(t, b)).FetchOffsets(t.Context(), "group")
	if err != nil {
		t.Fatal(err)
	}
	o, _ := all.Lookup("t", 0)
	return o.At
}

func TestATransactionOpenAtAKillStaysInvisible(t *testing.T) {
	b := startBroker(t, BrokerConfig{DataDir: t.TempDir()})
	createTopic(t, b, "t", 3)
	cl := transactional(t, b, "tx")
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: []byte("open")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	// The second and third kill are the point: by then the store has forgotten that it had aborted.
	for i := range 3 {
		b = crash(t, b, "")
		transact(t, transactional(t, b, "tx"), "t", fmt.Sprint(i), kgo.TryCommit)
		if got := values(read(t, b, "t")); strings.Contains(got, "open") || strings.Count(got, fmt.Sprint(i)) != 3 {
			t.Fatalf("after kill %d: %q", i+1, got)
		}
	}
}

func TestAProducerThatOutlivesTheBrokerCannotCommitHalf(t *testing.T) {
	b := startBroker(t, BrokerConfig{DataDir: t.TempDir()})
	createTopic(t, b, "t", 3)
	cl := transactional(t, b, "tx")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: []byte("first")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	b = crash(t, b, b.Addrs()[0])
	err := cl.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: []byte("second")}).FirstErr()
	if err == nil {
		err = cl.EndTransaction(ctx, kgo.TryCommit)
	}
	if err == nil {
		t.Fatal("half a transaction was committed")
	}
	if got := values(read(t, b, "t")); got != "" {
		t.Fatalf("read %q", got)
	}
}

// TestAKillWhileATransactionEnds takes away, one after the other, what the store writes while it ends a transaction, and
// expects the rest to be completed: markers in the other partitions, the offsets, the note of the end.
func TestAKillWhileATransactionEnds(t *testing.T) {
	b := startBroker(t, BrokerConfig{DataDir: t.TempDir()})
	createTopic(t, b, "t", 3)
	createTopic(t, b, "in", 3)
	for i := range 3 {
		produceTo(t, b, "in", int32(i))
	}
	before := t.TempDir()
	session(t, b, func() { // the directory as it stands before the end
		if err := os.CopyFS(before, os.DirFS(b.dir)); err != nil {
			t.Fatal(err)
		}
	})
	for _, c := range []struct {
		name    string
		without []string
		visible bool
	}{
		{"nothing was written", []string{"partitions", "groups.log", "pids.log"}, false},
		{"one marker", []string{"partitions/t-1", "partitions/t-2", "groups.log", "pids.log"}, true},
		{"all markers, no offsets", []string{"groups.log", "pids.log"}, true},
		{"everything but the note", []string{"pids.log"}, true},
		{"everything", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(b.dir)); err != nil {
				t.Fatal(err)
			}
			for _, path := range c.without {
				putBack(t, before, dir, path)
			}
			again := startBroker(t, BrokerConfig{DataDir: dir})
			again = crash(t, again, "")
			want, at := 0, int64(-1)
			if c.visible {
				want, at = 3, 1
			}
			offsets, err := kadm.NewClient(client(t, again)).FetchOffsets(t.Context(), "copy")
			if err != nil {
				t.Fatal(err)
			}
			if o, ok := offsets.Lookup("in", 0); len(read(t, again, "t")) != want || ok != c.visible || ok && o.At != at {
				t.Fatalf("read %d records of %d, offset %d", len(read(t, again, "t")), want, o.At)
			}
			transact(t, transactional(t, again, "copy"), "t", "next", kgo.TryCommit)
		})
	}
}

func produceTo(t *testing.T, b *Broker, topic string, partition int32) {
	t.Helper()
	cl := client(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: partition}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// session copies the three records of "in" to "t" in one transaction and calls between after everything is sent but the end.
func session(t *testing.T, b *Broker, between func()) {
	t.Helper()
	var ending atomic.Bool
	b.cluster.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
		if !ending.Swap(true) {
			between()
		}
		return nil, nil, false
	})
	s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(b.Addrs()...), kgo.TransactionalID("copy"), kgo.ConsumerGroup("copy"), kgo.ConsumeTopics("in"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Begin(); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < 3; {
		s.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) {
			s.Produce(t.Context(), &kgo.Record{Topic: "t", Partition: r.Partition, Value: []byte("copied")}, nil)
			n++
		})
	}
	if ok, err := s.End(t.Context(), kgo.TryCommit); !ok || err != nil {
		t.Fatal(ok, err)
	}
}

// putBack gives dir's path the content that it had before, topics of the transaction only.
func putBack(t *testing.T, before, dir, path string) {
	t.Helper()
	to := filepath.Join(dir, path)
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(before, path)
	info, err := os.Stat(from)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err == nil && info.IsDir() {
		err = os.CopyFS(to, os.DirFS(from))
	} else if err == nil {
		var raw []byte
		if raw, err = os.ReadFile(from); err == nil {
			err = os.WriteFile(to, raw, 0o644)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTornTailsAreCut(t *testing.T) {
	b := startBroker(t, BrokerConfig{DataDir: t.TempDir()})
	createTopic(t, b, "t", 3)
	transact(t, transactional(t, b, "tx"), "t", "a", kgo.TryAbort)
	transact(t, transactional(t, b, "tx"), "t", "b", kgo.TryCommit)
	commitOffset(t, b, 1)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(b.dir)); err != nil {
		t.Fatal(err)
	}
	tear := func(path string, tail []byte, cut int64) {
		t.Helper()
		path = filepath.Join(dir, path)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(raw[:int64(len(raw))-cut], tail...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tear("groups.log", []byte{9, 0, 0, 0, 1}, 0)
	tear("pids.log", []byte{9, 0, 0, 0, 1}, 0)
	tear("partitions/t-0/0.dat", bytes.Repeat([]byte{7}, 70), 0)
	tear("partitions/t-0/0.idx", nil, 20) // the entries of a marker and a part of a transaction's
	tear("partitions/t-1/0.idx", []byte{1, 2, 3}, 0)

	again := startBroker(t, BrokerConfig{DataDir: dir})
	commitOffset(t, again, 2)
	transact(t, transactional(t, again, "tx"), "t", "c", kgo.TryCommit)
	again = crash(t, again, "")
	if got := committedOffset(t, again); got != 2 {
		t.Fatalf("the offset committed behind a torn entry is %d", got)
	}
	if got := values(read(t, again, "t")); strings.Count(got, "b") != 3 || strings.Count(got, "c") != 3 || strings.Contains(got, "a") {
		t.Fatalf("read %q", got)
	}
}

// TestARetryAcrossAKillIsRecognised sends the same batch before and after a kill, as an idempotent producer does that has
// not seen the answer.
func TestARetryAcrossAKillIsRecognised(t *testing.T) {
	b := startBroker(t, BrokerConfig{DataDir: t.TempDir()})
	createTopic(t, b, "t", 1)
	cl := client(t, b)
	produce(t, cl, "t", "one", "two", "three")
	raw, err := os.ReadFile(filepath.Join(b.dir, "partitions", "t-0", "0.dat"))
	if err != nil {
		t.Fatal(err)
	}
	last := raw
	for next := wholeBatch(raw); next != nil; next = wholeBatch(raw) {
		last, raw = next, raw[len(next):]
	}
	batch := bytes.Clone(last)
	binary.BigEndian.PutUint64(batch, 0)
	b = crash(t, b, "")
	req := kmsg.NewPtrProduceRequest()
	req.Acks = -1
	req.TimeoutMillis = 1000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = "t"
	topic.TopicID = b.cluster.TopicInfo("t").TopicID
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = batch
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(t.Context(), client(t, b))
	if err != nil {
		t.Fatal(err)
	}
	if p := resp.Topics[0].Partitions[0]; p.ErrorCode != 0 || p.BaseOffset != 2 {
		t.Fatalf("the retry was answered %+v", p)
	}
	if got := values(read(t, b, "t")); got != "one two three" {
		t.Fatalf("read %q", got)
	}
}

// TestStaticAndOtherMembersComeBackAtOnce starts the members of a group anew after a stop that they did not survive.
func TestStaticAndOtherMembersComeBackAtOnce(t *testing.T) {
	for _, clean := range []bool{true, false} {
		t.Run(fmt.Sprintf("clean=%v", clean), func(t *testing.T) {
			dir := t.TempDir()
			b := startBroker(t, BrokerConfig{DataDir: dir})
			createTopic(t, b, "t", 2)
			join := func(b *Broker, opts ...kgo.Opt) {
				t.Helper()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				assigned := make(chan struct{}, 10)
				client(t, b, append(opts, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.HeartbeatInterval(100*time.Millisecond),
					kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
						if len(parts["t"]) > 0 {
							assigned <- struct{}{}
						}
					}))...)
				select {
				case <-assigned:
				case <-ctx.Done():
					t.Fatal("the member did not get its partitions within five seconds")
				}
			}
			join(b, kgo.InstanceID("static"))
			join(b)
			if clean {
				b.Close()
				b = startBroker(t, BrokerConfig{DataDir: dir})
			} else {
				b = crash(t, b, "")
			}
			join(b, kgo.InstanceID("static"))
		})
	}
}
