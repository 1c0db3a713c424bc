package release

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// validateTriggers checks the triggers, and that they and the policy's switches do
// not contradict each other: a policy that says that it goes back by itself and
// never can is the worst of all.
func (p Policy) validateTriggers() field.Errors {
	t := p.Triggers
	if t == nil {
		return nil
	}
	errs := field.Errors{}
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: "triggers." + path, Msg: fmt.Sprintf(format, args...)})
	}
	during := func(path string, d During) {
		switch {
		case d != "" && !slices.Contains(Durings(), string(d)):
			add(path+".during", "%q is not a part of a rollout; it must be both, steps, bake or never, for example \"steps\"", d)
		case d == DuringBake && !p.duringBake():
			add(path+".during", "the trigger is on during the bake only, in which during_bake = false leaves every rollback to a person; leave one of them out, for example during = \"steps\"")
		}
	}
	for path, s := range map[string]*TriggerSwitch{"harm": t.Harm, "health": t.Health, "failed_check": t.FailedCheck} {
		if s != nil {
			during(path, s.During)
		}
	}
	if b := t.BurnRate; b != nil {
		during("burn_rate", b.During)
		errs = append(errs, b.validate().Under("triggers.burn_rate")...)
	}
	if c := t.ErrorCeiling; c != nil {
		during("error_ceiling", c.During)
		errs = append(errs, c.validate().Under("triggers.error_ceiling")...)
	}
	for _, name := range p.externals() {
		path := fmt.Sprintf("external[%q]", name)
		e := t.External[name]
		during(path, e.During)
		for at, value := range map[string]string{"signal": e.Signal, "metric": e.Metric} {
			if msg := field.Name(value); msg != "" {
				add(path+"."+at, "%s", msg)
			}
		}
		if msg := field.Name(name); msg != "" {
			add(path, "%s", msg)
		}
	}
	if p.automatic() && len(errs) == 0 && len(p.On(false)) == 0 && len(p.On(true)) == 0 {
		add("harm", "every trigger is off, so nothing could ever go back by itself though the policy is automatic; turn one on, for example harm = { during = \"both\" }, or say that a person decides: automatic = false")
	}
	slices.SortFunc(errs, func(a, b field.Error) int { return strings.Compare(a.Path, b.Path) })
	return errs
}

func (b BurnRate) validate() field.Errors {
	errs := validateCounted(b.Metric, b.MinRequests)
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if c := b.Ceiling; c != nil && !(*c > 0 && *c < 1) {
		add("ceiling", "%v is not a ceiling; it must be above 0 %% and below 100 %%, for example \"0.1%%\"", *c)
	}
	if len(b.Windows) > MaxWindows {
		add("windows", "there are %d windows; at most %d are allowed, for example [{ long = \"1h\", short = \"5m\", factor = 14.4 }]", len(b.Windows), MaxWindows)
		return errs
	}
	for i, w := range b.Windows {
		path := fmt.Sprintf("windows[%d]", i)
		switch {
		case w.Long == 0 || w.Long.Std() > MaxTriggerRange:
			add(path+".long", "%s is not a range; it must be above 0s and at most %s, for example \"1h\"", w.Long, field.FormatDuration(MaxTriggerRange))
		case w.Short == 0:
			add(path+".short", "%s is not a range; it must be above 0s, for example \"5m\"", w.Short)
		case w.Short >= w.Long && w.Long > 0:
			add(path+".short", "the short range, %s, is not shorter than the long one, %s; it says that the burning still goes on, for example short = \"5m\" with long = \"1h\"", w.Short, w.Long)
		}
		if !(w.Factor > 0) || math.IsInf(w.Factor, 0) {
			add(path+".factor", "%v is not a factor; it must be above 0, for example 14.4", w.Factor)
		}
	}
	if len(errs) == 0 && b.Ceiling != nil {
		if msg := b.neverFires(*b.Ceiling); msg != "" {
			add("windows", "%s", msg)
		}
	}
	return errs
}

// neverFires says which window no share of bad events can reach, since it would
// have to be more than all of them. Empty where each can.
func (b BurnRate) neverFires(ceiling float64) string {
	windows := b.Windows
	if len(windows) == 0 {
		windows = workbookWindows()
	}
	for _, w := range windows {
		if share := w.Factor * ceiling; share > 1 {
			return fmt.Sprintf("a factor of %g on a ceiling of %g %% is %.4g %% of all events, which can never be; state windows with factors up to %.4g, for example windows = [{ long = \"1h\", short = \"5m\", factor = %.4g }]",
				w.Factor, 100*ceiling, 100*share, 1/ceiling, 0.5/ceiling)
		}
	}
	return ""
}

