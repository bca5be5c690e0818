package kafka

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

func ping(t *testing.T, addrs []string, opts ...kgo.Opt) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return connect(t, addrs, append(opts, kgo.RetryTimeout(2*time.Second))...).Ping(ctx)
}

func TestSecuredListeners(t *testing.T) {
	c := start(t, Config{Nodes: 1, Users: map[string]string{"ada": "right", "root": "root"}, TLS: true, MutualTLS: true, ACLs: true, Superusers: []string{"root", "boss"}})
	password := func(user, pass string) kgo.Opt {
		return kgo.SASL(scram.Auth{User: user, Pass: pass}.AsSha512Mechanism())
	}
	certificateOf := func(name string) kgo.Opt {
		config, err := c.ClientTLS(name)
		if err != nil {
			t.Fatal(err)
		}
		return kgo.DialTLSConfig(config)
	}
	trust := kgo.DialTLSConfig(c.TLS())

	t.Run("SCRAM over TLS", func(t *testing.T) {
		if err := ping(t, c.SASLAddrs(), trust, password("ada", "right")); err != nil {
			t.Fatalf("the right password: %v", err)
		}
		if err := ping(t, c.SASLAddrs(), trust, password("ada", "wrong")); !errors.Is(err, kerr.SaslAuthenticationFailed) {
			t.Fatalf("the wrong password: %v", err)
		}
		if err := ping(t, c.SASLAddrs(), password("ada", "right")); err == nil {
			t.Fatal("a client without TLS was let in")
		}
		if err := ping(t, c.SASLAddrs(), kgo.DialTLS(), password("ada", "right")); err == nil {
			t.Fatal("a client that does not know the authority trusted the cluster")
		}
	})
	t.Run("certificates", func(t *testing.T) {
		if err := ping(t, c.MutualTLSAddrs(), certificateOf("wms")); err != nil {
			t.Fatalf("with a certificate: %v", err)
		}
		if err := ping(t, c.MutualTLSAddrs(), trust); err == nil {
			t.Fatal("a client without a certificate was let in")
		}
	})
	t.Run("ACLs", func(t *testing.T) {
		makeTopic(t, c, "intake.orders", nil)
		makeTopic(t, c, "orders", nil)
		acl := kadm.NewACLs().Allow("User:wms").Topics("intake.orders").Operations(kadm.OpWrite, kadm.OpDescribe).ResourcePatternType(kadm.ACLPatternLiteral)
		if _, err := kadm.NewClient(connect(t, c.SASLAddrs(), trust, password("root", "root"))).CreateACLs(t.Context(), acl); err != nil {
			t.Fatal(err)
		}
		produce := func(topic string, opts ...kgo.Opt) error {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			return connect(t, c.MutualTLSAddrs(), append(opts, kgo.UnknownTopicRetries(1))...).ProduceSync(ctx, &kgo.Record{Topic: topic}).FirstErr()
		}
		if err := produce("intake.orders", certificateOf("wms")); err != nil {
			t.Fatalf("what the ACL allows: %v", err)
		}
		if err := produce("orders", certificateOf("wms")); !errors.Is(err, kerr.TopicAuthorizationFailed) {
			t.Fatalf("what no ACL allows: %v", err)
		}
		if err := produce("orders", certificateOf("boss")); err != nil {
			t.Fatalf("a superuser: %v", err)
		}
	})
}

func TestScramWithoutTLS(t *testing.T) {
	c := start(t, Config{Nodes: 1, Users: map[string]string{"ada": "pass word"}})
	if err := ping(t, c.SASLAddrs(), kgo.SASL(scram.Auth{User: "ada", Pass: "pass word"}.AsSha256Mechanism())); err != nil {
		t.Fatal(err)
	}
	if err := ping(t, c.SASLAddrs(), kgo.SASL(scram.Auth{User: "eve", Pass: "pass word"}.AsSha256Mechanism())); !errors.Is(err, kerr.SaslAuthenticationFailed) {
		t.Fatalf("an unknown user: %v", err)
	}
	if c.TLS() != nil || c.CAFile() != "" || c.MutualTLSAddrs() != nil {
		t.Fatal("there is no TLS in this cluster")
	}
}
