package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Driver makes sources of one kind from their configuration, which is the
// content of the attribute of the same name: { openmetrics = {...} }.
type Driver struct {
	Name string
	// Validate checks a configuration without touching anything.
	Validate func(config json.RawMessage) field.Errors
	// Open makes the source. It does not connect.
	Open func(ctx context.Context, config json.RawMessage, deps Deps) (Source, error)
}

// Deps is what every driver may lean on.
type Deps struct {
	Clock     clock.Clock
	UserAgent string
}

// Config names a driver and its configuration. It holds references to
// credentials and no secrets.
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

// Open makes the source that the configuration names. An unknown driver is an
// error and never another driver.
func (r Registry) Open(ctx context.Context, c Config, deps Deps) (Source, error) {
	d, ok := r[c.Driver]
	if !ok {
		return nil, fmt.Errorf("no signal driver is called %q; this version has %s", c.Driver, strings.Join(r.Names(), ", "))
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
