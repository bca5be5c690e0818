package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose"
)

func newMigrateCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Prepare topics, schemas, tables, the first rule set and first offsets; changes nothing that is there",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if _, err := a.client(c.Context()); err != nil {
				return err
			}
			done, err := compose.Migrate(c.Context(), cfg)
			if err != nil {
				return err
			}
			return a.print(done, func(w io.Writer) {
				fmt.Fprintf(w, "topics made: %d %s\n", len(done.Topics), strings.Join(done.Topics, " "))
				fmt.Fprintf(w, "schemas registered or found: %d\n", done.Schemas)
				fmt.Fprintf(w, "tables: as they must be in %s at %s\n", cfg.ClickHouse.Database, cfg.ClickHouse.Addr)
				rules := done.RuleSet
				if rules == "" {
					rules = "one was in force"
				}
				fmt.Fprintf(w, "rule set activated: %s\n", rules)
				fmt.Fprintf(w, "partitions that got first offsets: %d\n", done.Seeds)
			})
		},
	}
}

// noArguments is cobra.NoArgs with an error that does not call an argument a command.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("%s takes no arguments, found %q", c.CommandPath(), args[0]))
	}
	return nil
}
