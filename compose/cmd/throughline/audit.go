package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/audit"
)

func newAuditCommand(a *app) *cobra.Command {
	var kafkaOnly bool
	var limit int
	c := &cobra.Command{
		Use:   "audit",
		Short: "Derive the whole log again and compare: what is missing, altered, doubled or made up, and where",
		Long: "Compares intake with its outcomes, the canonical log with the journal and the stock deltas, positions with the sum of their deltas, debits with credits, and\n" +
			"the topics with ClickHouse. What a consumer has not read is pending, what died at it is dead; neither is a finding. The exit status is 1 where something\n" +
			"is found. It reads everything and writes nothing; the roles may run meanwhile.",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage(fmt.Errorf("--limit is at least 1"))
			}
			desk, done, err := a.desk(c.Context(), operator{})
			if err != nil {
				return err
			}
			defer done()
			task := audit.Audit{Cluster: desk.Cluster, Codec: desk.Codec, Derivations: compose.Derivations(), Limit: limit,
				Progress: func(stage string, n int64) { desk.Progress("auditing "+stage, int(n), 0) }}
			if !kafkaOnly {
				if task.Conn, err = a.clickhouse(c.Context()); err != nil {
					return fmt.Errorf("%w; --kafka-only leaves ClickHouse out", err)
				}
			}
			report, err := task.Run(c.Context())
			done()
			if err != nil {
				return err
			}
			if err := a.print(report, func(w io.Writer) { writeAudit(w, report) }); err != nil {
				return err
			}
			if n := report.Violations(); n > 0 {
				return found(fmt.Errorf("the audit found %d violations", n))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&kafkaOnly, "kafka-only", false, "leave ClickHouse out")
	c.Flags().IntVar(&limit, "limit", 1000, "print at most so many findings of each check; all are counted")
	return c
}

func writeAudit(w io.Writer, r audit.Report) {
	rows := make([][]string, len(r.Checks))
	for i, c := range r.Checks {
		rows[i] = []string{c.Check, count(c.Records), count(c.Pending), count(c.Dead), count(c.RawDoubles), count(c.Unknown), count(c.Findings)}
	}
	right(rows, 1, 2, 3, 4, 5, 6)
	table(w, []string{"check", "records", "pending", "dead", "raw doubles", "unknown", "findings"}, rows)
	for _, f := range r.Findings {
		fmt.Fprintf(w, "\n%s %s (%s) at %s\n", f.Check, f.Kind, f.Invariant, f.Position)
		writeFields(w, [][2]string{{"  id", f.ID}, {"  cause", f.Cause}, {"  what", f.Detail}, {"  do", f.Do}})
	}
}

func count(n int64) string { return strconv.FormatInt(n, 10) }
