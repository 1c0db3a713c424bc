package release_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// forget makes the runtime start anew with what stands in its file: the old artifact
// alone.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	s := &w.machine.State
	s.Canary, s.Weight, s.Keys = nil, 0, nil
	s.Generation++
}

// forgetful is a world whose runtime is as HAProxy is: without a dead-man switch and
// without a conditional write.
func forgetful(t *testing.T) *world {
	w := upgrade(t)
	w.caps.RevertAfter, w.caps.ConditionalWrite = false, false
	w.machine.Can = w.caps
	return w
}

// gone takes the runtime away, and with it who counts what its users get, as it is where
// the runtime counts itself; it comes back with the old weights.
func (w *world) gone(away bool) {
	if !away {
		w.forget()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = away
	delete(w.down, "any")
	if away {
		w.down["any"] = unreachable
	}
}

var unreachable = &target.Error{Code: target.CodeUnavailable, Message: "it does not answer"}

// restarts are the moments at which a runtime can start anew with its old weights, each
// planned by a function that tells when it is back.
var restarts = map[string]struct {
	plan func(t *testing.T, w *world, req *release.ShipRequest) (back time.Duration)
	// path is what the rollout goes through before it says that its canary is gone.
	path []string
}{
	"between two looks": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		w.clock.after(30*time.Second, w.forget)
		return 30 * time.Second
	}, nil},
	"away for one look": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		return w.away(35*time.Second, 10*time.Second)
	}, nil},
	"away for many": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		return w.away(30*time.Second, 3*time.Minute)
	}, []string{"paused no_data", "stepping"}},
	// It had hardly any users, so that the last look before found none on the canary.
	"away for many, behind a look without users": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		w.clock.after(15*time.Second, func() { w.rate = 0 })
		return w.away(22*time.Second, 3*time.Minute)
	}, []string{"paused no_data", "stepping"}},
	"in a pause without users": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		w.clock.after(15*time.Second, func() { w.rate = 0 })
		w.clock.after(5*time.Minute, func() { w.forget(); w.rate = 100 })
		return 5 * time.Minute
	}, []string{"paused no_data", "stepping"}},
	"in a pause for a gate": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		hold := &shut{status: gate.Pass}
		w.gates = []gate.Gate{hold}
		w.clock.after(45*time.Second, func() { hold.status, hold.reason = gate.Fail, "a freeze" })
		w.clock.after(5*time.Minute, w.forget)
		return 5 * time.Minute
	}, []string{"paused gate", "stepping"}},
	// Its last look is older than what the gate says.
	"just before a gate passes": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		hold := &shut{status: gate.Pass}
		w.gates = []gate.Gate{hold}
		w.clock.after(45*time.Second, func() { hold.status, hold.reason = gate.Fail, "a freeze" })
		w.clock.after(5*time.Minute+time.Second, func() { w.forget(); hold.status = gate.Pass })
		return 5*time.Minute + time.Second
	}, []string{"paused gate", "stepping"}},
	"in a pause for a person": {func(_ *testing.T, w *world, req *release.ShipRequest) time.Duration {
		*req = steps(*req, strategy.CanaryStep{Weight: 10, AtLeast: twenty}, strategy.CanaryStep{Pause: &strategy.Waiting{}}, strategy.CanaryStep{Weight: 100})
		w.clock.after(5*time.Minute, w.forget)
		return 5 * time.Minute
	}, []string{"paused awaiting_resume", "stepping"}},
	"behind a deadline": {func(_ *testing.T, w *world, req *release.ShipRequest) time.Duration {
		*req = doubtful(w, strategy.Pause)
		w.clock.after(5*time.Minute, w.forget)
		return 5 * time.Minute
	}, []string{"paused inconclusive", "stepping"}},
	"in the bake": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		return w.atAll(15*time.Second, 16*time.Second, 100)
	}, []string{"baking"}},
	"in the bake, away for many": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		return w.atAll(15*time.Second, 3*time.Minute, 100)
	}, []string{"baking", "paused no_data", "baking"}},
	"in the bake, away for many, behind a look without users": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		return w.atAll(15*time.Second, 3*time.Minute, 0)
	}, []string{"baking", "paused no_data", "baking"}},
	"while a step's answer was lost": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		w.onEffect = func(verb string) {
			if verb == "apply" && w.machine.State.Weight == 50 {
				w.onEffect = nil
				w.lost["apply"]++
				w.forget()
			}
		}
		return 3 * time.Minute
	}, nil},
	"between the last look and the next step": {func(_ *testing.T, w *world, _ *release.ShipRequest) time.Duration {
		hold := &last{do: func() {
			if w.machine.State.Weight == 10 {
				w.forget()
			}
		}}
		w.gates = []gate.Gate{hold}
		return 3 * time.Minute
	}, nil},
}

