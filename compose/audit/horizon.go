package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// horizon is how far everybody had come when the audit began.
type horizon struct {
	committed map[string]kadm.OffsetResponses // by consumer group
	starts    kadm.ListedOffsets
	ends      map[string]map[int32]int64
}

// groups are the consumers whose work is checked.
func (r *run) groups() []string {
	groups := []string{schemas.Group("intake"), schemas.Group("admission"), schemas.Group("atp")}
	for _, d := range r.derived {
		groups = append(groups, schemas.Group(d.Role))
	}
	for _, t := range r.tables {
		groups = append(groups, t.group())
	}
	return groups
}

// look notes the committed offsets of every consumer.
func (r *run) look(ctx context.Context) (horizon, error) {
	h := horizon{committed: map[string]kadm.OffsetResponses{}}
	cl, err := kgo.NewClient(r.Cluster...)
	if err != nil {
		return h, fmt.Errorf("reaching the brokers: %w", err)
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	for _, g := range r.groups() {
		offsets, err := adm.FetchOffsets(kadm.RequireStable(ctx), g)
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return h, fmt.Errorf("fetching the offsets of %s: %w", g, err)
		}
		h.committed[g] = offsets
	}
	return h, nil
}

// settle notes where each topic ends, outputs before their causes. The ends are those of all records, committed or not: reading waits until the
// transactions before them are decided, because a consumer's offsets may be seen committed a moment before its records are.
func (h *horizon) settle(ctx context.Context, cluster []kgo.Opt) error {
	cl, err := kgo.NewClient(cluster...)
	if err != nil {
		return fmt.Errorf("reaching the brokers: %w", err)
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	outputs := []string{schemas.TopicLetters, schemas.TopicPositions, schemas.TopicDeltas, schemas.TopicJournal, schemas.TopicExceptions, schemas.TopicOutcomes, schemas.TopicThreads}
	h.ends = map[string]map[int32]int64{}
	for _, topics := range [][]string{outputs, schemas.CanonicalTopics(), schemas.IntakeTopics()} {
		listed, err := adm.ListEndOffsets(ctx, topics...)
		if err == nil {
			err = listed.Error()
		}
		if err != nil {
			return fmt.Errorf("listing end offsets: %w", err)
		}
		listed.Each(func(o kadm.ListedOffset) {
			if h.ends[o.Topic] == nil {
				h.ends[o.Topic] = map[int32]int64{}
			}
			h.ends[o.Topic][o.Partition] = o.Offset
		})
	}
	h.starts, err = adm.ListStartOffsets(ctx, slices.Concat(schemas.IntakeTopics(), schemas.CanonicalTopics())...)
	if err == nil {
		err = h.starts.Error()
	}
	if err != nil {
		return fmt.Errorf("listing start offsets: %w", err)
	}
	return nil
}

// passed says that a consumer had committed the record at p when the audit began: what follows from it must be there.
func (h *horizon) passed(group string, p schemas.Position) bool {
	o, ok := h.committed[group].Lookup(p.Topic, p.Partition)
	return ok && p.Offset < o.At
}

// kept says that the log still holds the record at p, if there ever was one.
func (h *horizon) kept(p schemas.Position) bool {
	o, ok := h.starts.Lookup(p.Topic, p.Partition)
	return !ok || p.Offset >= o.Offset
}
