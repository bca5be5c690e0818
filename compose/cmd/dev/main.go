package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/throughline/throughline/compose/embedded"
)

func main() {
	embedded.RunEngineIfChild()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	d, err := parse(os.Args[1:], os.Getenv("DATA"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(2)
	}
	if err := d.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(statusOf(err))
	}
}

// statusOf is the exit status as architecture.md §7 counts it: 3 where something that is needed cannot be had, here a port.
func statusOf(err error) int {
	if errors.Is(err, embedded.ErrPortInUse) || errors.Is(err, syscall.EADDRINUSE) {
		return 3
	}
	return 1
}
