package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
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
			done, err := a.operator(l).Abort(ctx, key, operator.AbortRequest{Reason: reason, Quarantine: quarantine, Request: request})
			return a.finish(key, done.Outcome, withNames(ctx, l, key, err), done.Text)
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
