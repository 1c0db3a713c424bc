package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// SpecFormat is the version of a frozen specification that this binary writes.
// A binary refuses to go forward on a greater one; it may still revert, since
// fields that a revert needs never change their meaning.
const SpecFormat = 2

// format is the least version that can drive the specification, so that older
// binaries go on driving what they understand: 2 where there are many targets, or
// steps that are no weights, which version 1 would take for all traffic at once.
func (s Spec) format() int {
	if s.Waved() || s.Strategy.NeedsSteps() {
		return SpecFormat
	}
	return 1
}

// Kind says what a rollout is for.
type Kind string

// The kinds.
const (
	// Forward ships a new payload, through the gates.
	Forward Kind = "forward"
	// BackOut goes back to an older payload at a person's word; no gate is asked.
	BackOut Kind = "rollback"
	// Repair brings the target back to what the ledger says should serve.
	Repair Kind = "repair"
)

// Mode says whether Sluice acts.
type Mode string

// The modes.
const (
	// Enforce drives the target.
	Enforce Mode = "enforce"
	// Observe writes nothing to the target: judge and gates advise and record.
	Observe Mode = "observe"
)

// Modes lists the modes in the order of the documentation.
func Modes() []string { return []string{string(Enforce), string(Observe)} }

// Spec is everything that a rollout needs, resolved. It is frozen into the first
// record of the rollout.
type Spec struct {
	Format  int    `json:"format"`
	Service string `json:"service"`
	// Definition is the declared service, nil when the release gives none. It is
	// frozen like the rest, so that the objectives a rollout is judged by stay those
	// it began with.
	Definition  *Service                 `json:"service_definition,omitempty"`
	Environment Environment              `json:"environment"`
	Payload     artifact.Payload         `json:"payload"`
	Target      target.Config            `json:"target"`
	Strategy    strategy.Definition      `json:"strategy"`
	Policy      Policy                   `json:"policy"`
	Signals     map[string]signal.Config `json:"signals,omitempty"`
	Mode        Mode                     `json:"mode"`
	// Irreversible means that the old artifact may no longer work once the new one
	// has run: no automatic rollback, no dead-man switch.
	Irreversible bool `json:"irreversible,omitempty"`
	// Evidence is what was found out about the payload's artifact before the rollout. It
	// is judged when the rollout begins, and stands in its first record from then on.
	Evidence []gate.Evidence `json:"evidence,omitempty"`
	// ContinuedBy says who goes on with a rollout that a run has left open; nil where
	// each run stays to the end.
	ContinuedBy *ContinuedBy `json:"continued_by,omitempty"`
	// Targets are those of a release over many, which then has no Target of its own;
	// Waves says in which order and how many at once.
	Targets []TargetSpec `json:"targets,omitempty"`
	Waves   *Waves       `json:"waves,omitempty"`
	// TargetName is set in the specification of one target's part alone.
	TargetName string `json:"target_name,omitempty"`
}

