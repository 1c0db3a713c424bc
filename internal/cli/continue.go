package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
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
			return a.driving(ctx, func(l ledger.Ledger) error {
				if _, err := history(ctx, l, key); err != nil {
					return err
				}
				out, err := a.engine(l).Continue(ctx, key)
				done := fmt.Sprintf("No rollout of %s is open; %s serves.", key, label(out.Payload))
				if out.Rollout != nil && out.Result != release.Unchanged {
					done = fmt.Sprintf("Rollout %d of %s %s; %s serves.", out.Rollout.Number, key, words(out.Rollout.State), label(out.Payload))
				}
				return a.finish(key, out, err, done)
			})
		}),
	})
}