func (c ErrorCeiling) validate() field.Errors {
	errs := validateCounted(c.Metric, c.MinRequests)
	if !(c.Share > 0 && c.Share < 1) {
		errs = append(errs, field.Error{Path: "share", Msg: fmt.Sprintf("%v is not a ceiling; it must be above 0 %% and below 100 %%, for example \"5%%\"", c.Share)})
	}
	if c.Over.Std() > MaxTriggerRange {
		errs = append(errs, field.Error{Path: "over", Msg: fmt.Sprintf("%s is not a range; it must be above 0s and at most %s, for example \"5m\"", c.Over, field.FormatDuration(MaxTriggerRange))})
	}
	return errs
}

func validateCounted(metric string, least *int64) field.Errors {
	var errs field.Errors
	if metric != "" {
		if msg := field.Name(metric); msg != "" {
			errs = append(errs, field.Error{Path: "metric", Msg: msg})
		}
	}
	if least != nil && *least < 1 {
		errs = append(errs, field.Error{Path: "min_requests", Msg: fmt.Sprintf("%d is not a number of requests; it must be 1 or more, for example 100", *least)})
	}
	return errs
}

// validatePolicy checks the policy against the rest of the specification.
func (s Spec) validatePolicy() field.Errors {
	var errs field.Errors
	add := func(format string, args ...any) {
		errs = append(errs, field.Error{Path: "rollback_policy", Msg: fmt.Sprintf("the policy %q ", s.Policy.Name) + fmt.Sprintf(format, args...)})
	}
	if t := s.Policy.Triggers; t != nil && t.BurnRate != nil {
		ceiling := s.burnCeiling()
		if ceiling == 0 {
			add("has a burn rate without an objective: it states no ceiling, and the release takes no service_definition with an error_ceiling; state one, for example burn_rate = { ceiling = \"0.1%%\" }")
		} else if msg := t.BurnRate.neverFires(ceiling); msg != "" && t.BurnRate.Ceiling == nil {
			add("can never fire by its burn rate: %s", msg)
		}
	}
	if s.Policy.negative() {
		add("has a negative time; allowed are times from 0s on, for example keep_warm = \"30m\"")
	}
	for _, w := range s.watchers() {
		switch {
		case len(s.Signals) == 0 && len(s.Strategy.Analysis.Metrics) > 0:
			// The metrics of the strategy say so.
			return errs
		case len(s.Signals) == 0:
			add("watches the metric %q by its trigger %s, but the release has no signal to count it; add one, for example signals = { http = { openmetrics = { url = \"http://127.0.0.1:7070/metrics\", preset = \"lab\" } } }", w.Metric, w.Label())
			return errs
		case w.Signal != "" && w.Signal == s.Strategy.Analysis.Metrics[w.Metric].Signal:
			// So does the metric whose signal it is.
		case w.Signal != "" && !hasSignal(s.Signals, w.Signal):
			add("takes its trigger %s from the signal %q, which the release does not have; it has %s; name one of them, for example signal = %q",
				w.Label(), w.Signal, list(signalNames(s.Signals)), signalNames(s.Signals)[0])
		}
	}
	if s.Policy.How == BySteps && s.Mode != Observe && s.Strategy.Rolling != nil {
		add("goes back by steps, but the strategy %q replaces instances in batches, which go back together; allowed with rolling is a way back at once, for example how = \"at_once\"", s.Strategy.Name)
	} else if s.Policy.How == BySteps && s.Mode != Observe && len(s.backWeights()) == 0 {
		add("goes back by steps, but the strategy %q has none below 100 %%; take a strategy with steps, for example canary = { steps = [{ weight = 50 }, { weight = 100 }] }, or how = \"at_once\"", s.Strategy.Name)
	}
	return errs
}

// burnCeiling is the share of bad events that the objective of the burn rate
// allows: what the policy states, and else the service's. 0 when nobody says.
func (s Spec) burnCeiling() float64 {
	b := s.Policy.Triggers.BurnRate
	if b.Ceiling != nil {
		return *b.Ceiling
	}
	if s.Definition == nil {
		return 0
	}
	return s.Definition.Objectives.ceiling(s.Strategy.Analysis.Metrics[orMetric(b.Metric)])
}

// backWeights are the strategy's weights strictly between 0 and 100, downwards.
func (s Spec) backWeights() []float64 {
	var out []float64
	for _, step := range s.Strategy.Steps() {
		if w := step.Traffic.Weight; w > 0 && w < 100 && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}
