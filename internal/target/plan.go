package target

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Plan is what a rollout will ask of Apply, from its first step to its last.
type Plan struct {
	// Steps are those that will be walked, in order; the last has weight 100.
	Steps []PlanStep
	// Bake is how long weight 100 stands before Complete.
	Bake time.Duration
	// RevertAfter is the time of the dead-man switch. 0 arms none.
	RevertAfter time.Duration
	// Irreversible means that the runtime must not go back by itself, whatever
	// happens: neither by a switch nor by alarms of its own.
	Irreversible bool
	// Unattended is the greatest weight, in percent, at which the author lets the rollout
	// stand while nobody drives it; 0 where nothing was stated.
	Unattended float64
}

// PlanStep is one traffic state, and how long it stands at least.
type PlanStep struct {
	Traffic TrafficState
	AtLeast time.Duration
}

// Planner is a Target with the capability FixedPlan.
type Planner interface {
	// CheckPlan says why the runtime cannot walk a plan, and what it can. It asks
	// nobody, so that the answer is the same at each plan; the paths of its errors are
	// those of a strategy's definition, or empty.
	CheckPlan(plan Plan) field.Errors
}

// PlanPreflighter is a Target that can say whether what is there now can walk a plan.
type PlanPreflighter interface {
	// PreflightPlan lists what of the target as it is keeps the plan from being walked.
	// It is asked after Preflight, under the same rules, and says nothing again that
	// Preflight says.
	PreflightPlan(ctx context.Context, plan Plan) ([]Obstacle, error)
}
