package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/processors"
	deltas "github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/processors/finance"
)

// operator is who acts and why: recorded with every action, for ever.
type operator struct {
	who, why string
	rate     int
}

func (o *operator) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.why, "why", "", "the reason, recorded for ever (mandatory)")
	f.StringVar(&o.who, "who", "", "who acts (default the user of this machine)")
}

func (o *operator) rateFlag(c *cobra.Command) {
	c.Flags().IntVar(&o.rate, "rate", 200, "at most so many a second")
}

func (o *operator) check() error {
	if o.why == "" {
		return usage(errors.New("--why is missing: say in one sentence why; it is recorded with your name, for ever"))
	}
	if o.rate < 0 {
		return usage(errors.New("--rate is a number above zero"))
	}
	return nil
}

// desk is where an operator acts. Call done when the verb's work is over.
func (a *app) desk(ctx context.Context, o operator) (d replay.Desk, done func(), err error) {
	if _, err := a.client(ctx); err != nil { // readers would wait for ever for a broker that is not there
		return d, nil, err
	}
	if d.Codec, err = a.codec(ctx); err != nil {
		return d, nil, err
	}
	if d.Cluster, err = a.cluster(); err != nil {
		return d, nil, err
	}
	if o.who == "" {
		if u, err := user.Current(); err == nil {
			o.who = u.Username
		}
	}
	d.Who, d.Rate = o.who, o.rate
	d.Processors = []processors.Processor{finance.Processor(), deltas.Processor()}
	stages := &stages{app: a}
	d.Progress = func(stage string, done, total int) { stages.set(stage, int64(done), int64(total)) }
	return d, stages.done, nil
}

// stages is a progress bar for work that goes through stages.
type stages struct {
	app   *app
	stage string
	bar   *progress
}

func (s *stages) set(stage string, done, total int64) {
	if s.bar == nil || s.stage != stage {
		s.done()
		if total == 0 {
			s.bar = s.app.progress(stage, -1)
		} else {
			s.bar = s.app.progress(stage, total)
		}
		s.stage = stage
	}
	s.bar.Set(done, total)
}

func (s *stages) done() {
	if s.bar != nil {
		s.bar.Done()
	}
	s.bar = nil
}

// oneArgument is an argument check that says what is wanted.
func oneArgument(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(fmt.Errorf("%s wants %s, found %d arguments", c.CommandPath(), what, len(args)))
		}
		return nil
	}
}
