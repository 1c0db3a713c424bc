package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// open opens the world's ledger.
func (w *world) open() ledger.Ledger {
	w.t.Helper()
	l, err := ledgers.Open(w.t.Context(), w.place(), ledgers.Options{Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = l.Close() })
	return l
}

// serves fails unless the target serves this version alone.
func (w *world) serves(version string) {
	w.t.Helper()
	s := w.target.State()
	if s.Baseline == nil || s.Baseline.Payload.Version != version || s.Weight != 0 {
		w.t.Fatalf("the target does not serve %s alone: %+v", version, s)
	}
}

// held makes somebody hold the lease as long as the test wants.
func (w *world) held(holder string) (release func()) {
	w.t.Helper()
	leaser := &ledger.Leaser{Ledger: w.open(), Clock: w.clock, Holder: holder}
	lease, err := leaser.Acquire(w.t.Context(), key.LeaseName(), 30*time.Second)
	if err != nil {
		w.t.Fatal(err)
	}
	return func() {
		if err := leaser.Release(w.t.Context(), lease); err != nil {
			w.t.Fatal(err)
		}
	}
}

// keptAlive makes somebody hold the lease and show signs of life whenever anybody
// waits.
func (w *world) keptAlive(holder string) (release func()) {
	w.t.Helper()
	leaser := &ledger.Leaser{Ledger: w.open(), Clock: w.clock, Holder: holder}
	lease, err := leaser.Acquire(w.t.Context(), key.LeaseName(), 30*time.Second)
	if err != nil {
		w.t.Fatal(err)
	}
	var renew func()
	renew = func() {
		if lease, err = leaser.Renew(w.t.Context(), lease); err != nil {
			w.t.Error(err)
			return
		}
		w.asleep = renew
	}
	w.asleep = renew
	return func() {
		w.asleep = nil
		if err := leaser.Release(w.t.Context(), lease); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestAnInterruptedRolloutIsShownAndContinued(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	golden(t, "open-status.txt", w.expect(Done, "status").out)
	var shown statusJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "status", "--json").out), &shown); err != nil {
		t.Fatal(err)
	}
	if p := shown.Releases[0].Open.Progress; p == nil || !strings.HasPrefix(p.Summary, "progressing, 10 %, step 1 of 3, next look at ") || p.ContinuedBy != "whoever applies next" || !p.RevertsAt.After(p.NextLookAt) {
		t.Errorf("the progress is %+v", p)
	}
	free := w.held("ci@acme 4711")
	contains(t, w.expect(Done, "status").out, "driven by ci@acme 4711, last heard of just now")
	free()
	golden(t, "open-explain.txt", w.expect(Done, "explain", "checkout/production/2").out)
	r := w.expect(Failed, "wait", "checkout/production", "--timeout", "5s")
	contains(t, r.errors, "still open after 5s", "Nobody drives rollout 2", "sluice continue checkout/production")

	r = w.expect(Done, "continue", "checkout/production")
	contains(t, r.out, "Rollout 2 of checkout/production succeeded; 1.1.1 serves.")
	w.serves("1.1.1")
	contains(t, w.expect(Done, "wait", "checkout/production").out, "succeeded")
	contains(t, w.expect(Done, "continue", "checkout/production").out, "No rollout of checkout/production is open; 1.1.1 serves.")
}

func TestAbort(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	r := w.expect(Failed, "abort", "checkout/production", "--reason", "no")
	contains(t, r.errors, "no rollout of checkout/production is open", "sluice rollback")

	w.broken(good, 2)
	r = w.expect(Done, "abort", "checkout/production", "--reason", "slow shop", "--json")
	var out outcomeJSON
	if err := json.Unmarshal([]byte(r.out), &out); err != nil {
		t.Fatal(err)
	}
	if out.Result != "aborted" || out.Rollout.State != "aborted" || out.Serving != "1.0.0 at 100 %" || out.Payload.Version != "1.0.0" {
		t.Errorf("%+v", out)
	}
	w.serves("1.0.0")
	contains(t, w.expect(Done, "history", "checkout/production").out, "aborted", "slow shop")
	r = w.expect(Failed, "wait", "checkout/production")
	contains(t, r.errors, "aborted", "slow shop", "The record", "sluice explain checkout/production/2")
	if r := w.expect(Done, "quarantine", "list"); r.out != "Nothing is quarantined.\n" {
		t.Error("an abort without --quarantine condemns nothing:", r.out)
	}
}

func TestAbortWithQuarantine(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	w.expect(Done, "abort", "checkout/production", "--reason", "eats baskets", "--quarantine")
	contains(t, w.expect(Done, "quarantine", "list").out, "1.1.1", "eats baskets", "kim@acme")
}

func TestAbortWithoutAccessFailsWhenNobodyDrives(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	w.away = true
	r := w.expect(Failed, "abort", "checkout/production", "--reason", "slow shop")
	contains(t, r.errors, "nobody lives to take it", "no lease is held", "connection refused", "--write-spec")
	w.away = false
	r = w.expect(Failed, "continue", "checkout/production")
	contains(t, r.errors, "aborted", "slow shop")
	w.serves("1.0.0")
}

