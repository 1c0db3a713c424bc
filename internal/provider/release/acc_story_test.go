package release_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func TestAccAPlanShowsTheStepsAndOneWarningAndCreatesNoLedger(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", s.config(s.v1))
	plan := s.Plan()
	if plan.Exit != 2 || len(plan.Of("warning")) != 1 {
		t.Fatalf("want a change and one warning: %s", plan.Output)
	}
	if _, err := os.Stat(s.ledger); !os.IsNotExist(err) {
		t.Errorf("the plan made a ledger: %v", err)
	}
	after, _ := s.Change(address).After.(map[string]any)
	want := []any{"1.0.0 at 20 %, at least 300ms", "1.0.0 at 100 %, bake 200ms"}
	if diff := cmp.Diff(want, after["steps"]); diff != "" {
		t.Errorf("definitions of the same apply must give known steps (-want +got):\n%s", diff)
	}
	got := plan.Of("warning")[0]
	text := got.Summary + "\n" + got.Detail
	golden := strings.Join([]string{
		"checkout 1.0.0 can start in production now",
		"  window      pass     no window in scope forbids changes",
		"  quarantine  pass",
		"  hold        pass",
		"  drift       pass",
		"  dependency  pass",
		"  rehearsal   pass",
		"  The way back, to nothing, since nothing serves; how long it takes: not",
		"  measured yet (the ledger has no rollback of this release).",
		"  artifact    pass     nothing serves now, so going back stops the traffic to",
		"                       1.0.0",
		"  path        pass     by itself on harm, health and failed_check, at once;",
		"                       the target goes back by itself 1m after the last sign",
		"                       of a driver",
		"  capacity    pass     nothing serves now, so nothing has to carry the traffic",
		"  reversible  pass     nothing is declared irreversible",
		"  Note: nothing serves yet, so the steps below 100 % are skipped: a canary of",
		"  nothing would send users nowhere.",
		"  A rollback is never held up by these.",
		"  The plan says this; with -auto-approve it is shown after the apply.",
	}, "\n")
	if diff := cmp.Diff(golden, text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAccAFirstReleaseWithNothingServingSkipsItsCanaryAndKeepsItsSteps(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.wantServing(s.v1)
	state := s.wantState("1.0.0", "steady")
	if steps, _ := state["steps"].([]any); len(steps) != 2 {
		t.Errorf("the attribute steps is %v, want it as declared", state["steps"])
	}
	if diff := cmp.Diff([]int{0}, s.history().Last().Skipped); diff != "" {
		t.Errorf("the record of what was skipped (-want +got):\n%s", diff)
	}
}

func TestAccAnotherArtifactIsAnUpdateInPlaceThatOpensOneRollout(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.Write("main.tf", s.config(s.v2))
	plan := s.Plan()
	if len(plan.Of("warning")) != 1 {
		t.Fatalf("want one warning: %s", plan.Output)
	}
	change := s.Change(address)
	unknown, _ := change.AfterUnknown.(map[string]any)
	if !change.Actions.Update() || unknown["serving"] != true || unknown["status"] != true {
		t.Errorf("actions %v, unknown %v: want an update that learns serving and status", change.Actions, unknown)
	}
	apply := s.MustApply()
	if distinct := s.warnings(apply); len(distinct) != 1 {
		t.Errorf("apply must warn of one thing: %v", distinct)
	}
	// OpenTofu does not tell a provider that it plans again during an apply: what is
	// said twice there is the same but for the time at which it is through, which each
	// plan counts from its own now.
	if n := len(apply.Of("warning")); n != 1 && os.Getenv("TF_ACC_PROVIDER_HOST") == "" {
		t.Errorf("apply plans twice and must warn once, not %d times", n)
	}
	s.wantServing(s.v2)
	state := s.wantState("1.1.0", "steady")
	last, _ := state["last_rollout"].(map[string]any)
	if last["number"] != float64(2) || last["result"] != "succeeded" || last["version"] != "1.1.0" {
		t.Errorf("last_rollout is %v", last)
	}
	serving, _ := state["serving"].(map[string]any)
	if serving["version"] != "1.1.0" || serving["weight"] != float64(100) {
		t.Errorf("serving is %v", serving)
	}
}

func TestAccAFailedUpdateLeavesTheOldArtifactAndTheSameChangeAgain(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.Write("main.tf", s.config(s.v3))
	s.MustFail("Unable to release checkout 1.2.0 to production: rolled back",
		"What happened", "What serves now 1.0.0 at 100 %", "What to do", "sluice quarantine lift checkout/production", "sluice explain checkout/production/2")
	s.wantServing(s.v1)
	state := s.wantState("1.0.0", "steady")
	last, _ := state["last_rollout"].(map[string]any)
	if last["result"] != "rolled_back" || last["version"] != "1.2.0" {
		t.Errorf("last_rollout is %v", last)
	}
	plan := s.Plan()
	if plan.Exit != 2 {
		t.Fatalf("the plan after a failure is empty: %s", plan.Output)
	}
	s.Wants(plan, "warning", "checkout 1.2.0 is blocked in production until somebody acts", "quarantine  fail")
	before, _ := s.Change(address).Before.(map[string]any)
	if a, _ := before["artifact"].(map[string]any); a["version"] != "1.0.0" {
		t.Errorf("the change begins at %v", a)
	}
	s.MustFail("Unable to release checkout 1.2.0 to production: blocked", "quarantine", "nothing was changed")
	if n := len(s.history().Rollouts); n != 2 {
		t.Errorf("a blocked apply opened a rollout: there are %d", n)
	}
	s.ship(s.v1)
}

func TestAccARollbackByAPersonShowsTheSameChangeAgain(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.ship(s.v2)
	if _, err := s.engine().Back(context.Background(), key, release.BackRequest{Reason: "checkout is slow"}); err != nil {
		t.Fatal(err)
	}
	plan := s.Plan()
	s.Wants(plan, "warning", "checkout 1.1.0 is blocked in production until somebody acts", "quarantine  fail")
	before, _ := s.Change(address).Before.(map[string]any)
	a, _ := before["artifact"].(map[string]any)
	if plan.Exit != 2 || a["version"] != "1.0.0" {
		t.Errorf("exit %d, the change begins at %v; want 1.0.0, which the person went back to", plan.Exit, a)
	}
	steps, _ := before["steps"].([]any)
	if len(steps) == 0 || !strings.HasPrefix(steps[0].(string), "1.0.0 ") {
		t.Errorf("the diff of steps begins at %v, so Terraform would hide it", steps)
	}
	s.ship(s.v1)
}

func TestAccACreateThatFailsLeavesNoStateAndTheNextOneGoesOnByItsKey(t *testing.T) {
	s := newStage(t)
	missing := s.v2
	missing.Reference = "registry.example/checkout@sha256:" + strings.Repeat("0", 64)
	s.Write("main.tf", s.config(missing, ` timeouts = { create = "30s" }
`))
	s.MustFail("Unable to release checkout 1.1.0 to production")
	if state := s.State(address); state != nil {
		t.Fatalf("a create that failed left a state: %v", state)
	}
	plan := s.Plan()
	if change := s.Change(address); plan.Exit == 1 || !change.Actions.Create() {
		t.Errorf("the next plan is %v, want a create that nothing is deleted for", change.Actions)
	}
	s.ship(s.v1)
	if h := s.history(); h.Owner == nil {
		t.Error("ownership begins with the first success")
	}
}

func TestAccABlockedApplyRefusesAtOnceAndARollbackGoesThrough(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.ship(s.v2)
	freeze := `
}
resource "sluice_change_window" "peak" {
  name      = "black-friday"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = "peak trade"
  owner     = "retail-ops"
  absolute  = [{ starts_at = "2020-01-01T00:00", ends_at = "2034-11-30T22:00" }]
  scope     = { environments = ["production"] }
`
	s.ship(s.v2, freeze)
	next := s.lab.Artifact(descriptor("1.3.0"))
	s.Write("main.tf", s.config(next, freeze))
	plan := s.Plan()
	s.Wants(plan, "warning", "checkout 1.3.0 can start in production at 2034-11-30 22:00 Europe/Berlin", `window      fail     freeze "black-friday"`, "peak trade (retail-ops)")
	s.MustFail("Unable to release checkout 1.3.0 to production: blocked", "black-friday")
	s.wantState("1.1.0", "steady")
	if _, err := s.engine().Back(context.Background(), key, release.BackRequest{Reason: "checkout is slow"}); err != nil {
		t.Fatalf("a rollback was held up: %v", err)
	}
	s.wantServing(s.v1)
}

func TestAccAnEditOpensNothingAndWarnsThatItHoldsFromTheNextRolloutOn(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.Write("main.tf", s.config(s.v1, `
  all_at_once = {}
`))
	plan := s.Plan()
	s.Golden("an edit that opens nothing", plan, "warning")
	s.Wants(plan, "warning", "checkout in production: the edit holds from the next rollout on", "Changed: strategy.")
	s.MustApply()
	if n := len(s.history().Rollouts); n != 1 {
		t.Errorf("an edit opened a rollout: there are %d", n)
	}
}

func TestAccAConfigurationAloneRollsOut(t *testing.T) {
	s := newStage(t)
	digest := func(c string) string {
		return "  configuration_digest = \"sha256:" + strings.Repeat(c, 64) + "\"\n"
	}
	s.ship(s.v1, digest("a"))
	s.ship(s.v1, digest("b"))
	if h := s.history(); len(h.Rollouts) != 2 || !strings.Contains(h.Serving().Key(), strings.Repeat("b", 64)) {
		t.Errorf("the ledger says %+v", h.Serving())
	}
	s.Write("main.tf", s.config(s.v1))
	s.MustApply()
	if got := s.State(address)["configuration_digest"]; got != nil {
		t.Errorf("configuration_digest is %v", got)
	}
}
