package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// specOf makes as much of a specification as the plan knows. What it does not know
// is a warning; a payload without a digest does not pass the quarantine.
func specOf(ctx context.Context, l ledger.Ledger, r plannedRelease) (release.Spec, []string, error) {
	spec := release.Spec{Service: r.Service, Payload: r.payload(), Mode: release.Mode(r.Mode), Irreversible: r.Irreversible, Evidence: r.Evidence}
	var warnings []string
	var service release.Service
	for _, d := range []struct {
		kind string
		from plannedDefinition
		into any
	}{
		{release.ServiceKind, r.ServiceDefinition, &service},
		{"environment", r.Environment, &spec.Environment},
		{kindStrategy, r.Strategy, &spec.Strategy},
		{kindPolicy, r.RollbackPolicy, &spec.Policy},
	} {
		if (d.kind == release.ServiceKind || d.kind == kindPolicy) && d.from.Name == "" {
			continue
		}
		warning, err := resolve(ctx, l, d.kind, d.from, d.into)
		if err != nil {
			return spec, nil, err
		}
		if warning != "" {
			warnings = append(warnings, warning)
		}
	}
	if service.Name != "" {
		spec.Definition = &service
	}
	spec.Environment.Name = r.Environment.Name
	if s := spec.Strategy; s.Canary == nil && s.Linear == nil && s.BlueGreen == nil && s.Rolling == nil {
		spec.Strategy.AllAtOnce = &strategy.AllAtOnce{}
	}
	spec.Target = driverOf(r.Target)
	for _, t := range r.Targets {
		spec.Targets = append(spec.Targets, release.TargetSpec{Name: t.Name, Region: t.Region, Target: driverOf(t.Target)})
	}
	if spec.Waves = r.Waves; spec.Waved() && spec.Waves == nil {
		spec.Waves = &release.Waves{}
	}
	return spec, warnings, nil
}

// driverOf is the runtime that a plan names, empty where it does not know it yet.
func driverOf(given map[string]json.RawMessage) target.Config {
	var out target.Config
	for driver, config := range given {
		if string(config) != "null" {
			out = target.Config{Driver: driver, Config: config}
		}
	}
	return out
}

// resolve reads a definition out of the plan, or the ledger where only its name is
// known.
func resolve(ctx context.Context, l ledger.Ledger, kind string, d plannedDefinition, into any) (string, error) {
	content := json.RawMessage(d.Content)
	if d.Content == "" {
		o, err := scope.Find(ctx, l, kind, d.Name)
		if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrInvalid) {
			return fmt.Sprintf("the %s %q is not known before the apply, so what depends on it is missing here", words(kind), d.Name), nil
		}
		if err != nil {
			return "", err
		}
		content = o.Content
	}
	if err := json.Unmarshal(content, into); err != nil {
		return "", fmt.Errorf("the %s %q is not one that this version understands: %w", words(kind), d.Name, err)
	}
	return "", nil
}
