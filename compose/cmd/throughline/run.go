package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/schemas"
)

func newRunCommand(a *app) *cobra.Command {
	var replica, state, http string
	var migrate bool
	var named []string
	c := &cobra.Command{
		Use:   "run [role…]",
		Short: "Run all roles, or the ones named, until interrupted",
		Long: "Runs roles in this process until SIGINT or SIGTERM, and serves /healthz, /readyz and /metrics beside them. A second signal kills.\n\n" +
			rolesHelp(),
		Example: "  throughline run                          # everything\n" +
			"  throughline run finance atp-deltas       # two roles\n" +
			"  throughline run sinks --replica b        # a second replica of one",
		ValidArgs: compose.RoleNames(),
		RunE: func(c *cobra.Command, roles []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if named = append(named, roles...); len(named) > 0 {
				cfg.Roles = named
			}
			override(&cfg.Replica, replica)
			override(&cfg.DataDir, state)
			if c.Flags().Changed("http") {
				cfg.HTTP.Addr = http
			}
			if err := cfg.Validate(); err != nil {
				return usage(err)
			}
			return a.run(c, cfg, migrate)
		},
	}
	c.Flags().StringSliceVar(&named, "roles", nil, "the roles to run, separated by commas, instead of the configured ones (all, if none are)")
	c.Flags().StringVar(&replica, "replica", "", "`name` of this replica; two processes of one role need two (default replica, \"0\")")
	c.Flags().StringVar(&state, "state", "", "`folder` of the state stores (default data_dir)")
	c.Flags().StringVar(&http, "http", "", "`host:port` of health and metrics instead of http.addr; empty: none")
	c.Flags().BoolVar(&migrate, "migrate", false, "run migrate first")
	return c
}

func override(into *string, with string) {
	if with != "" {
		*into = with
	}
}

func rolesHelp() string {
	var b strings.Builder
	b.WriteString("Roles:\n")
	for _, r := range compose.Roles {
		fmt.Fprintf(&b, "  %-12s %s\n", r.Name, r.Says)
	}
	return b.String()
}

func (a *app) run(c *cobra.Command, cfg compose.Config, migrate bool) error {
	ctx := c.Context()
	log := cfg.NewLogger(a.err)
	if _, err := a.client(ctx); err != nil {
		return err
	}
	if migrate {
		if _, err := compose.Migrate(ctx, cfg); err != nil {
			return err
		}
	}
	if _, err := a.codec(ctx); errors.Is(err, schemas.ErrRegistryUnavailable) {
		log.Warn("waiting for the schema registry", "registry.url", cfg.Registry.URL, "err", err)
	} else if err != nil {
		return err
	}
	system, err := compose.New(ctx, cfg, log)
	if err != nil {
		return err
	}
	return system.Run(ctx)
}
