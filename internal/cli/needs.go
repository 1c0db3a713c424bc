package cli

import (
	"context"

	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// needJSON is something that the service of a release needs.
type needJSON struct {
	Name string `json:"name"`
	// Kind is service or external_dependency.
	Kind string `json:"kind"`
	// By is the service that names it.
	By string `json:"by"`
	// Declared is whether the ledger knows it; what is not declared blocks.
	Declared bool `json:"declared"`
	// Owner says whom to ask, where that is declared.
	Owner string `json:"owner,omitempty"`
}

// needsOf lists what a release's service needs, the near ones first.
func needsOf(ctx context.Context, l ledger.Ledger, h *release.History) ([]needJSON, error) {
	var services, external []string
	if h.Spec != nil {
		subject := h.Spec.Subject()
		services, external = subject.Dependencies, subject.ExternalDependencies
	}
	find := dependency.Declared(l)
	reach, err := dependency.Of(ctx, find, h.Key.Service, services, external)
	if err != nil {
		return nil, err
	}
	var out []needJSON
	for _, name := range reach.Services {
		need := needJSON{Name: name, Kind: release.ServiceKind, By: reach.By[name]}
		s, err := find(ctx, name)
		if err != nil {
			return nil, err
		}
		if s != nil {
			need.Declared, need.Owner = true, s.Team
		}
		out = append(out, need)
	}
	for _, name := range reach.External {
		need := needJSON{Name: name, Kind: dependency.ObjectKind, By: reach.By[name]}
		found, err := dependency.Get(ctx, l, name)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			need.Declared, need.Owner = true, found[0].Owner()
		}
		out = append(out, need)
	}
	return out, nil
}

// listNeeds shows what the one release that was asked for needs.
func (a *app) listNeeds(o overview) {
	title := "\nNeeds"
	for _, v := range o.releases {
		for _, n := range v.needs {
			a.header(&title)
			line := n.Name + "  " + words(n.Kind)
			if n.By != v.history.Key.Service {
				line += ", through " + n.By
			}
			if n.Owner != "" {
				line += "  (" + n.Owner + ")"
			}
			if !n.Declared {
				line += "  not declared"
			}
			a.say("%s", prose.Wrapped(line, "  ", width(a.stdout)))
		}
	}
}
