package release_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/cli"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// central declares a window from a workspace of its own, against the same ledger.
func (s *stage) central(body string) *acctest.Terraform {
	s.t.Helper()
	tf := acctest.New(s.t, acctest.World())
	tf.Write("main.tf", fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", s.ledger)+body)
	tf.MustApply()
	return tf
}

// sluice runs the command line on the stage's ledger, as kim@acme.
func (s *stage) sluice(args ...string) string {
	s.t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--ledger", s.url(), "--actor", "kim@acme")
	if env := s.Env(); env != nil {
		return s.sluiceApart(env, args)
	}
	if code := cli.Main(context.Background(), "test", args, strings.NewReader(""), &out, &errs); code != 0 {
		s.t.Fatalf("sluice %s: exit code %d: %s%s", strings.Join(args, " "), code, out.String(), errs.String())
	}
	return out.String()
}

// sluiceApart is sluice in a process with an environment of its own.
func (s *stage) sluiceApart(env, args []string) string {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(append(os.Environ(), env...), asSluice+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("sluice %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestAccAWindowOfAnotherWorkspaceHoldsAndItsRefusalSaysHowToOverrideIt(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	central := s.central(`
resource "sluice_change_window" "books" {
  name       = "closing"
  kind       = "freeze"
  time_zone  = "Europe/Berlin"
  reason     = "closing of the books"
  regulation = "SOX 404"
  recurrence = [{ start = "2020-01-01", rrule = "FREQ=DAILY;UNTIL=20331231" }]
  scope      = { tiers = ["production"], services = ["checkout"] }
}
`)
	s.Write("main.tf", s.config(s.v2))
	s.Wants(s.Plan(), "warning", `freeze "closing" until 2034-01-01 00:00 Europe/Berlin: closing of the books [SOX 404]`)
	refused := s.MustFail("Unable to release checkout 1.1.0 to production: blocked", `freeze "closing"`)
	command := regexp.MustCompile(`(?m)^ *(?:What to do +)?(sluice override checkout/production --digest \S+ --window closing --reason "\.\.\." --expires 2h)$`).FindStringSubmatch(refused.Text("error"))
	if command == nil {
		t.Fatalf("the refusal has no command on a line of its own:\n%s", refused.Text("error"))
	}
	s.Golden("a window of another workspace", refused, "error")
	args := strings.Fields(strings.Replace(command[1], `"..."`, "outage", 1))[1:]
	s.sluice(args...)

	plan := s.Plan()
	s.Wants(plan, "warning", `OVERRIDE: kim@acme overrode window "closing" until `, ": outage; checkout 1.1.0 can start in production now", "OVERRIDDEN: freeze")
	s.Golden("a window that was overridden", plan, "warning")
	s.MustApply()
	s.wantState("1.1.0", "steady")
	if last := s.history().Last(); last.Gates == nil || !strings.Contains(last.Gates.Results[0].Override, "kim@acme") {
		t.Errorf("the record of the rollout does not say who overrode what: %+v", last.Gates)
	}

	// The override was for that artifact alone.
	next := s.lab.Artifact(descriptor("1.3.0"))
	s.Write("main.tf", s.config(next))
	s.MustFail(`freeze "closing"`)

	// A window that nobody may override says so, and an override from before ends.
	central.Write("main.tf", fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", s.ledger)+`
resource "sluice_change_window" "books" {
  name        = "closing"
  kind        = "freeze"
  time_zone   = "Europe/Berlin"
  absolute    = [{ starts_at = "2020-01-01", ends_at = "2033-12-31" }]
  override_by = []
}
`)
	central.MustApply()
	s.MustFail("nobody may override window", "does not count: it is for")
}
