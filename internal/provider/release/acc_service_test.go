package release_test

import (
	"strings"
	"testing"
)

// promised is a strategy that leaves the ceiling to the service's objectives.
var promised = strings.Replace(canary, `ceiling = "5%", `, "", 1)

const (
	declaredService = `
resource "sluice_service" "checkout" {
  name       = "checkout"
  team       = "payments"
  labels     = { pci = "yes" }
  objectives = { error_ceiling = "5%" }
}
`
	teamFreeze = `
resource "sluice_change_window" "audit" {
  name      = "audit"
  kind      = "freeze"
  time_zone = "UTC"
  reason    = "the yearly audit"
  absolute  = [{ starts_at = "2000-01-01", ends_at = "2199-01-01" }]
  scope     = { teams = ["payments"], labels = { pci = "yes" } }
}
`
	takesDefinition = "  service_definition = sluice_service.checkout.definition\n"
)

// TestAccADeclaredServiceHasItsObjectivesAndItsWindows ships by the objectives of a
// service, and is then held by a window of the service's team: with its definition,
// and without it, since the ledger knows the name.
func TestAccADeclaredServiceHasItsObjectivesAndItsWindows(t *testing.T) {
	s := newStage(t)
	s.Write("service.tf", declaredService)
	s.ship(s.v1, promised, takesDefinition)
	s.ship(s.v2, promised, takesDefinition)
	last := s.history().Last()
	if metrics := last.Analysis.Metrics; len(metrics) != 1 || metrics[0].Ceiling != 0.05 {
		t.Errorf("the rollout was judged by %+v, want the ceiling of the objectives, 0.05", metrics)
	}
	if d := last.Spec.Definition; d == nil || d.Team != "payments" {
		t.Errorf("the rollout froze the definition %+v", d)
	}
	s.Write("window.tf", teamFreeze)
	s.MustApply()
	if plan := s.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}
	for name, how := range map[string]string{"with the definition": takesDefinition, "by its name alone": ""} {
		s.Write("main.tf", s.config(s.v1, promised, how))
		plan := s.Plan()
		s.Wants(plan, "warning", "checkout 1.0.0 is blocked in production", `freeze "audit"`, "the yearly audit")
		if plan.Exit != 2 {
			t.Errorf("%s: exit %d", name, plan.Exit)
		}
		s.MustFail("Unable to release checkout 1.0.0 to production")
		s.wantServing(s.v2)
	}
}

func TestAccAReleaseWithADefinitionIsImportedAndThePlanAfterItIsEmpty(t *testing.T) {
	s := newStage(t)
	s.Write("service.tf", declaredService)
	s.ship(s.v1, promised, takesDefinition)
	other := s.sharing()
	other.Write("service.tf", declaredService)
	other.Write("main.tf", other.config(s.v1, promised, takesDefinition)+`
import {
  to = sluice_release.checkout
  id = "checkout/production"
}
import {
  to = sluice_service.checkout
  id = "checkout"
}
import {
  to = sluice_environment.production
  id = "production"
}
import {
  to = sluice_deployment_strategy.careful
  id = "careful"
}
`)
	plan := other.Plan()
	for _, at := range []string{address, "sluice_service.checkout"} {
		if change := other.Change(at); change == nil || !change.Actions.NoOp() || change.Importing == nil {
			t.Errorf("%s: %+v, want an import and no change: %s", at, change, plan.Text("warning"))
		}
	}
}
