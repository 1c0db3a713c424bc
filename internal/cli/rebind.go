package cli

import (
	"context"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

// rebindJSON is what sluice ledger rebind --json writes.
type rebindJSON struct {
	// Ledger stands in for From from now on; From is empty where nobody named it.
	Ledger string `json:"ledger"`
	From   string `json:"from"`
}

func (a *app) ledgerCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:     "ledger",
		Short:   "Care for the ledger itself",
		Example: "  sluice ledger rebind --from 6f1c2d3e-0000-4000-8000-000000000000 --reason \"the disk died\"",
	}, a.copyCommand(), a.unsealCommand(), a.checkCommand(), a.rebindCommand(), a.scopeCommand())
}

func (a *app) rebindCommand() *cobra.Command {
	var from, reason string
	cmd := a.reads(&cobra.Command{
		Use:   "rebind [--from UUID] --reason TEXT",
		Short: "Let this ledger stand in for one that is lost",
		Long: `Records that this ledger stands in for a lost one: the Terraform states that were
bound to that one accept it, and targets take its orders, since the numbers by
which they tell an old driver from a new one go on above the lost ledger's. The
ledger is created where there is none. What the lost one knew is gone: history,
quarantine and holds. Restore a copy instead wherever there is one.

The UUID of the lost ledger is in the error message of the plan, and in the
attribute ledger_id of each resource's state. Leave --from out only where no state
is left that knows it.`,
		Example: `  sluice ledger rebind --reason "the disk died"
  sluice ledger rebind --from 6f1c2d3e-0000-4000-8000-000000000000 --reason "the disk died" --json`,
		Args: takes(),
	})
	cmd.Flags().StringVar(&from, "from", "", "UUID of the ledger that is lost")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record (required)")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if err := needReason(reason); err != nil {
			return err
		}
		if lost, err := uuid.Parse(from); err == nil {
			from = lost.String()
		} else if from != "" {
			return badInput("--from %q is no UUID; it is that of the lost ledger, as the error of the plan names it, for example 6f1c2d3e-0000-4000-8000-000000000000", from)
		}
		return a.withLedger(ctx, ledgers.Options{}, a.telling(ctx, func(l ledger.Ledger) error {
			if err := ledger.Rebind(ctx, l, from, reason, a.actor(), a.clock.Now()); err != nil {
				return err
			}
			id, err := l.ID(ctx)
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.writeJSON(rebindJSON{Ledger: id, From: from})
			}
			stands := from
			if stands == "" {
				stands = "the lost one"
			}
			a.say("The ledger %s\nstands in for %s from now on.", id, stands)
			a.say("An anchor that was saved before may be of a record that is lost. Save a new one:\n  sluice verify --checkpoint anchor.json")
			return nil
		}))
	})
	return cmd
}
