package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// dev is one run of the embedded system.
type dev struct {
	cfg     compose.Config
	dir     string // everything embedded keeps its data below it
	data    string // an Online Retail file; empty: simulate
	orders  int
	seed    uint64
	trickle time.Duration // between live orders; 0: none
	servers bool          // nothing but the servers: the roles run elsewhere
	out     io.Writer
	log     *slog.Logger

	app      *compose.App
	producer *producers.Producer
	conn     driver.Conn
}

func parse(args []string, data string) (*dev, error) {
	d := &dev{out: os.Stdout, data: data}
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	config := flags.String("config", "", "configuration file; throughline.yaml where it is there")
	flags.StringVar(&d.dir, "dir", ".throughline", "folder of the embedded data, found again at the next start")
	flags.StringVar(&d.data, "data", d.data, "Online Retail file to import instead of simulating (.xlsx, .csv or .tar.gz); also DATA")
	flags.IntVar(&d.orders, "orders", 1000, "orders of the simulated company")
	flags.Uint64Var(&d.seed, "seed", 1, "seed of the simulated company")
	flags.DurationVar(&d.trickle, "trickle", 2*time.Second, "a live order every so often; 0: none")
	flags.BoolVar(&d.servers, "servers", false, "start broker, registry and ClickHouse only; roles run as processes of their own (throughline run --roles …)")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if d.data != "" {
		if _, err := os.Stat(d.data); err != nil {
			return nil, fmt.Errorf("DATA: %w. Give the path of an Online Retail file, or leave DATA out to simulate", err)
		}
	}
	var err error
	if d.cfg, err = compose.Load(*config); err != nil {
		return nil, err
	}
	if d.cfg.DataDir == compose.Default().DataDir {
		d.cfg.DataDir = filepath.Join(d.dir, "state")
	}
	if os.Getenv("THROUGHLINE_LOG_LEVEL") == "" {
		d.cfg.Log.Level = "warn"
	}
	d.log = d.cfg.NewLogger(os.Stderr)
	return d, nil
}

// run starts the servers, then the roles, plays what is to be played, and serves until ctx ends.
func (d *dev) run(ctx context.Context) (err error) {
	stopServers, err := d.startServers(ctx)
	defer func() { err = errors.Join(err, stopServers()) }()
	if err != nil {
		return err
	}
	if d.servers {
		<-ctx.Done()
		return nil
	}
	if _, err := compose.Migrate(ctx, d.cfg); err != nil {
		return fmt.Errorf("preparing topics, schemas and tables: %w", err)
	}
	if d.app, err = compose.New(ctx, d.cfg, d.log); err != nil {
		return err
	}
	if d.producer, err = producers.New(d.app.Cluster, d.app.Codec); err != nil {
		return err
	}
	where, err := d.cfg.Tables()
	if err != nil {
		return err
	}
	if d.conn, err = sinks.Open(where); err != nil {
		return err
	}
	defer d.conn.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.app.Run(ctx) })
	g.Go(func() error {
		if err := d.story(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		return nil
	})
	err = g.Wait()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, d.producer.Close(closing))
}

// startServers starts broker, registry and engine where the configuration expects them. The function it returns stops what was started.
func (d *dev) startServers(ctx context.Context) (stop func() error, err error) {
	var stops []func() error
	stop = func() error {
		var all error
		for i := len(stops) - 1; i >= 0; i-- {
			all = errors.Join(all, stops[i]())
		}
		return all
	}
	registryAddr, err := hostOf(d.cfg.Registry.URL)
	if err != nil {
		return stop, err
	}
	fmt.Fprintf(os.Stderr, "starting: Kafka %s, registry %s, ClickHouse HTTP %s, our HTTP %s; data in %s\n", d.cfg.Kafka.Brokers[0], registryAddr,
		d.cfg.ClickHouse.Addr, d.cfg.HTTP.Addr, d.dir)
	broker, err := embedded.StartBroker(ctx, embedded.BrokerConfig{Addr: d.cfg.Kafka.Brokers[0], DataDir: filepath.Join(d.dir, "kafka"), Log: d.log})
	if err != nil {
		return stop, fmt.Errorf("%w (setting kafka.brokers, THROUGHLINE_KAFKA_BROKERS)", err)
	}
	stops = append(stops, func() error { broker.Close(); return nil })
	registry, err := embedded.StartRegistry(ctx, embedded.RegistryConfig{Addr: registryAddr, DataDir: filepath.Join(d.dir, "registry"),
		Compatible: schemas.Compatible, Log: d.log})
	if err != nil {
		return stop, fmt.Errorf("%w (setting registry.url, THROUGHLINE_REGISTRY_URL)", err)
	}
	stops = append(stops, func() error { registry.Close(); return nil })
	engine, err := embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{Addr: d.cfg.ClickHouse.Addr, DataDir: filepath.Join(d.dir, "clickhouse"),
		User: d.cfg.ClickHouse.User, Password: string(d.cfg.ClickHouse.Password), LogWriter: io.Discard})
	if err != nil {
		return stop, fmt.Errorf("%w (setting clickhouse.addr, THROUGHLINE_CLICKHOUSE_ADDR)", err)
	}
	stops = append(stops, func() error {
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return engine.Stop(patience)
	})
	return stop, nil
}
