package target

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Driver makes targets of one kind from their configuration, which is the
// content of the attribute of the same name: target = { contract = {...} }.
type Driver struct {
	// Name is the attribute's name.
	Name string
	// Validate checks a configuration without touching anything.
	Validate func(config json.RawMessage) field.Errors
	// Open makes the target. It does not connect; errors of the network come from
	// the verbs.
	Open func(ctx context.Context, config json.RawMessage, deps Deps) (Target, error)
}

// Deps is what every driver may lean on.
type Deps struct {
	Clock     clock.Clock
	UserAgent string
}

// Config names a driver and its configuration; it is frozen into the first
// record of a rollout, so it holds references to credentials and no secrets.
type Config struct {
	Driver string          `json:"driver"`
	Config json.RawMessage `json:"config"`
}

// Registry knows the drivers there are. Nothing registers itself.
type Registry map[string]Driver

// NewRegistry makes a registry of the drivers given.
func NewRegistry(drivers ...Driver) Registry {
	r := Registry{}
	for _, d := range drivers {
		r[d.Name] = d
	}
	return r
}

// Open makes the target that the configuration names. An unknown driver is an
// error and never another driver.
func (r Registry) Open(ctx context.Context, c Config, deps Deps) (Target, error) {
	d, ok := r[c.Driver]
	if !ok {
		return nil, fmt.Errorf("no target driver is called %q; this version has %s", c.Driver, strings.Join(r.Names(), ", "))
	}
	return d.Open(ctx, c.Config, deps)
}

// Names lists the drivers in order.
func (r Registry) Names() []string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
