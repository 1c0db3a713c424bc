package ecs

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const (
	// minLinear is ECS's least step of a linear plan, in percent; canaries begin at a
	// tenth. Both are multiples of a tenth.
	minLinear, minCanary = 3.0, 0.1
	// longest is the greatest time of a hook.
	longest = 14 * 24 * time.Hour
	// held is how long a new artifact may wait before its first request: nobody is
	// hurt meanwhile, and a freeze may last a weekend.
	held = 72 * time.Hour

	plans = `; allowed are one canary, canary = { steps = [{ weight = 5, at_least = "10m" }, { weight = 100 }] }, equal steps that divide 100, linear = { step_weight = 25, at_least = "10m" }, blue_green = {} and all_at_once = {}; any other steps need the target "alb", which moves the weights between two services itself`
)

// CheckPlan implements target.Planner.
func (t *Target) CheckPlan(plan target.Plan) field.Errors {
	if _, problem := shape(plan); problem != "" {
		return field.Errors{{Msg: problem + plans}}
	}
	if plan.Irreversible {
		return goesOn(plan)
	}
	if problem := switchProblem(plan); problem != "" {
		return field.Errors{{Path: "revert_after", Msg: problem}}
	}
	return nil
}

// goesOn refuses an irreversible plan that stands at a weight in between. No hook waits for
// ever: when its time is over ECS goes back, which must not happen by itself, or on, step
// by step up to 100 %, whatever the author lets stand unattended.
func goesOn(plan target.Plan) field.Errors {
	if !between(plan) || plan.Unattended >= 100 {
		return nil
	}
	return field.Errors{{Path: "max_unattended_weight", Msg: fmt.Sprintf("the release is irreversible, and no hook of ECS waits for longer than %s: without a word ECS then goes on by itself, up to 100 %%, and max_unattended_weight is %g; allowed are strategies that stand at no weight in between, blue_green = {} and all_at_once = {}, or the target \"alb\", whose weights stay as they are, or max_unattended_weight = 100, which lets that happen", field.FormatDuration(longest), plan.Unattended)}}
}

// between is whether a plan stands at a weight above 0 and below 100.
func between(plan target.Plan) bool {
	weights := weightsOf(plan)
	return len(weights) > 0 && weights[0] < 100
}

// shape is ECS's strategy for a plan, without hooks: a step of 0 where all traffic
// moves at once.
func shape(plan target.Plan) (c types.DeploymentConfiguration, problem string) {
	weights := weightsOf(plan)
	first := 100.0
	if len(weights) > 0 {
		first = weights[0]
	}
	tenth := math.Abs(first*10-math.Round(first*10)) < 1e-6
	zero := aws.Int32(0)
	switch {
	case first >= 100:
		c.Strategy = types.DeploymentStrategyBlueGreen
	case !tenth:
		return c, fmt.Sprintf("ECS knows weights in tenths of a percent, and %g %% is none", first)
	case len(weights) == 2 && first >= minCanary:
		c.Strategy = types.DeploymentStrategyCanary
		c.CanaryConfiguration = &types.CanaryConfiguration{CanaryPercent: aws.Float64(first), CanaryBakeTimeInMinutes: zero}
	case equal(weights) && first >= minLinear:
		c.Strategy = types.DeploymentStrategyLinear
		c.LinearConfiguration = &types.LinearConfiguration{StepPercent: aws.Float64(first), StepBakeTimeInMinutes: zero}
	case equal(weights):
		return c, fmt.Sprintf("ECS's least equal step is %g %%, and the strategy's is %g %%", minLinear, first)
	default:
		return c, fmt.Sprintf("ECS walks a plan of its own: one canary and then all, or equal steps that divide 100; %s is neither", words(weights))
	}
	c.BakeTimeInMinutes = zero
	return c, ""
}

// weightsOf lists the weights above 0, each once: a pause and a check leave the
// traffic as it is.
func weightsOf(plan target.Plan) []float64 {
	var out []float64
	for _, s := range plan.Steps {
		if w := s.Traffic.Weight; w > 0 && (len(out) == 0 || out[len(out)-1] != w) {
			out = append(out, w)
		}
	}
	return out
}

// equal is true for multiples of the first weight up to 100. What ECS does with a
// step that does not divide 100 its documentation does not say.
func equal(weights []float64) bool {
	for i, w := range weights {
		if math.Abs(w-weights[0]*float64(i+1)) > 0.01 {
			return false
		}
	}
	return len(weights) > 0 && weights[len(weights)-1] == 100
}

