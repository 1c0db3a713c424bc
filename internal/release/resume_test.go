package release_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

func TestAnIndefinitePauseOutlivesItsDriver(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	blueGreen(&req.Spec.Strategy)
	out, err := w.engine("a", nil).Ship(until(w, 10*time.Minute), req)
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused awaiting_resume")
	const waits = `waits for a person; to go on: sluice resume checkout/production --reason "..."`
	if got := fold(t, w).Open().Reason; got != waits {
		t.Errorf("the reason is %q", got)
	}
	// Over night nobody drives. Nobody is sent there, so no switch takes it back.
	w.clock.Advance(14 * time.Hour)
	out, err = w.engine("b", nil).Continue(until(w, 10*time.Minute), key)
	wantEnd(t, out, err, release.Underway)
	if _, err := w.engine("kim", nil).Resume(t.Context(), key, "kim", "looks well"); err != nil {
		t.Fatal(err)
	}
	_, err = w.engine("lee", nil).Resume(t.Context(), key, "lee", "me too")
	wantRefusal(t, err, "kim did so already (looks well)", "sluice continue checkout/production")
	began := w.clock.Now()
	out, err = w.engine("c", nil).Continue(t.Context(), key)
	wantEnd(t, out, err, release.Shipped)
	if d := w.clock.Now().Sub(began); d < 2*time.Minute {
		t.Errorf("the old artifact was warm for %s after the switch, less than keep_warm", d)
	}
	passed := passReasons(t, w)
	if want := "kim says to go on: looks well"; !slices.Contains(passed, want) {
		t.Errorf("the steps passed because %q", passed)
	}
	_, err = w.engine("kim", nil).Resume(t.Context(), key, "kim", "again")
	wantRefusal(t, err, "no rollout is open", "sluice status checkout/production")
}

func passReasons(t testing.TB, w *world) []string {
	t.Helper()
	var out []string
	for _, rec := range w.records(t) {
		if rec.Kind == release.KindStepPassed {
			var b release.StepPassedBody
			decode(t, rec, &b)
			out = append(out, b.Reason)
		}
	}
	return out
}

func TestResumeIsRefusedWhereItMeansNothing(t *testing.T) {
	cases := []struct {
		name    string
		arrange func(w *world)
		after   time.Duration
		why     string
		remedy  string
	}{
		{"blocked by a gate", func(w *world) { w.gates[0] = &shut{status: gate.Fail, reason: "a freeze"} }, 8 * time.Minute, "it waits because of gate", "sluice gates checkout/production"},
		{"no data", func(w *world) { w.silent = true }, 4 * time.Minute, "it waits because of no_data", "nobody's word stands in for that"},
		{"not paused", func(*world) {}, 4 * time.Minute, "is not paused, but stepping", "sluice continue checkout/production"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			w.clock.after(30*time.Second, func() { c.arrange(w) })
			req := patient(good)
			req.Spec.Strategy.Canary.Steps[0].AtLeast = minutes(5)
			w.gates = []gate.Gate{&shut{status: gate.Pass}}
			out, err := w.engine("a", nil).Ship(until(w, c.after), req)
			wantEnd(t, out, err, release.Underway)
			records := len(w.records(t))
			_, err = w.engine("kim", nil).Resume(t.Context(), key, "kim", "go on")
			wantRefusal(t, err, c.why, c.remedy)
			if len(w.records(t)) != records {
				t.Error("a refused word is in the ledger")
			}
		})
	}
}

func TestResumeAfterAnAbortChangesNothing(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	blueGreen(&req.Spec.Strategy)
	_, _ = w.engine("a", nil).Ship(until(w, 10*time.Minute), req)
	abort := release.RequestBody{By: "lee", Reason: "no", Cause: release.CauseOperator}
	if err := w.engine("lee", nil).RequestAbort(t.Context(), key, abort); err != nil {
		t.Fatal(err)
	}
	_, err := w.engine("kim", nil).Resume(t.Context(), key, "kim", "go on")
	wantRefusal(t, err, "is stopped and goes back", "sluice wait checkout/production")
	// A word that was on its way when the abort came is in the ledger, and too late.
	late(t, w, release.KindResumed, release.ResumedBody{Step: 1, By: "kim", Reason: "go on"})
	out, err := w.engine("b", nil).Continue(t.Context(), key)
	wantEnd(t, out, err, release.Stopped)
	wantServing(t, w, old)
}

func TestAWordAboutAnotherStepIsLate(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	blueGreen(&req.Spec.Strategy)
	_, _ = w.engine("a", nil).Ship(until(w, 10*time.Minute), req)
	late(t, w, release.KindResumed, release.ResumedBody{Step: 0, By: "kim", Reason: "go on"})
	out, err := w.engine("b", nil).Continue(until(w, 10*time.Minute), key)
	wantEnd(t, out, err, release.Underway)
	wantPath(t, w, "preparing", "stepping", "paused awaiting_resume")
}

func TestAPersonAcceptsAStepWithoutAVerdict(t *testing.T) {
	w := upgrade(t)
	w.rate = 0.2
	req := patient(good)
	req.Spec.Strategy.OnInconclusive = strategy.Pause
	req.Spec.Strategy.Canary.Steps = []strategy.CanaryStep{{Weight: 50, AtMost: minutes(5)}, {Weight: 100}}
	out, err := w.engine("a", nil).Ship(until(w, 10*time.Minute), req)
	wantEnd(t, out, err, release.Underway)
	if r := fold(t, w).Open(); r.Cause != release.CauseInconclusive {
		t.Fatalf("it waits because of %s: %s", r.Cause, r.Reason)
	}
	if _, err := w.engine("kim", nil).Resume(t.Context(), key, "kim", "at night nobody buys"); err != nil {
		t.Fatal(err)
	}
	out, err = w.engine("b", nil).Continue(t.Context(), key)
	wantEnd(t, out, err, release.Shipped)
	if got := passReasons(t, w); got[0] != "kim says to go on: at night nobody buys" {
		t.Errorf("the step passed because %q", got)
	}
}

func wantRefusal(t testing.TB, err error, why, remedy string) {
	t.Helper()
	var refused *release.ResumeError
	if !errors.As(err, &refused) {
		t.Fatalf("the error is %v", err)
	}
	if !strings.Contains(refused.Why, why) || !strings.Contains(refused.Remedy, remedy) {
		t.Errorf("refused: %v", err)
	}
}