// last is a gate that passes, and does something before it says so.
type last struct{ do func() }

func (*last) Name() string { return "hold" }

func (g *last) Check(context.Context, gate.Subject, time.Time) gate.Result {
	g.do()
	return gate.Result{Gate: "hold", Status: gate.Pass}
}

// away plans an absence, and says when it is over.
func (w *world) away(from, long time.Duration) time.Duration {
	w.clock.after(from, func() { w.gone(true) })
	w.clock.after(from+long, func() { w.gone(false) })
	return from + long
}

// atAll plans an absence for after the new artifact has all the traffic, at a rate of
// users just before it.
func (w *world) atAll(from, to time.Duration, rate float64) time.Duration {
	w.onEffect = func(string) {
		if w.machine.State.Weight == 100 {
			w.onEffect = nil
			w.clock.after(from-8*time.Second, func() { w.rate = rate })
			w.clock.after(from, func() { w.gone(true) })
			w.clock.after(to, func() { w.gone(false) })
		}
	}
	return 10 * time.Minute
}

// A runtime that starts anew with its old weights is noticed whenever that falls: the
// rollout says that its canary is gone, sends nobody to it, and waits for a person.
func TestARuntimeThatForgotItsWeights(t *testing.T) {
	for name, c := range restarts {
		t.Run(name, func(t *testing.T) {
			w := forgetful(t)
			req := request(good)
			back := c.plan(t, w, &req)
			most := 50.0
			req.Spec.Strategy.MaxUnattendedWeight, req.Spec.Strategy.Analysis.Interval = &most, field.Duration(10*time.Second)
			changes := -1
			w.clock.after(back+time.Second, func() { changes = len(w.changes) })
			out, err := w.engine("a", nil).Ship(until(w, back+5*time.Minute), req)
			wantEnd(t, out, err, release.Underway)
			wantPath(t, w, append(append([]string{"preparing", "stepping"}, c.path...), "paused diverged")...)
			if r := fold(t, w).Open(); r == nil || !strings.Contains(r.Reason, "no canary") {
				t.Errorf("it says %s", brief(r))
			}
			if changes < 0 || len(w.changes) != changes {
				t.Errorf("something was changed behind it: %+v", w.changes)
			}
			wantServing(t, w, old)
			out, err = w.engine("kim", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "it forgot"})
			if err != nil || out.Result != release.Stopped {
				t.Errorf("the abort: %s, %v", out.Result, err)
			}
			wantServing(t, w, old)
		})
	}
}

// A weight that a person set while a gate held the rollout up is not overwritten once the
// gate passes, and who opens the gate can see that it is there. What the gate says is asked
// again behind the pause for it.
func TestAWeightMovedWhileAGateIsShutIsNotOverwritten(t *testing.T) {
	w := upgrade(t)
	hold := &shut{status: gate.Pass}
	w.gates = []gate.Gate{hold}
	w.clock.after(45*time.Second, func() { hold.status, hold.reason = gate.Fail, "a freeze" })
	w.clock.after(5*time.Minute, func() { w.hand(t, 3) })
	w.clock.after(8*time.Minute, func() {
		wantPath(t, w, "preparing", "stepping", "paused gate", "stepping", "paused diverged")
	})
	w.clock.after(10*time.Minute, func() { hold.status = gate.Pass })
	w.clock.after(15*time.Minute, func() {
		if got := w.share(good); got != 3 {
			t.Errorf("the weight is %g; somebody set 3", got)
		}
		w.hand(t, 10)
	})
	out, err := w.engine("a", nil).Ship(until(w, time.Hour), request(good))
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "paused gate", "stepping", "paused diverged", "stepping", "baking", "completing", "succeeded")
}

// A gate that passed before the rollout had to wait for something else is asked again.
func TestAGateIsAskedAgainBehindAPauseForSomethingElse(t *testing.T) {
	w := upgrade(t)
	hold := &shut{status: gate.Pass}
	w.gates = []gate.Gate{hold}
	w.clock.after(45*time.Second, func() { hold.status, hold.reason = gate.Fail, "a freeze" })
	w.clock.after(4*time.Minute, func() { w.silent = true })
	w.clock.after(7*time.Minute, func() { hold.status = gate.Pass })
	w.clock.after(10*time.Minute, func() { hold.status, hold.reason = gate.Fail, "another freeze" })
	w.clock.after(15*time.Minute, func() { w.silent = false })
	out, err := w.engine("a", nil).Ship(until(w, 20*time.Minute), request(good))
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused gate", "stepping", "paused no_data", "stepping", "paused gate")
	if got := w.share(good); got != 10 {
		t.Errorf("the weight is %g inside another freeze", got)
	}
}
