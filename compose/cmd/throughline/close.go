package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/closing"
)

// closingDesk is where a controller closes, without ClickHouse.
func (a *app) closingDesk(ctx context.Context, o operator) (closing.Desk, func(), error) {
	desk, done, err := a.desk(ctx, o)
	return closing.Desk{Desk: desk, Derivations: compose.Derivations(), Now: time.Now}, done, err
}

// periodError tells what nobody has told of, which is wrong use, from everything else.
func periodError(err error) error {
	if errors.Is(err, closing.ErrUnknown) || errors.Is(err, closing.ErrManifest) {
		return usage(err)
	}
	return err
}

func newCloseCommand(a *app) *cobra.Command {
	var o operator
	var entity, at, out string
	var soft, kafkaOnly bool
	var patience time.Duration
	c := &cobra.Command{
		Use:   "close PERIOD --entity ENTITY",
		Short: "Close the books of a legal entity for a period, and write down what they hold",
		Long: "Looks for what keeps the period open, announces period.closed with an instant a little ahead, waits until admission, finance and the hash chain have passed it\n" +
			"in every partition, looks again, and writes the manifest to finance.closes and as a file. Refused with exit status 1 while an event of the period lacks its\n" +
			"effect, a dead letter of finance carries it, a hold belongs to it, or an audit finds anything in it. A close that is refused after its announcement is\n" +
			"repeated once the cause is repaired: it is not announced twice.",
		Example: "  throughline close 2026-03 --entity ACME-US --soft\n  throughline close 2026-03 --entity ACME-US --at 2026-04-05T18:00:00Z",
		Args:    oneArgument("one period, for example 2026-03"),
		RunE: func(c *cobra.Command, args []string) error {
			ask := closing.Ask{Entity: entity, Period: args[0], Soft: soft}
			if err := ask.Instant(at, time.Now()); err != nil {
				return usage(err)
			}
			if entity == "" {
				return usage(errors.New("--entity is missing: say whose books"))
			}
			desk, done, err := a.closingDesk(c.Context(), o)
			if err != nil {
				return err
			}
			defer done()
			desk.Patience = patience
			if !kafkaOnly {
				if desk.Conn, err = a.clickhouse(c.Context()); err != nil {
					return fmt.Errorf("%w; --kafka-only leaves ClickHouse out", err)
				}
			}
			p, err := a.producer(c.Context())
			if err != nil {
				return err
			}
			desk.Publish = p.Emit
			m, blockers, err := desk.Close(c.Context(), ask)
			done()
			if err != nil {
				return a.refused(blockers, err)
			}
			if out == "" {
				out = m.Entity + "-" + m.Period + ".close.json"
			}
			if err := writeManifest(out, m); err != nil {
				return err
			}
			return a.print(m, func(w io.Writer) { writeClose(w, m, out) })
		},
	}
	f := c.Flags()
	f.StringVar(&entity, "entity", "", "legal entity (mandatory)")
	f.BoolVar(&soft, "soft", false, "check and write the manifest, announce nothing: the period stays open")
	f.StringVar(&at, "at", "", "the closing instant, RFC 3339, in the future (default 15 s from now)")
	f.StringVar(&out, "out", "", "where to write the manifest (default ENTITY-PERIOD.close.json)")
	f.BoolVar(&kafkaOnly, "kafka-only", false, "leave ClickHouse out of the audit")
	f.DurationVar(&patience, "patience", 2*time.Minute, "how long after the closing instant the roles may take")
	f.StringVar(&o.who, "who", "", "who closes (default the user of this machine)")
	return c
}

// refused prints what blocks and returns the sentence that names it.
func (a *app) refused(blockers []closing.Blocker, err error) error {
	if len(blockers) == 0 {
		return periodError(err)
	}
	printed := a.print(blockers, func(w io.Writer) {
		for _, b := range blockers {
			fmt.Fprintf(w, "%s at %s\n", b.What, b.Position)
			writeFields(w, [][2]string{{"  id", b.ID}, {"  what", b.Detail}, {"  owner", b.Owner}, {"  do", b.Do}})
		}
	})
	return errors.Join(found(err), printed)
}

func writeManifest(file string, m closing.Manifest) error {
	text, err := m.JSON()
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		return usage(fmt.Errorf("writing the manifest, which stands in finance.closes: %w: say where with --out", err))
	}
	return nil
}

func writeClose(w io.Writer, m closing.Manifest, file string) {
	what := "closed at"
	if m.Soft {
		what = "taken, not closed, at"
	}
	fmt.Fprintf(w, "%s of %s %s %s: %d entries, %d lines, %d exceptions, %d open items on %s\n\n", m.Period, m.Entity, what, m.ClosedAt, m.Entries, m.Lines, len(m.Exceptions), len(m.Controls),
		strings.Join(m.ControlAccounts, ", "))
	writeBalances(w, m.Balances)
	fmt.Fprintf(w, "\nmanifest %s written to %s and finance.closes: `throughline verify-close %s`\n", m.Hash[:12], file, file)
}

func writeBalances(w io.Writer, balances []closing.Balance) {
	rows := make([][]string, len(balances))
	for i, b := range balances {
		rows[i] = []string{b.Account, money(b.Amount.Text()), b.Currency, money(b.AmountFn.Text()), b.Functional}
	}
	right(rows, 1, 3)
	table(w, []string{"account", "movement, Dr +", "currency", "functional", "currency"}, rows)
}
