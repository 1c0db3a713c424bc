package changecalendar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// defaultHorizon is how far the lists reach where nobody says.
const defaultHorizon = 30 * 24 * time.Hour

// given is a definition of another object.
type given struct {
	Name    string  `json:"name"`
	Content *string `json:"content"`
}

// question is what an author asks.
type question struct {
	At          string            `json:"at"`
	Horizon     string            `json:"horizon"`
	Service     string            `json:"service"`
	Environment *given            `json:"environment"`
	Tier        string            `json:"tier"`
	Team        string            `json:"team"`
	Regions     []string          `json:"regions"`
	Labels      map[string]string `json:"labels"`
	Windows     []given           `json:"windows"`
}

// check says what is wrong with the question by itself.
func (q question) check() field.Errors {
	var errs field.Errors
	if _, err := q.instant(time.Unix(0, 0)); err != nil {
		errs = append(errs, field.Error{Path: "at", Msg: err.Error()})
	}
	if _, problem := q.horizon(); problem != "" {
		errs = append(errs, field.Error{Path: "horizon", Msg: problem})
	}
	if q.Tier != "" && !slices.Contains(release.Tiers(), q.Tier) {
		errs = append(errs, field.Error{Path: "tier", Msg: fmt.Sprintf("%q is not a tier; it must be development, test, staging or production, for example \"production\"", q.Tier)})
	}
	return errs
}

func (q question) instant(now time.Time) (time.Time, error) {
	if q.At == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, q.At)
	if err != nil || at.Year() < 1970 || at.Year() > 2199 {
		return now, fmt.Errorf("%q is not an instant; it must be RFC 3339 with an offset, in the years 1970 to 2199, for example \"2026-12-24T12:00:00+01:00\"", q.At)
	}
	return at, nil
}

func (q question) horizon() (time.Duration, string) {
	if q.Horizon == "" {
		return defaultHorizon, ""
	}
	d, problem := field.ParseDuration(q.Horizon, false)
	if problem == "" && d > calendar.Horizon {
		problem = fmt.Sprintf("%q is longer than ten years; give a shorter one, for example \"720h\"", q.Horizon)
	}
	return d, problem
}

// subject is what the windows are asked for.
func (q question) subject(ctx context.Context, l ledger.Ledger) (calendar.Subject, field.Errors, error) {
	s := calendar.Subject{Service: q.Service, Tier: q.Tier, Team: q.Team, Regions: q.Regions, Labels: q.Labels}
	if q.Environment == nil {
		return s, nil, nil
	}
	e, errs, err := q.Environment.environment(ctx, l)
	if err != nil || len(errs) > 0 {
		return s, errs, err
	}
	s.Environment = e.Name
	if s.Tier == "" {
		s.Tier = e.Tier
	}
	if len(s.Regions) == 0 {
		s.Regions = e.Regions
	}
	s.Labels = maps.Clone(e.Labels)
	for key, value := range q.Labels {
		if s.Labels == nil {
			s.Labels = map[string]string{}
		}
		s.Labels[key] = value
	}
	return s, nil, nil
}

func (g given) environment(ctx context.Context, l ledger.Ledger) (release.Environment, field.Errors, error) {
	var e release.Environment
	if g.Content == nil {
		e, err := release.DeclaredEnvironment(ctx, l, g.Name)
		if errors.Is(err, ledger.ErrNotFound) {
			return e, field.Errors{{Path: "environment.name", Msg: fmt.Sprintf("no ledger knows the environment %q; give its definition, for example sluice_environment.example.definition", g.Name)}}, nil
		}
		return e, nil, err
	}
	if err := json.Unmarshal([]byte(*g.Content), &e); err != nil || e.Name != g.Name {
		return e, field.Errors{{Path: "environment.content", Msg: fmt.Sprintf("it is not the content of the environment %q; give its definition, for example sluice_environment.example.definition", g.Name)}}, nil
	}
	return e, nil, nil
}

// windows gives those of the ledger, and those of the configuration over them. The
// ledger may be nil where the configuration gives them all.
func (q question) windows(ctx context.Context, l ledger.Ledger) ([]calendar.Window, field.Errors, error) {
	var all []calendar.Window
	if l != nil {
		var err error
		if all, err = window.Load(ctx, l); err != nil {
			return nil, nil, err
		}
	}
	var errs field.Errors
	for i, g := range q.Windows {
		at := fmt.Sprintf("windows[%d]", i)
		known := slices.IndexFunc(all, func(w calendar.Window) bool { return w.Name == g.Name })
		if g.Content == nil {
			errs = append(errs, field.Error{Path: at + ".content", Msg: "a name alone is not enough, as the windows of the ledger are taken anyway; give a definition, for example sluice_change_window.example.definition"})
			continue
		}
		w, err := calendar.Decode([]byte(*g.Content))
		switch {
		case err != nil || w.Name != g.Name:
			errs = append(errs, field.Error{Path: at + ".content", Msg: fmt.Sprintf("it is not the content of the change window %q; give its definition, for example sluice_change_window.example.definition (%v)", g.Name, err)})
		case known >= 0:
			all[known] = w
		default:
			all = append(all, w)
		}
	}
	return all, errs, nil
}
