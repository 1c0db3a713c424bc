package strategy_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// valid is a definition without a fault.
func valid() strategy.Definition {
	return strategy.Definition{
		Name: "careful", Bake: minutes(10),
		Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 5, AtLeast: minutes(1)}, {Weight: 100}}},
		Analysis: strategy.Analysis{Metrics: map[string]strategy.Metric{"errors": {Critical: true, Ceiling: 0.01}}},
	}
}

func TestAValidDefinition(t *testing.T) {
	linear := valid()
	linear.Canary, linear.Linear = nil, &strategy.Linear{StepWeight: 20, AtLeast: minutes(1)}
	for _, def := range []strategy.Definition{valid(), valid().Normalize(), linear, {Name: "now", AllAtOnce: &strategy.AllAtOnce{}}} {
		if errs := def.Validate(); len(errs) > 0 {
			t.Errorf("%v", errs)
		}
	}
}

// Every message stands on its attribute's path and says what was wrong, what is
// allowed and an example.
func TestBadDefinitions(t *testing.T) {
	steps := func(s ...strategy.CanaryStep) func(*strategy.Definition) {
		return func(d *strategy.Definition) { d.Canary.Steps = s }
	}
	metric := func(m strategy.Metric) func(*strategy.Definition) {
		return func(d *strategy.Definition) { m.Critical = true; d.Analysis.Metrics["errors"] = m }
	}
	weight := func(w float64) func(*strategy.Definition) {
		return func(d *strategy.Definition) { d.MaxUnattendedWeight = &w }
	}
	linear := func(l strategy.Linear) func(*strategy.Definition) {
		return func(d *strategy.Definition) { d.Canary, d.Linear = nil, &l }
	}
	const errors = `analysis.metrics["errors"].`
	cases := []struct {
		name, path, msg string
		spoil           func(*strategy.Definition)
	}{
		{"no name", "name", "", func(d *strategy.Definition) { d.Name = "" }},
		{"no kind", "", "exactly one of canary, linear, all_at_once, blue_green and rolling must be", func(d *strategy.Definition) { d.Canary = nil }},
		{"two kinds", "all_at_once", "both canary and all_at_once are given", func(d *strategy.Definition) { d.AllAtOnce = &strategy.AllAtOnce{} }},
		{"no steps", "canary.steps", "there are 0 steps; a canary has 1 to 100", steps()},
		{"too many steps", "canary.steps", "there are 101 steps", steps(make([]strategy.CanaryStep, 101)...)},
		{"a weight of nothing", "canary.steps[0].weight", "0 is not a weight of a step", steps(strategy.CanaryStep{}, strategy.CanaryStep{Weight: 100})},
		{"a negative weight", "canary.steps[0].weight", "-5 is not a weight of a step", steps(strategy.CanaryStep{Weight: -5}, strategy.CanaryStep{Weight: 100})},
		{"a weight above 100", "canary.steps[1].weight", "101 is not a weight of a step", steps(strategy.CanaryStep{Weight: 5}, strategy.CanaryStep{Weight: 101})},
		{"a weight that is no number", "canary.steps[0].weight", "NaN is not a weight", steps(strategy.CanaryStep{Weight: math.NaN()}, strategy.CanaryStep{Weight: 100})},
		{"weights that do not increase", "canary.steps[1].weight", "the weight 25 does not follow 25; weights must increase", steps(strategy.CanaryStep{Weight: 25}, strategy.CanaryStep{Weight: 25}, strategy.CanaryStep{Weight: 100})},
		{"no final 100", "canary.steps", "the last step stops at 50 %; the last weight must be 100", steps(strategy.CanaryStep{Weight: 50})},
		{"at_most before at_least", "canary.steps[0].at_most", "1m is shorter than at_least, 2m", steps(strategy.CanaryStep{Weight: 5, AtLeast: minutes(2), AtMost: minutes(1)}, strategy.CanaryStep{Weight: 100})},
		{"an increment of nothing", "linear.step_weight", "0 is not an increment", linear(strategy.Linear{})},
		{"an increment that never ends", "linear.step_weight", "NaN is not an increment", linear(strategy.Linear{StepWeight: math.NaN()})},
		{"linear at_most before at_least", "linear.at_most", "1m is shorter than at_least, 2m", linear(strategy.Linear{StepWeight: 10, AtLeast: minutes(2), AtMost: minutes(1)})},
		{"an unknown choice", "on_inconclusive", `"hope" is not a choice; it must be extend, pause or rollback`, func(d *strategy.Definition) { d.OnInconclusive = "hope" }},
		{"an unattended weight", "max_unattended_weight", "120 is not a weight", weight(120)},
		{"an unattended weight that is no number", "max_unattended_weight", "NaN is not a weight", weight(math.NaN())},
		{"a switch between two looks", "revert_after", "15s is less than twice the analysis interval, 10s", func(d *strategy.Definition) { d.RevertAfter = field.Duration(15 * time.Second) }},
		{"nothing critical", "analysis.metrics", "no metric is critical", func(d *strategy.Definition) { d.Analysis.Metrics = map[string]strategy.Metric{"errors": {}} }},
		{"an alpha of one", "analysis.alpha_harm", "1 is not a probability", func(d *strategy.Definition) { d.Analysis.AlphaHarm = 1 }},
		{"a negative alpha", "analysis.alpha_safe", "-0.1 is not a probability", func(d *strategy.Definition) { d.Analysis.AlphaSafe = -0.1 }},
		{"min_abs", "analysis.min_abs", "NaN is not a probability", func(d *strategy.Definition) { d.Analysis.MinAbs = math.NaN() }},
		{"a margin", "analysis.margin", "11 is not a relative margin", func(d *strategy.Definition) { d.Analysis.Margin = 11 }},
		{"a ceiling", errors + "ceiling", "1 is not a ceiling", metric(strategy.Metric{Ceiling: 1})},
		{"an importance", errors + "importance", "-1 is not an importance", metric(strategy.Metric{Importance: -1})},
		{"a dispersion", errors + "dispersion", "0.5 is not a variance-to-mean ratio", metric(strategy.Metric{Dispersion: 0.5})},
		{"no threshold", errors + "slower_than", "exactly one of baseline_quantile and fixed", metric(strategy.Metric{SlowerThan: &strategy.SlowerThan{}})},
		{"two thresholds", errors + "slower_than", "exactly one of baseline_quantile and fixed", metric(strategy.Metric{SlowerThan: &strategy.SlowerThan{BaselineQuantile: 0.9, Fixed: minutes(1)}})},
		{"a quantile", errors + "slower_than.baseline_quantile", "1 is not a quantile", metric(strategy.Metric{SlowerThan: &strategy.SlowerThan{BaselineQuantile: 1}})},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			def := valid()
			c.spoil(&def)
			errs := def.Validate()
			for _, e := range errs {
				if e.Path == c.path && strings.Contains(e.Msg, c.msg) {
					if c.msg != "" && !strings.Contains(e.Msg, "for example") {
						t.Errorf("the message has no example: %s", e.Msg)
					}
					return
				}
			}
			t.Errorf("no message at %q says %q: %v", c.path, c.msg, errs)
		})
	}
}
