package main

import (
	"io"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

func newConfigCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration, secrets redacted",
		Long:  "Prints every key with its effective value: defaults, overlaid with the file, THROUGHLINE_… and flags. What it prints is a configuration file.\nA key a.b is set by THROUGHLINE_A_B.",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			text, err := yaml.Marshal(cfg)
			if err != nil {
				return err
			}
			keys := map[string]any{} // JSON shows what YAML shows: durations as people write them
			if err := yaml.Unmarshal(text, &keys); err != nil {
				return err
			}
			return a.print(keys, func(w io.Writer) { _, _ = w.Write(text) })
		},
	}
}
