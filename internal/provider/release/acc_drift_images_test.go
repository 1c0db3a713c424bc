package release_test

import (
	"fmt"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr/ecrtest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed/observedtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
)

// Tasks that run another image than the release recorded are told at plan, and so is a
// sidecar that is not the artifact of its own. A tag that was moved is said, and changes
// nothing.
func TestAccDriftOfImages(t *testing.T) {
	awstest.Credentials(t)
	s := newStageOn(t, labtest.StartOnDemand(t, lab.Config{Traffic: 200}))
	registry := ecrtest.NewServer(t)
	proxy := registry.Push(ecrtest.Image("proxy"), "2.0.0")
	tasks := observedtest.NewTasks(t)
	tasks.Registry = registry.URL
	running := func(app string) {
		tasks.Lock()
		defer tasks.Unlock()
		tasks.Running = []observedtest.Task{
			{Containers: map[string]string{"app": s.v1.Digest(), "proxy": proxy}}, {Containers: map[string]string{"app": app, "proxy": proxy}},
		}
	}
	place := fmt.Sprintf(`aws = { region = "eu-central-1", endpoint = %q }`, tasks.URL)
	s.Write("main.tf", watched(s.config(s.v1), "fail", fmt.Sprintf(`
  images = {
    app = {
      %s
      ecs = { cluster = "production", service = "checkout", container = "app" }
    }
    proxy = {
      %s
      ecs      = { cluster = "production", service = "checkout", container = "proxy" }
      artifact = { version = "2.0.0", reference = "%s@%s" }
      tag      = "{version}"
    }
  }
`, place, place, ecrtest.URI, proxy)))
	running(s.v1.Digest())
	s.MustApply()
	if got := s.State(checkAddress)["status"]; got != "clean" {
		t.Fatalf("status is %v: %v", got, s.State(checkAddress)["differences"])
	}
	s.MustBeSettled()

	registry.Push(ecrtest.Image("another proxy"), "2.0.0")
	plan := s.Plan()
	if plan.Exit == 1 {
		t.Fatalf("a tag that was moved fails the plan: %s", plan.Output)
	}
	s.Wants(plan, "warning", "has drifted in 1 place", "proxy.tag: expected sha256:", "(low; the tag 2.0.0 was moved)")

	running(s.v2.Digest())
	plan = s.Plan()
	if plan.Exit != 1 {
		t.Fatalf("tasks that run something else do not fail the plan: %s", plan.Output)
	}
	s.Wants(plan, "error", "Unable to call checkout/production clean: checkout/production has drifted in 2 places", "app.digest: expected sha256:", " in 1 of 2 tasks)")
}
