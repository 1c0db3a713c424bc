package release_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/rehearsal"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// What a rehearsal finds, and that a policy which requires it begins nothing while a
// part does not pass.
func TestARehearsal(t *testing.T) {
	pass := map[string]gate.Status{"artifact": gate.Pass, "path": gate.Pass, "capacity": gate.Pass, "reversible": gate.Pass}
	but := func(part string, status gate.Status) map[string]gate.Status {
		out := map[string]gate.Status{}
		for k, v := range pass {
			out[k] = v
		}
		out[part] = status
		return out
	}
	whole := 100.0
	cases := []struct {
		name string
		set  func(t *testing.T, w *world, s *release.Spec)
		want map[string]gate.Status
		says string
		// none is true where what is found is refused for another reason too.
		none bool
	}{
		{name: "all is well", want: pass, says: "by itself on harm, health and failed_check, at once; the target goes back by itself 1m after the last sign of a driver"},
		{name: "nothing serves", set: func(_ *testing.T, w *world, _ *release.Spec) { w.machine.State.Baseline = nil }, want: pass, says: "nothing serves now, so going back stops the traffic to 1.0.1"},
		{name: "what serves is unhealthy", set: func(_ *testing.T, w *world, _ *release.Spec) { w.health[old.Key()] = target.Unhealthy }, want: but("artifact", gate.Fail), says: "the target says that it is unhealthy"},
		{name: "nobody knows its health", set: func(_ *testing.T, w *world, _ *release.Spec) { w.health[old.Key()] = target.HealthUnknown }, want: but("artifact", gate.Unknown), says: "cannot tell whether it is healthy"},
		{name: "irreversible", set: func(_ *testing.T, _ *world, s *release.Spec) {
			s.Irreversible, s.Strategy.MaxUnattendedWeight = true, &whole
		}, want: but("reversible", gate.Fail), says: "declared irreversible"},
		{name: "what serves is quarantined", set: func(t *testing.T, w *world, _ *release.Spec) {
			if err := w.engine("kim", nil).Quarantine(t.Context(), key, old, "leaks"); err != nil {
				t.Fatal(err)
			}
		}, want: but("path", gate.Fail), says: "1.0.0, which serves now, is quarantined: leaks"},
		{name: "no fences", set: func(_ *testing.T, w *world, _ *release.Spec) { w.caps.ConditionalWrite = false }, want: pass, says: "the target checks no fence, so the revert waits 10s"},
		{name: "the day's rollbacks are spent", set: func(t *testing.T, w *world, s *release.Spec) {
			if out, _ := w.engine("before", nil).Ship(t.Context(), request(bad)); out.Result != release.WentBack {
				t.Fatal(out.Result)
			}
			s.Policy.MaxPerDay = 1
		}, want: pass, says: "by a person alone: max_per_day, 1, is spent"},
		{name: "no weights", set: func(_ *testing.T, w *world, _ *release.Spec) { w.caps.Weights = false }, want: but("capacity", gate.Unknown), says: "1.0.0 is replaced and not kept beside 1.0.1", none: true},
		{name: "by steps", set: func(_ *testing.T, _ *world, s *release.Spec) { s.Policy.How = release.BySteps }, want: pass, says: "by steps of 30s, within 5m"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			w.gates = []gate.Gate{rehearsal.New()}
			spec := worldSpec(good)
			if c.set != nil {
				c.set(t, w, &spec)
			}
			before := len(w.records(t))
			f, err := w.engine("plan", nil).Forecast(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			got, text := map[string]gate.Status{}, ""
			for _, l := range f.Rehearsal.Lines {
				got[l.Part] = l.Status
				text += l.Reason + "\n"
			}
			if diff := cmp.Diff(c.want, got); diff != "" || !strings.Contains(text, c.says) {
				t.Errorf("(-want +got):\n%s\n%s does not say %q", diff, text, c.says)
			}
			spec.Policy.RequireRehearsal = true
			_, err = w.engine("a", nil).Ship(t.Context(), release.ShipRequest{Spec: spec, Owner: owner})
			var blocked *release.BlockedError
			open := cmp.Equal(c.want, pass)
			switch {
			case open && errors.As(err, &blocked):
				t.Errorf("blocked: %v", err)
			case !open && (!errors.As(err, &blocked) || len(w.records(t)) != before):
				t.Errorf("not blocked: %v", err)
			case open && fold(t, w).Last().Rehearsal == nil:
				t.Error("the rollout has no record of it")
			}
			if !open && !c.none {
				spec.Policy.RequireRehearsal = false
				if _, err := w.engine("a", nil).Ship(until(w, 10*time.Minute), release.ShipRequest{Spec: spec, Owner: owner}); errors.As(err, &blocked) {
					t.Errorf("blocked without need: %v", err)
				}
			}
		})
	}
}

