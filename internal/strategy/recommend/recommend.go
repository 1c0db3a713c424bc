// Package recommend goes from a description of a service to a strategy that can be
// declared, with the reason of each part in words. It is pure. Lengths follow from
// the judge's power at the service's traffic, which the judge itself is asked for.
package recommend

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// SchemaChange says what a release does to the schema of stored data.
type SchemaChange string

// The schema changes.
const (
	// NoSchemaChange leaves the schema alone.
	NoSchemaChange SchemaChange = "none"
	// CompatibleSchemaChange is one that both versions can work with.
	CompatibleSchemaChange SchemaChange = "compatible"
	// IncompatibleSchemaChange is one that the old version cannot work with.
	IncompatibleSchemaChange SchemaChange = "incompatible"
)

// SchemaChanges lists the schema changes in the order of the documentation.
func SchemaChanges() []string {
	return []string{string(NoSchemaChange), string(CompatibleSchemaChange), string(IncompatibleSchemaChange)}
}

// Service describes what is released. Use Defaults, and set what is known.
type Service struct {
	// RequestsPerMinute is the traffic of the quietest hour in which it is released.
	RequestsPerMinute float64 `json:"requests_per_minute"`
	// Stateful is whether its instances hold state: sessions, caches, shards.
	Stateful bool `json:"stateful"`
	// SideBySide is whether two versions can run at the same time.
	SideBySide bool `json:"side_by_side"`
	// SchemaChange is what the release does to stored data.
	SchemaChange SchemaChange `json:"schema_change"`
	// TrafficSplitting is whether the target can send a share of the traffic to one
	// version.
	TrafficSplitting bool `json:"traffic_splitting"`
	// SpareCapacity is how much can run beside what serves, as a share of it: 1 is
	// room for a whole second set.
	SpareCapacity float64 `json:"spare_capacity"`
	// GoBackWithin is the wanted time to go back; 0 when none is wanted.
	GoBackWithin field.Duration `json:"go_back_within"`
	// DoubleCapacityCost is the cost of an hour of double capacity, in any
	// currency; 0 when it costs nothing.
	DoubleCapacityCost float64 `json:"double_capacity_cost"`
	// ErrorRate is the usual share of bad events, 0 to 1.
	ErrorRate float64 `json:"error_rate"`
	// Ceiling is the share of bad events that the service must stay below, 0 to 1.
	Ceiling float64 `json:"ceiling"`
	// Harm is how many times as many bad events must be seen; above 1.
	Harm float64 `json:"harm"`
	// Dispersion is the variance-to-mean ratio of the bad events, at least 1; 0
	// when it is not known, which counts as 2.
	Dispersion float64 `json:"dispersion"`
}

// Defaults are what holds for a service of which nothing else is said. They leave
// out the traffic, which has no default.
func Defaults() Service {
	return Service{
		SideBySide: true, SchemaChange: NoSchemaChange, TrafficSplitting: true, SpareCapacity: 1,
		ErrorRate: 0.001, Ceiling: 0.01, Harm: 5,
	}
}

// Step is one recommended step.
type Step struct {
	// Weight is in percent. AtLeast and AtMost are those of the strategy; 0 is none.
	Weight  float64        `json:"weight"`
	AtLeast field.Duration `json:"at_least"`
	AtMost  field.Duration `json:"at_most"`
	// SafeAfter is within which time a good canary is proved safe in nine of ten
	// rollouts, HarmSeenAfter a harmful one seen; 0 means not within a week.
	SafeAfter     field.Duration `json:"safe_after"`
	HarmSeenAfter field.Duration `json:"harm_seen_after"`
	// Reason says in words why this weight stands this long.
	Reason string `json:"reason"`
}

// Recommendation is a strategy with its reasons.
type Recommendation struct {
	// Strategy has one kind set, and no name, analysis or other part.
	Strategy strategy.Definition
	// Kind names it: canary, linear, all_at_once, blue_green or rolling.
	Kind string
	// Steps are those of the strategy, the last of which is at 100 %.
	Steps []Step
	// Reasons are sentences, in the order in which they were decided.
	Reasons []string
	// Takes is how long a good rollout takes with its bake.
	Takes time.Duration
}

// Limits of a recommended length.
const (
	// longStep is how long the first step may take before a greater weight is taken.
	longStep = 30 * time.Minute
	// longestStep is how long any step may take before nothing is judged any more.
	longestStep = 4 * time.Hour
	// shortBake and longBake bound the bake.
	shortBake = 5 * time.Minute
	longBake  = time.Hour
)

// For recommends a strategy for a service, or says what is wrong with its
// description.
func For(s Service) (Recommendation, field.Errors) {
	if errs := s.Validate(); len(errs) > 0 {
		return Recommendation{}, errs
	}
	p, err := newPower(s.RequestsPerMinute, s.ErrorRate, s.Ceiling, s.Dispersion)
	if err != nil {
		return Recommendation{}, field.Errors{{Msg: err.Error()}}
	}
	b := builder{s: s, p: p}
	switch {
	case !b.together():
		b.atOnce()
	case !s.TrafficSplitting && s.SpareCapacity >= 1:
		b.blueGreen()
	case !s.TrafficSplitting, s.SpareCapacity == 0 && !s.Stateful:
		b.rolling()
	case s.Stateful:
		b.linear()
	default:
		b.canary()
	}
	b.bake()
	b.goBack()
	b.cost()
	return b.out, nil
}

func minutes(n int) field.Duration { return field.Duration(time.Duration(n) * time.Minute) }
