package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// topicState is a topic of the catalog and how it stands.
type topicState struct {
	Topic      string `json:"topic"`
	Partitions int    `json:"partitions"`
	Offsets    int64  `json:"offsets"` // between the first and the end, transaction markers included
	Retention  string `json:"retention"`
	Time       string `json:"time"` // append: the broker's clock, which is the only one that counts; create: the producer's
	State      string `json:"state"`
}

func newTopicsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "topics",
		Short: "List the topics of the catalog and how they stand",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := a.client(c.Context())
			if err != nil {
				return err
			}
			states, wrong, err := topicStates(c.Context(), cl)
			if err != nil {
				return err
			}
			err = a.print(states, func(w io.Writer) {
				rows := make([][]string, len(states))
				for i, s := range states {
					rows[i] = []string{s.Topic, strconv.Itoa(s.Partitions), strconv.FormatInt(s.Offsets, 10), s.Retention, s.Time, s.State}
				}
				table(w, []string{"topic", "partitions", "offsets", "retention", "time", "state"}, rows)
			})
			return errors.Join(err, found(wrong))
		},
	}
}

func topicStates(ctx context.Context, cl *kgo.Client) (states []topicState, wrong, err error) {
	adm := kadm.NewClient(cl)
	var names []string
	for _, t := range schemas.Topics {
		names = append(names, t.Name)
	}
	details, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return nil, nil, fmt.Errorf("listing topics: %w", err)
	}
	starts, err := adm.ListStartOffsets(ctx, details.Names()...)
	if err != nil {
		return nil, nil, fmt.Errorf("listing first offsets: %w", err)
	}
	ends, err := adm.ListCommittedOffsets(ctx, details.Names()...)
	if err != nil {
		return nil, nil, fmt.Errorf("listing end offsets: %w", err)
	}
	for _, t := range schemas.Topics {
		s := topicState{Topic: t.Name, Retention: retention(t), Time: "create", State: "ok"}
		if t.AppendTime {
			s.Time = "append"
		}
		d, there := details[t.Name]
		if !there || d.Err != nil {
			s.State = "missing: run `throughline migrate`"
			wrong = errors.Join(wrong, fmt.Errorf("%s does not exist: run `throughline migrate`", t.Name))
		} else if err := schemas.CheckTopics(ctx, cl, t.Name); err != nil {
			s.State, wrong = err.Error(), errors.Join(wrong, err)
		}
		s.Partitions = len(d.Partitions)
		for p := range d.Partitions {
			first, _ := starts.Lookup(t.Name, p)
			end, _ := ends.Lookup(t.Name, p)
			s.Offsets += end.Offset - first.Offset
		}
		states = append(states, s)
	}
	return states, wrong, nil
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
