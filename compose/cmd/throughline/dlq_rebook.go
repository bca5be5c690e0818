package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/schemas"
)

func newDLQRebookCommand(a *app) *cobra.Command {
	var o operator
	var ruleSet string
	c := &cobra.Command{
		Use:   "rebook LETTER --why TEXT",
		Short: "Book what a dead letter of finance is about by other rules, or after its period was closed",
		Long: "Publishes a rule.superseded that names the letter and whose old version is none: it gives no reversal, and the entry, in the first open period with the original\n" +
			"period kept. It is for what a redrive cannot cure: an event is stamped with the rule set that lacks its account, and `dlq redrive` refuses a letter whose period is closed.\n" +
			"The letter is cured by it. Interrupted, run it again.",
		Example: "  throughline dlq rebook 7f0c… --why \"the account is mapped since\"\n  throughline dlq rebook 7f0c… --rule-set 2026-10 --why \"only these rules map the account\"",
		Args:    oneArgument("the id of one letter"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := schemas.ParseUUID(args[0])
			if err != nil {
				return usage(fmt.Errorf("%q is no letter id: %w; `throughline dlq list` prints them", args[0], err))
			}
			if err := o.check(); err != nil {
				return err
			}
			desk, done, err := a.desk(c.Context(), o)
			if err != nil {
				return err
			}
			r, err := desk.Rebook(c.Context(), id, ruleSet, o.why)
			done()
			if err != nil {
				return planError(err)
			}
			return a.print(r, func(w io.Writer) {
				fmt.Fprintf(w, "event %s of %s stands in %s, under rule set %s, by rule.superseded %s\n", r.Event, r.Original, r.Period, r.RuleSet, r.By)
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&ruleSet, "rule-set", "", "book it by these rules (default those in force now)")
	return c
}
