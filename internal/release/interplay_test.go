package release_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// steps replaces a request's strategy by a canary of these steps.
func steps(req release.ShipRequest, s ...strategy.CanaryStep) release.ShipRequest {
	req.Spec.Strategy.Canary = &strategy.Canary{Steps: s}
	return req
}

// A failed check that the policy has off waits for a person, and is never passed:
// neither by a word nor by another driver.
func TestAFailedCheckThatIsOffIsNotPassed(t *testing.T) {
	w := upgrade(t)
	w.checks["smoke"] = check.Fail
	req := steps(patient(good), strategy.CanaryStep{Weight: 10, AtLeast: twenty}, strategy.CanaryStep{Check: &smoke}, strategy.CanaryStep{Weight: 100})
	req.Spec.Policy = release.Policy{Name: "ours", Triggers: &release.Triggers{FailedCheck: never}}
	out, err := w.engine("a", nil).Ship(until(w, 15*time.Minute), req)
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused needs_a_person")
	if r := fold(t, w).Open(); !strings.Contains(r.Reason, `has the trigger failed_check off during the steps`) || r.Trigger != "failed_check" {
		t.Errorf("the reason is %q, the trigger %q", r.Reason, r.Trigger)
	}
	_, err = w.engine("kim", nil).Resume(t.Context(), key, "kim", "never mind")
	wantRefusal(t, err, "it waits because of needs_a_person", "what hurts users is not passed by a word")
	w.checks["smoke"] = check.Pass
	out, err = w.engine("b", nil).Continue(until(w, 15*time.Minute), key)
	wantEnd(t, out, err, release.Underway)
	if got := w.share(good); got != 10 {
		t.Errorf("the artifact has %g %% after a failed check", got)
	}
}

// What a trigger watches counts in a cohort, a mirror and a batch as it does at a
// weight, and nothing is left behind.
func TestTriggersInEveryKindOfStep(t *testing.T) {
	quarter := 0.25
	for name, set := range map[string]func(s *strategy.Definition){
		"cohort": func(s *strategy.Definition) {
			s.Canary.Steps = []strategy.CanaryStep{{Cohort: &staff, AtLeast: minutes(10)}, {Weight: 100}}
		},
		"mirror": func(s *strategy.Definition) {
			s.Canary.Steps = []strategy.CanaryStep{{Mirror: &ten, AtLeast: minutes(10)}, {Weight: 100}}
		},
		"batch": func(s *strategy.Definition) {
			s.Canary, s.Rolling = nil, &strategy.Rolling{Batch: &quarter, AtLeast: minutes(10)}
		},
		"pause": func(s *strategy.Definition) {
			s.Canary.Steps = []strategy.CanaryStep{{Weight: 10}, {Pause: &strategy.Waiting{}}, {Weight: 100}}
		},
	} {
		for trigger, triggers := range map[string]release.Triggers{
			"error_ceiling": {ErrorCeiling: limit}, "burn_rate": {BurnRate: burns}, "external_signal": {External: alarm},
		} {
			t.Run(name+" "+trigger, func(t *testing.T) {
				w := upgrade(t)
				w.failing[old.Key()], w.failing[good.Key()] = 0.05, 0.05
				w.onEffect = func(verb string) {
					if verb == "apply" {
						w.mu.Lock()
						defer w.mu.Unlock()
						w.ringing = 1
					}
				}
				req := alarmed(patient(good))
				req.Spec.Strategy.Analysis.Metrics["errors"] = strategy.Metric{Critical: true, Signal: "http", Ceiling: 0.5}
				req.Spec.Policy = release.Policy{Name: "ours", Triggers: &triggers}
				set(&req.Spec.Strategy)
				out, err := w.engine("a", nil).Ship(until(w, time.Hour), req)
				wantEnd(t, out, err, release.WentBack)
				if got := path(t, w); got[len(got)-1] != "rolled_back "+trigger {
					t.Errorf("its way is %v", got)
				}
				wantServing(t, w, old)
				if obs := w.observe(); obs.Traffic != nil {
					t.Errorf("left behind: %+v", obs.Traffic)
				}
			})
		}
	}
}

