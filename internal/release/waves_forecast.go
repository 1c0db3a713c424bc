package release

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// WaveLabels writes the steps of a release over many targets for people: its waves,
// and what each target goes through. It is pure.
func WaveLabels(def strategy.Definition, payload artifact.Payload, waves Waves, names []string) []string {
	labels := waves.Labels(names, payload.Label())
	for _, l := range StepLabels(def, payload) {
		labels = append(labels, "each target: "+l)
	}
	return labels
}

// validateTargets checks what only the drivers know, for each target.
func (e *Engine) validateTargets(ctx context.Context, spec Spec, errs field.Errors) field.Errors {
	if len(errs) > 0 {
		return errs
	}
	found := make([]field.Errors, len(spec.Targets))
	var wg sync.WaitGroup
	places := make(chan struct{}, looksAtOnce)
	for i, t := range spec.Targets {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			part, _ := spec.Part(t.Name)
			found[i] = e.Validate(ctx, part)
		})
	}
	wg.Wait()
	for i, problems := range found {
		for _, p := range problems {
			own := strings.HasPrefix(p.Path, "target") || strings.HasPrefix(p.Path, "signals") && len(spec.Targets[i].Signals) > 0
			if own {
				p.Path = fmt.Sprintf("targets[%d].%s", i, p.Path)
			}
			if !slices.Contains(errs, p) {
				errs = append(errs, p)
			}
		}
	}
	return errs
}

// forecastWaves is the forecast of a release over many targets: when its first wave
// may begin, and what stands in the way of the others already.
func (e *Engine) forecastWaves(ctx context.Context, spec Spec) (Forecast, error) {
	now := e.Clock.Now()
	names := spec.Names()
	f := Forecast{
		Key: spec.Key(), Payload: spec.Payload, Takes: plannedWaves(spec),
		Steps: WaveLabels(spec.Strategy, spec.Payload, *spec.Waves, names),
	}
	looks := e.lookAtAll(ctx, spec, names)
	rehearsed := e.rehearseParts(ctx, spec, looks)
	f.Rehearsal = together(names, rehearsed)
	f.Gates = e.wavesGates(ctx, spec, names, rehearsed)
	f.StartAt, f.CanStart = earliest(f.Gates, now)
	f.waits(spec)
	if h, err := e.load(ctx, spec.Key()); err == nil && h.Open() == nil {
		f.refused(e.waveRefusals(ctx, spec))
	}
	for _, l := range looks {
		if l.Err != nil {
			f.Warnings = append(f.Warnings, fmt.Sprintf("the target %s could not be read now: %v", l.Name, l.Err))
			continue
		}
		h, err := e.load(ctx, spec.Key().Part(l.Name))
		if err == nil && h.Open() == nil {
			f.Obstacles = append(f.Obstacles, namedObstacles(l.Name, standing(l.Serving))...)
		}
		var skipped []int
		if err == nil && l.Serving != nil {
			skipped, _ = h.skips(spec, Forward, l.Serving, now)
		}
		f.unready(e.obstacles(ctx, spec, l.Name, skipped))
	}
	return f, ctx.Err()
}

func (e *Engine) obstacles(ctx context.Context, spec Spec, name string, skipped []int) []target.Obstacle {
	part, _ := spec.Part(name)
	t, err := e.Targets.Open(ctx, part.Target, e.targetDepsOf(part.Key()))
	if err != nil {
		return []target.Obstacle{{What: name + ": " + err.Error()}}
	}
	obstacles, err := e.preflightInTurn(ctx, t, part.Payload, planOf(part, skipped))
	if err != nil {
		return nil // It was seen a moment ago; the rollout asks again.
	}
	return namedObstacles(name, obstacles)
}

func namedObstacles(name string, obstacles []target.Obstacle) []target.Obstacle {
	out := slices.Clone(obstacles)
	for i := range out {
		out[i].What = name + ": " + out[i].What
	}
	return out
}

// plannedWaves is the least time of all waves, the targets of one being as many at
// once as may be.
func plannedWaves(spec Spec) (total time.Duration) {
	one := spec.PlannedTime()
	waves := spec.Waves.Split(spec.Names())
	for i, wave := range waves {
		rounds := (len(wave) + spec.Waves.MaxParallel - 1) / spec.Waves.MaxParallel
		total += one * time.Duration(rounds)
		if i < len(waves)-1 {
			total += spec.Waves.Soak.Std()
		}
	}
	return total
}
