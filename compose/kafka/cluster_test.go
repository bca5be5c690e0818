package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// start starts a cluster for a test. Without Java the test is skipped; with Java a cluster that cannot be had is a failure.
func start(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("SKIPPED: no java on PATH, so nothing is tested against Apache Kafka here; install Java 17")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	began := time.Now()
	c, err := Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d node(s) ready after %v", cfg.Nodes, time.Since(began).Round(10*time.Millisecond))
	t.Cleanup(c.Close)
	return c
}

func connect(t *testing.T, addrs []string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addrs...), kgo.MetadataMinAge(100 * time.Millisecond)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func makeTopic(t *testing.T, c *Cluster, topic string, configs map[string]*string) {
	t.Helper()
	if _, err := kadm.NewClient(connect(t, c.Addrs())).CreateTopic(t.Context(), 3, -1, configs, topic); err != nil {
		t.Fatal(err)
	}
}

// transact produces n records in one transaction and ends it as asked.
func transact(t *testing.T, cl *kgo.Client, topic, value string, n int, commit kgo.TransactionEndTry) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		cl.Produce(ctx, &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: []byte(value)}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Errorf("producing: %v", err)
			}
		})
	}
	if err := cl.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if err := cl.EndTransaction(ctx, commit); err != nil {
		t.Fatal(err)
	}
}

func readAll(t *testing.T, addrs []string, topic string, want int) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cl := connect(t, addrs, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	var got []*kgo.Record
	for len(got) < want {
		fs := cl.PollFetches(ctx)
		if err := fs.Err0(); err != nil {
			t.Fatalf("read %d of %d: %v", len(got), want, err)
		}
		got = append(got, fs.Records()...)
	}
	return got
}

func TestOneNode(t *testing.T) {
	c := start(t, Config{Nodes: 1})
	kind := "LogAppendTime"
	makeTopic(t, c, "t", map[string]*string{"message.timestamp.type": &kind})
	cl := connect(t, c.Addrs(), kgo.TransactionalID("one"))
	transact(t, cl, "t", "invisible", 10, kgo.TryAbort)
	transact(t, cl, "t", "visible", 10, kgo.TryCommit)
	for _, r := range readAll(t, c.Addrs(), "t", 10) {
		if string(r.Value) != "visible" || r.Attrs.TimestampType() != 1 {
			t.Fatalf("read %q with timestamp type %d", r.Value, r.Attrs.TimestampType())
		}
	}
	err := connect(t, c.Addrs(), kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(1)).ProduceSync(t.Context(), &kgo.Record{Topic: "nobody.made.me"}).FirstErr()
	if err == nil {
		t.Fatal("a topic was created by itself")
	}
	if !strings.Contains(c.LogTail(1), "Kafka Server started") {
		t.Fatalf("the log is %q", c.LogTail(1))
	}
}

func TestThreeNodesSurviveAKill(t *testing.T) {
	c := start(t, Config{Nodes: 3})
	makeTopic(t, c, "t", nil)
	cl := connect(t, c.Addrs(), kgo.TransactionalID("three"))
	transact(t, cl, "t", "all", 100, kgo.TryCommit)
	if err := c.Kill(2); err != nil {
		t.Fatal(err)
	}
	transact(t, cl, "t", "two", 100, kgo.TryCommit)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := c.Restart(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(ctx, 3); err != nil {
		t.Fatal(err)
	}
	transact(t, cl, "t", "again", 100, kgo.TryCommit)
	if err := c.Restart(ctx, 3); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, r := range readAll(t, c.Addrs(), "t", 300) {
		count[string(r.Value)]++
	}
	if count["all"] != 100 || count["two"] != 100 || count["again"] != 100 {
		t.Fatalf("read %v", count)
	}
	if err := c.Kill(4); err == nil {
		t.Fatal("there is no fourth node to kill")
	}
}

func TestDataIsFoundAgain(t *testing.T) {
	dir := t.TempDir()
	c := start(t, Config{Nodes: 1, Dir: dir})
	makeTopic(t, c, "t", nil)
	transact(t, connect(t, c.Addrs(), kgo.TransactionalID("first")), "t", "kept", 5, kgo.TryCommit)
	c.Close()
	c.Close()
	if c.nodes[0].running() {
		t.Fatal("the node runs after Close")
	}
	c = start(t, Config{Nodes: 1, Dir: dir})
	readAll(t, c.Addrs(), "t", 5)
}

func TestCloseLeavesNothing(t *testing.T) {
	c := start(t, Config{Nodes: 1})
	c.Close()
	if _, err := os.Stat(c.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is still there: %v", c.Dir(), err)
	}
}

func TestPortInUse(t *testing.T) {
	c := start(t, Config{Nodes: 1})
	var port int
	if _, err := fmt.Sscanf(c.Addrs()[0], "127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{Nodes: 1, Ports: []int{port}})
	if !errors.Is(err, ErrPortInUse) || !strings.Contains(err.Error(), fmt.Sprint(port)) {
		t.Fatalf("got %v", err)
	}
}

func TestANodeThatStopsSaysWhy(t *testing.T) {
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("SKIPPED: no java on PATH")
	}
	_, err := Start(t.Context(), Config{Nodes: 1, ExtraProperties: map[string]string{"num.io.threads": "none"}})
	if err == nil || !strings.Contains(err.Error(), "num.io.threads") {
		t.Fatalf("got %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []Config{{Nodes: 2}, {Nodes: 3, Ports: []int{1}}} {
		if _, err := Start(t.Context(), cfg); err == nil || errors.Is(err, ErrUnavailable) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