// Environment is the content of a declared environment.
type Environment struct {
	Name    string            `json:"name"`
	Tier    string            `json:"tier,omitempty"`
	Regions []string          `json:"regions,omitempty"`
	Order   int               `json:"order,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
}

// Tiers lists the tiers that an environment may have.
func Tiers() []string { return []string{"development", "test", "staging", "production"} }

// Validate checks a declared environment.
func (e Environment) Validate() field.Errors {
	var errs field.Errors
	if msg := field.Name(e.Name); msg != "" {
		errs = append(errs, field.Error{Path: "name", Msg: msg})
	}
	if e.Tier != "" && !slices.Contains(Tiers(), e.Tier) {
		errs = append(errs, field.Error{Path: "tier", Msg: fmt.Sprintf("%q is not a tier; it must be development, test, staging or production, for example \"production\"", e.Tier)})
	}
	for i, r := range e.Regions {
		if msg := field.Name(r); msg != "" {
			errs = append(errs, field.Error{Path: fmt.Sprintf("regions[%d]", i), Msg: msg})
		}
	}
	if e.Order < 0 {
		errs = append(errs, field.Error{Path: "order", Msg: fmt.Sprintf("%d is negative; the order of promotion is a whole number from 0 on, for example 3", e.Order)})
	}
	return errs
}

// BakeTime is how long the new artifact is watched at 100 % with the old one warm
// beside it: as the strategy has it, or the policy where that keeps it longer.
func (s Spec) BakeTime() time.Duration { return max(s.Strategy.BakeTime(), s.Policy.KeepWarm.Std()) }

// Key names the release that the specification is for.
func (s Spec) Key() Key {
	return Key{Service: s.Service, Environment: s.Environment.Name, Target: s.TargetName}
}

// Subject is what the gates are asked about.
func (s Spec) Subject() gate.Subject {
	subject := gate.Subject{
		Service: s.Service, Environment: s.Environment.Name, Tier: s.Environment.Tier,
		Regions: s.Environment.Regions, Labels: labels(s.Environment, s.Definition), Payload: s.Payload, Target: s.TargetName,
		Evidence: s.Evidence,
	}
	if s.Definition != nil {
		subject.Team = s.Definition.Team
		subject.Dependencies = s.Definition.Dependencies
		subject.ExternalDependencies = s.Definition.ExternalDependencies
	}
	return subject
}

// Normalize fills in what the author left to the defaults, so that a frozen
// specification keeps its meaning when a default changes.
func (s Spec) Normalize() Spec {
	s.Format = s.format()
	if s.Waved() {
		w := s.Waves.normalize()
		s.Waves = &w
	}
	s.Strategy = s.Strategy.Frozen()
	s.Policy = s.Policy.Normalize()
	if s.Mode == "" {
		s.Mode = Enforce
	}
	return s
}

// Validate checks a specification that is complete. Paths are those of the
// release's attributes.
func (s Spec) Validate() field.Errors {
	errs := s.Key().Validate()
	errs = append(errs, s.Payload.Artifact.Validate().Under("artifact")...)
	if msg := artifact.ValidateConfigurationDigest(s.Payload.ConfigurationDigest); msg != "" {
		errs = append(errs, field.Error{Path: "configuration_digest", Msg: msg})
	}
	if s.Mode != "" && !slices.Contains(Modes(), string(s.Mode)) {
		errs = append(errs, field.Error{Path: "mode", Msg: fmt.Sprintf("%q is not a mode; it must be enforce or observe, for example \"observe\"", s.Mode)})
	}
	for i, e := range s.Evidence {
		errs = append(errs, e.Validate().Under(fmt.Sprintf("evidence[%d]", i))...)
	}
	errs = append(errs, s.validateDefinition()...)
	errs = append(errs, s.validateContinued()...)
	if s.Waved() || s.Waves != nil {
		return append(errs, s.validateWaved()...)
	}
	errs = append(errs, s.validatePolicy()...)
	return append(errs, s.validateMetrics()...)
}

// validateMetrics checks that no metric of the strategy asks for a signal that
// is not declared. Which metrics a signal counts is known once it is opened.
func (s Spec) validateMetrics() field.Errors {
	var errs field.Errors
	for _, name := range s.Strategy.Analysis.MetricNames() {
		m := s.Strategy.Analysis.Metrics[name]
		switch {
		case len(s.Signals) == 0:
			errs = append(errs, field.Error{Path: "signals", Msg: fmt.Sprintf("the strategy %q judges the metric %q, but the release has no signal to count it; add one, for example signals = { http = { openmetrics = { url = \"http://127.0.0.1:7070/metrics\", preset = \"lab\" } } }", s.Strategy.Name, name)})
			return errs
		case m.Signal != "" && !hasSignal(s.Signals, m.Signal):
			errs = append(errs, field.Error{Path: "signals", Msg: fmt.Sprintf("the strategy %q wants the metric %q from the signal %q, which the release does not have; it has %s; name one of them, for example signal = %q", s.Strategy.Name, name, m.Signal, strings.Join(signalNames(s.Signals), ", "), signalNames(s.Signals)[0])})
		}
	}
	return errs
}

func hasSignal(signals map[string]signal.Config, name string) bool {
	_, ok := signals[name]
	return ok
}

func signalNames(signals map[string]signal.Config) []string {
	names := make([]string, 0, len(signals))
	for name := range signals {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
