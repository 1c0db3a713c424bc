package release_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// whileApplying applies, and lets something happen once the rollout has moved
// traffic.
func (s *stage) whileApplying(do func()) acctest.Result {
	s.t.Helper()
	cmd := s.Command("apply", "-json", "-input=false", "-auto-approve")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.untilCanary()
	do()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return acctest.Read(out.Bytes(), cmd.ProcessState.ExitCode())
}

func TestAccAnAbortBySomebodyElseFailsTheApplyAndLeavesTheOldArtifact(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1, slow)
	s.Write("main.tf", s.config(s.v2, slow))
	ended := s.whileApplying(func() {
		if err := s.engine().RequestAbort(context.Background(), key, release.RequestBody{By: "operator@acme", Cause: release.CauseOperator, Reason: "the shop is on fire"}); err != nil {
			t.Fatal(err)
		}
	})
	if ended.Exit != 1 {
		t.Fatalf("exit %d: %s", ended.Exit, ended.Output)
	}
	s.Wants(ended, "error", "Unable to release checkout 1.1.0 to production: aborted", "the shop is on fire", "1.0.0 at 100 %")
	s.wantServing(s.v1)
	last, _ := s.wantState("1.0.0", "steady")["last_rollout"].(map[string]any)
	if last["result"] != "aborted" || last["version"] != "1.1.0" {
		t.Errorf("last_rollout is %v", last)
	}
	if plan := s.Plan(); plan.Exit != 2 || !s.Change(address).Actions.Update() {
		t.Errorf("exit %d: the next plan was to show the same change", plan.Exit)
	}
}

func TestAccAFirstRolloutThatFailsLeavesNoStateAndNoOwner(t *testing.T) {
	first := newStage(t)
	first.ship(first.v1)
	// Another ledger in front of the same lab: what serves is a baseline there, to
	// which the first rollout goes back.
	s := newStageOn(t, first.lab)
	s.Write("main.tf", s.config(s.v3))
	s.MustFail("Unable to release checkout 1.2.0 to production: rolled back", "1.0.0 at 100 %", "sluice explain checkout/production/1")
	if state := s.State(address); state != nil {
		t.Fatalf("a failed first rollout left a state, which would be tainted: %v", state)
	}
	if h := s.history(); h.Owner != nil || len(h.Rollouts) != 1 {
		t.Errorf("owner %v, %d rollouts: ownership begins with the first success", h.Owner, len(h.Rollouts))
	}
	plan := s.Plan()
	s.Wants(plan, "warning", "checkout 1.2.0 is blocked in production", "quarantine  fail")
	if change := s.Change(address); !change.Actions.Create() {
		t.Errorf("the next plan is %v, want a create that nothing is deleted for", change.Actions)
	}
	s.ship(s.v2)
	s.wantServing(s.v2)
	if h := s.history(); h.Owner == nil || len(h.Rollouts) != 2 {
		t.Errorf("owner %v, %d rollouts: the next create goes on by the release's key", h.Owner, len(h.Rollouts))
	}
}

func TestAccAnEditUnderAnOpenRolloutHoldsFromTheNextOneOn(t *testing.T) {
	s := interrupted(t)
	s.Write("main.tf", s.config(s.v2, "\n  all_at_once = {}\n"))
	plan := s.Plan()
	s.Wants(plan, "warning", "rollout 2 of checkout 1.1.0 in production is open; apply goes on with it",
		"Changed: strategy. The open rollout keeps what it began with; the edit holds from the next one on.")
	if n := len(plan.Of("warning")); n != 1 {
		t.Errorf("%d warnings, want one: %s", n, plan.Text("warning"))
	}
	s.MustApply()
	if r := s.history().Last(); r.Number != 2 || len(r.Steps) != 2 || r.State != release.Succeeded {
		t.Errorf("rollout %d with %d steps %s: it was to keep its two steps", r.Number, len(r.Steps), r.State)
	}
}

