package notify

import (
	"context"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// history appends a record of every kind that there is, in several rollouts, and what
// is declared beside them.
func (w *world) history() {
	w.Helper()
	const key = "checkout/production"
	moves := func(number int, body release.MoveBody, states ...release.State) {
		for _, s := range states {
			w.append(key, move(s), number, body)
		}
	}
	owner := release.Owner{ID: "o1", Label: "ci@acme"}
	w.object(release.EnvironmentKind, "production", release.Environment{Name: "production", Tier: "production"})
	w.object(release.EnvironmentKind, "production", release.Environment{Name: "production", Order: 3})
	w.object(release.ServiceKind, "checkout", release.Service{Name: "checkout", Team: "payments"})
	w.object(holdKind, "environment/production", map[string]any{"reason": "moving"})
	w.object("change_window", "black-friday", map[string]any{"kind": "freeze"})
	w.undeclare(holdKind, "environment/production")
	w.undeclare("change_window", "black-friday")

	w.append(key, release.KindAdopted, 0, release.AdoptedBody{Spec: release.Spec{Payload: one}, Owner: owner})
	w.append(key, release.KindOwned, 0, release.OwnedBody{Owner: owner})
	w.append(key, release.KindSpecified, 0, release.SpecifiedBody{Spec: release.Spec{Payload: one}})
	w.append(key, release.KindRenamed, 0, release.RenamedBody{From: release.Key{Service: "shop", Environment: "production"}})

	w.append(key, release.KindOpened, 1, opens(1))
	w.append(key, release.KindAnalysis, 1, release.AnalysisBody{})
	moves(1, release.MoveBody{From: release.Opened}, release.Preparing, release.Stepping)
	w.append(key, release.KindGates, 1, release.GatesBody{Results: []gate.Result{{Gate: "hold", Status: gate.Pass}}})
	w.append(key, release.KindGates, 1, release.GatesBody{Step: 1, Results: []gate.Result{{Gate: "hold", Status: gate.Pass}, {Gate: "window", Status: gate.Fail, Reason: "freeze", Remedy: "wait", NextAt: start.Add(time.Hour)}}})
	moves(1, release.MoveBody{From: release.Stepping, Cause: release.CauseGate, Reason: "window: freeze"}, release.Paused)
	w.append(key, release.KindIntent, 1, release.Effect{Kind: release.EffectApply})
	w.append(key, release.KindOutcome, 1, release.OutcomeBody{Effect: release.Effect{Kind: release.EffectApply, Weight: 25}, Done: true})
	w.append(key, release.KindOutcome, 1, release.OutcomeBody{Effect: release.Effect{Kind: release.EffectPrepare}, Done: true})
	w.append(key, release.KindFailure, 1, release.FailureBody{Effect: release.Effect{Kind: release.EffectApply, Attempt: 1}, Code: "unavailable", Message: "status 503"})
	w.append(key, release.KindTick, 1, release.TickBody{})
	w.append(key, release.KindStepPassed, 1, release.StepPassedBody{Step: 0, Reason: "safe"})
	w.append(key, release.KindStepExtended, 1, release.StepExtendedBody{Step: 1})
	w.append(key, release.KindChecked, 1, release.CheckedBody{Step: 1, Attempt: 1, Attempts: 3, Result: check.Result{Name: "smoke", Status: check.Pass, Reason: "status 200"}})
	w.append(key, release.KindResumed, 1, release.ResumedBody{Step: 1, By: "kim@acme", Reason: "seen"})
	moves(1, release.MoveBody{From: release.Stepping}, release.Baking, release.Completing, release.Succeeded)
	w.append(key, release.KindDependencies, 1, release.DependenciesBody{Results: []gate.Result{{Gate: "dependency", Status: gate.Unknown, Reason: "psp: no answer"}}})

	w.append(key, release.KindOpened, 2, opens(2))
	harm := release.MoveBody{From: release.Baking, Cause: release.CauseHarm, Reason: "errors 41 of 203", Quarantine: true}
	moves(2, harm, release.Reverting, release.RollbackFailed, release.RolledBack)
	w.append(key, release.KindQuarantined, 2, release.Quarantined{Payload: two, Reason: "errors", By: "sluice", At: start})
	w.append(key, release.KindLifted, 0, release.LiftedBody{Key: two.Key(), Reason: "fixed", By: "kim@acme"})

	w.append(key, release.KindOpened, 3, opens(3))
	w.append(key, release.KindAbortRequested, 3, release.RequestBody{By: "kim@acme", Reason: "wrong one", Cause: release.CauseOperator})
	moves(3, release.MoveBody{From: release.Stepping, Cause: release.CauseOperator, Reason: "wrong one"}, release.Aborting, release.Aborted)
	w.append(key, release.KindOpened, 4, opens(4))
	moves(4, release.MoveBody{From: release.Completing, Cause: release.CauseError, Reason: "the target is gone"}, release.Errored)
	w.append(key, release.KindBackRequested, 0, release.RequestBody{By: "kim@acme", Reason: "slow", Cause: release.CauseOperator})
	back := opens(5)
	back.Kind, back.Spec.Payload, back.Baseline = release.BackOut, one, &two
	w.append(key, release.KindOpened, 5, back)
	moves(5, release.MoveBody{}, release.Succeeded)
	repair := opens(6)
	repair.Kind = release.Repair
	w.append(key, release.KindOpened, 6, repair)
	moves(6, release.MoveBody{}, release.Succeeded)
	fresh := opens(7)
	fresh.Baseline = nil
	w.append(key, release.KindOpened, 7, fresh)
	moves(7, harm, release.RolledBack)
	fresh.Number = 8
	w.append(key, release.KindOpened, 8, fresh)
	moves(8, release.MoveBody{}, release.Succeeded)
	for kind, body := range map[string]any{
		release.KindTargetStarted: release.TargetStartedBody{Target: "eu-1"},
		release.KindTargetWaiting: release.TargetWaitingBody{Target: "eu-1", Reason: "window"},
		release.KindTargetEnded:   release.TargetEndedBody{Target: "eu-1", Result: release.Shipped, Rollout: 1, Changed: true},
		release.KindTargetFailed:  release.TargetFailedBody{Target: "eu-1", Cause: release.CauseHarm, Reason: "ill"},
		release.KindTargetBack:    release.TargetBackBody{Target: "eu-1"},
		release.KindWaveWatched:   release.WaveWatchedBody{},
	} {
		w.append(key, kind, 8, body)
	}
	w.append(key, release.KindBehind, 0, release.BehindBody{Seen: 12, Given: 8})
	w.append(key, release.KindReleased, 0, release.ReleasedBody{Reason: "removed"})
	w.append(key, "something.newer", 0, map[string]any{"secret": "never told"})
	if err := ledger.Rebind(w.Context(), w.store(), "6f1c2d3e-0000-4000-8000-000000000000", "the disk died", "kim@acme", w.clock.Now()); err != nil {
		w.Fatal(err)
	}
	w.appendTo(ledger.LedgerStream, ledger.KindScope, 0, ledger.Scope{Scope: "acme/retail", Above: []string{"acme"}})
	w.appendTo(ledger.LedgerStream, ledger.KindUnsealed, 0, ledger.Unsealed{To: "s3://acme/ledger", Mark: "m1", Reason: "not today"})
	w.appendTo(ledger.LedgerStream, ledger.KindMoved, 0, ledger.Moved{From: "sqlite:/a", To: "s3://acme/ledger", Mark: "m2"})
	report := drift.Report{Mode: drift.ModeReport, Status: drift.StatusDrifted, Severity: "high", Differences: []drift.Finding{{}}}
	w.appendTo(drift.Stream("checkout@production"), drift.KindChecked, 0, report)
	report.Moving, report.Status = true, drift.StatusUnknown
	w.appendTo(drift.Stream("checkout@production"), drift.KindChecked, 0, report)
	w.appendTo(grant.Stream(release.Key{Service: "checkout", Environment: "production"}), grant.KindOpened, 0, grant.OpenedBody{
		Number: 9, Scope: grant.Full, Reason: "every gate passes", Driver: "lambda", Role: "arn:aws:iam::123456789012:role/releases", Session: "sluice-checkout", AccessKeyID: "ASIAEXAMPLE", Expiration: start.Add(time.Hour)})
	w.undeclare(release.EnvironmentKind, "production")
}

// all makes the events of every record of the ledger, stream by stream.
func (w *world) all() []Event {
	w.Helper()
	id, err := w.store().ID(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	d := w.deliverer("all")
	d.prepare()
	heads, err := w.store().Heads(w.Context(), "")
	if err != nil {
		w.Fatal(err)
	}
	var out []Event
	for _, h := range heads {
		p := &place{}
		teller := Teller{Ledger: id, Opening: func(ctx context.Context, stream string, n int) (Opening, error) { return d.opening(ctx, p, stream, n) }}
		records, err := w.store().Read(w.Context(), h.Stream, 1)
		if err != nil {
			w.Fatal(err)
		}
		for i, rec := range records {
			var before *ledger.Record
			if i > 0 {
				before = &records[i-1]
			}
			events, err := teller.Tell(w.Context(), before, rec)
			if err != nil {
				w.Fatal(err)
			}
			out = append(out, events...)
		}
	}
	return out
}

func TestEachTypeIsMadeByOneRecordOrAnother(t *testing.T) {
	w := newWorld(t)
	w.history()
	made := map[Type]bool{}
	ids := map[string]bool{}
	for _, e := range w.all() {
		made[unversioned(e.Type)] = true
		if ids[e.ID] {
			t.Errorf("two events have the id %s: %s", e.ID, brief(e))
		}
		ids[e.ID] = true
	}
	for _, typ := range Types() {
		if !made[typ] {
			t.Errorf("no record made %s", typ)
		}
	}
	if !made[Own("change_window", "declared")] || !made[Own("service", "declared")] {
		t.Errorf("other declared objects make nothing: %v", made)
	}
}
