package export

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// FromKafka reads the topic finance.journal from its beginning, partition after partition, what is committed only. A record whose entry has been read already is
// left out, as every consumer should.
func FromKafka(ctx context.Context, cluster []kgo.Opt, codec *schemas.Codec, want Selection) Entries {
	return func(yield func(*schemas.JournalEntry, error) bool) {
		partitions, err := partitionsOf(ctx, cluster)
		if err != nil {
			yield(nil, err)
			return
		}
		seen := map[schemas.UUID]bool{}
		for p := range partitions {
			span := schemas.Span{Topics: []string{schemas.TopicJournal}, Only: map[schemas.Position]bool{{Topic: schemas.TopicJournal, Partition: p}: true}}
			if want.Until != nil {
				span.Open, span.Until = true, map[string]map[int32]int64{schemas.TopicJournal: {p: want.Until[p]}}
			}
			for d, err := range schemas.Read(ctx, cluster, codec, span) {
				if want.Without[d.Position] {
					continue
				}
				if err != nil {
					yield(nil, fmt.Errorf("reading %s: %w", d.Position, err))
					return
				}
				e, ok := d.Event.(*schemas.JournalEntry)
				if !ok {
					yield(nil, fmt.Errorf("reading %s: a record of type %s stands in the journal: `throughline audit` says more", d.Position, d.Event.EventType()))
					return
				}
				if !want.has(e) || seen[e.Meta.EventID] {
					continue
				}
				seen[e.Meta.EventID] = true
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

func partitionsOf(ctx context.Context, cluster []kgo.Opt) (int32, error) {
	cl, err := kgo.NewClient(cluster...)
	if err != nil {
		return 0, fmt.Errorf("listing the journal's partitions: %w", err)
	}
	defer cl.Close()
	topics, err := kadm.NewClient(cl).ListTopics(ctx, schemas.TopicJournal)
	if err != nil {
		return 0, fmt.Errorf("listing the journal's partitions: %w", err)
	}
	t := topics[schemas.TopicJournal]
	if t.Err != nil {
		return 0, fmt.Errorf("listing the journal's partitions: %w: has `throughline migrate` run?", t.Err)
	}
	return int32(len(t.Partitions)), nil
}
