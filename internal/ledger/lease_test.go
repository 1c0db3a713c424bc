package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

const ttl = 30 * time.Second

// drivers are two processes on two machines: each has its own clock.
type drivers struct {
	l              *mem.Ledger
	a, b           *ledger.Leaser
	clockA, clockB *clock.Fake
}

func newDrivers() *drivers {
	d := &drivers{
		l: mem.New(epoch),
		// The machines disagree by years, which must not matter.
		clockA: clock.NewFake(epoch),
		clockB: clock.NewFake(epoch.AddDate(-7, 0, 0)),
	}
	d.a = &ledger.Leaser{Ledger: d.l.Handle(), Clock: d.clockA, Holder: "a"}
	d.b = &ledger.Leaser{Ledger: d.l.Handle(), Clock: d.clockB, Holder: "b"}
	return d
}

func acquire(t *testing.T, l *ledger.Leaser) ledger.Lease {
	t.Helper()
	got, err := l.Acquire(t.Context(), "x", ttl)
	if err != nil {
		t.Fatalf("%s: Acquire: %v", l.Holder, err)
	}
	return got
}

// held fails unless l cannot acquire, and returns how long it is to wait.
func held(t *testing.T, l *ledger.Leaser, by string) time.Duration {
	t.Helper()
	_, err := l.Acquire(t.Context(), "x", ttl)
	var h *ledger.HeldError
	if !errors.As(err, &h) || h.Lease.Holder != by {
		t.Fatalf("%s: Acquire: %v, want it held by %s", l.Holder, err, by)
	}
	return h.Left
}

func fenced(t *testing.T, what string, err error) {
	t.Helper()
	var f *ledger.FencedError
	if !errors.As(err, &f) {
		t.Fatalf("%s: %v, want *FencedError", what, err)
	}
}

func TestLeaseExpiresWhenItHasNotChangedForItsTerm(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	mine := acquire(t, d.a)
	if left := held(t, d.b, "a"); left != ttl {
		t.Errorf("first look: %s left", left)
	}
	d.clockB.Advance(ttl - 1)
	if left := held(t, d.b, "a"); left != 1 {
		t.Errorf("just before: %s left", left)
	}
	d.clockB.Advance(1)
	taken := acquire(t, d.b)
	if taken.Fence != mine.Fence+2 {
		t.Errorf("fences %d and %d", mine.Fence, taken.Fence)
	}
	_, err := d.a.Renew(t.Context(), mine)
	fenced(t, "the former holder's renewal", err)
	if err := d.a.Release(t.Context(), mine); err != nil {
		t.Errorf("the former holder's release: %v", err)
	}
	if _, err := d.b.Renew(t.Context(), taken); err != nil {
		t.Errorf("the release of a lost lease took it from the new holder: %v", err)
	}
}

func TestRenewalsKeepTheLease(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	mine := acquire(t, d.a)
	for range 5 {
		held(t, d.b, "a")
		d.clockB.Advance(ttl - time.Second)
		var err error
		if mine, err = d.a.Renew(t.Context(), mine); err != nil {
			t.Fatal(err)
		}
	}
	if left := held(t, d.b, "a"); left != ttl {
		t.Errorf("%s left", left)
	}
}

func TestAReleasedLeaseIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	mine := acquire(t, d.a)
	held(t, d.b, "a")
	if err := d.a.Release(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	if got := acquire(t, d.b); got.Fence != mine.Fence+2 {
		t.Errorf("fence %d after %d", got.Fence, mine.Fence)
	}
	if d.a.Left(mine) != 0 {
		t.Error("a released lease is still held")
	}
}

func TestTakeDoesNotWait(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	mine := acquire(t, d.a)
	taken, err := d.b.Take(t.Context(), "x", ttl)
	if err != nil || taken.Fence != mine.Fence+2 || taken.Holder != "b" {
		t.Fatalf("%+v, %v", taken, err)
	}
	_, err = d.a.Renew(t.Context(), mine)
	fenced(t, "renewal", err)
	held(t, d.a, "b")
	if got, err := d.b.Take(t.Context(), "free", ttl); err != nil || got.Fence != 2 {
		t.Errorf("taking a free one: %+v, %v", got, err)
	}
}

