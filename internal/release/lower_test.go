package release_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// stepwise asks for a release that goes back by steps.
func stepwise(req release.ShipRequest) release.ShipRequest {
	req.Spec.Policy = release.Policy{Name: "gently", How: release.BySteps}
	req.Spec.Strategy.RevertAfter = field.Duration(10 * time.Minute)
	return req
}

// wayBack lists the weights of the changes from the decision to go back on, and wants
// none of them to be above the one before.
func wayBack(t *testing.T, w *world, where string) []float64 {
	t.Helper()
	var out []float64
	for _, c := range w.changes {
		back := strings.Contains(c.key, "/lower/") || c.verb == "revert"
		if !back && len(out) == 0 || c.verb == "finalize" {
			continue
		}
		if n := len(out); n > 0 && c.weight > out[n-1] {
			t.Errorf("%s: %s raised the weight from %g to %g on the way back", where, c.verb, out[n-1], c.weight)
		}
		out = append(out, c.weight)
	}
	return out
}

// A policy may send the traffic back by the strategy's steps. From 100 % it takes
// the two below, half a minute apart, and then the rest.
func TestAWayBackBySteps(t *testing.T) {
	w, req := harmed(t, 100)
	out, err := w.engine("a", nil).Ship(t.Context(), stepwise(req))
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
	wantQuarantine(t, w, good, true)
	if diff := cmp.Diff([]float64{50, 10, 0}, wayBack(t, w, "")); diff != "" {
		t.Errorf("the weights on the way back (-want +got):\n%s", diff)
	}
	if d := fold(t, w).Last().RevertTook; d < time.Minute || d > 70*time.Second {
		t.Errorf("it took %s, want two steps of 30s", d)
	}
	wantChain(t, w)
}

// What cannot wait goes back at once, whatever the policy says.
func TestAWayBackByStepsIsCutShort(t *testing.T) {
	abort := func(t *testing.T, w *world) {
		out, err := w.engine("kim", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "now"})
		if err != nil && out.Result != release.WentBack {
			t.Errorf("%s, %v", out.Result, err)
		}
	}
	cases := []struct {
		name string
		// lowered is called once the weight was lowered for the first time.
		lowered func(t *testing.T, w *world)
		set     func(s *release.Spec)
		unwell  bool
		want    []float64
		took    time.Duration
	}{
		{name: "by a person", lowered: func(t *testing.T, w *world) {
			w.clock.after(5*time.Second, func() { abort(t, w) })
		}, want: []float64{50, 0}, took: 10 * time.Second},
		{name: "by a person who cannot reach the target", lowered: func(t *testing.T, w *world) {
			w.clock.after(5*time.Second, func() {
				if err := w.engine("kim", nil).RequestAbort(t.Context(), key, release.RequestBody{By: "kim", Reason: "now", Cause: release.CauseOperator}); err != nil {
					t.Error(err)
				}
			})
		}, want: []float64{50, 0}, took: 20 * time.Second},
		{name: "by its bound", set: func(s *release.Spec) {
			s.Policy.BySteps = &release.BackSteps{Each: field.Duration(time.Minute), Within: field.Duration(20 * time.Second)}
		}, want: []float64{50, 0}, took: 21 * time.Second},
		{name: "by a target that refuses", lowered: func(_ *testing.T, w *world) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.down["apply"] = &target.Error{Code: target.CodeInvalid, Message: "no"}
		}, want: []float64{50, 0}, took: 35 * time.Second},
		{name: "by a target that cannot be seen", lowered: func(_ *testing.T, w *world) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.down["observe"] = away
			w.clock.after(2*time.Minute, func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				delete(w.down, "observe")
			})
		}, want: []float64{50, 0}, took: 35 * time.Second},
		{name: "by somebody who lowered it further", lowered: func(t *testing.T, w *world) {
			w.clock.after(5*time.Second, func() { w.hand(t, 3) })
		}, want: []float64{50, 0}, took: 35 * time.Second},
		{name: "by an artifact that serves nobody", unwell: true, want: []float64{0}, took: time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w, req := harmed(t, 100)
			req = stepwise(req)
			if c.set != nil {
				c.set(&req.Spec)
			}
			hurt, once := w.onEffect, true
			w.onEffect = func(verb string) {
				hurt(verb)
				if c.unwell && w.machine.State.Weight == 100 {
					w.health[good.Key()] = target.Unhealthy
				}
				if last := w.changes[len(w.changes)-1]; once && c.lowered != nil && strings.Contains(last.key, "/lower/") {
					once = false
					c.lowered(t, w)
				}
			}
			_, _ = w.engine("a", nil).Ship(t.Context(), req)
			wantServing(t, w, old)
			if diff := cmp.Diff(c.want, wayBack(t, w, "")); diff != "" {
				t.Errorf("the weights on the way back (-want +got):\n%s", diff)
			}
			if d := fold(t, w).Last().RevertTook; d > c.took {
				t.Errorf("it took %s, more than %s", d, c.took)
			}
		})
	}
}

