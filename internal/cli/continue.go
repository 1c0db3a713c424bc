package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// continuing is what sluice continue was asked for.
type continuing struct {
	all          bool
	wait, atMost string
	stay         release.Stay
}

func (a *app) continueCommand() *cobra.Command {
	var c continuing
	cmd := a.reads(&cobra.Command{
		Use:   "continue [RELEASE]",
		Short: "Drive an open rollout on, to its end or for a while",
		Long: `Takes up a rollout that nobody drives and brings it to its end, exactly as the next
terraform apply would: from the step where it stands, with the specification that
it was opened with. The exit code says how it ended. Ctrl-C leaves it open.

For a scheduled job, --wait step returns when the step is decided, and earlier when
only time is missing; --wait started does what is due now and returns. --at-most
bounds the run, so that it ends before the job or its credentials do. A rollout that
is left open so is no failure: the exit code is 0. What goes back is driven to its
end whatever these say.

With --all it goes on with every open rollout of the ledger, eight at a time. One
that somebody else drives is left to them, and is no failure. The exit code is that
of the worst: 1 before 4 before 3.`,
		Example: "  sluice continue checkout/production\n  sluice continue checkout/production --wait step --at-most 50m\n  sluice continue --all --wait step --at-most 4m\n  sluice continue checkout/production --ledger sqlite:.sluice/ledger.db --actor kim@acme --json",
		Args:    takes("[RELEASE]"),
	})
	cmd.Flags().BoolVar(&c.all, "all", false, "go on with every open rollout of the ledger")
	cmd.Flags().StringVar(&c.wait, "wait", string(release.WaitComplete), "how long to stay: "+strings.Join(release.Waits(), ", "))
	cmd.Flags().StringVar(&c.atMost, "at-most", "0s", "return after this time in any case, for example 50m; 0s for no limit; default: "+operator.WaitAtMostEnv)
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if err := a.prepareContinue(&c, args); err != nil {
			return err
		}
		if c.all {
			return a.driving(ctx, func(l ledger.Ledger, wrong error) error { return a.continueAll(ctx, l, c.stay, wrong) })
		}
		key, err := parseRelease(args[0])
		if err != nil {
			return err
		}
		return a.driving(ctx, func(l ledger.Ledger, wrong error) error { return a.continueOne(ctx, l, key, c.stay, wrong) })
	})
	return cmd
}

// prepareContinue reads the flags.
func (a *app) prepareContinue(c *continuing, args []string) error {
	switch {
	case c.all && len(args) > 0:
		return badInput("--all and a release cannot be given together; leave one of them out, for example: sluice continue --all")
	case !c.all && len(args) == 0:
		return badInput("RELEASE is missing; name one, or go on with all; for example: sluice continue checkout/production, or: sluice continue --all")
	case !slices.Contains(release.Waits(), c.wait):
		return badInput("--wait: %q is not a wait; it must be %s, for example --wait step", c.wait, strings.Join(release.Waits(), ", "))
	}
	name, text := "--at-most", c.atMost
	if env := a.env(operator.WaitAtMostEnv); env != "" && text == "0s" {
		name, text = operator.WaitAtMostEnv, env
	}
	limit, problem := field.ParseDuration(text, true)
	if problem != "" {
		return badInput("%s: %s", name, problem)
	}
	c.stay = release.Stay{Wait: release.Wait(c.wait)}
	if limit > 0 {
		c.stay.Deadline = a.clock.Now().Add(limit)
	}
	return nil
}

// continueOne goes on with one release. Where somebody else drives it, that is a
// failure only for who wants to see the end. Where what is above is given wrongly, only a
// way back goes on.
func (a *app) continueOne(ctx context.Context, l ledger.Ledger, key release.Key, stay release.Stay, wrong error) error {
	h, err := history(ctx, l, key)
	if err != nil {
		return errors.Join(wrong, err)
	}
	if wrong != nil && !returning(h) {
		return wrong
	}
	did, err := a.operator(l).Continue(ctx, key, stay)
	var held *ledger.HeldError
	if errors.As(err, &held) && stay.Wait.Short() && h.Open() != nil {
		out := release.Outcome{Key: key, Result: release.Underway, Rollout: h.Open(), Payload: &h.Open().Spec.Payload, History: h}
		return a.finish(key, out, nil, fmt.Sprintf("Rollout %d of %s is driven by %s.", h.Open().Number, key, held.GoesOn()))
	}
	return a.finish(key, did.Outcome, err, did.Text)
}
