package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/throughline/throughline/compose/kafka"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("kafka", flag.ExitOnError)
	nodes := flags.Int("nodes", 1, "how many nodes: 1 or 3")
	port := flags.Int("port", 0, "the first node's client port, the others follow; 0 takes free ones")
	dir := flags.String("dir", "", "where to keep the data; empty means a temporary directory that is removed at the end")
	heap := flags.Int("heap", 512, "heap of each node in MiB")
	_ = flags.Parse(args)

	cfg := kafka.Config{Nodes: *nodes, Dir: *dir, HeapMB: *heap}
	for i := 0; *port != 0 && i < *nodes; i++ {
		cfg.Ports = append(cfg.Ports, *port+i)
	}
	fmt.Fprintf(os.Stderr, "starting Apache Kafka %s, %d node(s); the first start fetches it through Maven\n", kafka.Version, *nodes)
	cluster, err := kafka.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer cluster.Close()
	fmt.Println(strings.Join(cluster.Addrs(), ","))
	fmt.Fprintf(os.Stderr, "ready; data and logs in %s; interrupt to stop\n", cluster.Dir())
	<-ctx.Done()
	return nil
}
