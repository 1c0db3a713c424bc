package release_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// visits is how the runs of a release follow one another.
type visits struct {
	name string
	// stay is that of the n-th run, from 0 on, which begins at the instant.
	stay func(n int, at time.Time) release.Stay
	// gap is how long nobody drives between two runs.
	gap time.Duration
}

var visitings = []visits{
	{"step by step", func(int, time.Time) release.Stay { return release.Stay{Wait: release.WaitStep} }, 5 * time.Minute},
	{"only started each time", func(int, time.Time) release.Stay { return release.Stay{Wait: release.WaitStarted} }, 5 * time.Second},
	{"started, then step by step", func(n int, _ time.Time) release.Stay {
		return release.Stay{Wait: []release.Wait{release.WaitStarted, release.WaitStep}[min(n, 1)]}
	}, time.Minute},
	{"with little time each", func(_ int, at time.Time) release.Stay { return release.Stay{Deadline: at.Add(22 * time.Second)} }, 15 * time.Second},
}

// drive makes runs until one ends the rollout, and says how many it took. Each that
// leaves it open leaves it at a safe point.
func (v visits) drive(t *testing.T, w *world, first func(context.Context, release.Stay) (release.Outcome, error)) (int, release.Outcome, error) {
	t.Helper()
	for n := range 100 {
		stay := v.stay(n, w.clock.Now())
		run := first
		if n > 0 {
			run = func(ctx context.Context, stay release.Stay) (release.Outcome, error) {
				return w.engine(fmt.Sprintf("run %d", n), nil).ContinueFor(ctx, key, stay)
			}
		}
		out, err := run(t.Context(), stay)
		if err != nil || out.Result != release.Underway {
			return n + 1, out, err
		}
		wantLeft(t, w, stay)
		if err := w.clock.Sleep(t.Context(), v.gap); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%s: there is no end", v.name)
	return 0, release.Outcome{}, nil
}

// wantLeft checks what a run leaves behind: an open rollout, no lease, and a target
// that stands where the ledger says.
func wantLeft(t *testing.T, w *world, stay release.Stay) {
	t.Helper()
	open := fold(t, w).Open()
	if open == nil || open.State.GoingBack() {
		t.Fatalf("a run left %s", brief(open))
	}
	if lease, err := w.ledger.Lease(t.Context(), key.LeaseName()); err != nil || lease.Holder != "" {
		t.Errorf("the lease is held by %q (%v)", lease.Holder, err)
	}
	if open.Intent == nil && open.Weight != w.share(open.Spec.Payload) {
		t.Errorf("the ledger says %g %%, the target %g %%", open.Weight, w.share(open.Spec.Payload))
	}
	if now := w.clock.Now(); !stay.Deadline.IsZero() && now.After(stay.Deadline) {
		t.Errorf("it returned %s after its deadline", now.Sub(stay.Deadline))
	}
}

// However often runs return and others take up, the end is that of one run alone.
func TestReturningAtEveryPointLeadsToTheSameEnd(t *testing.T) {
	for _, v := range visitings {
		for _, s := range stories {
			t.Run(v.name+", "+s.name, func(t *testing.T) {
				w := s.begin(t)
				runs, _, err := v.drive(t, w, func(ctx context.Context, stay release.Stay) (release.Outcome, error) {
					req := s.request()
					req.Stay = stay
					return w.engine("first", nil).Ship(ctx, req)
				})
				var ended *release.EndedError
				if err != nil && !errors.As(err, &ended) {
					t.Fatalf("run %d: %v", runs, err)
				}
				s.check(t, w, 0, fmt.Sprintf("after %d runs", runs))
				if s.result == release.Succeeded && runs < 3 {
					t.Errorf("it took %d runs only", runs)
				}
			})
		}
	}
}

// A crash in any run that is not the first changes nothing about that.
func TestACrashAfterAReturnLeadsToTheSameEnd(t *testing.T) {
	s, v := stories[0], visitings[0]
	for n := 1; ; n++ {
		w := s.begin(t)
		req := s.request()
		req.Stay = release.Stay{Wait: release.WaitStarted}
		if out, err := w.engine("first", nil).Ship(t.Context(), req); err != nil || out.Result != release.Underway {
			t.Fatal(out.Result, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		killer := &assassin{at: n, cancel: cancel}
		_, _ = w.engine("second", killer.fault).ContinueFor(ctx, key, release.Stay{Wait: release.WaitStep})
		cancel()
		if killer.where == "" {
			if n < 10 {
				t.Errorf("only %d moments were tried", n-1)
			}
			return
		}
		_, _, err := v.drive(t, w, func(ctx context.Context, stay release.Stay) (release.Outcome, error) {
			return w.engine("third", nil).ContinueFor(ctx, key, stay)
		})
		if err != nil {
			t.Fatalf("killed at moment %d, %s: %v", n, killer.where, err)
		}
		s.check(t, w, 1, fmt.Sprintf("killed at moment %d, %s", n, killer.where))
	}
}

func TestARunThatStartsReturnsWithTheFirstEffect(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	req.Stay.Wait = release.WaitStarted
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	if err != nil || out.Result != release.Underway {
		t.Fatalf("%s, %v", out.Result, err)
	}
	wantPath(t, w, "preparing")
	if open := fold(t, w).Open(); open.Intent == nil && open.Outcome == nil || w.share(good) != 0 || w.clock.Now().Sub(start) > time.Second {
		t.Errorf("it left %s at %g %%, after %s", brief(open), w.share(good), w.clock.Now().Sub(start))
	}
}

func TestARunThatWaitsForAStepDecidesOne(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	req.Stay.Wait = release.WaitStep
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	if open := fold(t, w).Open(); err != nil || out.Result != release.Underway || open.Step != 1 || w.share(good) != 10 {
		t.Fatalf("%s, %v, %s, step %d, %g %%", out.Result, err, brief(open), open.Step, w.share(good))
	}
	out, err = w.engine("b", nil).ContinueFor(t.Context(), key, release.Stay{Wait: release.WaitStep})
	if open := fold(t, w).Open(); err != nil || out.Result != release.Underway || open.Step != 2 || w.share(good) != 50 {
		t.Fatalf("%s, %v, %s, step %d, %g %%", out.Result, err, brief(open), open.Step, w.share(good))
	}
}

// With somebody who looks meanwhile nobody waits for a long step. Without, leaving
// would only make it longer.
func TestARunThatWaitsForAStepDoesNotWaitForALongOne(t *testing.T) {
	for name, c := range map[string]struct {
		by    *release.ContinuedBy
		stays bool
	}{
		"an agent":                   {&release.ContinuedBy{Agent: true}, false},
		"a frequent job":             {&release.ContinuedBy{Every: twenty}, false},
		"a job, and nothing is kept": {&release.ContinuedBy{Every: minutes(5)}, true},
		"nobody is named":            {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			req := patient(good)
			req.Spec.ContinuedBy, req.Stay.Wait = c.by, release.WaitStep
			req.Spec.Strategy.Canary.Steps[0].AtLeast = minutes(30)
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			if err != nil || out.Result != release.Underway {
				t.Fatalf("%s, %v", out.Result, err)
			}
			if took := w.clock.Now().Sub(start); (took > 25*time.Minute) != c.stays || w.share(good) != 10 {
				t.Errorf("it returned after %s, at %g %%", took, w.share(good))
			}
		})
	}
}

// A pause is nothing to wait for.
func TestARunThatWaitsForAStepReturnsFromAPause(t *testing.T) {
	w := upgrade(t)
	g := &shut{status: gate.Pass}
	w.gates = []gate.Gate{g}
	w.clock.after(30*time.Second, func() { g.status = gate.Fail })
	req := patient(good)
	req.Stay.Wait = release.WaitStep
	v := visits{stay: func(int, time.Time) release.Stay { return req.Stay }}
	for n := range 2 {
		out, err := w.engine("a", nil).Ship(t.Context(), req)
		if err != nil || out.Result != release.Underway {
			t.Fatalf("run %d: %s, %v", n, out.Result, err)
		}
	}
	if open := fold(t, w).Open(); open.State != release.Paused || open.Cause != release.CauseGate {
		t.Errorf("it left %s", brief(open))
	}
	g.status = gate.Pass
	if _, out, err := v.drive(t, w, func(ctx context.Context, _ release.Stay) (release.Outcome, error) {
		return w.engine("b", nil).Ship(ctx, req)
	}); err != nil || out.Result != release.Shipped {
		t.Errorf("%s, %v", out.Result, err)
	}
}

// Harm that a later run finds is driven back to the end, however short it waits, and
// its error is that of any other run.
func TestNoRunLeavesAWayBack(t *testing.T) {
	for _, wait := range []release.Wait{release.WaitStep, release.WaitStarted} {
		w := upgrade(t)
		req := patient(bad)
		req.Stay.Wait = wait
		v := visits{name: string(wait), gap: 5 * time.Second, stay: func(int, time.Time) release.Stay { return req.Stay }}
		_, out, err := v.drive(t, w, func(ctx context.Context, _ release.Stay) (release.Outcome, error) {
			return w.engine("a", nil).Ship(ctx, req)
		})
		wantEnd(t, out, err, release.WentBack)
		wantServing(t, w, old)
	}
}

// A deadline does not cut a way back short before its grace, and does after it.
func TestADeadlineLeavesAWayBackItsGrace(t *testing.T) {
	w := upgrade(t)
	w.down["revert"] = errors.New("the target is away")
	req := patient(bad)
	req.Stay.Deadline = start.Add(2 * time.Minute)
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	wantEnd(t, out, err, release.Underway)
	if now := w.clock.Now(); now.Before(req.Stay.Deadline) || now.After(req.Stay.Deadline.Add(time.Minute)) {
		t.Errorf("it returned at %s, the deadline was %s", now, req.Stay.Deadline)
	}
	delete(w.down, "revert")
	out, err = w.engine("b", nil).Continue(t.Context(), key)
	wantEnd(t, out, err, release.WentBack)
}

func TestNothingIsBegunWithoutTime(t *testing.T) {
	w := upgrade(t)
	req := request(good)
	req.Stay.Deadline = start.Add(5 * time.Second)
	if _, err := w.engine("a", nil).Ship(t.Context(), req); !errors.Is(err, release.ErrNoTime) {
		t.Fatalf("%v, want ErrNoTime", err)
	}
	refused := errors.New("no agent lives")
	req = request(good)
	req.Before = func(context.Context) error { return refused }
	if _, err := w.engine("a", nil).Ship(t.Context(), req); !errors.Is(err, refused) {
		t.Fatalf("%v, want that error", err)
	}
	if n := len(w.records(t)); n > 0 || w.writes > 0 {
		t.Errorf("%d records, %d writes", n, w.writes)
	}
}

// A short run whose rollout somebody else drives leaves it to them; any other is
// told who it is.
func TestAShortRunLeavesARolloutToWhoeverDrivesIt(t *testing.T) {
	w := upgrade(t)
	req := patient(good)
	req.Stay.Wait = release.WaitStarted
	if _, err := w.engine("a", nil).Ship(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	leaser := &ledger.Leaser{Ledger: w.ledger, Clock: w.clock, Holder: "agent 1"}
	lease, err := leaser.Acquire(t.Context(), key.LeaseName(), release.DefaultLeaseTTL)
	if err != nil {
		t.Fatal(err)
	}
	var renew func()
	renew = func() {
		if lease, err = leaser.Renew(t.Context(), lease); err != nil {
			t.Error(err)
		}
		w.clock.after(10*time.Second, renew)
	}
	renew()
	out, err := w.engine("b", nil).Ship(t.Context(), req)
	if err != nil || out.Result != release.Underway || len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], "agent 1") {
		t.Errorf("%s, %v, %v", out.Result, err, out.Warnings)
	}
	var held *ledger.HeldError
	other := req
	other.Spec.Payload = bad
	if _, err := w.engine("b", nil).Ship(t.Context(), other); !errors.As(err, &held) {
		t.Errorf("another wish: %v", err)
	}
	req.Stay = release.Stay{}
	if _, err := w.engine("b", nil).Ship(t.Context(), req); !errors.As(err, &held) {
		t.Errorf("a run to the end: %v", err)
	}
}

// TestARunThatWaitsForAStepWalksOneOnAMachineThatIsLate: a look that has grown old when
// the step is decided, as under load, is renewed, and no reason to walk the next step. A
// target that cannot be looked at is none either.
func TestARunThatWaitsForAStepWalksOneOnAMachineThatIsLate(t *testing.T) {
	for _, away := range []bool{false, true} {
		w := upgrade(t)
		gone := false
		e := w.engine("a", func(op, _ string) error {
			if gone && (op == "observe" || op == "apply") {
				return errors.New("connection refused")
			}
			return nil
		})
		e.Hooks.Recorded = func(r release.Recorded) {
			if r.Record.Kind == release.KindStepPassed {
				w.clock.Advance(40 * time.Second)
				gone = away
			}
		}
		req := patient(good)
		req.Stay.Wait = release.WaitStep
		out, err := e.Ship(t.Context(), req)
		open := fold(t, w).Open()
		if err != nil || out.Result != release.Underway || open == nil || open.Step != 1 || open.Intent != nil || w.share(good) != 10 {
			t.Fatalf("away %t: %s, %v, %s, %g %%", away, out.Result, err, brief(open), w.share(good))
		}
		if warned := strings.Contains(strings.Join(out.Warnings, " "), "could not be read when this run left"); warned != away {
			t.Errorf("away %t: the warnings are %q", away, out.Warnings)
		}
	}
}
