package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
)

func (a *app) notificationCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "notification",
		Short: "See and deliver what others are told",
		Long: `Others are told of what happens through the notifications that Terraform declares:
webhooks and files. Whoever drives a release delivers beside it, the agent does all
the time, and a cron job can, with sluice notification deliver.`,
		Example: "  sluice notification status",
	}, a.notificationStatusCommand(), a.notificationDeliverCommand(), a.notificationSkipCommand())
}

func (a *app) notificationStatusCommand() *cobra.Command {
	return a.reads(&cobra.Command{
		Use:   "status",
		Short: "Show what has not been delivered, and why",
		Long: `Shows each notification with the events that its receiver has not taken, since when
the oldest of them waits, and the last error. Nothing of it is ever dropped.`,
		Example: "  sluice notification status\n  sluice notification status --json",
		Args:    takes(),
		RunE: a.does(func(ctx context.Context, _ []string) error {
			return a.reading(ctx, func(l ledger.Ledger) error {
				all, err := a.deliverer(l).Standings(ctx)
				if err != nil {
					return err
				}
				return a.showStandings(all)
			})
		}),
	})
}

func (a *app) notificationDeliverCommand() *cobra.Command {
	var wait string
	cmd := a.reads(&cobra.Command{
		Use:   "deliver",
		Short: "Deliver what is open",
		Long: `Delivers what receivers have not taken yet, each release's events in their order. It
is for a cron job where no agent runs. The exit code is 1 where something stays
open, which the next call tries again. While another process delivers it waits for
that one, and takes over from one that died.`,
		Example: "  sluice notification deliver\n  sluice notification deliver --timeout 5m --json",
		Args:    takes(),
	})
	cmd.Flags().StringVar(&wait, "timeout", "1m", "how long to deliver at most, for example 5m; what is open then stays open")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		limit, problem := field.ParseDuration(wait, false)
		if problem != "" {
			return badInput("--timeout: %s", problem)
		}
		return a.withWritable(ctx, func(l ledger.Ledger) error { return a.deliver(ctx, l, limit) })
	})
	return cmd
}

// deliver makes one round, with the patience to see that another deliverer has died.
func (a *app) deliver(ctx context.Context, l ledger.Ledger, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	d := a.deliverer(l)
	d.Patience = limit
	reports, err := d.Round(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if shown := a.showReports(reports); shown != nil {
		return shown
	}
	if err != nil {
		return fmt.Errorf("not everything could be delivered within %s; what is open stays open, and the next call goes on: sluice notification status", field.FormatDuration(limit))
	}
	return unsent(reports)
}

// unsent is the error where a receiver did not take everything.
func unsent(reports []notify.Report) error {
	var errs []error
	for _, r := range reports {
		switch {
		case r.Err != nil:
			errs = append(errs, fmt.Errorf("the notification %q stays open: %w", r.Name, r.Err))
		case r.Busy:
			errs = append(errs, fmt.Errorf("the notification %q is being delivered by somebody else", r.Name))
		}
	}
	return errors.Join(errs...)
}

// skipPatience is how long the command waits for whoever delivers.
const skipPatience = time.Minute

func (a *app) notificationSkipCommand() *cobra.Command {
	var reason string
	cmd := a.reads(&cobra.Command{
		Use:   "skip NAME EVENT --reason TEXT",
		Short: "Pass over one event that a receiver refuses for good",
		Long: `A receiver that refuses an event keeps back what follows in the same release's
stream, since nothing is dropped. This passes over that one event, by its id, which
sluice notification status shows, and records who did so and why.`,
		Example: `  sluice notification skip events 3f0c9a52-5d7e-5c1b-9b1e-2a4d6c8e0f11 --reason "they cannot parse it"
  sluice notification skip events 3f0c9a52-5d7e-5c1b-9b1e-2a4d6c8e0f11 --reason "they cannot parse it" --json`,
		Args: takes("NAME", "EVENT"),
	})
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record (required)")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if err := needReason(reason); err != nil {
			return err
		}
		return a.withWritable(ctx, func(l ledger.Ledger) error {
			d := a.deliverer(l)
			d.Patience = skipPatience
			e, err := d.Skip(ctx, args[0], args[1], reason)
			if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, notify.ErrNotNext) {
				return fmt.Errorf("%w; what is open: sluice notification status", err)
			}
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.writeJSON(toNext(e))
			}
			a.say("Passed over: %s of %s, %s. What follows is delivered next.", e.Type, e.Subject, e.Time.Format(time.RFC3339))
			return nil
		})
	})
	return cmd
}

// withWritable opens a ledger that is there for writing, without delivering beside it.
func (a *app) withWritable(ctx context.Context, f func(ledger.Ledger) error) error {
	return a.withLedger(ctx, ledgers.Options{MustExist: true}, f)
}
