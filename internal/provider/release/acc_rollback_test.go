package release_test

import (
	"strings"
	"testing"
)

const (
	// wary goes back by a ceiling alone; the judge's harm is left to a person.
	wary = `
resource "sluice_rollback_policy" "wary" {
  name = "wary"
  triggers = {
    harm          = { during = "never" }
    error_ceiling = { share = "10%", min_requests = 20, over = "1m" }
    burn_rate     = { ceiling = "5%", windows = [{ long = "1h", short = "5m", factor = 10 }], during = "bake" }
  }
  keep_warm  = "300ms"
  fast_track = { within = "1h" }
}
`
	demanding = `
resource "sluice_rollback_policy" "wary" {
  name              = "wary"
  require_rehearsal = true
}
`
	takesPolicy = "  rollback_policy = sluice_rollback_policy.wary.definition\n"
	runbook     = `
data "sluice_release" "checkout" {
  service     = "checkout"
  environment = "production"
  depends_on  = [sluice_release.checkout]
}
output "procedure" {
  value = data.sluice_release.checkout.procedure
}
`
)

// TestAccATriggerOfThePolicyGoesBack ships a good artifact, whose plan tells of the
// way back, then one that breaks the policy's ceiling, and reads the runbook of the
// release.
func TestAccATriggerOfThePolicyGoesBack(t *testing.T) {
	s := newStage(t)
	s.Write("policy.tf", wary)
	s.ship(s.v1, takesPolicy)
	s.Write("main.tf", s.config(s.v2, takesPolicy))
	plan := s.Plan()
	s.Golden("the way back is in the plan's warning", plan, "warning")
	s.Wants(plan, "warning", "The way back, to 1.0.0", "by itself on health, failed_check and error_ceiling, during", "1.0.0 runs and is healthy", "nothing is declared irreversible")
	s.MustApply()
	if r := s.history().Last().Rehearsal; r == nil || !r.Holds() || !r.To.Same(s.v1) {
		t.Errorf("the rollout has the rehearsal %+v", r)
	}
	s.Write("main.tf", s.config(s.v3, takesPolicy))
	s.MustFail("Unable to release checkout 1.2.0 to production: rolled back", "errors over 1m: ", "the ceiling is 10 %")
	s.wantServing(s.v2)
	last := s.history().Last()
	if last.Trigger != "error_ceiling" || last.Cause != "error_ceiling" {
		t.Errorf("the trigger is %q, the cause %q: %s", last.Trigger, last.Cause, last.Reason)
	}
	told := s.sluice("explain", "checkout/production/3")
	if !strings.Contains(told, "The trigger error_ceiling of the rollback policy fired.") || !strings.Contains(told, "the way back was found to be open") {
		t.Errorf("explain says:\n%s", told)
	}
	live := s.sluice("rollback", "checkout/production", "--dry-run")
	for _, want := range []string{"would go from 1.1.0 to 1.0.0", "prepare: 1.0.0 at 0 %", "the target would take 1.0.0 again", "Nothing was changed"} {
		if !strings.Contains(live, want) {
			t.Errorf("the dry run does not say %q:\n%s", want, live)
		}
	}
	// What served an hour ago at the most skips the steps, and the plan says so.
	s.Write("main.tf", s.config(s.v1, takesPolicy)+runbook)
	plan = s.Plan()
	s.Wants(plan, "warning", "fast track: 1.0.0 served here until", "no gate is")
	s.MustApply()
	if last := s.history().Last(); len(last.Skipped) != 1 || last.SkipReason == "" {
		t.Errorf("skipped %v: %s", last.Skipped, last.SkipReason)
	}
	text, _ := s.State("data.sluice_release.checkout")["procedure"].(string)
	for _, want := range []string{"# How to roll back checkout in production", "* By the record: 1.0.0.", "sluice rollback checkout/production --dry-run", "During the steps, a rollout goes back on health, failed_check and error_ceiling."} {
		if !strings.Contains(text, want) {
			t.Errorf("the procedure does not say %q:\n%s", want, text)
		}
	}
	if plan := s.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}
}

// TestAccARequiredRehearsalBlocks begins nothing whose way back is not open, and
// begins it once that is mended.
func TestAccARequiredRehearsalBlocks(t *testing.T) {
	s := newStage(t)
	s.Write("policy.tf", demanding)
	s.ship(s.v1, takesPolicy)
	alone := "  irreversible = true\n"
	s.Write("main.tf", s.config(s.v2, strings.Replace(canary, "bake = ", "max_unattended_weight = 20\n  bake = ", 1), takesPolicy, alone))
	plan := s.Plan()
	s.Wants(plan, "warning", "checkout 1.1.0 is blocked in production until somebody acts", "reversible fail: the release is declared irreversible")
	s.MustFail("Unable to release checkout 1.1.0 to production: blocked", "under a policy that requires no rehearsal")
	s.wantServing(s.v1)
	s.Write("main.tf", s.config(s.v2, takesPolicy))
	s.MustApply()
	s.wantServing(s.v2)
}
