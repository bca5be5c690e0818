package schemas

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Seeding is the only thing that says where a group begins. It is done once per group and partition, by `throughline migrate`, and recorded on
// operations.seeds, so that a group that forgot its offsets (seven days by default) is told from one that never had any.

func seedKey(group, topic string, partition int32) string {
	return group + "|" + topic + "|" + strconv.Itoa(int(partition))
}

// Seed commits the start of each partition of topics for group where it has neither an offset nor a seed, and returns how many it seeded.
func Seed(ctx context.Context, cluster []kgo.Opt, group string, topics ...string) (int, error) {
	cl, err := kgo.NewClient(append(append([]kgo.Opt{}, cluster...), WriteOptions()...)...)
	if err != nil {
		return 0, fmt.Errorf("seeding %s: %w", group, err)
	}
	defer cl.Close()
	missing, seeded, err := unseeded(ctx, cluster, cl, group, topics)
	if err != nil {
		return 0, err
	}
	adm := kadm.NewClient(cl)
	starts, err := adm.ListStartOffsets(ctx, topics...)
	if err != nil {
		return 0, fmt.Errorf("seeding %s: listing start offsets: %w", group, err)
	}
	offsets := kadm.Offsets{}
	var records []*kgo.Record
	for _, m := range missing {
		if seeded[seedKey(group, m.Topic, m.Partition)] {
			return 0, fmt.Errorf("%w: %s on %s/%d was seeded before; find where it stood (table progress), then set the offset by hand", ErrOffsetsLost, group, m.Topic, m.Partition)
		}
		at, ok := starts.Lookup(m.Topic, m.Partition)
		if !ok || at.Err != nil {
			return 0, fmt.Errorf("seeding %s: no start offset of %s/%d: %w", group, m.Topic, m.Partition, at.Err)
		}
		offsets.AddOffset(m.Topic, m.Partition, at.Offset, -1)
		records = append(records, &kgo.Record{Topic: TopicSeeds, Key: []byte(seedKey(group, m.Topic, m.Partition)), Value: []byte(strconv.FormatInt(at.Offset, 10))})
	}
	if len(records) == 0 {
		return 0, nil
	}
	if err := adm.CommitAllOffsets(ctx, group, offsets); err != nil {
		return 0, fmt.Errorf("seeding %s: committing first offsets (is the group running?): %w", group, err)
	}
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return 0, fmt.Errorf("seeding %s: recording the seeds: %w", group, err)
	}
	return len(records), nil
}

// CheckSeeded refuses to start a group that has no committed offset on a partition it is about to read.
func CheckSeeded(ctx context.Context, cluster []kgo.Opt, group string, topics ...string) error {
	cl, err := kgo.NewClient(cluster...)
	if err != nil {
		return fmt.Errorf("checking the offsets of %s: %w", group, err)
	}
	defer cl.Close()
	missing, seeded, err := unseeded(ctx, cluster, cl, group, topics)
	if err != nil || len(missing) == 0 {
		return err
	}
	m := missing[0]
	if seeded[seedKey(group, m.Topic, m.Partition)] {
		return fmt.Errorf("%w: %s on %s/%d was seeded before. Nothing is read until somebody sets the offset where it stood (table progress)", ErrOffsetsLost, group, m.Topic, m.Partition)
	}
	return fmt.Errorf("%w: %s on %s/%d", ErrNotSeeded, group, m.Topic, m.Partition)
}

// unseeded lists the partitions of topics on which group has committed nothing, and the keys of all recorded seeds.
func unseeded(ctx context.Context, cluster []kgo.Opt, cl *kgo.Client, group string, topics []string) ([]Position, map[string]bool, error) {
	adm := kadm.NewClient(cl)
	details, err := adm.ListTopics(ctx, topics...)
	if err != nil {
		return nil, nil, fmt.Errorf("listing topics for %s: %w", group, err)
	}
	committed, err := committedOffsets(ctx, adm, group)
	if err != nil {
		return nil, nil, err
	}
	var missing []Position
	for _, t := range topics {
		d, ok := details[t]
		if !ok || d.Err != nil {
			return nil, nil, fmt.Errorf("%w: %s does not exist", ErrTopicSettings, t)
		}
		for p := range d.Partitions {
			if o, ok := committed.Lookup(t, p); !ok || o.At < 0 {
				missing = append(missing, Position{Topic: t, Partition: p})
			}
		}
	}
	if len(missing) == 0 {
		return nil, nil, nil
	}
	seeded := map[string]bool{}
	for r, err := range ReadRecords(ctx, cluster, Span{Topics: []string{TopicSeeds}}) {
		if err != nil {
			return nil, nil, fmt.Errorf("reading the seeds: %w", err)
		}
		seeded[string(r.Key)] = true
	}
	return missing, seeded, nil
}

// committedOffsets are what group has committed; empty for a group that nobody has made. A cluster that has never had a group makes the coordinators'
// topic at the first question and answers none until that stands, for longer than the client repeats a request: the first migration would fail.
func committedOffsets(ctx context.Context, adm *kadm.Client, group string) (kadm.OffsetResponses, error) {
	bounded, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for attempt := 0; ; attempt++ {
		committed, err := adm.FetchOffsets(bounded, group)
		switch {
		case err == nil, errors.Is(err, kerr.GroupIDNotFound):
			return committed, nil
		case !kerr.IsRetriable(err) || bounded.Err() != nil:
			return nil, fmt.Errorf("fetching the offsets of %s: %w", group, err)
		}
		Backoff(bounded, attempt)
	}
}

// CheckTopics refuses topics that are missing, or whose settings would break a guarantee: append time, compaction, record size.
func CheckTopics(ctx context.Context, cl *kgo.Client, names ...string) error {
	configs, err := kadm.NewClient(cl).DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return fmt.Errorf("describing topics: %w", err)
	}
	var all []error
	for _, c := range configs {
		want, ok := LookupTopic(c.Name)
		if !ok {
			continue
		}
		if c.Err != nil {
			all = append(all, fmt.Errorf("%w: %s: %w", ErrTopicSettings, c.Name, c.Err))
			continue
		}
		all = append(all, want.check(c)...)
	}
	return errors.Join(all...)
}

func tooSmall(value string, least int) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n < least
}

func (t Topic) check(c kadm.ResourceConfig) []error {
	var all []error
	for _, entry := range c.Configs {
		value := entry.MaybeValue()
		switch {
		case entry.Key == "message.timestamp.type" && t.AppendTime && value != "LogAppendTime":
			all = append(all, fmt.Errorf("%w: %s has message.timestamp.type=%s, want LogAppendTime: without append time no period and no hold can be judged", ErrTopicSettings, t.Name, value))
		case entry.Key == "cleanup.policy" && value != t.Configs()[entry.Key]:
			all = append(all, fmt.Errorf("%w: %s has cleanup.policy=%s, want %s", ErrTopicSettings, t.Name, value, t.Configs()[entry.Key]))
		case entry.Key == "max.message.bytes" && tooSmall(value, t.MaxBytes):
			all = append(all, fmt.Errorf("%w: %s has max.message.bytes=%s, want %d at least: a record that it refuses would stop its writer", ErrTopicSettings, t.Name, value, t.MaxBytes))
		}
	}
	return all
}
