package releasetimeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/release/timeline"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// maxStages bounds the list of environments.
const maxStages = 100

// stop is one environment as an author writes it.
type stop struct {
	Environment *definition.Given `json:"environment"`
	Strategy    *definition.Given `json:"strategy"`
	Soak        field.Duration    `json:"soak"`
}

// question is what an author asks.
type question struct {
	Service           string             `json:"service"`
	ServiceDefinition *definition.Given  `json:"service_definition"`
	Environments      []stop             `json:"environments"`
	Windows           []definition.Given `json:"windows"`
	Start             string             `json:"start"`
	Deadline          string             `json:"deadline"`
	FailOnMiss        *bool              `json:"fail_on_miss"`
	TimeZone          string             `json:"time_zone"`
}

// check says what is wrong with the question by itself.
func (q question) check() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	for _, one := range []struct{ path, text string }{{"start", q.Start}, {"deadline", q.Deadline}} {
		if _, err := instant(one.text); err != nil {
			add(one.path, "%s", err)
		}
	}
	if _, err := q.zone(); err != nil {
		add("time_zone", "%s", err)
	}
	if n := len(q.Environments); n == 0 || n > maxStages {
		add("environments", "there are %d environments; allowed are 1 to %d, in the order of promotion, for example [{ environment = sluice_environment.production.definition, strategy = sluice_deployment_strategy.careful.definition }]", n, maxStages)
	}
	seen := map[string]int{}
	for i, e := range q.Environments {
		if e.Environment == nil {
			continue
		}
		if other, twice := seen[e.Environment.Name]; twice {
			add(fmt.Sprintf("environments[%d].environment.name", i), "%q is there already, as environments[%d]; allowed is each environment once, for example staging and then production", e.Environment.Name, other)
		}
		seen[e.Environment.Name] = i
	}
	for i, w := range q.Windows {
		if w.ByName() {
			add(fmt.Sprintf("windows[%d].content", i), "a name alone is not enough, as the windows of the ledger are taken anyway; give a definition, for example sluice_change_window.example.definition")
		}
	}
	return errs
}

// instant reads a time that may be left out.
func instant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 || at.Year() > 2199 {
		return at, fmt.Errorf("%q is not an instant; it must be RFC 3339 with an offset, in the years 1970 to 2199, for example \"2026-12-04T18:00:00+01:00\"", text)
	}
	return at, nil
}

// zone is that of the answer.
func (q question) zone() (*time.Location, error) {
	name := q.TimeZone
	if name == "" {
		name = "UTC"
	}
	probe := calendar.Window{Name: "zone", Kind: calendar.Allow, TimeZone: name, Absolute: []calendar.Span{{StartsAt: "2026-01-01", EndsAt: "2026-01-02"}}}
	for _, e := range probe.Validate() {
		return nil, fmt.Errorf("%s", e.Msg)
	}
	return time.LoadLocation(name)
}

