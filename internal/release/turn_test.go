package release_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/queue"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// A rollout that is to begin asks its target nothing before its turn has come, keeps its
// lease meanwhile, and tells how many are before it.
func TestARolloutTakesItsTurnBeforeItsFirstCall(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		first, second := a.line.Join(queue.Begin), a.line.Join(queue.Begin)
		engine := a.engine("ci")
		var told []string
		engine.Hooks.Waiting = func(w release.Waiting) { told = append(told, fmt.Sprint(w.Key, " ", w.Ahead, " ", w.Where)) }
		time.AfterFunc(10*time.Minute, first.Leave)
		time.AfterFunc(19*time.Minute, func() {
			if asked := a.asked(); len(asked) > 0 {
				t.Errorf("while it waited it asked for %q", asked)
			}
			lease, err := a.ledger.Lease(t.Context(), key.LeaseName())
			if err != nil || lease.Holder != "ci" || lease.Beat < 30 {
				t.Errorf("the lease is %+v, %v", lease, err)
			}
			second.Leave()
		})
		out, err := engine.Ship(t.Context(), a.request(good, nil))
		wantEnded(t, out, err, release.Shipped)
		if asked := a.asked(); !slices.Equal(asked[:2], []string{sim.VerbObserve, sim.VerbPreflight}) || !a.idle() {
			t.Errorf("it asked for %q; the turn was given back: %t", asked, a.idle())
		}
		if want := []string{"checkout/production 1 the account", "checkout/production 0 the account"}; !slices.Equal(told, want) {
			t.Errorf("%q was told", told)
		}
		if text := strings.Join(out.Warnings, "; "); !strings.Contains(text, "waited 19m0s for its turn in the account") {
			t.Errorf("the warnings are %q", text)
		}
	})
}

// Nobody waits for ever in a queue that stands still, nor longer than the run may last,
// and nothing was begun or asked then.
func TestNobodyWaitsInALineThatStandsStill(t *testing.T) {
	for want, stay := range map[string]time.Duration{"the queue has not moved for 15m0s": 0, "this run's time is over": 5 * time.Minute} {
		inAccount(t, 1, func(t *testing.T, a *account) {
			first, second := a.line.Join(queue.Begin), a.line.Join(queue.Begin)
			began := clock.System{}.Now()
			req := a.request(good, nil)
			if stay > 0 {
				req.Stay.Deadline = began.Add(stay)
			}
			out, err := a.engine("ci").Ship(t.Context(), req)
			if out.Result != release.Unchanged || !target.IsBusy(err) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "with 1 before it") {
				t.Errorf("%s, %v", out.Result, err)
			}
			took := clock.System{}.Now().Sub(began)
			if errors.Is(err, release.ErrNoTime) != (stay > 0) {
				t.Errorf("%v", err)
			}
			if limit := stay; limit > 0 && took > limit || took > 16*time.Minute {
				t.Errorf("it waited %s", took)
			}
			first.Leave()
			second.Leave()
			if asked := a.asked(); len(asked) > 0 || !a.idle() {
				t.Errorf("it asked for %q; its place is free: %t", asked, a.idle())
			}
		})
	}
}

// Whoever is cut short while it waits says so.
func TestWhoeverIsCutShortSaysWhatItWaitedFor(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		first, second := a.line.Join(queue.Begin), a.line.Join(queue.Begin)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := a.engine("ci").Ship(ctx, a.request(good, nil))
		if out.Result != release.Unchanged || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "nothing was begun: it waited for its turn in the account, with 1 before it") {
			t.Errorf("%s, %v", out.Result, err)
		}
		first.Leave()
		second.Leave()
		if !a.idle() {
			t.Error("it has its place still")
		}
	})
}

