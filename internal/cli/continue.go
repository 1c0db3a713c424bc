package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func (a *app) continueCommand() *cobra.Command {
	return a.reads(&cobra.Command{
		Use:   "continue RELEASE",
		Short: "Drive an open rollout to its end",
		Long: `Takes up a rollout that nobody drives and brings it to its end, exactly as the next
terraform apply would: from the step where it stands, with the specification that
it was opened with. The exit code says how it ended. Ctrl-C leaves it open.`,
		Example: "  sluice continue checkout/production\n  sluice continue checkout/production --ledger sqlite:.sluice/ledger.db --actor kim@acme --json",
		Args:    takes("RELEASE"),
		RunE: a.does(func(ctx context.Context, args []string) error {
			key, err := parseRelease(args[0])
			if err != nil {
				return err
			}
			return a.writing(ctx, func(l ledger.Ledger) error {
				if _, err := history(ctx, l, key); err != nil {
					return err
				}
				done, err := a.operator(l).Continue(ctx, key)
				return a.finish(key, done.Outcome, err, done.Text)
			})
		}),
	})
}