// A target that is away blocks where a rehearsal is required, since nobody can tell.
func TestARehearsalOfATargetThatIsAway(t *testing.T) {
	w := upgrade(t)
	w.gates = []gate.Gate{rehearsal.New()}
	w.down["any"] = away
	spec := worldSpec(good)
	spec.Policy.RequireRehearsal = true
	f, err := w.engine("plan", nil).Forecast(t.Context(), spec)
	if err != nil || f.CanStart || f.Gates[0].Status != gate.Unknown || !strings.Contains(f.Gates[0].Reason, "artifact unknown: the target could not be read") {
		t.Errorf("%v: %+v", err, f.Gates)
	}
}

// A person's rollback passes no rehearsal, whatever the policy requires; and how long
// it took is what the next rehearsal tells.
func TestARollbackNeedsNoRehearsal(t *testing.T) {
	w := generations(t, old, good)
	w.gates = []gate.Gate{rehearsal.New()}
	again := request(payload("1.0.3"))
	again.Spec.Policy.RequireRehearsal = true
	w.failing[again.Spec.Payload.Key()] = 0.3
	out, err := w.engine("a", nil).Ship(t.Context(), again)
	wantEnd(t, out, err, release.WentBack)
	plan, err := w.engine("kim", nil).PlanBack(t.Context(), key)
	if err != nil || !plan.Rehearsal.Holds() || plan.Rehearsal.Measured != 0 || len(plan.Effects) != 4 {
		t.Errorf("%v: %+v", err, plan)
	}
	w.health[good.Key()] = target.Unhealthy
	back, err := w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "slow"})
	if err != nil || back.Result != release.Shipped {
		t.Errorf("%s, %v", back.Result, err)
	}
	wantServing(t, w, old)
	f, err := w.engine("plan", nil).Forecast(t.Context(), worldSpec(payload("1.0.5")))
	if err != nil || f.Rehearsal.Measured != 1 || !strings.Contains(f.Rehearsal.Takes(), "in the last 1 rollback, from the decision to the end") {
		t.Errorf("%v: %s", err, f.Rehearsal.Takes())
	}
}

