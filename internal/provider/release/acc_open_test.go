package release_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// interrupted is a stage whose update to 1.1.0 was stopped at 20 %.
func interrupted(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.ship(s.v1, slow)
	s.Write("main.tf", s.config(s.v2, slow))
	stopped := s.interrupt()
	s.Wants(stopped, "error", "Unable to release checkout 1.1.0 to production: the rollout is not finished", "apply again to go on from here", "sluice abort checkout/production")
	return s
}

func TestAccAnInterruptLeavesATruthfulStateAndTheNextApplyGoesOn(t *testing.T) {
	s := interrupted(t)
	s.wantState("1.1.0", "stepping")
	plan := s.Plan()
	s.Wants(plan, "warning", "rollout 2 of checkout 1.1.0 in production is open; apply goes on with it", "It stands at 20 %")
	if len(plan.Of("warning")) != 1 || plan.Exit != 2 {
		t.Fatalf("want one warning and a plan that is not empty: %s", plan.Output)
	}
	unknown, _ := s.Change(address).AfterUnknown.(map[string]any)
	if unknown["status"] != true || unknown["serving"] != true {
		t.Errorf("unknown is %v, want status and serving", unknown)
	}
	s.MustApply()
	s.wantServing(s.v2)
	s.wantState("1.1.0", "steady")
	if n := len(s.history().Rollouts); n != 2 {
		t.Errorf("there are %d rollouts; the open one was to be finished", n)
	}
}

func TestAccGoingBackInTheConfigurationAbortsTheOpenRollout(t *testing.T) {
	s := interrupted(t)
	s.Write("main.tf", s.config(s.v1, slow))
	plan := s.Plan()
	if change := s.Change(address); plan.Exit != 2 || !change.Actions.Update() {
		t.Fatalf("want an update back: %s", plan.Output)
	}
	s.Golden("going back while a rollout is open", plan, "warning")
	s.Wants(plan, "warning", "rollout 2 of checkout 1.1.0 in production is open; apply aborts it and goes back to 1.0.0", "It stands at 20 %", "Nothing holds up the way back.")
	if n := len(plan.Of("warning")); n != 1 {
		t.Errorf("%d warnings, want one: %s", n, plan.Text("warning"))
	}
	s.MustApply()
	s.wantServing(s.v1)
	s.wantState("1.0.0", "steady")
	if last := s.history().Last(); last.Number != 2 || last.State != release.Aborted {
		t.Errorf("the last rollout is %d %s, want 2 aborted and no other", last.Number, last.State)
	}
}

func TestAccAThirdPayloadAbortsRevertsAndThenOpensItsOwn(t *testing.T) {
	s := interrupted(t)
	third := s.lab.Artifact(descriptor("1.3.0"))
	s.Write("main.tf", s.config(third, slow))
	plan := s.Plan()
	s.Golden("a third payload while a rollout is open", plan, "warning")
	s.Wants(plan, "warning", "checkout 1.3.0 can start in production now", "rollout 2 (1.1.0, stepping) is open; it is aborted and goes back first")
	s.MustApply()
	s.wantServing(third)
	s.wantState("1.3.0", "steady")
	h := s.history()
	if len(h.Rollouts) != 3 || h.Rollout(2).State != release.Aborted || h.Rollout(2).Cause != release.CauseSuperseded || h.Rollout(3).State != release.Succeeded {
		t.Errorf("rollouts: %d, the second %s (%s)", len(h.Rollouts), h.Rollout(2).State, h.Rollout(2).Cause)
	}
	if base := h.Rollout(3).Baseline; base == nil || !base.Same(s.v1) {
		t.Errorf("the third began on %v, want 1.0.0, which the abort went back to", base)
	}
}

func TestAccAnOpenRolloutRefusesDeletionAndAnotherTarget(t *testing.T) {
	s := interrupted(t)
	destroyed := s.Apply("-destroy")
	s.Golden("a deletion while a rollout is open", destroyed, "error")
	s.Wants(destroyed, "error", "Unable to delete release checkout/production: a rollout is open", `sluice abort checkout/production --reason "..."`)
	if s.State(address) == nil {
		t.Error("the release is gone from the state though its deletion was refused")
	}
	moved := strings.Replace(s.config(s.v2, slow), s.lab.Contract, s.lab.Contract+"/elsewhere", 1)
	s.Write("main.tf", moved)
	plan := s.Plan()
	if plan.Exit != 1 {
		t.Fatalf("another target was not refused: %s", plan.Output)
	}
	s.Golden("another target while a rollout is open", plan, "error")
	s.Wants(plan, "error", "Unable to change the target of release checkout/production", "Rollout 2 is still open (stepping)", "sluice abort checkout/production")
}

func TestAccAnInterruptedCreateLeavesNoStateAndTheNextOneGoesOn(t *testing.T) {
	first := newStage(t)
	first.ship(first.v1)
	// Another ledger in front of the same lab: what serves is a baseline there, so
	// that the first release has a canary to stand at.
	s := newStageOn(t, first.lab)
	s.v2 = first.v2
	s.Write("main.tf", s.config(s.v2, slow))
	stopped := s.interrupt()
	s.Wants(stopped, "error", "the rollout is not finished")
	if state := s.State(address); state != nil {
		t.Fatalf("an interrupted create left a state, which would be tainted: %v", state)
	}
	// Nobody owns it yet, and its environment is needed all the same.
	destroyed := s.Apply("-destroy", "-target=sluice_environment.production")
	s.Golden("an environment with an open rollout", destroyed, "error")
	s.Wants(destroyed, "error", "Unable to delete environment production", `A rollout is open: checkout/production; to stop it: sluice abort checkout/production --reason "..."`)
	plan := s.Plan()
	s.Wants(plan, "warning", "rollout 1 of checkout 1.1.0 in production is open; apply goes on with it")
	s.MustApply()
	s.wantServing(s.v2)
	h := s.history()
	if len(h.Rollouts) != 1 || h.Owner == nil {
		t.Errorf("%d rollouts, owner %v: the open one was to be finished, and owned", len(h.Rollouts), h.Owner)
	}
	// The state is the owner, though another process opened the rollout.
	s.Write("main.tf", s.config(first.v1, slow))
	s.MustApply()
}
