package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Cluster is a running cluster. Nodes are numbered from 1.
type Cluster struct {
	cfg       Config
	jvm       jvm
	dir       string
	ownsDir   bool
	nodes     []*node
	authority *authority
}

// logConfigFile sends the nodes' log, warnings and above plus the server's own milestones, to standard output.
const logConfigFile = "log4j2.properties"

const logConfig = `status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %-5p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.server.name=kafka.server
logger.server.level=info
`

// Start fetches Kafka if need be, starts every node and returns when all of them are alive. Ports that Config leaves open
// are chosen anew if somebody takes one meanwhile.
//
// Errors: ErrUnavailable where this machine cannot run Kafka; otherwise what a node said before it stopped. Nothing keeps
// running after an error.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	if cfg.Nodes == 0 {
		cfg.Nodes = 1
	}
	if cfg.HeapMB == 0 {
		cfg.HeapMB = 512
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	c := &Cluster{cfg: cfg, dir: cfg.Dir}
	var err error
	if c.jvm.java, c.jvm.version, err = java(ctx); err != nil {
		return nil, err
	}
	if c.jvm.jars, err = jars(ctx); err != nil {
		return nil, err
	}
	c.jvm = c.jvm.withArchive(ctx)
	if err := c.makeDir(); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		err := c.launch(ctx)
		if err == nil {
			return c, nil
		}
		taken := c.portTaken()
		c.killAll()
		if !taken || len(cfg.Ports) > 0 || attempt == 3 {
			c.Close()
			return nil, err
		}
	}
}

func (c *Cluster) makeDir() (err error) {
	if c.dir == "" {
		c.ownsDir = true
		c.dir, err = os.MkdirTemp("", "throughline-kafka-")
	} else if c.dir, err = filepath.Abs(c.dir); err == nil {
		err = os.MkdirAll(c.dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(c.dir, logConfigFile), []byte(logConfig), 0o644)
	}
	if err == nil && (c.cfg.TLS || c.cfg.MutualTLS) {
		c.authority, err = newAuthority(filepath.Join(c.dir, "tls"))
	}
	if err != nil {
		return fmt.Errorf("preparing Kafka's directory: %w", err)
	}
	return nil
}

// launch places, formats and starts the nodes and waits for them.
func (c *Cluster) launch(ctx context.Context) error {
	layouts, err := c.place()
	if err != nil {
		return err
	}
	c.nodes = nil
	for _, l := range layouts {
		c.nodes = append(c.nodes, &node{layout: l})
	}
	if err := c.format(ctx, layouts); err != nil {
		return err
	}
	for _, n := range c.nodes {
		if err := n.start(c.jvm, c.cfg.HeapMB); err != nil {
			return err
		}
	}
	return c.ready(ctx)
}

// format writes server.properties and, for a directory that is new, Kafka's own metadata.
func (c *Cluster) format(ctx context.Context, layouts []layout) error {
	certs := ""
	if c.authority != nil {
		certs = c.authority.dir
	}
	id := clusterID()
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range c.nodes {
		if err := os.MkdirAll(n.dir, 0o755); err != nil {
			return fmt.Errorf("making the directory of node %d: %w", n.id, err)
		}
		if err := os.WriteFile(n.propertiesFile(), []byte(render(c.cfg.properties(n.layout, layouts, certs))), 0o600); err != nil {
			return fmt.Errorf("writing the properties of node %d: %w", n.id, err)
		}
		if _, err := os.Stat(filepath.Join(n.dir, "data", "meta.properties")); err == nil {
			continue
		}
		group.Go(func() error { return c.formatNode(ctx, n, id) })
	}
	return group.Wait()
}

func (c *Cluster) formatNode(ctx context.Context, n *node, id string) error {
	args := []string{"-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dlog4j2.configurationFile=" + filepath.Join(c.dir, logConfigFile)}
	if strings.HasPrefix(c.jvm.archiveFlag, "-XX:Shared") {
		args = append(args, c.jvm.archiveFlag)
	}
	args = append(args, "-cp", c.jvm.classpath(), "kafka.tools.StorageTool", "format", "-t", id, "-c", n.propertiesFile())
	for user, password := range c.cfg.Users {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, user, password))
		}
	}
	if out, err := exec.CommandContext(ctx, c.jvm.java, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("formatting the storage of node %d: %w: %s", n.id, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Addrs are the nodes' plain listeners, node by node.
func (c *Cluster) Addrs() []string { return c.addrs(plainListener) }

// SASLAddrs are the listeners that want a user and password; nil without Users.
func (c *Cluster) SASLAddrs() []string { return c.addrs(saslListener) }

// MutualTLSAddrs are the listeners that want a client certificate; nil without MutualTLS.
func (c *Cluster) MutualTLSAddrs() []string { return c.addrs(mutualListener) }

func (c *Cluster) addrs(listener string) []string {
	var all []string
	for _, n := range c.nodes {
		if a := n.addr(listener); a != "" {
			all = append(all, a)
		}
	}
	return all
}

// Dir is where the nodes keep data and logs.
func (c *Cluster) Dir() string { return c.dir }

// Kill ends a node with SIGKILL and returns when it is gone.
func (c *Cluster) Kill(node int) error {
	n, err := c.node(node)
	if err != nil {
		return err
	}
	n.kill()
	return nil
}

// Stop ends one node cleanly: it hands its leaderships over first. When ctx ends before, the node is killed.
func (c *Cluster) Stop(ctx context.Context, node int) error {
	n, err := c.node(node)
	if err != nil {
		return err
	}
	return n.stop(ctx)
}

// Restart starts a node that was killed or stopped, on its old ports and data, and returns when the cluster has it back and
// all replicas are in sync.
func (c *Cluster) Restart(ctx context.Context, node int) error {
	n, err := c.node(node)
	if err != nil {
		return err
	}
	if err := n.start(c.jvm, c.cfg.HeapMB); err != nil {
		return err
	}
	return c.ready(ctx)
}

// StopClean stops all nodes and keeps the directory; Start on the same Dir finds the data. Three nodes that stop together
// lose their quorum on the way, so the last of them may have to be killed: nothing acknowledged is lost by that.
func (c *Cluster) StopClean(ctx context.Context) error {
	group := new(errgroup.Group)
	for _, n := range c.nodes {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			if err := n.stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		})
	}
	return group.Wait()
}

// Close ends all nodes and removes the directory if Start made it. It is safe to call twice.
func (c *Cluster) Close() {
	if !c.ownsDir {
		_ = c.StopClean(context.Background())
	}
	c.killAll()
	if c.ownsDir {
		_ = os.RemoveAll(c.dir)
	}
}

func (c *Cluster) killAll() {
	for _, n := range c.nodes {
		n.kill()
	}
}

// LogTail is the end of a node's log, whole lines, at most 8 KiB.
func (c *Cluster) LogTail(node int) string {
	n, err := c.node(node)
	if err != nil {
		return ""
	}
	return n.tail()
}

func (c *Cluster) node(id int) (*node, error) {
	if id < 1 || id > len(c.nodes) {
		return nil, fmt.Errorf("there is no node %d; nodes are numbered 1 to %d", id, len(c.nodes))
	}
	return c.nodes[id-1], nil
}
