package cli

import "github.com/spf13/cobra"

// commands lists every command, in the order of the documentation.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.statusCommand(),
		a.releasesCommand(),
		a.objectsCommand(),
		a.historyCommand(),
		a.explainCommand(),
		a.watchCommand(),
		a.waitCommand(),
		a.abortCommand(),
		a.rollbackCommand(),
		a.continueCommand(),
		a.resumeCommand(),
		a.agentCommand(),
		a.gatesCommand(),
		a.overrideCommand(),
		a.calendarCommand(),
		a.windowCommand(),
		a.timelineCommand(),
		a.driftCommand(),
		a.holdCommand(),
		a.notificationCommand(),
		a.credentialsCommand(),
		a.quarantineCommand(),
		a.verifyCommand(),
		a.exportCommand(),
		a.ledgerCommand(),
		a.labCommand(),
		a.contractCommand(),
		a.signalCommand(),
		a.judgeCommand(),
		a.versionCommand(),
	}
}
