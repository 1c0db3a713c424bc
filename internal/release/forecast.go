package release

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Forecast is what a plan says about a rollout that is to come.
type Forecast struct {
	Key     Key              `json:"key"`
	Payload artifact.Payload `json:"payload"`
	Gates   []gate.Result    `json:"gates"`
	// CanStart is whether every gate passes now. StartAt is when all of them may
	// pass at the earliest: now, or zero when nobody can tell.
	CanStart bool      `json:"can_start"`
	StartAt  time.Time `json:"start_at,omitzero"`
	// Takes is the least time from the start to the end of the bake.
	Takes     time.Duration     `json:"takes"`
	Steps     []string          `json:"steps"`
	Obstacles []target.Obstacle `json:"obstacles,omitempty"`
	Warnings  []string          `json:"warnings,omitempty"`
}

// Forecast asks the gates and the target about a rollout without beginning it. A
// target that is away is a warning, since it may be back at apply.
func (e *Engine) Forecast(ctx context.Context, spec Spec) (Forecast, error) {
	spec = spec.Normalize()
	if spec.Waved() {
		return e.forecastWaves(ctx, spec)
	}
	now := e.Clock.Now()
	f := Forecast{
		Key: spec.Key(), Payload: spec.Payload, Takes: PlannedTime(spec.Strategy),
		Steps: StepLabels(spec.Strategy, spec.Payload),
		Gates: gate.CheckAll(ctx, e.Gates, spec.Subject(), now),
	}
	f.StartAt, f.CanStart = earliest(f.Gates, now)
	t, err := e.Targets.Open(ctx, spec.Target, e.targetDeps())
	if err != nil {
		return f, err
	}
	bounded, cancel := context.WithTimeout(ctx, e.callTimeout())
	defer cancel()
	obs, err := t.Observe(bounded)
	switch {
	case err != nil:
		f.Warnings = append(f.Warnings, fmt.Sprintf("the target could not be read now: %v", err))
		return f, nil
	case !obs.Known:
		f.Warnings = append(f.Warnings, "the target could not tell what serves now")
		return f, nil
	}
	h, err := e.load(ctx, f.Key)
	if err != nil {
		return f, err
	}
	if h.Open() == nil {
		f.Obstacles = standing(&obs)
	}
	if obs.Baseline == nil && len(f.Steps) > 1 {
		f.Takes = PlannedTime(strategy.Definition{Bake: spec.Strategy.Bake, AllAtOnce: &strategy.AllAtOnce{}})
		f.Warnings = append(f.Warnings, "nothing serves yet, so the steps below 100 % are skipped: a canary of nothing would send users nowhere")
	}
	more, err := t.Preflight(bounded, spec.Payload)
	if err != nil {
		f.Warnings = append(f.Warnings, fmt.Sprintf("the target could not say whether it is ready: %v", err))
		return f, nil
	}
	f.Obstacles = append(f.Obstacles, more...)
	return f, nil
}

// earliest is when all gates may pass. A blocked gate that does not know makes it
// unknown.
func earliest(results []gate.Result, now time.Time) (time.Time, bool) {
	at := now
	blocked := gate.Blocked(results)
	for _, r := range blocked {
		if r.NextAt.IsZero() {
			return time.Time{}, false
		}
		if r.NextAt.After(at) {
			at = r.NextAt
		}
	}
	return at, len(blocked) == 0
}

// StepLabels writes a strategy's steps for people, each with the version, because
// a plan hides what does not change: "1.1.0 at 5 %, at least 1m". It is pure.
func StepLabels(def strategy.Definition, payload artifact.Payload) []string {
	steps := def.Steps()
	labels := make([]string, len(steps))
	for i, s := range steps {
		labels[i] = fmt.Sprintf("%s at %s %%", payload.Label(), strconv.FormatFloat(s.Traffic.Weight, 'f', -1, 64))
		if i < len(steps)-1 {
			if s.AtLeast > 0 {
				labels[i] += ", at least " + field.FormatDuration(s.AtLeast)
			}
			continue
		}
		if bake := max(def.Bake.Std(), s.AtLeast); bake > 0 {
			labels[i] += ", bake " + field.FormatDuration(bake)
		}
	}
	return labels
}

