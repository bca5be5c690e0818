package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// traced is one line of an order's trace.
type traced struct {
	At         time.Time  `ch:"at" json:"at"`
	Kind       string     `ch:"kind" json:"kind"`
	What       string     `ch:"what" json:"what"`
	Detail     string     `ch:"detail" json:"detail"`
	ID         string     `ch:"id_text" json:"id"`
	EventID    string     `ch:"event_text" json:"event_id"`
	Thread     string     `ch:"thread" json:"thread"`
	OccurredAt *time.Time `ch:"occurred_at" json:"occurred_at"`
	IntakeLag  *float64   `ch:"intake_lag_s" json:"intake_lag_s"`
	Admission  *float64   `ch:"admission_lag_s" json:"admission_lag_s"`
	Derivation *float64   `ch:"derivation_lag_s" json:"derivation_lag_s"`
	Loading    *float64   `ch:"loading_lag_s" json:"loading_lag_s"`
	Topic      string     `ch:"topic" json:"topic"`
	Partition  int32      `ch:"partition" json:"partition"`
	Offset     uint64     `ch:"offset" json:"offset"`
}

func newTraceCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "trace ORDER",
		Short: "Show everything that happened to an order: events, entries, deltas, holds, letters, payments and their settlement",
		Long: "In the order of admission, with the seconds that each stage took: from what happened to its intake, from intake to admission (what it waited for), from\n" +
			"admission to the record, and from there to ClickHouse. The exit status is 1 where nothing is known of the order.",
		Example: "  throughline trace SO-1\n  throughline trace SO-1 -o json",
		Args:    oneArgument("one order id"),
		RunE: func(c *cobra.Command, args []string) error {
			lines, err := rowsOf[traced](c.Context(), a, "the order trace", `SELECT at, kind, what, detail, ifNull(toString(id), '') AS id_text, ifNull(toString(event_id), '') AS event_text,
				thread, occurred_at, intake_lag_s, admission_lag_s, derivation_lag_s, loading_lag_s, topic, partition, offset
				FROM order_trace WHERE order_id = {order:String} ORDER BY at, thread, kind != 'event', thread_sequence, kind, id`, param("order", args[0]))
			if err != nil {
				return err
			}
			if err := a.print(lines, func(w io.Writer) { writeTrace(w, lines) }); err != nil || len(lines) > 0 {
				return err
			}
			return found(fmt.Errorf("nothing is known of order %s: is the id right, and has it been loaded? `throughline status` says what is behind, `throughline dlq list --order %s` what died", args[0], args[0]))
		},
	}
}

func writeTrace(w io.Writer, lines []traced) {
	if len(lines) == 0 {
		return
	}
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = []string{l.At.UTC().Format("2006-01-02 15:04:05.000"), l.Kind, l.What, seconds(l.Admission), seconds(l.Derivation), seconds(l.Loading), l.Detail}
	}
	right(rows, 3, 4, 5)
	table(w, []string{"admitted at", "kind", "what", "waited", "derived", "loaded", "detail"}, rows)
}

// seconds is a lag, empty where there is none.
func seconds(s *float64) string {
	if s == nil {
		return ""
	}
	return strconv.FormatFloat(*s, 'f', 3, 64) + "s"
}
