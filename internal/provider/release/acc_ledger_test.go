package release_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
)

func TestAccAnotherOrAMissingLedgerIsAnErrorAndNeverEverythingWasDeleted(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	right := s.ledger
	other := newStageOn(t, s.lab)
	other.ship(s.v1)
	for name, path := range map[string]string{"another": other.ledger, "none": filepath.Join(s.Dir, "gone.db")} {
		s.ledger = path
		s.Write("main.tf", s.config(s.v1))
		plan := s.Plan()
		if plan.Exit != 1 {
			t.Fatalf("%s: the plan went through: %s", name, plan.Output)
		}
		s.Golden("the wrong ledger: "+name, plan, "error")
		s.Wants(plan, "error", "sluice ledger rebind --from", "Original error")
		if s.State(address) == nil {
			t.Errorf("%s: the release is gone from the state", name)
		}
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "gone.db")); !os.IsNotExist(err) {
		t.Errorf("a plan created a ledger: %v", err)
	}
	s.ledger = right
	s.Write("main.tf", s.config(s.v1))
	s.MustBeSettled()
}

func TestAccAnUnknownProviderBlockPlansUnknownsWithAWarning(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", strings.Replace(s.config(s.v1), `ledger = "sqlite:`+s.ledger+`"`, `ledger = "sqlite:${terraform_data.place.output}"`, 1)+`
resource "terraform_data" "place" {
  input = "`+s.ledger+`"
}
data "sluice_environment" "production" {
  name       = "production"
  depends_on = [sluice_environment.production]
}
`)
	plan := s.Plan()
	if plan.Exit != 2 {
		t.Fatalf("want a plan: %s", plan.Output)
	}
	s.Golden("an unknown provider block", plan, "warning")
	s.Wants(plan, "warning", "The provider block of sluice is not known yet")
	unknown, _ := s.Change(address).AfterUnknown.(map[string]any)
	if unknown["serving"] != true || unknown["status"] != true {
		t.Errorf("unknown is %v", unknown)
	}
	s.MustApply()
	s.wantServing(s.v1)
	// The block becomes unknown again: nothing is asked, and nothing is lost.
	s.Write("place.tf", `
locals { moved = true }
`)
	content, err := os.ReadFile(filepath.Join(s.Dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	s.Write("main.tf", strings.Replace(string(content), `input = "`, `triggers_replace = "moved"
  input = "`, 1))
	again := s.Plan()
	s.Wants(again, "warning", "The provider block of sluice is not known yet")
	if change := s.Change(address); again.Exit != 2 || change == nil || change.Actions.Delete() || change.Actions.Replace() {
		t.Fatalf("%+v: %s", change, again.Output)
	}
	s.MustApply()
	s.wantServing(s.v1)
}

func TestAccANameMustBeKnownAndLeavesTheStepsUnknown(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", s.onlyRelease("1.0.0", s.v1.Reference))
	plan := s.Plan()
	if plan.Exit != 1 {
		t.Fatalf("a name that no ledger knows went through: %s", plan.Output)
	}
	s.Golden("names that no ledger knows", plan, "error")
	s.Wants(plan, "error", `No ledger knows the environment "production"`, `No ledger knows the deployment strategy "careful"`, "sluice_deployment_strategy.careful.definition")

	declaring := s.sharing()
	declaring.Write("main.tf", strings.Split(declaring.config(s.v1), `resource "sluice_release"`)[0])
	declaring.MustApply()
	if plan = s.Plan(); plan.Exit != 2 {
		t.Fatalf("the names are declared now: %s", plan.Output)
	}
	unknown, _ := s.Change(address).AfterUnknown.(map[string]any)
	if unknown["steps"] != true {
		t.Errorf("unknown is %v, want steps among them", unknown)
	}
	s.MustApply()
	if steps, _ := s.State(address)["steps"].([]any); len(steps) != 2 {
		t.Errorf("steps are %v", steps)
	}
}

func TestAccATargetThatCannotBeSeenIsAWarningAndKeepsWhatWasSeen(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.lab.Faults(lab.Faults{Contract: &lab.ContractFault{Refuse: true}})
	plan := s.Plan()
	if plan.Exit != 0 {
		t.Fatalf("exit %d: %s", plan.Exit, plan.Output)
	}
	s.Golden("a target that cannot be seen", plan, "warning")
	s.Wants(plan, "warning", "Unable to see what serves checkout/production", "stays as it was last seen")
	serving, _ := s.State(address)["serving"].(map[string]any)
	if serving["version"] != "1.0.0" {
		t.Errorf("serving is %v", serving)
	}
	s.Write("main.tf", s.config(s.v2))
	s.MustFail("Unable to release checkout 1.1.0 to production")
	s.lab.Faults(lab.Faults{})
	s.wantState("1.0.0", "steady")
	s.MustApply()
	s.wantServing(s.v2)
}

func TestAccALedgerBoundInPlaceOfALostOneStartsAgainByAdoption(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	lost, err := s.engine().Ledger.ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.ledger = filepath.Join(s.Dir, "new.db")
	c := &client.Client{World: acctest.World(), URL: "sqlite:" + s.ledger}
	fresh, err := c.Writing(t.Context())
	if err == nil {
		err = ledger.Rebind(t.Context(), fresh, lost, "the disk died", "operator@acme", c.Clock.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Write("main.tf", s.config(s.v1))
	plan := s.Plan()
	s.Golden("everything is gone from a ledger that was bound anew", plan, "warning")
	s.Wants(plan, "warning", "The release checkout/production is gone", "The environment production is gone")
	if change := s.Change(address); plan.Exit != 2 || !change.Actions.Create() {
		t.Fatalf("want a create: %s", plan.Output)
	}
	s.MustApply()
	s.wantServing(s.v1)
	if h := s.history(); len(h.Rollouts) != 0 || h.Owner == nil {
		t.Errorf("%d rollouts, owner %v: what serves was to be adopted", len(h.Rollouts), h.Owner)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestAccALedgerThatHasMovedIsToldInFullOnce: each object of the configuration meets it.
func TestAccALedgerThatHasMovedIsToldInFullOnce(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", strings.Split(s.config(s.v1), `resource "sluice_release"`)[0])
	s.MustApply()
	source, ok := ledger.As[ledger.Source](s.engine().Ledger)
	if !ok {
		t.Fatal("it cannot be moved")
	}
	sealing := ledger.Sealing{To: "s3://acme-sluice/payments", By: "kim@acme", At: clock.System{}.Now(), Mark: "one"}
	for _, done := range []bool{false, true} {
		sealing.Done = done
		if err := source.SealOff(t.Context(), sealing); err != nil {
			t.Fatal(err)
		}
	}
	plan := s.Plan()
	errs := plan.Of("error")
	if plan.Exit != 1 || len(errs) < 2 {
		t.Fatalf("exit %d, with %d errors: %s", plan.Exit, len(errs), plan.Output)
	}
	full := 0
	for _, e := range errs {
		if strings.Contains(e.Detail, "What to do: ") {
			full++
		} else if !strings.Contains(e.Detail, "What to do is said once, under: Unable to read ") {
			t.Errorf("it is told as %q", e.Detail)
		}
	}
	if full != 1 {
		t.Errorf("%d of %d are told in full: %s", full, len(errs), plan.Output)
	}
}
