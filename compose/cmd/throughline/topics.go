package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// topicState is a topic of the catalog and how it stands.
type topicState struct {
	Topic       string            `json:"topic"`
	Partitions  int               `json:"partitions"`
	Replication int               `json:"replication"`
	Offsets     int64             `json:"offsets"`   // between the first and the end, transaction markers included
	Retention   string            `json:"retention"` // as the catalog wants it
	Time        string            `json:"time"`      // append: the broker's clock, which is the only one that counts; create: the producer's
	Settings    map[string]string `json:"settings"`  // those that the catalog sets, as they are
	Differs     []string          `json:"differs"`   // from the catalog
}

func newTopicsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "topics",
		Short: "List the topics of the catalog, how they are set, and what differs",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := a.client(c.Context())
			if err != nil {
				return err
			}
			states, err := topicStates(c.Context(), cl)
			if err != nil {
				return err
			}
			err = a.print(states, func(w io.Writer) { writeTopics(w, states) })
			return errors.Join(err, differing(states))
		},
	}
}

func writeTopics(w io.Writer, states []topicState) {
	rows := make([][]string, len(states))
	for i, s := range states {
		state := "ok"
		if len(s.Differs) > 0 {
			state = strings.Join(s.Differs, "; ")
		}
		rows[i] = []string{s.Topic, strconv.Itoa(s.Partitions), strconv.Itoa(s.Replication), strconv.FormatInt(s.Offsets, 10), s.Retention, s.Time, state}
	}
	table(w, []string{"topic", "partitions", "replication", "offsets", "retention", "time", "state"}, rows)
}

func differing(states []topicState) error {
	n := 0
	for _, s := range states {
		if len(s.Differs) > 0 {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return found(fmt.Errorf("%d topics are not as the catalog wants them: `throughline migrate` makes those that are missing; correct the settings of the others with your cluster's tools", n))
}

func topicStates(ctx context.Context, cl *kgo.Client) ([]topicState, error) {
	adm := kadm.NewClient(cl)
	var names []string
	for _, t := range schemas.Topics {
		names = append(names, t.Name)
	}
	details, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("listing topics: %w", err)
	}
	details.FilterInternal()
	there := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return details[name].Err != nil || len(details[name].Partitions) == 0 })
	states := make([]topicState, 0, len(names))
	if len(there) == 0 { // asked about no topic, a broker answers about all
		for _, t := range schemas.Topics {
			states = append(states, stateOf(t, kadm.TopicDetail{}, nil))
		}
		return states, nil
	}
	configs, err := adm.DescribeTopicConfigs(ctx, there...)
	if err != nil {
		return nil, fmt.Errorf("describing topics: %w", err)
	}
	starts, err := adm.ListStartOffsets(ctx, there...)
	if err != nil {
		return nil, fmt.Errorf("listing first offsets: %w", err)
	}
	ends, err := adm.ListCommittedOffsets(ctx, there...)
	if err != nil {
		return nil, fmt.Errorf("listing end offsets: %w", err)
	}
	for _, t := range schemas.Topics {
		set := map[string]string{}
		if c, err := configs.On(t.Name, nil); err == nil {
			for _, entry := range c.Configs {
				set[entry.Key] = entry.MaybeValue()
			}
		}
		s := stateOf(t, details[t.Name], set)
		for p := range details[t.Name].Partitions {
			first, _ := starts.Lookup(t.Name, p)
			end, _ := ends.Lookup(t.Name, p)
			s.Offsets += end.Offset - first.Offset
		}
		states = append(states, s)
	}
	return states, nil
}

// stateOf holds what is there against the catalog's line.
func stateOf(t schemas.Topic, d kadm.TopicDetail, set map[string]string) topicState {
	s := topicState{Topic: t.Name, Partitions: len(d.Partitions), Retention: retention(t), Time: "create", Settings: map[string]string{}, Differs: []string{}}
	if t.AppendTime {
		s.Time = "append"
	}
	if len(d.Partitions) == 0 {
		s.Differs = append(s.Differs, "missing: run `throughline migrate`")
		return s
	}
	s.Replication = d.Partitions.NumReplicas()
	if t.Partitions > 0 && len(d.Partitions) != t.Partitions {
		s.Differs = append(s.Differs, fmt.Sprintf("has %d partitions, wants %d", len(d.Partitions), t.Partitions))
	}
	want := t.Configs()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		s.Settings[key] = set[key]
		if set[key] != want[key] && !harmless(key, set[key], want) {
			s.Differs = append(s.Differs, fmt.Sprintf("%s is %s, wants %s", key, set[key], want[key]))
		}
	}
	return s
}

// harmless is a setting that differs and breaks nothing: a compacted topic has no retention to speak of, and larger records may fit.
func harmless(key, value string, want map[string]string) bool {
	if key == "retention.ms" {
		return want["cleanup.policy"] == "compact"
	}
	has, err := strconv.Atoi(value)
	least, _ := strconv.Atoi(want[key])
	return key == "max.message.bytes" && err == nil && has >= least
}

func retention(t schemas.Topic) string {
	switch {
	case t.Compacted:
		return "compacted"
	case t.Days > 0:
		return strconv.Itoa(t.Days) + " days"
	}
	return "for ever"
}
