package release_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestAccAReleaseIsImportedByABlockAndThePlanAfterItIsEmpty(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	other := s.sharing()
	other.Write("main.tf", watched(other.config(s.v1), "report", ""))
	s.Write("main.tf", watched(s.config(s.v1), "report", ""))
	s.MustApply()
	other.Write("import.tf", `
import {
  to = sluice_release.checkout
  id = "checkout/production"
}
import {
  to = sluice_environment.production
  id = "production"
}
import {
  to = sluice_deployment_strategy.careful
  id = "careful"
}
import {
  to = sluice_drift_check.checkout
  id = "checkout/production"
}
`)
	plan := other.Plan()
	for _, at := range []string{address, checkAddress, "sluice_environment.production", "sluice_deployment_strategy.careful"} {
		if change := other.Change(at); change == nil || !change.Actions.NoOp() || change.Importing == nil {
			t.Errorf("%s: %+v, want an import and no change: %s", at, change, plan.Text("warning"))
		}
	}
	other.MustApply()
	other.wantState("1.0.0", "steady")
}

func TestAccAReleaseIsImportedByItsIdentity(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	p := acctest.Speak(t, acctest.World(), "sqlite:"+s.ledger)
	got, back, err := p.ImportByIdentity("sluice_release", map[string]string{"service": "checkout", "environment": "production"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"service": "checkout", "environment": "production"}, back); diff != "" {
		t.Errorf("the identity (-want +got):\n%s", diff)
	}
	// What Terraform has in its own state is what an import must find; the labels of
	// the target's configuration are the ledger's.
	want := s.State(address)
	for _, name := range []string{"id", "ledger_id", "service", "environment", "artifact", "strategy", "target", "mode", "status", "serving", "steps"} {
		if diff := cmp.Diff(withoutNulls(want[name]), got[name]); diff != "" {
			t.Errorf("%s (-state +import):\n%s", name, diff)
		}
	}
	for _, id := range []string{"cart/production", "checkout/prod/uction"} {
		imported := s.Run("import", "-input=false", "-no-color", address, id)
		if imported.Exit != 1 || !strings.Contains(imported.Output, "Unable to import release "+id) {
			t.Errorf("%s: %s", id, imported.Output)
		}
		service, environment, _ := strings.Cut(id, "/")
		_, _, err := p.ImportByIdentity("sluice_release", map[string]string{"service": service, "environment": environment})
		if err == nil {
			t.Fatalf("%s was imported", id)
		}
		acctest.Golden(t, "an import of "+id, err.Error())
	}
}

// withoutNulls leaves out the members that are null.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			if member != nil {
				out[name] = withoutNulls(member)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = withoutNulls(element)
		}
		return out
	}
	return v
}

// forgetCheck deletes the drift check from the ledger behind Terraform's back.
func (s *stage) forgetCheck() {
	s.t.Helper()
	ctx, l := context.Background(), s.engine().Ledger
	found, err := ledger.GetObject(ctx, l, drift.ObjectKind, "checkout@production")
	if err == nil {
		err = ledger.DeleteObject(ctx, l, ledger.Delete{Kind: found.Kind, Name: found.Name, Expected: found.Revision, Actor: "somebody", At: found.UpdatedAt})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestAccADriftCheckThatSomebodyDeletedIsNoticed(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1), "report", ""))
	s.MustApply()
	s.forgetCheck()
	plan := s.Plan()
	s.Golden("a drift check is gone", plan, "warning")
	s.Wants(plan, "warning", "The drift check of checkout/production is gone", "Somebody deleted it from the ledger outside of this state")
	if change := s.Change(checkAddress); plan.Exit != 2 || !change.Actions.Create() {
		t.Fatalf("want a create: %s", plan.Output)
	}
	s.MustApply()
}

func TestAccARepairThatTakesTooLongIsAnErrorAndIsPlannedAgain(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1), "remediate", ""))
	s.MustApply()
	s.nudge()
	s.Write("main.tf", watched(s.config(s.v1), "remediate", "  timeouts = { update = \"1ns\" }\n"))
	s.Golden("a repair that takes too long", s.MustFail("Unable to repair release checkout/production"), "error")
	if arms := s.lab.Status().Observation; arms.Baseline.Weight != 70 {
		t.Errorf("the baseline has %g %%", arms.Baseline.Weight)
	}
	s.Write("main.tf", watched(s.config(s.v1), "remediate", ""))
	if plan := s.Plan(); plan.Exit != 2 {
		t.Fatalf("the repair is not planned again: %s", plan.Output)
	}
	s.MustApply()
	s.wantServing(s.v1)
}

// The examples of the release's data source need a release, which the other examples'
// test has not. The lab does not know the artifact of the full one, so its check warns.
func TestAccTheExamplesOfTheDataSourceWork(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	for _, file := range []string{"data-source.tf", "full.tf"} {
		example, err := os.ReadFile("../../../examples/data-sources/sluice_release/" + file)
		if err != nil {
			t.Fatal(err)
		}
		other := s.sharing()
		other.Write("main.tf", "provider \"sluice\" {\n  ledger = \"sqlite:"+s.ledger+"\"\n}\n"+string(example))
		if applied := other.Apply(); applied.Exit != 0 || applied.Text("error") != "" {
			t.Errorf("%s: exit %d: %s", file, applied.Exit, applied.Output)
		}
	}
}
