package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// walker is a target that walks a plan of its own: one weight and then all.
type walker struct {
	target.Target
	refuses int
}

func (w walker) Capabilities(context.Context) (target.Capabilities, error) {
	return target.Capabilities{FixedPlan: true, RevertAfter: true}, nil
}

func (w walker) CheckPlan(p target.Plan) field.Errors {
	if len(p.Steps) == w.refuses {
		return field.Errors{{Msg: fmt.Sprintf("there are %d steps", w.refuses)}}
	}
	return nil
}

func stepped() Spec {
	return Spec{Strategy: strategy.Definition{Name: "careful", Bake: field.Duration(time.Hour), RevertAfter: field.Duration(2 * time.Hour), Canary: &strategy.Canary{Steps: []strategy.CanaryStep{
		{Weight: 5, AtLeast: field.Duration(time.Minute)}, {Pause: &strategy.Waiting{Duration: field.Duration(time.Minute)}}, {Weight: 100}}}}}
}

// A target with a plan of its own is told the steps that are walked, how long each
// stands and what may go back by itself.
func TestThePlanIsWhatWillBeWalked(t *testing.T) {
	spec := stepped()
	plan := planOf(spec, nil)
	if len(plan.Steps) != 3 || plan.Steps[1].Traffic.Weight != 5 || plan.Steps[1].AtLeast != time.Minute || plan.Bake != time.Hour || plan.RevertAfter != 2*time.Hour || plan.Irreversible {
		t.Errorf("%+v", plan)
	}
	if plan := planOf(spec, skippedAlone(spec.Strategy)); len(plan.Steps) != 1 || plan.Steps[0].Traffic.Weight != 100 {
		t.Errorf("where steps are skipped: %+v", plan)
	}
	unattended := 10.0
	spec.Irreversible, spec.Strategy.MaxUnattendedWeight = true, &unattended
	if plan := planOf(spec, nil); plan.RevertAfter != 0 || !plan.Irreversible || plan.Unattended != 10 {
		t.Errorf("irreversible: %+v", plan)
	}
}

// What such a target cannot walk is an error of the strategy, also where it cannot walk
// what is left when steps are skipped. Others are not asked.
func TestAPlanThatCannotBeWalkedIsRefused(t *testing.T) {
	for refuses, want := range map[int]string{3: "strategy: there are 3 steps", 1: "strategy: there are 1 steps", 2: ""} {
		if got := unplanned(stepped(), walker{refuses: refuses}).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if errs := unplanned(stepped(), struct{ target.Target }{}); len(errs) > 0 {
		t.Errorf("a target that takes any weight: %v", errs)
	}
}

// The capability stands for weights in between, and for arms side by side, but not for
// any weight at any time.
func TestAFixedPlanIsNotAnyWeight(t *testing.T) {
	caps, err := walker{}.Capabilities(t.Context())
	if err = errors.Join(err, missing(stepped(), caps).Err()); err != nil {
		t.Error(err)
	}
	if errs := missing(stepped(), target.Capabilities{}); len(errs) != 1 || !strings.Contains(errs.Error(), `"weights"`) {
		t.Errorf("%v", errs)
	}
}
