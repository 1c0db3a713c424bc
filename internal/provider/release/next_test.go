package release_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// declaredBeside are a service and a policy, for a release that takes them.
const declaredBeside = `
resource "sluice_service" "checkout" {
  name       = "checkout"
  team       = "payments"
  objectives = { error_ceiling = "5%", latency = { share = "99%", within = "300ms" } }
}
resource "sluice_rollback_policy" "cautious" {
  name        = "cautious"
  max_per_day = 2
}
`

// asked is a configuration that only asks for lists.
func (s *stage) asked(config string, lists ...string) {
	s.t.Helper()
	s.Write("main.tf", fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", s.ledger))
	text := ""
	for i, list := range lists {
		text += fmt.Sprintf("list %q \"l%d\" {\n  provider = sluice\n%s}\n", list, i, config)
	}
	s.Write("all.tfquery.hcl", text)
}

// TestNextAReleaseIsListedAndImportedAgain has terraform query write what would import a
// release and all that it takes, and wants the plan after that to be empty: Terraform
// writes each definition anew, as jsonencode.
func TestNextAReleaseIsListedAndImportedAgain(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1, `
  service_definition = sluice_service.checkout.definition
  rollback_policy    = sluice_rollback_policy.cautious.definition
`), "report", "")+declaredBeside)
	s.MustApply()
	other := s.sharing()
	other.asked("", "sluice_release", "sluice_environment", "sluice_deployment_strategy", "sluice_drift_check", "sluice_service", "sluice_rollback_policy")
	found, result := other.Query("-generate-config-out=imported.tf")
	if result.Exit != 0 || len(found) != 6 {
		t.Fatalf("exit %d, %d were found: %s", result.Exit, len(found), result.Output)
	}
	for _, f := range found {
		if f.Address == "list.sluice_release.l0" && (f.Display != "checkout 1.0.0 in production, steady" || f.Identity["service"] != "checkout" || f.Identity["environment"] != "production") {
			t.Errorf("%+v", f)
		}
	}
	if plan := other.Plan(); plan.Exit != 2 || len(plan.Diagnostics) > 0 || !strings.Contains(plan.Output, "Plan: 6 to import, 0 to add, 0 to change, 0 to destroy") {
		raw, _ := os.ReadFile(filepath.Join(other.Dir, "imported.tf"))
		t.Fatalf("exit %d: %s\n%s", plan.Exit, plan.Output, raw)
	}
	other.MustApply()
	if state := other.State("sluice_release.l0_0"); state == nil || state["status"] != "steady" {
		t.Errorf("the state has %v", state)
	}
	other.Write("imported.tf", "")
	other.Write("main.tf", fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", s.ledger))
	other.Write("all.tfquery.hcl", "list \"sluice_release\" \"all\" {\n  provider = sluice\n}\n")
	acctest.ShowsWhatIsSeen(t, "../../../examples/list-resources/sluice_release/output.txt", other.printed("query", "-no-color"))
	for config, want := range map[string]int{`status = "steady"`: 1, `status = "open"`: 0, `environment = "staging"`: 0, "service = \"checkout\"\nenvironment = \"production\"": 1} {
		other.asked("include_resource = true\nconfig {\n"+config+"\n}\n", "sluice_release")
		found, result := other.Query()
		if result.Exit != 0 || len(found) != want {
			t.Errorf("%s: exit %d, %d were found and not %d: %s", config, result.Exit, len(found), want, result.Output)
		}
		for _, f := range found {
			if f.Resource["id"] != "checkout/production" {
				t.Errorf("%s: the resource is %v", config, f.Resource)
			}
		}
	}
	other.asked("config {\nstatus = \"stedy\"\n}\n", "sluice_release")
	_, wrong := other.Query()
	other.Wants(wrong, "error", "Invalid status", `"stedy" is not a status; it must be open, steady`)
	other.ledger += ".none"
	other.asked("", "sluice_release")
	_, none := other.Query()
	if other.Wants(none, "error", "Unable to list releases", "there is no ledger here yet"); wrong.Exit != 1 || none.Exit != 1 {
		t.Errorf("exit %d and %d", wrong.Exit, none.Exit)
	}
}

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

// inProcess is a stage whose provider Terraform starts, and ends, itself.
func inProcess(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.Terraform = acctest.NewProcess(t)
	return s
}

// cut invokes an action and presses Ctrl-C as soon as it is so.
func (s *stage) cut(action, what string, so func() bool) acctest.Result {
	s.t.Helper()
	cmd := s.Command(acctest.Invoking(action)...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	acctest.Eventually(s.t, what, so)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	_ = cmd.Wait() // How it ended is in its exit code.
	return acctest.Read(out.Bytes(), cmd.ProcessState.ExitCode())
}

// TestNextAnInterruptedActionIsNoSuccess presses Ctrl-C in the middle of continuing.
func TestNextAnInterruptedActionIsNoSuccess(t *testing.T) {
	s := inProcess(t)
	s.Write("main.tf", s.config(s.v1, slow))
	if first := s.Apply(); first.Exit != 0 {
		t.Fatal(first.Text("error"))
	}
	s.Write("main.tf", s.config(s.v2, slow))
	s.interrupt()
	s.Write("actions.tf", actions)
	before := s.history().Seq
	stopped := s.cut("action.sluice_continue.checkout", "the action drives", func() bool { return s.history().Seq > before })
	if s.Wants(stopped, "error", "Unable to release checkout 1.1.0 to production: the rollout is not finished", "it was interrupted"); stopped.Exit != 1 {
		t.Errorf("exit %d", stopped.Exit)
	}
	if s.history().Open() == nil {
		t.Error("the rollout is closed")
	}
}

// TestNextAnInterruptedAbortComesToItsEnd presses Ctrl-C while the target is asked to go
// back, which it does slowly. Terraform may not end the provider before.
func TestNextAnInterruptedAbortComesToItsEnd(t *testing.T) {
	s := inProcess(t)
	asked := make(chan struct{}, 1)
	there, err := url.Parse(s.lab.Contract)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(there)
	slowly := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, wire.PathRevert) {
			select {
			case asked <- struct{}{}:
			default:
			}
			// Longer than Terraform waits for a provider that it ends.
			_ = clock.System{}.Sleep(context.Background(), 3*time.Second)
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(slowly.Close)
	config := func(p artifact.Payload) string {
		return strings.ReplaceAll(s.config(p, slow), `url = "`+s.lab.Contract+`"`, `url = "`+slowly.URL+`"`)
	}
	s.Write("main.tf", config(s.v1))
	if first := s.Apply(); first.Exit != 0 {
		t.Fatal(first.Text("error"))
	}
	s.Write("main.tf", config(s.v2))
	s.interrupt()
	s.Write("actions.tf", actions)
	ended := s.cut("action.sluice_abort.checkout", "the target is asked to go back", func() bool {
		select {
		case <-asked:
			return true
		default:
			return false
		}
	})
	s.wantServing(s.v1)
	if last := s.history().Last(); last.State != release.Aborted {
		t.Errorf("the rollout is %s: %s", last.State, ended.Output)
	}
}
