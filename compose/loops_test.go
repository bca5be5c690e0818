package compose_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/producers/onlineretail"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/projections/admission"
	"github.com/throughline/throughline/projections/atp"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/schemas"
)

func TestLoopsOnBroker(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b, err := embedded.StartBroker(ctx, embedded.BrokerConfig{Addr: "127.0.0.1:0", DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	cluster := []kgo.Opt{kgo.SeedBrokers(b.Addrs()...)}
	cl, err := kgo.NewClient(cluster...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	for _, topic := range schemas.Topics {
		n := topic.Partitions
		if n == 0 {
			n = 4
		}
		configs := map[string]*string{}
		for k, v := range topic.Configs() {
			configs[k] = &v
		}
		if _, err := adm.CreateTopic(ctx, int32(n), 1, configs, topic.Name); err != nil {
			t.Fatal(topic.Name, err)
		}
	}
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	rules := &schemas.ReferenceRuleSet{Meta: schemas.Meta{LegalEntity: "*", EventID: schemas.NamedID("rules")}, Name: finance.RuleSets[0].Name, Version: "1"}
	rec, err := codec.Record(rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(ctx, rec).FirstErr(); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	observe := schemas.Observer{}
	var g errgroup.Group
	dir := t.TempDir()
	for _, p := range []projections.Projection{intake.Projection(), admission.Projection(), atp.Projection()} {
		if _, err := schemas.Seed(ctx, cluster, schemas.Group(p.Name), p.From...); err != nil {
			t.Fatal(err)
		}
		r := projections.Runner{Projection: p, Cluster: cluster, Codec: codec, Dir: dir, Replica: "0", Log: log, Observe: observe}
		g.Go(func() error { return r.Run(ctx) })
	}
	r := processors.Runner{Processor: finance.Processor(), Cluster: cluster, Codec: codec, Replica: "0", Log: log, Observe: observe}
	if _, err := schemas.Seed(ctx, cluster, r.Group(), r.Topics()...); err != nil {
		t.Fatal(err)
	}
	g.Go(func() error { return r.Run(ctx) })
	prod, err := producers.New(cluster, codec)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := onlineretail.Load(ctx, prod, sharedData(t, "uci_online_retail", "by-day.tar.gz"), func(done, total int64) {}); err != nil {
		t.Fatal(err)
	}
	t.Log("published in", time.Since(start))
	canon := func() int64 {
		ends, err := adm.ListCommittedOffsets(ctx, schemas.CanonicalTopics()...)
		if err != nil {
			t.Fatal(err)
		}
		var n int64
		ends.Each(func(o kadm.ListedOffset) { n += o.Offset })
		return n
	}
	last, still := int64(-1), 0
	for still < 5 {
		n := canon()
		j, _ := adm.ListCommittedOffsets(ctx, schemas.TopicJournal)
		var jn int64
		j.Each(func(o kadm.ListedOffset) { jn += o.Offset })
		if n+jn == last {
			still++
		} else {
			still = 0
		}
		last = n + jn
		fmt.Fprintln(os.Stderr, time.Since(start).Round(time.Millisecond), "canonical", n, "journal", jn)
		time.Sleep(time.Second)
	}
	cancel()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}
