package actions_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// TestARollbackPassesThroughNoGateAndWaitsForNoLease has everything on hold and
// somebody else at the wheel.
func TestARollbackPassesThroughNoGateAndWaitsForNoLease(t *testing.T) {
	w := newWorld(t)
	w.shipped(first, good)
	if err := hold.Place(t.Context(), w.ledger(), hold.Hold{Scope: "all", Reason: "night", By: "ops@acme", At: w.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	w.held()
	before := w.clock.Now()
	config := asked("reason", "checkout is slow")
	if diags, err := w.Action("sluice_rollback", config); err != nil || len(diags) > 0 {
		t.Fatalf("%v: %s", err, lines(diags))
	}
	got := w.Invoke(t.Context(), "sluice_rollback", config)
	succeeded(t, got, "checkout/production goes back at once, without a gate",
		"rollout 3 goes from 1.1.1 to 1.0.0 (rollback)", "100 % of the traffic is on 1.0.0", "1.0.0 is the only one", "checkout/production is back: 1.0.0 serves.")
	w.serves(first)
	if waited := w.clock.Now().Sub(before); waited > 10*time.Second {
		t.Errorf("it waited %s", waited)
	}
	q := w.history().Quarantine[good.Key()]
	if q.By != "kim@acme" || q.Reason != "checkout is slow" {
		t.Errorf("the quarantine is %+v", q)
	}
}

func TestARollbackOfAnOpenRolloutAbortsIt(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	succeeded(t, w.Invoke(t.Context(), "sluice_rollback", asked("reason", "slow")), "all traffic is back on 1.0.0")
	w.serves(first)
	if last := w.history().Last(); last.State != release.Aborted {
		t.Errorf("the rollout is %s", last.State)
	}
}

func TestARollbackWithNowhereToGoIsRefusedAtPlan(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	diags, err := w.Action("sluice_rollback", asked("reason", "slow"))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, lines(diags), "ERROR (release) Unable to roll back checkout/production: There is nothing to go back to")
	got := w.Invoke(t.Context(), "sluice_rollback", asked("reason", "slow"))
	contains(t, lines(got.Diagnostics), "ERROR () Unable to roll back checkout/production: There is nothing to go back to")
	w.serves(first)
}

func TestALedgerThatDoesNotWorkStopsNoRollback(t *testing.T) {
	w := newWorld(t)
	w.shipped(first, good)
	w.behind(`UPDATE record SET actor = 'you' WHERE stream = 'release/checkout/production' AND seq = 5`)
	diags, err := w.Action("sluice_rollback", asked("reason", "slow shop"))
	if err != nil || acctest.Errors(diags) != nil {
		t.Fatalf("%v: %s", err, lines(diags))
	}
	contains(t, lines(diags), "WARNING (release) The ledger does not work", "record release/checkout/production#5 is not what was written")
	got := w.Invoke(t.Context(), "sluice_rollback", asked("reason", "slow shop"))
	succeeded(t, got, "going back to 1.0.0 all the same", "checkout/production is back: 1.0.0 at 100 %")
	contains(t, lines(got.Diagnostics), "WARNING", "the ledger does not know of it", "kim@acme at 2026-03-02", "slow shop", "The record does not know of it")
	w.serves(first)
	// What can wait does not go on with such a ledger.
	got = w.Invoke(t.Context(), "sluice_continue", asked())
	contains(t, lines(got.Diagnostics), "ERROR () Unable to continue checkout/production", "release/checkout/production#5")
}

func TestAnAbortStopsWhatIsOpen(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	w.held()
	config := asked("reason", "corrupts baskets")
	config["quarantine"] = tftypes.NewValue(tftypes.Bool, true)
	if diags, err := w.Action("sluice_abort", config); err != nil || len(diags) > 0 {
		t.Fatalf("%v: %s", err, lines(diags))
	}
	succeeded(t, w.Invoke(t.Context(), "sluice_abort", config),
		"stopping rollout 2 of checkout/production, which stands at 10 %", "all traffic is back on 1.0.0", "Rollout 2 of checkout/production is aborted; 1.0.0 serves.")
	w.serves(first)
	h := w.history()
	if a := h.Last().Abort; a == nil || a.By != "kim@acme" || a.Reason != "corrupts baskets" || h.Quarantine[good.Key()].Reason == "" {
		t.Errorf("the abort is %+v, the quarantine %v", a, h.Quarantine)
	}
	diags, err := w.Action("sluice_abort", config)
	if err != nil || acctest.Errors(diags) != nil {
		t.Errorf("%v: %s", err, lines(diags))
	}
	contains(t, lines(diags), "WARNING (release) Nothing to abort in checkout/production now")
	contains(t, lines(w.Invoke(t.Context(), "sluice_abort", config).Diagnostics), "ERROR () Unable to abort checkout/production: No rollout of checkout/production is open", "sluice rollback checkout/production")
}

func TestARequestThatNobodyTakesIsAnError(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	w.away = true
	got := w.Invoke(t.Context(), "sluice_abort", asked("reason", "no access from here"))
	contains(t, strings.Join(got.Lines, "\n"), "the request is recorded; waiting for whoever drives rollout 2")
	contains(t, lines(got.Diagnostics), "ERROR () Unable to stop checkout/production: the request is recorded, but nobody lives to take it", "no lease is held", "connection refused", "--write-spec FILE")
	w.away = false
	if a := w.history().Last().Abort; a == nil || a.Reason != "no access from here" {
		t.Errorf("the request is %+v", a)
	}
	// The next who drives takes it up.
	contains(t, lines(w.Invoke(t.Context(), "sluice_continue", asked()).Diagnostics), "ERROR () Unable to release checkout 1.1.1 to production: aborted")
	w.serves(first)
}

func TestContinueDrivesToTheEnd(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	if diags, err := w.Action("sluice_continue", asked()); err != nil || len(diags) > 0 {
		t.Fatalf("%v: %s", err, lines(diags))
	}
	got := w.Invoke(t.Context(), "sluice_continue", asked())
	succeeded(t, got, "checkout/production 50 %, step 2 of 3: 50 % of the traffic is on 1.1.1", "looked; next look in 10s", "1.1.1 is the only one", "Rollout 2 of checkout/production succeeded; 1.1.1 serves.")
	w.serves(good)
	if len(got.Lines) > 40 {
		t.Errorf("it said %d lines:\n%s", len(got.Lines), strings.Join(got.Lines, "\n"))
	}
	got = w.Invoke(t.Context(), "sluice_continue", asked())
	succeeded(t, got, "No rollout of checkout/production is open; 1.1.1 serves.")
}

func TestContinueFailsWhereTheRolloutDoes(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(bad, 1)
	got := w.Invoke(t.Context(), "sluice_continue", asked())
	// Terraform 1.14 makes "summary: detail" of it, so the first line begins anew.
	text := lines(got.Diagnostics)
	contains(t, text, "ERROR () Unable to release checkout 1.2.2 to production: rolled back", "What serves now 1.0.0")
	if !strings.Contains(text, "rolled back: \n  What happened ") {
		t.Errorf("the first line stands behind the summary:\n%s", text)
	}
	w.serves(first)
}

// TestAnInterruptLeavesContinueOpenAndLetsAnAbortEnd cancels both in the middle, as
// Ctrl-C does.
func TestAnInterruptLeavesContinueOpenAndLetsAnAbortEnd(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.before = func(verb string) {
		if verb == sim.VerbApply {
			cancel()
		}
	}
	got := w.Invoke(ctx, "sluice_continue", asked())
	contains(t, lines(got.Diagnostics), "ERROR () Unable to release checkout 1.1.1 to production", "sluice continue checkout/production")
	if w.history().Open() == nil {
		t.Fatal("the rollout is closed")
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	w.before = func(verb string) {
		if verb == sim.VerbRevert {
			cancel()
		}
	}
	got = w.Invoke(ctx, "sluice_abort", asked("reason", "errors in the shop"))
	if err := acctest.Errors(got.Diagnostics); err != nil {
		t.Errorf("%v after %q", err, got.Lines)
	}
	w.serves(first)
	if last := w.history().Last(); last.State != release.Aborted {
		t.Errorf("the rollout is %s", last.State)
	}
}

func TestAHoldStopsWhatGoesForward(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	config := config{"scope": acctest.Text("environment/production"), "reason": acctest.Text("moving the database"), "until": acctest.Text("2h")}
	if diags, err := w.Action("sluice_hold", config); err != nil || len(diags) > 0 {
		t.Fatalf("%v: %s", err, lines(diags))
	}
	succeeded(t, w.Invoke(t.Context(), "sluice_hold", config), "environment/production is on hold until 2026-03-02 1", "sluice hold lift environment/production")
	if err := w.ship(t.Context(), good); err == nil || !strings.Contains(err.Error(), "moving the database") {
		t.Errorf("shipping under a hold: %v", err)
	}
	holds, err := hold.List(t.Context(), w.ledger())
	if err != nil || len(holds) != 1 || holds[0].By != "kim@acme" || holds[0].Until.Sub(holds[0].At) != 2*time.Hour {
		t.Errorf("%v, %v", holds, err)
	}
	mistyped := w.mustPlan("sluice_hold", map[string]tftypes.Value{"scope": acctest.Text("service/chekout"), "reason": acctest.Text("x")})
	contains(t, mistyped, "WARNING (scope) Nothing is within service/chekout")
	if err := hold.Place(t.Context(), w.ledger(), hold.Hold{Scope: "all", Reason: "night", By: "ops@acme", At: w.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	theirs := w.Invoke(t.Context(), "sluice_hold", map[string]tftypes.Value{"scope": acctest.Text("all"), "reason": acctest.Text("x")})
	contains(t, lines(theirs.Diagnostics), "ERROR () Unable to hold all", "ops@acme: night", "sluice hold lift all")
}

// mustPlan gives the diagnostics of a plan without errors.
func (w *world) mustPlan(name string, config config) string {
	w.t.Helper()
	diags, err := w.Action(name, config)
	if err == nil {
		err = acctest.Errors(diags)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return lines(diags)
}

// TestARollbackThatIsInterruptedAtOnceSaysSo cancels it before it has begun.
func TestARollbackThatIsInterruptedAtOnceSaysSo(t *testing.T) {
	w := newWorld(t)
	w.shipped(first, good)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := w.Invoke(ctx, "sluice_rollback", asked("reason", "slow"))
	contains(t, lines(got.Diagnostics), "ERROR () Unable to roll back checkout/production: It was interrupted before it knew its request to be in the record", "invoke it again")
	w.serves(good)
}
