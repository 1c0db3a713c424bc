package release

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// looksAtOnce bounds how many targets are looked at together.
const looksAtOnce = 16

// lookAtAll observes targets, so many at once, each in its turn where calls are shared.
// The answers are in the order of the names.
func (e *Engine) lookAtAll(ctx context.Context, spec Spec, names []string) []PartLook {
	looks := make([]PartLook, len(names))
	var wg sync.WaitGroup
	places := make(chan struct{}, looksAtOnce)
	for i, name := range names {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			part, _ := spec.Part(name)
			looks[i].Name = name
			looks[i].Serving, looks[i].Err = e.lookInTurn(ctx, part.Target)
			if looks[i].Err == nil && !looks[i].Serving.Known {
				looks[i].Err = fmt.Errorf("the target could not tell what serves")
			}
		})
	}
	wg.Wait()
	return looks
}

// PartLook is what one target of many says of itself.
type PartLook struct {
	Name string
	// Serving is nil when Err says why it could not be seen.
	Serving *target.Observation
	Err     error
}

// LookAtTargets observes all targets of a release over many, so many at once. It waits
// for no turn: a person's rollback asks so.
func (e *Engine) LookAtTargets(ctx context.Context, spec Spec) []PartLook {
	return e.lookAtAll(target.WithTurn(ctx), spec, spec.Names())
}

// watch looks at every target that has the artifact and counts the time since the
// last look as soak, when all of them could be read.
func (w *waver) watch(ctx context.Context) error {
	r := w.h.Open()
	p := r.Waves
	names := p.names(func(t *TargetProgress) bool { return t.Ended() && t.owed() && !t.Failed })
	looks := w.e.lookAtAll(ctx, r.Spec, names)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	body := WaveWatchedBody{Wave: p.Current() - 1, Interval: r.Spec.Strategy.Analysis.Interval, Looked: len(looks)}
	for _, l := range looks {
		if l.Err != nil {
			body.Problems = append(body.Problems, fmt.Sprintf("%s could not be read: %v", l.Name, l.Err))
			continue
		}
		if ill := illness(l.Serving, r); ill != "" {
			if body.Ill == nil {
				body.Ill = map[string]string{}
			}
			body.Ill[l.Name] = ill
		}
	}
	slices.Sort(body.Problems)
	now := w.e.Clock.Now()
	if len(body.Problems) == 0 && len(body.Ill) == 0 {
		body.Soak = field.Duration(soak(later(p.endedAt, p.watchedAt), now, body.Interval.Std()))
	}
	return w.append(ctx, KindWaveWatched, body)
}

// illness is what is wrong with a target that has the artifact, empty for nothing.
func illness(obs *target.Observation, r *Rollout) string {
	arm := obs.Baseline
	switch {
	case !ServesOnly(*obs, r.Spec.Payload):
		return fmt.Sprintf("it does not serve %s alone, but %s", r.Spec.Payload.Label(), servesNow(obs))
	case arm != nil && arm.Health == target.Unhealthy:
		return fmt.Sprintf("the target says that %s is unhealthy", r.Spec.Payload.Label())
	default:
		return ""
	}
}
