package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/closing"
)

// reopening is what the verb answers.
type reopening struct {
	Entity string `json:"legal_entity"`
	Period string `json:"period"`
	At     string `json:"reopened_at"`
}

func newReopenCommand(a *app) *cobra.Command {
	var o operator
	var entity string
	c := &cobra.Command{
		Use:   "reopen PERIOD --entity ENTITY --why TEXT",
		Short: "Let a closed period take postings again",
		Long: "Publishes period.reopened. What is admitted from then on and dated in the period belongs to it again; what was late before stays where it was booked. Close the\n" +
			"period again afterwards: only then is there a manifest of what it holds.",
		Example: "  throughline reopen 2026-03 --entity ACME-US --why \"the auditor's correction of invoice 4711\"",
		Args:    oneArgument("one period, for example 2026-03"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if entity == "" {
				return usage(errors.New("--entity is missing: say whose books"))
			}
			if _, err := closing.FirstDay(args[0]); err != nil {
				return usage(err)
			}
			desk, done, err := a.closingDesk(c.Context(), o)
			if err != nil {
				return err
			}
			defer done()
			p, err := a.producer(c.Context())
			if err != nil {
				return err
			}
			desk.Publish = p.Emit
			at, err := desk.Reopen(c.Context(), entity, args[0], o.why)
			if err != nil {
				return periodError(err)
			}
			return a.print(reopening{entity, args[0], at.String()}, func(w io.Writer) {
				fmt.Fprintf(w, "%s of %s takes postings again, for what is admitted from %s on\n", args[0], entity, at)
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&entity, "entity", "", "legal entity (mandatory)")
	return c
}
