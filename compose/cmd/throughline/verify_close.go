package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/closing"
)

func newVerifyCloseCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify-close FILE | ENTITY/PERIOD",
		Short: "Compute a close again from Kafka alone, and say what differs",
		Long: "Reads the offsets that the manifest names, adds up the trial balance, hashes the entries, derives every entry again and holds the journal against its hash\n" +
			"chain. What was doubled, forged, altered, removed or booked after the close is named with its position. What the close accepted by name is shown as accepted,\n" +
			"and so is, of what belongs to no period, what a later close accepted. Needs brokers and registry, no ClickHouse. The exit status is 1 where anything else differs.",
		Example: "  throughline verify-close ACME-US-2026-03.close.json\n  throughline verify-close ACME-US/2026-03",
		Args:    oneArgument("one manifest file, or ENTITY/PERIOD to verify what stands in finance.closes"),
		RunE: func(c *cobra.Command, args []string) error {
			named, err := closeOf(args[0])
			if err != nil {
				return err
			}
			desk, done, err := a.closingDesk(c.Context(), operator{})
			if err != nil {
				return err
			}
			defer done()
			m, err := named.manifest(c.Context(), desk)
			if err != nil {
				return periodError(err)
			}
			v, err := desk.Verify(c.Context(), m)
			done()
			if err != nil {
				return err
			}
			if err := a.print(v, func(w io.Writer) { writeVerdict(w, v) }); err != nil {
				return err
			}
			if n := v.Violations(); n > 0 {
				return found(fmt.Errorf("%s of %s is not what was closed: %d differences", v.Period, v.Entity, n))
			}
			return nil
		},
	}
}

// namedClose is a close as somebody names it: by its manifest, or by what finance.closes knows it by.
type namedClose struct {
	written        *closing.Manifest
	entity, period string
}

// closeOf reads a file where there is one of that name.
func closeOf(what string) (namedClose, error) {
	text, err := os.ReadFile(what)
	if err == nil {
		m, err := closing.ParseManifest(text)
		if err != nil {
			return namedClose{}, periodError(err)
		}
		return namedClose{written: &m}, nil
	}
	entity, period, ok := strings.Cut(what, "/")
	if !ok || !os.IsNotExist(err) {
		return namedClose{}, usage(fmt.Errorf("reading the manifest: %w; or say ENTITY/PERIOD", err))
	}
	if _, err := closing.FirstDay(period); err != nil {
		return namedClose{}, usage(err)
	}
	return namedClose{entity: entity, period: period}, nil
}

func (n namedClose) manifest(ctx context.Context, desk closing.Desk) (closing.Manifest, error) {
	if n.written != nil {
		return *n.written, nil
	}
	return desk.Recorded(ctx, n.entity, n.period)
}

func writeVerdict(w io.Writer, v closing.Verdict) {
	if v.Violations() == 0 {
		fmt.Fprintf(w, "%s of %s is what was closed: %d entries, the same trial balance, hash and chain\n\n", v.Period, v.Entity, v.Entries)
		writeBalances(w, v.Balances)
	}
	for _, x := range v.Accepted {
		writeAccepted(w, x, "accepted")
	}
	rows := make([][]string, len(v.Differences))
	for i, d := range v.Differences {
		rows[i] = []string{d.What, d.Closed, d.Now}
	}
	if len(rows) > 0 {
		table(w, []string{"what", "closed", "now"}, rows)
	}
	for _, f := range v.Findings {
		fmt.Fprintf(w, "\n%s %s at %s\n", f.Check, f.Kind, f.Position)
		writeFields(w, [][2]string{{"  id", f.ID}, {"  what", f.Detail}, {"  do", f.Do}})
	}
}
