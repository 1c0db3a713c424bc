package release_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var (
	thousandth = 0.001

	never = &release.TriggerSwitch{During: release.DuringNever}
	burns = &release.BurnRate{Ceiling: &thousandth, Windows: []release.BurnWindow{{Long: field.Duration(5 * time.Minute), Short: field.Duration(time.Minute), Factor: 6}}}
	limit = &release.ErrorCeiling{Share: 0.02}
	alarm = map[string]release.External{"pager": {Signal: "alarms", Metric: "alarm"}}
)

// alarmed asks for a release with a signal that counts alarms beside the world's.
func alarmed(req release.ShipRequest) release.ShipRequest {
	req.Spec.Signals = map[string]signal.Config{"http": {Driver: "world", Config: json.RawMessage(`{}`)}, "alarms": {Driver: "alarms", Config: json.RawMessage(`{}`)}}
	req.Spec.Strategy.Analysis.Metrics = map[string]strategy.Metric{"errors": {Critical: true, Signal: "http"}}
	return req
}

// alarms is a signal that counts what rings, on the baseline's arm alone, as a store
// does that knows no arms.
type alarms struct{ w *world }

func (s *alarms) Metrics() []string { return []string{"alarm"} }

func (s *alarms) History(context.Context, signal.HistoryRequest) (signal.History, error) {
	return signal.History{}, nil
}

func (s *alarms) Counts(_ context.Context, req signal.Request) (signal.Counts, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	out := signal.Counts{CompleteThrough: req.Until, Primed: req.Cursor != nil, Cursor: json.RawMessage(`{}`)}
	switch {
	case !out.Primed:
	case s.w.deaf:
		for _, arm := range []target.Arm{target.Baseline, target.Canary} {
			out.Missing = append(out.Missing, signal.Missing{Metric: "alarm", Arm: arm, Reason: "no series has this name"})
		}
	default:
		out.Counts = []signal.Count{{Metric: "alarm", Arm: target.Baseline, Bad: s.w.ringing, Total: s.w.ringing}}
		out.Missing = []signal.Missing{{Metric: "alarm", Arm: target.Canary, Reason: "no arm"}}
	}
	return out, nil
}

// suffering gives a world in which what serves fails all along, and the new artifact
// just as much from the effect on that brings it to this weight, so that the judge,
// which compares, sees no harm.
func suffering(t *testing.T, weight, share float64) *world {
	w := upgrade(t)
	w.failing[old.Key()] = share
	w.onEffect = func(verb string) {
		if verb == "apply" && w.machine.State.Weight == weight {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.count()
			w.failing[good.Key()], w.ringing = share, 1
		}
	}
	return w
}

// Each trigger turns the rollout back by itself, in the steps and in the bake, with
// its cause and its numbers.
func TestEachTriggerGoesBackByItself(t *testing.T) {
	cases := []struct {
		name       string
		triggers   release.Triggers
		cause      string
		says       []string
		quarantine bool
	}{
		{"burn_rate", release.Triggers{BurnRate: burns}, "burn_rate", []string{"errors spend the error budget of 0.1 % at", "times its rate over 5m (", "times over 1m (", "on the old one); the limit is 6"}, true},
		{"error_ceiling", release.Triggers{ErrorCeiling: limit}, "error_ceiling", []string{"errors over 5m: ", " on the new artifact, ", " on the old one; the ceiling is 2 %"}, true},
		{"external", release.Triggers{External: alarm}, "external_signal", []string{`the signal "alarms" counted`, `of "alarm" since the last look`}, false},
	}
	for _, c := range cases {
		for part, weight := range map[string]float64{"steps": 10, "bake": 100} {
			t.Run(c.name+" during the "+part, func(t *testing.T) {
				w := suffering(t, weight, 0.05)
				req := alarmed(request(good))
				req.Spec.Policy = release.Policy{Name: "ours", Triggers: &c.triggers}
				req.Spec.Strategy.Analysis.Metrics["errors"] = strategy.Metric{Critical: true, Signal: "http", Ceiling: 0.5}
				req.Spec.Strategy.Bake = field.Duration(10 * time.Minute)
				out, err := w.engine("a", nil).Ship(t.Context(), req)
				wantEnd(t, out, err, release.WentBack)
				way := []string{"preparing", "stepping"}
				if part == "bake" {
					way = append(way, "baking")
				}
				wantPath(t, w, append(way, "reverting "+c.cause, "rolled_back "+c.cause)...)
				wantServing(t, w, old)
				wantQuarantine(t, w, good, c.quarantine)
				last := fold(t, w).Last()
				for _, s := range c.says {
					if !strings.Contains(last.Reason, s) {
						t.Errorf("the reason %q does not say %q", last.Reason, s)
					}
				}
				if !strings.HasPrefix(last.Trigger, c.name) {
					t.Errorf("the trigger is %q", last.Trigger)
				}
				wantReplay(t, w)
			})
		}
	}
}

