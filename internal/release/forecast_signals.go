package release

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// refusals asks the signals that know of states in which a rollout must not begin, such as
// an alarm that fires, whether that is so now. One that is away is a warning, since the
// rollout asks again before its first step.
func (e *Engine) refusals(ctx context.Context, spec Spec) (obstacles []target.Obstacle, warnings []string) {
	sources, err := e.openSources(ctx, spec.Signals)
	if err != nil {
		return nil, []string{err.Error()}
	}
	for _, name := range spec.counting(sources) {
		starter, ok := sources[name].(signal.Starter)
		if !ok {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, e.callTimeout())
		err := starter.Ready(bounded, nil)
		cancel()
		var refused *signal.Refusal
		switch {
		case errors.As(err, &refused):
			obstacles = append(obstacles, target.Obstacle{What: fmt.Sprintf("signal %q: %s", name, refused.Reason), Remedy: refused.Remedy})
		case err != nil:
			warnings = append(warnings, fmt.Sprintf("the signal %q could not say whether a rollout may begin now: %v", name, err))
		}
	}
	return obstacles, warnings
}

// waveRefusals asks those of a release over many targets: what its targets share once, and
// what a target has of its own under that target's name.
func (e *Engine) waveRefusals(ctx context.Context, spec Spec) (obstacles []target.Obstacle, warnings []string) {
	shared := false
	for _, t := range spec.Targets {
		if len(t.Signals) == 0 {
			shared = true
			continue
		}
		part, _ := spec.Part(t.Name)
		more, told := e.refusals(ctx, part)
		obstacles = append(obstacles, namedObstacles(t.Name, more)...)
		for _, text := range told {
			warnings = append(warnings, t.Name+": "+text)
		}
	}
	if shared {
		more, told := e.refusals(ctx, spec)
		obstacles, warnings = append(more, obstacles...), append(told, warnings...)
	}
	return obstacles, warnings
}

// refused notes what the signals said.
func (f *Forecast) refused(obstacles []target.Obstacle, warnings []string) {
	f.Obstacles = append(f.Obstacles, obstacles...)
	f.Warnings = append(f.Warnings, warnings...)
}

// counting lists the signals that count what the strategy judges or a trigger watches, in
// the order of their names.
func (s Spec) counting(sources map[string]signal.Source) []string {
	var out []string
	add := func(metric, wanted string) {
		if name, problem := sourceOf(metric, wanted, sources); problem == "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, metric := range s.Strategy.Analysis.MetricNames() {
		add(metric, s.Strategy.Analysis.Metrics[metric].Signal)
	}
	for _, w := range s.watchers() {
		add(w.Metric, w.Signal)
	}
	slices.Sort(out)
	return out
}
