package strategy

import (
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// MaxSteps is the greatest number of steps of one strategy.
const MaxSteps = 100

// Validate checks a definition as an author wrote it. Paths are those of the
// resource: "canary.steps[2].weight".
func (d Definition) Validate() field.Errors {
	var errs field.Errors
	add := func(path, msg string) {
		if msg != "" {
			errs = append(errs, field.Error{Path: path, Msg: msg})
		}
	}
	add("name", field.Name(d.Name))
	switch kinds := d.kinds(); {
	case len(kinds) == 0:
		add("", "no kind of strategy is given; exactly one of canary, linear and all_at_once must be, for example all_at_once = {}")
	case len(kinds) > 1:
		add(kinds[1], fmt.Sprintf("both %s and %s are given; exactly one of canary, linear and all_at_once must be, for example all_at_once = {}", kinds[0], kinds[1]))
	}
	if d.Canary != nil {
		errs = append(errs, d.Canary.validate().Under("canary")...)
	}
	if d.Linear != nil {
		errs = append(errs, d.Linear.validate().Under("linear")...)
	}
	if d.OnInconclusive != "" && !slices.Contains(OnInconclusiveChoices(), string(d.OnInconclusive)) {
		add("on_inconclusive", fmt.Sprintf("%q is not a choice; it must be extend, pause or rollback, for example \"extend\"", d.OnInconclusive))
	}
	if w := d.MaxUnattendedWeight; w != nil && (!(*w >= 0) || *w > 100) {
		add("max_unattended_weight", fmt.Sprintf("%v is not a weight; it must be from 0 to 100 %%, for example 10", *w))
	}
	if full := d.Normalize(); d.RevertAfter != 0 && d.RevertAfter < 2*full.Analysis.Interval {
		add("revert_after", fmt.Sprintf("%s is less than twice the analysis interval, %s, so the target would go back between two looks; it must be at least %s, for example \"%s\"", d.RevertAfter, full.Analysis.Interval, 2*full.Analysis.Interval, max(field.Duration(DefaultRevertAfter), 3*full.Analysis.Interval)))
	}
	return append(errs, d.Analysis.validate().Under("analysis")...)
}

func (d Definition) kinds() []string {
	var kinds []string
	if d.Canary != nil {
		kinds = append(kinds, "canary")
	}
	if d.Linear != nil {
		kinds = append(kinds, "linear")
	}
	if d.AllAtOnce != nil {
		kinds = append(kinds, "all_at_once")
	}
	return kinds
}

const exampleSteps = "for example steps = [{ weight = 5, at_least = \"1m\" }, { weight = 100 }]"

func (c Canary) validate() field.Errors {
	var errs field.Errors
	if len(c.Steps) == 0 || len(c.Steps) > MaxSteps {
		return field.Errors{{Path: "steps", Msg: fmt.Sprintf("there are %d steps; a canary has 1 to %d, %s", len(c.Steps), MaxSteps, exampleSteps)}}
	}
	before := 0.0
	for i, s := range c.Steps {
		path := fmt.Sprintf("steps[%d].weight", i)
		switch {
		case !(s.Weight > 0 && s.Weight <= 100):
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%v is not a weight of a step; it must be above 0 and at most 100 %%, %s", s.Weight, exampleSteps)})
		case s.Weight <= before:
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("the weight %v does not follow %v; weights must increase from step to step, %s", s.Weight, before, exampleSteps)})
		}
		before = max(before, s.Weight)
		if s.AtMost != 0 && s.AtMost < s.AtLeast {
			errs = append(errs, field.Error{Path: fmt.Sprintf("steps[%d].at_most", i), Msg: fmt.Sprintf("%s is shorter than at_least, %s; it must be at least as long, for example \"%s\"", s.AtMost, s.AtLeast, 2*s.AtLeast)})
		}
	}
	if last := c.Steps[len(c.Steps)-1]; last.Weight != 100 && last.Weight > 0 && last.Weight < 100 {
		errs = append(errs, field.Error{Path: "steps", Msg: fmt.Sprintf("the last step stops at %v %%; the last weight must be 100, or the release would never finish, %s", last.Weight, exampleSteps)})
	}
	return errs
}

func (l Linear) validate() field.Errors {
	var errs field.Errors
	if !(l.StepWeight >= 1 && l.StepWeight <= 100) {
		errs = append(errs, field.Error{Path: "step_weight", Msg: fmt.Sprintf("%v is not an increment; it must be from 1 to 100 %%, for example 20", l.StepWeight)})
	}
	if l.AtMost != 0 && l.AtMost < l.AtLeast {
		errs = append(errs, field.Error{Path: "at_most", Msg: fmt.Sprintf("%s is shorter than at_least, %s; it must be at least as long, for example \"%s\"", l.AtMost, l.AtLeast, 2*l.AtLeast)})
	}
	return errs
}

func (a Analysis) validate() field.Errors {
	var errs field.Errors
	critical := false
	for _, name := range a.MetricNames() {
		m := a.Metrics[name]
		critical = critical || m.Critical
		errs = append(errs, m.validate(name).Under(fmt.Sprintf("metrics[%q]", name))...)
	}
	if len(a.Metrics) > 0 && !critical {
		errs = append(errs, field.Error{Path: "metrics", Msg: "no metric is critical, so no step could ever be proved safe; at least one must be, for example errors = { critical = true }"})
	}
	shares := []struct {
		path  string
		value float64
		open  bool
	}{{"alpha_harm", a.AlphaHarm, true}, {"alpha_safe", a.AlphaSafe, true}, {"min_abs", a.MinAbs, false}}
	for _, s := range shares {
		if !(s.value >= 0 && s.value < 1) {
			errs = append(errs, field.Error{Path: s.path, Msg: fmt.Sprintf("%v is not a probability; it must be above 0 and below 1, for example 0.01", s.value)})
		}
	}
	if !(a.Margin >= 0 && a.Margin <= 10) {
		errs = append(errs, field.Error{Path: "margin", Msg: fmt.Sprintf("%v is not a relative margin; it must be from 0 to 10, for example 0.1", a.Margin)})
	}
	return errs
}

func (m Metric) validate(name string) field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if msg := field.Name(name); msg != "" {
		add("", "%s", msg)
	}
	if !(m.Ceiling >= 0 && m.Ceiling < 1) {
		add("ceiling", "%v is not a ceiling; it must be above 0 %% and below 100 %%, for example \"1%%\"", m.Ceiling)
	}
	if !(m.Importance >= 0 && m.Importance <= 1000) {
		add("importance", "%v is not an importance; it must be above 0 and at most 1000, for example 3", m.Importance)
	}
	if m.Dispersion != 0 && !(m.Dispersion >= 1 && m.Dispersion <= 1000) {
		add("dispersion", "%v is not a variance-to-mean ratio; it must be from 1 to 1000, for example 2", m.Dispersion)
	}
	if s := m.SlowerThan; s != nil {
		switch {
		case (s.Fixed != 0) == (s.BaselineQuantile != 0):
			add("slower_than", "exactly one of baseline_quantile and fixed must be given, for example { baseline_quantile = 0.99 }")
		case s.Fixed == 0 && !(s.BaselineQuantile > 0 && s.BaselineQuantile < 1):
			add("slower_than.baseline_quantile", "%v is not a quantile; it must be above 0 and below 1, for example 0.99", s.BaselineQuantile)
		}
	}
	return errs
}