// The workbook's windows fire when so much of the budget is spent: 14.4 times its
// rate over an hour, which a share of 40 % reaches after 130 seconds.
func TestTheWorkbooksWindowsFireWhenTheBudgetIsSpent(t *testing.T) {
	w := suffering(t, 10, 0.4)
	req := request(good)
	req.Spec.Strategy.Analysis.Metrics = map[string]strategy.Metric{"errors": {Critical: true, Ceiling: 0.6}}
	req.Spec.Strategy.Canary.Steps[0].AtLeast = field.Duration(10 * time.Minute)
	req.Spec.Policy.Triggers = &release.Triggers{BurnRate: &release.BurnRate{Ceiling: &thousandth}}
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.WentBack)
	if d := took(t, w); d < 130*time.Second || d > 150*time.Second {
		t.Errorf("it took %s: %s", d, fold(t, w).Last().Reason)
	}
	if r := fold(t, w).Last(); !strings.Contains(r.Reason, "over 1h (") || !strings.Contains(r.Reason, "the limit is 14.4") {
		t.Errorf("the reason is %q", r.Reason)
	}
}

// wantReplay wants the recorded verdicts to come out of the recorded inputs.
func wantReplay(t *testing.T, w *world) {
	t.Helper()
	if r, err := release.Replay(w.records(t)); err != nil || len(r.Differences) > 0 {
		t.Errorf("the replay differs: %v, %v", r.Differences, err)
	}
}

// What is off changes nothing and is shown all the same.
func TestATriggerThatIsOffOnlyShows(t *testing.T) {
	off := func(d release.During) release.Triggers {
		b, c := *burns, *limit
		b.During, c.During = d, d
		return release.Triggers{BurnRate: &b, ErrorCeiling: &c, External: map[string]release.External{"pager": {During: d, Signal: "alarms", Metric: "alarm"}}}
	}
	for _, c := range []struct {
		name   string
		during release.During
		weight float64
	}{{"never", release.DuringNever, 10}, {"steps, and it happens in the bake", release.DuringSteps, 100}, {"bake, and it is over by then", release.DuringBake, 10}} {
		t.Run(c.name, func(t *testing.T) {
			w := suffering(t, c.weight, 0.05)
			req := alarmed(request(good))
			triggers := off(c.during)
			req.Spec.Policy = release.Policy{Name: "ours", Triggers: &triggers}
			req.Spec.Strategy.Analysis.Metrics["errors"] = strategy.Metric{Critical: true, Signal: "http", Ceiling: 0.5}
			w.clock.after(7*time.Minute, func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.ringing = 0
			})
			if c.during == release.DuringBake {
				// Ten minutes later nothing of it is in the ceiling's range any more.
				req.Spec.Strategy.Canary.Steps[1].AtLeast = field.Duration(15 * time.Minute)
				triggers.BurnRate = nil
				w.clock.after(2*time.Minute, func() {
					w.mu.Lock()
					defer w.mu.Unlock()
					w.count()
					w.failing[good.Key()], w.failing[old.Key()] = 0, 0
				})
			}
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			wantEnd(t, out, err, release.Shipped)
			shown := map[release.Trigger]bool{}
			for _, tick := range ticks(t, w) {
				for _, f := range tick.Fired {
					shown[f.Trigger] = true
					if !f.Off {
						t.Errorf("%s is not marked as off", f.Label())
					}
				}
			}
			if !shown[release.TriggerErrorCeiling] || !shown[release.TriggerExternal] {
				t.Errorf("shown are %v", shown)
			}
		})
	}
}

