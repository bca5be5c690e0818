package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose/export"
)

// exportOptions say what to export, and how.
type exportOptions struct {
	want         export.Selection
	all, summary bool
	from, format string
	by           []string
	out, drill   string
	rounding     string
	close        string
}

// exported is what a verb that writes a file answers.
type exported struct {
	File    string `json:"file"`
	Format  string `json:"format"`
	Entries int    `json:"entries"`
	Lines   int    `json:"lines"`
	Summary bool   `json:"summary"`
}

func newExportCommand(a *app) *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export [journal]",
		Short: "Write the journal of a legal entity as CSV, Parquet, hledger or beancount",
		Long: "Writes every leg with its entry, event, rule, dates and control key, exact to four decimals. --summary adds up by account and the dimensions of --by, and rounds\n" +
			"per account, with the remainder on --rounding-account; --drill-down says which legs stand behind each of its rows. Without --out the data goes to stdout.\n\n" +
			"--close writes what a close holds, whatever stands in the journal today: it reads the offsets that the manifest names from Kafka, without ClickHouse, and fails\n" +
			"where they do not add up to the manifest's trial balance.",
		Example: "  throughline export journal --entity ACME-US --period 2026-03 --format hledger --out march.journal\n" +
			"  throughline export journal --entity UCI-GB --all --format parquet --from kafka --out journal.parquet\n" +
			"  throughline export journal --entity ACME-US --period 2026-03 --format csv --summary --by channel,tax_jurisdiction --drill-down legs.csv\n" +
			"  throughline export journal --close ACME-US/2026-03 --format hledger --out march.journal",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && args[0] != "journal" {
				return usage(errors.New("throughline export takes no argument but journal, which is what it exports anyway"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if o.close != "" && !c.Flags().Changed("from") {
				o.from = "kafka"
			}
			if err := o.check(); err != nil {
				return usage(err)
			}
			if err := a.onlyEntity(c.Context(), &o); err != nil {
				return err
			}
			return a.export(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.want.Entity, "entity", "", "legal entity whose books are wanted; may be left out where ClickHouse holds one only")
	f.StringVar(&o.want.Period, "period", "", "only what counts in this period, `2011-03`")
	f.StringVar(&o.close, "close", "", "what a close holds: its manifest's `file`, or ENTITY/PERIOD as recorded in finance.closes")
	f.BoolVar(&o.all, "all", false, "all periods, which is so without --period too")
	f.StringVar(&o.format, "format", "csv", strings.Join(export.Formats, ", "))
	f.StringVar(&o.from, "from", "clickhouse", "clickhouse, by date; or kafka, the journal topic itself, which needs no ClickHouse")
	f.BoolVar(&o.summary, "summary", false, "totals by account and the dimensions of --by, rounded, instead of every leg")
	f.StringSliceVar(&o.by, "by", []string{"channel", "tax_jurisdiction"}, "dimensions of the summary: tax_jurisdiction, location, sku, control_key, or any that entries have")
	f.StringVar(&o.drill, "drill-down", "", "`file` for the legs behind each row of the summary, as CSV")
	f.StringVar(&o.rounding, "rounding-account", "7900", "account that takes what the summary's rounding leaves")
	f.StringVar(&o.out, "file", "", "the same as --out")
	f.StringVar(&o.out, "out", "", "`file` to write; it is complete, or it is not there")
	return c
}

func (o exportOptions) check() error {
	switch {
	case o.close != "" && (o.want.Entity != "" || o.want.Period != "" || o.all || o.from != "kafka"):
		return errors.New("--close says which entity, period and offsets of Kafka: leave --entity, --period, --all and --from out")
	case o.want.Entity == "" && o.from == "kafka" && o.close == "":
		return errors.New("--entity is missing: `throughline report trial-balance` shows which legal entities have books")
	case o.want.Period != "" && o.all:
		return errors.New("say either --period or --all")
	case o.want.Period != "" && !periodName.MatchString(o.want.Period):
		return fmt.Errorf("--period %q: want year-month, for example 2011-03", o.want.Period)
	case !slices.Contains(export.Formats, o.format):
		return fmt.Errorf("--format %q is none of %s", o.format, strings.Join(export.Formats, ", "))
	case o.from != "clickhouse" && o.from != "kafka":
		return fmt.Errorf("--from %q is neither clickhouse nor kafka", o.from)
	case o.drill != "" && !o.summary:
		return errors.New("--drill-down belongs to --summary: without it every row is a leg")
	}
	return nil
}

// onlyEntity fills in the legal entity where nobody could mean another.
func (a *app) onlyEntity(ctx context.Context, o *exportOptions) error {
	if o.want.Entity != "" || o.close != "" {
		return nil
	}
	all, err := rowsOf[struct {
		Entity string `ch:"legal_entity"`
	}](ctx, a, "the legal entities", "SELECT DISTINCT legal_entity FROM journal_lines WHERE ledger = 'PRIMARY' ORDER BY legal_entity")
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return usage(fmt.Errorf("--entity is missing, and %d legal entities have books: %v", len(all), all))
	}
	o.want.Entity = all[0].Entity
	return nil
}

func (a *app) export(ctx context.Context, o exportOptions) error {
	entries, err := a.journalOf(ctx, &o)
	if err != nil {
		return err
	}
	drill, err := openWhole(o.drill, io.Discard)
	if err != nil {
		return usage(err)
	}
	defer drill.drop()
	if o.summary {
		summary := export.Summary{By: o.by, Rounding: o.rounding}
		if o.drill != "" {
			summary.DrillDown = drill
		}
		entries = summary.Entries(entries)
	}
	out, err := openWhole(o.out, a.out)
	if err != nil {
		return usage(err)
	}
	defer out.drop()
	w, err := export.New(o.format, out)
	if err != nil {
		return usage(err)
	}
	n, err := export.Copy(w, entries)
	if err != nil {
		return fmt.Errorf("exporting %s: %w", o.want.Entity, err)
	}
	if n.Entries == 0 {
		return found(fmt.Errorf("there is no entry of %s %s: `throughline report trial-balance` shows which entities and periods have any", o.want.Entity, o.want.Period))
	}
	if err := errors.Join(out.keep(), drill.keep()); err != nil {
		return err
	}
	if o.out == "" {
		return nil
	}
	done := exported{o.out, o.format, n.Entries, n.Lines, o.summary}
	return a.print(done, func(w io.Writer) { fmt.Fprintf(w, "%s: %d entries, %d lines\n", o.out, n.Entries, n.Lines) })
}

// closed is what a close holds.
func (a *app) closed(ctx context.Context, o *exportOptions) (export.Entries, error) {
	named, err := closeOf(o.close)
	if err != nil {
		return nil, err
	}
	desk, done, err := a.closingDesk(ctx, operator{})
	if err != nil {
		return nil, err
	}
	done()
	m, err := named.manifest(ctx, desk)
	if err != nil {
		return nil, periodError(err)
	}
	o.want = m.Selection()
	return desk.Entries(ctx, m), nil
}

func (a *app) journalOf(ctx context.Context, o *exportOptions) (export.Entries, error) {
	if o.close != "" {
		return a.closed(ctx, o)
	}
	if o.from == "clickhouse" {
		conn, err := a.clickhouse(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w; --from kafka reads the journal topic instead", err)
		}
		return export.FromClickHouse(ctx, conn, o.want), nil
	}
	cluster, codec, err := a.readers(ctx)
	if err != nil {
		return nil, err
	}
	return export.FromKafka(ctx, cluster, codec, o.want), nil
}

// whole is a file that gets its name when it is complete, so that nobody books half an export; or a stream.
type whole struct {
	*bufio.Writer
	file *os.File
	name string
}

func openWhole(name string, stream io.Writer) (*whole, error) {
	if name == "" {
		return &whole{Writer: bufio.NewWriter(stream)}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	return &whole{bufio.NewWriterSize(f, 1<<16), f, name}, nil
}

func (w *whole) keep() error {
	if err := w.Flush(); err != nil || w.file == nil {
		return err
	}
	err := errors.Join(w.file.Chmod(0o644), w.file.Sync(), w.file.Close())
	if err == nil {
		err = os.Rename(w.file.Name(), w.name)
	}
	if err == nil {
		w.file = nil
	}
	return err
}

// drop removes what was not kept.
func (w *whole) drop() {
	if w.file != nil {
		_ = w.file.Close()
		_ = os.Remove(w.file.Name())
	}
}
