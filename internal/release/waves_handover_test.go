package release_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Whenever a process hands over a rollout over many targets, as at SIGTERM, no target is
// left with an intent without its outcome, every lease is given back at once, and who
// takes it up comes to the end that one process alone would have come to.
func TestWavesAreHandedOverBetweenTwoEffects(t *testing.T) {
	for _, s := range wavesStories[:3] {
		t.Run(s.name, func(t *testing.T) {
			handed := 0
			for after := time.Second; after < 4*time.Minute; after += 23 * time.Second {
				inFleet(t, 3, func(t *testing.T, f *fleet) {
					if s.handOver(t, f, after) {
						handed++
					}
				})
			}
			if handed < 3 {
				t.Errorf("only %d runs handed anything over", handed)
			}
		})
	}
}

// handOver ends the first process after so long, and says whether it left anything.
func (s wavesStory) handOver(t *testing.T, f *fleet, after time.Duration) bool {
	f.sick = map[string]artifact.Payload{}
	for _, name := range s.sick {
		f.sick[name] = good
	}
	system := clock.System{}
	stop, cancel := context.WithCancel(t.Context())
	defer cancel()
	var told time.Time
	time.AfterFunc(after, func() { told = system.Now(); cancel() })
	first := f.engine("first", nil)
	first.HandOver = stop
	out, err := first.Ship(t.Context(), f.request(good, s.waves))
	var stopped *release.InterruptedError
	handed := errors.As(err, &stopped)
	if handed {
		f.wantHandedOver(t, told, out)
		out, err = f.engine("second", nil).Continue(t.Context(), key)
	}
	var ended *release.EndedError
	if err != nil && !errors.As(err, &ended) {
		t.Fatalf("handed over after %s: %s, %v", after, out.Result, err)
	}
	f.wantServing(s.serves, s.but...)
	if h := f.history(); len(h.Rollouts) != 1 || h.Last().State != s.result {
		t.Errorf("handed over after %s: %d rollouts, the last one %s: %s", after, len(h.Rollouts), h.Last().State, h.Last().Reason)
	}
	return handed
}

// wantHandedOver looks at what a process left that was told to stop at an instant.
func (f *fleet) wantHandedOver(t *testing.T, told time.Time, out release.Outcome) {
	t.Helper()
	if out.Result != release.Underway {
		t.Errorf("the rollout is left as %s", out.Result)
	}
	going := f.history().Open().State.GoingBack()
	for _, name := range append([]string{""}, f.names...) {
		k := key
		if name != "" {
			k = key.Part(name)
		}
		if lease, err := f.ledger.Lease(t.Context(), k.LeaseName()); err != nil || lease.Holder != "" {
			t.Errorf("the lease of %s is held by %q (%v)", k, lease.Holder, err)
		}
		h, err := release.Fold(k, f.records(k))
		if err != nil {
			t.Fatal(err)
		}
		if open := h.Open(); name != "" && open != nil {
			going = going || open.State.GoingBack()
			// A target that was told to prepare, and is still at it, is asked again.
			if open.Intent != nil && open.Intent.Kind != release.EffectPrepare {
				t.Errorf("%s is left with the intent %s and no outcome", k, open.Intent.Kind)
			}
		}
	}
	if took := (clock.System{}).Now().Sub(told); took > 2*time.Second && !going {
		t.Errorf("it stopped %s after it was told to", took)
	}
}
