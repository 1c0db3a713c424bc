package release_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// actions are one of each.
const actions = `
action "sluice_rollback" "checkout" {
  config {
    release = "checkout/production"
    reason  = "checkout is slow"
  }
}
action "sluice_abort" "checkout" {
  config {
    release = "checkout/production"
    reason  = "errors in the shop"
  }
}
action "sluice_continue" "checkout" {
  config {
    release = "checkout/production"
  }
}
action "sluice_hold" "checkout" {
  config {
    scope  = "environment/production"
    reason = "moving the database"
    until  = "2h"
  }
}
`

// invoked wants an action to succeed, and to say each of these on its way.
func (s *stage) invoked(action string, says ...string) acctest.Result {
	s.t.Helper()
	lines, result := s.Invoke(action)
	if result.Exit != 0 {
		s.t.Fatalf("%s: exit %d: %s", action, result.Exit, result.Output)
	}
	for _, part := range says {
		if !strings.Contains(strings.Join(lines, "\n"), part) {
			s.t.Errorf("%s does not say %q:\n%s", action, part, strings.Join(lines, "\n"))
		}
	}
	return result
}

// refused wants an action to fail, with exit code 1.
func (s *stage) refused(action string, parts ...string) acctest.Result {
	s.t.Helper()
	_, result := s.Invoke(action)
	if result.Exit != 1 {
		s.t.Errorf("%s: exit %d: %s", action, result.Exit, result.Output)
	}
	s.Wants(result, "error", parts...)
	return result
}

// TestNextAnActionIsInvokedAndSaysEachStep does with each action what it is for.
func TestNextAnActionIsInvokedAndSaysEachStep(t *testing.T) {
	s := interrupted(t)
	s.Write("actions.tf", actions)
	s.invoked("action.sluice_continue.checkout", "checkout/production 20 %, step 1 of 2", "1.1.0 is the only one", "Rollout 2 of checkout/production succeeded; 1.1.0 serves.")
	s.wantServing(s.v2)
	s.invoked("action.sluice_rollback.checkout", "goes back at once, without a gate", "100 % of the traffic is on 1.0.0", "checkout/production is back: 1.0.0 serves.")
	s.wantServing(s.v1)
	s.invoked("action.sluice_continue.checkout", "No rollout of checkout/production is open; 1.0.0 serves.")
	s.refused("action.sluice_rollback.checkout", "There is nothing to go back to")

	// An abort comes while another run is in the middle, whose state it leaves alone.
	s.Write("main.tf", s.config(s.lab.Artifact(descriptor("1.3.0")), slow))
	stopped := s.interrupt()
	s.Wants(stopped, "error", "the rollout is not finished")
	s.invoked("action.sluice_abort.checkout", "stopping rollout 4 of checkout/production, which stands at 20 %", "all traffic is back on 1.0.0", "Rollout 4 of checkout/production is aborted; 1.0.0 serves.")
	s.wantServing(s.v1)
	s.Wants(s.refused("action.sluice_abort.checkout", "No rollout of checkout/production is open"), "warning", "Nothing to abort in checkout/production now")

	s.invoked("action.sluice_hold.checkout", "environment/production is on hold until 2", "sluice hold lift environment/production")
	s.Wants(s.Apply(), "error", "blocked", "moving the database")
}

// printed is what a command shows a person. It must succeed.
func (s *stage) printed(args ...string) string {
	s.t.Helper()
	out, err := s.Command(args...).Output()
	if err != nil {
		s.t.Fatalf("terraform %v: %v: %s", args, err, out)
	}
	return string(out)
}

// TestNextThePagesShowWhatIsSeen does what the smallest example of each action says, and
// wants to see what its page shows.
func TestNextThePagesShowWhatIsSeen(t *testing.T) {
	s := interrupted(t)
	examples := "../../../examples/actions/sluice_"
	for _, action := range []string{"continue", "rollback", "abort", "hold"} {
		if action == "abort" {
			s.Write("main.tf", s.config(s.lab.Artifact(descriptor("1.3.0")), slow))
			s.interrupt()
		}
		example, err := os.ReadFile(examples + action + "/action.tf")
		if err != nil {
			t.Fatal(err)
		}
		s.Write("action.tf", string(example))
		acctest.ShowsWhatIsSeen(t, examples+action+"/output.txt", s.printed("apply", "-no-color", "-input=false", "-auto-approve", "-invoke=action.sluice_"+action+".checkout"))
	}
}

