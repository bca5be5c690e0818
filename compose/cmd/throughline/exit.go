package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// Exit statuses: scripts depend on them (architecture.md §7).
const (
	statusDone        = 0
	statusFound       = 1 // a difference, a gap, a refusal
	statusUsage       = 2 // wrong use: a flag, an argument, a configuration, an input that is not what it must be
	statusUnreachable = 3 // something needed cannot be reached
)

// exitError is an error that knows its exit status.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// found is an error of status 1: the verb did its work and what it found is not as it should be.
func found(err error) error { return exit(statusFound, err) }

// usage is an error of status 2: the caller must ask otherwise.
func usage(err error) error { return exit(statusUsage, err) }

// unreachable is an error of status 3. err says what cannot be reached, at which address, and what to do.
func unreachable(err error) error { return exit(statusUnreachable, err) }

func exit(status int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{status, err}
}

// statusOf is the exit status of what a command tree returned. An error that no verb has seen is cobra's own, about flags and arguments.
func statusOf(err error) int {
	var typed *exitError
	switch {
	case err == nil:
		return statusDone
	case errors.As(err, &typed):
		return typed.status
	}
	return statusUsage
}

// classify gives what a verb returned its status: the one place that knows what the clients of brokers, registry and ClickHouse say when those cannot
// be reached. An error that a verb has typed already is left alone.
func classify(cfg compose.Config, err error) error {
	var typed *exitError
	if err == nil || errors.As(err, &typed) {
		return err
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return unreachable(err)
	case errors.Is(err, schemas.ErrNotRegistered):
		return unreachable(fmt.Errorf("the schema registry at %s lacks a schema: %w", cfg.Registry.URL, err))
	}
	for _, sort := range []func(compose.Config, error) error{registryError, clickhouseError, kafkaError} {
		if sorted := sort(cfg, err); sorted != nil {
			return unreachable(sorted)
		}
	}
	return found(err)
}

func registryError(cfg compose.Config, err error) error {
	at := "the schema registry at " + cfg.Registry.URL
	var answer *sr.ResponseError
	switch {
	case errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden):
		return fmt.Errorf("%s refuses the credentials: check registry.user and registry.password (THROUGHLINE_REGISTRY_USER, THROUGHLINE_REGISTRY_PASSWORD): %w", at, err)
	case errors.Is(err, schemas.ErrRegistryUnavailable):
		return fmt.Errorf("%s cannot be reached: start it (`make run` starts everything), or set registry.url (--registry, THROUGHLINE_REGISTRY_URL): %w", at, err)
	}
	return nil
}

// clickhouseError knows ClickHouse's network errors by their URL: of the other two, the registry's are marked as its own, and Kafka has no URLs.
func clickhouseError(cfg compose.Config, err error) error {
	at := "ClickHouse at " + cfg.ClickHouse.Addr
	var server *clickhouse.Exception
	var address *url.Error
	if !errors.Is(err, sinks.ErrUnreachable) && (errors.As(err, &server) || errors.As(err, &address)) {
		err = sinks.Explain(err)
	}
	switch {
	case errors.Is(err, sinks.ErrCredentials):
		return fmt.Errorf("%s refuses the credentials: set clickhouse.user and clickhouse.password (THROUGHLINE_CLICKHOUSE_USER, THROUGHLINE_CLICKHOUSE_PASSWORD): %w", at, err)
	case errors.Is(err, sinks.ErrUnreachable):
		return fmt.Errorf("%s cannot be reached: start it (`make run` starts everything), or set clickhouse.addr (--clickhouse, THROUGHLINE_CLICKHOUSE_ADDR): %w", at, err)
	case errors.Is(err, sinks.ErrNoDatabase), errors.Is(err, sinks.ErrNoTable), errors.Is(err, sinks.ErrDenied):
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

func kafkaError(cfg compose.Config, err error) error {
	at := "Kafka at " + strings.Join(cfg.Kafka.Brokers, ", ")
	var firstRead *kgo.ErrFirstReadEOF
	var stranger x509.UnknownAuthorityError
	switch {
	case is(err, kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.IllegalSaslState):
		return fmt.Errorf("%s refuses the credentials: set kafka.sasl.mechanism, kafka.sasl.user and kafka.sasl.password (THROUGHLINE_KAFKA_SASL_…): %w", at, err)
	case is(err, kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed):
		return fmt.Errorf("%s does not let this user do that: ask for read and write on our topics, and for our groups and transactional ids (throughline-…): %w", at, err)
	case errors.As(err, &firstRead):
		return fmt.Errorf("%s closes the connection at once: it wants TLS or SASL, or does not; check kafka.tls and kafka.sasl: %w", at, err)
	case strings.Contains(err.Error(), "invalid large response size"): // the client has no type for it
		return fmt.Errorf("%s speaks TLS, or is no broker: set kafka.tls.enabled (THROUGHLINE_KAFKA_TLS_ENABLED) and kafka.tls.ca, or correct kafka.brokers: %w", at, err)
	case errors.As(err, &stranger):
		return fmt.Errorf("%s shows a certificate of an authority that is not trusted here: set kafka.tls.ca (THROUGHLINE_KAFKA_TLS_CA) to its PEM file: %w", at, err)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("%s lacks a topic: run `throughline migrate`: %w", at, err)
	case dialled(err):
		return fmt.Errorf("%s cannot be reached: start it (`make run` starts everything), or set kafka.brokers (--brokers, THROUGHLINE_KAFKA_BROKERS): %w", at, err)
	}
	return nil
}

// dialled says that err is one of a connection: refused, cut, an unknown host.
func dialled(err error) bool {
	var operation *net.OpError
	var name *net.DNSError
	return errors.As(err, &operation) || errors.As(err, &name) || is(err, syscall.ECONNREFUSED, syscall.ECONNRESET, errNoBroker)
}

// errNoBroker is returned when no broker answered in time.
var errNoBroker = errors.New("no broker answers")

func is(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
}
