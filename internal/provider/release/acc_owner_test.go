package release_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// sharing is another state on the same ledger and the same lab.
func (s *stage) sharing() *stage {
	s.t.Helper()
	other := newStageOn(s.t, s.lab)
	other.ledger, other.v1, other.v2, other.v3 = s.ledger, s.v1, s.v2, s.v3
	return other
}

// onlyRelease is a configuration of the release alone, by the names of the objects
// that another state declares.
func (s *stage) onlyRelease(version, reference string, more ...string) string {
	return `
provider "sluice" {
  ledger = "sqlite:` + s.ledger + `"
}
resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = { name = "production" }
  artifact    = { version = "` + version + `", reference = "` + reference + `" }
  target      = { contract = { url = "` + s.lab.Contract + `" } }
  strategy    = { name = "careful" }
  signals     = { http = { openmetrics = { url = "` + s.lab.Metrics + `", preset = "lab" } } }
` + strings.Join(more, "") + `}
`
}

func TestAccWhatServesIsAdoptedAndIsTheBaselineOtherwise(t *testing.T) {
	first := newStage(t)
	first.ship(first.v1)

	same := newStageOn(t, first.lab)
	same.ship(first.v1)
	if h := same.history(); len(h.Rollouts) != 0 || h.Owner == nil || !h.Serving().Same(first.v1) {
		t.Errorf("%d rollouts, owner %v: what serves already was to be adopted", len(h.Rollouts), h.Owner)
	}
	if last := same.wantState("1.0.0", "steady")["last_rollout"]; last != nil {
		t.Errorf("last_rollout is %v though there was none", last)
	}

	other := newStageOn(t, first.lab)
	other.ship(first.v2)
	r := other.history().Last()
	if r.Baseline == nil || !r.Baseline.Same(first.v1) || len(r.Skipped) != 0 {
		t.Errorf("baseline %v, skipped %v: what serves was to be the baseline", r.Baseline, r.Skipped)
	}
}

func TestAccASecondOwnerIsRefusedAndNamed(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	other := s.sharing()
	other.Write("main.tf", other.onlyRelease("1.1.0", s.v2.Reference))
	plan := other.Plan()
	s.Golden("a second owner, at plan", plan, "warning")
	s.Wants(plan, "warning", "checkout 1.1.0 is blocked in production until somebody acts", "owner       fail     the release belongs to the state of tester@acme")
	s.Golden("a second owner", other.Apply(), "error")
	other.MustFail("Unable to release checkout 1.1.0 to production: another state manages it", "tester@acme", s.history().Owner.ID, "terraform import ADDRESS checkout/production")
	s.wantServing(s.v1)
	if other.State(address) != nil {
		t.Error("the refused create left a state")
	}
}

func TestAccDeletionStopsManagingAndLeavesTheWorkloadAlone(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	if destroyed := s.Apply("-destroy"); destroyed.Exit != 0 {
		t.Fatalf("destroy failed: %s", destroyed.Output)
	}
	s.wantServing(s.v1)
	if h := s.history(); h.Owner != nil || h.Serving() == nil {
		t.Errorf("owner %v, serving %v: ownership ends, the record stays", h.Owner, h.Serving())
	}
	s.ship(s.v1)
	if h := s.history(); h.Owner == nil || len(h.Rollouts) != 1 {
		t.Errorf("owner %v, %d rollouts: managed again without a rollout", h.Owner, len(h.Rollouts))
	}
}

func TestAccAnEnvironmentThatStillHasReleasesRefusesDeletion(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	if removed := s.Run("state", "rm", address); removed.Exit != 0 {
		t.Fatal(removed.Output)
	}
	destroyed := s.Apply("-destroy")
	s.Golden("an environment that still has releases", destroyed, "error")
	s.Wants(destroyed, "error", "Unable to delete environment production", "checkout/production (by tester@acme)", "the workloads stay as they are")
}

