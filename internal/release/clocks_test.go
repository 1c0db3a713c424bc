package release_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// elsewhere is a ledger whose store has a clock of its own: the world's, and so much
// more.
type elsewhere struct {
	ledger.Ledger
	w     *world
	ahead time.Duration
}

func (e *elsewhere) Unwrap() ledger.Ledger { return e.Ledger }

func (e *elsewhere) StoreClock() ledger.Reading {
	now := e.w.clock.Now()
	return ledger.Reading{Store: now.Add(e.ahead), Asked: now, Answered: now}
}

// fast is a clock that is ahead of another one.
type fast struct {
	clock.Clock
	by time.Duration
}

func (f fast) Now() time.Time { return f.Clock.Now().Add(f.by) }

// apart gives an engine whose ledger's store is so far ahead of it.
func apart(w *world, name string, ahead time.Duration) *release.Engine {
	e := w.engine(name, nil)
	e.Ledger = &elsewhere{Ledger: e.Ledger, w: w, ahead: ahead}
	return e
}

// Beyond a bound nothing goes forward from a machine whose clock is wrong, below it the
// run says so, and below a minute nobody needs to hear of it.
func TestAWrongClockIsToldAndBeyondABoundRefused(t *testing.T) {
	cases := []struct {
		ahead   time.Duration
		warned  string
		refused string
	}{
		{ahead: 0},
		{ahead: 50 * time.Second},
		{ahead: 4*time.Minute + 12*time.Second, warned: "this machine's clock is 4m12s behind that of the ledger's store: windows and approvals are judged by it; set it, for example by NTP"},
		{ahead: -4 * time.Minute, warned: "this machine's clock is 4m ahead of that of the ledger's store: windows and approvals are judged by it; set it, for example by NTP"},
		{ahead: 6 * time.Minute, refused: "this machine's clock is 6m behind that of the ledger's store: windows and approvals are judged by it"},
		{ahead: -3 * time.Hour, refused: "this machine's clock is 3h ahead of that of the ledger's store: windows and approvals are judged by it"},
	}
	for _, c := range cases {
		t.Run(c.ahead.String(), func(t *testing.T) {
			w := upgrade(t)
			e := apart(w, "anna", c.ahead)
			f, err := e.Forecast(t.Context(), brisk(good).Spec)
			if err != nil || f.CanStart != (c.refused == "") {
				t.Errorf("the forecast says that it can start: %t, %v", f.CanStart, err)
			}
			if got := clockLine(f.Gates); got != c.refused+strings.TrimSuffix(c.warned, "; set it, for example by NTP") {
				t.Errorf("the forecast says of the clock: %q", got)
			}
			out, err := e.Ship(t.Context(), brisk(good))
			if c.refused == "" {
				wantEnd(t, out, err, release.Shipped)
				if told := slices.Contains(out.Warnings, c.warned); told != (c.warned != "") || c.warned == "" && len(out.Warnings) > 0 {
					t.Errorf("the run warns: %q", out.Warnings)
				}
				return
			}
			var blocked *release.BlockedError
			if !errors.As(err, &blocked) || clockLine(blocked.Results) != c.refused || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("it is not refused for the clock: %v", err)
			}
			wantServing(t, w, old)
		})
	}
}

func clockLine(results []gate.Result) string {
	for _, r := range results {
		if r.Gate == "clock" {
			return r.Reason
		}
	}
	return ""
}

// A clock that goes wrong in the middle of a rollout stops it there, and what goes back
// does not care.
func TestAWrongClockKeepsNobodyFromGoingBack(t *testing.T) {
	w := upgrade(t)
	req := brisk(good)
	req.Spec.Strategy.Canary.Steps[0].AtLeast = field.Duration(2 * time.Minute)
	store := &elsewhere{Ledger: w.ledger.Handle(), w: w}
	wrong := w.engine("anna", nil)
	wrong.Ledger = store
	w.clock.after(time.Minute, func() {
		store.ahead = time.Hour
		w.clock.after(5*time.Minute, func() {
			if r := fold(t, w).Open(); r == nil || r.Weight != 50 || r.Cause != release.CauseGate {
				t.Errorf("it did not stay where it was: %s", brief(fold(t, w).Last()))
			}
			if err := wrong.RequestAbort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator}); err != nil {
				t.Error(err)
			}
		})
	})
	out, err := wrong.Ship(t.Context(), req)
	wantEnd(t, out, err, release.Stopped)
	wantServing(t, w, old)
	told := 0
	for _, r := range w.records(t) {
		if r.Kind == release.KindGates && strings.Contains(string(r.Body), "this machine's clock") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("%d records say the same of the clock", told)
	}
}