// A way back by steps is for a share alone: what stands beside a cohort, a mirror or
// in batches goes back at once.
func TestByStepsGoesBackAtOnceFromMoreThanAShare(t *testing.T) {
	for name, s := range map[string][]strategy.CanaryStep{
		"cohort": {{Cohort: &staff, AtLeast: twenty}, {Weight: 10, AtLeast: twenty}, {Weight: 50, AtLeast: minutes(5)}, {Weight: 100}},
		"mirror": {{Weight: 10, AtLeast: twenty}, {Weight: 50, AtLeast: twenty}, {Mirror: &ten, AtLeast: minutes(5)}, {Weight: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			w.onEffect = func(verb string) {
				// In the step before the last one: what stands then is more than a share.
				if extra := w.machine.State.Extra; verb == "apply" && w.machine.State.Weight == 50 && extra != nil {
					w.failing[good.Key()] = 0.3
				}
			}
			out, err := w.engine("a", nil).Ship(t.Context(), stepwise(steps(request(good), s...)))
			wantEnd(t, out, err, release.WentBack)
			if got := wayBack(t, w, name); !slices.Equal(got, []float64{0}) {
				t.Errorf("the weights on the way back are %v", got)
			}
			wantServing(t, w, old)
		})
	}
	t.Run("a check and a pause are a share", func(t *testing.T) {
		w := upgrade(t)
		w.checks["smoke"] = check.Fail
		req := stepwise(steps(patient(good), strategy.CanaryStep{Weight: 10, AtLeast: twenty}, strategy.CanaryStep{Weight: 50, AtLeast: twenty},
			strategy.CanaryStep{Pause: &strategy.Waiting{Duration: twenty}}, strategy.CanaryStep{Check: &smoke}, strategy.CanaryStep{Weight: 100}))
		out, err := w.engine("a", nil).Ship(t.Context(), req)
		wantEnd(t, out, err, release.WentBack)
		if got := wayBack(t, w, "check"); !slices.Equal(got, []float64{10, 0}) {
			t.Errorf("the weights on the way back are %v", got)
		}
	})
}

// Batches have no share in between, so a policy that goes back by steps could never
// do so and is refused.
func TestByStepsIsRefusedWithBatches(t *testing.T) {
	spec := worldSpec(good)
	inBatches(&spec.Strategy)
	spec.Policy = release.Policy{Name: "gently", How: release.BySteps}
	errs := upgrade(t).engine("plan", nil).Validate(t.Context(), spec)
	if len(errs) != 1 || errs[0].Path != "rollback_policy" || !strings.Contains(errs[0].Msg, `goes back by steps, but the strategy "careful" replaces instances in batches`) {
		t.Errorf("the errors are %v", errs)
	}
}

// The fast track skips what sends a part of the users, and no check before it.
func TestTheFastTrackSkipsNoCheckBeforeTheSwitch(t *testing.T) {
	for name, set := range map[string]func(s *strategy.Definition){
		"blue_green": func(s *strategy.Definition) {
			s.Canary, s.BlueGreen = nil, &strategy.BlueGreen{Checks: []check.Check{smoke}}
		},
		"canary": func(s *strategy.Definition) {
			s.Canary.Steps = []strategy.CanaryStep{{Check: &smoke}, {Weight: 10, AtLeast: twenty}, {Weight: 100}}
		},
		"batches": inBatches,
	} {
		t.Run(name, func(t *testing.T) {
			w := generations(t, old, good)
			req := request(old)
			set(&req.Spec.Strategy)
			req.Spec.Policy.FastTrack = &release.FastTrack{Within: minutes(60)}
			w.checks["smoke"] = check.Fail
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			if name == "batches" {
				wantEnd(t, out, err, release.Shipped)
				if last := fold(t, w).Last(); len(last.Skipped) != 3 {
					t.Errorf("skipped %v", last.Skipped)
				}
				return
			}
			wantEnd(t, out, err, release.WentBack)
			wantServing(t, w, good)
			if len(w.checked) != 3 {
				t.Errorf("checked %v", w.checked)
			}
		})
	}
}