// plan reads what the question names, and what the ledger knows.
func (q question) plan(ctx context.Context, l ledger.Ledger, from time.Time) (timeline.Plan, field.Errors, error) {
	windows, errs, err := q.windows(ctx, l)
	if err != nil || len(errs) > 0 {
		return timeline.Plan{}, errs, err
	}
	var service *release.Service
	if q.ServiceDefinition != nil {
		service = &release.Service{}
		if errs, err := q.ServiceDefinition.Decode(ctx, l, "service_definition", release.ServiceKind, "service", service); err != nil || len(errs) > 0 {
			return timeline.Plan{}, errs, err
		}
		if service.Name != q.Service {
			return timeline.Plan{}, field.Errors{{Path: "service_definition", Msg: fmt.Sprintf("the definition is of the service %q and the release of %q; take both from one object, for example service = sluice_service.example.name", service.Name, q.Service)}}, nil
		}
	}
	var stages []timeline.Stage
	var subjects []calendar.Subject
	order := 0
	for i, e := range q.Environments {
		s, env, errs, err := q.stage(ctx, l, i, e)
		if err != nil || len(errs) > 0 {
			return timeline.Plan{}, errs, err
		}
		if env.Order > 0 && env.Order < order {
			return timeline.Plan{}, field.Errors{{Path: fmt.Sprintf("environments[%d].environment", i), Msg: fmt.Sprintf("%q has the order of promotion %d and stands behind one of order %d; the list must be in the order of promotion, for example staging and then production", env.Name, env.Order, order)}}, nil
		}
		order = max(order, env.Order)
		subject, err := subjectOf(ctx, l, q.Service, service, env)
		if err != nil {
			return timeline.Plan{}, nil, err
		}
		stages, subjects = append(stages, s), append(subjects, subject)
	}
	with := func(windows []calendar.Window) ([]timeline.Stage, error) {
		cal, err := calendar.New(windows)
		out := slices.Clone(stages)
		for i := range out {
			out[i].Windows = timeline.ByCalendar(cal, subjects[i])
		}
		return out, err
	}
	p := timeline.Plan{From: from, Without: func(name string) []timeline.Stage {
		// What is left of windows that could be read can be read, too.
		out, _ := with(slices.DeleteFunc(slices.Clone(windows), func(w calendar.Window) bool { return w.Name == name }))
		return out
	}}
	p.Stages, err = with(windows)
	return p, nil, err
}

// stage is one environment without its windows.
func (q question) stage(ctx context.Context, l ledger.Ledger, i int, e stop) (timeline.Stage, release.Environment, field.Errors, error) {
	at := fmt.Sprintf("environments[%d]", i)
	var env release.Environment
	var d strategy.Definition
	s := timeline.Stage{Environment: e.Environment.Name, Soak: e.Soak.Std()}
	errs, err := e.Environment.Decode(ctx, l, at+".environment", release.EnvironmentKind, "environment", &env)
	if err != nil || len(errs) > 0 {
		return s, env, errs, err
	}
	errs, err = e.Strategy.Decode(ctx, l, at+".strategy", "deployment_strategy", "deployment_strategy", &d)
	if err != nil || len(errs) > 0 {
		return s, env, errs, err
	}
	if errs := d.Validate().Under(at + ".strategy"); len(errs) > 0 {
		return s, env, errs, nil
	}
	legs, err := timeline.Estimate(ctx, l, release.Key{Service: q.Service, Environment: env.Name}, d.Normalize())
	s.Legs, s.Basis = legs.Lengths, legs.Basis()
	return s, env, nil, err
}

// subjectOf is what the windows are asked about.
func subjectOf(ctx context.Context, l ledger.Ledger, name string, service *release.Service, env release.Environment) (calendar.Subject, error) {
	s := calendar.Subject{Service: name, Environment: env.Name, Tier: env.Tier, Regions: env.Regions, Labels: maps.Clone(env.Labels)}
	if service == nil {
		return window.WithOwner(ctx, l, s)
	}
	s.Team = service.Team
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	for key, value := range service.Labels {
		if _, there := s.Labels[key]; !there {
			s.Labels[key] = value
		}
	}
	return s, nil
}

// windows gives those of the ledger, and those of the configuration over them.
func (q question) windows(ctx context.Context, l ledger.Ledger) ([]calendar.Window, field.Errors, error) {
	all, err := window.Load(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	var errs field.Errors
	for i, g := range q.Windows {
		w, err := calendar.Decode([]byte(*g.Content))
		if err != nil || w.Name != g.Name {
			errs = append(errs, field.Error{Path: fmt.Sprintf("windows[%d].content", i), Msg: fmt.Sprintf("it is not the content of the change window %q; give its definition, for example sluice_change_window.example.definition (%v)", g.Name, err)})
			continue
		}
		all = slices.DeleteFunc(all, func(o calendar.Window) bool { return o.Name == w.Name })
		all = append(all, w)
	}
	return all, errs, nil
}
