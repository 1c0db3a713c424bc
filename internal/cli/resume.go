package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// resumedJSON is what sluice resume --json writes.
type resumedJSON struct {
	Release string       `json:"release"`
	Rollout *rolloutJSON `json:"rollout"`
	By      string       `json:"by"`
	Reason  string       `json:"reason"`
	// Driver holds the lease and goes on, null where nobody does.
	Driver *string `json:"driver"`
}

func (a *app) resumeCommand() *cobra.Command {
	var reason string
	cmd := a.reads(&cobra.Command{
		Use:   "resume RELEASE --reason TEXT",
		Short: "Let a rollout go on that waits for a person",
		Long: `Records that the step in which the open rollout waits may end: a pause without a
length, or a step whose deadline found no verdict. Whoever drives the rollout goes
on with the next step, whose gates are asked as ever. Your name and the reason are
in the ledger, and the word counts for this step of this rollout alone.

Of a release over many targets all that wait for a person now go on; name one to
let that one alone go on: sluice resume checkout/production/eu-1.

What waits for something else is refused, with why: a gate, data or a target that
somebody moved go on by themselves, and harm is not passed by a word.`,
		Example: `  sluice resume checkout/production --reason "looked at the new basket"
  sluice resume checkout/production --reason "looked at the new basket" --json`,
		Args: takes("RELEASE"),
	})
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
			if _, err := history(ctx, l, key); err != nil {
				return err
			}
			r, err := a.engine(l).Resume(ctx, key, a.actor(), reason)
			if err != nil {
				return toldResume(err)
			}
			lease, err := l.Lease(ctx, key.LeaseName())
			if err != nil {
				return err
			}
			return a.resumed(key, r, reason, lease)
		})
	})
	return cmd
}

// resumed says what follows from the word.
func (a *app) resumed(key release.Key, r *release.Rollout, reason string, lease ledger.Lease) error {
	if a.asJSON {
		out := resumedJSON{Release: key.String(), Rollout: toRollout(key, r, a.clock.Now()), By: a.actor(), Reason: reason}
		if lease.Holder != "" {
			out.Driver = &lease.Holder
		}
		return a.writeJSON(out)
	}
	next := "Nobody drives it; to go on: sluice continue " + key.String()
	if lease.Holder != "" {
		next = "It is driven by " + lease.Holder + ", who goes on."
	}
	if r.Waves != nil {
		a.say("The targets of %s that wait for a person now may go on; those that come to wait later need another word. %s", key, next)
		return nil
	}
	a.say("Rollout %d of %s may go on from step %d of %d. %s", r.Number, key, r.Step+1, len(r.Steps), next)
	return nil
}

// toldResume puts a refusal into two parts.
func toldResume(err error) error {
	var refused *release.ResumeError
	if !errors.As(err, &refused) {
		return err
	}
	return &toldError{
		summary: fmt.Sprintf("Unable to resume %s: %s", refused.Key, refused.Why),
		detail:  "What to do      " + refused.Remedy, err: err,
	}
}
