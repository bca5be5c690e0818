package embedded

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

// ErrPortInUse says that another process listens where a server of ours should. The message names the address and what to
// do; callers print it as it is.
var ErrPortInUse = errors.New("the address is in use")

// ErrDataInUse says that another process has the data directory open. Two brokers that write one directory would destroy
// it, so the second one does not start.
var ErrDataInUse = errors.New("the data directory is in use")

// maxBatchBytes is what the broker takes per batch: records of 8 MiB are normal and dead letters reach 10 MiB
// (architecture.md §5), and a topic may lower it with max.message.bytes.
const maxBatchBytes = 10<<20 + 64<<10

// BrokerConfig says where the in-process broker listens and what it keeps. The zero value is one broker on a free loopback
// port that keeps everything in memory.
type BrokerConfig struct {
	// Addr is host:port. With several brokers they take the ports from this one upwards; port 0 takes free ones.
	Addr string
	// DataDir holds topics, records, offsets, producers and transactions. Empty means memory.
	DataDir string
	// Brokers is how many brokers answer; 0 means 1. They share one store, so replicas are a fiction.
	Brokers int
	// MaxBatchBytes is the broker's message.max.bytes; 0 means 10 MiB and a little.
	MaxBatchBytes int
	// TLS, when set, is spoken by every broker.
	TLS *tls.Config
	// Users maps user to password. When set, clients must authenticate with SCRAM-SHA-256 or SCRAM-SHA-512.
	Users map[string]string
	// Log receives the broker's warnings; nil discards them.
	Log *slog.Logger
}

// Broker is a running in-process broker.
type Broker struct {
	cluster *kfake.Cluster
	addrs   []string
	lock    *os.File
	dir     string
	log     *brokerLog
	staged  *stager
	once    sync.Once
}

// StartBroker listens, restores what DataDir holds and serves until Close. ctx bounds only the start. After a stop that was
// not clean it first repairs the directory, so that what was acknowledged is there and what was not committed stays
// invisible; that reads the whole log once.
//
// Errors: ErrPortInUse, ErrDataInUse, or what reading the directory met.
func StartBroker(ctx context.Context, cfg BrokerConfig) (*Broker, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	b := &Broker{dir: cfg.DataDir, log: &brokerLog{to: cfg.Log}}
	if err := b.openDir(); err != nil {
		return nil, err
	}
	listeners, err := listenAll(cfg)
	if err != nil {
		b.unlock()
		return nil, err
	}
	for _, ln := range listeners {
		b.addrs = append(b.addrs, ln.Addr().String())
	}
	b.cluster, err = kfake.NewCluster(clusterOptions(cfg, listeners, b.log)...)
	if err != nil {
		closeAll(listeners)
		b.unlock()
		return nil, fmt.Errorf("starting the in-process broker on %s: %w", cfg.Addr, err)
	}
	stampAppendTime(b.cluster)
	divideFetches(b.cluster)
	if cfg.DataDir != "" {
		if b.staged, err = stageOffsets(b.cluster, cfg.DataDir); err != nil {
			b.Close()
			return nil, fmt.Errorf("opening the file of staged offsets: %w", err)
		}
	}
	return b, nil
}

// Addrs returns host:port of every broker, usable as seeds.
func (b *Broker) Addrs() []string { return append([]string(nil), b.addrs...) }

// Close stops serving and writes what a fast start needs. It is safe to call twice. A broker that is killed instead loses
// nothing that was acknowledged; its next start takes longer.
func (b *Broker) Close() {
	b.once.Do(func() {
		b.cluster.Close()
		if b.dir == "" {
			return
		}
		if b.staged != nil {
			b.staged.close()
		}
		if !b.log.storageFailed() {
			// Only now does the next start trust the directory as it stands.
			_ = os.WriteFile(filepath.Join(b.dir, cleanMark), nil, 0o644)
		}
		b.unlock()
	})
}

