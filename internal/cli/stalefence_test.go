package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// restored is a world whose ledger was brought back from before the last release,
// while the target has seen the fences of all that came after.
func restored(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	backup, err := os.ReadFile(".sluice/ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.held("ci@acme 4711")()
	}
	w.shipped(third)
	w.bring(backup)
	return w
}

// bring puts a ledger back in place of the one that is there.
func (w *world) bring(backup []byte) {
	w.t.Helper()
	if err := os.RemoveAll(".sluice"); err != nil {
		w.t.Fatal(err)
	}
	if err := os.MkdirAll(".sluice", 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(".sluice/ledger.db", backup, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// TestADryRunForeseesThatTheLedgerIsBehind: the rollback is refused in words of its own,
// opens nothing, and goes through once the ledger is bound anew.
func TestADryRunForeseesThatTheLedgerIsBehind(t *testing.T) {
	w := restored(t)
	refused := func() {
		t.Helper()
		r := w.expect(Failed, "rollback", "checkout/production", "--dry-run")
		contains(t, r.out, "path fail the target has seen the fence 12, and this ledger has come to 6 only", "sluice ledger rebind --reason", "It would be refused now.")
		contains(t, r.errors, "Unable to drive checkout/production: the ledger is behind its target", "sluice ledger rebind --reason")
		if strings.Contains(r.out, "To do it") {
			t.Errorf("it says how to do what is refused:\n%s", r.out)
		}
		var plan backPlanJSON
		if err := json.Unmarshal([]byte(w.expect(Failed, "rollback", "checkout/production", "--dry-run", "--json").out), &plan); err != nil || plan.To == nil {
			t.Errorf("%v, %+v", err, plan)
		}
	}
	refused()
	for range 5 {
		r := w.expect(Failed, "rollback", "checkout/production", "--reason", "slow")
		contains(t, r.errors, "Unable to drive checkout/production: the ledger is behind its target", "sluice ledger rebind --reason")
		if strings.Contains(r.errors, "apply again") || strings.Contains(r.errors, "Unable to release") {
			t.Errorf("a rollback speaks of an apply:\n%s", r.errors)
		}
	}
	// Each attempt took a fence, and what was found still holds.
	contains(t, w.expect(Failed, "rollback", "checkout/production", "--dry-run").out, "path fail the target has seen the fence 12")
	w.expect(Done, "ledger", "rebind", "--reason", "restored the backup of 10:00")
	contains(t, w.expect(Done, "rollback", "checkout/production", "--dry-run").out, "path pass")
	w.expect(Done, "rollback", "checkout/production", "--reason", "slow")
	w.serves("1.0.0")
}

// halfBack is a world whose rollback was stopped before it moved any traffic.
func halfBack(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.stop = func(verb string) {
		if verb == sim.VerbPrepare {
			cancel()
		}
	}
	a := w.app()
	a.actorName = "kim@acme"
	l, err := ledgers.Open(t.Context(), ledgers.Default(), ledgers.Options{Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var stopped *release.InterruptedError
	if _, err := a.engine(l).Back(ctx, key, release.BackRequest{Reason: "slow"}); !errors.As(err, &stopped) {
		t.Fatalf("the rollback was to be interrupted: %v", err)
	}
	w.stop = nil
	return w
}

// TestADryRunKnowsOfTheRollbackThatIsOpen: what the next rollback would do is to bring it
// to its end, and not to abort it.
func TestADryRunKnowsOfTheRollbackThatIsOpen(t *testing.T) {
	w := halfBack(t)
	contains(t, w.expect(Done, "status", "checkout/production").out, "1.1.1 -> 1.0.0 rollout 3")
	r := w.expect(Done, "rollback", "checkout/production", "--dry-run")
	contains(t, r.out, "would go from 1.1.1 to 1.0.0", "take over rollout 3, a rollback to 1.0.0 that is open already",
		"the ledger has 1 rollback of this release, but none of this kind that has come to its end")
	if strings.Contains(r.out, "abort") || strings.Contains(r.out, "quarantine 1.0.0") {
		t.Errorf("it would not be aborted:\n%s", r.out)
	}
	var out backPlanJSON
	r = w.expect(Done, "rollback", "checkout/production", "--dry-run", "--json")
	if err := json.Unmarshal([]byte(r.out), &out); err != nil || out.Resumes != 3 || out.Aborts != 0 || out.To.Version != "1.0.0" {
		t.Errorf("%v: %s", err, r.out)
	}
	// The file to go back by leads to the same artifact.
	w.expect(Done, "rollback", "checkout/production", "--write-spec", "back.json")
	w.expect(Done, "rollback", "--spec", "back.json", "--reason", "the ledger is refused")
	w.serves("1.0.0")
}

// TestADryRunCountsTheRollbacksThatStatusShows: one that went back out of a rollout says
// nothing of how long a person's takes, but it is not none.
func TestADryRunCountsTheRollbacksThatStatusShows(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	if _, err := w.ship(t.Context(), bad); err == nil {
		t.Fatal("the bad artifact was released")
	}
	contains(t, w.expect(Done, "status", "checkout/production").out, "3: rolled back")
	contains(t, w.expect(Done, "rollback", "checkout/production", "--dry-run").out,
		"not measured yet (the ledger has 1 rollback of this release, but none of this kind that has come to its end)")
	w.expect(Done, "rollback", "checkout/production", "--reason", "slow")
	w.shipped(third)
	contains(t, w.expect(Done, "rollback", "checkout/production", "--dry-run").out, "in the last 1 rollback, from the decision to the end")
}
