package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The exit codes. Scripts lean on them, so they never change.
const (
	// Done: what was asked for is true.
	Done = 0
	// Failed: it is not, and the error says why.
	Failed = 1
	// BadUsage: the arguments, or what was read from a file or standard input, are
	// not what the command takes. Nothing was changed.
	BadUsage = 2
	// Blocked: a gate does not let it go forward now.
	Blocked = 3
	// RolledBack: the rollout ended, and the old artifact serves again.
	RolledBack = 4
)

// ExitError is an error that says with which code the process ends.
type ExitError struct {
	Code int
	Err  error
}

// Error implements error.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// ExitCode says with which code a command ends that returned err.
func ExitCode(err error) int {
	var (
		exit    *ExitError
		blocked *release.BlockedError
		ended   *release.EndedError
		invalid *judge.InvalidError
	)
	switch {
	case err == nil:
		return Done
	case errors.As(err, &exit):
		return exit.Code
	case errors.As(err, &blocked):
		return Blocked
	case errors.As(err, &ended) && ended.Outcome.Result == release.WentBack:
		return RolledBack
	case errors.As(err, &invalid), errors.Is(err, judge.ErrInput),
		errors.Is(err, ledgers.ErrURL), errors.Is(err, ledgers.ErrImplicit):
		return BadUsage
	default:
		return Failed
	}
}

// badInput makes an error of what the user gave: what was wrong, what is allowed,
// and an example.
func badInput(format string, args ...any) error {
	return &ExitError{Code: BadUsage, Err: fmt.Errorf(format, args...)}
}

// usage makes bad usage of what cobra refused, and says how the command is used.
func usage(cmd *cobra.Command, err error) error {
	var exit *ExitError
	if errors.As(err, &exit) {
		return err
	}
	text := flagWords(cmd, strings.TrimRight(err.Error(), "\n "))
	if cmd != nil {
		text += "; usage: " + strings.TrimSuffix(cmd.UseLine(), " [flags]")
		if cmd.Example != "" {
			text += "; for example: " + firstExample(cmd)
		}
		text += "; more: " + cmd.CommandPath() + " --help"
	}
	return &ExitError{Code: BadUsage, Err: errors.New(text)}
}

// unknownCommand says which commands there are, and which one may be meant.
func unknownCommand(cmd *cobra.Command, name string) error {
	text := fmt.Sprintf("%q is no command of %s", name, cmd.CommandPath())
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		text += "; did you mean: " + strings.Join(near, ", ") + "?"
	}
	return badInput("%s; it has %s; for example: %s", text, strings.Join(commandNames(cmd), ", "), firstExample(cmd))
}

// commandNames lists the commands below cmd that people may use.
func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" && c.Name() != "completion" {
			names = append(names, c.Name())
		}
	}
	return names
}

func firstExample(cmd *cobra.Command) string {
	line, _, _ := strings.Cut(strings.TrimLeft(cmd.Example, "\n"), "\n")
	return strings.TrimSpace(line)
}