// Validate checks what only the drivers know: unknown drivers, their
// configuration, metrics that no signal counts, and what the strategy needs and
// the target cannot do. A target that is away is no error here; the rollout asks
// again before it begins.
func (e *Engine) Validate(ctx context.Context, spec Spec) field.Errors {
	spec = spec.Normalize()
	errs := spec.Validate()
	if spec.Waved() {
		return e.validateTargets(ctx, spec, errs)
	}
	driver, ok := e.Targets[spec.Target.Driver]
	if !ok {
		_, err := e.Targets.Open(ctx, spec.Target, e.targetDeps())
		return append(errs, field.Error{Path: "target", Msg: err.Error()})
	}
	errs = append(errs, driver.Validate(spec.Target.Config).Under("target."+spec.Target.Driver)...)
	errs = append(errs, e.validateSignals(ctx, spec)...)
	if len(errs) > 0 {
		return errs
	}
	if spec.Mode == Observe {
		return nil
	}
	return e.validateCapabilities(ctx, spec)
}

func (e *Engine) validateSignals(ctx context.Context, spec Spec) field.Errors {
	var errs field.Errors
	for _, name := range signalNames(spec.Signals) {
		c := spec.Signals[name]
		path := fmt.Sprintf("signals[%q]", name)
		driver, ok := e.Signals[c.Driver]
		if !ok {
			_, err := e.Signals.Open(ctx, c, e.signalDeps())
			errs = append(errs, field.Error{Path: path, Msg: err.Error()})
			continue
		}
		errs = append(errs, driver.Validate(c.Config).Under(path+"."+c.Driver)...)
	}
	if len(errs) > 0 || len(spec.Signals) == 0 {
		return errs
	}
	sources, err := e.openSources(ctx, spec.Signals)
	if err != nil {
		return append(errs, field.Error{Path: "signals", Msg: err.Error()})
	}
	for _, metric := range spec.Strategy.Analysis.MetricNames() {
		if _, problem := sourceOf(metric, spec.Strategy.Analysis.Metrics[metric].Signal, sources); problem != "" {
			errs = append(errs, field.Error{Path: "signals", Msg: problem})
		}
	}
	return errs
}

// validateCapabilities compares what the strategy needs with what the target can
// do, and names the capability that lacks.
func (e *Engine) validateCapabilities(ctx context.Context, spec Spec) field.Errors {
	t, err := e.Targets.Open(ctx, spec.Target, e.targetDeps())
	if err != nil {
		return field.Errors{{Path: "target", Msg: err.Error()}}
	}
	bounded, cancel := context.WithTimeout(ctx, e.callTimeout())
	defer cancel()
	caps, err := t.Capabilities(bounded)
	if err != nil {
		return nil
	}
	var errs field.Errors
	for _, s := range spec.Strategy.Steps() {
		w := s.Traffic.Weight
		if w >= 100 {
			continue
		}
		if !caps.Weights {
			return field.Errors{{Path: "strategy", Msg: fmt.Sprintf("the strategy %q needs the capability \"weights\", which the target (%s) does not have; allowed is a strategy without steps below 100 %%, for example all_at_once = {}", spec.Strategy.Name, spec.Target.Driver)}}
		}
		guarded := caps.RevertAfter && !spec.Irreversible
		if limit := spec.Strategy.MaxUnattendedWeight; !guarded && (limit == nil || w > *limit) {
			errs = append(errs, field.Error{Path: "strategy", Msg: unattended(spec, w, limit)})
			break
		}
	}
	return errs
}

func unattended(spec Spec, weight float64, limit *float64) string {
	why := fmt.Sprintf("the target (%s) has no dead-man switch (capability \"revert_after\")", spec.Target.Driver)
	if spec.Irreversible {
		why = "the release is irreversible, which arms no dead-man switch"
	}
	stated := "max_unattended_weight is not stated"
	if limit != nil {
		stated = fmt.Sprintf("max_unattended_weight is %g", *limit)
	}
	return fmt.Sprintf("the strategy %q would leave %g %% of the traffic on the new artifact if the driver died: %s, and %s; allowed are steps up to max_unattended_weight, for example max_unattended_weight = %g", spec.Strategy.Name, weight, why, stated, weight)
}
