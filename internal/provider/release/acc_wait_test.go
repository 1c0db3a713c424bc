package release_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// threeSteps is a strategy of which each step takes a part of a second.
const threeSteps = `
  canary = { steps = [{ weight = 20, at_least = "200ms" }, { weight = 50, at_least = "200ms" }, { weight = 100 }] }
  analysis = {
    interval = "500ms"
    metrics  = { errors = { critical = true, ceiling = "5%", dispersion = 1 } }
  }
`

// waits is what a release says of how long an apply stays, with a job that goes on.
func waits(wait string) string {
	return fmt.Sprintf("  wait = %q\n  continued_by = { every = \"30s\" }\n", wait)
}

// progressText is the summary in the state, empty where no rollout is open.
func (s *stage) progressText() string {
	s.t.Helper()
	p, _ := s.State(address)["progress"].(map[string]any)
	text, _ := p["summary"].(string)
	return text
}

// sharesProgress wants the data source, in another state, to say what the resource does.
func (s *stage) sharesProgress() {
	s.t.Helper()
	other := s.sharing()
	other.Write("main.tf", `
provider "sluice" {
  ledger = "`+s.url()+`"
}
data "sluice_release" "checkout" {
  service     = "checkout"
  environment = "production"
}
output "progress" {
  value = data.sluice_release.checkout.progress.summary
}
`)
	other.MustApply()
	shown, _ := other.State("data.sluice_release.checkout")["progress"].(map[string]any)
	if text := s.progressText(); text == "" || shown["summary"] != text || shown["continued_by"] != "a job every 30s" {
		s.t.Errorf("the data source says %v, and the state %q", shown, text)
	}
}

// mustGoOn applies what leaves its rollout open.
func (s *stage) mustGoOn() acctest.Result {
	s.t.Helper()
	applied := s.Apply()
	if applied.Exit != 0 {
		s.t.Fatalf("the apply failed: %s", applied.Text("error"))
	}
	return applied
}

func TestAccWait_StepByStepUntilItIsFinished(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1, threeSteps)
	s.Write("main.tf", s.config(s.v2, threeSteps, waits("step")))
	first := s.mustGoOn()
	s.Wants(first, "warning", "Rollout 2 of checkout/production is not finished", "progressing, 20 %, step 2 of 3, next look at", "sluice wait checkout/production")
	s.wantState("1.1.0", "stepping")
	if text := s.progressText(); !regexp.MustCompile(`^progressing, 20 %, step 2 of 3, next look at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ by a job every 30s$`).MatchString(text) {
		t.Errorf("the state says %q", text)
	}
	s.sharesProgress()
	plan := s.Plan()
	if change := s.Change(address); plan.Exit != 2 || !change.Actions.Update() {
		t.Fatalf("want an update that goes on: %s", plan.Output)
	}
	s.Wants(plan, "warning", "rollout 2 of checkout 1.1.0 in production is open; apply goes on with it")
	s.mustGoOn()
	s.wantState("1.1.0", "stepping")
	if text := s.progressText(); !strings.HasPrefix(text, "progressing, 50 %, step 3 of 3,") {
		t.Errorf("the state says %q", text)
	}
	s.MustApply()
	s.wantServing(s.v2)
	if state := s.wantState("1.1.0", "steady"); state["progress"] != nil {
		t.Errorf("the progress is %v", state["progress"])
	}
	s.MustBeSettled()
	if n := len(s.history().Rollouts); n != 2 {
		t.Errorf("there are %d rollouts", n)
	}
}

// A create that only starts is in the state, and not tainted: what comes next is an
// update in place, or nothing at all once somebody has brought it to its end.
func TestAccWait_AStartedCreateIsFinishedBySomebodyElse(t *testing.T) {
	first := newStage(t)
	first.ship(first.v1)
	s := newStageOn(t, first.lab)
	s.v2 = first.v2
	s.Write("main.tf", s.config(s.v2, threeSteps, waits("started")))
	s.mustGoOn()
	if state := s.State(address); state == nil || state["progress"] == nil {
		t.Fatalf("the state has %v", state)
	}
	if plan := s.Plan(); plan.Exit != 2 || !s.Change(address).Actions.Update() {
		t.Fatalf("want an update in place: %s", plan.Output)
	}
	if out, err := s.engine().Continue(context.Background(), key); err != nil || out.Result != release.Shipped {
		t.Fatalf("%s, %v", out.Result, err)
	}
	if s.Plan(); !s.Change(address).Actions.NoOp() {
		t.Errorf("the release is to be changed: %v", s.Change(address).Actions)
	}
	s.wantServing(s.v2)
	s.MustApply()
	s.wantState("1.1.0", "steady")
}

