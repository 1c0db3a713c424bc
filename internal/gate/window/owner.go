package window

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// Resolve is the gate's subject as the calendar takes it, with what the ledger
// declares of its service. See WithOwner.
func Resolve(ctx context.Context, l ledger.Ledger, s gate.Subject, windows ...calendar.Window) (calendar.Subject, error) {
	return resolve(ctx, l, SubjectOf(s), s.Dependencies, s.ExternalDependencies, windows)
}

// WithOwner adds what the ledger declares of a service where the subject does not
// say who owns it, so that a central team's window holds for releases that name
// nothing. What the subject says goes before. A service that cannot be read is an
// error, since a window may ask for its team.
//
// It also follows the service's dependencies: DependsOn becomes all of them. Of the
// names that the windows ask for and that are not among them, it says which nobody
// can decide: those that nothing declares, and all of them where the service needs a
// service that nothing declares.
func WithOwner(ctx context.Context, l ledger.Ledger, s calendar.Subject, windows ...calendar.Window) (calendar.Subject, error) {
	return resolve(ctx, l, s, nil, nil, windows)
}

func resolve(ctx context.Context, l ledger.Ledger, s calendar.Subject, services, external []string, windows []calendar.Window) (calendar.Subject, error) {
	if s.Service == "" {
		return s, nil
	}
	s, err := placed(ctx, l, s)
	if err != nil {
		return s, err
	}
	find := dependency.Declared(l)
	if s.Team == "" {
		declared, err := find(ctx, s.Service)
		if err != nil {
			return s, err
		}
		if declared != nil {
			s = owned(s, *declared)
		}
	}
	reach, err := dependency.Of(ctx, find, s.Service, services, external)
	if err != nil {
		return s, err
	}
	s.DependsOn = reach.Names()
	return undecided(ctx, l, s, reach, windows)
}

// placed takes the tier and the regions of an environment from the highest scope above
// that declares it: what a lower one says of the same name must not take a release out
// of the reach of a window above.
func placed(ctx context.Context, l ledger.Ledger, s calendar.Subject) (calendar.Subject, error) {
	higher, err := scope.Higher(ctx, l)
	if err != nil || s.Environment == "" {
		return s, err
	}
	for _, level := range slices.Backward(higher) {
		e, err := release.DeclaredEnvironment(ctx, level.Ledger, s.Environment)
		switch {
		case errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrInvalid):
			continue
		case err != nil:
			return s, err
		}
		s.Tier = e.Tier
		if len(s.Regions) == 0 {
			s.Regions = e.Regions
		}
		return s, nil
	}
	return s, nil
}

// owned adds the team and the labels of the declared service.
func owned(s calendar.Subject, declared release.Service) calendar.Subject {
	s.Team = declared.Team
	labels := maps.Clone(declared.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, s.Labels)
	s.Labels = labels
	return s
}

// undecided says of which names nobody can tell whether the service needs them.
func undecided(ctx context.Context, l ledger.Ledger, s calendar.Subject, reach dependency.Reach, windows []calendar.Window) (calendar.Subject, error) {
	for _, w := range windows {
		for _, name := range w.Scope.DependsOn {
			if _, asked := s.Undecided[name]; asked || name == s.Service || slices.Contains(s.DependsOn, name) {
				continue
			}
			why := ""
			if len(reach.Undeclared) > 0 {
				lost := reach.Undeclared[0]
				why = fmt.Sprintf("what %s needs is not known: %s names it, and no sluice_service declares it", lost, reach.By[lost])
			} else {
				known, err := declared(ctx, l, name)
				if err != nil {
					return s, err
				}
				if !known {
					why = "nothing of that name is declared, neither a service nor an external dependency"
				}
			}
			if why != "" {
				if s.Undecided == nil {
					s.Undecided = map[string]string{}
				}
				s.Undecided[name] = why
			}
		}
	}
	return s, nil
}

// declared says whether a service or an external dependency of the name is.
func declared(ctx context.Context, l ledger.Ledger, name string) (bool, error) {
	for _, kind := range []string{dependency.ObjectKind, release.ServiceKind} {
		_, err := scope.Find(ctx, l, kind, name)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, ledger.ErrNotFound) && !errors.Is(err, ledger.ErrInvalid) {
			return false, fmt.Errorf("unable to read what %q is: %w", name, err)
		}
	}
	return false, nil
}
