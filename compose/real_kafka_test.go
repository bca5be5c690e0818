package compose_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/kafka"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// What the embedded broker is trusted with holds on Apache Kafka: the same tests, one node each, because each wants empty topics.

func TestS6OnApacheKafka(t *testing.T) {
	rebalances(newCluster(t, startKafka(t, kafka.Config{Nodes: 1}).Addrs()...))
}

func TestLostStateOnApacheKafka(t *testing.T) {
	lostState(newCluster(t, startKafka(t, kafka.Config{Nodes: 1}).Addrs()...))
}

// The whole system in one process against a cluster that lets nobody in without a password over TLS, or without a certificate: producers, every loop, the
// restores and the admin questions all go through the same settings. Between the two the roles are stopped and start again with the other identity.
func TestSystemThroughTLSOnApacheKafka(t *testing.T) {
	k := startKafka(t, kafka.Config{Nodes: 1, Users: map[string]string{"throughline": "right"}, TLS: true, MutualTLS: true})
	scram := compose.KafkaConfig{Brokers: k.SASLAddrs(), TLS: compose.TLSConfig{Enabled: true, CA: k.CAFile()},
		SASL: compose.SASLConfig{Mechanism: "SCRAM-SHA-512", User: "throughline", Password: "right"}}
	cert, key, err := k.ClientCertFiles("throughline")
	if err != nil {
		t.Fatal(err)
	}
	mutual := compose.KafkaConfig{Brokers: k.MutualTLSAddrs(), TLS: compose.TLSConfig{Enabled: true, CA: k.CAFile(), Cert: cert, Key: key}}

	s := startSystemWith(t, 1, scram)
	company := simulate.New(simulate.Config{Seed: 31, Orders: 40})
	events := slices.Collect(company.Events())
	half := len(events) / 2
	stop := s.run()
	s.deliver(company, events[:half])
	eventually(t, "some events pass through SASL", func() bool { return s.number("SELECT count() FROM events") > 0 })
	if err := stop(); err != nil {
		t.Error(err)
	}
	s.reach(mutual)
	stop = s.run()
	s.deliver(company, events[half:])
	s.drain(len(events), never, nothing)
	s.settled(len(events), len(events))
	s.mustEqual(company.Expected())
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A cluster that refuses us is named at once, by the error that the command line turns into what to set, and no role tries for ever.
func TestRefusedByApacheKafka(t *testing.T) {
	k := startKafka(t, kafka.Config{Nodes: 1, Users: map[string]string{"throughline": "right"}, TLS: true, MutualTLS: true})
	trusted := compose.TLSConfig{Enabled: true, CA: k.CAFile()}
	right := compose.SASLConfig{Mechanism: "SCRAM-SHA-256", User: "throughline", Password: "right"}
	for name, with := range map[string]struct {
		tls   compose.TLSConfig
		sasl  compose.SASLConfig
		addrs []string
		want  func(error) bool
	}{
		"right password": {trusted, right, k.SASLAddrs(), func(err error) bool { return err == nil }},
		"wrong password": {trusted, compose.SASLConfig{Mechanism: "SCRAM-SHA-256", User: "throughline", Password: "wrong"}, k.SASLAddrs(),
			func(err error) bool {
				return errors.Is(err, kerr.SaslAuthenticationFailed) && schemas.FateOf(err) == schemas.Fatal && !strings.Contains(err.Error(), "wrong")
			}},
		"unknown authority": {compose.TLSConfig{Enabled: true}, right, k.SASLAddrs(), func(err error) bool { return err != nil && strings.Contains(err.Error(), "certificate") }},
		"no certificate":    {trusted, compose.SASLConfig{}, k.MutualTLSAddrs(), func(err error) bool { return err != nil && strings.Contains(err.Error(), "certificate") }},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := compose.Default()
			cfg.Kafka.Brokers, cfg.Kafka.TLS, cfg.Kafka.SASL = with.addrs, with.tls, with.sasl
			opts, err := cfg.Cluster()
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
			defer cancel()
			_, err = schemas.Seed(ctx, opts, "nobody", "nothing")
			if errors.Is(err, schemas.ErrTopicSettings) {
				err = nil // let in: the topic is not there, and Kafka says so
			}
			if !with.want(err) {
				t.Errorf("got %v (after the deadline: %v)", err, ctx.Err())
			}
		})
	}
}

// All brokers gone for longer than the watchdog's time: the loops wait, nobody has to start them again, and nothing is doubled or lost.
func TestAllBrokersGoneOnApacheKafka(t *testing.T) {
	k := startKafka(t, kafka.Config{Nodes: 1})
	c := newCluster(t, k.Addrs()...)
	records := canonical(t, simulate.New(simulate.Config{Seed: 13, Orders: 200}))
	r := c.runner(finance.Processor(), "0")
	r.Watchdog = 9 * time.Second
	stop := start(t, r.Run)
	for i := range 6 {
		c.produce(records[i*len(records)/6 : (i+1)*len(records)/6]...)
		if i != 2 {
			continue
		}
		if err := k.Kill(1); err != nil {
			t.Fatal(err)
		}
		<-time.After(25 * time.Second) // the outage
		if err := k.Restart(context.WithoutCancel(t.Context()), 1); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "finance catches up", func() bool { return c.caughtUp(r.Group(), schemas.CanonicalTopics()...) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	got := map[schemas.UUID]int{}
	for _, d := range c.read(schemas.TopicJournal) {
		got[d.Event.Header().EventID]++
	}
	want := c.entries(records)
	for id := range want {
		if got[id] != 1 {
			t.Errorf("entry %s stands %d times", id, got[id])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
}
