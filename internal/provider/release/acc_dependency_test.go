package release_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// thirdParty is a payment provider whose health can be set.
type thirdParty struct {
	*httptest.Server
	indicator atomic.Value
	asked     atomic.Int64
}

func newThirdParty(t *testing.T) *thirdParty {
	t.Helper()
	p := &thirdParty{}
	p.indicator.Store("none")
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"status":{"indicator":%q}}`, p.indicator.Load())
	}))
	t.Cleanup(p.Close)
	return p
}

// needing declares the third party, a service that needs it, and checkout, which needs
// that service.
func needing(url, maintenance, external string) string {
	return fmt.Sprintf(`
resource "sluice_external_dependency" "psp" {
  name    = "psp"
  team    = "payments"
  contact = "psp-desk@example.com"
  %s
  checks = [{
    name   = "status"
    url    = "%s/status"
    expect = { json = { "status.indicator" = { equals = "none" } } }
  }]
}
resource "sluice_service" "payments" {
  name                  = "payments"
  external_dependencies = %s
}
resource "sluice_service" "checkout" {
  name         = "checkout"
  dependencies = [sluice_service.payments.name]
}
`, maintenance, url, external)
}

const (
	inMaintenance = `maintenance = {
    time_zone = "Europe/Berlin"
    reason    = "database upgrade"
    absolute  = [{ starts_at = "2020-01-01", ends_at = "2033-12-31" }]
  }`
	byReference = "[sluice_external_dependency.psp.name]"
)

// TestAccADependencyInMaintenanceOrUnwellBlocksAReleaseUntilItRecovers goes through
// maintenance, an override, a failing health check and its recovery.
func TestAccADependencyInMaintenanceOrUnwellBlocksAReleaseUntilItRecovers(t *testing.T) {
	s := newStage(t)
	psp := newThirdParty(t)
	s.Write("needs.tf", needing(psp.URL, "", byReference))
	s.ship(s.v1, takesDefinition)
	if plan := s.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}
	s.Write("needs.tf", needing(psp.URL, inMaintenance, byReference))
	s.MustApply()

	s.Write("main.tf", s.config(s.v2, takesDefinition))
	plan := s.Plan()
	s.Wants(plan, "warning", "checkout 1.1.0 can start in production at 2034-01-01 00:00 Europe/Berlin",
		`freeze "dependency:psp" until 2034-01-01 00:00 Europe/Berlin: maintenance of psp: database upgrade (payments, psp-desk@example.com); checkout needs it through payments`)
	s.Golden("a dependency in maintenance", plan, "warning")
	s.Golden("a dependency in maintenance at apply", s.MustFail("Unable to release checkout 1.1.0 to production: blocked", `freeze "dependency:psp"`), "error")
	s.wantServing(s.v1)
	if out := s.sluice("calendar", "checkout/production"); !strings.Contains(out, "dependency:psp") {
		t.Errorf("the calendar does not show the maintenance:\n%s", out)
	}

	// A plan knows the dependency as the ledger does, so the end of the maintenance is
	// applied first.
	s.Write("main.tf", s.config(s.v1, takesDefinition))
	s.Write("needs.tf", needing(psp.URL, "", byReference))
	s.MustApply()
	s.Write("main.tf", s.config(s.v2, takesDefinition))
	psp.indicator.Store("major")
	plan = s.Plan()
	s.Wants(plan, "warning", "checkout 1.1.0 is blocked in production until somebody acts",
		`check "status" of psp fails: status.indicator is "major"; expected "none" (payments, psp-desk@example.com); checkout needs it through payments`)
	s.Golden("a dependency that is unwell", plan, "warning")
	s.MustFail("Unable to release checkout 1.1.0 to production: blocked", `check "status" of psp fails`)
	s.wantServing(s.v1)

	psp.indicator.Store("none")
	s.MustApply()
	s.wantServing(s.v2)
	if plan := s.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}
}

// TestAccADependencyThatIsGoneOrNeverWasBlocks deletes a dependency that a service
// still names, and then takes it out of the service too.
func TestAccADependencyThatIsGoneOrNeverWasBlocks(t *testing.T) {
	s := newStage(t)
	psp := newThirdParty(t)
	s.Write("needs.tf", needing(psp.URL, "", byReference))
	s.ship(s.v1, takesDefinition)

	// Without the reference Terraform deletes it first.
	whole := needing(psp.URL, "", `["psp"]`)
	gone := whole[strings.Index(whole, `resource "sluice_service" "payments"`):]
	s.Write("needs.tf", gone)
	deleted := s.MustApply()
	s.Wants(deleted, "warning", "The external dependency psp is still named", `the service "payments"`)
	s.Golden("a dependency that is still named", deleted, "warning")

	s.Write("main.tf", s.config(s.v2, takesDefinition))
	s.Golden("a dependency that is not declared", s.MustFail("blocked", `the external dependency "psp", which payments names, is not declared`), "error")
	s.wantServing(s.v1)

	// A dependency and its last mention go in one apply.
	s.Write("needs.tf", needing(psp.URL, "", byReference))
	s.MustApply()
	s.wantServing(s.v2)
	s.Write("needs.tf", strings.Replace(gone, `["psp"]`, "[]", 1))
	s.MustApply()
	s.Write("main.tf", s.config(s.v1, takesDefinition))
	s.MustApply()
	s.wantServing(s.v1)
}

// TestAccADependencyIsAskedWhileAStepLastsAndAfterwards pauses a rollout while a third
// party is unwell, lets it go on by itself, and warns of what is asked afterwards.
func TestAccADependencyIsAskedWhileAStepLastsAndAfterwards(t *testing.T) {
	s := newStage(t)
	var asked atomic.Int64
	psp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The second to the fourth look at it, each two seconds apart, find it unwell: on a
		// machine that is busy a step may see no more of them.
		if n := asked.Add(1); r.URL.Path == "/probe" || n >= 2 && n <= 4 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(psp.Close)
	s.ship(s.v1)
	s.Write("needs.tf", fmt.Sprintf(`