// A saved plan that goes on with a rollout is applied after that has ended.
func TestAccWait_APlanOutlivesTheRolloutThatItGoesOnWith(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1, threeSteps)
	s.Write("main.tf", s.config(s.v2, threeSteps, waits("started")))
	s.mustGoOn()
	if plan := s.Plan("-out=saved"); plan.Exit != 2 {
		t.Fatal(plan.Output)
	}
	if _, err := s.engine().Continue(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	if applied := s.Run("apply", "-json", "-input=false", "saved"); applied.Exit != 0 {
		t.Fatalf("the saved plan failed: %s", applied.Output)
	}
	s.wantState("1.1.0", "steady")
	s.MustBeSettled()
}

func TestAccWait_WhatNobodyGoesOnWithIsRefused(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1, threeSteps)
	for name, lines := range map[string]string{
		"a short wait without anybody":          "  wait = \"started\"\n",
		"a short wait for what is irreversible": "  wait = \"step\"\n  irreversible = true\n",
		"somebody for what is irreversible":     "  continued_by = { every = \"30s\" }\n  irreversible = true\n",
		"an agent and a job":                    "  wait = \"step\"\n  continued_by = { agent = true, every = \"30s\" }\n",
		"neither an agent nor a job":            "  wait = \"step\"\n  continued_by = {}\n",
		"a job that comes after the switch":     waits("step")[:len("  wait = \"step\"\n")] + "  continued_by = { every = \"5m\" }\n",
		"a wait that is none":                   "  wait = \"briefly\"\n",
		"a limit that is none":                  "  wait_at_most = \"0s\"\n",
	} {
		s.Write("main.tf", s.config(s.v2, threeSteps, lines))
		plan := s.Plan()
		if plan.Exit != 1 {
			t.Errorf("%s: not refused: %s", name, plan.Output)
		}
		s.Golden(name, plan, "error")
	}
	s.wantServing(s.v1)
}

// An agent that is named must live, or nothing is moved.
func TestAccWait_AnAgentThatIsNamedMustLive(t *testing.T) {
	s := newStage(t)
	s.ship(s.v1, threeSteps)
	s.Write("main.tf", s.config(s.v2, threeSteps, "  wait = \"started\"\n  continued_by = { agent = true }\n"))
	plan := s.Plan()
	for _, d := range plan.Of("warning") {
		if strings.HasPrefix(d.Summary, "No agent") {
			acctest.Golden(t, "a plan without an agent", d.Summary+"\n"+d.Detail)
		}
	}
	s.Wants(plan, "warning", "No agent drives checkout/production now")
	refused := s.Apply()
	s.Golden("an apply without an agent", refused, "error")
	s.wantServing(s.v1)
	if n := len(s.history().Rollouts); n != 1 {
		t.Fatalf("%d rollouts: one was begun", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	k := &presence.Keeper{
		Ledger: s.engine().Ledger, Clock: clock.System{}, Agent: presence.Agent{Name: "agent-1"}, Actor: "agent", Holder: "agent 1", Every: 100 * time.Millisecond,
	}
	done := make(chan struct{})
	go func() { defer close(done); k.Keep(ctx, func(err error) { t.Log(err) }) }()
	acctest.Eventually(t, "the agent lives", k.Held)
	s.mustGoOn()
	cancel()
	<-done
	if text := s.progressText(); !strings.HasSuffix(text, "by the agent") {
		t.Errorf("the state says %q", text)
	}
	// It has gone by the next apply, which goes on and cannot leave it either.
	if err := k.Release(context.Background()); err != nil {
		t.Fatal(err)
	}
	left := s.Apply()
	s.Golden("a rollout that the agent has left", left, "error")
	if left.Exit != 1 || s.history().Open() == nil {
		t.Errorf("exit %d", left.Exit)
	}
}

func TestAccWait_WavesStepByStep(t *testing.T) {
	f := newFleet(t, "eu", "us")
	f.Write("main.tf", f.over(f.v1, "  waves = { sizes = [1] }\n"))
	f.MustApply()
	f.Write("main.tf", f.over(f.v2, "  waves = { sizes = [1] }\n"+waits("step")))
	texts := []string{}
	for range 8 {
		f.mustGoOn()
		if f.history().Open() == nil {
			break
		}
		texts = append(texts, f.progressText())
	}
	f.MustBeSettled()
	f.wantAt(f.v2, "eu", "us")
	if len(texts) < 2 || !strings.HasPrefix(texts[0], "progressing, 0 of 2 targets, wave 1 of 2,") {
		t.Errorf("the states said:\n%s", strings.Join(texts, "\n"))
	}
	if n := len(f.history().Rollouts); n != 2 {
		t.Errorf("%d rollouts", n)
	}
}
