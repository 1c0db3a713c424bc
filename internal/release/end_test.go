package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func TestAHarmfulFirstReleaseIsTakenAwayAgain(t *testing.T) {
	w := newWorld(t)
	out, err := w.engine("a", nil).Ship(t.Context(), request(bad))
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, artifact.Payload{})
	wantQuarantine(t, w, bad, true)
	if out.Payload != nil || out.History.Owner != nil {
		t.Errorf("after a failed first rollout the wish is %v and the owner %v; want neither", out.Payload, out.History.Owner)
	}
	if c := out.Rollout.Cause; c != release.CauseHarm {
		t.Errorf("cause %s", c)
	}
}

func TestUnhealthyGoesBackAtOnceAndIsQuarantined(t *testing.T) {
	w := upgrade(t)
	w.onEffect = func(verb string) {
		if verb == "apply" {
			w.health[good.Key()] = target.Unhealthy
		}
	}
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.WentBack)
	wantPath(t, w, "preparing", "stepping", "reverting unhealthy", "rolled_back unhealthy")
	wantQuarantine(t, w, good, true)
	wantServing(t, w, old)
	if d := took(t, w); d > 15*time.Second {
		t.Errorf("it took %s, more than one look", d)
	}
}

func TestAnArmThatNeverBecomesReady(t *testing.T) {
	cases := []struct {
		name       string
		health     target.Health
		down       error
		want       release.Result
		cause      string
		quarantine bool
		within     time.Duration
	}{
		{name: "unhealthy", health: target.Unhealthy, want: release.WentBack, cause: "unhealthy", quarantine: true, within: 12 * time.Minute},
		{name: "unknown", health: target.HealthUnknown, want: release.Broke, cause: "error", within: 12 * time.Minute},
		{name: "no such artifact", down: &target.Error{Code: target.CodeNotFound, Message: "no such image", Remedy: "push it"}, want: release.Broke, cause: "error", within: time.Minute},
		{name: "no permission", down: &target.Error{Code: target.CodeUnauthorized, Message: "token expired"}, want: release.Broke, cause: "error", within: time.Minute},
		{name: "never reached", down: away, want: release.Broke, cause: "error", within: 12 * time.Minute},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			if c.health != "" {
				w.health[good.Key()] = c.health
			}
			w.down["prepare"] = c.down
			out, err := w.engine("a", nil).Ship(t.Context(), request(good))
			wantEnd(t, out, err, c.want)
			end := map[release.Result]string{release.WentBack: "rolled_back ", release.Broke: "errored "}[c.want]
			wantPath(t, w, "preparing", "reverting "+c.cause, end+c.cause)
			wantQuarantine(t, w, good, c.quarantine)
			wantServing(t, w, old)
			if d := took(t, w); d > c.within {
				t.Errorf("it took %s, more than %s", d, c.within)
			}
			delete(w.health, good.Key())
			delete(w.down, "prepare")
			if c.quarantine {
				return
			}
			again, err := w.engine("b", nil).Ship(t.Context(), request(good))
			wantEnd(t, again, err, release.Shipped)
		})
	}
}

// doubtful asks for a release that cannot be proved safe in its two minutes.
func doubtful(w *world, then strategy.OnInconclusive) release.ShipRequest {
	w.rate = 4
	req := request(good)
	req.Spec.Strategy.OnInconclusive = then
	req.Spec.Strategy.Canary.Steps[0].AtMost = field.Duration(2 * time.Minute)
	return req
}

func TestAStepWithoutAVerdict(t *testing.T) {
	t.Run("is extended once, then pauses, and goes on once it is proved safe", func(t *testing.T) {
		w := upgrade(t)
		req := doubtful(w, "")
		w.clock.after(5*time.Minute, func() {
			wantPath(t, w, "preparing", "stepping", "paused inconclusive")
			w.mu.Lock()
			defer w.mu.Unlock()
			w.count()
			w.rate = 1000
		})
		out, err := w.engine("a", nil).Ship(t.Context(), req)
		wantEnd(t, out, err, release.Shipped)
		wantPath(t, w, "preparing", "stepping", "paused inconclusive", "stepping", "baking", "completing", "succeeded")
		extended := 0
		for _, k := range kinds(w.records(t)) {
			if k == release.KindStepExtended {
				extended++
			}
		}
		if extended != 1 {
			t.Errorf("extended %d times", extended)
		}
	})
	t.Run("pauses at once where the author says so", func(t *testing.T) {
		w := upgrade(t)
		req := doubtful(w, strategy.Pause)
		out, err := w.engine("a", nil).Ship(until(w, 200*time.Second), req)
		wantEnd(t, out, err, release.Underway)
		wantPath(t, w, "preparing", "stepping", "paused inconclusive")
	})
	t.Run("goes back where the author says so, without a word against the artifact", func(t *testing.T) {
		w := upgrade(t)
		out, err := w.engine("a", nil).Ship(t.Context(), doubtful(w, strategy.Rollback))
		wantEnd(t, out, err, release.WentBack)
		wantPath(t, w, "preparing", "stepping", "reverting inconclusive", "rolled_back inconclusive")
		wantQuarantine(t, w, good, false)
		wantServing(t, w, old)
	})
	t.Run("does not go back by itself when the release is irreversible", func(t *testing.T) {
		w := upgrade(t)
		req := doubtful(w, strategy.Rollback)
		req.Spec.Irreversible = true
		whole := 100.0
		req.Spec.Strategy.MaxUnattendedWeight = &whole
		out, err := w.engine("a", nil).Ship(until(w, 200*time.Second), req)
		wantEnd(t, out, err, release.Underway)
		wantPath(t, w, "preparing", "stepping", "paused inconclusive")
	})
}

