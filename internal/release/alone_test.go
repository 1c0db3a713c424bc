package release_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var errAway = errors.New("connection refused")

// calls of a ledger; the others that an engine makes are the target's.
var ledgerCalls = []string{"id", "append", "read", "heads", "query", "lease", "swap_lease"}

// outage is an engine whose ledger is away whenever gone says so, and its spool.
func outage(t *testing.T, w *world, name, spool string, gone func(op string) bool) *release.Engine {
	t.Helper()
	e := w.engine(name, func(op, phase string) error {
		if phase == "before" && slices.Contains(ledgerCalls, op) && gone(op) {
			return errAway
		}
		return nil
	})
	e.SpoolDir, e.Steady, e.Memory = spool, true, &release.Memory{}
	return e
}

// begin opens a rollout and leaves it.
func begin(t *testing.T, e *release.Engine, req release.ShipRequest) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	e.Hooks.Recorded = func(r release.Recorded) {
		if r.Kind == release.KindOpened {
			leave()
		}
	}
	out, err := e.Ship(ctx, req)
	wantEnd(t, out, err, release.Underway)
	e.Hooks.Recorded = nil
}

// A driver that stays while its ledger is away sees the harm that comes then, and brings
// the traffic back without it.
func TestHarmIsSeenAndRevertedWhileTheLedgerIsAway(t *testing.T) {
	w := upgrade(t)
	gone, told := false, 0
	e := outage(t, w, "a", t.TempDir(), func(string) bool { return gone })
	e.Hooks.Away = func(_ release.Key, err error) {
		if told++; !errors.Is(err, errAway) {
			t.Errorf("it is told %v", err)
		}
	}
	w.clock.after(40*time.Second, func() { gone = true })
	harm := 70 * time.Second
	w.clock.after(harm, func() { w.failing[good.Key()] = 0.6 })
	var reverted time.Time
	w.onEffect = func(verb string) {
		if verb == "revert" && reverted.IsZero() {
			reverted = w.clock.Now()
			w.clock.after(10*time.Minute, func() { gone = false })
		}
	}
	out, err := e.Ship(t.Context(), patient(good))
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
	if late := reverted.Sub(start.Add(harm)); late < 0 || late > time.Minute {
		t.Errorf("reverted %s after the harm began", late)
	}
	if told != 1 {
		t.Errorf("it was told %d times that the ledger is away", told)
	}
	if !gone {
		t.Fatal("the ledger was back before the revert")
	}
	gone = false
	again, err := e.Continue(t.Context(), key)
	wantEnd(t, again, err, release.Unchanged)
	if r := fold(t, w).Last(); r.State != release.RolledBack || r.Cause != release.CauseHarm {
		t.Errorf("what came home: %v", brief(r))
	}
	wantChain(t, w)
}

// While the ledger is away nothing is written to the target, not even to its dead-man
// switch; once it is back the rollout goes on, and what happened meanwhile is judged.
func TestNothingGoesForwardWhileTheLedgerIsAway(t *testing.T) {
	w := upgrade(t)
	gone := false
	e := outage(t, w, "a", t.TempDir(), func(string) bool { return gone })
	req := request(good)
	req.Spec.Strategy.RevertAfter = 0
	w.caps.RevertAfter = false
	whole := 100.0
	req.Spec.Strategy.MaxUnattendedWeight = &whole
	var before, asked int
	w.clock.after(40*time.Second, func() { gone, before, asked = true, w.writes, w.asked })
	w.clock.after(5*time.Minute, func() {
		if w.writes != before || w.asked == asked || w.share(good) != 10 {
			t.Errorf("%d writes, %d looks at the signal, %g %% on the new artifact", w.writes-before, w.asked-asked, w.share(good))
		}
		gone = false
	})
	out, err := e.Ship(t.Context(), req)
	wantEnd(t, out, err, release.Shipped)
	if took(t, w) < 7*time.Minute {
		t.Errorf("the time without a ledger was taken for soak: %s", took(t, w))
	}
	wantChain(t, w)
}

// An apply does not wait for its ledger.
func TestWhoDoesNotStayGetsTheLedgersError(t *testing.T) {
	w := upgrade(t)
	gone := false
	e := outage(t, w, "a", t.TempDir(), func(string) bool { return gone })
	e.Steady, e.Memory = false, nil
	w.clock.after(40*time.Second, func() { gone = true })
	out, err := e.Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Underway)
	if !errors.Is(err, errAway) {
		t.Error(err)
	}
}