// ticks reads the recorded looks.
func ticks(t *testing.T, w *world) []release.TickBody {
	t.Helper()
	var out []release.TickBody
	for _, rec := range w.records(t) {
		if rec.Kind != release.KindTick {
			continue
		}
		var b release.TickBody
		if err := json.Unmarshal(rec.Body, &b); err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// Harm and failed health that the policy has off are left to a person, and never
// passed over.
func TestHarmAndHealthThatAreOffWaitForAPerson(t *testing.T) {
	for _, c := range []struct {
		name     string
		triggers release.Triggers
		spoil    func(w *world)
	}{
		{"harm", release.Triggers{Harm: never}, func(w *world) { w.failing[good.Key()] = 0.3 }},
		{"health", release.Triggers{Health: never}, func(w *world) { w.health[good.Key()] = target.Unhealthy }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			w.onEffect = func(verb string) {
				if verb == "apply" {
					c.spoil(w)
				}
			}
			req := request(good)
			req.Spec.Policy = release.Policy{Name: "ours", Triggers: &c.triggers}
			out, err := w.engine("a", nil).Ship(until(w, 15*time.Minute), req)
			wantEnd(t, out, err, release.Underway)
			wantPath(t, w, "preparing", "stepping", "paused needs_a_person")
			if r := fold(t, w).Open(); !strings.Contains(r.Reason, `the rollback policy "ours" has the trigger `+c.name+" off during the steps") || r.Trigger != c.name {
				t.Errorf("the reason is %q, the trigger %q", r.Reason, r.Trigger)
			}
		})
	}
}

// A trigger that fires where the engine may not go back by itself waits for a
// person; and one that may goes back from a pause.
func TestATriggerAsksAPersonWhereItMayNotGoBack(t *testing.T) {
	no := false
	for part, weight := range map[string]float64{"steps": 10, "bake": 100} {
		t.Run(part, func(t *testing.T) {
			w := suffering(t, weight, 0.05)
			req := request(good)
			req.Spec.Strategy.Analysis.Metrics = map[string]strategy.Metric{"errors": {Critical: true, Ceiling: 0.5}}
			req.Spec.Strategy.Bake = field.Duration(10 * time.Minute)
			req.Spec.Policy = release.Policy{Name: "ours", Automatic: &no, Triggers: &release.Triggers{BurnRate: burns}}
			out, err := w.engine("a", nil).Ship(until(w, 15*time.Minute), req)
			wantEnd(t, out, err, release.Underway)
			if got := path(t, w); got[len(got)-1] != "paused needs_a_person" || !strings.HasPrefix(fold(t, w).Open().Reason, "burn_rate: ") {
				t.Errorf("%v: %s", got, fold(t, w).Open().Reason)
			}
		})
	}
	t.Run("from a pause", func(t *testing.T) {
		w := upgrade(t)
		req := alarmed(doubtful(w, strategy.Pause))
		req.Spec.Policy.Triggers = &release.Triggers{External: alarm}
		w.clock.after(5*time.Minute, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ringing = 1
		})
		out, err := w.engine("a", nil).Ship(t.Context(), req)
		wantEnd(t, out, err, release.WentBack)
		wantPath(t, w, "preparing", "stepping", "paused inconclusive", "reverting external_signal", "rolled_back external_signal")
	})
}

// An alarm that cannot be heard is no silence.
func TestATriggerThatSeesNothingIsNoPass(t *testing.T) {
	w := upgrade(t)
	req := alarmed(request(good))
	req.Spec.Policy.Triggers = &release.Triggers{External: alarm}
	w.deaf = true
	out, err := w.engine("a", nil).Ship(until(w, 10*time.Minute), req)
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused no_data")
	if r := fold(t, w).Open(); !strings.Contains(r.Reason, `the trigger external "pager" sees nothing: the signal "alarms" could not count alarm: no series has this name`) {
		t.Errorf("the reason is %q", r.Reason)
	}
	w.deaf = false
	out, err = w.engine("b", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
}

// Too few requests say nothing, however bad they are.
func TestAFewRequestsFireNothing(t *testing.T) {
	w := suffering(t, 10, 0.05)
	req := request(good)
	b, c := *burns, *limit
	many := int64(1_000_000)
	b.MinRequests, c.MinRequests = &many, &many
	req.Spec.Policy.Triggers = &release.Triggers{BurnRate: &b, ErrorCeiling: &c}
	req.Spec.Strategy.Analysis.Metrics = map[string]strategy.Metric{"errors": {Critical: true, Ceiling: 0.5}}
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	if slices.ContainsFunc(ticks(t, w), func(b release.TickBody) bool { return len(b.Fired) > 0 }) {
		t.Error("a trigger fired")
	}
}
