package release_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const checkAddress = "sluice_drift_check.checkout"

// watched adds a drift check to the configuration of a release.
func watched(config, mode, more string) string {
	return config + `
resource "sluice_drift_check" "checkout" {
  release = sluice_release.checkout.id
  mode    = "` + mode + `"
` + more + `}
`
}

// nudge moves 30 % of the traffic to 1.1.0 by hand.
func (s *stage) nudge() {
	s.t.Helper()
	s.lab.Weight(lab.Weight{Weight: 30, Reference: s.v2.Reference})
}

func TestAccDriftIsReportedPathByPathAndRepairedWhereTheAuthorWantsIt(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1), "report", ""))
	s.MustApply()
	if got := s.State(checkAddress)["status"]; got != "clean" {
		t.Fatalf("status is %v", got)
	}
	s.nudge()
	plan := s.Plan()
	if plan.Exit != 0 {
		t.Fatalf("a report changes nothing: exit %d: %s", plan.Exit, plan.Output)
	}
	s.Golden("drift is reported", plan, "warning")
	s.Wants(plan, "warning", "checkout/production has drifted in 3 places",
		"  baseline.weight: expected 100 %, observed 70 %\n", "  canary.weight: expected 0 %, observed 30 %\n", "Nothing is changed.")

	s.Write("main.tf", watched(s.config(s.v1), "fail", ""))
	if plan = s.Plan(); plan.Exit != 1 {
		t.Fatalf("mode fail let it through: %s", plan.Output)
	}
	s.Golden("drift fails the plan", plan, "error")
	s.Wants(plan, "error", "has drifted in 3 places", "baseline.weight: expected 100 %, observed 70 %")

	s.Write("main.tf", watched(s.config(s.v1), "remediate", ""))
	if plan = s.Plan(); plan.Exit != 2 {
		t.Fatalf("want a repair: %s", plan.Output)
	}
	s.Golden("drift is to be repaired", plan, "warning")
	s.Wants(plan, "warning", "An apply brings it back to what the ledger says")
	s.MustApply()
	s.wantServing(s.v1)
	if got := s.State(checkAddress)["status"]; got != "clean" {
		t.Errorf("status is %v after the repair", got)
	}
	if last := s.history().Last(); last.Kind != release.Repair || last.State != release.Succeeded {
		t.Errorf("the last rollout is %s %s, want a repair", last.Kind, last.State)
	}
}

func TestAccIgnoredDriftIsNeitherReportedNorRepaired(t *testing.T) {
	s := newStage(t)
	const ignore = `  ignore = [
    { path = "baseline.weight", reason = "an incident", expires = "2034-01-01T00:00:00Z" },
    { path = "canary", reason = "an incident", expires = "2034-01-01T00:00:00Z" },
  ]
`
	s.Write("main.tf", watched(s.config(s.v1), "remediate", ignore))
	s.MustApply()
	s.nudge()
	s.MustBeSettled()
	expired := strings.ReplaceAll(ignore, "2034", "2020")
	s.Write("main.tf", watched(s.config(s.v1), "remediate", expired))
	s.Wants(s.Plan(), "warning", "has drifted in 3 places")
}

func TestAccNoRepairIsPlannedBesideARolloutAndAGateHoldsItUp(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1), "remediate", ""))
	s.MustApply()
	s.nudge()
	s.Write("main.tf", watched(s.config(s.v2), "remediate", ""))
	plan := s.Plan()
	if change := s.Change(checkAddress); plan.Exit != 2 || !change.Actions.NoOp() {
		t.Fatalf("a repair is planned beside a rollout: %v", change.Actions)
	}
	s.Wants(plan, "warning", "checkout 1.1.0 is blocked in production", "repair the drift first")

	s.Write("main.tf", watched(s.config(s.v1, `
}
resource "sluice_change_window" "peak" {
  name      = "peak"
  kind      = "freeze"
  time_zone = "UTC"
  absolute  = [{ starts_at = "2020-01-01", ends_at = "2034-01-01" }]
`), "remediate", "  depends_on = [sluice_change_window.peak]\n"))
	s.Golden("a repair that a gate blocks", s.MustFail("Unable to repair release checkout/production: blocked", "peak"), "error")
	if serving := s.lab.Status().Observation.Baseline.Weight; serving != 70 {
		t.Errorf("the baseline has %g %%: what somebody did by hand was undone inside a freeze", serving)
	}
}

func TestAccATargetThatCannotBeSeenIsNotClean(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1), "report", ""))
	s.MustApply()
	s.lab.Faults(lab.Faults{Contract: &lab.ContractFault{Refuse: true}})
	plan := s.Plan()
	s.Golden("drift that cannot be seen", plan, "warning")
	s.Wants(plan, "warning", "nobody can tell whether checkout/production has drifted", "What cannot be seen is not clean.")
	s.lab.Faults(lab.Faults{})
	s.MustBeSettled()
}

func TestAccTheDataSourceShowsWhatServesTheHistoryAndTheGates(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	show := `
data "sluice_release" "checkout" {
  service     = "checkout"
  environment = "production"
  artifact    = { version = "1.2.0", reference = "` + s.v3.Reference + `" }
}
output "shown" {
  value = data.sluice_release.checkout
}
`
	s.Write("main.tf", s.config(s.v3))
	s.MustFail("rolled back")
	s.Write("main.tf", s.config(s.v1)+show)
	s.MustApply()
	shown := s.State("data.sluice_release.checkout")
	serving, _ := shown["serving"].(map[string]any)
	history, _ := shown["history"].([]any)
	gates, _ := shown["gates"].([]any)
	if serving["version"] != "1.0.0" || shown["status"] != "steady" || shown["can_start"] != false || len(history) != 2 || len(gates) != 6 {
		t.Fatalf("shown: %v", shown)
	}
	newest, _ := history[0].(map[string]any)
	quarantine, _ := gates[1].(map[string]any)
	if newest["result"] != "rolled_back" || quarantine["gate"] != "quarantine" || quarantine["status"] != "fail" {
		t.Errorf("newest %v, quarantine %v", newest, quarantine)
	}
	s.Write("main.tf", s.config(s.v1)+strings.Replace(show, `service     = "checkout"`, `service     = "cart"`, 1))
	s.Wants(s.Plan(), "error", "Unable to find release cart/production", "No ledger knows this release")
}