func TestARestartedProcessWaitsForItself(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	acquire(t, d.a)
	again := &ledger.Leaser{Ledger: d.l, Clock: d.clockA, Holder: "a, started again"}
	held(t, again, "a")
	d.clockA.Advance(ttl)
	acquire(t, again)
}

func TestAClockThatStepsBackMakesNoLeaseShorter(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	acquire(t, d.a)
	held(t, d.b, "a")
	d.clockB.Advance(-time.Hour)
	if left := held(t, d.b, "a"); left != ttl {
		t.Errorf("%s left", left)
	}
	d.clockB.Advance(ttl - 1)
	held(t, d.b, "a")
	d.clockB.Advance(1)
	acquire(t, d.b)
}

func TestLostRepliesOfALeaser(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection reset")
	d := newDrivers()
	faulty := d.l.Handle()
	lose := false
	faulty.Fault = func(op string, phase mem.Phase) error {
		if lose && op == "swap_lease" && phase == mem.After {
			lose = false
			return lost
		}
		return nil
	}
	d.a.Ledger = faulty

	lose = true
	if _, err := d.a.Acquire(t.Context(), "x", ttl); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	mine := acquire(t, d.a)
	if mine.Fence != 2 {
		t.Errorf("fence %d: the holder took the lease from itself", mine.Fence)
	}
	lose = true
	if _, err := d.a.Renew(t.Context(), mine); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	mine, err := d.a.Renew(t.Context(), mine)
	if err != nil || mine.Fence != 2 {
		t.Fatalf("%+v, %v", mine, err)
	}
	lose = true
	if err := d.a.Release(t.Context(), mine); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	if err := d.a.Release(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	acquire(t, d.b)
}

func TestLeftCountsFromBeforeTheCall(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	slow := d.l.Handle()
	slow.Fault = func(string, mem.Phase) error { d.clockA.Advance(time.Second); return nil }
	d.a.Ledger = slow
	mine := acquire(t, d.a)
	// Before and after each of the look, the search for the floor and the swap.
	if left := d.a.Left(mine); left != ttl-6*time.Second {
		t.Errorf("%s left", left)
	}
	d.clockA.Advance(time.Hour)
	if left := d.a.Left(mine); left != 0 {
		t.Errorf("%s left", left)
	}
}

func TestALeaserRefuses(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	_, err := d.a.Acquire(t.Context(), "x", 0)
	check(t, err, "for example 30s")
	d.a.Holder = ""
	_, err = d.a.Take(t.Context(), "x", ttl)
	check(t, err, "names one process")
}

func TestWhoHoldsALeaseIsSaidAsItWasSeen(t *testing.T) {
	t.Parallel()
	d := newDrivers()
	mine := acquire(t, d.a)
	says := func(who, goesOn string) {
		t.Helper()
		_, err := d.b.Acquire(t.Context(), "x", ttl)
		var h *ledger.HeldError
		if !errors.As(err, &h) || h.Who() != who || h.GoesOn() != goesOn {
			t.Errorf("%v\n%s\n%s", err, h.Who(), h.GoesOn())
		}
	}
	says("a holds the lease (fence 2); this run looked once, and without a renewal it ends in 30s", "a, who goes on; where that process is gone, another may in 30s")
	d.clockB.Advance(20 * time.Second)
	says("a holds the lease (fence 2) and did not renew it in the 20s in which this run looked; without a renewal it ends in 10s", "a, who goes on; where that process is gone, another may in 10s")
	if _, err := d.a.Renew(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	d.clockB.Advance(5 * time.Second)
	says("a holds the lease (fence 2) and renewed it while this run looked, the last time 0s ago; without another renewal it ends in 30s", "a, who goes on")
	d.clockB.Advance(4 * time.Second)
	says("a holds the lease (fence 2) and renewed it while this run looked, the last time 4s ago; without another renewal it ends in 26s", "a, who goes on")
}
