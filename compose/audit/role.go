package audit

import (
	"context"
	"time"

	"github.com/throughline/throughline/schemas"
)

// Role audits again and again.
type Role struct {
	Audit    Audit
	Interval time.Duration               // before the first audit, and from the end of one to the start of the next: 10 minutes where zero
	OnReport func(Report, time.Duration) // told of each audit and how long it took: metrics, logs
	OnError  func(error)                 // an audit that could not be done: an outage; the next one is tried at its time
}

// Run blocks until ctx ends (nil), or until something that no waiting helps.
func (r Role) Run(ctx context.Context) error {
	interval := r.Interval
	if interval == 0 {
		interval = 10 * time.Minute
	}
	t := time.NewTimer(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		start := time.Now()
		report, err := r.Audit.Run(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && r.OnReport != nil:
			r.OnReport(report, time.Since(start))
		case schemas.FateOf(err) == schemas.Fatal:
			return err
		case err != nil && r.OnError != nil:
			r.OnError(err)
		}
		t.Reset(interval)
	}
}