resource "sluice_external_dependency" "psp" {
  name   = "psp"
  checks = [
    { name = "health", url = "%[1]s/health", when = ["during"] },
    { name = "probe", url = "%[1]s/probe", when = ["after"] },
  ]
}
resource "sluice_service" "checkout" {
  name                  = "checkout"
  external_dependencies = [sluice_external_dependency.psp.name]
}
`, psp.URL))
	result := s.ship(s.v2, slow, "  depends_on = [sluice_service.checkout]\n")
	s.Wants(result, "warning", `1.1.0 serves, but afterwards: check "probe" of psp fails: status 503; expected 200 to 299`)
	s.wantServing(s.v2)
	l := s.engine().Ledger
	records, err := l.Read(t.Context(), key.Stream(), 1)
	if err != nil {
		t.Fatal(err)
	}
	paused := false
	for _, r := range records {
		paused = paused || r.Kind == "rollout.paused" && strings.Contains(string(r.Body), `check \"health\" of psp fails: status 503`)
	}
	last := s.history().Last()
	if !paused || last.Dependencies == nil || len(last.Dependencies.Results) != 1 {
		t.Errorf("paused for it: %t; recorded afterwards: %+v", paused, last.Dependencies)
	}
	if out := s.sluice("explain", "checkout/production/2"); !strings.Contains(strings.Join(strings.Fields(out), " "), `afterwards: dependency fail (check "probe" of psp fails: status 503`) {
		t.Errorf("explain does not say what was asked afterwards:\n%s", out)
	}
	if plan := s.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}
}

// TestAccAnUnwellDependencyIsOverriddenForOneArtifact goes through the command that the
// refusal prints.
func TestAccAnUnwellDependencyIsOverriddenForOneArtifact(t *testing.T) {
	s := newStage(t)
	psp := newThirdParty(t)
	s.Write("needs.tf", needing(psp.URL, "", byReference))
	s.ship(s.v1, takesDefinition)
	psp.indicator.Store("major")
	s.Write("main.tf", s.config(s.v2, takesDefinition))
	refused := s.MustFail("blocked", `check "status" of psp fails`)
	s.Golden("a dependency that is unwell at apply", refused, "error")
	digest := s.v2.Digest()
	s.sluice("override", "checkout/production", "--digest", digest, "--window", "dependency:psp", "--reason", "the fix is for this", "--expires", "2h")
	s.Wants(s.Plan(), "warning", `OVERRIDE: kim@acme overrode window "dependency:psp" until `)
	s.MustApply()
	s.wantServing(s.v2)
}