// A way back whose driver had to stop begins again from what the process remembers, and
// brings its records home once the ledger is there.
func TestAWayBackBeginsAgainWithoutTheLedger(t *testing.T) {
	w := upgrade(t)
	gone := false
	e := outage(t, w, "a", t.TempDir(), func(string) bool { return gone })
	w.down["revert"] = away
	begin(t, e, request(bad))
	ctx, cancel := context.WithCancel(t.Context())
	e.Hooks.Recorded = func(r release.Recorded) {
		if r.State == release.RollbackFailed {
			cancel()
		}
	}
	_, err := e.DriveFor(ctx, key, release.Stay{})
	var stopped *release.InterruptedError
	if !errors.As(err, &stopped) || !e.Memory.Has(key) {
		t.Fatalf("%v, remembered %t", err, e.Memory.Has(key))
	}
	gone = true
	delete(w.down, "revert")
	out, err := e.DriveFor(t.Context(), key, release.Stay{})
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
	if !e.Memory.Has(key) {
		t.Error("that records wait beside the process is forgotten")
	}
	if _, err := e.DriveFor(t.Context(), key, release.Stay{}); !errors.Is(err, errAway) {
		t.Errorf("with the ledger still away: %v", err)
	}
	gone = false
	again, err := e.DriveFor(t.Context(), key, release.Stay{})
	wantEnd(t, again, err, release.Unchanged)
	if r := fold(t, w).Last(); r.State != release.RolledBack || e.Memory.Has(key) {
		t.Errorf("what came home: %v, remembered %t", brief(r), e.Memory.Has(key))
	}
	wantChain(t, w)
}

// The ledger's name is known from before, and where it never was it stops what goes
// forward alone: records of a way back might lie in the spool, and nobody knows where.
func TestTheLedgersNameIsNotAskedForOnTheWayBack(t *testing.T) {
	w := upgrade(t)
	nameless := false
	e := outage(t, w, "a", t.TempDir(), func(op string) bool { return nameless && op == "id" })
	if _, err := e.Ship(t.Context(), request(old)); err != nil {
		t.Fatal(err)
	}
	nameless = true
	begin(t, e, request(good))
	never := outage(t, w, "b", t.TempDir(), func(op string) bool { return op == "id" })
	if _, err := never.Continue(t.Context(), key); !errors.Is(err, errAway) {
		t.Errorf("forward in a ledger without a name: %v", err)
	}
	if err := never.RequestAbort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator}); err != nil {
		t.Fatal(err)
	}
	back, err := never.Continue(t.Context(), key)
	wantEnd(t, back, err, release.Stopped)
	wantServing(t, w, old)
}

// A revert that the target refuses since somebody drives it by a higher fence is no
// more this driver's, though it cannot hear of that from the ledger. What it saw comes to
// the ledger all the same, and whoever drives goes back.
func TestAloneItDoesNotDriveBesideItsSuccessor(t *testing.T) {
	w := upgrade(t)
	gone := false
	e := outage(t, w, "a", t.TempDir(), func(string) bool { return gone })
	w.clock.after(40*time.Second, func() { gone = true })
	w.clock.after(80*time.Second, func() {
		// Its lease has expired, another one has taken it and touched the target.
		next := &ledger.Leaser{Ledger: w.ledger.Handle(), Clock: w.clock, Holder: "b"}
		if _, err := next.Take(t.Context(), key.LeaseName(), time.Minute); err != nil {
			t.Error(err)
		}
		w.machine.State.Fence++
		w.health[good.Key()] = target.Unhealthy
	})
	begin(t, e, patient(good))
	_, err := e.DriveFor(t.Context(), key, release.Stay{})
	var stopped *release.InterruptedError
	if !errors.As(err, &stopped) || !strings.Contains(err.Error(), string(target.CodeStaleFence)) || w.share(good) != 10 {
		t.Errorf("%v; %g %% on the new artifact", err, w.share(good))
	}
	if !e.Memory.Has(key) {
		t.Error("that it has records which the ledger has not is forgotten")
	}
	gone = false
	out, err := e.DriveFor(t.Context(), key, release.Stay{})
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
}
