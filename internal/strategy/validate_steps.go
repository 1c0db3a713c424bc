package strategy

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

const exampleSteps = "for example steps = [{ weight = 5, at_least = \"1m\" }, { weight = 100 }]"

// MaxChecks is the greatest number of checks of a blue/green strategy.
const MaxChecks = 20

func (c Canary) validate() field.Errors {
	var errs field.Errors
	if len(c.Steps) == 0 || len(c.Steps) > MaxSteps {
		return field.Errors{{Path: "steps", Msg: fmt.Sprintf("there are %d steps; a canary has 1 to %d, %s", len(c.Steps), MaxSteps, exampleSteps)}}
	}
	before := 0.0
	for i, s := range c.Steps {
		path := fmt.Sprintf("steps[%d]", i)
		errs = append(errs, s.validate().Under(path)...)
		if s.kind() != StepWeight {
			continue
		}
		if s.Weight > 0 && s.Weight <= before {
			errs = append(errs, field.Error{Path: path + ".weight", Msg: fmt.Sprintf("the weight %v does not follow %v; weights must increase from step to step, %s", s.Weight, before, exampleSteps)})
		}
		before = max(before, s.Weight)
	}
	last := c.Steps[len(c.Steps)-1]
	switch {
	case last.kind() != StepWeight:
		errs = append(errs, field.Error{Path: "steps", Msg: fmt.Sprintf("the last step is a %s; it must be the weight 100, or the release would never finish, %s", last.kind(), exampleSteps)})
	case last.Weight > 0 && last.Weight < 100:
		errs = append(errs, field.Error{Path: "steps", Msg: fmt.Sprintf("the last step stops at %v %%; the last weight must be 100, or the release would never finish, %s", last.Weight, exampleSteps)})
	}
	return errs
}

// given names the kinds that a step has. A weight of 0 cannot be told from none.
func (s CanaryStep) given() []string {
	var names []string
	for _, k := range []struct {
		name string
		is   bool
	}{
		{"weight", s.Weight != 0}, {"cohort", s.Cohort != nil}, {"mirror", s.Mirror != nil},
		{"pause", s.Pause != nil}, {"check", s.Check != nil},
	} {
		if k.is {
			names = append(names, k.name)
		}
	}
	return names
}

func (s CanaryStep) validate() field.Errors {
	const allowed = "exactly one of weight, cohort, mirror, pause and check is given in a step, " + exampleSteps
	if given := s.given(); len(given) > 1 {
		return field.Errors{{Path: given[1], Msg: fmt.Sprintf("both %s and %s are given; %s", given[0], given[1], allowed)}}
	}
	var errs field.Errors
	kind := s.kind()
	switch kind {
	case StepCohort:
		errs = s.Cohort.Validate().Under("cohort")
	case StepMirror:
		if m := *s.Mirror; !(m > 0 && m <= 100) {
			errs = field.Errors{{Path: "mirror", Msg: fmt.Sprintf("%v is not a share of requests to copy; it must be above 0 and at most 100 %%, for example 10", m)}}
		}
	case StepCheck:
		errs = s.Check.Validate().Under("check")
	case StepWeight:
		if !(s.Weight > 0 && s.Weight <= 100) {
			errs = field.Errors{{Path: "weight", Msg: fmt.Sprintf("%v is not a weight of a step; it must be above 0 and at most 100 %%, and %s", s.Weight, allowed)}}
		}
	}
	if kind == StepPause || kind == StepCheck {
		const why = "is for steps that move traffic, and this one is a %s; leave it out, for example { pause = { duration = \"10m\" } }"
		if s.AtLeast != 0 {
			errs = append(errs, field.Error{Path: "at_least", Msg: fmt.Sprintf("at_least "+why, kind)})
		}
		if s.AtMost != 0 {
			errs = append(errs, field.Error{Path: "at_most", Msg: fmt.Sprintf("at_most "+why, kind)})
		}
		return errs
	}
	return append(errs, bounds(s.AtLeast, s.AtMost)...)
}

func (b BlueGreen) validate() field.Errors {
	var errs field.Errors
	if len(b.Checks) > MaxChecks {
		errs = append(errs, field.Error{Path: "checks", Msg: fmt.Sprintf("there are %d checks; at most %d are allowed, for example checks = [{ name = \"smoke\", url = \"https://green.example/healthz\" }]", len(b.Checks), MaxChecks)})
	}
	names := map[string]bool{}
	for i, c := range b.Checks {
		path := fmt.Sprintf("checks[%d]", i)
		errs = append(errs, c.Validate().Under(path)...)
		if names[c.Name] && c.Name != "" {
			errs = append(errs, field.Error{Path: path + ".name", Msg: fmt.Sprintf("there is a check %q already; names tell checks apart, for example %q", c.Name, c.Name+"-2")})
		}
		names[c.Name] = true
	}
	if b.Cohort != nil {
		errs = append(errs, b.Cohort.Validate().Under("cohort")...)
		if len(b.Checks) == 0 && b.Preview == nil {
			errs = append(errs, field.Error{Path: "cohort", Msg: "the cohort is sent to the new artifact for the checks and the preview before the switch, and there are none; leave it out, or add for example preview = { duration = \"10m\" }"})
		}
	}
	if b.KeepWarm < 0 {
		errs = append(errs, field.Error{Path: "keep_warm", Msg: fmt.Sprintf("%s is negative; it must be a time of at least 0s, for example \"30m\"", b.KeepWarm)})
	}
	return append(errs, bounds(0, b.AtMost)...)
}

