// Package dependency knows what services need: third parties, which are declared
// with their maintenance and their health checks, and other services, through which
// a service needs what those need.
package dependency

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// ObjectKind is the kind of the declared objects whose content is an External.
const ObjectKind = "external_dependency"

// External is the content of a declared external dependency: a third party that
// services need.
type External struct {
	// Name is what services call it, in at most MaxName characters.
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Team owns the relation with it, and Contact is whom to ask there; optional.
	Team    string            `json:"team,omitempty"`
	Contact string            `json:"contact,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	// OverrideBy holds who may override its maintenance and its checks for a release,
	// as in a calendar.Window: nil means anybody, an empty list nobody.
	OverrideBy []string `json:"override_by,omitzero"`
	// Maintenance is when it may be away, nil when nobody said.
	Maintenance *Maintenance `json:"maintenance,omitempty"`
	// Checks ask whether it is well; at most MaxChecks.
	Checks []Check `json:"checks,omitempty"`

	// Above is the organisational scope that declares it, where that lies above the one
	// that asks; no JSON has it.
	Above scope.Path `json:"-"`
}

// Maintenance is a freeze for whatever depends on the dependency. Its fields mean
// what those of a calendar.Window mean.
type Maintenance struct {
	TimeZone   string                `json:"time_zone"`
	Reason     string                `json:"reason,omitempty"`
	Overrun    bool                  `json:"overrun,omitempty"`
	DSTGap     calendar.DSTGap       `json:"dst_gap,omitempty"`
	Absolute   []calendar.Span       `json:"absolute,omitempty"`
	Weekly     []calendar.Weekly     `json:"weekly,omitempty"`
	Recurrence []calendar.Recurrence `json:"recurrence,omitempty"`
	Events     []calendar.Event      `json:"events,omitempty"`
}

// Check is a health check, and when it is asked.
type Check struct {
	check.Check
	// When lists the phases in which it is asked; empty means in all of them.
	When []Phase `json:"when,omitempty"`
}

// Phase is a part of a rollout.
type Phase string

// The phases.
const (
	// Before is when a rollout is about to begin, and when a plan foresees one.
	Before Phase = "before"
	// During is before each step, and while a step or the bake lasts.
	During Phase = "during"
	// After is when the rollout has succeeded. It decides nothing any more.
	After Phase = "after"
)

// Phases lists the phases in their order.
func Phases() []string { return []string{string(Before), string(During), string(After)} }

// Limits of an external dependency.
const (
	// MaxName is shorter than for other objects, since the name of the window is
	// made of it.
	MaxName   = 100
	MaxChecks = 20
	// MaxDescription is in characters.
	MaxDescription = 1000
	// MaxTimeout bounds one check: a driver asks while it holds its lease.
	MaxTimeout = 10 * time.Second
)

// windowPrefix begins the names of maintenance windows. No declared window has it.
const windowPrefix = "dependency:"

// WindowName is the name of the window that an external dependency's maintenance
// makes, which an override names.
func WindowName(dependency string) string { return windowPrefix + dependency }

// WindowName is that of its own maintenance, as the scope that asks calls it.
func (e External) WindowName() string { return e.Above.Name(WindowName(e.Name)) }

// Window is the maintenance as a window. Without a maintenance it has no times, and
// then only says who may override it: ok is false.
func (e External) Window() (w calendar.Window, ok bool) {
	w = calendar.Window{
		Name: e.WindowName(), Above: string(e.Above), Kind: calendar.Freeze, Reason: "maintenance of " + e.Name, Owner: e.Owner(),
		OverrideBy: e.OverrideBy, Scope: calendar.Scope{DependsOn: []string{e.Name}},
	}
	m := e.Maintenance
	if m == nil {
		return w, false
	}
	if m.Reason != "" {
		w.Reason += ": " + m.Reason
	}
	w.TimeZone, w.Overrun, w.DSTGap = m.TimeZone, m.Overrun, m.DSTGap
	w.Absolute, w.Weekly, w.Recurrence, w.Events = m.Absolute, m.Weekly, m.Recurrence, m.Events
	return w, true
}

// Owner says whom to ask: "payments, psp-desk@example"; empty when nobody said.
func (e External) Owner() string {
	switch {
	case e.Team == "":
		return e.Contact
	case e.Contact == "":
		return e.Team
	default:
		return e.Team + ", " + e.Contact
	}
}

// For lists the checks of a phase.
func (e External) For(phase Phase) []check.Check {
	var out []check.Check
	for _, c := range e.Checks {
		if c.in(phase) {
			out = append(out, c.Check)
		}
	}
	return out
}

// Decode reads the content of a declared object. A member that it does not know is
// an error, since what it means could be that something is forbidden.
func Decode(content json.RawMessage) (External, error) {
	var e External
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return e, err
	}
	return e, e.Validate().Err()
}

// Get reads a declared external dependency, from the ledger's scope and from each
// above: of one name there may be several, and each of them holds. It is empty when
// there is none.
func Get(ctx context.Context, l ledger.Ledger, name string) ([]External, error) {
	objects, err := scope.FindAll(ctx, l, ObjectKind, name)
	if err != nil {
		return nil, err
	}
	return readAll(objects)
}

func readAll(objects []scope.Object) ([]External, error) {
	out := make([]External, 0, len(objects))
	for _, o := range objects {
		e, err := Decode(o.Content)
		if err != nil {
			return nil, fmt.Errorf("unable to read the external dependency %q (revision %d): %w", o.Level.Name(o.Name), o.Revision, err)
		}
		e.Above = o.Level.Above()
		out = append(out, e)
	}
	return out, nil
}

// List reads every declared external dependency, in the order of names, and behind them
// those of the scopes above. It fails when one of them cannot be read; the error names it.
func List(ctx context.Context, l ledger.Ledger) ([]External, error) {
	objects, err := scope.List(ctx, l, ObjectKind)
	if err != nil {
		return nil, fmt.Errorf("unable to read the external dependencies from the ledger: %w", err)
	}
	return readAll(objects)
}

// Windows reads the maintenance windows of all external dependencies, in the order
// of names.
func Windows(ctx context.Context, l ledger.Ledger) ([]calendar.Window, error) {
	all, err := List(ctx, l)
	var out []calendar.Window
	for _, e := range all {
		if w, ok := e.Window(); ok {
			out = append(out, w)
		}
	}
	return out, err
}
