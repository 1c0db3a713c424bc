package release_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// until waits in the bubble's time for something to become true.
func (f *fleet) until(what string, true_ func() bool) {
	for range 3600 {
		if true_() {
			return
		}
		_ = clock.System{}.Sleep(context.Background(), time.Second) // It has no end.
	}
	f.t.Errorf("it never came true that %s", what)
}

// awayIn takes a target away for a time once a record of a kind is there.
func awayIn(f *fleet, name, kind string, d time.Duration) func(string, string, sim.Phase) {
	var since time.Time
	return func(called, verb string, phase sim.Phase) {
		if called != name || verb != sim.VerbObserve || phase != sim.Before || len(f.story(kind)) == 0 {
			return
		}
		now := clock.System{}.Now()
		if since.IsZero() {
			since = now
		}
		f.set(func() { f.away[name] = now.Sub(since) < d })
	}
}

// A target that is away when its wave comes has failed, which says nothing about the
// artifact.
func TestWavesATargetThatIsAway(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		f.away["cell-2"] = true
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{}))
		wantEnded(t, out, err, release.Broke)
		if r := out.Rollout; r.Cause != release.CauseError || !strings.Contains(r.Reason, "cell-2: the target could not be read: unavailable: cell-2 does not answer") {
			t.Errorf("%s: %s", r.Cause, r.Reason)
		}
		if len(out.History.Quarantine) != 0 {
			t.Errorf("quarantine %v", out.History.Quarantine)
		}
		f.wantServing(old)
	})
}

// One that is away while everything goes back is tried for ever, and holds no other
// up.
func TestWavesATargetThatIsAwayWhileGoingBack(t *testing.T) {
	inFleet(t, 4, func(t *testing.T, f *fleet) {
		f.sick["cell-4"] = good
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.until("the third has ended", func() bool { return len(f.story(release.KindTargetEnded)) == 3 })
			f.set(func() { f.away["cell-3"] = true })
			f.until("the others are back", func() bool { return len(f.story(release.KindTargetBack)) == 2 })
			f.set(func() { f.away["cell-3"] = false })
		}()
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{MaxParallel: 1}))
		<-done
		wantEnded(t, out, err, release.WentBack)
		if diff := cmp.Diff([]string{"back cell-2", "back cell-1", "back cell-3"}, f.story(release.KindTargetBack)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		f.wantServing(old)
	})
}

func TestWavesAnAbortInMidWave(t *testing.T) {
	inFleet(t, 4, func(t *testing.T, f *fleet) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.until("the second wave is under way", func() bool { return len(f.story(release.KindTargetStarted)) == 3 })
			f.until("its traffic moves", func() bool { return f.targets["cell-2"].State().Weight > 0 })
			out, err := f.engine("kim", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no"})
			if err != nil || out.Result != release.Stopped {
				t.Errorf("the abort: %s, %v", out.Result, err)
			}
			f.wantServing(old)
		}()
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{Sizes: []int{1, 2, 1}}))
		<-done
		var stopped *release.InterruptedError
		if out.Result != release.Underway || !errors.As(err, &stopped) || !strings.Contains(err.Error(), `held by "kim"`) {
			t.Errorf("the driver that was overtaken says %s, %v", out.Result, err)
		}
		if back := f.story(release.KindTargetBack); len(back) != 1 || back[0] != "back cell-1" {
			t.Errorf("back: %v", back)
		}
		if started := f.story(release.KindTargetStarted); len(started) != 3 {
			t.Errorf("started: %v", started)
		}
	})
}

// Somebody who has no access to the targets asks, and whoever drives goes back.
func TestWavesARequestToAbortIsHeard(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.until("a wave has ended", func() bool { return len(f.story(release.KindTargetEnded)) == 1 })
			if err := f.engine("kim", nil).RequestAbort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator}); err != nil {
				t.Error(err)
			}
		}()
		out, err := f.engine("a", nil).Ship(t.Context(), f.request(good, release.Waves{}))
		<-done
		wantEnded(t, out, err, release.Stopped)
		f.wantServing(old)
	})
}

func TestWavesAnotherWishTakesEverythingBackFirst(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		_, err := f.engine("a", nil).Ship(ctx, f.request(good, release.Waves{}))
		var stopped *release.InterruptedError
		if !errors.As(err, &stopped) || f.history().Open() == nil {
			t.Fatalf("the first run: %v", err)
		}
		third := payload("1.0.3")
		out, err := f.engine("b", nil).Ship(t.Context(), f.request(third, release.Waves{}))
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(third)
		if first := out.History.Rollouts[0]; first.State != release.Aborted || first.Cause != release.CauseSuperseded || len(f.story(release.KindTargetBack)) != 1 {
			t.Errorf("the first one: %s, %s, back %v", first.State, first.Cause, f.story(release.KindTargetBack))
		}
	})
}

