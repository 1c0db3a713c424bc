package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/calendar/ics"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// calendarFlags say of what a calendar is shown.
type calendarFlags struct {
	month, zone, from, to                    string
	service, environment, tier, team, region string
	asICS                                    bool
}

// named says whether the flags name a subject.
func (f calendarFlags) named() bool {
	return f.service+f.environment+f.tier+f.region+f.team != ""
}

func (a *app) calendarCommand() *cobra.Command {
	var f calendarFlags
	cmd := a.reads(&cobra.Command{
		Use:   "calendar [RELEASE]",
		Short: "Show when changes may go forward: a month, or a feed",
		Long: `Prints a month of the declared windows: for a release, or for what the flags name.
Without either it takes every window, whatever its scope.

With --ics it prints an iCalendar feed for people's calendars instead, of every
window in the ledger, or of those in scope.`,
		Example: `  sluice calendar checkout/production --month 2026-12
  sluice calendar --environment production --tier production --zone Europe/Berlin
  sluice calendar --service checkout --team payments --environment production --region eu-central-1 --json
  sluice calendar --ics --from 2026-12-01T00:00:00Z --to 2027-06-30T00:00:00Z > windows.ics`,
		Args: takes("[RELEASE]"),
	})
	flags := cmd.Flags()
	flags.StringVar(&f.month, "month", "", "the month, for example 2026-12; default: this one")
	flags.StringVar(&f.zone, "zone", "", "IANA name of the time zone of the days; default: that of the windows where they share one, else UTC")
	flags.StringVar(&f.service, "service", "", "name of the service that is asked about")
	flags.StringVar(&f.environment, "environment", "", "name of the environment; a declared one brings its tier, regions and labels")
	flags.StringVar(&f.tier, "tier", "", "tier of the environment")
	flags.StringVar(&f.region, "region", "", "region of the environment")
	flags.StringVar(&f.team, "team", "", "team that owns the service")
	flags.BoolVar(&f.asICS, "ics", false, "write an iCalendar feed")
	flags.StringVar(&f.from, "from", "", "where the feed begins, RFC 3339; default: now")
	flags.StringVar(&f.to, "to", "", "where the feed ends, RFC 3339; default: a year later")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if err := exclusive(cmd, "json", "ics"); err != nil {
			return err
		}
		if len(args) > 0 && f.named() {
			return badInput("a release says its own service and environment; give it, or flags such as --service, for example: sluice calendar checkout/production")
		}
		return a.reading(ctx, func(l ledger.Ledger) error { return a.showCalendar(ctx, l, args, f) })
	})
	cmd.AddCommand(a.expandCommand())
	return cmd
}

// showCalendar reads the windows, and writes what was asked for.
func (a *app) showCalendar(ctx context.Context, l ledger.Ledger, args []string, f calendarFlags) error {
	windows, err := window.Load(ctx, l)
	if err != nil {
		return err
	}
	subject, err := calendarSubject(ctx, l, args, f, windows)
	if err != nil {
		return err
	}
	if len(args) > 0 || f.named() {
		windows = slices.DeleteFunc(windows, func(w calendar.Window) bool { return !w.Scope.Matches(subject) })
	} else {
		for i := range windows {
			windows[i].Scope = calendar.Scope{}
		}
	}
	if f.asICS {
		return a.feed(windows, f)
	}
	cal, err := calendar.New(windows)
	if err != nil {
		return err
	}
	return a.month(cal, subject, windows, f)
}

// calendarSubject is what the windows are asked for.
func calendarSubject(ctx context.Context, l ledger.Ledger, args []string, f calendarFlags, windows []calendar.Window) (calendar.Subject, error) {
	if len(args) > 0 {
		key, err := parseRelease(args[0])
		if err != nil {
			return calendar.Subject{}, err
		}
		h, err := history(ctx, l, key)
		if err != nil {
			return calendar.Subject{}, err
		}
		if h.Spec != nil {
			return window.Resolve(ctx, l, h.Spec.Subject(), windows...)
		}
		f.service, f.environment = key.Service, key.Environment
	}
	s := calendar.Subject{Service: f.service, Environment: f.environment, Tier: f.tier, Team: f.team}
	if f.region != "" {
		s.Regions = []string{f.region}
	}
	if f.environment == "" {
		return window.WithOwner(ctx, l, s, windows...)
	}
	declared, err := release.DeclaredEnvironment(ctx, l, f.environment)
	if errors.Is(err, ledger.ErrNotFound) {
		return window.WithOwner(ctx, l, s, windows...)
	}
	if err != nil {
		return s, err
	}
	if s.Tier == "" {
		s.Tier = declared.Tier
	}
	if len(s.Regions) == 0 {
		s.Regions = declared.Regions
	}
	s.Labels = declared.Labels
	return window.WithOwner(ctx, l, s, windows...)
}

// feed writes the windows as iCalendar.
func (a *app) feed(windows []calendar.Window, f calendarFlags) error {
	from, err := optionalTime("from", f.from, a.clock.Now().UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	to, err := optionalTime("to", f.to, from.AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	data, err := ics.Export(windows, from, to)
	if err != nil {
		return badInput("%w", err)
	}
	_, err = a.stdout.Write(data)
	return err
}

// optionalTime reads a flag that may be left out.
func optionalTime(flag, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, badInput("--%s %q is no time; allowed is RFC 3339 with an offset, for example 2026-12-01T08:00:00Z", flag, text)
	}
	return at, nil
}

// month writes a month, as text or as JSON.
func (a *app) month(cal *calendar.Calendar, subject calendar.Subject, windows []calendar.Window, f calendarFlags) error {
	zone := f.zone
	if zone == "" {
		zone = sharedZone(windows)
	}
	if !calendar.KnownZone(zone) {
		return badInput("--zone %q is not the name of an IANA time zone; allowed is, for example, Europe/Berlin or UTC", zone)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return fmt.Errorf("time zone %q: %w", zone, err)
	}
	now := a.clock.Now().In(loc)
	at := now
	if f.month != "" {
		if at, err = time.Parse("2006-01", f.month); err != nil {
			return badInput("--month %q is no month; allowed is a year and a month, for example 2026-12", f.month)
		}
	}
	if a.asJSON {
		days, err := cal.Days(subject, at.Year(), at.Month(), zone)
		if err != nil {
			return &ExitError{Code: BadUsage, Err: err}
		}
		return a.writeJSON(toMonth(days))
	}
	text, err := cal.Month(subject, at.Year(), at.Month(), zone)
	if err != nil {
		return &ExitError{Code: BadUsage, Err: err}
	}
	fmt.Fprint(a.stdout, text)
	if err := a.windowLines(cal, subject, at, loc); err != nil {
		return err
	}
	state, err := cal.State(subject, now)
	if err != nil {
		return err
	}
	a.say("\n%s", prose.Wrapped(stateLine(state, loc), " ", width(a.stdout)))
	return nil
}