func (c BrokerConfig) withDefaults() BrokerConfig {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	c.Brokers = max(c.Brokers, 1)
	if c.MaxBatchBytes == 0 {
		c.MaxBatchBytes = maxBatchBytes
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// openDir takes the directory for this process and makes it fit to be loaded.
func (b *Broker) openDir() error {
	if b.dir == "" {
		return nil
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return fmt.Errorf("creating the broker's data directory: %w", err)
	}
	lock, err := lockDir(b.dir)
	if err != nil {
		return err
	}
	b.lock = lock
	if err := prepareDir(b.dir); err != nil {
		b.unlock()
		return fmt.Errorf("repairing the broker's data in %s: %w; to start over with an empty broker remove the directory", b.dir, err)
	}
	return nil
}

func (b *Broker) unlock() {
	if b.lock != nil {
		_ = b.lock.Close() // closing releases the lock
	}
}

// lockDir takes an advisory lock that the kernel drops with the process, however it dies.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the data directory's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s belongs to another running process; stop it or choose another directory", ErrDataInUse, dir)
		}
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return f, nil
}

// listenAll opens every port before the broker exists, so that a port in use is found while nothing needs to be undone.
func listenAll(cfg BrokerConfig) ([]net.Listener, error) {
	host, portText, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("reading the broker address %q: %w; give host:port", cfg.Addr, err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("reading the broker address %q: the port is not a number", cfg.Addr)
	}
	var all []net.Listener
	for i := range cfg.Brokers {
		p := port
		if p != 0 {
			p += i
		}
		ln, err := listen(net.JoinHostPort(host, strconv.Itoa(p)), "Kafka")
		if err != nil {
			closeAll(all)
			return nil, err
		}
		if cfg.TLS != nil {
			ln = tls.NewListener(ln, cfg.TLS)
		}
		all = append(all, appendTimeListener{ln})
	}
	return all, nil
}

// listen opens one TCP address and says in one sentence when somebody else has it. what names the server for the reader.
func listen(addr, what string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w: another process listens on %s, which is wanted for %s; stop it or configure another address", ErrPortInUse, addr, what)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s for %s: %w", addr, what, err)
	}
	return ln, nil
}

func closeAll(listeners []net.Listener) {
	for _, ln := range listeners {
		_ = ln.Close()
	}
}

func clusterOptions(cfg BrokerConfig, listeners []net.Listener, log kfake.Logger) []kfake.Opt {
	next := 0
	opts := []kfake.Opt{
		kfake.NumBrokers(cfg.Brokers),
		kfake.ClusterID("throughline-embedded"),
		kfake.WithLogger(log),
		kfake.ListenFn(func(string, string) (net.Listener, error) {
			ln := listeners[next]
			next++
			return ln, nil
		}),
		kfake.BrokerConfigs(brokerSettings(cfg)),
	}
	if cfg.DataDir != "" {
		opts = append(opts, kfake.DataDir(cfg.DataDir))
	}
	if len(cfg.Users) > 0 {
		opts = append(opts, kfake.EnableSASL())
		for user, password := range cfg.Users {
			opts = append(opts, kfake.Superuser("SCRAM-SHA-256", user, password), kfake.Superuser("SCRAM-SHA-512", user, password))
		}
	}
	return opts
}

func brokerSettings(cfg BrokerConfig) map[string]string {
	const never = "2147483647"
	return map[string]string{
		"message.max.bytes":              strconv.Itoa(cfg.MaxBatchBytes),
		"default.replication.factor":     strconv.Itoa(cfg.Brokers),
		"offsets.retention.minutes":      never,
		"transactional.id.expiration.ms": never,
		// The store's compaction moves the log's start past committed offsets, which a consumer must take for lost data, and
		// it deletes segments before it has written their successors. Ten years: compacted topics keep their whole history here.
		"log.cleaner.backoff.ms": "315360000000",
	}
}

// brokerLog passes warnings on and remembers whether the store could not write, because then the directory must be
// repaired at the next start.
type brokerLog struct {
	to     *slog.Logger
	mu     sync.Mutex
	failed bool
}

// Logf is called by the broker; see kfake.Logger.
func (l *brokerLog) Logf(level kfake.LogLevel, format string, args ...any) {
	if level > kfake.LogLevelWarn || level == kfake.LogLevelNone {
		return
	}
	for _, a := range args {
		var pathErr *fs.PathError
		if err, ok := a.(error); ok && errors.As(err, &pathErr) {
			l.mu.Lock()
			l.failed = true
			l.mu.Unlock()
		}
	}
	l.to.Warn(fmt.Sprintf(format, args...), "from", "in-process broker")
}

func (l *brokerLog) storageFailed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}
