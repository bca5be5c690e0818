package compose

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	deltas "github.com/throughline/throughline/processors/atp"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/projections/admission"
	"github.com/throughline/throughline/projections/atp"
	"github.com/throughline/throughline/projections/chain"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/projections/operations"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// Role is one loop that a process can run.
type Role struct {
	Name string
	Says string                                  // in one line, for `throughline run --help`
	Run  func(ctx context.Context, a *App) error // blocks
}

// Roles is every role: one line each.
var Roles = []Role{
	{"intake", "is it valid, is it new? intake.* to admission.threads", runProjection(intake.Projection)},
	{"admission", "is it whole, is it its turn? admission.threads to the canonical log", runProjection(admission.Projection)},
	{"ticker", "writes the tick that holds and reference waits are judged by", runTicker},
	{"finance", "derives journal entries", runProcessor(finance.Processor)},
	{"atp-deltas", "derives stock deltas", runProcessor(deltas.Processor)},
	{"atp", "folds deltas to positions", runProjection(atp.Projection)},
	{"chain", "links the journal's records into a hash chain", runProjection(chain.Projection)},
	{"operations", "turns operator actions into redrives", runProjection(operations.Projection)},
	{"sinks", "loads every topic into ClickHouse", runSinks},
	{"audit", "derives the whole log again and compares, every ten minutes", runAudit},
}

// RoleNames lists the roles.
func RoleNames() []string {
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = r.Name
	}
	return names
}

func runProcessor(p func() processors.Processor) func(context.Context, *App) error {
	return func(ctx context.Context, a *App) error {
		return processors.Runner{Processor: p(), Cluster: a.Cluster, Codec: a.Codec, Replica: a.Config.Replica, Interval: a.Config.Kafka.Interval,
			Session: a.Config.Kafka.Session, Log: a.Log, Observe: a.Observe}.Run(ctx)
	}
}

func runProjection(p func() projections.Projection) func(context.Context, *App) error {
	return func(ctx context.Context, a *App) error {
		return projections.Runner{Projection: p(), Cluster: a.Cluster, Codec: a.Codec, Dir: filepath.Clean(a.Config.DataDir), Replica: a.Config.Replica,
			Interval: a.Config.Kafka.Interval, Session: a.Config.Kafka.Session, Log: a.Log, Observe: a.Observe}.Run(ctx)
	}
}

func runSinks(ctx context.Context, a *App) error {
	where, err := a.Config.Tables()
	if err != nil {
		return err
	}
	conn, err := sinks.Open(where)
	if err != nil {
		return err
	}
	defer conn.Close()
	return sinks.Sink{Tables: tables(a.Codec), Cluster: a.Cluster, Codec: a.Codec, Conn: conn, Replica: a.Config.Replica, MaxRows: a.Config.Sink.Rows,
		MaxWait: a.Config.Sink.Wait, Log: a.Log, Observe: a.Observe, Metrics: a.Metrics.Sinks}.Run(ctx)
}

// tables are the sinks' tables, told by the processors' own pure functions what must follow from an event.
func tables(codec *schemas.Codec) []sinks.Table {
	return sinks.Tables(codec, func(e schemas.Event) (entry, delta bool) { return finance.Expects(e), deltas.Expects(e) })
}

// groups are all consumer groups and the topics that each reads, for seeding, status and ACLs.
func groups(codec *schemas.Codec) map[string][]string {
	all := sinks.Sink{Tables: tables(codec)}.Groups()
	for _, p := range []projections.Projection{intake.Projection(), admission.Projection(), atp.Projection(), chain.Projection(), operations.Projection()} {
		all[schemas.Group(p.Name)] = p.From
	}
	for _, p := range []processors.Processor{finance.Processor(), deltas.Processor()} {
		r := processors.Runner{Processor: p}
		all[r.Group()] = r.Topics()
	}
	return all
}

// tickEvery is how often a tick is written to each partition of admission.threads.
const tickEvery = time.Second

// runTicker is the only writer of ticks. Two of them at once do no harm: a tick says nothing but its append time.
func runTicker(ctx context.Context, a *App) error {
	cl, err := kgo.NewClient(append(append(slices.Clone(a.Cluster), schemas.WriteOptions()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		return fmt.Errorf("ticker: %w", err)
	}
	defer cl.Close()
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			if err := tick(ctx, a.Codec, cl, now); err != nil && ctx.Err() == nil {
				if schemas.FateOf(err) == schemas.Fatal {
					return fmt.Errorf("ticker: %w", err)
				}
				a.Log.Warn("no tick was written; holds and reference waits stand still meanwhile", "err", err)
			}
		}
	}
}

func tick(ctx context.Context, codec *schemas.Codec, cl *kgo.Client, now time.Time) error {
	partitions, err := partitionsOf(ctx, cl, schemas.TopicThreads)
	if err != nil {
		return err
	}
	at := schemas.TimeOf(now)
	var records []*kgo.Record
	for _, p := range partitions {
		e := &schemas.Tick{}
		e.Meta = schemas.Meta{EventID: schemas.NamedID("tick", at.String(), fmt.Sprint(p)), LegalEntity: "*", OccurredAt: at, OccurredTZOffset: "Z",
			Source: schemas.Source{System: "throughline", Instance: "ticker", DocType: "tick", DocID: at.String()}}
		r, err := codec.RecordTo(e, schemas.TopicThreads, nil)
		if err != nil {
			return err
		}
		r.Partition = p
		records = append(records, r)
	}
	attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return cl.ProduceSync(attempt, records...).FirstErr()
}
