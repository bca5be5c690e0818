package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// part is one group of measurements.
type part struct {
	name string
	says string
	run  func(ctx context.Context, b *bench) error
}

// parts are all of them, in the order of the table.
var parts = []part{
	{"codec", "the generated codec against hamba/avro", measureCodec},
	{"sink", "rows per CPU-second against batch.Append and ClickHouse's own Kafka engine", measureSink},
	{"processors", "finance through transactions, their tax, and Kafka Streams beside it", measureProcessors},
	{"lives", "end to end: complete order lives a second, and what each role costs", measureLives},
	{"latency", "from publish to visible in ClickHouse at a steady rate", measureLatency},
	{"ledger", "the trial balance of 20 million lines, and the way down to an entry", measureLedger},
	{"explain", "why an entry is what it is, all over a loaded log", measureExplain},
	{"growth", "what an event costs while the log grows", measureGrowth},
}

// bench is one run of the command.
type bench struct {
	quick   bool
	rounds  int    // runs of which the median counts
	profile string // folder for CPU profiles of the roles; empty: none
	dir     string // everything temporary
	root    string // the repository
	log     io.Writer
	rows    []row
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == "role" {
		err = runRole(ctx, os.Args[2:])
	} else {
		err = run(ctx, os.Args[1:], os.Stdout)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	b := &bench{log: os.Stderr}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", "", "parts to run, separated by commas: "+strings.Join(names(), ", "))
	rev := flags.String("against", "", "run the quick parts of this `commit` and of this one in turn, and print the ratios")
	flags.BoolVar(&b.quick, "quick", false, "a short run: one round, small inputs")
	flags.IntVar(&b.rounds, "rounds", 0, "runs of which the median counts (default 5, and 1 with -quick)")
	flags.StringVar(&b.profile, "profile", "", "write CPU profiles of all roles into this `folder`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case b.rounds > 0:
	case b.quick:
		b.rounds = 1
	default:
		b.rounds = 5
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if b.root, err = repository(ctx); err != nil {
		return err
	}
	if *rev != "" {
		return b.against(ctx, *rev, *only, out)
	}
	if b.dir, err = os.MkdirTemp("", "throughline-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	begin := time.Now()
	var failed []error
	for _, p := range chosen {
		fmt.Fprintf(b.log, "== %s: %s\n", p.name, p.says)
		if err := p.run(ctx, b); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.name, err))
			fmt.Fprintf(b.log, "== %s could not be measured: %v\n", p.name, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := b.print(out, time.Since(begin)); err != nil {
		return err
	}
	return errors.Join(failed...)
}

func names() []string {
	all := make([]string, len(parts))
	for i, p := range parts {
		all[i] = p.name
	}
	return all
}

func choose(only string) ([]part, error) {
	if only == "" {
		return parts, nil
	}
	var chosen []part
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("--only %s: the parts are %s", name, strings.Join(names(), ", "))
		}
		chosen = append(chosen, parts[i])
	}
	return chosen, nil
}
