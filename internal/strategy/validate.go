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
	switch given := d.kinds(); {
	case len(given) == 0:
		add("", "no kind of strategy is given; exactly one of "+kindsList+" must be, for example all_at_once = {}")
	case len(given) > 1:
		add(given[1], fmt.Sprintf("both %s and %s are given; exactly one of %s must be, for example all_at_once = {}", given[0], given[1], kindsList))
	}
	if d.Canary != nil {
		errs = append(errs, d.Canary.validate().Under("canary")...)
	}
	if d.Linear != nil {
		errs = append(errs, d.Linear.validate().Under("linear")...)
	}
	if d.BlueGreen != nil {
		errs = append(errs, d.BlueGreen.validate().Under("blue_green")...)
	}
	if d.Rolling != nil {
		errs = append(errs, d.Rolling.validate().Under("rolling")...)
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
	errs = append(errs, d.validateWaits()...)
	return append(errs, d.Analysis.validate().Under("analysis")...)
}

// kindsList is what messages call the kinds.
const kindsList = "canary, linear, all_at_once, blue_green and rolling"

// kinds names those that are given.
func (d Definition) kinds() []string {
	var given []string
	for _, k := range []struct {
		name string
		is   bool
	}{
		{"canary", d.Canary != nil}, {"linear", d.Linear != nil}, {"all_at_once", d.AllAtOnce != nil},
		{"blue_green", d.BlueGreen != nil}, {"rolling", d.Rolling != nil},
	} {
		if k.is {
			given = append(given, k.name)
		}
	}
	return given
}

func (l Linear) validate() field.Errors {
	var errs field.Errors
	if !(l.StepWeight >= 1 && l.StepWeight <= 100) {
		errs = append(errs, field.Error{Path: "step_weight", Msg: fmt.Sprintf("%v is not an increment; it must be from 1 to 100 %%, for example 20", l.StepWeight)})
	}
	return append(errs, bounds(l.AtLeast, l.AtMost)...)
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