// A person's rollback opens its rollout, brings what served before up and moves the
// traffic, whatever the clock says, and says what is wrong with it.
func TestARollbackFromAMachineWithAWrongClock(t *testing.T) {
	w := upgrade(t)
	for _, p := range []artifact.Payload{good, payload("1.0.3")} {
		if _, err := w.engine("before", nil).Ship(t.Context(), brisk(p)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := apart(w, "kim", -5*time.Hour).Back(t.Context(), key, release.BackRequest{Reason: "worse"})
	if err != nil {
		t.Fatalf("a rollback was refused: %v", err)
	}
	wantServing(t, w, good)
	if !slices.ContainsFunc(out.Warnings, func(s string) bool { return strings.Contains(s, "5h ahead of") }) {
		t.Errorf("the rollback says nothing of the clock: %q", out.Warnings)
	}
}

// Whoever takes a rollout over and is hours ahead does not find that its artifact had its
// time to become ready.
func TestAWrongClockGivesNobodyUp(t *testing.T) {
	for ahead, want := range map[time.Duration]bool{0: false, -5 * time.Hour: true} {
		w := upgrade(t)
		req := brisk(good)
		req.Spec.Strategy.PrepareTimeout = field.Duration(10 * time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		w.health[good.Key()] = target.HealthUnknown
		w.clock.after(30*time.Second, cancel)
		if _, err := w.engine("anna", nil).Ship(ctx, req); err == nil || fold(t, w).Open() == nil {
			t.Fatalf("the first driver did not stop while it prepares: %v", err)
		}
		e := apart(w, "ben", ahead)
		e.Clock = fast{w.clock, 5 * time.Hour}
		short, stop := context.WithCancel(t.Context())
		w.clock.after(2*time.Minute, stop)
		_, _ = e.Continue(short, key)
		stop()
		if open := fold(t, w).Open() != nil; open != want {
			t.Errorf("with a store %s ahead the rollout is open: %t; %s", ahead, open, brief(fold(t, w).Last()))
		}
	}
}

// A record from the future shows that a clock is wrong, and stops nobody: which one is
// wrong only the store's clock can say.
func TestARecordFromTheFutureIsToldOf(t *testing.T) {
	cases := []struct {
		name string
		e    func(*world) *release.Engine
		want string
	}{
		{"a file", func(w *world) *release.Engine { return w.engine("anna", nil) },
			"by which windows and approvals are judged: this clock is wrong, or the writer's was; set the wrong one, for example by NTP"},
		{"a store with a clock", func(w *world) *release.Engine { return apart(w, "anna", 0) },
			"which is that of the ledger's store: the writer's clock was wrong; set the clock there, for example by NTP"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			if _, err := w.engine("ben", nil).Ship(t.Context(), brisk(good)); err != nil {
				t.Fatal(err)
			}
			w.clock.Set(w.clock.Now().Add(-2 * time.Hour))
			out, err := c.e(w).Ship(t.Context(), brisk(payload("1.0.3")))
			wantEnd(t, out, err, release.Shipped)
			if !slices.ContainsFunc(out.Warnings, func(s string) bool {
				return strings.HasPrefix(s, "the newest record, by ben, is 2h in the future of this machine's clock, ") && strings.HasSuffix(s, c.want)
			}) {
				t.Errorf("it warns: %q", out.Warnings)
			}
		})
	}
}

// Drivers whose clocks are minutes to hours apart make no double step, in every order
// of their calls: nothing that one may do depends on the other's clock.
func TestTwoDriversWithOtherClocksMakeNoDoubleStep(t *testing.T) {
	for _, skew := range []time.Duration{4 * time.Minute, 5 * time.Hour, -5 * time.Hour} {
		for _, d := range duels {
			if d.brief {
				continue
			}
			d.skew, d.name = skew, d.name+", the second one's clock "+skew.String()
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				lost := losers{}
				everySchedule(1, func(switches []int) int { return d.try(t, switches, true, &lost) })
			})
		}
	}
}

// Nobody's lease is longer or shorter for another's clock: the second driver gives up
// after the same time, and takes a dead one's over after the same time.
func TestALeaseIsAsLongForEveryClock(t *testing.T) {
	waits := func(skew time.Duration) (lives, dead time.Duration) {
		long := func(ctx context.Context, e *release.Engine) (release.Outcome, error) {
			req := brisk(good)
			req.Spec.Strategy.Canary.Steps[0].AtLeast = field.Duration(5 * time.Minute)
			return e.Ship(ctx, req)
		}
		w := upgrade(t)
		s := newSchedule(w, nil, [2]play{long, func(ctx context.Context, e *release.Engine) (release.Outcome, error) {
			out, err := long(ctx, e)
			lives = w.clock.Now().Sub(start)
			return out, err
		}})
		s.fair, s.drivers[1].skew = true, skew
		s.run()
		var held *ledger.HeldError
		if !errors.As(s.drivers[1].err, &held) {
			t.Errorf("skew %s: the second driver did not give up: %v", skew, s.drivers[1].err)
		}
		w = upgrade(t)
		ctx, cancel := context.WithCancel(t.Context())
		killer := &assassin{at: 25, cancel: cancel}
		_, _ = w.engine("first", killer.fault).Ship(ctx, brisk(good))
		died := w.clock.Now()
		e := w.engine("second", nil)
		l := &ledger.Leaser{Ledger: e.Ledger, Clock: fast{w.clock, skew}, Holder: "second"}
		for {
			_, err := l.Acquire(t.Context(), key.LeaseName(), release.DefaultLeaseTTL)
			if !errors.As(err, &held) {
				if err != nil {
					t.Error(err)
				}
				break
			}
			w.clock.Set(w.clock.Now().Add(min(held.Left, time.Second)))
		}
		return lives, w.clock.Now().Sub(died)
	}
	lives, dead := waits(0)
	if dead < release.DefaultLeaseTTL {
		t.Errorf("a dead driver's lease is free after %s", dead)
	}
	for _, skew := range []time.Duration{4 * time.Minute, -4 * time.Minute, 7 * time.Hour, -7 * time.Hour} {
		if l, d := waits(skew); l != lives || d != dead {
			t.Errorf("with a clock %s apart the second driver waits %s and %s, and not %s and %s", skew, l, d, lives, dead)
		}
	}
}
