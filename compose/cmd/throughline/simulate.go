package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/producers/simulate"
)

func newSimulateCommand(a *app) *cobra.Command {
	var cfg simulate.Config
	var wait bool
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Publish the story of a seeded company: orders over several channels, warehouses and currencies, to the payout",
		Long:  "The same flags give the same events, byte for byte: playing a company twice changes nothing.",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if cfg.Orders < 1 || cfg.LinesMin < 0 || cfg.LinesMax < 0 || cfg.SKUs < 0 || cfg.Days < 0 {
				return usage(fmt.Errorf("--orders is at least 1 and no number is negative"))
			}
			return a.simulate(c.Context(), simulate.New(cfg), wait)
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
	f.BoolVar(&wait, "wait", false, "wait until all of it is visible in ClickHouse")
	return c
}

func (a *app) simulate(ctx context.Context, company *simulate.Company, wait bool) error {
	p, err := a.producer(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := p.Emit(ctx, company.Reference()...); err != nil {
		return fmt.Errorf("publishing the company's reference data: %w", err)
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
		return fmt.Errorf("%d events of the company were published; play it again, copies are dropped: %w", durable, err)
	}
	return a.tellLoaded(ctx, loaded{Events: n}, begin, wait)
}
