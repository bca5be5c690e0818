package embedded

import (
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestBrokerProcess is not a test: TestAckedRecordsSurviveKill9 runs it in a process of its own.
func TestBrokerProcess(t *testing.T) {
	dir := os.Getenv("EMBEDDED_BROKER_DIR")
	if dir == "" {
		return
	}
	startBroker(t, BrokerConfig{DataDir: dir, Addr: os.Getenv("EMBEDDED_BROKER_ADDR")})
	<-t.Context().Done()
	select {} // until killed
}

func TestAckedRecordsSurviveKill9(t *testing.T) {
	dir := t.TempDir()
	b := startBroker(t, BrokerConfig{DataDir: dir})
	addr := b.Addrs()[0]
	createTopic(t, b, "t", 4)
	b.Close()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.MetadataMinAge(50*time.Millisecond), kgo.DefaultProduceTopic("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var acked, next atomic.Int64
	for range 5 {
		child := exec.Command(os.Args[0], "-test.run=^TestBrokerProcess$", "-test.timeout=60s")
		child.Env = append(os.Environ(), "EMBEDDED_BROKER_DIR="+dir, "EMBEDDED_BROKER_ADDR="+addr)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		until := acked.Load() + 2000
		deadline := time.Now().Add(30 * time.Second)
		for acked.Load() < until {
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d records acknowledged", acked.Load(), until)
			}
			var group kgo.FirstErrPromise
			for range 100 {
				promise := group.Promise()
				cl.Produce(t.Context(), &kgo.Record{Value: fmt.Append(nil, next.Add(1))}, func(r *kgo.Record, err error) {
					if err == nil {
						acked.Add(1)
					}
					promise(r, err)
				})
			}
			if err := group.Err(); err != nil {
				t.Fatal(err)
			}
		}
		// More are under way when the process dies.
		for range 100 {
			cl.Produce(t.Context(), &kgo.Record{Value: fmt.Append(nil, next.Add(1))}, nil)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
	}
	b = startBroker(t, BrokerConfig{DataDir: dir, Addr: addr})
	if err := cl.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, r := range read(t, b, "t") {
		seen[string(r.Value)]++
	}
	for i := int64(1); i <= next.Load(); i++ {
		if n := seen[fmt.Sprint(i)]; n != 1 {
			t.Fatalf("record %d is there %d times", i, n)
		}
	}
}
