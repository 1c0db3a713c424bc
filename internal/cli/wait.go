package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// pollEvery is the time between two looks at the ledger.
const pollEvery = 500 * time.Millisecond

func (a *app) waitCommand() *cobra.Command {
	var timeout string
	cmd := a.reads(&cobra.Command{
		Use:   "wait RELEASE",
		Short: "Wait until the open rollout ends",
		Long: `Waits until the rollout that is open ends, or looks at the last one where none is,
and says with the exit code how it ended: 0 succeeded, 4 rolled back, 1 aborted or
errored, or still open after --timeout. So a job that released with a short wait
does not go green on a release that went back. Meanwhile it says on standard error
where the rollout stands, whenever that has changed. It only reads the ledger.`,
		Example: "  sluice wait checkout/production\n  sluice wait checkout/production --timeout 30m --json",
		Args:    takes("RELEASE"),
	})
	cmd.Flags().StringVar(&timeout, "timeout", "0s", "how long to wait, for example 30m; 0s for no limit")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		key, err := parseRelease(args[0])
		if err != nil {
			return err
		}
		limit, problem := field.ParseDuration(timeout, true)
		if problem != "" {
			return badInput("--timeout: %s", problem)
		}
		return a.reading(ctx, func(l ledger.Ledger) error { return a.wait(ctx, l, key, limit) })
	})
	return cmd
}

func (a *app) wait(ctx context.Context, l ledger.Ledger, key release.Key, limit time.Duration) error {
	started, warned, told := a.clock.Now(), false, ""
	f := follower{ledger: l, key: key}
	for {
		if _, err := f.next(ctx); err != nil {
			return err
		}
		r := f.history.Last()
		if r == nil {
			return fmt.Errorf("%s has had no rollout, so there is none to wait for; what serves was adopted", key)
		}
		if r.State.Final() {
			return a.showEnd(key, f.history, r)
		}
		if limit > 0 && a.clock.Now().Sub(started) >= limit {
			return fmt.Errorf("rollout %d of %s is still open after %s: %s at %s; to go on waiting: sluice wait %s", r.Number, key, limit, words(r.State), percent(r.Weight), key)
		}
		if where := r.Where(); where != told {
			told = where
			a.note("%s: %s", key, where)
		}
		if !warned {
			lease, err := l.Lease(ctx, key.LeaseName())
			if err != nil {
				return err
			}
			if warned = lease.Holder == ""; warned {
				a.note("Nobody drives rollout %d now. To drive it: sluice continue %s", r.Number, key)
			}
		}
		if err := a.clock.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// showEnd says how a rollout ended, with the exit code and the words of an apply.
func (a *app) showEnd(key release.Key, h *release.History, r *release.Rollout) error {
	out := release.Outcome{Key: key, Result: resultOf(r), Rollout: r, Payload: h.Serving(), History: h}
	if r.Final != nil {
		out.Serving = r.Final.Serving
	}
	return a.finish(key, out, endedError(key, h, r), fmt.Sprintf("Rollout %d of %s succeeded; %s serves.", r.Number, key, label(h.Serving())))
}