// TestNextAnActionOfWhatGoesWrongFails continues a rollout of an artifact that hurts. Its
// lines stand under each other, though Terraform makes one text of summary and detail.
func TestNextAnActionOfWhatGoesWrongFails(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	s.Write("main.tf", s.config(s.v3, strings.Replace(slow, "5%", "99%", 1)))
	s.Write("actions.tf", actions)
	cmd := s.Command("apply", "-json", "-input=false", "-auto-approve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.untilCanary()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // It was interrupted, and how far it came does not matter.
	if s.history().Open() == nil {
		t.Fatal("the harm was seen before the interrupt")
	}
	_, failed := s.Invoke("action.sluice_continue.checkout")
	if failed.Exit != 1 || !strings.Contains(failed.Text("error"), "Unable to release checkout 1.2.0 to production: rolled back: \n  What happened   at 20 %") {
		t.Errorf("exit %d: %s", failed.Exit, failed.Text("error"))
	}
	s.wantServing(s.v1)
}

// TestNextAnActionIsTriggered has actions in a first apply, whose ledger and release are
// not there yet at plan, and in a later one.
func TestNextAnActionIsTriggered(t *testing.T) {
	s := newStage(t)
	triggers := `
variable "night" {
  default = "one"
}
resource "terraform_data" "night" {
  input = "${sluice_release.checkout.id} ${var.night}"
  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.sluice_continue.released, action.sluice_hold.night]
    }
  }
}
action "sluice_continue" "released" {
  config {
    release = sluice_release.checkout.id
  }
}
action "sluice_hold" "night" {
  config {
    scope  = "release/${sluice_release.checkout.id}"
    reason = "night ${var.night}"
    until  = "1h"
  }
}
`
	s.Write("triggers.tf", triggers)
	first := s.ship(s.v1)
	if told := strings.Join(acctest.Told(first), "\n"); !strings.Contains(told, "No rollout of checkout/production is open; 1.0.0 serves.") || !strings.Contains(told, "release/checkout/production is on hold until") {
		t.Errorf("it says:\n%s", told)
	}
	second := s.Apply("-var=night=two")
	if told := acctest.Told(second); second.Exit != 0 || len(told) != 2 {
		t.Errorf("exit %d, it says %q", second.Exit, told)
	}
	holds, err := hold.List(t.Context(), s.engine().Ledger)
	if err != nil || len(holds) != 1 || holds[0].Reason != "night two" {
		t.Errorf("%v, %v", holds, err)
	}
}

// TestNextWhatIsWrongWithAnActionIsSaidWhereItStands is the list of bad input. Nothing
// is done for any of it.
func TestNextWhatIsWrongWithAnActionIsSaidWhereItStands(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1)
	before := s.history().Seq
	for name, c := range map[string]struct {
		action, config, line string
		says                 []string
	}{
		"a release that is not":    {"rollback", `release = "basket/production"` + "\n" + `reason = "slow"`, "release", []string{"Unable to roll back basket/production", "the ledger knows no such release", "refer to its id"}},
		"another environment":      {"continue", `release = "checkout/staging"`, "release", []string{"Unable to continue checkout/staging", "sluice status lists them"}},
		"no release at all":        {"abort", `release = "checkout"` + "\n" + `reason = "slow"`, "release", []string{"it must be SERVICE/ENVIRONMENT"}},
		"no reason":                {"rollback", `release = "checkout/production"` + "\n" + `reason = ""`, "reason", []string{"The reason is empty"}},
		"nothing to go back to":    {"rollback", `release = "checkout/production"` + "\n" + `reason = "slow"`, "release", []string{"There is nothing to go back to"}},
		"a scope of no kind":       {"hold", `scope = "region/eu"` + "\n" + `reason = "x"`, "scope", []string{`The scope "region/eu" begins with "region"`}},
		"an end that is none":      {"hold", `scope = "all"` + "\n" + `reason = "x"` + "\n" + `until = "tomorrow"`, "until", []string{"Invalid end of a hold"}},
		"an end that has passed":   {"hold", `scope = "all"` + "\n" + `reason = "x"` + "\n" + `until = "2020-01-01T00:00:00Z"`, "until", []string{"It would end at 2020-01-01 00:00Z, which has passed"}},
		"an attribute that is not": {"continue", `release = "checkout/production"` + "\n" + `because = "x"`, "because", []string{`An argument named "because" is not expected here`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &stage{Terraform: s.Terraform, t: t, lab: s.lab, ledger: s.ledger}
			s.Write("actions.tf", fmt.Sprintf("action \"sluice_%s\" \"x\" {\n  config {\n%s\n  }\n}\n", c.action, c.config))
			wrong := s.refused("action.sluice_"+c.action+".x", c.says...)
			if !strings.Contains(wrong.Output, `"code":"`+c.line+` = `) {
				t.Errorf("it does not point to %s: %s", c.line, wrong.Output)
			}
		})
	}
	if after := s.history().Seq; after != before {
		t.Errorf("the record has come from %d to %d", before, after)
	}
}
