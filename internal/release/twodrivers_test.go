package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// How far the schedules are enumerated: every choice of the first ones, and every
// place of so many changes of turn in the whole run: with two, a driver comes back
// after the other one has overtaken it. Where the end alone makes a duel another
// one, and where the target checks no fence, one change is enough.
const (
	prefixDepth  = 7
	mostSwitches = 2
)

// brisk asks for a rollout of few calls: one step of 50 %, without a signal.
func brisk(p artifact.Payload) release.ShipRequest {
	req := request(p)
	req.Spec.Signals, req.Spec.Strategy.Analysis.Metrics = nil, nil
	req.Spec.Strategy.Canary = &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 50, AtLeast: field.Duration(10 * time.Second)}, {Weight: 100}}}
	req.Spec.Strategy.Bake = 0
	req.Spec.Strategy.RevertAfter = field.Duration(10 * time.Minute)
	return req
}

func ships(p artifact.Payload) play {
	return func(ctx context.Context, e *release.Engine) (release.Outcome, error) { return e.Ship(ctx, brisk(p)) }
}

func aborts(ctx context.Context, e *release.Engine) (release.Outcome, error) {
	return e.Abort(ctx, key, release.RequestBody{By: "ben", Reason: "no"})
}

func continues(ctx context.Context, e *release.Engine) (release.Outcome, error) {
	return e.Continue(ctx, key)
}

func goesBack(ctx context.Context, e *release.Engine) (release.Outcome, error) {
	return e.Back(ctx, key, release.BackRequest{Reason: "worse"})
}

// duel is two drivers on one release, and what may come of it.
type duel struct {
	name   string
	setUp  func(t *testing.T, w *world)
	plays  [2]play
	ends   []release.State // of the last rollout
	number int             // of rollouts at the end, 0 for any
	forced bool            // whether one of them takes the lease at once
	brief  bool            // whether one change of turn is enough
	skew   time.Duration   // by which the second driver's clock is ahead
}

var duels = []duel{
	{name: "two applies of one wish", plays: [2]play{ships(good), ships(good)}, ends: []release.State{release.Succeeded}, number: 1},
	{name: "an apply and somebody who goes on with it", plays: [2]play{ships(good), continues}, brief: true, ends: []release.State{release.Succeeded}, number: 1},
	{name: "an apply and an abort", plays: [2]play{ships(good), aborts}, number: 1, forced: true,
		// An abort that comes while the completion is under way comes too late.
		ends: []release.State{release.Succeeded, release.Aborted, release.Errored}},
	{name: "two wishes", plays: [2]play{ships(good), ships(payload("1.0.3"))}, brief: true, ends: []release.State{release.Succeeded}},
	{name: "a sick artifact", plays: [2]play{ships(good), continues}, ends: []release.State{release.RolledBack}, number: 1,
		setUp: func(_ *testing.T, w *world) {
			w.onEffect = func(verb string) {
				if verb == "apply" {
					w.health[good.Key()] = target.Unhealthy
				}
			}
		}},
	{name: "two rollbacks", plays: [2]play{goesBack, goesBack}, ends: []release.State{release.Succeeded}, number: 3, forced: true, brief: true,
		setUp: func(t *testing.T, w *world) {
			for _, p := range []artifact.Payload{old, good} {
				if _, err := w.engine("before", nil).Ship(t.Context(), brisk(p)); err != nil {
					t.Fatal(err)
				}
			}
			w.changes = nil
		}},
}

