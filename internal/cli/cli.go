// Package cli is the command line: what a person or a script asks of a ledger,
// and the few things that they may do to a release without Terraform. Data goes
// to standard output, errors to standard error, and the exit codes of exit.go are
// fixed.
package cli

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	driftgate "github.com/sluice/terraform-provider-sluice/internal/gate/drift"
	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Main runs the command line with the arguments behind the program's name and
// returns the exit code. When ctx ends, what is under way stops where it is: a
// rollout stays open and can be taken up again.
func Main(ctx context.Context, version string, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{
		version: version, stdin: stdin, stdout: stdout, stderr: stderr,
		env: os.Getenv, clock: clock.System{},
	}
	return a.run(ctx, args)
}

// app is one run of the command line. Tests make their own.
type app struct {
	version        string
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	clock          clock.Clock
	// joinAbove is for a process in which many ask the ledgers above alike.
	joinAbove bool
	// drivers, sources and leaseTTL are the usual ones where they are not set.
	drivers target.Registry
	sources signal.Registry
	// checks asks health checks; it is made when it is first needed.
	checks check.Runner
	// look is the look for drift that the forecasts of this command share.
	look     driftgate.Look
	leaseTTL time.Duration
	// background delivers notifications beside a command that changes something.
	background *notify.Background
	// tellTime is how long it waits for that at its end; 0 takes notify.FinishTime.
	tellTime time.Duration
	// labChild starts a child of the lab; its zero value is this executable.
	labChild process.Command

	// ledgerURL, actorName and asJSON are what the flags say.
	ledgerURL, actorName string
	scopeName            string
	above                []string
	asJSON               bool
	// begun is true once a command's own code runs: what cobra refuses before is
	// bad usage.
	begun bool
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	called, err := root.ExecuteContextC(ctx)
	if err == nil {
		return Done
	}
	if !a.begun {
		err = usage(called, err)
	}
	a.printError(err)
	return ExitCode(err)
}

// root builds the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "Look at releases, and stop or take them back",
		Long: `Sluice releases software through Terraform. This command line reads the record
of every release from the ledger, and does the few things that cannot wait for an
apply: abort, roll back, hold.

A release is a service in an environment; its name, which the usage lines call
RELEASE, is SERVICE/ENVIRONMENT, for example checkout/production.

Exit codes: ` + exitCodeWords() + `.`,
		Example: `  sluice status
  sluice history checkout/production
  sluice rollback checkout/production --reason "checkout is slow"`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          a.onlyCommands,
	}
	a.saysVersion(root)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetUsageFunc(printUsage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	flags := root.PersistentFlags()
	flags.StringVar(&a.ledgerURL, "ledger", "", "URL of the ledger, for example sqlite:.sluice/ledger.db, which is the default (environment: SLUICE_LEDGER)")
	flags.StringVar(&a.scopeName, "scope", "", "scope that the ledger is that of, for example acme/retail (environment: SLUICE_SCOPE; default: what the ledger says)")
	flags.StringArrayVar(&a.above, "above", nil, "ledger of a scope above, as SCOPE=URL; may be given again for more of them (environment: SLUICE_ABOVE, parted by semicolons)")
	flags.StringVar(&a.actorName, "actor", "", "who does it, for the record (environment: SLUICE_ACTOR; default: user@host)")
	root.AddCommand(a.commands()...)
	reflow(root)
	return root
}

// reflow fits what the commands say of themselves to the width of a terminal.
// Lines that begin with a space are examples or lists, and stay as they are.
func reflow(cmd *cobra.Command) {
	paragraphs := strings.Split(cmd.Long, "\n\n")
	for i, p := range paragraphs {
		if p != "" && !strings.Contains("\n"+p, "\n ") {
			paragraphs[i] = prose.Wrapped(p, "", defaultWidth)
		}
	}
	cmd.Long = strings.Join(paragraphs, "\n\n")
	for _, c := range cmd.Commands() {
		reflow(c)
	}
}

// onlyCommands refuses an argument where a command is expected, and suggests one.
func (a *app) onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	return unknownCommand(cmd, args[0])
}

// does wraps the code of a command, so that errors before it are bad usage.
func (a *app) does(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.begun = true
		return f(cmd.Context(), args)
	}
}

// group makes a command that only holds others.
func (a *app) group(cmd *cobra.Command, below ...*cobra.Command) *cobra.Command {
	cmd.Args = a.onlyCommands
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return badInput("%s needs one of its commands: %s; for example: %s",
			cmd.CommandPath(), strings.Join(commandNames(cmd), ", "), firstExample(cmd))
	}
	cmd.AddCommand(below...)
	return cmd
}

// reads gives a command the flag --json.
func (a *app) reads(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "write JSON instead of text")
	return cmd
}