func words(weights []float64) string {
	out := make([]string, len(weights))
	for i, w := range weights {
		out[i] = fmt.Sprintf("%g", w)
	}
	return strings.Join(out, ", ")
}

// switchProblem says why a plan's dead-man switch cannot be a hook's time. A hook
// counts from when ECS reached it and is not renewed, so it must outlast what is
// planned at one weight.
func switchProblem(plan target.Plan) string {
	d, need := plan.RevertAfter, stands(plan)
	const why = "ECS counts it from the beginning of each step, in whole minutes, and nobody can renew it: it is how long ECS waits at a step for the word to go on, before it goes back"
	whole := max(field.Duration((2 * need).Round(time.Minute)), field.Duration(10*time.Minute))
	switch {
	case d < time.Minute || d > longest || d%time.Minute != 0:
		return fmt.Sprintf("%s is not a time that ECS can wait; allowed are whole minutes from 1m to 336h, for example \"%s\". %s", field.FormatDuration(d), field.FormatDuration(whole.Std()), why)
	case d <= need:
		return fmt.Sprintf("%s is not longer than the %s for which the strategy lets one weight stand, so ECS would go back in the middle; for example revert_after = \"%s\". %s", field.FormatDuration(d), field.FormatDuration(need), field.FormatDuration(whole.Std()), why)
	}
	return ""
}

// stands is the longest planned time at one weight above 0.
func stands(plan target.Plan) time.Duration {
	var most, here time.Duration
	var at float64
	for _, s := range plan.Steps {
		if s.Traffic.Weight != at {
			at, here = s.Traffic.Weight, 0
		}
		if here += s.AtLeast; at > 0 {
			most = max(most, here)
		}
	}
	return max(most, here+plan.Bake)
}

// next is the weight after another in ECS's plan.
func next(c *types.DeploymentConfiguration, weight float64) float64 {
	switch {
	case c == nil:
	case c.Strategy == types.DeploymentStrategyCanary && c.CanaryConfiguration != nil && weight == 0:
		return aws.ToFloat64(c.CanaryConfiguration.CanaryPercent)
	case c.Strategy == types.DeploymentStrategyLinear && c.LinearConfiguration != nil:
		return min(100, math.Round((weight+aws.ToFloat64(c.LinearConfiguration.StepPercent))*10)/10)
	}
	return 100
}

// hooks are where ECS stops for our word. Before the first request it may wait long,
// since nobody is hurt. Where going back is what must not happen by itself, there is no
// switch: the longest time that ECS has, and then it goes on. Where all traffic moves at
// once, that is only when it has moved: who dies before has sent nobody.
func hooks(plan target.Plan, tested bool) []types.DeploymentLifecycleHook {
	before := types.DeploymentLifecycleHookStagePostScaleUp
	if tested {
		before = types.DeploymentLifecycleHookStagePostTestTrafficShift
	}
	limit, action := plan.RevertAfter, types.DeploymentLifecycleHookActionRollback
	switch {
	case plan.Irreversible && !between(plan):
		return []types.DeploymentLifecycleHook{
			pause(held, action, before, types.DeploymentLifecycleHookStagePreProductionTrafficShift),
			pause(longest, types.DeploymentLifecycleHookActionContinue, types.DeploymentLifecycleHookStagePostProductionTrafficShift),
		}
	case plan.Irreversible:
		limit, action = longest, types.DeploymentLifecycleHookActionContinue
	case limit == 0:
		limit = 24 * time.Hour
	}
	return []types.DeploymentLifecycleHook{
		pause(held, types.DeploymentLifecycleHookActionRollback, before),
		pause(limit, action, types.DeploymentLifecycleHookStagePreProductionTrafficShift, types.DeploymentLifecycleHookStagePostProductionTrafficShift),
	}
}

func pause(limit time.Duration, action types.DeploymentLifecycleHookAction, stages ...types.DeploymentLifecycleHookStage) types.DeploymentLifecycleHook {
	return types.DeploymentLifecycleHook{
		TargetType: types.DeploymentLifecycleHookTargetTypePause, LifecycleStages: stages,
		TimeoutConfiguration: &types.DeploymentLifecycleHookTimeoutConfiguration{TimeoutInMinutes: aws.Int32(int32(limit / time.Minute)), Action: action},
	}
}
