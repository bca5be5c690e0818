package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

// exceptionRow is an exception in a list.
type exceptionRow struct {
	ID         string     `json:"exception_id"`
	Raised     time.Time  `json:"raised_at"`
	Status     string     `json:"status"` // open or resolved
	Code       string     `json:"code"`
	Summary    string     `json:"summary"`
	Owner      string     `json:"owner"`
	Entity     string     `json:"legal_entity"`
	Period     string     `json:"period"`
	Thread     string     `json:"thread"`
	Position   string     `json:"position"`
	ResolvedBy string     `json:"resolved_by,omitempty"`
	ResolvedAt *time.Time `json:"resolved_at,omitempty"`
	Why        string     `json:"resolved_why,omitempty"`
}

func exceptionRows(all []*replay.Exception) []exceptionRow {
	rows := make([]exceptionRow, len(all))
	for i, x := range all {
		r := exceptionRow{ID: x.Meta.EventID.String(), Raised: x.Raised.Time(), Status: "open", Code: x.Code, Summary: x.Summary, Owner: x.Owner, Entity: x.Meta.LegalEntity,
			Period: x.Meta.Period, Thread: x.Thread, Position: x.At.String()}
		if a := x.Resolved; a != nil {
			at := a.Meta.OccurredAt.Time()
			r.Status, r.ResolvedBy, r.ResolvedAt, r.Why = "resolved", a.Who, &at, a.Why
		}
		rows[i] = r
	}
	return rows
}

func newExceptionsCommand(a *app) *cobra.Command {
	return a.group("exceptions", "List the conditions that somebody must look at, and say that one was dealt with", newExceptionsListCommand(a), newExceptionsResolveCommand(a))
}

func newExceptionsListCommand(a *app) *cobra.Command {
	var f replay.ExceptionFilter
	c := &cobra.Command{
		Use:   "list",
		Short: "List the exceptions that are open, the oldest first",
		Long:  "An exception is open until somebody says that it was dealt with; with --all also the others, with who and why. Reads Kafka only.",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			desk, done, err := a.desk(c.Context(), operator{})
			if err != nil {
				return err
			}
			all, err := desk.Exceptions(c.Context(), f)
			done()
			if err != nil {
				return err
			}
			rows := exceptionRows(all)
			return a.print(rows, func(w io.Writer) { writeExceptions(w, rows) })
		},
	}
	x := c.Flags()
	x.StringVar(&f.Code, "code", "", "only this code, for example HOLD_OVERDUE")
	x.StringVar(&f.Owner, "owner", "", "only what this team answers for")
	x.StringVar(&f.Thread, "order", "", "only this order or thread")
	x.StringVar(&f.Entity, "entity", "", "only this legal entity")
	x.StringVar(&f.Period, "period", "", "only what is about an event of this period, `2011-03`")
	x.BoolVar(&f.All, "all", false, "also what is resolved")
	return c
}

func newExceptionsResolveCommand(a *app) *cobra.Command {
	var o operator
	c := &cobra.Command{
		Use:   "resolve ID… --why TEXT",
		Short: "Say that exceptions have been dealt with",
		Long: "Records on operations.actions who dealt with them and why. They leave the list, and the manifest of a close that comes later; manifests that stand name them still.\n" +
			"It cures nothing by itself: a hold, a letter or a difference ends by what ends it. A condition that is raised again afterwards is open again. Said again, it is\n" +
			"one action.",
		Example: "  throughline exceptions resolve 7f0c… --why \"the customer was called; the order was shipped in two parts\"",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(fmt.Errorf("%s wants at least one id: `throughline exceptions list` prints them", c.CommandPath()))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			var ids []schemas.UUID
			for _, arg := range args {
				id, err := schemas.ParseUUID(arg)
				if err != nil {
					return usage(fmt.Errorf("%q is no exception's id: %w; `throughline exceptions list` prints them", arg, err))
				}
				ids = append(ids, id)
			}
			desk, done, err := a.desk(c.Context(), o)
			if err != nil {
				return err
			}
			all, err := desk.Resolve(c.Context(), ids, o.why)
			done()
			if err != nil {
				return err
			}
			rows := exceptionRows(all)
			return a.print(rows, func(w io.Writer) { writeExceptions(w, rows) })
		},
	}
	o.flags(c)
	return c
}

func writeExceptions(w io.Writer, rows []exceptionRow) {
	lines := make([][]string, len(rows))
	for i, r := range rows {
		resolved := ""
		if r.Status == "resolved" {
			resolved = "by " + r.ResolvedBy + " at " + instant(r.ResolvedAt) + ": " + r.Why
		}
		lines[i] = []string{r.ID, instant(&r.Raised), r.Status, r.Code, r.Owner, r.Entity, r.Period, r.Thread, r.Summary, resolved}
	}
	table(w, []string{"exception", "raised at", "status", "code", "owner", "entity", "period", "thread", "summary", "resolved"}, lines)
}
