package compose

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// Cluster is how to reach the brokers: the one value that all loops share.
func (c Config) Cluster() ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(c.Kafka.Brokers...), kgo.ClientID("throughline"), kgo.DialTimeout(5 * time.Second)}
	t, err := c.Kafka.TLS.client("kafka.tls")
	if err != nil {
		return nil, err
	}
	if t != nil {
		opts = append(opts, kgo.DialTLSConfig(t))
	}
	var m sasl.Mechanism
	user, password := c.Kafka.SASL.User, string(c.Kafka.SASL.Password)
	switch c.Kafka.SASL.Mechanism {
	case "PLAIN":
		m = plain.Auth{User: user, Pass: password}.AsMechanism()
	case "SCRAM-SHA-256":
		m = scram.Auth{User: user, Pass: password}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		m = scram.Auth{User: user, Pass: password}.AsSha512Mechanism()
	}
	if m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

// client is the TLS configuration of a client, nil where TLS is off.
func (t TLSConfig) client(key string) (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("%s.ca: %w", key, err)
		}
		if cfg.RootCAs = x509.NewCertPool(); !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s.ca: %s holds no PEM certificate", key, t.CA)
		}
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("%s.cert: %w", key, err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// SchemaRegistry is the registry's client.
func (c Config) SchemaRegistry() (*schemas.Registry, error) {
	t, err := c.Registry.TLS.client("registry.tls")
	if err != nil {
		return nil, err
	}
	opts := []sr.ClientOpt{sr.URLs(c.Registry.URL), sr.HTTPClient(&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: t, MaxIdleConnsPerHost: 8}})}
	if c.Registry.User != "" {
		opts = append(opts, sr.BasicAuth(c.Registry.User, string(c.Registry.Password)))
	}
	cl, err := sr.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("registry.url: %w", err)
	}
	return schemas.NewRegistry(cl), nil
}

// Reader is a codec that only reads: it asks the registry for the schemas of what it meets, where Codec asks for all of ours first.
func (c Config) Reader() (*schemas.Codec, error) {
	registry, err := c.SchemaRegistry()
	if err != nil {
		return nil, err
	}
	return schemas.NewCodec(registry, nil), nil
}

// Codec looks the ids of our schemas up, waiting for the registry where wait is true.
func (c Config) Codec(ctx context.Context, wait bool) (*schemas.Codec, error) {
	registry, err := c.SchemaRegistry()
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		ids, err := registry.Lookup(ctx)
		if err == nil {
			return schemas.NewCodec(registry, ids), nil
		}
		if !wait || schemas.FateOf(err) != schemas.Transient || ctx.Err() != nil || attempt > 20 {
			return nil, fmt.Errorf("asking the schema registry at %s: %w", c.Registry.URL, err)
		}
		schemas.Backoff(ctx, attempt)
	}
}

// Tables is how the sinks reach ClickHouse.
func (c Config) Tables() (sinks.Config, error) {
	t, err := c.ClickHouse.TLS.client("clickhouse.tls")
	return sinks.Config{Addr: c.ClickHouse.Addr, Database: c.ClickHouse.Database, User: c.ClickHouse.User, Password: string(c.ClickHouse.Password), TLS: t}, err
}
