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
	"github.com/sluice/terraform-provider-sluice/internal/clock"
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

// unwell is a dependency that is asked while a step lasts too.
type unwell struct {
	f    *fleet
	away bool
}

func (*unwell) Name() string   { return "dependency" }
func (*unwell) WhileStanding() {}

func (g *unwell) Check(context.Context, gate.Subject, time.Time) gate.Result {
	g.f.mu.Lock()
	defer g.f.mu.Unlock()
	if g.away {
		return gate.Result{Gate: g.Name(), Status: gate.Fail, Reason: "psp is unwell"}
	}
	return gate.Result{Gate: g.Name(), Status: gate.Pass}
}

// A dependency that goes away in mid-wave pauses the targets that are under way and
// lets no other begin; all go on by themselves, and it is asked once afterwards.
func TestWavesWaitForADependency(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		psp := &unwell{f: f}
		f.gates = []gate.Gate{psp}
		e := f.engine("a", nil)
		after := 0
		e.After = func(context.Context, gate.Subject) []gate.Result {
			after++
			return []gate.Result{{Gate: "dependency", Status: gate.Unknown, Reason: "psp could not be asked"}}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			both := func(is func(r *release.Rollout) bool) func() bool {
				return func() bool {
					return !slices.ContainsFunc(f.names[:2], func(name string) bool {
						open := (*release.Rollout)(nil)
						if len(f.records(key.Part(name))) > 0 {
							open = f.part(name).Open()
						}
						return open == nil || !is(open)
					})
				}
			}
			f.until("the first wave is under way", both(func(r *release.Rollout) bool { return r.Weight == 10 }))
			f.set(func() { psp.away = true })
			f.until("both wait", both(func(r *release.Rollout) bool { return r.Cause == release.CauseNoData }))
			_ = clock.System{}.Sleep(t.Context(), 10*time.Minute)
			if got := f.story(release.KindTargetEnded); len(got) != 0 {
				t.Errorf("%v", got)
			}
			f.set(func() { psp.away = false })
		}()
		req := f.request(good, release.Waves{Sizes: []int{2, 1}})
		req.Spec.Strategy.RevertAfter = minutes(60)
		out, err := e.Ship(t.Context(), req)
		<-done
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(good)
		if after != 1 || !strings.Contains(strings.Join(out.Warnings, "\n"), "psp could not be asked") {
			t.Errorf("asked %d times afterwards; %v", after, out.Warnings)
		}
	})
}

// A failed check that a person must judge keeps its target waiting, and the whole
// with it, until a person stops it; then everything goes back.
func TestWavesThatAPersonMustJudge(t *testing.T) {
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		c := &checks{}
		e := f.engine("a", nil)
		e.Checks = c
		req := f.request(good, release.Waves{})
		req.Spec.Policy = release.Policy{Name: "ours", Triggers: &release.Triggers{FailedCheck: never}}
		req.Spec.Strategy.Canary.Steps = []strategy.CanaryStep{{Weight: 10, AtLeast: twenty}, {Check: &smoke}, {Weight: 100}}
		f.onCall = func(string, string, sim.Phase) { c.fails.Store(len(f.story(release.KindTargetEnded)) == 1) }
		kim := f.engine("kim", nil)
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.until("it waits", func() bool {
				return len(f.records(key.Part("cell-2"))) > 0 && f.part("cell-2").Open() != nil && f.part("cell-2").Open().Cause == release.CauseManual
			})
			_ = clock.System{}.Sleep(t.Context(), 10*time.Minute)
			_, err := kim.Resume(t.Context(), key, "kim", "never mind")
			wantRefusal(t, err, "no target of it waits for a person now", "sluice status")
			if f.targets["cell-2"].State().Weight != 10 {
				t.Errorf("it is at %g %%", f.targets["cell-2"].State().Weight)
			}
			if err := kim.RequestAbort(t.Context(), key.Part("cell-2"), release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator}); err != nil {
				t.Error(err)
			}
		}()
		out, err := e.Ship(t.Context(), req)
		<-done
		if err == nil {
			t.Fatal("shipped")
		}
		f.wantServing(old)
		if out.Result != release.Broke && out.Result != release.WentBack {
			t.Errorf("%s: %s", out.Result, out.Rollout.Reason)
		}
	})
}

// An artifact that served at a target lately skips the steps there and no check, and
// walks them where it never did.
func TestWavesOnTheFastTrack(t *testing.T) {
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		e := f.engine("a", nil)
		e.Checks = &checks{}
		for _, p := range []release.ShipRequest{f.request(old, release.Waves{}), f.request(good, release.Waves{})} {
			if _, err := e.Ship(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		f.add("cell-3")
		f.targets["cell-3"].Serve(good)
		req := f.request(old, release.Waves{Sizes: []int{3}})
		req.Spec.Policy.FastTrack = &release.FastTrack{Within: minutes(60)}
		req.Spec.Strategy.Canary.Steps = slices.Insert(req.Spec.Strategy.Canary.Steps, 0, strategy.CanaryStep{Check: &smoke})
		out, err := e.Ship(t.Context(), req)
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(old)
		for name, want := range map[string]int{"cell-1": 1, "cell-2": 1, "cell-3": 0} {
			if r := f.part(name).Last(); len(r.Skipped) != want {
				t.Errorf("%s skipped %v: %s", name, r.Skipped, r.SkipReason)
			}
		}
	})
}

// What a person's rollback of many targets would do, and the runbook, are about the
// targets: nobody asks a runtime that the whole does not have.
func TestWavesBackIsPlannedAtEachTarget(t *testing.T) {
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		e := f.engine("a", nil)
		for _, p := range []release.ShipRequest{f.request(old, release.Waves{}), f.request(good, release.Waves{})} {
			if _, err := e.Ship(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		plan, err := e.PlanBack(t.Context(), key)
		if err != nil || !plan.To.Same(old) || !plan.Rehearsal.Holds() || plan.Serves() != "1.0.1 at 100 %, at each of 2 targets" {
			t.Errorf("%v: %+v; %s", err, plan.Rehearsal, plan.Serves())
		}
		f.away["cell-2"] = true
		plan, err = e.PlanBack(t.Context(), key)
		if err != nil || plan.Rehearsal.Holds() || !strings.Contains(plan.Rehearsal.Lines[0].Reason, "cell-2: ") || !strings.Contains(plan.Serves(), "cell-2: not known") {
			t.Errorf("%v: %+v; %s", err, plan.Rehearsal, plan.Serves())
		}
		delete(f.away, "cell-2")
		status, err := e.Describe(t.Context(), key, true)
		if err != nil {
			t.Fatal(err)
		}
		book := e.Procedure(t.Context(), status)
		for _, want := range []string{"* By the target cell-1: 1.0.1 at 100 %.", "* A rollback goes to 1.0.0", "| path | pass |", "sluice rollback checkout/production/cell-1 --write-spec"} {
			if !strings.Contains(book, want) {
				t.Errorf("the runbook does not say %q:\n%s", want, book)
			}
		}
	})
}
