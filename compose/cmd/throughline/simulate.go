package main

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

func newSimulateCommand(a *app) *cobra.Command {
	var cfg simulate.Config
	var wait, verify, list bool
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Publish the story of a seeded company: orders over several channels, warehouses and currencies, to the payout",
		Long:  "The same flags give the same events, byte for byte: playing a company twice changes nothing.",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if cfg.Orders < 1 || cfg.LinesMin < 0 || cfg.LinesMax < 0 || cfg.SKUs < 0 || cfg.Days < 0 {
				return usage(fmt.Errorf("--orders is at least 1 and no number is negative"))
			}
			company := simulate.New(cfg)
			if list {
				return a.listCompany(company)
			}
			begin := time.Now()
			n, err := a.simulate(c.Context(), company)
			if err != nil {
				return err
			}
			if !verify {
				return a.tellLoaded(c.Context(), loaded{Events: n}, begin, wait)
			}
			if err := a.drain(c.Context()); err != nil {
				return err
			}
			a.note("%d events published and visible after %.1f s", n, time.Since(begin).Seconds())
			return a.verifyCompany(c.Context(), company)
		},
	}
	f := c.Flags()
	f.Uint64Var(&cfg.Seed, "seed", 1, "which company")
	f.IntVar(&cfg.Orders, "orders", 200, "number of orders")
	f.IntVar(&cfg.LinesMin, "lines-min", 1, "least goods lines of an order")
	f.IntVar(&cfg.LinesMax, "lines-max", 4, "most goods lines of an order")
	f.IntVar(&cfg.SKUs, "skus", 24, "number of SKUs, at least 8")
	f.IntVar(&cfg.Days, "days", 75, "days over which orders come")
	f.BoolVar(&cfg.LivesOnly, "lives", false, "nothing but complete ten-line orders, for load tests")
	a.waitFlags(c, &wait)
	f.BoolVar(&verify, "verify", false, "wait, then compare books and stock with a second, independent calculation; wants a system that has seen no other company")
	f.BoolVar(&list, "print", false, "print the events as publish takes them instead of publishing; needs no server")
	c.MarkFlagsMutuallyExclusive("print", "wait")
	c.MarkFlagsMutuallyExclusive("print", "verify")
	return c
}

// simulate publishes the company's story and returns how many events that were, reference data included.
func (a *app) simulate(ctx context.Context, company *simulate.Company) (int64, error) {
	p, err := a.producer(ctx)
	if err != nil {
		return 0, err
	}
	if err := p.Emit(ctx, company.Reference()...); err != nil {
		return 0, fmt.Errorf("publishing the company's reference data: %w", err)
	}
	bar := a.progress("playing the company", -1)
	out := outbox{producer: p}
	n := int64(len(company.Reference()))
	for e := range company.Events() {
		if out.broken() {
			break
		}
		out.emit(ctx, e)
		n++
		bar.Set(n, 0)
	}
	durable, err := out.flush(ctx)
	bar.Done()
	if err != nil {
		return 0, fmt.Errorf("%d events of the company were published; play it again, copies are dropped: %w", durable, err)
	}
	return n, nil
}

// listCompany prints reference data and events, one a line, in the order in which they happened.
func (a *app) listCompany(company *simulate.Company) error {
	w := bufio.NewWriter(a.out)
	one := func(e schemas.Event) error {
		text, err := schemas.EventJSON(e)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s\n", text)
		}
		return err
	}
	for _, e := range company.Reference() {
		if err := one(e); err != nil {
			return err
		}
	}
	for e := range company.Events() {
		if err := one(e); err != nil {
			return err
		}
	}
	return w.Flush()
}
