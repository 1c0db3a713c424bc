package cli

import (
	"context"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func (a *app) credentialsCommand() *cobra.Command {
	var valid bool
	cmd := a.reads(&cobra.Command{
		Use:   "credentials [RELEASE]",
		Short: "List the credentials that were handed out for rollouts",
		Long: `Lists what the ephemeral resource sluice_aws_credentials has handed out, the newest
last: when and to whom, for which rollout and scope, as which role, and until when.
The key's id is the one that CloudTrail shows. The ledger has no secrets.`,
		Example: "  sluice credentials\n  sluice credentials checkout/production --valid --json",
		Args:    takes("[RELEASE]"),
	})
	cmd.Flags().BoolVar(&valid, "valid", false, "only those that have not expired")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		var key release.Key
		if len(args) > 0 {
			var err error
			if key, err = parseRelease(args[0]); err != nil {
				return err
			}
		}
		return a.reading(ctx, func(l ledger.Ledger) error {
			list, err := grant.List(ctx, l, key)
			if err != nil {
				return err
			}
			if valid {
				now := a.clock.Now()
				list = slices.DeleteFunc(list, func(h grant.Handed) bool { return !h.Expiration.After(now) })
			}
			if a.asJSON {
				return a.writeJSON(list)
			}
			a.credentialsText(list)
			return nil
		})
	})
	return cmd
}

func (a *app) credentialsText(list []grant.Handed) {
	if len(list) == 0 {
		a.say("No credentials.")
		return
	}
	t := newTable("at", "release", "rollout", "scope", "by", "role", "key", "until")
	for _, h := range list {
		t.AppendRow(table.Row{instant(h.At), h.Release, h.Number, words(string(h.Scope)), h.By, h.Role, h.AccessKeyID, instant(h.Expiration)})
	}
	a.say("%s", t.Render())
}
