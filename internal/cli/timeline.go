package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	walk "github.com/sluice/terraform-provider-sluice/internal/release/timeline"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

type timelineFlags struct {
	through               []string
	start, deadline, zone string
}

const timelineExample = "sluice timeline checkout --through staging,soak=24h --through production"

func (a *app) timelineCommand() *cobra.Command {
	var f timelineFlags
	cmd := a.reads(&cobra.Command{
		Use:   "timeline RELEASE|SERVICE [--through ENVIRONMENT[,strategy=NAME][,soak=TIME] ...]",
		Short: "Show when a release can be through its environments",
		Long: `Prints the earliest start and finish of a release through its environments, in the
order given: the declared windows, the soak between the environments, and what the
steps took in earlier rollouts, or what the strategy plans where none is recorded.
Without strategy= it is that of the service's last release in the environment.

A RELEASE, such as checkout/production, goes through its own environment, after those
of --through. With a SERVICE alone, --through names them all.

With --deadline it ends with exit code 1 and the reason when that cannot be met.`,
		Example: "  sluice timeline checkout/production\n  sluice timeline checkout/production --through staging,soak=24h\n  " + timelineExample + `
  sluice timeline checkout --through production,strategy=careful --start 2026-12-01T08:00:00+01:00 --deadline 2026-12-04T18:00:00+01:00 --zone Europe/Berlin --json`,
		Args: takes("RELEASE"),
	})
	flags := cmd.Flags()
	flags.StringArrayVar(&f.through, "through", nil, "an environment; repeated in the order of promotion (required with a SERVICE)")
	flags.StringVar(&f.start, "start", "", "from when on it may begin, RFC 3339; default: now")
	flags.StringVar(&f.deadline, "deadline", "", "until when it must be through, RFC 3339")
	flags.StringVar(&f.zone, "zone", "UTC", "IANA name of the time zone in which times are written")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		return a.reading(ctx, func(l ledger.Ledger) error { return a.showTimeline(ctx, l, args[0], f) })
	})
	return cmd
}

func (a *app) showTimeline(ctx context.Context, l ledger.Ledger, name string, f timelineFlags) error {
	service, stops, err := stopsOf(name, f.through)
	if err != nil {
		return err
	}
	if !calendar.KnownZone(f.zone) {
		return badInput("--zone %q is not the name of an IANA time zone; allowed is, for example, Europe/Berlin or UTC", f.zone)
	}
	loc, err := time.LoadLocation(f.zone)
	if err != nil {
		return fmt.Errorf("time zone %q: %w", f.zone, err)
	}
	from, err := optionalTime("start", f.start, a.clock.Now().Truncate(time.Second))
	if err != nil {
		return err
	}
	deadline, err := optionalTime("deadline", f.deadline, time.Time{})
	switch {
	case err != nil:
		return err
	case !deadline.IsZero() && !deadline.After(from):
		return badInput("--deadline %s is past: the release begins at %s at the earliest; give a later one, for example %s",
			f.deadline, from.In(loc).Format(time.RFC3339), from.In(loc).AddDate(0, 0, 7).Format(time.RFC3339))
	}
	p, err := timelinePlan(ctx, l, service, stops)
	if err != nil {
		return err
	}
	p.From = from.In(loc)
	v, err := p.Judge(deadline)
	if err != nil {
		return err
	}
	if err := a.sayTimeline(v.Report(loc)); err != nil {
		return err
	}
	if v.Reachable {
		return nil
	}
	return errors.New(v.Reason)
}

func (a *app) sayTimeline(r walk.Report) error {
	if a.asJSON {
		return a.writeJSON(r)
	}
	fmt.Fprint(a.stdout, r.Picture)
	for _, s := range r.Stages {
		a.say("\n %s: %s to %s", s.Environment, s.Start, s.Finish)
		a.say("%s", prose.Wrapped(s.Why, "   ", width(a.stdout)))
		a.say("%s", prose.Wrapped("takes "+s.Takes+", "+s.Basis, "   ", width(a.stdout)))
	}
	if r.Total != nil {
		a.say("\n through at %s, in %s", *r.Finish, *r.Total)
	}
	return nil
}

