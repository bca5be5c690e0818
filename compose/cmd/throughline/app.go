package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// streams are where a command reads and writes: data on out, progress and logs on err.
type streams struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // err is a terminal
}

// app is what the verbs share. Everything in it is opened at first use, so that a verb depends only on what it needs, and closed when the verb is done.
type app struct {
	streams
	flags struct {
		config, output                string
		brokers, registry, clickhouse string
	}
	loaded  *compose.Config
	schemas *schemas.Codec
	kafka   *kgo.Client
	tables  driver.Conn

	patience time.Duration // of verbs that wait

	producers []*producers.Producer
}

// newRoot is the command tree. Every error that it returns has an exit status: ask statusOf.
func newRoot(s streams) *cobra.Command {
	a := &app{streams: s}
	root := a.group("throughline", "Orders in, books and stock out: the operator's tool", commands(a)...)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; `%s --help` lists the flags", err, c.CommandPath()))
	})
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	f := root.PersistentFlags()
	f.StringVar(&a.flags.config, "config", "", "configuration `file` (default throughline.yaml, where it is there)")
	f.StringVarP(&a.flags.output, "output", "o", "text", "text or json")
	f.StringVar(&a.flags.brokers, "brokers", "", "Kafka `host:port,…` instead of kafka.brokers")
	f.StringVar(&a.flags.registry, "registry", "", "schema registry `url` instead of registry.url")
	f.StringVar(&a.flags.clickhouse, "clickhouse", "", "ClickHouse `host:port` instead of clickhouse.addr")
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	a.adopt(root)
	return root
}

// group is a command that only has commands below it. Cobra would print its help and exit 0 for a misspelt one.
func (a *app) group(use, short string, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		hint := ";"
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			hint = ", did you mean " + strings.Join(near, " or ") + "?"
		}
		return usage(fmt.Errorf("%s has no verb %q%s `%s --help` lists them", c.CommandPath(), args[0], hint, c.CommandPath()))
	}}
	c.SuggestionsMinimumDistance = 2
	c.AddCommand(below...)
	return c
}

// adopt makes every command of the tree close what it opened and return typed errors.
func (a *app) adopt(c *cobra.Command) {
	if run := c.RunE; run != nil {
		c.RunE = func(c *cobra.Command, args []string) (err error) {
			defer a.close()
			if a.flags.output != "text" && a.flags.output != "json" {
				return usage(fmt.Errorf("--output %q is neither text nor json", a.flags.output))
			}
			err = run(c, args)
			if err != nil && c.Context().Err() != nil {
				return found(fmt.Errorf("interrupted: %w", err)) // what a cut connection says means nothing then
			}
			cfg := compose.Default()
			if a.loaded != nil {
				cfg = *a.loaded
			}
			return classify(cfg, err)
		}
	}
	for _, below := range c.Commands() {
		a.adopt(below)
	}
}

// config is the effective configuration: defaults, file, environment, flags.
func (a *app) config() (compose.Config, error) {
	if a.loaded != nil {
		return *a.loaded, nil
	}
	cfg, err := compose.Load(a.flags.config)
	if err != nil {
		return cfg, usage(err)
	}
	if a.flags.brokers != "" {
		cfg.Kafka.Brokers = strings.Split(a.flags.brokers, ",")
	}
	if a.flags.registry != "" {
		cfg.Registry.URL = a.flags.registry
	}
	if a.flags.clickhouse != "" {
		cfg.ClickHouse.Addr = a.flags.clickhouse
	}
	if err := cfg.Validate(); err != nil {
		return cfg, usage(err)
	}
	a.loaded = &cfg
	return cfg, nil
}

// cluster is how to reach the brokers, for loops and readers that make their own clients. Ask client first where nothing else would notice that no
// broker answers: kgo's consumers wait for ever.
func (a *app) cluster() ([]kgo.Opt, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	opts, err := cfg.Cluster()
	if err != nil {
		return nil, usage(err)
	}
	return opts, nil
}

// answerWithin is how long a verb waits for the first answer of a broker.
const answerWithin = 10 * time.Second

// client is a connection to brokers that have answered, for administration and for idempotent writes.
func (a *app) client(ctx context.Context) (*kgo.Client, error) {
	if a.kafka != nil {
		return a.kafka, nil
	}
	opts, err := a.cluster()
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(append(slices.Clone(opts), schemas.WriteOptions()...)...)
	if err != nil {
		return nil, usage(fmt.Errorf("kafka: %w", err))
	}
	attempt, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if err := cl.Ping(attempt); err != nil {
		cl.Close()
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w within %s: %w", errNoBroker, answerWithin, err)
		}
		return nil, err
	}
	a.kafka = cl
	return cl, nil
}

// codec knows the ids of our schemas in the registry.
func (a *app) codec(ctx context.Context) (*schemas.Codec, error) {
	if a.schemas != nil {
		return a.schemas, nil
	}
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	a.schemas, err = cfg.Codec(ctx, false)
	return a.schemas, err
}

// readers is the cluster and a codec for reading what it holds, once brokers have answered.
func (a *app) readers(ctx context.Context) ([]kgo.Opt, *schemas.Codec, error) {
	if _, err := a.client(ctx); err != nil { // readers would wait for ever for a broker that is not there
		return nil, nil, err
	}
	cfg, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	codec, err := cfg.Reader()
	if err != nil {
		return nil, nil, usage(err)
	}
	opts, err := a.cluster()
	return opts, codec, err
}

// producer publishes through brokers that have answered.
func (a *app) producer(ctx context.Context) (*producers.Producer, error) {
	if _, err := a.client(ctx); err != nil {
		return nil, err
	}
	codec, err := a.codec(ctx)
	if err != nil {
		return nil, err
	}
	opts, err := a.cluster()
	if err != nil {
		return nil, err
	}
	p, err := producers.New(opts, codec)
	if err != nil {
		return nil, usage(err)
	}
	a.producers = append(a.producers, p)
	return p, nil
}

// clickhouse is a connection to a ClickHouse that has answered and holds our database.
func (a *app) clickhouse(ctx context.Context) (driver.Conn, error) {
	if a.tables != nil {
		return a.tables, nil
	}
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	where, err := cfg.Tables()
	if err != nil {
		return nil, usage(err)
	}
	conn, err := sinks.Open(where)
	if err != nil {
		return nil, err
	}
	if err := conn.Exec(ctx, "SELECT 1"); err != nil {
		conn.Close()
		return nil, sinks.Explain(err)
	}
	a.tables = conn
	return conn, nil
}

// closeWithin bounds the flush of a producer whose verb has failed or was interrupted.
const closeWithin = 5 * time.Second

func (a *app) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	for _, p := range a.producers {
		_ = p.Close(ctx) // a verb that cares has flushed
	}
	a.producers = nil
	if a.kafka != nil {
		a.kafka.Close()
	}
	if a.tables != nil {
		a.tables.Close()
	}
	a.kafka, a.tables = nil, nil
}
