package strategy

import (
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Canary walks its steps. Their weights increase, and the last step is the weight
// 100.
type Canary struct {
	Steps []CanaryStep `json:"steps"`
}

// CanaryStep is one step of a canary. Exactly one of Weight, Cohort, Mirror, Pause
// and Check is given.
type CanaryStep struct {
	// Weight is the new artifact's share of traffic, above 0 and at most 100.
	Weight float64 `json:"weight,omitempty"`
	// Cohort sends the requests that match to the new artifact, beside the weight
	// that stands. It stays until 100 % or until another cohort.
	Cohort *target.Cohort `json:"cohort,omitempty"`
	// Mirror copies this share of the requests, above 0 and at most 100 %, to the new
	// artifact and throws its answers away. It ends with the next step that moves
	// traffic.
	Mirror *float64     `json:"mirror,omitempty"`
	Pause  *Waiting     `json:"pause,omitempty"`
	Check  *check.Check `json:"check,omitempty"`
	// AtLeast and AtMost are of a step that moves traffic only.
	AtLeast field.Duration `json:"at_least,omitempty"`
	AtMost  field.Duration `json:"at_most,omitempty"`
}

// Waiting is a pause: of so much observed time, or, without Duration, until a person
// says to go on.
type Waiting struct {
	Duration field.Duration `json:"duration,omitempty"`
}

// Linear moves the weight by equal increments: StepWeight, 2*StepWeight, ... 100.
type Linear struct {
	StepWeight float64        `json:"step_weight"`
	AtLeast    field.Duration `json:"at_least"`
	AtMost     field.Duration `json:"at_most,omitempty"`
}

// AllAtOnce moves all traffic in one step.
type AllAtOnce struct{}

// BlueGreen brings the new artifact up beside the old one, checks it while nobody
// is sent there, and then moves all traffic in one step. The old one stays warm, so
// that going back is one move of the traffic.
type BlueGreen struct {
	// Checks run against the new artifact at weight 0, in order; each must pass.
	Checks []check.Check `json:"checks,omitempty"`
	// Cohort sends the requests that match to the new artifact before the switch, so
	// that checks and people reach it where all come through one address.
	Cohort *target.Cohort `json:"cohort,omitempty"`
	// Preview is a pause after the checks, for people to look at the new artifact.
	Preview *Waiting `json:"preview,omitempty"`
	// KeepWarm is for how long at least the old artifact stays warm after the switch.
	KeepWarm field.Duration `json:"keep_warm,omitempty"`
	// AtMost is how long the target may take to confirm the switch.
	AtMost field.Duration `json:"at_most,omitempty"`
}

// Rolling replaces the instances in batches. Exactly one of Batch and BatchCount is
// given.
type Rolling struct {
	// Batch is the share of the instances that is replaced at a time, above 0 and at
	// most 1.
	Batch *float64 `json:"batch,omitempty"`
	// BatchCount is how many of the Instances are replaced at a time. The author
	// states how many there are, since the steps are known before any target is asked.
	BatchCount *int `json:"batch_count,omitempty"`
	Instances  *int `json:"instances,omitempty"`
	// MinHealthy is the share of the instances that must stay healthy meanwhile, 0 to
	// 1; nil takes all that are not in the batch.
	MinHealthy *float64       `json:"min_healthy,omitempty"`
	AtLeast    field.Duration `json:"at_least,omitempty"`
	AtMost     field.Duration `json:"at_most,omitempty"`
}

// share is the part of the instances in one batch, 0 to 1.
func (r Rolling) share() float64 {
	if r.BatchCount != nil && r.Instances != nil && *r.Instances > 0 {
		return float64(*r.BatchCount) / float64(*r.Instances)
	}
	if r.Batch != nil {
		return *r.Batch
	}
	return 0
}

// minHealthy is the share of the instances that must stay healthy, 0 to 1.
func (r Rolling) minHealthy() float64 {
	if r.MinHealthy != nil {
		return *r.MinHealthy
	}
	return 1 - r.share()
}
