package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/replay"
)

func newReplayCommand(a *app) *cobra.Command {
	return a.group("replay", "Derive canonical events again, and add what is missing", newReplayPlanCommand(a), newReplayApplyCommand(a))
}

func newReplayPlanCommand(a *app) *cobra.Command {
	var s replay.Selection
	var file string
	c := &cobra.Command{
		Use:   "plan",
		Short: "Say what a replay would change, to the last offset, and write that down as a plan",
		Long: "Derives the selected canonical events in shadow and compares with what stands: records that would be new, would change, or that nothing gives; their money by\n" +
			"account and period, their units by SKU and location. Nothing is written to the log. --from and --to take an instant, or positions, of which --to is\n" +
			"exclusive; with positions only the partitions named are looked at. The exit status is 1 where anything differs.",
		Example: "  throughline replay plan --processor finance\n  throughline replay plan --processor finance --from 2026-03-01T00:00:00Z --type shipment.shipped\n" +
			"  throughline replay plan --processor atp-deltas --from orders/0@120 --to orders/0@180 --file plan.json",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if s.Processor == "" {
				return usage(errors.New("--processor is missing: finance, or atp-deltas"))
			}
			desk, done, err := a.desk(c.Context(), operator{})
			if err != nil {
				return err
			}
			plan, err := desk.Plan(c.Context(), s)
			done()
			if err != nil {
				return planError(err)
			}
			if file != "" || len(plan.Effect.New)+len(plan.Effect.Superseded) > 0 {
				if file == "" {
					file = "replay-" + plan.Hash[:12] + ".json"
				}
				if err := writePlan(file, plan); err != nil {
					return err
				}
			}
			if err := a.print(plan, func(w io.Writer) { writeEffect(w, plan, file) }); err != nil {
				return err
			}
			return differs(plan.Effect)
		},
	}
	f := c.Flags()
	f.StringVar(&s.Processor, "processor", "", "finance or atp-deltas (mandatory)")
	f.StringSliceVar(&s.From, "from", nil, "an instant as RFC 3339, or positions such as orders/0@12")
	f.StringSliceVar(&s.To, "to", nil, "likewise, exclusive")
	f.StringVar(&s.Order, "order", "", "only this order or thread")
	f.StringVar(&s.SKU, "sku", "", "only events that name this SKU")
	f.StringSliceVar(&s.Types, "type", nil, "only these event types")
	f.StringVar(&s.RuleSet, "rule-set", "", "compare what stands with what this rule set gives; applying such a plan publishes a rule.superseded for every event whose entry differs")
	f.StringVar(&file, "file", "", "where to write the plan (default replay-HASH.json, where there is something to add)")
	return c
}

// planError tells a selection that is wrong use from everything else that can go wrong.
func planError(err error) error {
	if errors.Is(err, replay.ErrSelection) || errors.Is(err, replay.ErrPlanFile) {
		return usage(err)
	}
	return err
}

func writePlan(file string, plan replay.Plan) error {
	text, err := json.MarshalIndent(plan, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		return usage(fmt.Errorf("writing the plan: %w: say where with --file", err))
	}
	return nil
}

func differs(e replay.Effect) error {
	if e.Changes() == 0 && len(e.Caused) == 0 && len(e.Dead) == 0 && len(e.Unfit) == 0 {
		return nil
	}
	if len(e.Superseded)+len(e.Unfit) > 0 {
		return found(fmt.Errorf("%d events would be superseded, %d are refused by the rule set of the plan", len(e.Superseded), len(e.Unfit)))
	}
	return found(fmt.Errorf("%d events would gain what is missing, %d would change, %d have records that nothing gives, %d are dead (redrive them), %d could not be derived today",
		len(e.New), len(e.Changed), len(e.Orphaned), len(e.Dead), len(e.Caused)))
}