// A weight that somebody lowered before the way back began is not raised to the
// step above it.
func TestAWayBackByStepsBeginsWhereTheTargetIs(t *testing.T) {
	w, req := harmed(t, 100)
	hurt := w.onEffect
	w.onEffect = func(verb string) {
		hurt(verb)
		if verb == "apply" && w.machine.State.Weight == 100 {
			w.clock.after(5*time.Second, func() { w.hand(t, 40) })
		}
	}
	out, err := w.engine("a", nil).Ship(t.Context(), stepwise(req))
	wantEnd(t, out, err, release.WentBack)
	if diff := cmp.Diff([]float64{10, 0}, wayBack(t, w, "")); diff != "" {
		t.Errorf("the weights on the way back (-want +got):\n%s", diff)
	}
}

// An interrupt does not leave users on the way back: the rest goes at once.
func TestAnInterruptCutsAWayBackByStepsShort(t *testing.T) {
	w, req := harmed(t, 100)
	ctx, cancel := context.WithCancel(t.Context())
	hurt := w.onEffect
	w.onEffect = func(verb string) {
		hurt(verb)
		if strings.Contains(w.changes[len(w.changes)-1].key, "/lower/") {
			cancel()
		}
	}
	_, _ = w.engine("a", nil).Ship(ctx, stepwise(req))
	wantServing(t, w, old)
	if diff := cmp.Diff([]float64{50, 0}, wayBack(t, w, "")); diff != "" {
		t.Errorf("the weights on the way back (-want +got):\n%s", diff)
	}
}

// Wherever a driver dies on a way back by steps, the next one brings the old artifact
// back, and no weight is raised meanwhile.
func TestEveryCrashPointOfAWayBackBySteps(t *testing.T) {
	for n, tried := 1, 0; ; n++ {
		w, req := harmed(t, 100)
		ctx, cancel := context.WithCancel(t.Context())
		killer := &assassin{at: n, cancel: cancel}
		_, _ = w.engine("first", killer.fault).Ship(ctx, stepwise(req))
		cancel()
		where := fmt.Sprintf("killed at moment %d, %s", n, killer.where)
		if killer.where != "" {
			e := w.engine("second", nil)
			h, err := e.Load(t.Context(), key)
			if err != nil || h.Last() == nil {
				_, _ = e.Ship(t.Context(), stepwise(req))
			} else if h.Open() != nil {
				_, _ = e.Continue(t.Context(), key)
			}
		}
		h := fold(t, w)
		if last := h.Last(); last.State != release.RolledBack {
			t.Fatalf("%s: %s", where, brief(last))
		}
		wantServing(t, w, old)
		if got := wayBack(t, w, where); len(got) == 0 || got[len(got)-1] != 0 {
			t.Errorf("%s: the way back is %v", where, got)
		}
		checkOrder(t, w.records(t), where)
		if t.Failed() {
			t.FailNow()
		}
		if killer.where == "" {
			if tried < 40 {
				t.Errorf("only %d moments were tried", tried)
			}
			t.Logf("%d moments", tried)
			return
		}
		tried++
	}
}