// A driver that comes back late looks before it gives up: the time in which
// nobody watched belongs to no deadline.
func TestADeadlineCountsOnlyWatchedTime(t *testing.T) {
	w := upgrade(t)
	w.caps.RevertAfter = false
	whole := 100.0
	req := doubtful(w, strategy.Rollback)
	req.Spec.Strategy.MaxUnattendedWeight = &whole
	_, err := w.engine("a", nil).Ship(until(w, time.Minute), req)
	if err == nil {
		t.Fatal("the first run was not interrupted")
	}
	w.clock.Advance(time.Hour)
	w.mu.Lock()
	w.count()
	w.rate = 1000
	w.mu.Unlock()
	out, err := w.engine("b", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	if soaked := fold(t, w).Last().Soak; soaked > 2*time.Minute {
		t.Errorf("the bake soaked %s", soaked)
	}
}

// harmed gives a world in which the good artifact begins to fail with its first
// effect of the verb, and the request that ships it.
func harmed(t *testing.T, weight float64) (*world, release.ShipRequest) {
	w := upgrade(t)
	w.onEffect = func(verb string) {
		if verb == "apply" && w.machine.State.Weight == weight {
			w.failing[good.Key()] = 0.3
		}
	}
	return w, request(good)
}

func TestHarmThatOnlyAPersonMayAnswer(t *testing.T) {
	no := false
	whole := 100.0
	cases := []struct {
		name   string
		weight float64
		set    func(t *testing.T, w *world, s *release.Spec)
		from   []string
		why    string
	}{
		{"irreversible", 10, func(_ *testing.T, _ *world, s *release.Spec) {
			s.Irreversible, s.Strategy.MaxUnattendedWeight = true, &whole
		}, []string{"preparing", "stepping"}, "declared irreversible"},
		{"automatic = false", 10, func(_ *testing.T, _ *world, s *release.Spec) {
			s.Policy = release.Policy{Name: "ours", Automatic: &no}
		}, []string{"preparing", "stepping"}, `the rollback policy "ours" leaves rollbacks to a person`},
		{"during_bake = false", 100, func(_ *testing.T, _ *world, s *release.Spec) {
			s.Policy = release.Policy{Name: "ours", DuringBake: &no}
		}, []string{"preparing", "stepping", "baking"}, `leaves rollbacks during the bake to a person`},
		{"the day's rollbacks are spent", 10, func(t *testing.T, w *world, s *release.Spec) {
			if out, _ := w.engine("before", nil).Ship(t.Context(), request(bad)); out.Result != release.WentBack {
				t.Fatal(out.Result)
			}
			s.Policy.MaxPerDay = 1
		}, []string{"preparing", "stepping", "reverting harm", "rolled_back harm", "preparing", "stepping"}, "max_per_day is 1, and this release has gone back by itself as often within 24 hours"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w, req := harmed(t, c.weight)
			c.set(t, w, &req.Spec)
			out, err := w.engine("a", nil).Ship(until(w, 15*time.Minute), req)
			wantEnd(t, out, err, release.Underway)
			wantPath(t, w, append(c.from, "paused needs_a_person")...)
			wantQuarantine(t, w, good, true)
			r := fold(t, w).Open()
			if !strings.Contains(r.Reason, c.why) || !strings.Contains(r.Reason, "evidence for harm") {
				t.Errorf("the reason is %q", r.Reason)
			}
			out, err = w.engine("person", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "enough"})
			if err != nil || out.Result != release.Stopped {
				t.Errorf("the abort: %s, %v", out.Result, err)
			}
			wantServing(t, w, old)
		})
	}
}

func TestHarmDuringTheBakeGoesBack(t *testing.T) {
	w, req := harmed(t, 100)
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
	wantPath(t, w, "preparing", "stepping", "baking", "reverting harm", "rolled_back harm")
	wantServing(t, w, old)
}

// The limit is per rolling day: on the next one the engine may again.
func TestTheDailyLimitPasses(t *testing.T) {
	w := upgrade(t)
	if out, _ := w.engine("a", nil).Ship(t.Context(), request(bad)); out.Result != release.WentBack {
		t.Fatal(out.Result)
	}
	w.clock.Advance(25 * time.Hour)
	worse := payload("1.0.4")
	w.failing[worse.Key()] = 0.5
	req := request(worse)
	req.Spec.Policy.MaxPerDay = 1
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
}
