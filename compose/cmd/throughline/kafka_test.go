package main

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/compose/kafka"
)

// startKafka starts Apache Kafka. Without Java the test is skipped; with Java a cluster that cannot be had is a failure.
func startKafka(t *testing.T, cfg kafka.Config) *kafka.Cluster {
	t.Helper()
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("SKIPPED, NOT PASSED: no java on PATH, so nothing is tested on Apache Kafka here; install Java 17")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 4*time.Minute)
	defer cancel()
	k, err := kafka.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

// Apache Kafka that wants TLS and a password, reached as an operator does it: by variables. What it refuses is said in one sentence, with what to set.
func TestApacheKafkaWithPassword(t *testing.T) {
	k := startKafka(t, kafka.Config{Nodes: 1, Users: map[string]string{"throughline": "geheim"}, TLS: true})
	s := startServers(t, &embedded.ClickHouseConfig{})
	c := s.with("--brokers", k.SASLAddrs()[0])
	c.run("migrate").exits(3, "kafka.tls")
	t.Setenv("THROUGHLINE_KAFKA_TLS_ENABLED", "true")
	c.run("migrate").exits(3, "certificate")
	t.Setenv("THROUGHLINE_KAFKA_TLS_CA", k.CAFile())
	t.Setenv("THROUGHLINE_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
	t.Setenv("THROUGHLINE_KAFKA_SASL_USER", "throughline")
	t.Setenv("THROUGHLINE_KAFKA_SASL_PASSWORD", "geraten")
	for _, verb := range []string{"migrate", "status", "run"} {
		r := c.run(verb).exits(3, "Kafka at "+k.SASLAddrs()[0]+" refuses the credentials", "kafka.sasl.user and kafka.sasl.password")
		if strings.Contains(r.err, "geraten") {
			t.Errorf("%s prints the password: %s", verb, r.err)
		}
	}
	t.Setenv("THROUGHLINE_KAFKA_SASL_PASSWORD", "geheim")
	c.run("migrate").exits(0)
	c.run("status").exits(0).says("throughline-finance")
}

// A close on Apache Kafka: made, proven, refused where a foreign client has written, and made in spite of it.
func TestCloseOnApacheKafka(t *testing.T) {
	closesInSpiteOfForgery(startServersOn(t, &embedded.ClickHouseConfig{}, startKafka(t, kafka.Config{Nodes: 1}).Addrs()...))
}
