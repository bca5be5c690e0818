package main

import "github.com/spf13/cobra"

// commands is every verb: one line each, one file each.
func commands(a *app) []*cobra.Command {
	return []*cobra.Command{
		newRunCommand(a),
		newStatusCommand(a),
		newTopicsCommand(a),
		newSchemasCommand(a),
		newMigrateCommand(a),
		newPublishCommand(a),
		newImportCommand(a),
		newSimulateCommand(a),
		newCatCommand(a),
		newTraceCommand(a),
		newReportCommand(a),
		newExportCommand(a),
		newATPCommand(a),
		newDLQCommand(a),
		newHoldsCommand(a),
		newExceptionsCommand(a),
		newSkipCommand(a),
		newReplayCommand(a),
		newAuditCommand(a),
		newCloseCommand(a),
		newVerifyCloseCommand(a),
		newReopenCommand(a),
		newExplainCommand(a),
		newReconcileCommand(a),
		newConfigCommand(a),
		newVersionCommand(a),
	}
}