// An artifact that served here lately skips the steps and no gate.
func TestFastTrack(t *testing.T) {
	fast := func(within time.Duration) release.ShipRequest {
		req := request(old)
		req.Spec.Policy.FastTrack = &release.FastTrack{Within: field.Duration(within)}
		return req
	}
	walked := func(t *testing.T, w *world) int { return checkOrderFrom(t, w) }
	t.Run("within the time", func(t *testing.T) {
		w := generations(t, old, good)
		w.clock.Advance(time.Hour)
		f, err := w.engine("plan", nil).Forecast(t.Context(), fast(2*time.Hour).Spec)
		if err != nil || f.Takes != time.Minute || !strings.Contains(strings.Join(f.Warnings, " "), "fast track: 1.0.0 served here until") || len(f.Steps) != 3 {
			t.Errorf("%v: %s, %v, %v", err, f.Takes, f.Warnings, f.Steps)
		}
		out, err := w.engine("a", nil).Ship(t.Context(), fast(2*time.Hour))
		wantEnd(t, out, err, release.Shipped)
		if last := fold(t, w).Last(); walked(t, w) != 1 || len(last.Skipped) != 2 || !strings.Contains(last.SkipReason, "within 2h") {
			t.Errorf("%d steps, skipped %v: %s", walked(t, w), last.Skipped, last.SkipReason)
		}
	})
	t.Run("a gate holds it all the same", func(t *testing.T) {
		w := generations(t, old, good)
		w.gates = []gate.Gate{&shut{status: gate.Fail, reason: "freeze"}}
		_, err := w.engine("a", nil).Ship(t.Context(), fast(2*time.Hour))
		var blocked *release.BlockedError
		if !errors.As(err, &blocked) {
			t.Errorf("not blocked: %v", err)
		}
	})
	t.Run("harm in the bake goes back", func(t *testing.T) {
		w := generations(t, old, good)
		w.failing[old.Key()] = 0.3
		out, err := w.engine("a", nil).Ship(t.Context(), fast(2*time.Hour))
		wantEnd(t, out, err, release.WentBack)
		wantServing(t, w, good)
	})
	for name, prepare := range map[string]func(t *testing.T, w *world){
		"too long ago": func(_ *testing.T, w *world) { w.clock.Advance(3 * time.Hour) },
		"it went back since": func(t *testing.T, w *world) {
			w.failing[old.Key()] = 0.3
			if out, _ := w.engine("a", nil).Ship(t.Context(), fast(2*time.Hour)); out.Result != release.WentBack {
				t.Fatal(out.Result)
			}
			w.failing[old.Key()] = 0
			if err := w.engine("kim", nil).Lift(t.Context(), key, old.Key(), "it was the cache"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := generations(t, old, good)
			prepare(t, w)
			out, err := w.engine("a", nil).Ship(t.Context(), fast(2*time.Hour))
			wantEnd(t, out, err, release.Shipped)
			if last := fold(t, w).Last(); walked(t, w) != 3 || last.SkipReason != "" {
				t.Errorf("%d steps: %s", walked(t, w), last.SkipReason)
			}
		})
	}
	t.Run("a person left it because it was bad", func(t *testing.T) {
		w := generations(t, old, good)
		if _, err := w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "slow"}); err != nil {
			t.Fatal(err)
		}
		if err := w.engine("kim", nil).Lift(t.Context(), key, good.Key(), "it was the cache"); err != nil {
			t.Fatal(err)
		}
		req := request(good)
		req.Spec.Policy.FastTrack = &release.FastTrack{Within: field.Duration(time.Hour)}
		out, err := w.engine("a", nil).Ship(t.Context(), req)
		wantEnd(t, out, err, release.Shipped)
		if n := walked(t, w); n != 3 {
			t.Errorf("%d steps", n)
		}
	})
}

// checkOrderFrom counts the steps that the last rollout walked.
func checkOrderFrom(t *testing.T, w *world) int {
	t.Helper()
	n := 0
	for _, k := range kinds(w.records(t)) {
		switch k {
		case release.KindOpened:
			n = 0
		case "rollout.baking":
			n++
		case release.KindStepPassed:
			n++
		}
	}
	return n
}

// The old arm stays up at least as long as the policy keeps it warm.
func TestKeepWarm(t *testing.T) {
	for _, c := range []struct {
		warm, atLeast time.Duration
	}{{10 * time.Minute, 10 * time.Minute}, {10 * time.Second, time.Minute}} {
		w := upgrade(t)
		req := request(good)
		req.Spec.Policy.KeepWarm = field.Duration(c.warm)
		var full, gone time.Time
		w.onEffect = func(verb string) {
			switch {
			case verb == "apply" && w.machine.State.Weight == 100:
				full = w.clock.Now()
			case verb == "complete" && gone.IsZero():
				gone = w.clock.Now()
			}
		}
		out, err := w.engine("a", nil).Ship(t.Context(), req)
		wantEnd(t, out, err, release.Shipped)
		if d := gone.Sub(full); d < c.atLeast || d > c.atLeast+30*time.Second {
			t.Errorf("kept warm for %s, want %s", d, c.atLeast)
		}
	}
}
