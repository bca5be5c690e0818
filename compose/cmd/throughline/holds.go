package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// hold is an intake record that waits, or has waited, for another.
type hold struct {
	Position  string     `ch:"position" json:"position"`
	EventID   string     `ch:"event_text" json:"event_id"`
	EventType string     `ch:"event_type" json:"event_type"`
	Thread    string     `ch:"thread" json:"thread"`
	OrderID   string     `ch:"order_id" json:"order_id"`
	State     string     `ch:"state" json:"state"`
	WaitsFor  []string   `ch:"waits_for" json:"waits_for"`
	Deadline  *time.Time `ch:"deadline" json:"deadline"`
	Owner     string     `ch:"owner" json:"owner"`
	HeldAt    time.Time  `ch:"held_at" json:"held_at"`
	EndedAt   *time.Time `ch:"ended_at" json:"ended_at"`
}

const selectHolds = `SELECT position, ifNull(toString(event_id), '') AS event_text, event_type, thread, order_id, state, waits_for, deadline, owner, held_at, ended_at FROM holds`

func newHoldsCommand(a *app) *cobra.Command {
	return a.group("holds", "Show what admission holds back, and what it waits for", newHoldsListCommand(a), newHoldsShowCommand(a))
}

func newHoldsListCommand(a *app) *cobra.Command {
	var owner, order string
	var overdue, all bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List what is on hold, the nearest deadline first",
		Long:  "A hold ends by itself when what it waits for has come. A deadline that passes raises an exception and changes nothing else.",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			var conditions []string
			var params []any
			switch {
			case overdue:
				conditions = append(conditions, "(state = 'overdue' OR state = 'held' AND deadline < now64(6))")
			case !all:
				conditions = append(conditions, "state IN ('held', 'overdue')")
			}
			if owner != "" {
				conditions, params = append(conditions, "owner = {owner:String}"), append(params, param("owner", owner))
			}
			if order != "" {
				conditions, params = append(conditions, "(order_id = {order:String} OR thread = {order:String})"), append(params, param("order", order))
			}
			holds, err := rowsOf[hold](c.Context(), a, "holds", selectHolds+where(conditions)+" ORDER BY deadline, position", params...)
			if err != nil {
				return err
			}
			return a.print(holds, func(w io.Writer) { writeHolds(w, holds) })
		},
	}
	f := c.Flags()
	f.StringVar(&owner, "owner", "", "only what this team must bring")
	f.StringVar(&order, "order", "", "only this order or thread")
	f.BoolVar(&overdue, "overdue", false, "only what has waited past its deadline")
	f.BoolVar(&all, "all", false, "also what has ended")
	c.MarkFlagsMutuallyExclusive("overdue", "all")
	return c
}

func writeHolds(w io.Writer, holds []hold) {
	rows := make([][]string, len(holds))
	for i, h := range holds {
		rows[i] = []string{instant(&h.HeldAt), instant(h.Deadline), h.State, h.Thread, h.EventType, strings.Join(h.WaitsFor, ", "), h.Owner, h.Position}
	}
	table(w, []string{"held at", "deadline", "state", "thread", "event", "waits for", "owner", "position"}, rows)
}

func newHoldsShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show ORDER | EVENT | POSITION",
		Short:   "Show the holds of an order or thread, of an event id, or of one intake record",
		Example: "  throughline holds show SO-1\n  throughline holds show intake.billing/0@17",
		Args:    oneArgument("an order, an event id or a position"),
		RunE: func(c *cobra.Command, args []string) error {
			holds, err := rowsOf[hold](c.Context(), a, "holds", selectHolds+" WHERE order_id = {what:String} OR thread = {what:String} OR position = {what:String} OR toString(event_id) = {what:String} ORDER BY held_at, position",
				param("what", args[0]))
			if err != nil {
				return err
			}
			if len(holds) == 0 {
				return found(fmt.Errorf("nothing of %s is or was on hold: `throughline trace ORDER` shows what became of it", args[0]))
			}
			return a.print(holds, func(w io.Writer) {
				for i, h := range holds {
					if i > 0 {
						fmt.Fprintln(w)
					}
					writeFields(w, [][2]string{{"event", h.EventType + " " + h.EventID}, {"thread", h.Thread}, {"intake record", h.Position}, {"state", h.State},
						{"waits for", strings.Join(h.WaitsFor, ", ")}, {"who must act", h.Owner}, {"held at", instant(&h.HeldAt)}, {"deadline", instant(h.Deadline)}, {"ended at", instant(h.EndedAt)}})
				}
			})
		},
	}
}

// instant is a time for people, empty where there is none.
func instant(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// writeFields writes names and values under each other; what is empty is left out.
func writeFields(w io.Writer, fields [][2]string) {
	width := 0
	for _, f := range fields {
		width = max(width, len(f[0]))
	}
	for _, f := range fields {
		if f[1] != "" {
			fmt.Fprintf(w, "%-*s  %s\n", width, f[0], f[1])
		}
	}
}