func (r Rolling) validate() field.Errors {
	errs := r.validateBatch()
	if len(errs) > 0 {
		return append(errs, bounds(r.AtLeast, r.AtMost)...)
	}
	if m := r.MinHealthy; m != nil {
		room := 1 - r.share()
		switch {
		case !(*m >= 0 && *m <= 1):
			errs = append(errs, field.Error{Path: "min_healthy", Msg: fmt.Sprintf("%v is not a share of the instances; it must be from 0 %% to %v %%, for example \"%v%%\"", *m, percent(room), percent(room))})
		case *m > room+1e-9:
			errs = append(errs, field.Error{Path: "min_healthy", Msg: fmt.Sprintf("%v %% leaves no room: a batch takes %v %% of the instances away, so at most %v %% stay; it must be at most that, for example \"%v%%\", or the batch smaller", percent(*m), percent(r.share()), percent(room), percent(room))})
		}
	}
	return append(errs, bounds(r.AtLeast, r.AtMost)...)
}

func (r Rolling) validateBatch() field.Errors {
	const example = "for example batch = \"25%\", or batch_count = 2 with instances = 8"
	one := func(path, format string, args ...any) field.Errors {
		return field.Errors{{Path: path, Msg: fmt.Sprintf(format, args...) + "; " + example}}
	}
	switch {
	case r.Batch == nil && r.BatchCount == nil:
		return one("", "it does not say how many instances a batch has; exactly one of batch and batch_count is given")
	case r.Batch != nil && r.BatchCount != nil:
		return one("batch_count", "both batch and batch_count are given; exactly one of them is")
	case r.Batch != nil && r.Instances != nil:
		return one("instances", "instances is for batch_count, and batch is a share already; leave it out")
	case r.Batch != nil && !(*r.Batch >= 0.01 && *r.Batch <= 1):
		return one("batch", "%v %% is not a batch; it must be from 1 %% to 100 %%", percent(*r.Batch))
	case r.BatchCount == nil:
		return nil
	case r.Instances == nil:
		return one("instances", "batch_count needs the number of instances, since the steps are planned before any target is asked; it must be given")
	case *r.Instances < 1 || *r.Instances > 100_000:
		return one("instances", "%d is not a number of instances; it must be from 1 to 100000", *r.Instances)
	case *r.BatchCount < 1 || *r.BatchCount > *r.Instances:
		return one("batch_count", "%d is not a batch of %d instances; it must be from 1 to %d", *r.BatchCount, *r.Instances, *r.Instances)
	case (*r.Instances+*r.BatchCount-1) / *r.BatchCount > MaxSteps:
		return one("batch_count", "batches of %d make more than %d steps of %d instances; it must be at least %d", *r.BatchCount, MaxSteps, *r.Instances, (*r.Instances+MaxSteps-1)/MaxSteps)
	default:
		return nil
	}
}

// bounds checks that a deadline does not come before the least time.
func bounds(atLeast, atMost field.Duration) field.Errors {
	if atMost != 0 && atMost < atLeast {
		return field.Errors{{Path: "at_most", Msg: fmt.Sprintf("%s is shorter than at_least, %s; it must be at least as long, for example \"%s\"", atMost, atLeast, 2*atLeast)}}
	}
	return nil
}

// MaxStepTimeout is the longest that one attempt of a step's check may take: the
// driver must show a sign of life meanwhile, to the ledger and to the target.
const MaxStepTimeout = 10 * time.Second

// validateWaits checks that no attempt of a check keeps the driver from its looks.
func (d Definition) validateWaits() field.Errors {
	var errs field.Errors
	limit := MaxStepTimeout
	why := "a driver that waits longer would lose its lease"
	if half := d.Normalize().RevertAfter.Std() / 2; half < limit {
		limit, why = half, "the target goes back by itself after revert_after, which nobody would renew meanwhile"
	}
	one := func(path string, c check.Check) {
		if t := c.Normalize().Timeout.Std(); t > limit {
			errs = append(errs, field.Error{Path: path + ".timeout", Msg: fmt.Sprintf("%s is too long for a step: %s; it must be at most %s, for example %q",
				field.FormatDuration(t), why, field.FormatDuration(limit), field.FormatDuration(min(limit, check.DefaultTimeout)))})
		}
	}
	if d.Canary != nil {
		for i, s := range d.Canary.Steps {
			if s.Check != nil {
				one(fmt.Sprintf("canary.steps[%d].check", i), *s.Check)
			}
		}
	}
	if d.BlueGreen != nil {
		for i, c := range d.BlueGreen.Checks {
			one(fmt.Sprintf("blue_green.checks[%d]", i), c)
		}
	}
	return errs
}
