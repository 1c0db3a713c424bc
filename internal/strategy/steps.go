package strategy

import (
	"math"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// StepKind says what a step does.
type StepKind string

// The kinds. Weight, Cohort, Mirror and Batch move traffic; a pause and a check
// leave it as the step before did.
const (
	StepWeight StepKind = "weight"
	StepCohort StepKind = "cohort"
	StepMirror StepKind = "mirror"
	StepBatch  StepKind = "batch"
	StepPause  StepKind = "pause"
	StepCheck  StepKind = "check"
)

// Step is one move of a rollout.
type Step struct {
	Kind StepKind `json:"kind"`
	// Traffic is the whole state that holds while the step is walked.
	Traffic target.TrafficState `json:"traffic"`
	// AtLeast is how long the step must have been observed: of a pause its length,
	// where 0 means until a person says to go on. AtMost is after how long without a
	// verdict it is inconclusive, and how long the target may take to confirm it.
	AtLeast time.Duration `json:"at_least"`
	AtMost  time.Duration `json:"at_most"`
	// Check is what a step of that kind asks, with its defaults filled in.
	Check *check.Check `json:"check,omitempty"`
}

// Moves reports whether the step sends somebody, or something, elsewhere than the
// step before it.
func (s Step) Moves() bool { return s.Kind != StepPause && s.Kind != StepCheck }

// UntilResumed reports whether the step is a pause that only a person ends.
// A length below nothing, which no schema lets through, is none.
func (s Step) UntilResumed() bool { return s.Kind == StepPause && s.AtLeast <= 0 }

// SendsNobody reports whether the new artifact gets no request at all in this step.
func (s Step) SendsNobody() bool {
	t := s.Traffic
	return t.Weight == 0 && t.Cohort == nil && t.Mirror == 0
}

// Steps expands a definition. The last step always has weight 100; the bake is
// not a step. The definition must be valid.
func (d Definition) Steps() []Step {
	switch {
	case d.Canary != nil:
		return d.Canary.expand()
	case d.Linear != nil:
		var steps []Step
		for _, w := range multiples(d.Linear.StepWeight) {
			steps = append(steps, weightStep(w, d.Linear.AtLeast.Std(), d.Linear.AtMost.Std()))
		}
		return append(steps, weightStep(100, 0, 0))
	case d.BlueGreen != nil:
		return d.BlueGreen.expand()
	case d.Rolling != nil:
		return d.Rolling.expand()
	default:
		return []Step{weightStep(100, 0, 0)}
	}
}

// NeedsSteps reports whether the definition says more than weights, so that who
// knows weights alone cannot walk it.
func (d Definition) NeedsSteps() bool {
	return d.BlueGreen != nil || d.Rolling != nil ||
		d.Canary != nil && slices.ContainsFunc(d.Canary.Steps, func(s CanaryStep) bool { return s.kind() != StepWeight })
}

// multiples lists increment, 2*increment and so on below 100. They are multiples,
// since a sum of increments such as 33.3 drifts; what is as good as 100 is the last
// step and not one more before it.
func multiples(increment float64) []float64 {
	var out []float64
	for n := 1.0; n*increment < 100-1e-6; n++ {
		out = append(out, math.Round(n*increment*1e9)/1e9)
	}
	return out
}

// expand carries the traffic from step to step.
func (c Canary) expand() []Step {
	steps := make([]Step, 0, len(c.Steps))
	var traffic target.TrafficState
	for _, s := range c.Steps {
		step := Step{Kind: s.kind(), AtLeast: s.AtLeast.Std(), AtMost: s.AtMost.Std()}
		if step.Moves() {
			traffic.Mirror = 0
		}
		switch step.Kind {
		case StepCohort:
			cohort := *s.Cohort
			traffic.Cohort = &cohort
		case StepMirror:
			traffic.Mirror = *s.Mirror
		case StepPause:
			step.AtLeast = s.Pause.Duration.Std()
		case StepCheck:
			asked := s.Check.Normalize()
			step.Check = &asked
		default:
			traffic.Weight = s.Weight
			if s.Weight >= 100 {
				traffic.Cohort = nil
			}
		}
		step.Traffic = traffic
		steps = append(steps, step.bounded())
	}
	return steps
}

func (s CanaryStep) kind() StepKind {
	switch {
	case s.Cohort != nil:
		return StepCohort
	case s.Mirror != nil:
		return StepMirror
	case s.Pause != nil:
		return StepPause
	case s.Check != nil:
		return StepCheck
	default:
		return StepWeight
	}
}

func (b BlueGreen) expand() []Step {
	before := target.TrafficState{Cohort: b.Cohort}
	steps := make([]Step, 0, len(b.Checks)+2)
	for _, c := range b.Checks {
		asked := c.Normalize()
		steps = append(steps, Step{Kind: StepCheck, Traffic: before, Check: &asked}.bounded())
	}
	if b.Preview != nil {
		steps = append(steps, Step{Kind: StepPause, Traffic: before, AtLeast: b.Preview.Duration.Std()}.bounded())
	}
	return append(steps, weightStep(100, 0, b.AtMost.Std()))
}

func (r Rolling) expand() []Step {
	batch := func(share float64) Step {
		return Step{
			Kind: StepBatch, AtLeast: r.AtLeast.Std(), AtMost: r.AtMost.Std(),
			Traffic: target.TrafficState{Weight: share, Batch: &target.Batch{Share: share, MinHealthy: percent(r.minHealthy())}},
		}.bounded()
	}
	var steps []Step
	for _, share := range multiples(100 * r.share()) {
		steps = append(steps, batch(share))
	}
	last := batch(100)
	last.AtLeast = 0
	return append(steps, last)
}

// percent is a share of 0 to 1 in percent, without what the multiplication adds.
func percent(share float64) float64 { return math.Round(share*1e11) / 1e9 }

func weightStep(weight float64, atLeast, atMost time.Duration) Step {
	return Step{Kind: StepWeight, Traffic: target.TrafficState{Weight: weight}, AtLeast: atLeast, AtMost: atMost}.bounded()
}

// bounded fills in the deadline.
func (s Step) bounded() Step {
	if s.AtMost == 0 {
		s.AtMost = DefaultDeadline
		if s.Moves() {
			s.AtMost = max(DefaultDeadline, 5*s.AtLeast)
		}
	}
	return s
}
