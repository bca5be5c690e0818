package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/producers/onlineretail"
)

// loaded is what an import or a simulation has published.
type loaded struct {
	Events  int64   `json:"events"` // reference data included
	Seconds float64 `json:"seconds"`
	Visible bool    `json:"visible"` // waited until all of it was seen in ClickHouse
}

func newImportCommand(a *app) *cobra.Command {
	var wait bool
	onlineRetail := &cobra.Command{
		Use:   "onlineretail FILE",
		Short: "Publish the UCI Online Retail rows (.xlsx, .csv, or .tar.gz of daily .csv) as events",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(fmt.Errorf("%s wants one file: Online Retail.xlsx as UCI publishes it, a .csv or a .tar.gz of them", c.CommandPath()))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := os.Stat(args[0]); err != nil {
				return usage(fmt.Errorf("opening the rows: %w", err))
			}
			return a.importOnlineRetail(c.Context(), args[0], wait)
		},
	}
	a.waitFlags(onlineRetail, &wait)
	return a.group("import", "Publish the records of another system as events", onlineRetail)
}

func (a *app) importOnlineRetail(ctx context.Context, file string, wait bool) error {
	p, err := a.producer(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	a.note("reading %s", file)
	rows, _, err := onlineretail.Open(file)
	if err != nil {
		return usage(err)
	}
	data, err := onlineretail.Convert(rows)
	if err != nil {
		return usage(err)
	}
	bar := a.progress("publishing Online Retail", -1)
	err = onlineretail.Publish(ctx, p, data, bar.Set)
	bar.Done()
	if err != nil {
		return err
	}
	reference, events := data.Len()
	return a.tellLoaded(ctx, loaded{Events: reference + events}, begin, wait)
}

// tellLoaded waits, if asked to, until everything is visible, and prints what was done.
func (a *app) tellLoaded(ctx context.Context, l loaded, begin time.Time, wait bool) error {
	if wait {
		if err := a.drain(ctx); err != nil {
			return err
		}
		l.Visible = true
	}
	l.Seconds = time.Since(begin).Seconds()
	return a.print(l, func(w io.Writer) {
		what := "published; `throughline status` shows how far the roles are"
		if l.Visible {
			what = "published, admitted, posted and visible in ClickHouse"
		}
		fmt.Fprintf(w, "%d events in %.1f s: %s\n", l.Events, l.Seconds, what)
	})
}

// waitFlags are those of verbs that can wait for what they published.
func (a *app) waitFlags(c *cobra.Command, wait *bool) {
	c.Flags().BoolVar(wait, "wait", false, "wait until all of it is visible in ClickHouse")
	c.Flags().DurationVar(&a.patience, "patience", 2*time.Minute, "stop waiting when no role has come forward for so long")
}

// drain waits until nothing is on its way.
func (a *app) drain(ctx context.Context) error {
	cl, err := a.client(ctx)
	if err != nil {
		return err
	}
	codec, err := a.codec(ctx)
	if err != nil {
		return err
	}
	conn, err := a.clickhouse(ctx)
	if err != nil {
		return err
	}
	bar := a.progress("admitting, posting, loading", -1)
	defer bar.Done()
	return compose.Drain(ctx, kadm.NewClient(cl), codec, conn, a.patience, bar.Set)
}