// Of what the policy and what the strategy keep warm, and of the bake, the longest
// time counts.
func TestTheLongestTimeKeepsTheOldOneWarm(t *testing.T) {
	for _, c := range []struct{ strategy, policy, bake, want int }{{2, 10, 1, 10}, {10, 2, 1, 10}, {1, 2, 10, 10}} {
		w := upgrade(t)
		req := patient(good)
		req.Spec.Strategy.Canary = nil
		req.Spec.Strategy.Bake = minutes(c.bake)
		req.Spec.Strategy.BlueGreen = &strategy.BlueGreen{KeepWarm: minutes(c.strategy)}
		req.Spec.Policy.KeepWarm = minutes(c.policy)
		f, err := w.engine("plan", nil).Forecast(t.Context(), req.Spec)
		if want := minutes(c.want).Std(); err != nil || f.Takes != want {
			t.Errorf("%+v: planned %s, %v", c, f.Takes, err)
		}
		out, err := w.engine("a", nil).Ship(t.Context(), req)
		wantEnd(t, out, err, release.Shipped)
		if d := took(t, w); d < minutes(c.want).Std() || d > minutes(c.want).Std()+time.Minute {
			t.Errorf("%+v: it took %s", c, field.FormatDuration(d))
		}
	}
}

// A word ends a pause, and is no data: where nobody sees how it goes, the rollout
// waits for that first, and goes on by itself once it comes.
func TestAWordIsNoData(t *testing.T) {
	for name, blind := range map[string]func(w *world, on bool){
		"a store that is silent":     func(w *world, on bool) { w.silent = on },
		"an arm that is not counted": func(w *world, on bool) { w.empty = map[bool]target.Arm{true: target.Canary}[on] },
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			set := func(on bool) {
				w.mu.Lock()
				defer w.mu.Unlock()
				blind(w, on)
			}
			req := steps(patient(good), strategy.CanaryStep{Weight: 10, AtLeast: twenty}, strategy.CanaryStep{Pause: &strategy.Waiting{}}, strategy.CanaryStep{Weight: 100})
			w.clock.after(10*time.Minute, func() { set(true) })
			w.clock.after(15*time.Minute, func() {
				if _, err := w.engine("kim", nil).Resume(t.Context(), key, "kim", "it looks well"); err != nil {
					t.Error(err)
				}
			})
			w.clock.after(25*time.Minute, func() {
				if got := w.share(good); got != 10 {
					t.Errorf("it went on to %g %% blind", got)
				}
				set(false)
			})
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			wantEnd(t, out, err, release.Shipped)
			wantPath(t, w, "preparing", "stepping", "paused awaiting_resume", "stepping", "paused no_data", "stepping", "baking", "completing", "succeeded")
		})
	}
}

// A gate that held the rollout up and passes again is no data either: what has some of
// the users gets no more of them while nobody sees how it goes.
func TestAGateThatPassesIsNoData(t *testing.T) {
	w := upgrade(t)
	hold := &shut{status: gate.Pass}
	w.gates = []gate.Gate{hold}
	w.clock.after(45*time.Second, func() { hold.status, hold.reason = gate.Fail, "a freeze" })
	w.clock.after(10*time.Minute, func() { w.silent = true })
	w.clock.after(15*time.Minute, func() { hold.status = gate.Pass })
	w.clock.after(25*time.Minute, func() {
		if got := w.share(good); got != 10 {
			t.Errorf("it went on to %g %% blind", got)
		}
		w.silent = false
	})
	out, err := w.engine("a", nil).Ship(t.Context(), patient(good))
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "paused gate", "stepping", "paused no_data", "stepping", "baking", "completing", "succeeded")
}