func TestWavesAnInterruptIsTakenUpAgain(t *testing.T) {
	for _, after := range []time.Duration{time.Second, 30 * time.Second, 70 * time.Second, 100 * time.Second, 120 * time.Second} {
		inFleet(t, 4, func(t *testing.T, f *fleet) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			_, err := f.engine("a", nil).Ship(ctx, f.request(good, release.Waves{Sizes: []int{2}}))
			var stopped *release.InterruptedError
			if !errors.As(err, &stopped) {
				t.Fatalf("after %s: %v", after, err)
			}
			out, err := f.engine("b", nil).Ship(t.Context(), f.request(good, release.Waves{Sizes: []int{2}}))
			wantEnded(t, out, err, release.Shipped)
			if out.Rollout.Number != 1 {
				t.Errorf("after %s: rollout %d", after, out.Rollout.Number)
			}
			f.wantServing(good)
		})
	}
}

// regionGate blocks one region until it is opened.
type regionGate struct {
	region string
	f      *fleet
	closed bool
}

func (*regionGate) Name() string { return "window" }

func (g *regionGate) Check(_ context.Context, s gate.Subject, _ time.Time) gate.Result {
	g.f.mu.Lock()
	defer g.f.mu.Unlock()
	if g.closed && len(s.Regions) == 1 && s.Regions[0] == g.region {
		return gate.Result{Gate: "window", Status: gate.Fail, Reason: "freeze in " + g.region}
	}
	return gate.Result{Gate: "window", Status: gate.Pass}
}

// A freeze of one region holds its targets up when their wave comes, and no others;
// in the first wave it keeps the rollout from beginning.
func TestWavesAFreezeOfOneRegion(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		g := &regionGate{region: "us", f: f, closed: true}
		f.gates = []gate.Gate{g}
		req := f.request(good, release.Waves{Sizes: []int{1, 2}})
		for i, region := range []string{"eu", "us", "ap"} {
			req.Spec.Targets[i].Region = region
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.until("the others have ended", func() bool { return len(f.story(release.KindTargetEnded)) == 2 })
			if p := f.history().Open().Waves.Targets["cell-2"]; p.Waiting != "window fail: freeze in us" {
				t.Errorf("it waits for %q", p.Waiting)
			}
			f.set(func() { g.closed = false })
		}()
		out, err := f.engine("a", nil).Ship(t.Context(), req)
		<-done
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(good)

		g.region, g.closed = "eu", true
		next := req
		next.Spec.Payload = payload("1.0.3")
		_, err = f.engine("a", nil).Ship(t.Context(), next)
		var blocked *release.BlockedError
		if !errors.As(err, &blocked) || !strings.Contains(err.Error(), "eu: freeze in eu") {
			t.Errorf("the first wave is frozen: %v", err)
		}
	})
}

// A person's rollback takes all targets back, the newest first, and asks no gate.
func TestWavesAPersonsRollback(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		e := f.engine("a", nil)
		for _, p := range []release.ShipRequest{f.request(old, release.Waves{}), f.request(good, release.Waves{})} {
			if _, err := e.Ship(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		f.gates = []gate.Gate{&regionGate{f: f, closed: true}}
		out, err := f.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "users complain"})
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(old)
		if _, bad := out.History.Quarantine[good.Key()]; !bad || !out.History.Serving().Same(old) || out.Rollout.Kind != release.BackOut {
			t.Errorf("%s, quarantine %v, serving %v", out.Rollout.Kind, out.History.Quarantine, out.History.Serving())
		}
		want := []string{"started cell-3", "started cell-2", "started cell-1"}
		if diff := cmp.Diff(want, f.story(release.KindTargetStarted)[3:]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// What was left in two minds goes back to what served before.
func TestWavesAPersonsRollbackOfSome(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		e := f.engine("a", nil)
		if _, err := e.Ship(t.Context(), f.request(old, release.Waves{})); err != nil {
			t.Fatal(err)
		}
		f.sick["cell-2"] = good
		_, err := e.Ship(t.Context(), f.request(good, release.Waves{FailureBudget: 1}))
		if err == nil || !f.history().Mixed() {
			t.Fatalf("%v, mixed %v", err, f.history().Mixed())
		}
		out, err := f.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "no"})
		wantEnded(t, out, err, release.Shipped)
		f.wantServing(old)
		if out.History.Mixed() {
			t.Error("it is still mixed")
		}
	})
}

func TestWavesThatOnlyAPersonMayTakeBack(t *testing.T) {
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		f.sick["cell-2"] = good
		req := f.request(good, release.Waves{})
		no := false
		req.Spec.Policy = release.Policy{Name: "by-hand", Automatic: &no}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_, err := f.engine("a", nil).Ship(ctx, req)
		var stopped *release.InterruptedError
		if !errors.As(err, &stopped) || len(f.story(release.KindTargetStarted)) != 2 {
			t.Fatalf("its target waits for a person, so nothing else begins: %v, %v", err, f.story(release.KindTargetStarted))
		}
		out, err := f.engine("kim", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no"})
		if err != nil || out.Result != release.Stopped {
			t.Errorf("%s, %v", out.Result, err)
		}
		f.wantServing(old)
	})
}
