package producers

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// EXTERNAL errors: each names what the caller can do.
var (
	// ErrNotPublished is returned for an event that breaks its contract, before anything is sent: correct the event.
	ErrNotPublished = errors.New("not published")
	// ErrUnknownOutcome is returned when the cluster did not answer: the event may be there or not. Emit it again, its id makes that safe.
	ErrUnknownOutcome = errors.New("the cluster has not confirmed it: emit it again, its id makes that safe")
)

// Producer publishes facts to the intake topics and reference data to its compacted topics: idempotent, acknowledged by all in-sync
// replicas. It is safe for concurrent use; events of one document keep the order in which one goroutine emits them.
type Producer struct {
	client *kgo.Client
	codec  *schemas.Codec
	trace  func(context.Context) string
}

// Option changes what New builds.
type Option func(*Producer)

// Traceparent lets a team's tracing library name the W3C trace context of a call; "" falls back to one that follows from the event.
func Traceparent(of func(context.Context) string) Option {
	return func(p *Producer) { p.trace = of }
}

// New makes a Producer for the cluster that the options reach (brokers, TLS, SASL). Nothing is dialled before the first event.
func New(cluster []kgo.Opt, codec *schemas.Codec, opts ...Option) (*Producer, error) {
	if codec == nil {
		return nil, errors.New("making a producer: no codec; make one with schemas.NewCodec and the ids of the registry")
	}
	options := append([]kgo.Opt{kgo.ClientID("throughline-producer")}, cluster...)
	options = append(options, schemas.WriteOptions()...) // after the caller's: durability is no setting
	// A batch of many small records must fit where the largest record fits, even if it does not compress.
	options = append(options, kgo.ProducerBatchMaxBytes(8<<20))
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("making a producer: %w", err)
	}
	if off, _ := client.OptValue(kgo.DisableIdempotentWrite).(bool); off {
		client.Close()
		return nil, errors.New("making a producer: the options disable idempotent writes, so that a retry could write twice: remove kgo.DisableIdempotentWrite")
	}
	p := &Producer{client: client, codec: codec, trace: func(context.Context) string { return "" }}
	for _, o := range opts {
		o(p)
	}
	return p, nil
}

// Emit publishes events and returns when all are durable. It fills in what follows from the source document (event id, type, schema
// version, traceparent) in the events themselves. An event that breaks its contract is ErrNotPublished, and then none of them is sent.
func (p *Producer) Emit(ctx context.Context, events ...schemas.Event) error {
	records := make([]*kgo.Record, 0, len(events))
	for _, e := range events {
		r, err := p.record(ctx, e)
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	var errs []error
	for i, result := range p.client.ProduceSync(ctx, records...) {
		if result.Err != nil {
			errs = append(errs, outcome(events[i], result.Record, result.Err))
		}
	}
	return errors.Join(errs...)
}

// EmitAsync publishes e in the background. done is called once, by another goroutine or, where e breaks its contract, at once; it must not
// block. The buffer is bounded: when it is full, EmitAsync waits, or gives up with ctx. e may be reused when EmitAsync returns.
func (p *Producer) EmitAsync(ctx context.Context, e schemas.Event, done func(error)) {
	r, err := p.record(ctx, e)
	if err != nil {
		done(err)
		return
	}
	name := describe(e)
	p.client.Produce(ctx, r, func(r *kgo.Record, err error) {
		if err != nil {
			err = outcomeOf(name, r, err)
		}
		done(err)
	})
}

// Flush waits until everything that EmitAsync took is durable or has failed.
func (p *Producer) Flush(ctx context.Context) error {
	if err := p.client.Flush(ctx); err != nil {
		return fmt.Errorf("flushing %d events: %w: %w", p.client.BufferedProduceRecords(), ErrUnknownOutcome, err)
	}
	return nil
}

// Close flushes, for as long as ctx lasts, and lets go of the cluster.
func (p *Producer) Close(ctx context.Context) error {
	err := p.Flush(ctx)
	p.client.Close()
	return err
}

func outcome(e schemas.Event, r *kgo.Record, err error) error { return outcomeOf(describe(e), r, err) }

// outcomeOf says what to do about an event that the cluster did not confirm.
func outcomeOf(event string, r *kgo.Record, err error) error {
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("publishing %s to %s: the topic does not exist: run `throughline migrate`, then emit it again: %w", event, r.Topic, err)
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed), errors.Is(err, kerr.SaslAuthenticationFailed):
		return fmt.Errorf("publishing %s to %s: the cluster refuses these credentials: ask for write access to the topic (`throughline acls`): %w", event, r.Topic, err)
	case errors.Is(err, kerr.MessageTooLarge):
		return fmt.Errorf("publishing %s to %s: %w: the cluster takes no record of %d bytes: split the document, or correct max.message.bytes with `throughline migrate`: %w",
			event, r.Topic, ErrNotPublished, len(r.Value), err)
	}
	return fmt.Errorf("publishing %s to %s: %w: %w", event, r.Topic, ErrUnknownOutcome, err)
}

// describe names an event for a person: its type and its source document.
func describe(e schemas.Event) string {
	s := e.Header().Source
	return e.EventType() + " of " + s.System + " " + s.DocType + " " + s.DocID
}
