package replay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// EXTERNAL errors: each says what an operator can do.
var (
	// ErrRefused is returned when doing it would change what stands, or something other than what was planned or asked for. Nothing was done.
	ErrRefused = errors.New("refused")
	// ErrPlanFile is returned for a plan that was edited or is of another version: plan again.
	ErrPlanFile = errors.New("the plan is not as `replay plan` wrote it")
	// ErrSelection is returned for a selection that names something that is not there: say it otherwise.
	ErrSelection = errors.New("nothing can be selected so")
)

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, args...))
}

// Desk is where an operator acts.
type Desk struct {
	Cluster    []kgo.Opt
	Codec      *schemas.Codec
	Processors []processors.Processor
	Who        string // recorded with every action
	Rate       int    // actions a second: 200 where zero
	Progress   func(stage string, done, total int)
}

func (d Desk) progress(stage string, done, total int) {
	if d.Progress != nil {
		d.Progress(stage, done, total)
	}
}

func (d Desk) processor(name string) (processors.Processor, error) {
	var known []string
	for _, p := range d.Processors {
		if p.Name == name {
			return p, nil
		}
		known = append(known, p.Name)
	}
	return processors.Processor{}, fmt.Errorf("%w: no processor is called %q; there are %v", ErrSelection, name, known)
}

// admin is a client for looking, closed by the caller.
func (d Desk) admin() (*kadm.Client, func(), error) {
	cl, err := kgo.NewClient(d.Cluster...)
	if err != nil {
		return nil, nil, fmt.Errorf("reaching the brokers: %w", err)
	}
	return kadm.NewClient(cl), cl.Close, nil
}

// committed is how far a group has committed; a group that never ran has nothing.
func committed(ctx context.Context, adm *kadm.Client, group string) (kadm.OffsetResponses, error) {
	offsets, err := adm.FetchOffsets(kadm.RequireStable(ctx), group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("fetching the offsets of %s: %w", group, err)
	}
	return offsets, nil
}

func passed(offsets kadm.OffsetResponses, p schemas.Position) bool {
	o, ok := offsets.Lookup(p.Topic, p.Partition)
	return ok && p.Offset < o.At
}

// ends is where topics end, records of undecided transactions included.
func ends(ctx context.Context, adm *kadm.Client, topics ...string) (map[string]map[int32]int64, error) {
	listed, err := adm.ListEndOffsets(ctx, topics...)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("listing end offsets: %w", err)
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

// tail is a span from offsets to where the topics end now.
func tail(from map[string]map[int32]int64, topics ...string) schemas.Span {
	return schemas.Span{Topics: topics, From: from}
}

// NewAction is an operator's action. Its id is a function of what it does and to what, so that a repetition is the same action.
func (d Desk) NewAction(kind schemas.ActionKind, why string, about schemas.Position, id ...string) *schemas.OperatorAction {
	a := &schemas.OperatorAction{Action: kind, Who: d.Who, Why: why, Topic: about.Topic, Partition: schemas.Some(about.Partition), Offset: schemas.Some(about.Offset)}
	a.Meta = schemas.Meta{
		EventID: schemas.NamedID(append([]string{"action", string(kind)}, id...)...), EventType: a.EventType(), SchemaVersion: 1, LegalEntity: "*",
		OccurredAt: schemas.TimeOf(time.Now()), OccurredTZOffset: "Z",
		Source: schemas.Source{System: "throughline", Instance: "operator", DocType: "operator action", DocID: about.String()},
	}
	return a
}

func (d Desk) checkOperator(why string) error {
	if d.Who == "" || why == "" {
		return errors.New("an action needs to say who acts and why: --who and --why; both are recorded for ever")
	}
	return nil
}

// Send writes actions, not faster than the desk's rate, and returns the position after the last one on operations.actions.
func (d Desk) Send(ctx context.Context, actions []*schemas.OperatorAction) (int64, error) {
	cl, err := kgo.NewClient(append(append([]kgo.Opt{}, d.Cluster...), schemas.WriteOptions()...)...)
	if err != nil {
		return 0, fmt.Errorf("reaching the brokers: %w", err)
	}
	defer cl.Close()
	rate := d.Rate
	if rate <= 0 {
		rate = 200
	}
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var last int64
	for i, a := range actions {
		if i > 0 {
			select {
			case <-ctx.Done():
				return last, fmt.Errorf("sending actions: %d of %d sent; run it again, what was sent counts once: %w", i, len(actions), ctx.Err())
			case <-tick.C:
			}
		}
		rec, err := d.Codec.Record(a)
		if err != nil {
			return last, err
		}
		res := cl.ProduceSync(ctx, rec)
		if err := res.FirstErr(); err != nil {
			return last, fmt.Errorf("sending action %s to %s: %d of %d sent; run it again, what was sent counts once: %w", a.Meta.EventID, rec.Topic, i, len(actions), err)
		}
		last = res[0].Record.Offset + 1
		d.progress("sending", i+1, len(actions))
	}
	return last, nil
}

// pause waits a moment between two looks at the log.
func pause(ctx context.Context, n int) error {
	t := time.NewTimer(min(50*time.Millisecond<<min(n, 5), time.Second))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }
