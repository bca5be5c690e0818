package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newSkipCommand(a *app) *cobra.Command {
	var o operator
	var group, topic string
	var partition int32
	var dryRun bool
	c := &cobra.Command{
		Use:   "skip",
		Short: "Make a consumer group step over exactly one batch that cannot be opened",
		Long: "For a partition that stopped with \"a batch cannot be opened\": too large when decompressed, or its checksum is wrong. Stop the consumer first. Skips the batch\n" +
			"at the group's committed offset, never more, and records it; a batch that can be opened is refused. What was in it is lost to this consumer: ask its\n" +
			"source to publish it again.",
		Example: "  throughline skip --group throughline-intake --topic intake.orders --partition 2 --why \"compressed bomb from the old shop\"",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if group == "" || topic == "" || partition < 0 {
				return usage(errors.New("--group, --topic and --partition say which batch: the error with which the loop stopped names them"))
			}
			if !dryRun {
				if err := o.check(); err != nil {
					return err
				}
			}
			desk, done, err := a.desk(c.Context(), o)
			if err != nil {
				return err
			}
			defer done()
			s, err := desk.Skip(c.Context(), group, topic, partition, o.why, dryRun)
			if err != nil {
				return err
			}
			return a.print(s, func(w io.Writer) {
				did := "stepped over"
				if dryRun {
					did = "would step over"
				}
				fmt.Fprintf(w, "%s %s offsets %d to %d of %s/%d: one batch of %d bytes\n%s\n", s.Group, did, s.First, s.Last, s.Topic, s.Partition, s.Bytes, s.Cause)
				if !dryRun {
					fmt.Fprintf(w, "start the consumer again: it continues at %s/%d@%d\n", s.Topic, s.Partition, s.Last+1)
				}
			})
		},
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&group, "group", "", "the consumer group that stopped (mandatory)")
	f.StringVar(&topic, "topic", "", "the topic (mandatory)")
	f.Int32Var(&partition, "partition", -1, "the partition (mandatory)")
	f.BoolVar(&dryRun, "dry-run", false, "only say which batch that is")
	return c
}
