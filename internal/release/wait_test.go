package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The least that a rollout of request(good) takes: two steps and a bake.
const plain = 3 * time.Minute

func TestWhatCannotBeSeenPausesAndIsNotSoak(t *testing.T) {
	cases := []struct {
		name   string
		hide   func(w *world)
		show   func(w *world)
		reason string
	}{
		{"the metric store is down", func(w *world) { w.silent = true }, func(w *world) { w.silent = false },
			`the signal "http" could not be read: the store does not answer`},
		{"the baseline has no series", func(w *world) { w.empty = target.Baseline }, func(w *world) { w.empty = "" }, "errors"},
		{"the canary has no series", func(w *world) { w.empty = target.Canary }, func(w *world) { w.empty = "" }, "errors"},
		{"the target cannot tell what serves", func(w *world) { w.vague, w.caps.RevertAfter = true, false }, func(w *world) { w.vague = false },
			"the target could not tell what serves"},
		{"the target is away", func(w *world) { w.down["any"] = away }, func(w *world) { delete(w.down, "any") },
			"the target could not be read: unavailable: connection refused"},
		{"nobody knows whether the canary is healthy", func(w *world) { w.health[good.Key()] = target.HealthUnknown },
			func(w *world) { delete(w.health, good.Key()) }, "could not tell whether 1.0.1 is healthy"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			req := patient(good)
			whole := 100.0
			req.Spec.Strategy.MaxUnattendedWeight = &whole
			if strings.Contains(c.name, "cannot tell") {
				w.caps.RevertAfter = false
			}
			w.clock.after(30*time.Second, func() { c.hide(w) })
			w.clock.after(5*time.Minute, func() {
				wantPath(t, w, "preparing", "stepping", "paused no_data")
				if r := fold(t, w).Open(); !strings.Contains(r.Reason, c.reason) {
					t.Errorf("the reason is %q, which does not say %q", r.Reason, c.reason)
				}
				c.show(w)
			})
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			wantEnd(t, out, err, release.Shipped)
			wantPath(t, w, "preparing", "stepping", "paused no_data", "stepping", "baking", "completing", "succeeded")
			if d := took(t, w); d < plain+4*time.Minute {
				t.Errorf("it took %s: the outage of 4m30s counted as soak", d)
			}
		})
	}
}

func TestNoDataDuringTheBakePausesIt(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	w.onEffect = func(string) {
		if w.machine.State.Weight == 100 {
			w.silent = true
			w.onEffect = nil
			w.clock.after(4*time.Minute, func() { w.silent = false })
		}
	}
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "baking", "paused no_data", "baking", "completing", "succeeded")
}

func TestASplitThatIsNotTheConfiguredOnePauses(t *testing.T) {
	w := upgrade(t)
	w.skew = 4
	out, err := w.engine("a", nil).Ship(until(w, 10*time.Minute), request(good))
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused traffic_share")
	out, err = w.engine("person", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "wrong label"})
	if err != nil || out.Result != release.Stopped {
		t.Errorf("the abort: %s, %v", out.Result, err)
	}
	wantServing(t, w, old)
	wantQuarantine(t, w, good, false)
}

func TestAWeightMovedByHandIsNotOverwritten(t *testing.T) {
	t.Run("and moved back", func(t *testing.T) {
		w := upgrade(t)
		w.clock.after(30*time.Second, func() { w.hand(t, 35) })
		// Longer than the dead-man switch: it is renewed at the weight that stands.
		w.clock.after(10*time.Minute, func() {
			wantPath(t, w, "preparing", "stepping", "paused diverged")
			if got := w.observe().Canary.Weight; got != 35 {
				t.Errorf("the weight is %g; somebody set 35", got)
			}
			w.hand(t, 10)
		})
		out, err := w.engine("a", nil).Ship(until(w, time.Hour), request(good))
		wantEnd(t, out, err, release.Shipped)
		wantPath(t, w, "preparing", "stepping", "paused diverged", "stepping", "baking", "completing", "succeeded")
	})
	t.Run("to nothing, as an emergency stop", func(t *testing.T) {
		w := upgrade(t)
		w.clock.after(30*time.Second, func() { w.hand(t, 0) })
		out, err := w.engine("a", nil).Ship(until(w, 10*time.Minute), request(good))
		wantEnd(t, out, err, release.Underway)
		wantPath(t, w, "preparing", "stepping", "paused diverged")
		if got := w.observe().Canary.Weight; got != 0 {
			t.Errorf("the weight is %g; somebody set 0", got)
		}
	})
	t.Run("during the bake", func(t *testing.T) {
		w := upgrade(t)
		w.onEffect = func(string) {
			if w.machine.State.Weight == 100 {
				w.onEffect = nil
				w.clock.after(15*time.Second, func() { w.hand(t, 60) })
				w.clock.after(3*time.Minute, func() { w.hand(t, 100) })
			}
		}
		out, err := w.engine("a", nil).Ship(t.Context(), request(good))
		wantEnd(t, out, err, release.Shipped)
		wantPath(t, w, "preparing", "stepping", "baking", "paused diverged", "baking", "completing", "succeeded")
	})
	t.Run("just before the next step", func(t *testing.T) {
		w := upgrade(t)
		moved := false
		e := w.engine("a", func(op, phase string) error {
			if op == "apply" && phase == "before" && w.machine.State.Weight == 10 && !moved {
				moved = true
				w.hand(t, 20)
				w.clock.after(time.Minute, func() { w.hand(t, 10) })
			}
			return nil
		})
		out, err := e.Ship(until(w, time.Hour), request(good))
		wantEnd(t, out, err, release.Shipped)
		wantPath(t, w, "preparing", "stepping", "paused diverged", "stepping", "baking", "completing", "succeeded")
	})
}

