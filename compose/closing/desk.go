package closing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// EXTERNAL errors: each says what an operator can do.
var (
	// ErrRefused is returned for a close that something blocks: Close gives the Blockers beside it.
	ErrRefused = errors.New("refused")
	// ErrManifest is returned for a file or record that is no manifest, or was edited.
	ErrManifest = errors.New("this is no manifest as `throughline close` writes it")
	// ErrUnknown is returned for an entity, period or close that nobody has told of.
	ErrUnknown = errors.New("unknown")
	// ErrStandstill is returned where a role does not pass the closing instant.
	ErrStandstill = errors.New("nothing moves: is `throughline run` running, with every role?")
)

// Desk is where a controller closes.
type Desk struct {
	replay.Desk
	Derivations []audit.Derivation
	Conn        driver.Conn                                   // nil: ClickHouse is left out
	Publish     func(context.Context, ...schemas.Event) error // the ordinary producer: returns when all is acknowledged
	Now         func() time.Time
	Patience    time.Duration // how long after the closing instant roles may take; 2 minutes where zero
}

// Finding is one thing that is wrong with what was closed.
type Finding struct {
	Check    string `json:"check"`
	Kind     string `json:"kind"`
	Position string `json:"position,omitempty"`
	ID       string `json:"id,omitempty"`
	Detail   string `json:"detail"`
	Do       string `json:"do,omitempty"`
}

func (d Desk) admin() (*kadm.Client, func(), error) {
	cl, err := kgo.NewClient(d.Cluster...)
	if err != nil {
		return nil, nil, fmt.Errorf("reaching the brokers: %w", err)
	}
	return kadm.NewClient(cl), cl.Close, nil
}

func (d Desk) starts(ctx context.Context, topics ...string) (map[string]map[int32]int64, error) {
	adm, done, err := d.admin()
	if err != nil {
		return nil, err
	}
	defer done()
	return offsets(adm.ListStartOffsets(ctx, topics...))
}

// ends is where topics end, records of undecided transactions included.
func (d Desk) ends(ctx context.Context, topics ...string) (map[string]map[int32]int64, error) {
	adm, done, err := d.admin()
	if err != nil {
		return nil, err
	}
	defer done()
	return offsets(adm.ListEndOffsets(ctx, topics...))
}

func offsets(listed kadm.ListedOffsets, err error) (map[string]map[int32]int64, error) {
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("listing offsets: %w", err)
	}
	all := map[string]map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) {
		if all[o.Topic] == nil {
			all[o.Topic] = map[int32]int64{}
		}
		all[o.Topic][o.Partition] = o.Offset
	})
	return all, nil
}

// passed says whether a group has committed every record of topics before some offsets. Markers of transactions take offsets and are never committed, so
// what lies between is read.
func (d Desk) passed(ctx context.Context, group string, until map[string]map[int32]int64, topics ...string) (bool, error) {
	adm, done, err := d.admin()
	if err != nil {
		return false, err
	}
	defer done()
	committed, err := adm.FetchOffsets(kadm.RequireStable(ctx), group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("fetching the offsets of %s: %w", group, err)
	}
	span := schemas.Span{Topics: topics, From: map[string]map[int32]int64{}, Until: until, Open: true}
	for _, t := range topics {
		span.From[t] = map[int32]int64{}
		for p := range until[t] {
			o, ok := committed.Lookup(t, p)
			if !ok {
				return false, nil
			}
			span.From[t][p] = o.At
		}
	}
	for _, err := range schemas.ReadRecords(ctx, d.Cluster, span) {
		return false, err // nil where there is a record
	}
	return true, nil
}

// wait asks again and again until it is so.
func (d Desk) wait(ctx context.Context, until time.Time, what string, is func() (bool, error)) error {
	patience := d.Patience
	if patience == 0 {
		patience = 2 * time.Minute
	}
	for {
		ok, err := is()
		if ok || err != nil {
			return err
		}
		if d.Now().After(until.Add(patience)) {
			return fmt.Errorf("waiting until %s: %w", what, ErrStandstill)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// reference is reference data and the close schedule as of now.
func (d Desk) reference(ctx context.Context) (*projections.Reference, error) {
	r, err := projections.OpenReference(d.Cluster, d.Codec)
	if err != nil {
		return nil, err
	}
	if err := r.CatchUp(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// FirstDay is that of a period, "2011-03". What is no period is ErrUnknown.
func FirstDay(period string) (schemas.Date, error) {
	start, err := time.Parse("2006-01", period)
	if err != nil {
		return 0, fmt.Errorf("%w: period %q: want year-month, for example 2011-03", ErrUnknown, period)
	}
	return schemas.DateOf(start), nil
}

// known refuses what no reference data speaks of, and a period that is none.
func known(r *projections.Reference, entity, period string, now schemas.Time) (first schemas.Date, err error) {
	if first, err = FirstDay(period); err != nil {
		return 0, err
	}
	if _, _, ok := r.Entity(entity, schemas.DateOf(now.Time()), now); !ok {
		return 0, fmt.Errorf("%w: no legal entity is called %q: publish its reference.entity first, or spell it as there", ErrUnknown, entity)
	}
	return first, nil
}
