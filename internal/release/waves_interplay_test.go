package release_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/rehearsal"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// A required rehearsal is asked for at each target: one whose way back is closed
// keeps the first wave from beginning, and a later one from its own turn.
func TestWavesRequireARehearsalAtEachTarget(t *testing.T) {
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		f.gates = []gate.Gate{rehearsal.New()}
		req := f.request(good, release.Waves{})
		req.Spec.Policy = release.Policy{Name: "ours", RequireRehearsal: true}
		f.set(func() { f.ill["cell-1"] = old })
		fc, err := f.engine("plan", nil).Forecast(t.Context(), req.Spec)
		if err != nil || fc.CanStart || !strings.Contains(gateText(fc.Gates), "rehearsal fail: cell-1: artifact fail: ") {
			t.Errorf("the plan says %v: %s", err, gateText(fc.Gates))
		}
		_, err = f.engine("a", nil).Ship(t.Context(), req)
		var blocked *release.BlockedError
		if !errors.As(err, &blocked) || len(f.records(key)) != 0 {
			t.Fatalf("not blocked: %v", err)
		}
		f.set(func() { delete(f.ill, "cell-1"); f.ill["cell-2"] = old })
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.until("the second one waits", func() bool {
				o := f.open()
				return o != nil && o.Waves.Targets["cell-2"].Waiting != ""
			})
			if w := f.open().Waves.Targets["cell-2"].Waiting; !strings.Contains(w, "rehearsal fail: artifact fail") {
				t.Errorf("it waits for %q", w)
			}
			f.set(func() { delete(f.ill, "cell-2") })
		}()
		out, err := f.engine("a", nil).Ship(t.Context(), req)
		<-done
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(good)
	})
}

func gateText(results []gate.Result) string {
	var lines []string
	for _, r := range results {
		lines = append(lines, r.Gate+" "+string(r.Status)+": "+r.Reason)
	}
	return strings.Join(lines, "\n")
}

// open is the open rollout of the whole release, nil where none is.
func (f *fleet) open() *release.Rollout {
	if len(f.records(key)) == 0 {
		return nil
	}
	return f.history().Open()
}

// part folds the history of one target.
func (f *fleet) part(name string) *release.History {
	f.t.Helper()
	k := key.Part(name)
	h, err := release.Fold(k, f.records(k))
	if err != nil {
		f.t.Fatal(err)
	}
	return h
}

// checks answers all checks alike.
type checks struct{ fails atomic.Bool }

func (c *checks) Run(_ context.Context, asked check.Check) check.Result {
	if c.fails.Load() {
		return check.Result{Name: asked.Name, Status: check.Fail, Reason: "status 500"}
	}
	return check.Result{Name: asked.Name, Status: check.Pass, Reason: "status 200"}
}

// A check that fails at one target is that target's failure, and takes the others
// back when the budget is spent.
func TestWavesWithAFailedCheck(t *testing.T) {
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		c := &checks{}
		e := f.engine("a", nil)
		e.Checks = c
		req := f.request(good, release.Waves{})
		req.Spec.Strategy.Canary.Steps = []strategy.CanaryStep{{Check: &smoke}, {Weight: 10, AtLeast: twenty}, {Weight: 100}}
		f.onCall = func(string, string, sim.Phase) { c.fails.Store(len(f.story(release.KindTargetEnded)) == 1) }
		out, err := e.Ship(t.Context(), req)
		wantEnded(t, out, err, release.WentBack)
		f.wantServing(old)
		if out.Rollout.Cause != release.CauseCheck || !strings.Contains(out.Rollout.Reason, `cell-2: the check "smoke" did not pass in 3 attempts`) {
			t.Errorf("%s: %s", out.Rollout.Cause, out.Rollout.Reason)
		}
	})
}

// A word for the whole release lets every target go on that waits for one now, and
// no other; a word for one target that one alone.
func TestWavesAreResumed(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		req := f.request(good, release.Waves{Sizes: []int{3}})
		req.Spec.Strategy.Canary.Steps = []strategy.CanaryStep{{Weight: 10, AtLeast: twenty}, {Pause: &strategy.Waiting{}}, {Weight: 100}}
		kim := f.engine("kim", nil)
		waiting := func() (names []string) {
			for _, name := range f.names {
				if len(f.records(key.Part(name))) == 0 {
					continue
				}
				if o := f.part(name).Open(); o != nil && o.Cause == release.CausePause && o.Resumed == nil {
					names = append(names, name)
				}
			}
			return names
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.until("all wait", func() bool { return len(waiting()) == 3 })
			if _, err := kim.Resume(t.Context(), key.Part("cell-2"), "kim", "one first"); err != nil {
				t.Error(err)
			}
			f.until("one goes on", func() bool { o := f.part("cell-2"); return o.Open() == nil })
			if got := waiting(); !slices.Equal(got, []string{"cell-1", "cell-3"}) {
				t.Errorf("%v wait", got)
			}
			if r, err := kim.Resume(t.Context(), key, "kim", "all well"); err != nil || r.Waves == nil {
				t.Errorf("%+v, %v", r, err)
			}
			_, err := kim.Resume(t.Context(), key, "kim", "again")
			wantRefusal(t, err, "no target of it waits for a person now", "sluice status checkout/production")
		}()
		out, err := f.engine("a", nil).Ship(t.Context(), req)
		<-done
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(good)
		if r := f.part("cell-3").Last(); r.State != release.Succeeded {
			t.Errorf("%+v", r.State)
		}
	})
}

// What a policy keeps warm is part of the planned time of every wave.
func TestWavesArePlannedWithWhatIsKeptWarm(t *testing.T) {
	inFleet(t, 4, func(t *testing.T, f *fleet) {
		req := f.request(good, release.Waves{Sizes: []int{1, 3}, Soak: minutes(5)})
		req.Spec.Policy.KeepWarm = minutes(10)
		fc, err := f.engine("plan", nil).Forecast(t.Context(), req.Spec)
		if want := 27 * time.Minute; err != nil || fc.Takes != want {
			t.Errorf("planned %s, %v; want %s", field.FormatDuration(fc.Takes), err, want)
		}
	})
}
