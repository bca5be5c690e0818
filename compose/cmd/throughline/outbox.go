package main

import (
	"context"
	"errors"
	"sync"

	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
)

// outbox publishes in the background and keeps the first failure.
type outbox struct {
	producer *producers.Producer
	mu       sync.Mutex
	durable  int64
	failed   error
}

func (o *outbox) emit(ctx context.Context, e schemas.Event) {
	o.producer.EmitAsync(ctx, e, func(err error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if err == nil {
			o.durable++
		} else if o.failed == nil {
			o.failed = err
		}
	})
}

// flush waits for everything and says how much is durable.
func (o *outbox) flush(ctx context.Context) (int64, error) {
	err := o.producer.Flush(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.durable, errors.Join(o.failed, err)
}

// broken says that an event has failed: go no further.
func (o *outbox) broken() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed != nil
}
