package onlineretail

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
)

// Load publishes a whole file: reference data first, and durable before the first event that needs it. All rows are read and classed
// before anything is sent. progress may be nil; it is called now and then from the calling goroutine with the number of events, reference
// data included, that are durable. When Load fails half-way, run it again: what is there already is a duplicate and changes nothing.
func Load(ctx context.Context, p *producers.Producer, file string, progress func(done, total int64)) error {
	rows, _, err := Open(file)
	if err != nil {
		return err
	}
	d, err := Convert(rows)
	if err != nil {
		return err
	}
	return Publish(ctx, p, d, progress)
}

// Publish is Load for rows that have been converted.
func Publish(ctx context.Context, p *producers.Producer, d *Dataset, progress func(done, total int64)) error {
	reference, events := d.Len()
	l := &load{producer: p, progress: progress, total: reference + events}
	if err := l.send(ctx, d.Reference()); err != nil {
		return fmt.Errorf("publishing the reference data of Online Retail: %w", err)
	}
	if err := l.send(ctx, d.Events()); err != nil {
		return fmt.Errorf("publishing Online Retail, %d of %d events are there; load it again, copies are dropped: %w", l.done.Load(), l.total, err)
	}
	return nil
}

type load struct {
	producer *producers.Producer
	progress func(done, total int64)
	total    int64
	done     atomic.Int64
	failed   atomic.Pointer[error]
}

// progressEvery is the number of events between two reports.
const progressEvery = 512

// send publishes events and returns when all are durable, or soon after the first failure.
func (l *load) send(ctx context.Context, events iter.Seq[schemas.Event]) error {
	acked := func(err error) {
		if err != nil {
			l.failed.CompareAndSwap(nil, &err)
			return
		}
		l.done.Add(1)
	}
	n := 0
	for e := range events {
		if n++; n%progressEvery == 0 {
			l.report()
		}
		if l.failed.Load() != nil {
			break
		}
		l.producer.EmitAsync(ctx, e, acked)
	}
	err := l.producer.Flush(ctx)
	l.report()
	if first := l.failed.Load(); first != nil {
		return *first
	}
	return err
}

func (l *load) report() {
	if l.progress != nil {
		l.progress(l.done.Load(), l.total)
	}
}
