package agent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func TestItDrivesWhatIsOpenAndWhatIsOpenedLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	for n := range 10 {
		w.begin(keyOf(n), good)
	}
	a := w.run("a", nil)
	w.begin(keyOf(10), good)
	w.begin(keyOf(11), bad)
	for n := range 12 {
		w.until(keyOf(n).String()+" ends", w.ended(keyOf(n), 1))
		want := release.Succeeded
		if n == 11 {
			want = release.RolledBack
		}
		if r := w.history(keyOf(n)).Last(); r.State != want {
			t.Errorf("%s: %s, %s", keyOf(n), r.State, r.Reason)
		}
		w.wantOneDriver(keyOf(n))
	}
	a.stop()
	<-a.done
	if strings.Contains(a.log.String(), "<nil>") {
		t.Errorf("nothing went wrong, and it says: %s", a.log.String())
	}
	if a.err != nil || !strings.Contains(a.log.String(), "release=service-11/production rollout=1 fence=") {
		t.Errorf("%v, or the log does not name release, rollout and fence", a.err)
	}
	leases, err := ledger.Leases(t.Context(), w.ledger, "")
	if err != nil || len(leases) != 0 {
		t.Errorf("leases are left behind: %v, %v", leases, err)
	}
}

func TestItDrivesWhatItWasToldToAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	other := release.Key{Service: "service-00", Environment: "staging"}
	w.begin(keyOf(0), good)
	w.begin(keyOf(1), good)
	w.begin(other, good)
	w.run("a", func(o *agent.Options) {
		o.Self = presence.Agent{Name: "a", Services: []string{"service-00"}, Environments: []string{"production"}}
	})
	w.until("the one ends", w.ended(keyOf(0), 1))
	for _, key := range []release.Key{keyOf(1), other} {
		if r := w.history(key).Last(); r.State != release.Opened {
			t.Errorf("%s is %s", key, r.State)
		}
	}
}

func TestWhatGoesBackWaitsForNoTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	w.bake = time.Minute
	w.begin(keyOf(0), good)
	w.run("a", func(o *agent.Options) { o.MaxRollouts = 1 })
	w.until("the first is driven", func() bool { return w.history(keyOf(0)).Open().State != release.Opened })
	w.begin(keyOf(1), good)
	w.begin(keyOf(2), good)
	if err := w.engine(w.ledger, "kim").RequestAbort(t.Context(), keyOf(2), release.RequestBody{By: "kim", Cause: release.CauseOperator, Reason: "no"}); err != nil {
		t.Fatal(err)
	}
	w.until("the aborted one ends", w.ended(keyOf(2), 1))
	if r := w.history(keyOf(1)).Last(); r.State != release.Opened {
		t.Errorf("more than one is driven forward: %s", r.State)
	}
}

func TestAPersonAbortsWhatItDrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	w.bake = time.Minute
	w.begin(keyOf(0), good)
	w.begin(keyOf(1), good)
	w.run("a", nil)
	for n := range 2 {
		w.until("it bakes", func() bool { return w.history(keyOf(n)).Open().State == release.Baking })
	}
	kim := w.engine(w.ledger, "kim")
	// One takes the lease from the agent, the other one asks the agent to do it.
	if out, err := kim.Abort(t.Context(), keyOf(0), release.RequestBody{By: "kim", Reason: "no"}); err != nil || out.Result != release.Stopped {
		t.Errorf("%s, %v", out.Result, err)
	}
	if err := kim.RequestAbort(t.Context(), keyOf(1), release.RequestBody{By: "kim", Cause: release.CauseOperator, Reason: "no"}); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		w.until("it ends", w.ended(keyOf(n), 1))
		if r := w.history(keyOf(n)).Last(); r.State != release.Aborted {
			t.Errorf("%s is %s", keyOf(n), r.State)
		}
		w.wantOneDriver(keyOf(n))
	}
}

// An apply that was killed leaves a lease that nobody renews.
func TestItTakesOverWithinATermAndNotBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	w.begin(keyOf(0), good)
	dead := ledger.Leaser{Ledger: w.ledger, Clock: w.clock, Holder: "dead"}
	a := w.run("a", nil)
	lease, err := dead.Acquire(t.Context(), keyOf(0).LeaseName(), ttl)
	var held *ledger.HeldError
	if errors.As(err, &held) {
		// The agent was quicker: it is fenced out, as by a person.
		lease, err = dead.Take(t.Context(), keyOf(0).LeaseName(), ttl)
	}
	if err != nil {
		t.Fatal(err)
	}
	taken := time.Now()
	w.until("it is taken over", func() bool {
		now, err := w.ledger.Lease(t.Context(), lease.Name)
		return err == nil && now.Fence > lease.Fence
	})
	if took := time.Since(taken); took < ttl || took > 2*ttl {
		t.Errorf("it took %s with a term of %s", took, ttl)
	}
	w.until("it ends", w.ended(keyOf(0), 1))
	w.until("it says so", func() bool { return strings.Contains(scrape(t, a, "/metrics"), "\nsluice_agent_takeovers_total 1\n") })
	if !strings.Contains(a.log.String(), "from=dead") {
		t.Error("the log does not say from whom")
	}
}