func TestAccOwnershipMovesByImportAtTheFirstWrite(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	before := s.history().Owner.ID
	other := s.sharing()
	other.Write("main.tf", other.config(s.v1))
	for address, id := range map[string]string{
		"sluice_environment.production": "production", "sluice_deployment_strategy.careful": "careful", address: "checkout/production",
	} {
		if imported := other.Run("import", "-input=false", address, id); imported.Exit != 0 {
			t.Fatalf("importing %s: %s", address, imported.Output)
		}
	}
	other.MustBeSettled()
	if got := s.history().Owner.ID; got != before {
		t.Error("an import alone moved the ownership")
	}
	other.ship(s.v2)
	if got := s.history().Owner.ID; got == before {
		t.Error("the importer's first write did not move the ownership")
	}
	plan := s.Plan()
	s.Golden("another state has taken the release over", plan, "warning")
	s.Wants(plan, "warning", "The release checkout/production is managed by another state")
	s.Write("main.tf", s.config(s.v1))
	s.MustFail("another state manages it")
	// What another state manages is only forgotten here.
	destroyed := s.Apply("-destroy", "-target="+address)
	if destroyed.Exit != 0 {
		t.Fatal(destroyed.Output)
	}
	for _, d := range destroyed.Of("warning") {
		// Terraform warns of -target itself.
		if strings.Contains(d.Summary, "another state") {
			acctest.Golden(t, "the deletion of what another state manages", s.Steady(d.Summary+"\n"+d.Detail))
		}
	}
	if h := s.history(); h.Owner == nil {
		t.Error("the former owner's deletion ended the ownership of the new one")
	}
}

func TestAccWhoImportsMayDelete(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	if forgotten := s.Run("state", "rm", address); forgotten.Exit != 0 {
		t.Fatal(forgotten.Output)
	}
	if imported := s.Run("import", "-input=false", address, "checkout/production"); imported.Exit != 0 {
		t.Fatal(imported.Output)
	}
	s.MustBeSettled()
	destroyed := s.Apply("-destroy")
	if destroyed.Exit != 0 || len(destroyed.Of("warning")) > 0 {
		t.Fatalf("exit %d: %s", destroyed.Exit, destroyed.Output)
	}
	if h := s.history(); h.Owner != nil {
		t.Errorf("%+v still owns what the importer has deleted", h.Owner)
	}
	s.wantServing(s.v1)
}

func TestAccARenamedServiceKeepsItsHistoryAndQuarantine(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	if err := s.engine().Quarantine(context.Background(), key, s.v3, "known to be bad"); err != nil {
		t.Fatal(err)
	}
	rename := func(previous string) string {
		return strings.Replace(s.config(s.v1, previous), `service     = "checkout"`, `service     = "cart"`, 1)
	}
	const forgets = "checkout/production becomes cart/production and does not keep its history"
	for previous, why := range map[string]string{"": "previous_name is not set", "  previous_name = \"chekout/production\"\n": `previous_name says "chekout/production"`} {
		s.Write("main.tf", rename(previous))
		plan := s.Plan()
		s.Wants(plan, "warning", forgets, why, `previous_name = "checkout/production"`)
		for _, d := range plan.Of("warning") {
			if d.Summary == forgets && previous == "" {
				acctest.Golden(t, "a rename that forgets", d.Summary+"\n"+d.Detail)
			}
		}
	}
	s.Write("main.tf", rename("  previous_name = \"checkout/production\"\n"))
	plan := s.Plan()
	if change := s.Change(address); !change.Actions.Replace() || len(plan.Of("warning")) > 1 || strings.Contains(plan.Text("warning"), forgets) {
		t.Fatalf("%v: another service is a replacement, with one warning: %s", change.Actions, plan.Text("warning"))
	}
	s.MustApply()
	s.wantServing(s.v1)
	h, err := s.engine().Load(context.Background(), release.Key{Service: "cart", Environment: "production"})
	if err != nil {
		t.Fatal(err)
	}
	if _, bad := h.Quarantine[s.v3.Key()]; !bad || h.Renamed == nil || h.Owner == nil {
		t.Errorf("quarantine %v, renamed %v, owner %v", h.Quarantine, h.Renamed, h.Owner)
	}
	if old := s.history(); old.Owner != nil {
		t.Errorf("the old name still has the owner %v", old.Owner)
	}
}
