// Package strategy says how traffic moves from the old artifact to the new one.
// It is pure: a definition goes in, steps come out.
package strategy

import (
	"math"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Definition is the content of a declared strategy. Exactly one of Canary, Linear
// and AllAtOnce is set.
type Definition struct {
	Name      string     `json:"name"`
	Canary    *Canary    `json:"canary,omitempty"`
	Linear    *Linear    `json:"linear,omitempty"`
	AllAtOnce *AllAtOnce `json:"all_at_once,omitempty"`
	// Bake is how long the new artifact is watched at 100 % before the old one is
	// let go.
	Bake     field.Duration `json:"bake"`
	Analysis Analysis       `json:"analysis"`
	// OnInconclusive is what happens at a step's deadline: extend (once, then
	// pause), pause or rollback.
	OnInconclusive OnInconclusive `json:"on_inconclusive"`
	// MaxUnattendedWeight is the greatest weight, strictly between 0 and 100, that
	// may stand while nobody drives, on a target without a dead-man switch. nil
	// means that the author did not say, which refuses such weights.
	MaxUnattendedWeight *float64 `json:"max_unattended_weight,omitempty"`
	// RevertAfter is the time of the target's dead-man switch. Each look renews it,
	// so it is at least twice the interval of the analysis; 0 takes a minute, or
	// three intervals where that is more.
	RevertAfter field.Duration `json:"revert_after"`
	// PrepareTimeout is how long a new artifact may take to become healthy.
	PrepareTimeout field.Duration `json:"prepare_timeout"`
}

// Canary moves the weight as its steps say.
type Canary struct {
	Steps []CanaryStep `json:"steps"`
}

// CanaryStep is one weight and how long it stands.
type CanaryStep struct {
	Weight  float64        `json:"weight"`
	AtLeast field.Duration `json:"at_least,omitempty"`
	AtMost  field.Duration `json:"at_most,omitempty"`
}

// Linear moves the weight by equal increments: StepWeight, 2*StepWeight, ... 100.
type Linear struct {
	StepWeight float64        `json:"step_weight"`
	AtLeast    field.Duration `json:"at_least"`
	AtMost     field.Duration `json:"at_most,omitempty"`
}

// AllAtOnce moves all traffic in one step.
type AllAtOnce struct{}

// OnInconclusive says what to do when a step's deadline finds no verdict.
type OnInconclusive string

// The choices. Extend is the default: it extends once and then pauses.
const (
	Extend   OnInconclusive = "extend"
	Pause    OnInconclusive = "pause"
	Rollback OnInconclusive = "rollback"
)

// OnInconclusiveChoices lists the choices in the order of the documentation.
func OnInconclusiveChoices() []string {
	return []string{string(Extend), string(Pause), string(Rollback)}
}

// Defaults that Normalize fills in.
const (
	DefaultInterval       = 10 * time.Second
	DefaultRevertAfter    = time.Minute
	DefaultPrepareTimeout = 10 * time.Minute
	// DefaultDeadline is the least time after which a step without a verdict is
	// inconclusive; a step that must stand longer gets five times its at_least.
	DefaultDeadline = 30 * time.Minute
)

// StepKind says what a step does. Only weights exist so far; the kinds to come
// (cohorts, mirrors, pauses, checks, batches) fit into target.TrafficState.
type StepKind string

// StepWeight is a step that sets a weight.
const StepWeight StepKind = "weight"

// Step is one move of a rollout.
type Step struct {
	Kind    StepKind            `json:"kind"`
	Traffic target.TrafficState `json:"traffic"`
	// AtLeast is how long the step must have been observed, AtMost after how long
	// without a verdict it is inconclusive.
	AtLeast time.Duration `json:"at_least"`
	AtMost  time.Duration `json:"at_most"`
}

// Steps expands a definition. The last step always has weight 100; the bake is
// not a step. The definition must be valid.
func (d Definition) Steps() []Step {
	switch {
	case d.Canary != nil:
		steps := make([]Step, 0, len(d.Canary.Steps))
		for _, s := range d.Canary.Steps {
			steps = append(steps, weightStep(s.Weight, s.AtLeast.Std(), s.AtMost.Std()))
		}
		return steps
	case d.Linear != nil:
		var steps []Step
		// Multiples, since a sum of increments such as 33.3 drifts; what is as good as
		// 100 is the last step and not one more before it.
		for n := 1.0; n*d.Linear.StepWeight < 100-1e-6; n++ {
			steps = append(steps, weightStep(math.Round(n*d.Linear.StepWeight*1e9)/1e9, d.Linear.AtLeast.Std(), d.Linear.AtMost.Std()))
		}
		return append(steps, weightStep(100, 0, 0))
	default:
		return []Step{weightStep(100, 0, 0)}
	}
}

func weightStep(weight float64, atLeast, atMost time.Duration) Step {
	if atMost == 0 {
		atMost = max(DefaultDeadline, 5*atLeast)
	}
	return Step{Kind: StepWeight, Traffic: target.TrafficState{Weight: weight}, AtLeast: atLeast, AtMost: atMost}
}

// Normalize fills in the defaults, so that what is frozen into a rollout does
// not change its meaning when a default does.
func (d Definition) Normalize() Definition {
	if d.OnInconclusive == "" {
		d.OnInconclusive = Extend
	}
	if d.Analysis.Interval == 0 {
		d.Analysis.Interval = field.Duration(DefaultInterval)
	}
	if d.RevertAfter == 0 {
		d.RevertAfter = max(field.Duration(DefaultRevertAfter), 3*d.Analysis.Interval)
	}
	if d.PrepareTimeout == 0 {
		d.PrepareTimeout = field.Duration(DefaultPrepareTimeout)
	}
	return d
}
