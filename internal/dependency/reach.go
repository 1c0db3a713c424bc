package dependency

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// Reach is all that a service needs, directly or through other services. A service
// never needs itself, also not in a circle.
type Reach struct {
	// Services are the names of services, External those of external dependencies,
	// both in the order in which they were found: the near ones first.
	Services, External []string
	// Undeclared are services of Services that the ledger does not know, so that
	// nobody can tell what they need.
	Undeclared []string
	// By says which service names each of them.
	By map[string]string
}

// MaxReach bounds how many services and external dependencies one service may need
// in all. A greater number is an error, so that a question takes bounded time.
const MaxReach = 10_000

// Path says through which services the service needs the name, for people: nothing
// where it does so itself.
func (r Reach) Path(service, name string) string {
	var through []string
	for by := r.By[name]; by != "" && by != service; by = r.By[by] {
		through = append(through, by)
	}
	if len(through) == 0 {
		return ""
	}
	slices.Reverse(through)
	return fmt.Sprintf("%s needs it through %s", service, strings.Join(through, ", "))
}

// Names are all names of the reach.
func (r Reach) Names() []string { return append(slices.Clone(r.Services), r.External...) }

// Source gives a declared service: nil when the ledger has none of the name.
type Source func(ctx context.Context, name string) (*release.Service, error)

// Declared reads services from a ledger and from those of the scopes above. Where
// several scopes declare one of the name, the highest says whose it is, and it needs
// what any of them says.
func Declared(l ledger.Ledger) Source {
	return func(ctx context.Context, name string) (*release.Service, error) {
		objects, err := scope.FindAll(ctx, l, release.ServiceKind, name)
		if err != nil {
			return nil, fmt.Errorf("unable to read the declared service %q: %w", name, err)
		}
		var found *release.Service
		for _, o := range slices.Backward(objects) {
			var s release.Service
			dec := json.NewDecoder(bytes.NewReader(o.Content))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&s); err != nil {
				return nil, fmt.Errorf("unable to read the declared service %q: %w", o.Level.Name(name), err)
			}
			if found == nil {
				found = &s
				continue
			}
			found.Dependencies = union(found.Dependencies, s.Dependencies)
			found.ExternalDependencies = union(found.ExternalDependencies, s.ExternalDependencies)
		}
		return found, nil
	}
}

// union is the first, and what the second has besides.
func union(first, second []string) []string {
	for _, name := range second {
		if !slices.Contains(first, name) {
			first = append(first, name)
		}
	}
	return first
}

// Of follows the dependencies of a service through the declared services. The
// service's own are given, since a release may have them frozen; without any they are
// those that its declaration names. A service that cannot be read is an error: what it
// needs is not known.
func Of(ctx context.Context, find Source, service string, services, external []string) (Reach, error) {
	r := Reach{By: map[string]string{}}
	seen := map[string]bool{service: true}
	take := func(by string, services, external []string) {
		for _, name := range services {
			if !seen[name] {
				seen[name] = true
				r.Services, r.By[name] = append(r.Services, name), by
			}
		}
		for _, name := range external {
			if !slices.Contains(r.External, name) {
				r.External, r.By[name] = append(r.External, name), by
			}
		}
	}
	if len(services)+len(external) == 0 {
		s, err := find(ctx, service)
		if err != nil {
			return r, err
		}
		if s != nil {
			services, external = s.Dependencies, s.ExternalDependencies
		}
	}
	take(service, services, external)
	for i := 0; i < len(r.Services); i++ {
		name := r.Services[i]
		if len(r.Services)+len(r.External) > MaxReach {
			return r, fmt.Errorf("%s depends on more than %d services and external dependencies; that is more than is looked through", service, MaxReach)
		}
		s, err := find(ctx, name)
		switch {
		case err != nil:
			return r, err
		case s == nil:
			r.Undeclared = append(r.Undeclared, name)
		default:
			take(name, s.Dependencies, s.ExternalDependencies)
		}
	}
	return r, nil
}
