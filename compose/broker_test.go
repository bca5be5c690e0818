package compose_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// cluster is a broker with all topics and an offline codec: what a loop needs and no more.
type cluster struct {
	t     testing.TB
	opts  []kgo.Opt
	cl    *kgo.Client
	adm   *kadm.Client
	codec *schemas.Codec
	log   *slog.Logger
	dir   string
}

func startCluster(t testing.TB) *cluster {
	b, err := embedded.StartBroker(t.Context(), embedded.BrokerConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return newCluster(t, b.Addrs()...)
}

func newCluster(t testing.TB, addrs ...string) *cluster {
	c := &cluster{t: t, opts: []kgo.Opt{kgo.SeedBrokers(addrs...)}, codec: schemas.NewCodec(nil, schemas.OfflineIDs()), dir: t.TempDir(),
		log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	var err error
	// On a real cluster a topic that was made a moment ago is unknown to some broker for another moment.
	if c.cl, err = kgo.NewClient(append(slices.Clone(c.opts), kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(100*time.Millisecond))...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.cl.Close)
	c.adm = kadm.NewClient(c.cl)
	for _, topic := range schemas.Topics {
		n, configs := topic.Partitions, map[string]*string{}
		if n == 0 {
			n = 4
		}
		for k, v := range topic.Configs() {
			configs[k] = &v
		}
		eventually(t, "topic "+topic.Name+" is made", func() bool {
			_, err := c.adm.CreateTopic(t.Context(), int32(n), -1, configs, topic.Name)
			if errors.Is(err, kerr.InvalidReplicationFactor) {
				return false // the controller has not heard from the broker for a moment, which a busy machine brings about
			}
			if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
				t.Fatal(topic.Name, err)
			}
			return true
		})
	}
	return c
}

func (c *cluster) produce(records ...*kgo.Record) {
	c.t.Helper()
	if err := c.cl.ProduceSync(context.WithoutCancel(c.t.Context()), records...).FirstErr(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) event(e schemas.Event) *kgo.Record {
	c.t.Helper()
	r, err := c.codec.Record(e)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// runner is a processor's loop under test, seeded.
func (c *cluster) runner(p processors.Processor, replica string) processors.Runner {
	r := processors.Runner{Processor: p, Cluster: c.opts, Codec: c.codec, Replica: replica, Log: c.log, Session: 6 * time.Second}
	c.seed(r.Group(), r.Topics()...)
	return r
}

func (c *cluster) projection(p projections.Projection, replica string) projections.Runner {
	c.seed(schemas.Group(p.Name), p.From...)
	return projections.Runner{Projection: p, Cluster: c.opts, Codec: c.codec, Dir: c.dir, Replica: replica, Log: c.log, Session: 6 * time.Second}
}

func (c *cluster) seed(group string, topics ...string) {
	c.t.Helper()
	if _, err := schemas.Seed(context.WithoutCancel(c.t.Context()), c.opts, group, topics...); err != nil {
		c.t.Fatal(err)
	}
}

// start runs a loop until the returned function is called, which gives the loop's error.
func start(t testing.TB, run func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stopped := false
	var err error
	stop = func() error {
		if cancel(); !stopped {
			stopped, err = true, <-done
		}
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

// read is everything committed on topics.
func (c *cluster) read(topics ...string) []schemas.Delivery {
	c.t.Helper()
	var all []schemas.Delivery
	for d, err := range schemas.Read(context.WithoutCancel(c.t.Context()), c.opts, c.codec, schemas.Span{Topics: topics}) {
		if err != nil {
			c.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// eventually polls until ok, and fails with what after a while that no healthy run needs.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// caughtUp says that a group has committed everything that is on its topics.
func (c *cluster) caughtUp(group string, topics ...string) bool {
	ctx := context.WithoutCancel(c.t.Context())
	committed, err := c.adm.FetchOffsets(ctx, group)
	if err != nil {
		return false
	}
	ends, err := c.adm.ListEndOffsets(ctx, topics...)
	if err != nil {
		return false
	}
	all := true
	ends.Each(func(o kadm.ListedOffset) {
		at, ok := committed.Lookup(o.Topic, o.Partition)
		// A marker at the end is never consumed.
		all = all && ok && at.At >= o.Offset-1
	})
	return all
}

// members is how many consumers a group has.
func (c *cluster) members(group string) int {
	described, err := c.adm.DescribeGroups(context.WithoutCancel(c.t.Context()), group)
	if err != nil {
		return 0
	}
	return len(described[group].Members)
}
