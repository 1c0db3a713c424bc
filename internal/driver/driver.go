// Package driver holds what the drivers of all ports have in common: a name, a
// configuration that is checked before anything is touched, and a registry that
// is filled by hand. The ports themselves are in target and signal.
package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Driver makes implementations of the port P from their configuration, which is
// the content of the attribute of the driver's name: target = { contract = {...} }.
type Driver[P any] struct {
	// Name is the attribute's name.
	Name string
	// Validate checks a configuration without touching anything.
	Validate func(config json.RawMessage) field.Errors
	// Open makes the implementation. It does not connect; errors of the network come
	// from the methods of P.
	Open func(ctx context.Context, config json.RawMessage, deps Deps) (P, error)
	// Arms lists what the arms of a configuration are told apart by, as ArmVersion and
	// ArmTargetGroup. A target's driver lists what its runtime chooses anew for each
	// rollout and tells by itself; a signal's lists what the author has stated for good. What is in both is
	// a mistake. It is nil where there is none of either.
	Arms func(config json.RawMessage) []string
}

// What Driver.Arms lists.
const (
	ArmVersion     = "version of a function"
	ArmTargetGroup = "target group"
)

// Deps is what every driver may lean on.
type Deps struct {
	Clock     clock.Clock
	UserAgent string
	// Actor is who acts, and Subject for what, "checkout/production"; both are for
	// the records that others keep of our calls, and may be empty.
	Actor, Subject string
	// Release is the release whose driver this is, "checkout/production", by which a target
	// driver knows what another release has begun; empty where nobody drives a release.
	Release string
}

// Config names a driver and its configuration; it is frozen into the first
// record of a rollout, so it holds references to credentials and no secrets.
type Config struct {
	Driver string          `json:"driver"`
	Config json.RawMessage `json:"config"`
}

// Registry knows the drivers there are, by name. Nothing registers itself.
type Registry[P any] map[string]Driver[P]

// NewRegistry makes a registry of the drivers given.
func NewRegistry[P any](drivers ...Driver[P]) Registry[P] {
	r := Registry[P]{}
	for _, d := range drivers {
		r[d.Name] = d
	}
	return r
}

// Open makes what the configuration names. An unknown driver is an error and
// never another driver.
func (r Registry[P]) Open(ctx context.Context, c Config, deps Deps) (P, error) {
	d, ok := r[c.Driver]
	if !ok {
		var none P
		return none, fmt.Errorf("no driver is called %q; this version has %s", c.Driver, strings.Join(r.Names(), ", "))
	}
	return d.Open(ctx, c.Config, deps)
}

// Names lists the drivers in order.
func (r Registry[P]) Names() []string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Tells makes the Arms of a target's driver whose runtime always tells the same.
func Tells(arms ...string) func(json.RawMessage) []string {
	return func(json.RawMessage) []string { return arms }
}
