package main

import "github.com/spf13/cobra"

// commands is every verb: one line each, one file each.
func commands(a *app) []*cobra.Command {
	return []*cobra.Command{
		newVersionCommand(a),
	}
}
