package release

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
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
	// Rehearsal is what was found of the way back; nil in mode observe.
	Rehearsal *Rehearsal `json:"rehearsal,omitempty"`
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
		Key: spec.Key(), Payload: spec.Payload, Takes: spec.PlannedTime(),
		Steps: StepLabels(spec.Strategy, spec.Payload),
	}
	h, err := e.load(ctx, f.Key)
	if err != nil {
		return f, err
	}
	t, openErr := e.Targets.Open(ctx, spec.Target, e.targetDepsOf(spec.Key()))
	var obs *target.Observation
	seenErr := openErr
	if openErr == nil {
		obs, seenErr = e.look(ctx, spec.Target)
	}
	f.askGates(ctx, e, spec, h, obs, seenErr, now)
	f.waits(spec)
	if h.Open() == nil {
		f.refused(e.refusals(ctx, spec))
	}
	switch {
	case openErr != nil:
		return f, openErr
	case seenErr != nil:
		f.Warnings = append(f.Warnings, fmt.Sprintf("the target could not be read now: %v", seenErr))
		return f, nil
	case !obs.Known:
		f.Warnings = append(f.Warnings, "the target could not tell what serves now")
		return f, nil
	}
	if h.Open() == nil {
		f.Obstacles = append(f.Obstacles, standing(obs)...)
	}
	skipped := f.skips(spec, h, obs, now)
	more, err := e.preflightInTurn(ctx, t, spec.Payload, planOf(spec, skipped))
	if err != nil {
		f.Warnings = append(f.Warnings, fmt.Sprintf("the target could not say whether it is ready: %v", err))
		return f, nil
	}
	f.unready(more)
	return f, nil
}

// unready notes what the target said would stop the rollout, or may.
func (f *Forecast) unready(told []target.Obstacle) {
	surely, doubts := target.Doubts(told)
	f.Obstacles = append(f.Obstacles, surely...)
	for _, o := range doubts {
		f.Warnings = append(f.Warnings, o.What+"; "+o.Remedy)
	}
}

// askGates asks the gates, after the way back was rehearsed for them.
func (f *Forecast) askGates(ctx context.Context, e *Engine, spec Spec, h *History, obs *target.Observation, seenErr error, now time.Time) {
	subject := spec.Subject()
	if spec.Mode != Observe {
		r := e.rehearse(ctx, spec, h, obs, seenErr)
		f.Rehearsal, subject.Rehearsal, subject.RehearsalRequired = &r, r.Lines, spec.Policy.RequireRehearsal
	}
	f.Gates = e.ask(ctx, subject, h, now)
	f.StartAt, f.CanStart = earliest(f.Gates, now)
}

// waits says which steps no time is planned for, since a person ends them.
func (f *Forecast) waits(spec Spec) {
	if spec.Mode == Observe {
		return
	}
	for i, s := range spec.Strategy.Steps() {
		if s.UntilResumed() {
			f.Warnings = append(f.Warnings, fmt.Sprintf("step %d waits until somebody resumes it (sluice resume %s), which is not in the planned time", i+1, spec.Key()))
		}
	}
}

// skips says which steps will not be walked, and why.
func (f *Forecast) skips(spec Spec, h *History, obs *target.Observation, now time.Time) []int {
	skipped, fast := h.skips(spec, Forward, obs, now)
	if len(skipped) == 0 {
		return nil
	}
	why := "nothing serves yet, so the steps below 100 % are skipped: a canary of nothing would send users nowhere"
	if fast != "" {
		why = fast + "; so the steps below 100 % are skipped, and no gate is"
	}
	f.Warnings = append(f.Warnings, why)
	for _, i := range skipped {
		f.Takes -= spec.Strategy.Steps()[i].AtLeast
	}
	return skipped
}

// PlannedTime is that of the strategy with what the policy keeps warm.
func (s Spec) PlannedTime() time.Duration {
	return PlannedTime(s.Strategy) + s.BakeTime() - s.Strategy.BakeTime()
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
		_, err := e.Targets.Open(ctx, spec.Target, e.targetDepsOf(spec.Key()))
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
	return append(errs, spec.validateWatchers(sources)...)
}

// validateCapabilities compares what the strategy needs with what the target can
// do, and names the capability that lacks.
func (e *Engine) validateCapabilities(ctx context.Context, spec Spec) field.Errors {
	t, err := e.Targets.Open(ctx, spec.Target, e.targetDepsOf(spec.Key()))
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
	if !caps.Weights && spec.Policy.How == BySteps {
		errs = append(errs, field.Error{Path: "rollback_policy", Msg: fmt.Sprintf("the policy %q goes back by steps, which needs the capability \"weights\", and the target (%s) does not have it; allowed is how = \"at_once\"", spec.Policy.Name, spec.Target.Driver)})
	}
	if errs = append(errs, missing(spec, caps)...); len(errs) > 0 {
		return errs
	}
	if errs = unplanned(spec, t); len(errs) > 0 {
		return errs
	}
	if errs = unpunctual(spec, caps); len(errs) > 0 {
		return errs
	}
	if errs = append(sticky(spec, caps), tooFine(spec, caps)...); len(errs) > 0 {
		return errs
	}
	for _, s := range spec.Strategy.Steps() {
		if e := unguarded(spec, s, caps); e != "" {
			return field.Errors{{Path: "strategy", Msg: e}}
		}
	}
	return nil
}
