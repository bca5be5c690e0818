package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// catOptions say which records of a topic to print, and how.
type catOptions struct {
	topic     string
	from      string
	limit     int64
	partition int32
	follow    bool
	key       string
	positions bool
}

func newCatCommand(a *app) *cobra.Command {
	var o catOptions
	c := &cobra.Command{
		Use:   "cat TOPIC",
		Short: "Print a topic's committed records, decoded, one JSON object a line",
		Long: "Prints events in the form that publish takes. A record that is no event is printed with its key and value; one that cannot be decoded is\n" +
			"printed with the reason, and makes the exit status 1.",
		Example: "  throughline cat finance.journal --limit 3\n  throughline cat dead-letters --follow\n  throughline cat orders --from -1 --positions\n" +
			"  throughline cat orders --from 2026-01-31T00:00:00Z",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, t := range schemas.Topics {
				names = append(names, t.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(errors.New("throughline cat wants one topic: `throughline topics` lists them"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.topic = args[0]
			err := a.cat(c.Context(), o)
			if o.follow && c.Context().Err() != nil {
				return nil // following ends by being interrupted
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.from, "from", "start", "start, end, an offset, -N (the last N of each partition), or an instant as RFC 3339")
	f.Int64Var(&o.limit, "limit", 0, "stop after so many records; 0: none")
	f.Int32Var(&o.partition, "partition", -1, "only this partition")
	f.StringVar(&o.key, "key", "", "only records with this key")
	f.BoolVar(&o.follow, "follow", false, "go on with what comes, until interrupted")
	f.BoolVar(&o.positions, "positions", false, "print topic, partition, offset, time and key around each event")
	return c
}

func (a *app) cat(ctx context.Context, o catOptions) error {
	opts, codec, err := a.readers(ctx)
	if err != nil {
		return err
	}
	cl, err := a.client(ctx)
	if err != nil {
		return err
	}
	starts, left, err := o.bounds(ctx, kadm.NewClient(cl))
	if err != nil || len(starts) == 0 {
		return err
	}
	opts = append(append(slices.Clone(opts), schemas.ReadOptions()...), kgo.KeepControlRecords(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{o.topic: starts}))
	reader, err := kgo.NewClient(opts...)
	if err != nil {
		return fmt.Errorf("reading %s: %w", o.topic, err)
	}
	defer reader.Close()
	return a.catAll(ctx, reader, codec, o, left)
}

// catAll prints until the ends that were there at the beginning are reached, or for ever.
func (a *app) catAll(ctx context.Context, reader *kgo.Client, codec *schemas.Codec, o catOptions, left map[int32]int64) error {
	var printed, dead int64
	for o.follow || len(left) > 0 {
		fs := reader.PollFetches(ctx)
		if ctx.Err() != nil {
			break
		}
		if err := schemas.HaltOf(fs); err != nil {
			return err
		}
		for it := fs.RecordIter(); !it.Done(); {
			r := it.Next()
			end, open := left[r.Partition]
			if !r.Attrs.IsControl() && (o.key == "" || o.key == string(r.Key)) && (o.follow || open && r.Offset < end) {
				if o.limit > 0 && printed == o.limit {
					return deadOf(dead)
				}
				ok, err := a.catRecord(ctx, codec, r, o.positions)
				if err != nil {
					return err
				}
				if printed++; !ok {
					dead++
				}
			}
			if open && r.Offset+1 >= end {
				delete(left, r.Partition)
			}
		}
		if o.limit > 0 && printed == o.limit {
			break
		}
	}
	return deadOf(dead)
}

func deadOf(n int64) error {
	if n == 0 {
		return nil
	}
	return found(fmt.Errorf("%d records cannot be decoded; each is printed with its reason", n))
}

// catLine is a record with its position, or one that is no event.
type catLine struct {
	Topic     string          `json:"topic"`
	Partition int32           `json:"partition"`
	Offset    int64           `json:"offset"`
	Time      schemas.Time    `json:"time"`
	Key       string          `json:"key"`
	Event     json.RawMessage `json:"event,omitempty"`
	Error     string          `json:"error,omitempty"`
	Value     []byte          `json:"value,omitempty"`   // base64
	Deleted   bool            `json:"deleted,omitempty"` // a tombstone: the key is no more
}

func (a *app) catRecord(ctx context.Context, codec *schemas.Codec, r *kgo.Record, positions bool) (ok bool, err error) {
	line := catLine{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Time: schemas.TimeOf(r.Timestamp), Key: string(r.Key)}
	if r.Value == nil || internal(r.Topic) {
		line.Value, line.Deleted = r.Value, r.Value == nil
		return true, a.line(line)
	}
	d, err := codec.Deliver(ctx, r)
	switch {
	case errors.Is(err, schemas.ErrPoison):
		line.Error, line.Value = err.Error(), r.Value
		return false, a.line(line)
	case err != nil:
		return false, err
	}
	text, err := schemas.EventJSON(d.Event)
	if err != nil {
		return false, err
	}
	if !positions {
		_, err = fmt.Fprintf(a.out, "%s\n", text)
		return true, err
	}
	line.Event = text
	return true, a.line(line)
}

// internal topics hold our own bookkeeping, not events.
func internal(topic string) bool {
	return strings.HasPrefix(topic, "changelog.") || topic == schemas.TopicSeeds
}

// bounds are where each partition begins, and where it ended when the reading began, left out where nothing stands between.
func (o catOptions) bounds(ctx context.Context, adm *kadm.Client) (map[int32]kgo.Offset, map[int32]int64, error) {
	first, err := adm.ListStartOffsets(ctx, o.topic)
	if err != nil {
		return nil, nil, fmt.Errorf("listing first offsets of %s: %w", o.topic, err)
	}
	ends, err := adm.ListCommittedOffsets(ctx, o.topic)
	if err != nil {
		return nil, nil, fmt.Errorf("listing end offsets of %s: %w", o.topic, err)
	}
	err = first.Error()
	if _, ours := schemas.LookupTopic(o.topic); !ours && (err == nil && len(first[o.topic]) == 0 || errors.Is(err, kerr.UnknownTopicOrPartition)) {
		return nil, nil, usage(fmt.Errorf("there is no topic %q: `throughline topics` lists them", o.topic))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing start offsets of %s: %w", o.topic, err)
	}
	begin, err := o.begin(ctx, adm)
	if err != nil {
		return nil, nil, err
	}
	starts, left := map[int32]kgo.Offset{}, map[int32]int64{}
	for p, end := range ends[o.topic] {
		if o.partition >= 0 && p != o.partition {
			continue
		}
		from := min(max(begin(p, first[o.topic][p].Offset, end.Offset), first[o.topic][p].Offset), end.Offset)
		if from < end.Offset {
			left[p] = end.Offset
		}
		if from < end.Offset || o.follow {
			starts[p] = kgo.NewOffset().At(from)
		}
	}
	return starts, left, nil
}

// begin turns --from into a function from a partition's first and end offset to where to begin.
func (o catOptions) begin(ctx context.Context, adm *kadm.Client) (func(p int32, first, end int64) int64, error) {
	switch o.from {
	case "start", "":
		return func(_ int32, first, _ int64) int64 { return first }, nil
	case "end":
		return func(_ int32, _, end int64) int64 { return end }, nil
	}
	if n, err := strconv.ParseInt(o.from, 10, 64); err == nil {
		return func(_ int32, _, end int64) int64 {
			if n < 0 {
				return end + n
			}
			return n
		}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, o.from)
	if err != nil {
		return nil, usage(fmt.Errorf("--from %q: start, end, an offset, -N, or an instant such as 2026-01-31T00:00:00Z", o.from))
	}
	offsets, err := adm.ListOffsetsAfterMilli(ctx, at.UnixMilli(), o.topic)
	if err != nil {
		return nil, fmt.Errorf("asking where %s stood at %s: %w", o.topic, o.from, err)
	}
	return func(p int32, _, end int64) int64 {
		if found, ok := offsets.Lookup(o.topic, p); ok && found.Offset >= 0 {
			return found.Offset
		}
		return end
	}, nil
}
