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
	"github.com/throughline/throughline/schemas"
)

// closingDesk is where a controller closes, without ClickHouse.
func (a *app) closingDesk(ctx context.Context, o operator) (closing.Desk, func(), error) {
	desk, done, err := a.desk(ctx, o)
	return closing.Desk{Desk: desk, Derivations: compose.Derivations(), Now: time.Now}, done, err
}

// periodError tells what nobody has told of or may ask for, which is wrong use, from everything else.
func periodError(err error) error {
	if errors.Is(err, closing.ErrUnknown) || errors.Is(err, closing.ErrManifest) || errors.Is(err, closing.ErrCurable) {
		return usage(err)
	}
	return err
}

// closeOptions say what to close, and how.
type closeOptions struct {
	operator
	ask       closing.Ask
	at, out   string
	kafkaOnly bool
	patience  time.Duration
}

func newCloseCommand(a *app) *cobra.Command {
	var o closeOptions
	c := &cobra.Command{
		Use:   "close PERIOD --entity ENTITY",
		Short: "Close the books of a legal entity for a period, and write down what they hold",
		Long: "Looks for what keeps the period open, announces period.closed with an instant a little ahead, waits until admission, finance and the hash chain have passed it\n" +
			"in every partition, looks again, and writes the manifest to finance.closes and as a file. Refused with exit status 1 while an event of the period lacks its\n" +
			"effect, a dead letter of finance carries it, a hold or what died before it was admitted belongs to it, or an audit or the hash chain finds anything in it. A close\n" +
			"that is refused after its announcement is repeated once the cause is repaired: it is not announced twice. A period that has not ended where the entity keeps its\n" +
			"books is not closed, nor, without --out-of-order, one before an earlier period that has postings.\n\n" +
			"What an audit finds too much cannot be taken out of the log again. Once it is understood, --accept lets it stand, by the id or position that the refusal prints.\n" +
			"Who did and why is recorded, in operations.actions and in the manifest, and counts for every later close. Accepted records of the journal are not in the balances.\n" +
			"So does what died at intake or admission, once its source has published the fact as it should have been: the letter stays. A hold, a dead letter of finance and an\n" +
			"effect that is missing have a cure, and are never accepted. Letters that nobody can read keep no period open; they are printed, and stand in the manifest.",
		Example: "  throughline close 2026-03 --entity ACME-US --soft\n  throughline close 2026-03 --entity ACME-US --at 2026-04-05T18:00:00Z\n" +
			"  throughline close 2026-03 --entity ACME-US --accept finance.journal/1@4711 --why \"a test client wrote to production; its key is revoked\"",
		Args: oneArgument("one period, for example 2026-03"),
		RunE: func(c *cobra.Command, args []string) error {
			o.ask.Period, o.ask.Why = args[0], o.why
			_, err := closing.FirstDay(args[0])
			if err == nil {
				err = o.ask.Instant(o.at, time.Now())
			}
			if err == nil {
				err = o.ask.Check()
			}
			if err != nil {
				return usage(err)
			}
			return a.closePeriod(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.ask.Entity, "entity", "", "legal entity (mandatory)")
	f.BoolVar(&o.ask.Soft, "soft", false, "check and write the manifest, announce nothing: the period stays open")
	f.StringVar(&o.at, "at", "", "the closing instant, RFC 3339, in the future (default 15 s from now)")
	f.StringVar(&o.out, "out", "", "where to write the manifest (default ENTITY-PERIOD.close.json)")
	f.BoolVar(&o.kafkaOnly, "kafka-only", false, "leave ClickHouse out of the audit")
	f.DurationVar(&o.patience, "patience", 2*time.Minute, "how long after the closing instant the roles may take")
	f.BoolVar(&o.ask.OutOfOrder, "out-of-order", false, "close it although earlier periods with postings are open; the manifest names them")
	f.StringSliceVar(&o.ask.Accept, "accept", nil, "`ids` or positions of findings that may stand, as the refusal prints them, with commas between")
	f.StringVar(&o.why, "why", "", "why they may, recorded for ever (mandatory with --accept)")
	f.StringVar(&o.who, "who", "", "who closes (default the user of this machine)")
	return c
}

func (a *app) closePeriod(ctx context.Context, o closeOptions) error {
	desk, done, err := a.closingDesk(ctx, o.operator)
	if err != nil {
		return err
	}
	defer done()
	desk.Patience = o.patience
	if !o.kafkaOnly {
		if desk.Conn, err = a.clickhouse(ctx); err != nil {
			return fmt.Errorf("%w; --kafka-only leaves ClickHouse out", err)
		}
	}
	p, err := a.producer(ctx)
	if err != nil {
		return err
	}
	desk.Publish = p.Emit
	began := schemas.TimeOf(time.Now().Truncate(time.Millisecond))
	m, blockers, err := desk.Close(ctx, o.ask)
	done()
	if err != nil {
		return a.refused(blockers, err)
	}
	if o.out == "" {
		o.out = m.Entity + "-" + m.Period + ".close.json"
	}
	if err := writeManifest(o.out, m); err != nil {
		return err
	}
	return a.print(m, func(w io.Writer) { writeClose(w, m, o.out, began) })
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

func writeClose(w io.Writer, m closing.Manifest, file string, began schemas.Time) {
	what := "closed at"
	if m.Soft {
		what = "taken, not closed, at"
	}
	fmt.Fprintf(w, "%s of %s %s %s: %d entries, %d lines, %d exceptions, %d open items on %s\n\n", m.Period, m.Entity, what, m.ClosedAt, m.Entries, m.Lines, len(m.Exceptions), len(m.Controls),
		strings.Join(m.ControlAccounts, ", "))
	writeBalances(w, m.Balances)
	if len(m.EarlierOpen) > 0 {
		fmt.Fprintf(w, "\nopen still, and what comes into them changes the open items of this period: %s\n", strings.Join(m.EarlierOpen, ", "))
	}
	for _, x := range m.Unread {
		fmt.Fprintf(w, "\ndead letter %s at %s, of no period that can be told\n", x.ID, x.Position)
		writeFields(w, [][2]string{{"  what", "died at " + x.Stage + ": " + x.Class + ": " + x.Reason}, {"  owner", x.Owner}, {"  do", "`throughline dlq show " + x.ID + "`"}})
	}
	for _, x := range m.Accepted {
		when := "accepted"
		if x.At < began {
			when = "accepted earlier"
		}
		writeAccepted(w, x, when)
	}
	fmt.Fprintf(w, "\nmanifest %s written to %s and finance.closes: `throughline verify-close %s`\n", m.Hash[:12], file, file)
}

func writeAccepted(w io.Writer, x closing.Acceptance, when string) {
	what := x.Detail
	if x.Check == schemas.TopicJournal {
		what += "; it is in none of the balances above, and ClickHouse and other readers of the topic see it still"
	}
	fmt.Fprintf(w, "\n%s %s at %s\n", x.Check, x.Kind, x.Position)
	writeFields(w, [][2]string{{"  id", x.ID}, {"  what", what}, {"  " + when, "by " + x.By + " at " + x.At.String() + ": " + x.Why}})
}

func writeBalances(w io.Writer, balances []closing.Balance) {
	rows := make([][]string, len(balances))
	for i, b := range balances {
		rows[i] = []string{b.Account, money(b.Amount.Text()), b.Currency, money(b.AmountFn.Text()), b.Functional}
	}
	right(rows, 1, 3)
	table(w, []string{"account", "movement, Dr +", "currency", "functional", "currency"}, rows)
}
