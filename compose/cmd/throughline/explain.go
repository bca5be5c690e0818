package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/explain"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

func newExplainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ENTRY | EVENT",
		Short: "Say why an entry is what it is: event, rule, amounts step by step, corrections",
		Long: "ClickHouse says where the records stand; they are read from Kafka, and the entry is derived again, so that the answer shows whether what stands is what follows\n" +
			"from the event. All entries of the event are shown, also where one of them was asked for. The exit status is 1 where what stands does not follow from the event, or\n" +
			"where nothing stands because the event is a dead letter of finance.",
		Example: "  throughline explain 3f2a9c01-4b1c-5d0e-9a7f-2f6f0c1f3a55",
		Args:    oneArgument("one id of an entry or event"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := schemas.ParseUUID(args[0])
			if err != nil {
				return usage(fmt.Errorf("%q is no id of an entry or event: `throughline trace ORDER` lists those of an order", args[0]))
			}
			cluster, codec, err := a.readers(c.Context())
			if err != nil {
				return err
			}
			conn, err := a.clickhouse(c.Context())
			if err != nil {
				return err
			}
			x, err := explain.Desk{Cluster: cluster, Codec: codec, Conn: conn, Derive: finance.Derive, Rounding: rounding}.Why(c.Context(), id)
			if errors.Is(err, explain.ErrUnknown) {
				return found(fmt.Errorf("%s: %w", args[0], err))
			}
			if err != nil {
				return sinks.Explain(err)
			}
			if err := a.print(x, func(w io.Writer) { writeExplanation(w, x) }); err != nil {
				return err
			}
			if !x.Follows {
				return found(errors.New(x.Derivation))
			}
			return nil
		},
	}
}

// rounding is the mode of a rule set that this program knows.
func rounding(ruleSet string) (schemas.RoundingMode, bool) {
	for i := range finance.RuleSets {
		if finance.RuleSets[i].Name == ruleSet {
			return finance.RuleSets[i].Rounding, true
		}
	}
	return schemas.HalfUp, false
}

func writeExplanation(w io.Writer, x explain.Explanation) {
	e := x.Event
	writeFields(w, [][2]string{{"event", e.Type + " " + e.ID}, {"at", e.Position}, {"entity", e.Entity}, {"thread", e.Thread}, {"source", e.Source}, {"effective", e.Effective.String()},
		{"admitted at", e.Admitted.String()}, {"period", e.Period}, {"original period", e.Original}, {"rule set", e.RuleSet + ", rounds " + e.Rounding}, {"corrects", e.Corrects}})
	for _, c := range x.Corrections {
		fmt.Fprintf(w, "corrected by %s %s at %s\n", c.Type, c.ID, c.At)
	}
	if len(x.Steps) > 0 {
		rows := make([][]string, len(x.Steps))
		for i, s := range x.Steps {
			note := ""
			if !s.Result.Equal(s.Stamped) {
				note = "the record says " + s.Stamped.Text()
			}
			rows[i] = []string{s.Line, s.What, s.Result.Text(), s.Formula, note}
		}
		right(rows, 2)
		fmt.Fprintln(w)
		table(w, []string{"line", "amount", "is", "because", ""}, rows)
	}
	for _, entry := range x.Entries {
		asked := ""
		if entry.AskedFor && len(x.Entries) > 1 {
			asked = ", which was asked for,"
		}
		fmt.Fprintf(w, "\nentry %s%s by rule %s in %s at %s\n", entry.ID, asked, entry.Rule, entry.Period, entry.Position)
		writeFields(w, [][2]string{{"  reverses", entry.Reverses}, {"  reversed by", strings.Join(entry.ReversedBy, ", ")}})
		rows := make([][]string, len(entry.Lines))
		for i := range entry.Lines {
			l := &entry.Lines[i]
			rows[i] = []string{l.Account, money(l.AmountTxn.Text()), l.Currency, money(l.AmountFn.Text()), l.ControlKey, l.SKU}
		}
		right(rows, 1, 3)
		table(w, []string{"account", "amount, Dr +", "currency", entry.Functional, "key", "sku"}, rows)
	}
	fmt.Fprintf(w, "\nderived again by the rules of this program: %s\n", x.Derivation)
}
