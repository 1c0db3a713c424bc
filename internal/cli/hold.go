package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
)

const holdExample = "sluice hold environment/production --reason \"moving the database\" --until 2h"

func (a *app) holdCommand() *cobra.Command {
	var reason, until string
	cmd := &cobra.Command{
		Use:   "hold SCOPE --reason TEXT",
		Short: "Stop what goes forward, everywhere or somewhere",
		Long: `Places a stop order: nothing within the scope goes forward until it is lifted, or
until its end. It never stops a rollback. A scope is

  all
  environment/NAME
  service/NAME
  release/SERVICE/ENVIRONMENT`,
		Example: "  " + holdExample + "\n  sluice hold list\n  sluice hold lift environment/production --reason \"moved\"",
		Args:    takes("SCOPE"),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why: whoever is stopped wants to know (required)")
	cmd.Flags().StringVar(&until, "until", "", "when it ends by itself: a time such as 2026-12-01T08:00:00Z, or a duration such as 2h")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		scope, err := parseScope(args[0])
		if err != nil {
			return err
		}
		if err := needReason(reason); err != nil {
			return err
		}
		end, err := a.parseUntil(until)
		if err != nil {
			return err
		}
		return a.writing(ctx, func(l ledger.Ledger) error {
			h := hold.Hold{Scope: scope, Reason: reason, By: a.actor(), At: a.clock.Now(), Until: end}
			if err := hold.Place(ctx, l, h); err != nil {
				return holdError(err)
			}
			a.say("On hold: %s", holdLines(h, a.clock.Now()))
			a.say("Rollbacks are not held. To lift it:\n  sluice hold lift %s --reason \"...\"", scope)
			return a.warnOfNobody(ctx, l, scope)
		})
	})
	cmd.AddCommand(a.holdListCommand(), a.holdLiftCommand())
	return cmd
}

// warnOfNobody tells whoever mistyped a name that nothing is stopped by it. It is no
// error: a hold may wait for the first release.
func (a *app) warnOfNobody(ctx context.Context, l ledger.Ledger, scope hold.Scope) error {
	keys, err := releases(ctx, l)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if scope.Matches(gate.Subject{Service: key.Service, Environment: key.Environment}) {
			return nil
		}
	}
	a.note("%s", prose.Wrapped(fmt.Sprintf("Warning: no release that the ledger knows is within %s, so nothing is stopped by it yet; all of them: sluice status", scope), "", width(a.stderr)))
	return nil
}

func (a *app) holdListCommand() *cobra.Command {
	return a.reads(&cobra.Command{
		Use:     "list",
		Short:   "Show the holds that nobody lifted",
		Example: "  sluice hold list\n  sluice hold list --json",
		Args:    takes(),
		RunE: a.does(func(ctx context.Context, _ []string) error {
			return a.reading(ctx, func(l ledger.Ledger) error {
				// With an error these are the holds that could be read.
				list, err := hold.Everywhere(ctx, l)
				if a.asJSON {
					out := []holdJSON{}
					for _, h := range list {
						out = append(out, toHold(h, a.clock.Now()))
					}
					return errors.Join(err, a.writeJSON(out))
				}
				if len(list) == 0 && err == nil {
					a.say("Nothing is on hold.")
				}
				for _, h := range list {
					a.say("%s", holdLines(h, a.clock.Now()))
				}
				return err
			})
		}),
	})
}

func (a *app) holdLiftCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:     "lift SCOPE --reason TEXT",
		Short:   "Lift a hold, whoever placed it",
		Example: "  sluice hold lift environment/production --reason \"moved\"",
		Args:    takes("SCOPE"),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record (required)")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		scope, err := parseScope(args[0])
		if err != nil {
			return err
		}
		if err := needReason(reason); err != nil {
			return err
		}
		return a.writing(ctx, func(l ledger.Ledger) error {
			if err := hold.Lift(ctx, l, scope, a.actor(), reason, a.clock.Now()); err != nil {
				if errors.Is(err, ledger.ErrNotFound) {
					return fmt.Errorf("there is no hold of the scope %s to lift; what is on hold: sluice hold list", scope)
				}
				return holdError(err)
			}
			a.say("Lifted: %s", scope)
			return nil
		})
	})
	return cmd
}

func parseScope(text string) (hold.Scope, error) {
	scope, err := hold.ParseScope(text)
	if err == nil {
		return scope, nil
	}
	if strings.Count(text, "/") == 1 {
		return "", badInput("%w; for one release: release/%s", err, text)
	}
	return "", &ExitError{Code: BadUsage, Err: err}
}

// holdError tells what the user said wrong from what went wrong.
func holdError(err error) error {
	if errors.Is(err, hold.ErrInvalid) {
		return &ExitError{Code: BadUsage, Err: err}
	}
	return err
}

// parseUntil reads an instant, or a duration from now on. Empty is no end.
func (a *app) parseUntil(text string) (time.Time, error) {
	at, err := hold.ParseUntil(text, a.clock.Now())
	if err != nil {
		return at, badInput("--until %w", err)
	}
	return at, nil
}