func TestAccATimeoutLeavesTheRolloutOpenAndTheNextApplyGoesOn(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1, slow)
	const short = "  timeouts = { update = \"1s\" }\n"
	s.Write("main.tf", s.config(s.v2, slow, short))
	s.MustFail("Unable to release checkout 1.1.0 to production: the rollout is not finished", "apply again to go on from here")
	s.wantState("1.1.0", "stepping")
	s.Write("main.tf", s.config(s.v2, slow))
	s.MustApply()
	s.wantServing(s.v2)
	if n := len(s.history().Rollouts); n != 2 {
		t.Errorf("there are %d rollouts; the open one was to be finished", n)
	}
}

func TestAccARenamedEnvironmentKeepsItsHistoryAndQuarantine(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	if err := s.engine().Quarantine(context.Background(), key, s.v3, "known to be bad"); err != nil {
		t.Fatal(err)
	}
	renamed := s.config(s.v1, "  previous_name = \"checkout/production\"\n")
	s.Write("main.tf", strings.Replace(renamed, `name = "production"`, `name = "live"`, 1))
	if plan := s.Plan(); plan.Exit != 2 || !s.Change(address).Actions.Replace() {
		t.Fatalf("another environment is a replacement: %s", plan.Output)
	}
	s.MustApply()
	s.wantServing(s.v1)
	h, err := s.engine().Load(context.Background(), release.Key{Service: "checkout", Environment: "live"})
	if err != nil {
		t.Fatal(err)
	}
	if _, bad := h.Quarantine[s.v3.Key()]; !bad || h.Renamed == nil || h.Owner == nil {
		t.Errorf("quarantine %v, renamed %v, owner %v", h.Quarantine, h.Renamed, h.Owner)
	}
}

func TestAccDataSourcesGiveDefinitionsSoThatTheStepsAreKnown(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	other := s.sharing()
	config := other.onlyRelease("1.1.0", s.v2.Reference)
	config = strings.Replace(config, `service     = "checkout"`, `service     = "cart"`, 1)
	config = strings.Replace(config, `{ name = "production" }`, `data.sluice_environment.production.definition`, 1)
	config = strings.Replace(config, `{ name = "careful" }`, `data.sluice_deployment_strategy.careful.definition`, 1)
	other.Write("main.tf", config+`
data "sluice_environment" "production" {
  name = "production"
}
data "sluice_deployment_strategy" "careful" {
  name = "careful"
}
`)
	if plan := other.Plan(); plan.Exit != 2 {
		t.Fatalf("exit %d: %s", plan.Exit, plan.Output)
	}
	after, _ := other.Change(address).After.(map[string]any)
	if steps, _ := after["steps"].([]any); len(steps) != 2 || steps[0] != "1.1.0 at 20 %, at least 300ms" {
		t.Errorf("the steps are %v, want them known at plan", after["steps"])
	}
}

func TestAccASavedPlanAsksTheGatesAgain(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.Write("main.tf", s.config(s.v2))
	s.Wants(s.Plan(), "warning", "checkout 1.1.0 can start in production now")
	e := s.engine()
	order := hold.Hold{Scope: hold.OfEnvironment("production"), Reason: "moving the database", By: "operator@acme", At: clock.System{}.Now()}
	if err := hold.Place(context.Background(), e.Ledger, order); err != nil {
		t.Fatal(err)
	}
	applied := s.Run("apply", "-json", "-input=false", "tfplan")
	if applied.Exit != 1 {
		t.Fatalf("a plan from before the hold went through: %s", applied.Output)
	}
	s.Wants(applied, "error", "Unable to release checkout 1.1.0 to production: blocked", "moving the database")
	s.wantServing(s.v1)
	s.wantState("1.0.0", "steady")
}

func TestAccOneWarningForEachRolloutThatIsPlanned(t *testing.T) {
	s := newStage(t)
	second := strings.NewReplacer(`"checkout"`, `"cart"`, `"sluice_release" "cart"`, `"sluice_release" "cart"`)
	config := s.config(s.v1)
	one := config[strings.Index(config, `resource "sluice_release"`):strings.Index(config, `output "serving"`)]
	s.Write("main.tf", config+second.Replace(one))
	plan := s.Plan()
	if got := plan.Of("warning"); len(got) != 2 {
		t.Fatalf("%d warnings, want one for each of two rollouts: %s", len(got), plan.Text("warning"))
	}
	s.Wants(plan, "warning", "checkout 1.0.0 can start in production now", "cart 1.0.0 can start in production now")
}
