package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// overrideJSON is one override in JSON.
type overrideJSON struct {
	Release string `json:"release"`
	// Digest is the payload's: the artifact's, and behind a plus sign the
	// configuration's where there is one.
	Digest  string    `json:"digest"`
	Window  string    `json:"window"`
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
	// InForce is false once it has ended, or was withdrawn.
	InForce   bool            `json:"in_force"`
	Withdrawn *withdrawalJSON `json:"withdrawn"`
}

type withdrawalJSON struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

func toOverride(o override.Override, now time.Time) overrideJSON {
	out := overrideJSON{
		Release: o.Key().String(), Digest: o.Digest, Window: o.Window, Reason: o.Reason, By: o.By,
		At: o.At.UTC(), Expires: o.Expires.UTC(), InForce: o.InForce(now),
	}
	if w := o.Withdrawn; w != nil {
		out.Withdrawn = &withdrawalJSON{By: w.By, Reason: w.Reason, At: w.At.UTC()}
	}
	return out
}

func (a *app) overrideListCommand() *cobra.Command {
	return a.reads(&cobra.Command{
		Use:     "list [RELEASE]",
		Short:   "Show the overrides, with those that have ended",
		Example: "  sluice override list\n  sluice override list checkout/production --json",
		Args:    takes("[RELEASE]"),
		RunE: a.does(func(ctx context.Context, args []string) error {
			return a.reading(ctx, func(l ledger.Ledger) error {
				list, err := overridesOf(ctx, l, args)
				if err != nil {
					return err
				}
				if a.asJSON {
					out := []overrideJSON{}
					for _, o := range list {
						out = append(out, toOverride(o, a.clock.Now()))
					}
					return a.writeJSON(out)
				}
				if len(list) == 0 {
					a.say("Nothing was overridden.")
				}
				for _, o := range list {
					a.say("%s", overrideLines(o, a.clock.Now()))
				}
				return nil
			})
		}),
	})
}

func overridesOf(ctx context.Context, l ledger.Ledger, args []string) ([]override.Override, error) {
	if len(args) == 0 {
		return override.List(ctx, l)
	}
	key, err := parseRelease(args[0])
	if err != nil {
		return nil, err
	}
	return override.Of(ctx, l, key)
}

// overrideLines says all there is to know of an override, on a few lines.
func overrideLines(o override.Override, now time.Time) string {
	until := "until " + instant(o.Expires)
	switch {
	case o.Withdrawn != nil:
		until = fmt.Sprintf("withdrawn by %s at %s: %s", o.Withdrawn.By, instant(o.Withdrawn.At), o.Withdrawn.Reason)
	case !o.InForce(now):
		until = "over since " + instant(o.Expires)
	}
	digest, configuration, _ := strings.Cut(o.Digest, "+")
	what := artifact.Short(digest)
	if configuration != "" {
		what += " (configuration " + artifact.Short(configuration) + ")"
	}
	return fmt.Sprintf("window %q for %s %s  %s\n    by %s at %s, %s", o.Window, o.Key(), what,
		strings.Join(strings.Fields(o.Reason), " "), o.By, instant(o.At), until)
}