// A run over many targets whose time is over leaves the rollout open, and the next run goes
// on: that its targets did not get their turn is nobody's fault.
func TestWavesWhoseTimeIsOverInTheLine(t *testing.T) {
	inAccount(t, 3, func(t *testing.T, a *account) {
		full := a.line.Join(queue.Begin)
		req := a.request(good, &release.Waves{Sizes: []int{3}})
		req.Stay.Deadline = clock.System{}.Now().Add(5 * time.Minute)
		if out, err := a.engine("ci").Ship(t.Context(), req); err != nil || out.Result != release.Underway {
			t.Errorf("%s, %v", out.Result, err)
		}
		full.Leave()
		out, err := a.engine("ci").Continue(t.Context(), key)
		wantEnded(t, out, err, release.Shipped)
		a.wantServing(good)
	})
}

// Whoever is refused gives the turn back.
func TestATurnIsGivenBackByWhoeverDoesNotBegin(t *testing.T) {
	down := &target.Error{Code: target.CodeUnavailable, Message: "nobody answers"}
	for name, refuse := range map[string]func(*account, *release.ShipRequest){
		"a gate": func(a *account, _ *release.ShipRequest) {
			a.gates = []gate.Gate{&shut{status: gate.Fail, reason: "no"}}
		},
		"the look":  func(a *account, _ *release.ShipRequest) { a.away["cell-1"] = true },
		"no change": func(a *account, req *release.ShipRequest) { req.Spec.Payload = old },
		"a hook":    func(_ *account, req *release.ShipRequest) { req.Before = func(context.Context) error { return down } },
	} {
		t.Run(name, func(t *testing.T) {
			inAccount(t, 1, func(t *testing.T, a *account) {
				req := a.request(good, nil)
				refuse(a, &req)
				out, err := a.engine("ci").Ship(t.Context(), req)
				if (err == nil) != (name == "no change") || out.Result == release.Shipped || !a.idle() {
					t.Errorf("%s, %v; the turn was given back: %t", out.Result, err, a.idle())
				}
			})
		})
	}
}

// A rollback needs no turn: neither one that a person wants of a rollout that waits for
// its own, nor one of what had succeeded.
func TestARollbackWaitsForNoTurn(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		req := a.request(good, nil)
		req.Stay.Wait = release.WaitStarted
		engine := a.engine("ci")
		if out, err := engine.Ship(t.Context(), req); err != nil || out.Result != release.Underway {
			t.Fatalf("%s, %v", out.Result, err)
		}
		full := a.line.Join(queue.Begin)
		defer full.Leave()
		began := clock.System{}.Now()
		if out, err := engine.Abort(t.Context(), key, release.RequestBody{By: "a person", Reason: "no"}); err != nil || out.Result != release.Stopped {
			t.Fatalf("%s, %v", out.Result, err)
		}
		for _, r := range a.records(key) {
			if late := r.At.Sub(began); r.Kind == release.KindOutcome && late > time.Second && strings.Contains(string(r.Body), `"kind":"revert"`) {
				t.Errorf("the traffic was back after %s", late)
			}
		}
		if asked := a.asked(); !slices.Contains(asked, sim.VerbRevert) || passedSince(began) > 10*time.Second {
			t.Errorf("it asked for %q and took %s", asked, passedSince(began))
		}
	})
	inAccount(t, 1, func(t *testing.T, a *account) {
		engine := a.engine("ci")
		if out, err := engine.Ship(t.Context(), a.request(old, nil)); err != nil || out.Result != release.Adopted {
			t.Fatalf("%s, %v", out.Result, err)
		}
		out, err := engine.Ship(t.Context(), a.request(good, nil))
		wantEnded(t, out, err, release.Shipped)
		full := a.line.Join(queue.Begin)
		defer full.Leave()
		began := clock.System{}.Now()
		out, err = engine.Back(t.Context(), key, release.BackRequest{Reason: "no"})
		wantEnded(t, out, err, release.Shipped)
		a.wantServing(old)
		if took := passedSince(began); took > 10*time.Second {
			t.Errorf("the rollback took %s", took)
		}
	})
}

