package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func (a *app) quarantineCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "quarantine",
		Short: "Forbid an artifact in an environment, or allow it again",
		Long: `A quarantined artifact is not tried again in that environment until somebody lifts
it, with a reason. Harm, a failed check and a person's rollback quarantine by
themselves.`,
		Example: "  sluice quarantine list\n  sluice quarantine lift checkout/production --reason \"it was the database\"",
	}, a.quarantineAddCommand(), a.quarantineLiftCommand(), a.quarantineListCommand())
}

func (a *app) quarantineAddCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "add RELEASE ARTIFACT --reason TEXT",
		Short: "Forbid an artifact in the release's environment",
		Long: `ARTIFACT is a version or the beginning of a digest that the release has had, also by
a former name, or any reference that ends in a digest.`,
		Example: "  sluice quarantine add checkout/production 1.2.0 --reason \"corrupts baskets\"",
		Args:    takes("RELEASE", "ARTIFACT"),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record (required)")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		key, err := parseRelease(args[0])
		if err != nil {
			return err
		}
		if err := needReason(reason); err != nil {
			return err
		}
		return a.writing(ctx, func(l ledger.Ledger) error {
			h, err := history(ctx, l, key)
			if err != nil {
				return err
			}
			p, err := hasHad(ctx, l, h, args[1])
			if full := (artifact.Artifact{Reference: args[1]}); full.Digest() != "" && err != nil {
				p, err = artifact.Payload{Artifact: full}, nil
			}
			if err != nil {
				return err
			}
			if err := a.engine(l).Quarantine(ctx, key, p, reason); err != nil {
				return err
			}
			a.say("Quarantined in %s: %s", key, p.Label())
			return nil
		})
	})
	return cmd
}

func (a *app) quarantineLiftCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "lift RELEASE [ARTIFACT] --reason TEXT",
		Short: "Allow a quarantined artifact again",
		Long: `ARTIFACT is a version or the beginning of a digest; it may be left out where only
one is quarantined. The release may be given as SERVICE ENVIRONMENT, too.`,
		Example: "  sluice quarantine lift checkout/production --reason \"it was the database\"\n  sluice quarantine lift checkout/production 1.2.0 --reason \"it was the database\"",
		Args:    takes("RELEASE", "[ARTIFACT]", "[ARTIFACT]"),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record (required)")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if len(args) > 1 && !strings.Contains(args[0], "/") {
			args = append([]string{args[0] + "/" + args[1]}, args[2:]...)
		}
		key, err := parseRelease(args[0])
		if err != nil {
			return err
		}
		if err := needReason(reason); err != nil {
			return err
		}
		return a.writing(ctx, func(l ledger.Ledger) error {
			h, err := history(ctx, l, key)
			if err != nil {
				return err
			}
			name := ""
			if len(args) > 1 {
				name = args[1]
			}
			p, err := oneOf(condemned(h), name, "artifact that is quarantined in "+key.String())
			if err != nil {
				return err
			}
			if err := a.engine(l).Lift(ctx, key, p.Key(), reason); err != nil {
				return err
			}
			a.say("Allowed again in %s: %s", key, p.Label())
			return nil
		})
	})
	return cmd
}

func (a *app) quarantineListCommand() *cobra.Command {
	return a.reads(&cobra.Command{
		Use:     "list [RELEASE]",
		Short:   "Show what is quarantined, and why",
		Example: "  sluice quarantine list\n  sluice quarantine list checkout/production --json",
		Args:    takes("[RELEASE]"),
		RunE: a.does(func(ctx context.Context, args []string) error {
			return a.reading(ctx, func(l ledger.Ledger) error {
				o, err := look(ctx, l, args)
				if err != nil {
					return err
				}
				list := []quarantineJSON{}
				for _, v := range o.releases {
					list = append(list, quarantineOf(v.history)...)
				}
				if a.asJSON {
					return a.writeJSON(list)
				}
				if len(list) == 0 {
					a.say("Nothing is quarantined.")
				}
				for _, q := range list {
					a.quarantineLine(q)
				}
				return nil
			})
		}),
	})
}

// known lists the payloads that a release has had.
func known(h *release.History) []artifact.Payload {
	list := append([]artifact.Payload{}, h.Succeeded...)
	for _, r := range h.Rollouts {
		list = append(list, r.Spec.Payload)
	}
	return list
}

func condemned(h *release.History) []artifact.Payload {
	var list []artifact.Payload
	for _, q := range h.Quarantine {
		list = append(list, q.Payload)
	}
	return list
}
