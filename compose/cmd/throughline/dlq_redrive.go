package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

// redriveOptions say which letters to redrive, and whether to do it.
type redriveOptions struct {
	operator
	filter      letterFilter
	ids         []schemas.UUID
	all         bool
	dryRun, yes bool
}

func newDLQRedriveCommand(a *app) *cobra.Command {
	var o redriveOptions
	c := &cobra.Command{
		Use:   "redrive [LETTER…]",
		Short: "Hand dead letters back to the consumer at which they died, and to no other, and wait for what becomes of them",
		Long: "Redrives the letters named, or the open ones that the filters let through. More than one letter is only listed, unless --yes is given. Each ends cured or\n" +
			"died again, with its laps counted; after 5 laps a letter is parked. Interrupted, run it again: the same letter, reason and lap are one action.\n" +
			"A letter of finance whose period is closed is refused: `dlq rebook` is for that. The exit status is 1 where a letter died again, is parked or is refused.",
		Example: "  throughline dlq redrive 7f0c… --why \"account mapped\"\n  throughline dlq redrive --class UNMAPPED_ACCOUNT --since 2h --why \"account mapped\" --yes",
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			return a.redrive(c.Context(), o)
		},
	}
	o.flags(c)
	o.rateFlag(c)
	o.filter.flags(c)
	c.Flags().BoolVar(&o.all, "all", false, "every open letter")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "only list what would be redriven")
	c.Flags().BoolVar(&o.yes, "yes", false, "redrive more than one letter without listing them first")
	return c
}

func (o *redriveOptions) check(args []string) error {
	if o.ids = nil; !o.dryRun {
		if err := o.operator.check(); err != nil {
			return err
		}
	}
	for _, arg := range args {
		id, err := schemas.ParseUUID(arg)
		if err != nil {
			return usage(fmt.Errorf("%q is no letter id: %w; `throughline dlq list` prints them", arg, err))
		}
		o.ids = append(o.ids, id)
	}
	if len(o.ids) == 0 && o.filter.empty() && !o.all {
		return usage(errNothingChosen)
	}
	return nil
}

// redriven is what became of one letter.
type redriven struct {
	letterRow
	Lap  int32  `json:"lap,omitempty"`
	Came string `json:"outcome"` // would be redriven, cured, died again, parked, refused or nothing
	Why  string `json:"outcome_reason,omitempty"`
}

func (a *app) redrive(ctx context.Context, o redriveOptions) error {
	letters, ids, done, desk, err := a.chooseLetters(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	if o.dryRun || len(ids) == 0 || len(ids) > 1 && !o.yes {
		rows := make([]redriven, len(letters))
		for i, l := range letters {
			rows[i] = redriven{letterRow: rowOf(l), Lap: l.Laps + 1, Came: "would be redriven"}
		}
		if len(ids) > 1 && !o.dryRun {
			a.note("nothing was done: these are %d letters; add --yes to redrive them", len(ids))
		}
		return a.print(rows, func(w io.Writer) { writeRedriven(w, rows) })
	}
	results, err := desk.Redrive(ctx, ids, o.why)
	done()
	rows, bad := []redriven{}, 0
	for _, r := range results {
		if r.Letter == nil {
			continue
		}
		rows = append(rows, redriven{letterRow: rowOf(r.Letter), Lap: r.Lap, Came: r.Came, Why: r.Reason})
		if r.Came == replay.CameDied || r.Came == replay.CameParked || r.Came == replay.CameRefused {
			bad++
		}
	}
	if len(rows) > 0 {
		if perr := a.print(rows, func(w io.Writer) { writeRedriven(w, rows) }); perr != nil && err == nil {
			err = perr
		}
	}
	if err == nil && bad > 0 {
		err = found(fmt.Errorf("%d of %d letters were not cured: `throughline dlq show LETTER` says why and what to do", bad, len(rows)))
	}
	return err
}

// chooseLetters finds the letters that were named, or the open ones that the filters let through.
func (a *app) chooseLetters(ctx context.Context, o redriveOptions) (letters []*replay.Letter, ids []schemas.UUID, done func(), desk replay.Desk, err error) {
	filter, err := o.filter.filter()
	if err != nil {
		return nil, nil, nil, desk, err
	}
	if filter.IDs = o.ids; len(o.ids) == 0 {
		filter.Status = []replay.Status{replay.Open}
	}
	if desk, done, err = a.desk(ctx, o.operator); err != nil {
		return nil, nil, nil, desk, err
	}
	if letters, err = desk.Letters(ctx, filter); err != nil {
		done()
		return nil, nil, nil, desk, err
	}
	for _, l := range letters {
		ids = append(ids, l.Meta.EventID)
	}
	for _, id := range o.ids {
		if !slices.Contains(ids, id) {
			done()
			return nil, nil, nil, desk, found(fmt.Errorf("there is no dead letter %s, or the filters exclude it: `throughline dlq list --all`", id))
		}
	}
	return letters, ids, done, desk, nil
}

func writeRedriven(w io.Writer, rows []redriven) {
	lines := make([][]string, len(rows))
	for i, r := range rows {
		reason := r.Why
		if reason == "" {
			reason = r.Class + ": " + r.Reason
		}
		lines[i] = []string{r.ID, r.Came, strconv.Itoa(int(r.Lap)), r.Consumer, r.EventType, r.Thread, reason}
	}
	table(w, []string{"letter", "outcome", "lap", "consumer", "event", "thread", "reason"}, lines)
}