// try plays one schedule and holds its end against what must be true.
func (d duel) try(t *testing.T, switches []int, fences bool, lost *losers) int {
	w := newWorld(t)
	w.caps.ConditionalWrite, w.lateCallsLand = fences, fences
	if d.setUp == nil || d.number != 3 {
		w.serve(t, old)
	}
	if d.setUp != nil {
		d.setUp(t, w)
	}
	s := newSchedule(w, switches, d.plays)
	s.drivers[1].skew = d.skew
	s.run()
	d.check(t, w, s)
	for i, p := range s.drivers {
		checkLoser(t, p, s.drivers[1-i].name, lost)
		var stopped *release.InterruptedError
		var fenced *ledger.FencedError
		if errors.As(p.err, &stopped) && errors.As(stopped.Cause, &fenced) && fenced.Lease.Holder == "" && fold(t, w).Rollout(stopped.Outcome.Rollout.Number).State.Final() {
			t.Errorf("%s calls a rollout interrupted that the other one has closed: %v", p.name, p.err)
		}
	}
	if t.Failed() {
		for _, r := range w.records(t) {
			t.Logf("%d %s %s by %s", r.Seq, r.At.Format("15:04:05"), r.Kind, r.Actor)
		}
		t.Fatalf("conditional_write %t, %s: anna: %v; ben: %v", fences, s, s.drivers[0].err, s.drivers[1].err)
	}
	return s.choices
}

func (d duel) check(t *testing.T, w *world, s *schedule) {
	h := fold(t, w)
	last := h.Last()
	// Whoever is hours ahead, where no store says so, may find that a target took too long,
	// and go back.
	if d.skew > time.Hour && last != nil && last.State == release.Errored && strings.Contains(last.Reason, " within ") {
		checkOnce(t, w.records(t))
		checkChanges(t, w.changes, d.forced && !w.caps.ConditionalWrite)
		return
	}
	if h.Open() != nil || last == nil || !slices.Contains(d.ends, last.State) || d.number > 0 && len(h.Rollouts) != d.number {
		t.Errorf("%d rollouts, the last is %s", len(h.Rollouts), brief(last))
		return
	}
	want := h.Serving()
	if last.State != release.Succeeded {
		want = &old
		if last.State == release.Errored {
			want = &good
		}
	}
	wantServing(t, w, *want)
	checkOnce(t, w.records(t))
	checkChanges(t, w.changes, d.forced && !w.caps.ConditionalWrite)
}

// losers counts the drivers that did not get the lease, and those that lost it.
type losers struct{ held, fenced int }

// checkOnce wants each step of each rollout to have been observed once at most,
// and no forward intent after an abort.
func checkOnce(t *testing.T, records []ledger.Record) {
	t.Helper()
	seen := map[string]bool{}
	aborted := map[int]bool{}
	for _, r := range records {
		var b struct {
			Rollout int `json:"rollout"`
			release.Effect
		}
		if err := json.Unmarshal(r.Body, &b); err != nil {
			t.Fatal(err)
		}
		forward := b.Kind == release.EffectPrepare || b.Kind == release.EffectApply || b.Kind == release.EffectComplete
		switch {
		case r.Kind == release.KindAbortRequested:
			aborted[b.Rollout] = true
		case r.Kind == release.KindIntent && forward && aborted[b.Rollout]:
			t.Errorf("record %d intends %s after the abort", r.Seq, b.Kind)
		case r.Kind == release.KindOutcome && forward:
			id := fmt.Sprintf("the %s of step %d in rollout %d", b.Kind, b.Step, b.Rollout)
			if seen[id] {
				t.Errorf("record %d: %s is there twice", r.Seq, id)
			}
			seen[id] = true
		}
	}
}

// checkChanges wants the target to have been changed once for each wish, by
// drivers whose fences never fall, with nothing forward after a way back. Where a
// person takes the lease at once and the target checks no fence, a call that is
// under way may still land, for which a revert waits; once is once all the same.
func checkChanges(t *testing.T, changes []change, mayLand bool) {
	t.Helper()
	seen, back := map[string]bool{}, map[string]bool{}
	fence := uint64(0)
	for _, c := range changes {
		rollout := strings.Join(strings.Split(c.key, "/")[:3], "/")
		wish := fmt.Sprintf("%s of %s to %g %%", c.verb, rollout, c.weight)
		switch c.verb {
		case "prepare", "apply", "complete":
			if seen[wish] {
				t.Errorf("the %s was made twice: %+v", wish, changes)
			}
			if back[rollout] && !mayLand {
				t.Errorf("the %s goes forward after the way back: %+v", wish, changes)
			}
			if c.fence < fence && !mayLand {
				t.Errorf("the %s goes forward under fence %d, after fence %d: %+v", wish, c.fence, fence, changes)
			}
		case "revert":
			back[rollout] = true
		}
		seen[wish] = true
		fence = max(fence, c.fence)
	}
}

