package release

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// missing names each capability that the strategy needs and the target lacks, with
// what is allowed instead.
func missing(spec Spec, caps target.Capabilities) field.Errors {
	var names []string
	for _, s := range spec.Strategy.Steps() {
		lacks := s.Traffic.Lacks(caps)
		if w := s.Traffic.Weight; w > 0 && w < 100 && s.Traffic.Batch == nil && !caps.Weights && !caps.FixedPlan {
			lacks = append(lacks, "weights")
		}
		for _, name := range lacks {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	allowed := map[string]string{
		"weights": "a strategy without steps below 100 %, for example all_at_once = {}",
		"cohorts": "a canary without cohorts, for example steps = [{ weight = 5, at_least = \"1m\" }, { weight = 100 }]",
		"mirror":  "a canary without a mirror, for example steps = [{ weight = 5, at_least = \"1m\" }, { weight = 100 }]",
		"batches": "a strategy that is not rolling, for example blue_green = {}",
	}
	var errs field.Errors
	for _, name := range names {
		errs = append(errs, field.Error{Path: "strategy", Msg: fmt.Sprintf("the strategy %q needs the capability %q, which the target (%s) does not have; allowed is %s",
			spec.Strategy.Name, name, spec.Target.Driver, allowed[name])})
	}
	return errs
}

// unguarded says why a step may not stand while nobody drives: on a target without
// a dead-man switch its users would stay on a harmful artifact. A mirror hurts
// nobody, since its answers are thrown away; how many users a cohort has nobody
// knows, so the author must have said at all that some may stay.
func unguarded(spec Spec, s strategy.Step, caps target.Capabilities) string {
	w, limit := s.Traffic.Weight, spec.Strategy.MaxUnattendedWeight
	switch {
	case caps.RevertAfter && !spec.Irreversible, w >= 100:
		return ""
	case w > 0 && (limit == nil || w > *limit):
		return unattended(spec, w, limit)
	case s.Traffic.Cohort != nil && limit == nil:
		return fmt.Sprintf("the strategy %q would leave %s on the new artifact if the driver died: %s, and max_unattended_weight is not stated; allowed are cohorts where it is, for example max_unattended_weight = 5",
			spec.Strategy.Name, "requests with "+s.Traffic.Cohort.String(), noSwitch(spec))
	default:
		return ""
	}
}

func noSwitch(spec Spec) string {
	if spec.Irreversible {
		return "the release is irreversible, which arms no dead-man switch"
	}
	return fmt.Sprintf("the target (%s) has no dead-man switch (capability \"revert_after\")", spec.Target.Driver)
}

func unattended(spec Spec, weight float64, limit *float64) string {
	stated := "max_unattended_weight is not stated"
	if limit != nil {
		stated = fmt.Sprintf("max_unattended_weight is %g", *limit)
	}
	return fmt.Sprintf("the strategy %q would leave %g %% of the traffic on the new artifact if the driver died: %s, and %s; allowed are steps up to max_unattended_weight, for example max_unattended_weight = %g", spec.Strategy.Name, weight, noSwitch(spec), stated, weight)
}

// planOf is what the rollout will ask of the target, without the steps that are
// skipped.
func planOf(spec Spec, skipped []int) target.Plan {
	plan := target.Plan{Bake: spec.BakeTime(), RevertAfter: spec.Strategy.RevertAfter.Std(), Irreversible: spec.Irreversible}
	if spec.Irreversible {
		plan.RevertAfter = 0
	}
	if limit := spec.Strategy.MaxUnattendedWeight; limit != nil {
		plan.Unattended = *limit
	}
	for i, s := range spec.Strategy.Steps() {
		if !contains(skipped, i) {
			plan.Steps = append(plan.Steps, target.PlanStep{Traffic: s.Traffic, AtLeast: s.AtLeast})
		}
	}
	return plan
}

// unplanned says why a target that walks a plan of its own cannot walk this one. The
// plan without the steps that a fast track skips must be possible as well.
func unplanned(spec Spec, t target.Target) field.Errors {
	planner, ok := t.(target.Planner)
	if !ok {
		return nil
	}
	errs := planner.CheckPlan(planOf(spec, nil))
	if len(errs) == 0 {
		errs = planner.CheckPlan(planOf(spec, skippedAlone(spec.Strategy)))
	}
	// A release has the strategy as a whole, so that is where its errors are shown.
	for i, e := range errs {
		if e.Path != "" {
			errs[i].Msg = fmt.Sprintf("%s of the strategy %q: %s", e.Path, spec.Strategy.Name, e.Msg)
		}
		errs[i].Path = "strategy"
	}
	return errs
}

// sticky says which step is shorter than users stay with an arm: its counts would be
// of users that an earlier step chose, and after a rollback they would stay on the new
// artifact for longer than anybody looks.
func sticky(spec Spec, caps target.Capabilities) field.Errors {
	steps := spec.Strategy.Steps()
	for i := 0; i < len(steps); i++ {
		w, lasts, open := steps[i].Traffic.Weight, time.Duration(0), false
		first := i
		for ; i < len(steps) && steps[i].Traffic.Weight == w; i++ {
			lasts, open = lasts+steps[i].AtLeast, open || steps[i].UntilResumed()
		}
		i--
		if w > 0 && w < 100 && !open && lasts < caps.Sticky {
			return field.Errors{{Path: "strategy", Msg: fmt.Sprintf("the strategy %q stays at %g %% for at least %s (step %d), and the target (%s) keeps users with an arm for %s, whatever its weight becomes; allowed are steps that are at least as long, for example at_least = \"%s\", or less stickiness",
				spec.Strategy.Name, w, field.Duration(lasts), first+1, spec.Target.Driver, field.Duration(caps.Sticky), field.Duration(caps.Sticky))}}
		}
	}
	return nil
}

// tooFine says which step has a share that the target cannot keep.
func tooFine(spec Spec, caps target.Capabilities) field.Errors {
	if caps.WeightStep == 0 {
		return nil
	}
	for i, s := range spec.Strategy.Steps() {
		n := s.Traffic.Weight / caps.WeightStep
		if math.Abs(n-math.Round(n)) > 1e-9 {
			return field.Errors{{Path: "strategy", Msg: fmt.Sprintf("the strategy %q has %g %% in step %d, and the target (%s) keeps shares in steps of %g %%; allowed are multiples of that, for example %.4g",
				spec.Strategy.Name, s.Traffic.Weight, i+1, spec.Target.Driver, caps.WeightStep, math.Round(n)*caps.WeightStep)}}
		}
	}
	return nil
}
