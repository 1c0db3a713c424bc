package release_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/cli"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// asSluice is set for a process of this executable that is the command sluice.
const asSluice = "SLUICE_ACC_CLI"

// The credentials of every store are the same, so they are in the environment of all
// tests, which can run at once so.
func TestMain(m *testing.M) {
	if os.Getenv(asSluice) != "" {
		os.Exit(cli.Main(context.Background(), "test", os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	s3test.Env(func(name, value string) {
		if acctest.Alone() {
			return
		}
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	})
	acctest.Main(m)
}

// address is where the release of these tests stands.
const address = "sluice_release.checkout"

// key is the release of these tests.
var key = release.Key{Service: "checkout", Environment: "production"}

// stage is a lab with three artifacts and a Terraform that releases to it.
type stage struct {
	*acctest.Terraform
	t   *testing.T
	lab *labtest.Lab
	// ledger is the path of the file, unless elsewhere is the URL of a ledger that is none.
	ledger     string
	elsewhere  string
	v1, v2, v3 artifact.Payload
}

// url names the ledger.
func (s *stage) url() string {
	if s.elsewhere != "" {
		return s.elsewhere
	}
	return "sqlite:" + s.ledger
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	return newStageOn(t, labtest.StartOnDemand(t, lab.Config{Traffic: 200}))
}

// newStageOn is another state, and another ledger, in front of the same lab.
func newStageOn(t *testing.T, l *labtest.Lab) *stage {
	t.Helper()
	s := &stage{Terraform: acctest.New(t, acctest.World()), t: t, lab: l}
	s.ledger = filepath.Join(s.Dir, "ledger.db")
	s.v1 = l.Artifact(service.Descriptor{Version: "1.0.0"})
	s.v2 = l.Artifact(service.Descriptor{Version: "1.1.0"})
	s.v3 = l.Artifact(service.Descriptor{Version: "1.2.0", ErrorRate: 0.5})
	return s
}

// canary is a strategy that takes a second or two.
const canary = `
  canary = { steps = [{ weight = 20, at_least = "300ms" }, { weight = 100 }] }
  bake = "200ms"
  analysis = {
    interval = "100ms"
    metrics  = { errors = { critical = true, ceiling = "5%", dispersion = 1 } }
  }
`

// slow stands at 20 % for long enough to be interrupted.
const slow = `
  canary = { steps = [{ weight = 20, at_least = "4s" }, { weight = 100 }] }
  analysis = {
    interval = "100ms"
    metrics  = { errors = { critical = true, ceiling = "5%", dispersion = 1 } }
  }
`

// config is a whole configuration that releases p.
func (s *stage) config(p artifact.Payload, more ...string) string {
	strategy, extra := canary, ""
	for _, m := range more {
		if strings.Contains(m, "canary =") || strings.Contains(m, "all_at_once =") {
			strategy = m
			continue
		}
		extra += m
	}
	return fmt.Sprintf(`
provider "sluice" {
  ledger = "%s"
}
resource "sluice_environment" "production" {
  name = "production"
  tier = "production"
}
resource "sluice_deployment_strategy" "careful" {
  name = "careful"
%s}
resource "sluice_release" "checkout" {
  service     = "checkout"
  environment = sluice_environment.production.definition
  artifact    = { version = %q, reference = %q }
  target      = { contract = { url = %q } }
  strategy    = sluice_deployment_strategy.careful.definition
  signals     = { http = { openmetrics = { url = %q, preset = "lab" } } }
%s}
output "serving" {
  value = sluice_release.checkout.serving.version
}
`, s.url(), strategy, p.Version, p.Reference, s.lab.Contract, s.lab.Metrics, extra)
}

// ship writes the configuration and applies it.
func (s *stage) ship(p artifact.Payload, more ...string) acctest.Result {
	s.Write("main.tf", s.config(p, more...))
	return s.MustApply()
}

// engine gives the engine of somebody at a command line, on the same ledger.
func (s *stage) engine() *release.Engine {
	s.t.Helper()
	c := &client.Client{World: acctest.World(), URL: s.url(), Actor: "operator@acme"}
	l, err := c.Existing(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() }) // Nothing was left unwritten.
	return c.Engine(l)
}

// history gives what the ledger says of the release.
func (s *stage) history() *release.History {
	s.t.Helper()
	h, err := s.engine().Load(context.Background(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// wantState checks the artifact and the status in the state.
func (s *stage) wantState(version, status string) map[string]any {
	s.t.Helper()
	state := s.State(address)
	if state == nil {
		s.t.Fatal("the release is not in the state")
	}
	artifact, _ := state["artifact"].(map[string]any)
	if artifact["version"] != version || state["status"] != status {
		s.t.Fatalf("the state has %v and status %v, want %s and %s", artifact, state["status"], version, status)
	}
	return state
}

// wantServing checks what the lab itself says.
func (s *stage) wantServing(p artifact.Payload) {
	s.t.Helper()
	arms := s.lab.Status().Observation
	if arms.Baseline == nil || !arms.Baseline.Payload.Same(p) || arms.Baseline.Weight != 100 {
		s.t.Fatalf("the lab serves %+v, want only %s", arms, p.Label())
	}
}

// untilCanary waits until the new artifact has some of the traffic, and the ledger
// says so: a process that stops between the two has not recorded what it did.
func (s *stage) untilCanary() {
	s.t.Helper()
	acctest.Eventually(s.t, "the rollout stands at its first step", func() bool {
		c := s.lab.Status().Observation.Canary
		if c == nil || c.Weight <= 0 {
			return false
		}
		open := s.history().Open()
		return open != nil && open.Sends().Weight == c.Weight
	})
}

// interrupt applies, waits until the rollout has moved traffic, and presses Ctrl-C.
func (s *stage) interrupt() acctest.Result {
	s.t.Helper()
	cmd := s.Command("apply", "-json", "-input=false", "-auto-approve")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.untilCanary()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		s.t.Fatalf("an interrupted apply ended with %v: %s", err, out.String())
	}
	return acctest.Read(out.Bytes(), exit.ExitCode())
}

// descriptor describes a healthy artifact.
func descriptor(version string) service.Descriptor { return service.Descriptor{Version: version} }

// warnings gives each warning once, whatever the time at which it was said.
func (s *stage) warnings(r acctest.Result) map[string]bool {
	out := map[string]bool{}
	for _, d := range r.Of("warning") {
		out[s.Steady(d.Summary+"\n"+d.Detail)] = true
	}
	return out
}