// timelinePlan reads what the ledger knows.
func timelinePlan(ctx context.Context, l ledger.Ledger, service string, stops []stop) (walk.Plan, error) {
	windows, err := window.Load(ctx, l)
	if err != nil {
		return walk.Plan{}, err
	}
	var stages []walk.Stage
	var subjects []calendar.Subject
	for _, s := range stops {
		stage, subject, err := stageOf(ctx, l, service, s)
		if err != nil {
			return walk.Plan{}, err
		}
		stages, subjects = append(stages, stage), append(subjects, subject)
	}
	with := func(windows []calendar.Window) ([]walk.Stage, error) {
		cal, err := calendar.New(windows)
		out := slices.Clone(stages)
		for i := range out {
			out[i].Windows = walk.ByCalendar(cal, subjects[i])
		}
		return out, err
	}
	p := walk.Plan{Without: func(name string) []walk.Stage {
		// What is left of windows that could be read can be read, too.
		out, _ := with(slices.DeleteFunc(slices.Clone(windows), func(w calendar.Window) bool { return w.Name == name }))
		return out
	}}
	p.Stages, err = with(windows)
	return p, err
}

// stageOf finds the environment and the strategy: those that are declared, else
// those of the service's last release there.
func stageOf(ctx context.Context, l ledger.Ledger, service string, s stop) (walk.Stage, calendar.Subject, error) {
	out := walk.Stage{Environment: s.environment, Soak: s.soak}
	key, named := s.release, s.release != release.Key{}
	if !named {
		key = release.Key{Service: service, Environment: s.environment}
	}
	subject := calendar.Subject{Service: service, Environment: s.environment}
	var d *strategy.Definition
	records, err := l.Read(ctx, key.Stream(), 1)
	if err != nil {
		return out, subject, err
	}
	h, err := release.Fold(key, records)
	switch {
	case err != nil:
		return out, subject, err
	case h.Spec != nil:
		subject, d = window.SubjectOf(h.Spec.Subject()), &h.Spec.Strategy
	case named:
		return out, subject, fmt.Errorf("%w; where it was never released, name the strategy, for example: sluice timeline %s --through %s,strategy=careful",
			unknownRelease(ctx, l, key), service, s.environment)
	default:
		declared, err := release.DeclaredEnvironment(ctx, l, s.environment)
		if errors.Is(err, ledger.ErrNotFound) {
			return out, subject, badInput("--through: the ledger knows no environment %q, and no release of %s in it; declare it, or name another", s.environment, service)
		}
		if err != nil {
			return out, subject, err
		}
		subject.Tier, subject.Regions, subject.Labels = declared.Tier, declared.Regions, declared.Labels
	}
	if s.strategy != "" {
		found, err := declaredStrategy(ctx, l, s.strategy)
		if err != nil {
			return out, subject, err
		}
		d = &found
	}
	if d == nil {
		return out, subject, badInput("--through: %s was never released to %s, so its strategy must be named, for example --through %s,strategy=careful", service, s.environment, s.environment)
	}
	if subject, err = window.WithOwner(ctx, l, subject); err != nil {
		return out, subject, err
	}
	legs, err := walk.Estimate(ctx, l, key, d.Normalize())
	out.Legs, out.Basis = legs.Lengths, legs.Basis()
	return out, subject, err
}

// declaredStrategy reads a strategy of the ledger.
func declaredStrategy(ctx context.Context, l ledger.Ledger, name string) (strategy.Definition, error) {
	var d strategy.Definition
	o, err := scope.Find(ctx, l, kindStrategy, name)
	if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrInvalid) {
		return d, badInput("--through: the ledger knows no strategy %q; declare it as a sluice_deployment_strategy, or name another", name)
	}
	if err == nil {
		err = json.Unmarshal(o.Content, &d)
	}
	return d, err
}