// What a person says is heard by a rollout that waits for its turn.
func TestAnAbortIsHeardInTheLine(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		engine := a.engine("ci")
		var full interface{ Leave() }
		time.AfterFunc(30*time.Second, func() { full = a.line.Join(queue.Begin) })
		time.AfterFunc(5*time.Minute, func() {
			if err := a.engine("person").RequestAbort(t.Context(), key, release.RequestBody{By: "a person", Reason: "no", Cause: release.CauseOperator}); err != nil {
				t.Error(err)
			}
		})
		began := clock.System{}.Now()
		out, err := engine.Ship(t.Context(), a.request(good, nil))
		wantEnded(t, out, err, release.Stopped)
		if took := passedSince(began); took > 5*time.Minute+10*time.Second {
			t.Errorf("it was over after %s", took)
		}
		full.Leave()
		if !a.idle() {
			t.Error("it has its place still")
		}
	})
}

// Nobody has a turn while gates are asked, and who had one comes back in front.
func TestATurnIsNotHeldWhileGatesAreAsked(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		asks := 0
		var behind *queue.Place
		a.gates = []gate.Gate{told(func() {
			if asks++; asks > 1 {
				return
			}
			if !a.idle() {
				t.Error("the turn is held")
			}
			full := a.line.Join(queue.Watch)
			behind = a.line.Join(queue.Begin)
			time.AfterFunc(time.Minute, full.Leave)
			time.AfterFunc(2*time.Minute, func() {
				if asked := a.asked(); !slices.Contains(asked, sim.VerbPreflight) || !behind.Has() {
					t.Errorf("it asked for %q; whoever was behind has its turn: %t", asked, behind.Has())
				}
				behind.Leave()
			})
		})}
		out, err := a.engine("ci").Ship(t.Context(), a.request(good, nil))
		wantEnded(t, out, err, release.Shipped)
		if !a.idle() {
			t.Error("the turn was not given back")
		}
	})
}

// Whoever is stopped while it waits gives its place up.
func TestWhoeverIsStoppedLeavesTheLine(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		req := a.request(good, nil)
		req.Stay.Wait = release.WaitStarted
		engine := a.engine("ci")
		if out, err := engine.Ship(t.Context(), req); err != nil || out.Result != release.Underway {
			t.Fatalf("%s, %v", out.Result, err)
		}
		full := a.line.Join(queue.Begin)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(time.Minute, cancel)
		if out, err := engine.Continue(ctx, key); err == nil || out.Result != release.Underway {
			t.Errorf("%s, %v", out.Result, err)
		}
		full.Leave()
		if !a.idle() {
			t.Error("it has its place still")
		}
	})
}

// A turn is held for the calls alone, and neither while signals are asked nor while the
// ledger takes what came of them.
func TestATurnIsHeldForTheCallsAlone(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		engine := a.engine("ci")
		held := map[string]bool{}
		engine.Hooks.Recorded = func(r release.Recorded) { held[r.Kind] = held[r.Kind] || !a.idle() }
		out, err := engine.Ship(t.Context(), a.request(good, nil))
		wantEnded(t, out, err, release.Shipped)
		for kind, is := range held {
			if is != (kind == release.KindIntent) {
				t.Errorf("at %s the turn is held: %t", kind, is)
			}
		}
		if len(held) < 6 {
			t.Errorf("%v", held)
		}
	})
}

