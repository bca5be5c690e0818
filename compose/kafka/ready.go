package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ErrPortInUse says that a port that Config asks for belongs to another process.
var ErrPortInUse = errors.New("the port is in use")

// place gives every node a directory and ports.
func (c *Cluster) place() ([]layout, error) {
	var layouts []layout
	taken := map[int]bool{}
	for i := range c.cfg.Nodes {
		l := layout{id: i + 1, dir: filepath.Join(c.dir, fmt.Sprintf("node-%d", i+1)), listeners: c.cfg.listenerKinds()}
		for j := range l.listeners {
			if l.listeners[j].name == plainListener && len(c.cfg.Ports) > 0 {
				l.listeners[j].port = c.cfg.Ports[i]
				if !free(c.cfg.Ports[i]) {
					return nil, fmt.Errorf("%w: another process listens on 127.0.0.1:%d, which is wanted for Kafka; stop it or choose another port", ErrPortInUse, c.cfg.Ports[i])
				}
				continue
			}
			port, err := freePort(taken)
			if err != nil {
				return nil, err
			}
			l.listeners[j].port = port
		}
		layouts = append(layouts, l)
	}
	return layouts, nil
}

// freePort chooses below the range from which the kernel gives ports to outgoing connections: a client that redials a
// killed node could otherwise be given the node's own port, and the node could not come back.
func freePort(taken map[int]bool) (int, error) {
	for range 1000 {
		port := 20_000 + rand.IntN(12_000)
		if !taken[port] && free(port) {
			taken[port] = true
			return port, nil
		}
	}
	return 0, errors.New("there is no free port between 20000 and 32000 on 127.0.0.1")
}

func free(port int) bool {
	ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return !errors.Is(err, syscall.EADDRINUSE)
	}
	return ln.Close() == nil
}

func (c *Cluster) portTaken() bool {
	for _, n := range c.nodes {
		if strings.Contains(n.tail(), "Address already in use") {
			return true
		}
	}
	return false
}

// ready returns when every node that should run is registered, unfenced and has all its replicas in sync, or when one of
// them stops by itself.
func (c *Cluster) ready(ctx context.Context) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Addrs()...), kgo.MetadataMinAge(50*time.Millisecond), kgo.RequestRetries(0), kgo.DialTimeout(time.Second))
	if err != nil {
		return fmt.Errorf("making a client to look at the cluster: %w", err)
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var missing error
	for {
		for _, n := range c.nodes {
			if n.isWanted() && !n.running() {
				return fmt.Errorf("node %d stopped by itself; the end of its log:\n%s", n.id, n.tail())
			}
		}
		if missing = c.look(ctx, adm); missing == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the cluster: %w; last seen: %w", ctx.Err(), missing)
		case <-tick.C:
		}
	}
}

// look says what is missing.
func (c *Cluster) look(ctx context.Context, adm *kadm.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	seen, err := adm.Metadata(ctx)
	if err != nil {
		return err
	}
	wanted := map[int32]bool{}
	for _, n := range c.nodes {
		wanted[int32(n.id)] = n.isWanted()
	}
	for id, want := range wanted {
		if want && !slices.Contains(seen.Brokers.NodeIDs(), id) {
			return fmt.Errorf("node %d is not registered", id)
		}
	}
	if seen.Controller < 0 {
		return errors.New("there is no controller")
	}
	return inSync(seen, wanted)
}

func inSync(seen kadm.Metadata, wanted map[int32]bool) error {
	for _, t := range seen.Topics {
		for _, p := range t.Partitions {
			for _, id := range p.Replicas {
				if wanted[id] && !slices.Contains(p.ISR, id) {
					return fmt.Errorf("node %d does not have %s/%d in sync", id, t.Topic, p.Partition)
				}
			}
		}
	}
	return nil
}