func writeEffect(w io.Writer, p replay.Plan, file string) {
	fmt.Fprintf(w, "%d changes in %d events\n", p.Effect.Changes(), p.Events)
	windows := make([]string, len(p.Windows))
	for i, x := range p.Windows {
		windows[i] = fmt.Sprintf("%s/%d@%d-%d", x.Topic, x.Partition, x.From, x.To-1)
	}
	fmt.Fprintf(w, "looked at %s\n", strings.Join(windows, " "))
	writeEvents(w, "would be new", p.Effect.New)
	writeEvents(w, "would change: needs rule.superseded", p.Effect.Changed)
	writeEvents(w, "stands and nothing gives it: needs rule.superseded", p.Effect.Orphaned)
	writeEvents(w, "stands under other rules: a rule.superseded reverses and books it anew", p.Effect.Superseded)
	writeEvents(w, "refused by the rule set of the plan", p.Effect.Unfit)
	writeEvents(w, fmt.Sprintf("dead, %d of them curable: `throughline dlq redrive`", p.Effect.Curable), p.Effect.Dead)
	writeEvents(w, "could not be derived by today's rules", p.Effect.Caused)
	if len(p.Effect.Money) > 0 {
		rows := make([][]string, len(p.Effect.Money))
		for i, m := range p.Effect.Money {
			rows[i] = []string{m.Entity, m.Period, m.Account, money(m.Amount.Text()), m.Currency}
		}
		right(rows, 3)
		fmt.Fprintln(w)
		table(w, []string{"entity", "period", "account", "change, Dr +", "currency"}, rows)
	}
	if len(p.Effect.Units) > 0 {
		rows := make([][]string, len(p.Effect.Units))
		for i, u := range p.Effect.Units {
			rows[i] = []string{u.SKU, u.Location, u.Bucket, u.Quantity.Text()}
		}
		right(rows, 3)
		fmt.Fprintln(w)
		table(w, []string{"sku", "location", "bucket", "change"}, rows)
	}
	if file != "" {
		fmt.Fprintf(w, "\nplan %s written to %s", p.Hash[:12], file)
		if len(p.Effect.New)+len(p.Effect.Superseded) > 0 {
			fmt.Fprintf(w, ": `throughline replay apply %s --why …`", file)
		}
		fmt.Fprintln(w)
	}
}

// shownEvents is how many events of a kind a person is shown; the plan file has all of them.
const shownEvents = 20

func writeEvents(w io.Writer, what string, events []replay.Event) {
	if len(events) == 0 {
		return
	}
	rows := make([][]string, 0, len(events))
	for _, e := range events[:min(len(events), shownEvents)] {
		rows = append(rows, []string{e.Position, e.Type, e.ID, strconv.Itoa(len(e.IDs)), e.Reason})
	}
	fmt.Fprintf(w, "\n%s: %d\n", what, len(events))
	table(w, []string{"position", "event", "id", "records", "reason"}, rows)
	if n := len(events) - len(rows); n > 0 {
		fmt.Fprintf(w, "… and %d more\n", n)
	}
}

func newReplayApplyCommand(a *app) *cobra.Command {
	var o operator
	c := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Do exactly what a plan says, and wait until it stands",
		Long: "Plans again over the same offsets, and refuses with exit status 1 where the effect is another one, or where anything that stands would change. What is\n" +
			"missing is asked of the one processor, by one action per event; live traffic goes on. A second apply changes nothing, an interrupted one resumes.",
		Example: "  throughline replay apply replay-3f2a9c01d4e5.json --why \"entries lost in incident 42\"",
		Args:    oneArgument("one plan file, as replay plan wrote it"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			plan, err := readPlan(args[0])
			if err != nil {
				return err
			}
			desk, done, err := a.desk(c.Context(), o)
			if err != nil {
				return err
			}
			defer done()
			applied, err := desk.Apply(c.Context(), plan, o.why)
			done()
			if err != nil {
				return planError(err)
			}
			return a.print(applied, func(w io.Writer) {
				fmt.Fprintf(w, "%d events completed, %d were complete already, of %d planned\n", applied.Added, applied.Already, applied.Planned)
			})
		},
	}
	o.flags(c)
	o.rateFlag(c)
	return c
}

func readPlan(file string) (p replay.Plan, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return p, usage(fmt.Errorf("reading the plan: %w", err))
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return p, usage(fmt.Errorf("%w: %s: %w", replay.ErrPlanFile, file, err))
	}
	return p, nil
}