func TestAbortWithoutAccessWaitsForWhoeverDrives(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	free := w.held("ci@acme 4711")
	w.asleep = func() {
		free()
		if _, err := w.app().engine(w.open()).Continue(t.Context(), key); err == nil {
			t.Error("the driver did not see the request")
		}
	}
	r := w.expect(Done, "abort", "checkout/production", "--reason", "slow shop", "--request")
	contains(t, r.out, "aborted by whoever drove it; 1.0.0 serves")
	w.serves("1.0.0")
}

func TestAbortWithoutAccessGivesUpOnADeadDriver(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	w.held("ci@acme 4711")
	before := w.clock.Now()
	r := w.expect(Failed, "abort", "checkout/production", "--reason", "slow shop", "--request")
	contains(t, r.errors, "nobody lives to take it", "ci@acme 4711, has shown no sign of life for 30s")
	if waited := w.clock.Now().Sub(before); waited < 30*time.Second || waited > 40*time.Second {
		t.Errorf("it waited %s for a lease of 30s", waited)
	}
}

func TestRollback(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	golden(t, "rollback-plan.txt", w.expect(Done, "rollback", "checkout/production", "--dry-run").out)
	golden(t, "rollback-plan.json", w.expect(Done, "rollback", "checkout/production", "--dry-run", "--json").out)
	w.serves("1.1.1")
	w.expect(Done, "hold", "all", "--reason", "nothing may move")
	r := w.expect(Done, "rollback", "checkout/production", "--reason", "slow shop")
	contains(t, r.out, "checkout/production is back: 1.0.0 serves.")
	w.serves("1.0.0")
	contains(t, w.expect(Done, "quarantine", "list").out, "1.1.1", "slow shop")
	contains(t, w.expect(Done, "history", "checkout/production").out, "rollback", "1.1.1 -> 1.0.0", "slow shop")
	r = w.expect(Failed, "rollback", "checkout/production", "--reason", "again")
	contains(t, r.errors, "there is nothing to go back to")
}

func TestRollbackOfAnOpenRolloutAbortsAndCondemns(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	contains(t, w.expect(Done, "rollback", "checkout/production", "--dry-run").out, "abort rollout 2")
	w.expect(Done, "rollback", "checkout/production", "--reason", "slow shop")
	w.serves("1.0.0")
	contains(t, w.expect(Done, "quarantine", "list").out, "1.1.1")
}

func TestRollbackWithoutAccessIsRecordedAndFails(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.away = true
	r := w.expect(Failed, "rollback", "checkout/production", "--reason", "slow shop")
	contains(t, r.errors, "nobody lives to take it", "connection refused")
	contains(t, w.expect(Done, "status").out, "Asked for", "kim@acme", "slow shop")
}

func TestRollbackBySpecNeedsNoLedger(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	r := w.expect(Done, "rollback", "checkout/production", "--write-spec", "back.json")
	contains(t, r.errors, "To go back to 1.0.0 by it")
	if err := os.RemoveAll(".sluice"); err != nil {
		t.Fatal(err)
	}
	contains(t, w.expect(Done, "rollback", "--spec", "back.json", "--dry-run").out, "send all traffic to 1.0.0", "1.1.1 at 100 %", "Nothing was changed")
	w.serves("1.1.1")
	contains(t, w.expect(BadUsage, "rollback", "--spec", "back.json").errors, "--reason is missing")
	contains(t, w.expect(BadUsage, "rollback", "other/production", "--spec", "back.json", "--reason", "x").errors, "is for checkout/production")
	r = w.expect(Done, "rollback", "--spec", "back.json", "--reason", "the ledger is gone")
	contains(t, r.out, "checkout/production is back: 1.0.0 at 100 %.")
	contains(t, r.errors, "Not recorded", "the ledger is gone", "see whether that is 1.0.0:\n  sluice drift checkout/production\nOnly where it is another artifact:\n  sluice rollback checkout/production")
	w.serves("1.0.0")
	if _, err := os.Stat(".sluice"); !os.IsNotExist(err) {
		t.Error("it made a ledger:", err)
	}
	w.away = true
	contains(t, w.expect(Failed, "rollback", "--spec", "back.json", "--reason", "x").errors, "connection refused", "safe to run this again")
}

func TestWaitSaysHowItEnded(t *testing.T) {
	w := toldWorld(t)
	golden(t, "wait-rolled-back.txt", w.expect(RolledBack, "wait", "checkout/production").errors)
	w = newWorld(t)
	contains(t, w.expect(Failed, "wait", "checkout/production").errors, "the ledger does not exist", "--ledger URL")
	w.shipped(first)
	w.broken(bad, 2)
	w.asleep = func() {
		if _, err := w.app().engine(w.open()).Continue(t.Context(), key); err == nil {
			t.Error("the bad artifact was shipped")
		}
	}
	var ended release.Result
	if r := w.expect(RolledBack, "wait", "checkout/production", "--json"); json.Unmarshal([]byte(r.out), &struct{ Result *release.Result }{&ended}) != nil || ended != release.WentBack {
		t.Error(r.out)
	}
}