func TestATargetThatIsAwayInMidStep(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	asked := false
	e := w.engine("a", func(op, phase string) error {
		if op == "apply" && phase == "before" && !asked && w.machine.State.Weight == 10 {
			asked = true
			w.down["any"] = away
			w.clock.after(3*time.Minute, func() { delete(w.down, "any") })
		}
		return nil
	})
	out, err := e.Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "baking", "completing", "succeeded")
}

func TestATargetThatNeverTakesTheNextStep(t *testing.T) {
	cases := []struct {
		name   string
		answer error
		within time.Duration
	}{
		{"away", away, 40 * time.Minute},
		{"no permission", &target.Error{Code: target.CodeUnauthorized, Message: "token expired"}, 3 * time.Minute},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			w.clock.after(30*time.Second, func() { w.down["apply"] = c.answer })
			req := patient(good)
			req.Spec.Strategy.RevertAfter = field.Duration(2 * time.Hour)
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			wantEnd(t, out, err, release.Broke)
			wantPath(t, w, "preparing", "stepping", "reverting error", "errored error")
			wantQuarantine(t, w, good, false)
			wantServing(t, w, old)
			if d := took(t, w); d > c.within {
				t.Errorf("it took %s, more than %s", d, c.within)
			}
		})
	}
	t.Run("where only a person may turn back, it is tried until it works", func(t *testing.T) {
		w := upgrade(t)
		w.clock.after(30*time.Second, func() {
			w.down["apply"] = &target.Error{Code: target.CodeUnauthorized, Message: "token expired"}
		})
		w.clock.after(2*time.Hour, func() { delete(w.down, "apply") })
		req := patient(good)
		no := false
		req.Spec.Policy.Automatic = &no
		req.Spec.Strategy.RevertAfter = field.Duration(5 * time.Hour)
		out, err := w.engine("a", nil).Ship(t.Context(), req)
		wantEnd(t, out, err, release.Shipped)
	})
}

func TestAClockThatIsSetBack(t *testing.T) {
	for _, at := range []time.Duration{5 * time.Second, 45 * time.Second, 65 * time.Second, 90 * time.Second, 125 * time.Second, 150 * time.Second} {
		t.Run(at.String(), func(t *testing.T) {
			w := upgrade(t)
			var before, looks int
			w.clock.after(at, func() {
				before = fold(t, w).Last().Ticks
				w.clock.Advance(-3 * time.Hour)
				w.mu.Lock()
				w.counted = w.clock.Now()
				w.mu.Unlock()
			})
			out, err := w.engine("a", nil).Ship(t.Context(), patient(good))
			wantEnd(t, out, err, release.Shipped)
			looks = out.Rollout.Ticks
			if looks < 18 || looks > 30 {
				t.Errorf("%d looks, %d of them before the clock was set back; a rollout of three minutes has about 20", looks, before)
			}
		})
	}
}

func TestAClockSetBackDoesNotHoldUpARevert(t *testing.T) {
	for _, conditional := range []bool{true, false} {
		w := upgrade(t)
		w.caps.ConditionalWrite = conditional
		failed := false
		e := w.engine("a", func(op, phase string) error {
			if op == "revert" && phase == "before" && !failed {
				failed = true
				w.clock.after(time.Millisecond, func() { w.clock.Advance(-3 * time.Hour) })
				return away
			}
			return nil
		})
		began := w.clock.Now()
		out, err := e.Ship(t.Context(), patient(bad))
		wantEnd(t, out, err, release.WentBack)
		if late := w.clock.Now().Sub(began) + 3*time.Hour; late > 10*time.Minute {
			t.Errorf("conditional_write %t: the revert took %s", conditional, late)
		}
	}
}

func TestStrategiesOfAllShapes(t *testing.T) {
	many := &strategy.Canary{}
	for n := 1; n <= strategy.MaxSteps; n++ {
		many.Steps = append(many.Steps, strategy.CanaryStep{Weight: float64(n), AtLeast: field.Duration(time.Second)})
	}
	cases := []struct {
		name  string
		set   func(s *strategy.Definition)
		steps int
	}{
		{"all at once", func(s *strategy.Definition) { s.Canary, s.AllAtOnce = nil, &strategy.AllAtOnce{} }, 1},
		{"no bake", func(s *strategy.Definition) { s.Bake = 0 }, 3},
		{"one step", func(s *strategy.Definition) { s.Canary.Steps = s.Canary.Steps[2:] }, 1},
		{"linear", func(s *strategy.Definition) {
			s.Canary, s.Linear = nil, &strategy.Linear{StepWeight: 33.3, AtLeast: field.Duration(20 * time.Second)}
		}, 4},
		{"a hundred steps", func(s *strategy.Definition) { s.Canary = many }, 100},
		{"nothing to judge and no time", func(s *strategy.Definition) {
			s.Analysis, s.Bake, s.Canary = strategy.Analysis{}, 0, nil
			s.Linear = &strategy.Linear{StepWeight: 1}
		}, 100},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			req := request(good)
			c.set(&req.Spec.Strategy)
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			wantEnd(t, out, err, release.Shipped)
			wantServing(t, w, good)
			applied := 0
			for _, v := range w.verbs {
				if v == "apply" {
					applied++
				}
			}
			if applied != c.steps {
				t.Errorf("%d weights were applied, want %d", applied, c.steps)
			}
			wantChain(t, w)
		})
	}
}
