package ecs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// Each plan that ECS cannot walk is refused before anything is asked of AWS, with
// what is allowed.
func TestPlansThatECSCannotWalk(t *testing.T) {
	steps := func(weights ...float64) *strategy.Canary {
		c := &strategy.Canary{}
		for _, w := range weights {
			s := strategy.CanaryStep{Weight: w}
			if w < 100 {
				s.AtLeast = field.Duration(2 * time.Minute)
			}
			c.Steps = append(c.Steps, s)
		}
		return c
	}
	half := 0.5
	minutes := func(n int) field.Duration { return field.Duration(time.Duration(n) * time.Minute) }
	for name, c := range map[string]struct {
		strategy strategy.Definition
		want     []string
	}{
		"unequal steps":       {strategy.Definition{Canary: steps(1, 5, 25, 100)}, []string{"strategy: ", "1, 5, 25, 100 is neither", `the target "alb"`}},
		"does not divide":     {strategy.Definition{Linear: &strategy.Linear{StepWeight: 30, AtLeast: minutes(2)}}, []string{"30, 60, 90, 100 is neither", `the target "alb"`}},
		"too small":           {strategy.Definition{Linear: &strategy.Linear{StepWeight: 2, AtLeast: minutes(2)}}, []string{"ECS's least equal step is 3 %, and the strategy's is 2 %"}},
		"hundredths":          {strategy.Definition{Canary: steps(0.25, 100)}, []string{"tenths of a percent, and 0.25 % is none"}},
		"batches":             {strategy.Definition{Rolling: &strategy.Rolling{Batch: &half}}, []string{`the capability "batches"`}},
		"a cohort":            {strategy.Definition{Canary: &strategy.Canary{Steps: []strategy.CanaryStep{{Cohort: &target.Cohort{Header: "X-Beta", Value: "1"}, AtLeast: minutes(2)}, {Weight: 100}}}}, []string{`the capability "cohorts"`}},
		"no whole minutes":    {strategy.Definition{Canary: steps(10, 100), RevertAfter: field.Duration(150 * time.Second)}, []string{"strategy: revert_after of the strategy \"wanted\": ", "2m30s is not a time that ECS can wait", `"10m"`}},
		"shorter than a step": {strategy.Definition{Canary: steps(10, 100), RevertAfter: minutes(2)}, []string{"strategy: revert_after of the strategy \"wanted\": ", "2m is not longer than the 2m for which"}},
		"shorter than the bake": {strategy.Definition{Canary: steps(10, 100), RevertAfter: minutes(5), Bake: minutes(30)},
			[]string{"5m is not longer than the 30m for which", `revert_after = "1h"`}},
		"the default": {strategy.Definition{Canary: steps(10, 100)}, []string{"1m is not longer than the 2m"}},
	} {
		t.Run(name, func(t *testing.T) {
			clk := clock.NewAuto(start)
			s := serve(t, clk)
			d := c.strategy
			d.Name = "wanted"
			if d.RevertAfter == 0 && name != "the default" {
				d.RevertAfter = minutes(5)
			}
			_, err := drive(mem.New(start), clk, "ci").Ship(t.Context(), want(t, s, b, d))
			var errs field.Errors
			if err == nil || c.want != nil && !errors.As(err, &errs) {
				t.Fatalf("%v", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %v", part, err)
				}
			}
			if len(s.Made()) > 0 {
				t.Errorf("writes %q", s.Made())
			}
		})
	}
}

// Weights for a service that has no second target group are refused at plan, and before
// the first write; what moves all at once, and a target that has one to give, are not.
func TestWeightsNeedASecondTargetGroup(t *testing.T) {
	const said = "the service checkout has no second target group"
	whole := strategy.Definition{Name: "wanted", Bake: field.Duration(time.Minute), RevertAfter: field.Duration(5 * time.Minute), BlueGreen: &strategy.BlueGreen{}}
	for name, c := range map[string]struct {
		strategy strategy.Definition
		change   func(*ecstest.Server, *ecs.Config)
		refused  bool
	}{
		"a canary":              {canary(10), func(*ecstest.Server, *ecs.Config) {}, true},
		"no load balancer":      {canary(10), func(s *ecstest.Server, _ *ecs.Config) { s.Balancers = []any{} }, true},
		"all at once":           {whole, func(*ecstest.Server, *ecs.Config) {}, false},
		"the target has one":    {canary(10), func(_ *ecstest.Server, c *ecs.Config) { c.Shifting = shifting() }, false},
		"ECS cannot be reached": {canary(10), func(s *ecstest.Server, _ *ecs.Config) { s.NoCluster = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			clk := clock.NewAuto(start)
			s := serve(t, clk)
			delete(s.Balancers[0].(map[string]any), "advancedConfiguration") //nolint:forcetypeassert // It is ours.
			conf := config(s)
			c.change(s, &conf)
			e, req := drive(mem.New(start), clk, "ci"), wantOf(t, conf, b, c.strategy)
			f, _ := e.Forecast(t.Context(), req.Spec) // What else is wrong is told, too.
			found := slices.ContainsFunc(f.Obstacles, func(o target.Obstacle) bool {
				return strings.Contains(o.What, said) && strings.Contains(o.Remedy, "shifting = {")
			})
			if found != c.refused {
				t.Errorf("the plan says %+v", f.Obstacles)
			}
			if !c.refused {
				return
			}
			var obstructed *release.ObstructedError
			if _, err := e.Ship(t.Context(), req); !errors.As(err, &obstructed) || !strings.Contains(err.Error(), said) || len(s.Made()) > 0 {
				t.Errorf("%v, writes %q", err, s.Made())
			}
		})
	}
}

// What is planned at one weight is what the hook must outlast: pauses and checks
// stand at the weight before them, and the bake at 100.
func TestAHookOutlastsWhatIsPlanned(t *testing.T) {
	clk := clock.NewFake(start)
	d := open(t, config(serve(t, clk)), clk)
	step := func(w float64, minutes int) target.PlanStep {
		return target.PlanStep{Traffic: target.TrafficState{Weight: w}, AtLeast: time.Duration(minutes) * time.Minute}
	}
	for _, c := range []struct {
		steps []target.PlanStep
		bake  int
		least int
	}{
		{[]target.PlanStep{step(0, 600), step(10, 5), step(100, 0)}, 0, 6},
		{[]target.PlanStep{step(10, 5), step(10, 20), step(100, 0)}, 10, 26},
		{[]target.PlanStep{step(50, 5), step(100, 0)}, 40, 41},
		{[]target.PlanStep{step(100, 0)}, 0, 1},
	} {
		t.Run(fmt.Sprint(c.least), func(t *testing.T) {
			plan := target.Plan{Steps: c.steps, Bake: time.Duration(c.bake) * time.Minute, RevertAfter: time.Duration(c.least) * time.Minute}
			if errs := d.CheckPlan(plan); len(errs) > 0 {
				t.Errorf("%s: %v", plan.RevertAfter, errs)
			}
			if plan.RevertAfter -= time.Minute; len(d.CheckPlan(plan)) == 0 {
				t.Errorf("%s is taken", plan.RevertAfter)
			}
			if plan.Irreversible, plan.Unattended = true, 100; len(d.CheckPlan(plan)) > 0 {
				t.Errorf("irreversible: %v", d.CheckPlan(plan))
			}
		})
	}
}
