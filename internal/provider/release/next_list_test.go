package release_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// declaredBeside are a service and a policy, for a release that takes them.
const declaredBeside = `
resource "sluice_service" "checkout" {
  name       = "checkout"
  team       = "payments"
  objectives = { error_ceiling = "5%", latency = { share = "99%", within = "300ms" } }
}
resource "sluice_rollback_policy" "cautious" {
  name        = "cautious"
  max_per_day = 2
}
`

// asked is a configuration that only asks for lists.
func (s *stage) asked(config string, lists ...string) {
	s.t.Helper()
	s.Write("main.tf", fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", s.ledger))
	text := ""
	for i, list := range lists {
		text += fmt.Sprintf("list %q \"l%d\" {\n  provider = sluice\n%s}\n", list, i, config)
	}
	s.Write("all.tfquery.hcl", text)
}

// TestNextAReleaseIsListedAndImportedAgain has terraform query write what would import a
// release and all that it takes, and wants the plan after that to be empty: Terraform
// writes each definition anew, as jsonencode.
func TestNextAReleaseIsListedAndImportedAgain(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1, `
  service_definition = sluice_service.checkout.definition
  rollback_policy    = sluice_rollback_policy.cautious.definition
`), "report", "")+declaredBeside)
	s.MustApply()
	other := s.sharing()
	other.asked("", "sluice_release", "sluice_environment", "sluice_deployment_strategy", "sluice_drift_check", "sluice_service", "sluice_rollback_policy")
	found, result := other.Query("-generate-config-out=imported.tf")
	if result.Exit != 0 || len(found) != 6 {
		t.Fatalf("exit %d, %d were found: %s", result.Exit, len(found), result.Output)
	}
	for _, f := range found {
		if f.Address == "list.sluice_release.l0" && (f.Display != "checkout 1.0.0 in production, steady" || f.Identity["service"] != "checkout" || f.Identity["environment"] != "production") {
			t.Errorf("%+v", f)
		}
	}
	if plan := other.Plan(); plan.Exit != 2 || len(plan.Diagnostics) > 0 || !strings.Contains(plan.Output, "Plan: 6 to import, 0 to add, 0 to change, 0 to destroy") {
		raw, _ := os.ReadFile(filepath.Join(other.Dir, "imported.tf"))
		t.Fatalf("exit %d: %s\n%s", plan.Exit, plan.Output, raw)
	}
	other.MustApply()
	if state := other.State("sluice_release.l0_0"); state == nil || state["status"] != "steady" {
		t.Errorf("the state has %v", state)
	}
	other.Write("imported.tf", "")
	other.Write("main.tf", fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", s.ledger))
	other.Write("all.tfquery.hcl", "list \"sluice_release\" \"all\" {\n  provider = sluice\n}\n")
	acctest.ShowsWhatIsSeen(t, "../../../examples/list-resources/sluice_release/output.txt", other.printed("query", "-no-color"))
	s.listedBy(other)
}

// listedBy asks for releases by filters, right and wrong.
func (s *stage) listedBy(other *stage) {
	t := s.t
	t.Helper()
	for config, want := range map[string]int{`status = "steady"`: 1, `status = "open"`: 0, `environment = "staging"`: 0, "service = \"checkout\"\nenvironment = \"production\"": 1} {
		other.asked("include_resource = true\nconfig {\n"+config+"\n}\n", "sluice_release")
		found, result := other.Query()
		if result.Exit != 0 || len(found) != want {
			t.Errorf("%s: exit %d, %d were found and not %d: %s", config, result.Exit, len(found), want, result.Output)
		}
		for _, f := range found {
			if f.Resource["id"] != "checkout/production" {
				t.Errorf("%s: the resource is %v", config, f.Resource)
			}
		}
	}
	other.asked("config {\nstatus = \"stedy\"\n}\n", "sluice_release")
	_, wrong := other.Query()
	other.Wants(wrong, "error", "Invalid status", `"stedy" is not a status; it must be open, steady`)
	other.ledger += ".none"
	other.asked("", "sluice_release")
	_, none := other.Query()
	if other.Wants(none, "error", "Unable to list releases", "there is no ledger here yet"); wrong.Exit != 1 || none.Exit != 1 {
		t.Errorf("exit %d and %d", wrong.Exit, none.Exit)
	}
}

// TestNextAReleaseOverManyTargetsIsListedAndImportedAgain is the same with targets and
// waves, and with a wait, while a rollout is open and afterwards.
func TestNextAReleaseOverManyTargetsIsListedAndImportedAgain(t *testing.T) {
	f := newFleet(t, "eu", "us")
	f.Write("main.tf", f.over(f.v1, waves))
	f.MustApply()
	other := f.sharing()
	other.asked("", "sluice_release")
	found, result := other.Query("-generate-config-out=imported.tf")
	if result.Exit != 0 || len(found) != 1 {
		t.Fatalf("exit %d, %d were found: %s", result.Exit, len(found), result.Output)
	}
	if plan := other.Plan(); plan.Exit != 2 || len(plan.Diagnostics) > 0 || !strings.Contains(plan.Output, "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy") {
		raw, _ := os.ReadFile(filepath.Join(other.Dir, "imported.tf"))
		t.Fatalf("exit %d: %s\n%s", plan.Exit, plan.Output, raw)
	}
	other.MustApply()
}

// TestNextAnOpenRolloutIsListedAndGoneOnWith imports a release in the middle, from what
// Terraform writes: the next apply goes on.
func TestNextAnOpenRolloutIsListedAndGoneOnWith(t *testing.T) {
	s := interrupted(t)
	other := s.sharing()
	other.asked("config {\nstatus = \"open\"\n}\n", "sluice_release")
	found, result := other.Query("-generate-config-out=imported.tf")
	if result.Exit != 0 || len(found) != 1 || found[0].Display != "checkout 1.1.0 in production, stepping" {
		t.Fatalf("exit %d, %+v: %s", result.Exit, found, result.Output)
	}
	plan := other.Plan()
	other.Wants(plan, "warning", "rollout 2 of checkout 1.1.0 in production is open; apply goes on with it")
	other.MustApply()
	other.wantServing(s.v2)
}
