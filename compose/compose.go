package compose

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/schemas"
)

// App is what every role needs.
type App struct {
	Config  Config
	Cluster []kgo.Opt
	Codec   *schemas.Codec
	Log     *slog.Logger
	Metrics *Metrics
	Observe schemas.Observer // what the loops tell: by default the metrics
}

// New connects to nothing but the registry, whose ids it looks up.
func New(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cluster, err := cfg.Cluster()
	if err != nil {
		return nil, err
	}
	codec, err := cfg.Codec(ctx, true)
	if err != nil {
		return nil, err
	}
	metrics, err := NewMetrics()
	if err != nil {
		return nil, err
	}
	return &App{Config: cfg, Cluster: cluster, Codec: codec, Log: log, Metrics: metrics, Observe: metrics.Observer()}, nil
}

// gcPercent is how much a role may allocate, in percent of what it keeps, before the collector runs.
const gcPercent = 400

// Run runs the configured roles, and serves HTTP beside them, until ctx ends or one of them returns an error.
func (a *App) Run(ctx context.Context) error {
	if os.Getenv("GOGC") == "" {
		// Loops keep little and allocate much: with Go's default the collector takes a sixth of their time, with this a twentieth of it and some memory.
		debug.SetGCPercent(gcPercent)
	}
	server, err := listen(a)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, role := range Roles {
		if len(a.Config.Roles) > 0 && !slices.Contains(a.Config.Roles, role.Name) {
			continue
		}
		g.Go(func() error {
			a.Log.Info("role starts", "role", role.Name, "replica", a.Config.Replica)
			a.Metrics.running(role.Name, 1)
			defer a.Metrics.running(role.Name, 0)
			err := role.Run(ctx, a)
			a.Log.Info("role ends", "role", role.Name, "err", err)
			return err
		})
	}
	if server != nil {
		g.Go(func() error { return server.serve(ctx) })
	}
	return g.Wait()
}

// NewLogger writes to w as the configuration says.
func (c Config) NewLogger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

func partitionsOf(ctx context.Context, cl *kgo.Client, topic string) ([]int32, error) {
	details, err := kadm.NewClient(cl).ListTopics(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", topic, err)
	}
	if d, ok := details[topic]; ok && d.Err == nil {
		return d.Partitions.Numbers(), nil
	}
	return nil, fmt.Errorf("%w: %s does not exist", schemas.ErrTopicSettings, topic)
}