// checkLoser wants a driver that did not come to the end of its own accord to say
// who drives, and where it can, that nobody needs to.
func checkLoser(t *testing.T, p *player, other string, lost *losers) {
	t.Helper()
	var held *ledger.HeldError
	var fenced *ledger.FencedError
	var stopped *release.InterruptedError
	switch {
	case errors.As(p.err, &held):
		lost.held++
		if held.Lease.Holder != other {
			t.Errorf("%s says that %q holds the lease: %v", p.name, held.Lease.Holder, p.err)
		}
	case errors.As(p.err, &fenced):
		lost.fenced++
		if fenced.Lease.Holder != other && !(fenced.Lease.Holder == "" && strings.HasPrefix(cause(p.err), other+" has driven")) {
			t.Errorf("%s says that %q holds the lease: %v", p.name, fenced.Lease.Holder, p.err)
		}
	case errors.As(p.err, &stopped):
		t.Errorf("%s stopped for another reason: %v", p.name, p.err)
	}
}

// cause is what an InterruptedError says last, or any other error.
func cause(err error) string {
	var stopped *release.InterruptedError
	if errors.As(err, &stopped) {
		return stopped.Cause.Error()
	}
	return err.Error()
}

func TestTwoDriversMakeNoDoubleStep(t *testing.T) {
	for _, d := range duels {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			lost := losers{}
			for _, fences := range []bool{true, false} {
				try := func(switches []int) int { return d.try(t, switches, fences, &lost) }
				most := mostSwitches
				if d.brief || !fences {
					most = 1
				}
				prefixes, whole := everyPrefix(prefixDepth, try), everySchedule(most, try)
				t.Logf("conditional_write %t: %d prefixes, %d schedules", fences, prefixes, whole)
			}
			if lost := lost.held + lost.fenced; lost == 0 && !d.brief {
				t.Error("no schedule had a loser, so nothing was said of them")
			}
		})
	}
}

// Two drivers that both live: the second waits for a term and a quarter, leaves
// the target alone and says who drives.
func TestTheLoserSaysWhoHoldsTheLease(t *testing.T) {
	w := upgrade(t)
	long := func(ctx context.Context, e *release.Engine) (release.Outcome, error) {
		req := brisk(good)
		req.Spec.Strategy.Canary.Steps[0].AtLeast = field.Duration(5 * time.Minute)
		return e.Ship(ctx, req)
	}
	var gaveUp time.Time
	s := newSchedule(w, nil, [2]play{long, func(ctx context.Context, e *release.Engine) (release.Outcome, error) {
		out, err := long(ctx, e)
		gaveUp = w.clock.Now()
		return out, err
	}})
	s.fair = true
	s.run()
	anna, ben := s.drivers[0], s.drivers[1]
	wantEnd(t, anna.out, anna.err, release.Shipped)
	wantServing(t, w, good)
	var held *ledger.HeldError
	if !errors.As(ben.err, &held) || held.Lease.Holder != "anna" {
		t.Fatalf("ben: %v", ben.err)
	}
	if d := gaveUp.Sub(start); d < release.DefaultLeaseTTL || d > 2*release.DefaultLeaseTTL {
		t.Errorf("ben gave up after %s", d)
	}
	for _, r := range w.records(t) {
		if r.Actor == "ben" {
			t.Errorf("record %d, %s, is ben's", r.Seq, r.Kind)
		}
	}
	if summary, detail := release.Explain(ben.err, key, good); !strings.Contains(summary, "somebody else drives it") || !strings.Contains(detail, "anna holds the lease (fence 2) and renewed it while this run") || !strings.Contains(detail, "where that process is gone: try again in ") {
		t.Errorf("ben is told: %s\n%s", summary, detail)
	}
}
