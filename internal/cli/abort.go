package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func (a *app) abortCommand() *cobra.Command {
	var reason string
	var quarantine, request bool
	cmd := a.reads(&cobra.Command{
		Use:   "abort RELEASE --reason TEXT",
		Short: "Stop the open rollout and send all traffic back",
		Long: `Stops the rollout that is open: the request is recorded, the lease is taken from
whoever drives, and all traffic goes back to what served before. No gate is asked.

Without access to the target the request alone is recorded; whoever drives the
rollout goes back then. It is an error when nobody lives to do that.`,
		Example: `  sluice abort checkout/production --reason "errors in the shop"
  sluice abort checkout/production --reason "corrupts baskets" --quarantine --json
  sluice abort checkout/production --reason "no access from here" --request`,
		Args: takes("RELEASE"),
	})
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record (required)")
	cmd.Flags().BoolVar(&quarantine, "quarantine", false, "the artifact is bad: do not let it be released here again")
	cmd.Flags().BoolVar(&request, "request", false, "only ask whoever drives the rollout, even with access to the target")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		key, err := parseRelease(args[0])
		if err != nil {
			return err
		}
		if err := needReason(reason); err != nil {
			return err
		}
		return a.urgently(ctx, key, reason, func(l ledger.Ledger) error {
			e := a.engine(l)
			status, err := a.reach(ctx, e, key)
			if err != nil {
				return err
			}
			open := status.History.Open()
			if open == nil {
				return fmt.Errorf("no rollout of %s is open, so there is nothing to abort; to leave what serves: sluice rollback %s --reason \"...\"", key, key)
			}
			req := release.RequestBody{By: a.actor(), Reason: reason, Cause: release.CauseOperator, Quarantine: quarantine}
			if request || status.LookErr != nil {
				if err := e.RequestAbort(ctx, key, req); err != nil {
					return err
				}
				return a.awaitTaker(ctx, l, key, open.Number, status.LookErr)
			}
			out, err := e.Abort(ctx, key, req)
			return a.finish(key, out, err, fmt.Sprintf("Rollout %d of %s is aborted; %s serves.", open.Number, key, label(open.Baseline)))
		})
	})
	return cmd
}

// needReason refuses an empty reason: the record of what a person did says why.
func needReason(reason string) error {
	if reason == "" {
		return badInput("--reason is missing; say why, for the record, for example --reason \"errors in the shop\"")
	}
	return nil
}
