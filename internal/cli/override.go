package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate/override"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// overrideFlags are what names an override on the command line.
type overrideFlags struct {
	digest, reason, expires string
	windows                 []string
}

func (f *overrideFlags) add(cmd *cobra.Command, reason string) {
	cmd.Flags().StringVar(&f.digest, "digest", "", "digest of the artifact, with the configuration's behind a plus sign where the release has one; a version that the release has had will do (required)")
	cmd.Flags().StringArrayVar(&f.windows, "window", nil, "name of the window; may be given again for more of them (required)")
	cmd.Flags().StringVar(&f.reason, "reason", "", reason)
}

func (a *app) overrideCommand() *cobra.Command {
	var f overrideFlags
	cmd := &cobra.Command{
		Use:   "override RELEASE --digest DIGEST --window NAME --reason TEXT --expires TIME",
		Short: "Let one artifact through a change window that is closed",
		Long: `Records that one artifact may go forward in one environment although a change window
is closed, until a time of at most 24 hours. It is bound to the digest, has an author
and a reason, and stands in the ledger for good; every plan that leans on it says so.
It opens nothing but the windows that it names: holds and quarantines stay.

Who may do it is the window's attribute override_by. A rollback needs no override.`,
		Example: `  sluice override checkout/production --digest sha256:9f2c... --window black-friday --reason "checkout is down" --expires 2h
  sluice override list
  sluice override withdraw checkout/production --digest sha256:9f2c... --window black-friday --reason "not needed"`,
		Args: takes("RELEASE"),
	}
	f.add(cmd, "why: whoever reads the record wants to know (required)")
	cmd.Flags().StringVar(&f.expires, "expires", "", "when it ends: a duration from now on such as 2h, or a time such as 2026-12-01T08:00:00Z (required)")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		key, err := f.check(args[0])
		if err != nil {
			return err
		}
		if f.expires == "" {
			return badInput("--expires is required: an override ends by itself, at most %d hours from now, for example --expires 2h", int(override.MaxFor.Hours()))
		}
		end, err := a.parseUntil(f.expires)
		if err != nil {
			return badInput("%s", strings.Replace(err.Error(), "--until", "--expires", 1))
		}
		return a.writing(ctx, func(l ledger.Ledger) error { return a.record(ctx, l, key, f, end) })
	})
	cmd.AddCommand(a.overrideListCommand(), a.overrideWithdrawCommand())
	return cmd
}

// check reads what every override needs.
func (f overrideFlags) check(name string) (release.Key, error) {
	key, err := parseRelease(name)
	switch {
	case err != nil:
		return key, err
	case f.digest == "":
		return key, badInput("--digest is required: an override is bound to one artifact, for example --digest sha256:9f2c...; sluice gates %s prints the whole command", key)
	case len(f.windows) == 0:
		return key, badInput("--window is required: the name of the window that is closed, for example --window black-friday; sluice gates %s prints the whole command", key)
	}
	return key, needReason(f.reason)
}

// record writes an override of each window, once all of them may be.
func (a *app) record(ctx context.Context, l ledger.Ledger, key release.Key, f overrideFlags, end time.Time) error {
	digest, err := a.digestOf(ctx, l, key, f.digest)
	if err != nil {
		return err
	}
	declared, err := window.Overridable(ctx, l)
	if err != nil {
		return err
	}
	now := a.clock.Now()
	for _, name := range f.windows {
		if above, own := scope.SplitName(name); above != "" {
			return &ExitError{Code: Blocked, Err: fmt.Errorf("the window %q is of the scope %s, which is above, so nobody can override it here; whoever may write to the ledger of %s can, with --ledger naming that one: %s",
				name, above, above, window.Command(key, digest, own))}
		}
		i := slices.IndexFunc(declared, func(w calendar.Window) bool { return w.Name == name })
		switch {
		case i < 0:
			return badInput("the ledger declares no window %q; it declares %s", name, windowNames(declared))
		case !declared[i].MayOverride(a.actor()):
			return &ExitError{Code: Blocked, Err: fmt.Errorf("%s may not override the window %q: its attribute override_by allows %s", a.actor(), name, allowedTo(declared[i].OverrideBy))}
		}
	}
	for _, name := range f.windows {
		o := override.Override{
			Service: key.Service, Environment: key.Environment, Digest: digest, Window: name,
			Reason: f.reason, By: a.actor(), At: now, Expires: end,
		}
		if err := override.Record(ctx, l, o); err != nil {
			return overrideError(err)
		}
		a.say("Overridden: %s", overrideLines(o, now))
	}
	a.say("Every plan that leans on it will say so. To take it back:\n  %s", window.Withdrawal(key, digest, f.windows...))
	return nil
}

// digestOf is the payload's key that a person means.
func (a *app) digestOf(ctx context.Context, l ledger.Ledger, key release.Key, text string) (string, error) {
	if override.IsDigest(text) {
		return text, nil
	}
	h, err := history(ctx, l, key)
	if err != nil && !errors.Is(err, release.ErrUnknown) {
		return "", err
	}
	var list []artifact.Payload
	if err == nil {
		list = known(h)
	}
	p, err := oneOf(list, text, "payload that "+key.String()+" has had")
	if err != nil {
		return "", badInput("--digest %q is no whole digest, such as sha256: and 64 hexadecimal digits, and means nothing else: %w", text, err)
	}
	return p.Key(), nil
}

func (a *app) overrideWithdrawCommand() *cobra.Command {
	var f overrideFlags
	cmd := &cobra.Command{
		Use:     "withdraw RELEASE --digest DIGEST --window NAME --reason TEXT",
		Short:   "Take back an override that has not ended",
		Example: `  sluice override withdraw checkout/production --digest sha256:9f2c... --window black-friday --reason "not needed"`,
		Args:    takes("RELEASE"),
	}
	f.add(cmd, "why, for the record (required)")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		key, err := f.check(args[0])
		if err != nil {
			return err
		}
		return a.writing(ctx, func(l ledger.Ledger) error {
			digest, err := a.digestOf(ctx, l, key, f.digest)
			if err != nil {
				return err
			}
			for _, name := range f.windows {
				o := override.Override{Service: key.Service, Environment: key.Environment, Digest: digest, Window: name}
				w := override.Withdrawal{By: a.actor(), Reason: f.reason, At: a.clock.Now()}
				if err := override.Withdraw(ctx, l, o, w); err != nil {
					if errors.Is(err, ledger.ErrNotFound) {
						return fmt.Errorf("no override of the window %q for this artifact of %s is in force; what there is: sluice override list %s", name, key, key)
					}
					return overrideError(err)
				}
				a.say("Withdrawn: the override of window %q for %s", name, key)
			}
			return nil
		})
	})
	return cmd
}

// overrideError tells what the user said wrong from what went wrong.
func overrideError(err error) error {
	if errors.Is(err, override.ErrInvalid) {
		return &ExitError{Code: BadUsage, Err: err}
	}
	return err
}

func windowNames(windows []calendar.Window) string {
	if len(windows) == 0 {
		return "none"
	}
	var names []string
	for _, w := range windows {
		names = append(names, fmt.Sprintf("%q", w.Name))
	}
	return strings.Join(names, ", ")
}

func allowedTo(patterns []string) string {
	if len(patterns) == 0 {
		return "nobody"
	}
	return strings.Join(patterns, ", ")
}
