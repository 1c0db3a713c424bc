package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

type rollbackFlags struct {
	reason          string
	dryRun          bool
	spec, writeSpec string
}

func (a *app) rollbackCommand() *cobra.Command {
	var f rollbackFlags
	cmd := a.reads(&cobra.Command{
		Use:   "rollback [RELEASE] --reason TEXT",
		Short: "Go back to what served before, at once",
		Long: `Goes back to the last artifact that succeeded before the one that serves and is not
quarantined, and quarantines the one it leaves, so that the next merge does not
ship it again. An open rollout is aborted instead. No gate is asked: no window,
no hold and no approval delays it.

Without access to the target the request alone is recorded; whoever drives the
rollout goes back then. It is an error when nobody lives to do that.

A ledger that is locked, full or damaged stops nobody: the rollback then goes by
what can still be read, and is not recorded. --write-spec saves all that a rollback
needs to a file; --spec goes back by that file without any ledger.

--dry-run asks the target now and says what would be done, in order, and whether
the way is open: the old artifact, the path, the capacity, and what is irreversible.
Where the rollback would be refused at once, since the ledger is behind its target, it
ends with the same error and exit code.`,
		Example: `  sluice rollback checkout/production --reason "checkout is slow"
  sluice rollback checkout/production --dry-run --json
  sluice rollback checkout/production --write-spec checkout.json
  sluice rollback --spec checkout.json --reason "the ledger is gone"`,
		Args: takes("[RELEASE]"),
	})
	flags := cmd.Flags()
	flags.StringVar(&f.reason, "reason", "", "why, for the record (required to go back)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would be done, and change nothing")
	flags.StringVar(&f.spec, "spec", "", "go back by this file, without any ledger")
	flags.StringVar(&f.writeSpec, "write-spec", "", "save what a rollback needs to this file, and change nothing")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if err := exclusive(cmd, "spec", "write-spec"); err != nil {
			return err
		}
		if f.spec != "" {
			return a.backBySpec(ctx, args, f)
		}
		if len(args) == 0 {
			return badInput("the release is missing; name it, for example: sluice rollback checkout/production --reason \"checkout is slow\"")
		}
		key, err := parseRelease(args[0])
		if err != nil {
			return err
		}
		switch {
		case f.writeSpec != "":
			return a.reading(ctx, func(l ledger.Ledger) error { return a.writeBackSpec(ctx, l, key, f.writeSpec) })
		case f.dryRun:
			return a.reading(ctx, func(l ledger.Ledger) error { return a.planBack(ctx, l, key) })
		}
		if err := needReason(f.reason); err != nil {
			return err
		}
		return a.urgently(ctx, key, f.reason, func(l ledger.Ledger) error { return a.back(ctx, l, key, f.reason) })
	})
	return cmd
}

func (a *app) back(ctx context.Context, l ledger.Ledger, key release.Key, reason string) error {
	done, err := a.operator(l).Rollback(ctx, key, reason)
	return a.finish(key, done.Outcome, nothingBefore(ctx, l, key, withNames(ctx, l, key, err)), done.Text)
}

// backPlanJSON is what sluice rollback --dry-run --json writes.
type backPlanJSON struct {
	Release string `json:"release"`
	// From would be left and quarantined, To would serve.
	From *payloadJSON `json:"from"`
	To   *payloadJSON `json:"to"`
	// Aborts is the number of the open rollout that would be aborted, 0 for none.
	Aborts int `json:"aborts"`
	// Resumes is the number of a rollback that is open already and would be brought to
	// its end, 0 for none.
	Resumes int      `json:"resumes,omitempty"`
	Steps   []string `json:"steps"`
	// Serving is what the target says now, in words.
	Serving string `json:"serving"`
	// Effects are what the target would be asked for, in order.
	Effects []string `json:"effects"`
	// Rehearsal is what was found of this way back now; null with --spec.
	Rehearsal *rehearsalJSON `json:"rehearsal"`
}

func (a *app) planBack(ctx context.Context, l ledger.Ledger, key release.Key) error {
	e := a.engine(l)
	e.CallTimeout = lookTimeout
	plan, err := e.PlanBack(ctx, key)
	if errors.Is(err, release.ErrUnknown) {
		return unknownRelease(ctx, l, key)
	}
	if err != nil {
		return nothingBefore(ctx, l, key, err)
	}
	if a.asJSON {
		out := backPlanJSON{
			Release: key.String(), From: toPayloadOrNull(plan.From), To: toPayloadOrNull(plan.To),
			Steps: plan.Steps, Serving: plan.Serves(),
			Effects: plan.Effects, Rehearsal: toRehearsal(&plan.Rehearsal),
		}
		switch open := plan.Open; {
		case open != nil && open.Kind == release.BackOut:
			out.Resumes = open.Number
		case open != nil:
			out.Aborts = open.Number
		}
		return errors.Join(a.refusedBack(plan), a.writeJSON(out))
	}
	a.say("A rollback of %s now would go from %s to %s:", key, label(plan.From), label(plan.To))
	for i, step := range plan.Steps {
		a.say("  %d  %s", i+1, step)
	}
	a.say("The target would be asked to")
	for _, effect := range plan.Effects {
		a.say("     %s", effect)
	}
	a.say("What serves now: %s", plan.Serves())
	a.rehearsalText(toRehearsal(&plan.Rehearsal))
	if err := a.refusedBack(plan); err != nil {
		a.say("Nothing was changed. It would be refused now.")
		return err
	}
	a.say("Nothing was changed. To do it: sluice rollback %s --reason \"...\"", key)
	return nil
}

// refusedBack is the error with which the rollback itself would end before it began, nil
// where it would begin.
func (a *app) refusedBack(plan release.BackPlan) error {
	err := plan.Refused()
	if err == nil {
		return nil
	}
	return a.told(err, plan.Key, release.Outcome{})
}
