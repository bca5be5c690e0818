package main

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/producers/onlineretail"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

func hostOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("registry.url: %q is no address", address)
	}
	return u.Host, nil
}

// story plays the company or imports the file once per data folder, shows what came of it, and then lets live orders trickle in.
func (d *dev) story(ctx context.Context) error {
	company := simulate.New(simulate.Config{Seed: d.seed, Orders: d.orders})
	played := filepath.Join(d.dir, "played")
	if _, err := os.Stat(played); err != nil {
		begin := time.Now()
		if err := d.play(ctx, company); err != nil {
			return err
		}
		if err := d.drain(ctx); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "all of it is admitted, posted and visible in ClickHouse after %s\n", time.Since(begin).Round(100*time.Millisecond))
		// Played twice it would change nothing, because ids are deterministic: the mark saves time only.
		if err := os.WriteFile(played, []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0o644); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(os.Stderr, "found the data of an earlier run in %s; `make reset` deletes it\n", d.dir)
	}
	if err := d.show(ctx); err != nil {
		return err
	}
	if d.data != "" || d.trickle <= 0 {
		<-ctx.Done()
		return nil
	}
	return d.live(ctx, company)
}

func (d *dev) play(ctx context.Context, company *simulate.Company) error {
	if d.data != "" {
		bar := newBar(-1, "importing "+filepath.Base(d.data))
		defer bar.done()
		return onlineretail.Load(ctx, d.producer, d.data, func(done, total int64) { bar.to(done, total) })
	}
	if err := d.producer.Emit(ctx, company.Reference()...); err != nil {
		return err
	}
	bar := newBar(int64(d.orders)*12, fmt.Sprintf("playing a company of %d orders", d.orders))
	defer bar.done()
	var n int64
	failed := make(chan error, 1)
	for e := range company.Events() {
		d.producer.EmitAsync(ctx, e, func(err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
		n++
		bar.to(n, 0)
	}
	if err := d.producer.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// drain waits until nothing is on its way: no loop has anything to read, and no event waits for its effect in ClickHouse.
func (d *dev) drain(ctx context.Context) error {
	cl, err := kgo.NewClient(d.app.Cluster...)
	if err != nil {
		return err
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	bar := newBar(-1, "admitting, posting, loading")
	defer bar.done()
	var most int64
	for still := 0; still < 2; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
		lags, err := compose.Lag(ctx, adm, d.app.Codec)
		if err != nil {
			return err
		}
		var left int64
		for _, n := range lags {
			left += n
		}
		most = max(most, left)
		bar.to(most-left, most)
		pending, err := d.count(ctx, "SELECT count() FROM completeness WHERE outcome = 'pending'")
		if err != nil {
			return err
		}
		if still++; left > 0 || pending > 0 {
			still = 0
		}
	}
	return nil
}

// live starts an order every so often, and moves the open ones on.
func (d *dev) live(ctx context.Context, company *simulate.Company) error {
	if err := d.producer.Emit(ctx, company.Reference()...); err != nil {
		return err
	}
	for e := range company.Trickle(instants(ctx, d.trickle)) {
		if err := d.producer.Emit(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func instants(ctx context.Context, every time.Duration) iter.Seq[schemas.Time] {
	return func(yield func(schemas.Time) bool) {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-t.C:
				if !yield(schemas.TimeOf(now)) {
					return
				}
			}
		}
	}
}

// bar is a progress bar on a terminal and a line now and then elsewhere.
type bar struct {
	bar  *progressbar.ProgressBar
	what string
	last time.Time
}

func newBar(total int64, what string) *bar {
	b := &bar{what: what, last: time.Now()}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		b.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	}
	return b
}

func (b *bar) to(done, total int64) {
	switch {
	case b.bar != nil:
		if total > 0 && b.bar.GetMax64() != total {
			b.bar.ChangeMax64(total)
		}
		_ = b.bar.Set64(done)
	case time.Since(b.last) > 5*time.Second:
		b.last = time.Now()
		fmt.Fprintf(os.Stderr, "%s: %d\n", b.what, done)
	}
}

func (b *bar) done() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
