package release

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// ServiceKind is the kind of the declared objects whose content is a Service.
const ServiceKind = "service"

// Service is the content of a declared service: the thing that is released.
type Service struct {
	// Name is what releases call it.
	Name string `json:"name"`
	// Team owns it; optional.
	Team string `json:"team,omitempty"`
	// Criticality is one of Criticalities, or empty; nothing depends on it yet.
	Criticality string            `json:"criticality,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	// Dependencies are the names of the services that it needs, and
	// ExternalDependencies those of third parties. What they need in turn is what the
	// ledger declares of them.
	Dependencies         []string    `json:"dependencies,omitempty"`
	ExternalDependencies []string    `json:"external_dependencies,omitempty"`
	Objectives           *Objectives `json:"objectives,omitempty"`
}

// Objectives are what the service promises.
type Objectives struct {
	// ErrorCeiling is the share of bad events that it must stay below, above 0 and
	// below 1; nil promises nothing.
	ErrorCeiling *float64          `json:"error_ceiling,omitempty"`
	Latency      *LatencyObjective `json:"latency,omitempty"`
}

// LatencyObjective says that a share of the requests takes no longer than a time.
type LatencyObjective struct {
	// Share is above 0 and below 1.
	Share float64 `json:"share"`
	// Within is above 0.
	Within field.Duration `json:"within"`
}

// Limits of a declared service.
const (
	// MaxDependencies is the greatest number of its dependencies.
	MaxDependencies = 1000
	// MaxLatency is the longest time of its objective.
	MaxLatency = 24 * time.Hour
)

// Criticalities lists how critical a service may be.
func Criticalities() []string { return []string{"low", "medium", "high", "critical"} }

// Validate checks a declared service.
func (s Service) Validate() field.Errors {
	var errs field.Errors
	add := func(path, msg string) {
		if msg != "" {
			errs = append(errs, field.Error{Path: path, Msg: msg})
		}
	}
	add("name", field.Name(s.Name))
	if s.Team != "" {
		add("team", field.Name(s.Team))
	}
	if s.Criticality != "" && !slices.Contains(Criticalities(), s.Criticality) {
		add("criticality", fmt.Sprintf("%q is not a criticality; it must be low, medium, high or critical, for example \"high\"", s.Criticality))
	}
	if len(s.Dependencies) > MaxDependencies {
		add("dependencies", fmt.Sprintf("there are %d dependencies; at most %d are allowed, for example [\"payments\"]", len(s.Dependencies), MaxDependencies))
		return errs
	}
	for i, d := range s.Dependencies {
		path := fmt.Sprintf("dependencies[%d]", i)
		add(path, field.Name(d))
		if d == s.Name {
			add(path, fmt.Sprintf("%q is the service itself; allowed are the names of other services, for example [\"payments\"]", d))
		}
		if slices.Contains(s.Dependencies[:i], d) {
			add(path, fmt.Sprintf("%q is there already; allowed is each service once, for example [\"payments\", \"search\"]", d))
		}
	}
	errs = append(errs, s.validateExternal()...)
	return append(errs, s.Objectives.validate().Under("objectives")...)
}

// validateExternal checks the names of third parties.
func (s Service) validateExternal() field.Errors {
	const attr = "external_dependencies"
	var errs field.Errors
	if n := len(s.ExternalDependencies); n > MaxDependencies {
		return field.Errors{{Path: attr, Msg: fmt.Sprintf("there are %d external dependencies; at most %d are allowed, for example [\"psp\"]", n, MaxDependencies)}}
	}
	for i, d := range s.ExternalDependencies {
		path := fmt.Sprintf("%s[%d]", attr, i)
		if msg := field.Name(d); msg != "" {
			errs = append(errs, field.Error{Path: path, Msg: msg})
		}
		if slices.Contains(s.ExternalDependencies[:i], d) {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%q is there already; allowed is each dependency once, for example [\"psp\", \"sms-gateway\"]", d)})
		}
		if slices.Contains(s.Dependencies, d) {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%q stands in dependencies too; it is a service or an external dependency, for example dependencies = [] and external_dependencies = [%q]", d, d)})
		}
	}
	return errs
}

func (o *Objectives) validate() field.Errors {
	var errs field.Errors
	if o == nil {
		return nil
	}
	if c := o.ErrorCeiling; c != nil && !(*c > 0 && *c < 1) {
		errs = append(errs, field.Error{Path: "error_ceiling", Msg: fmt.Sprintf("%v is not a ceiling; it must be above 0 %% and below 100 %%, for example \"1%%\"", *c)})
	}
	l := o.Latency
	if l == nil {
		return errs
	}
	if !(l.Share > 0 && l.Share < 1) {
		errs = append(errs, field.Error{Path: "latency.share", Msg: fmt.Sprintf("%v is not a share of an objective; it must be above 0 %% and below 100 %%, for example \"99%%\"", l.Share)})
	}
	if l.Within <= 0 || l.Within.Std() > MaxLatency {
		errs = append(errs, field.Error{Path: "latency.within", Msg: fmt.Sprintf("%s is not a time of an objective; it must be above 0s and at most %s, for example \"300ms\"", l.Within, field.FormatDuration(MaxLatency))})
	}
	return errs
}

// ceiling is the share of bad events of a metric that the objectives allow; 0 when
// they say nothing of it. A latency has one only when it counts what is slower than
// the time of the objective, since at another time another share is slow.
func (o *Objectives) ceiling(m strategy.Metric) float64 {
	switch {
	case o == nil, m.SlowerThan == nil && o.ErrorCeiling == nil:
		return 0
	case m.SlowerThan == nil:
		return *o.ErrorCeiling
	case o.Latency != nil && m.SlowerThan.Fixed == o.Latency.Within:
		// Without the rounding 95 % would leave 5.0000000000000044 %, for people to read.
		return math.Round((1-o.Latency.Share)*1e12) / 1e12
	default:
		return 0
	}
}

// objective gives a metric the ceiling of the service's objectives where the
// strategy states none. What the strategy states goes before, since it was written
// for this analysis.
func (s Spec) objective(m strategy.Metric) strategy.Metric {
	if m.Ceiling == 0 && s.Definition != nil {
		m.Ceiling = s.Definition.Objectives.ceiling(m)
	}
	return m
}

// validateDefinition checks that the definition is of this service, and that it and
// the environment do not say different things of one label: a window that asks for
// it would then match or not by chance.
func (s Spec) validateDefinition() field.Errors {
	var errs field.Errors
	d := s.Definition
	if d == nil {
		return nil
	}
	if d.Name != s.Service {
		errs = append(errs, field.Error{Path: "service_definition", Msg: fmt.Sprintf("the definition is of the service %q and the release of %q; take both from one object, for example service = sluice_service.example.name", d.Name, s.Service)})
	}
	for _, key := range slices.Sorted(maps.Keys(d.Labels)) {
		if other, both := s.Environment.Labels[key]; both && other != d.Labels[key] {
			errs = append(errs, field.Error{Path: "service_definition", Msg: fmt.Sprintf("the label %q is %q of the service and %q of the environment %q, and a window can ask for one of them only; use different names, for example %q", key, d.Labels[key], other, s.Environment.Name, "service_"+key)})
		}
	}
	return errs
}

// labels are those of the environment and the service together. Validate refuses
// two values of one label; where there are two all the same, it is the service's.
func labels(e Environment, d *Service) map[string]string {
	if d == nil || len(d.Labels) == 0 {
		return e.Labels
	}
	out := maps.Clone(e.Labels)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, d.Labels)
	return out
}