// What the gates said before a long wait is asked again after it.
func TestAGateThatClosesWhileAStepWaitsForItsTurn(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		hold, asks := &shut{status: gate.Pass}, 0
		a.gates = []gate.Gate{told(func() {
			if asks > 2 && !a.idle() {
				t.Error("the turn is held")
			}
			if asks++; asks != 2 {
				return
			}
			full := a.line.Join(queue.Begin)
			time.AfterFunc(5*time.Minute, func() { hold.status, hold.reason = gate.Fail, "incident 7" })
			time.AfterFunc(6*time.Minute, full.Leave)
			time.AfterFunc(10*time.Minute, func() {
				if asked := a.asked(); slices.Contains(asked, sim.VerbApply) {
					t.Errorf("it asked for %q", asked)
				}
				hold.status = gate.Pass
			})
		}), hold}
		out, err := a.engine("ci").Ship(t.Context(), a.request(good, nil))
		wantEnded(t, out, err, release.Shipped)
		if asks < 3 {
			t.Errorf("the gates were asked %d times", asks)
		}
	})
}

// told is a gate that passes and tells.
type told func()

func (told) Name() string { return "told" }

func (g told) Check(context.Context, gate.Subject, time.Time) gate.Result {
	g()
	return gate.Result{Gate: g.Name(), Status: gate.Pass}
}

// Many that begin at once, and the targets of waves, make their calls one after the other
// and all come to their end, under leases that nobody takes from them.
func TestManyHaveTheirTurn(t *testing.T) {
	const many = 20
	inAccount(t, many, func(t *testing.T, a *account) {
		var all sync.WaitGroup
		for i, name := range a.names {
			all.Go(func() {
				req := a.request(good, nil)
				req.Spec.Service = fmt.Sprintf("service-%d", i)
				req.Spec.Target.Config, req.Spec.Signals["http"] = simConfig(name), signal.Config{Driver: "sim", Config: simConfig(name)}
				out, err := a.engine(fmt.Sprint("ci ", i)).Ship(t.Context(), req)
				if err != nil || out.Result != release.Shipped {
					t.Errorf("%s: %s, %v", name, out.Result, err)
				}
			})
		}
		all.Wait()
		a.wantServing(good)
		if a.most > 1 || !a.idle() {
			t.Errorf("%d were asked at once", a.most)
		}
	})
	inAccount(t, many, func(t *testing.T, a *account) {
		full := a.line.Join(queue.Begin)
		time.AfterFunc(3*time.Minute, func() {
			for _, name := range a.names[:5] {
				lease, err := a.ledger.Lease(t.Context(), key.Part(name).LeaseName())
				if err != nil || lease.Holder != "ci" || lease.Beat < 5 {
					t.Errorf("the lease of %s is %+v, %v", name, lease, err)
				}
			}
			full.Leave()
		})
		out, err := a.engine("ci").Ship(t.Context(), a.request(good, &release.Waves{Sizes: []int{5, 15}}))
		wantEnded(t, out, err, release.Shipped)
		a.wantServing(good)
		if a.most > 1 || !a.idle() {
			t.Errorf("%d were asked at once", a.most)
		}
	})
}

// A plan asks in its turn, too, and says so where that does not come in time.
func TestAPlanAsksInItsTurn(t *testing.T) {
	inAccount(t, 1, func(t *testing.T, a *account) {
		full := a.line.Join(queue.Begin)
		time.AfterFunc(8*time.Second, full.Leave)
		engine, spec := a.engine("plan"), a.request(good, nil).Spec
		began := clock.System{}.Now()
		forecast, err := engine.Forecast(t.Context(), spec)
		if asked := a.asked(); err != nil || len(forecast.Obstacles) > 0 || !slices.Contains(asked, sim.VerbPreflight) || passedSince(began) < 8*time.Second || !a.idle() {
			t.Errorf("%v, %+v; it asked for %q", err, forecast.Obstacles, asked)
		}
		defer a.line.Join(queue.Begin).Leave()
		forecast, err = engine.Forecast(t.Context(), spec)
		if text := fmt.Sprint(forecast.Warnings); err != nil || !strings.Contains(text, "its turn in the account did not come in 10s, with 0 before it") {
			t.Errorf("%v, %s", err, text)
		}
	})
}

// passedSince is how much of a bubble's time has passed.
func passedSince(began time.Time) time.Duration { return clock.System{}.Now().Sub(began) }
