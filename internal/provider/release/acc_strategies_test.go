package release_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// strategyStage is one of the examples of strategies in front of a lab.
func strategyStage(t *testing.T, example string, c lab.Config) *stage {
	t.Helper()
	t.Parallel()
	c.Traffic = 200
	s := newStageOn(t, labtest.Start(t, c))
	s.Write("versions.tf", "") // The example has its own.
	content, err := os.ReadFile(filepath.Join("../../../examples/strategies", example, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	s.Write("main.tf", strings.Replace(string(content), `provider "sluice" {}`, fmt.Sprintf("provider \"sluice\" {\n ledger = \"sqlite:%s\"\n}", s.ledger), 1))
	return s
}

// wish writes which artifact the example shall release.
func (s *stage) wish(p artifact.Payload) {
	text := fmt.Sprintf("artifact = { version = %q, reference = %q }\ncontract = %q\n", p.Version, p.Reference, s.lab.Contract)
	if example, err := os.ReadFile(filepath.Join(s.Dir, "main.tf")); err == nil && strings.Contains(string(example), `variable "service"`) {
		text += fmt.Sprintf("service = %q\n", s.lab.Addresses.Traffic)
	}
	s.Write("terraform.tfvars", text)
}

// internalUsers are the requests that the cohort of the example matches.
func internalUsers() *lab.Marked {
	return &lab.Marked{Cohort: target.Cohort{Header: "X-Canary", Value: "internal"}, Share: 20}
}

// The example with a cohort, a mirror, shares, pauses and a check goes through with
// a person's word, which comes from another process, and its plan says each step.
func TestAccRelease_StepsOfEveryKind(t *testing.T) {
	s := strategyStage(t, "cohort", lab.Config{Marked: internalUsers()})
	s.wish(s.v1)
	s.MustApply()
	s.wish(s.v2)
	plan := s.Plan()
	want := []string{
		"1.1.0 for requests with X-Canary: internal, at least 1s",
		"1.1.0 is checked at 0 % and for requests with X-Canary: internal: journey",
		"1.1.0 gets a copy of 10 % of the requests, at least 1s",
		"1.1.0 at 10 %, at least 1s",
		"1.1.0 waits 1s at 10 % and for requests with X-Canary: internal",
		"1.1.0 at 50 %, at least 1s",
		"1.1.0 waits at 50 % and for requests with X-Canary: internal until somebody resumes it",
		"1.1.0 at 100 %, bake 2s",
	}
	if plan.Exit != 2 {
		t.Fatalf("exit %d: %s", plan.Exit, plan.Text("error"))
	}
	s.applyWithAWord()
	s.MustBeSettled()
	s.wantServing(s.v2)
	state := s.wantState("1.1.0", "steady")
	if got := fmt.Sprint(state["steps"]); got != fmt.Sprint(want) {
		t.Errorf("the steps are %s", got)
	}
	s.wish(s.v3)
	s.MustFail("rolled back", "What serves now 1.1.0")
	if r := s.history().Last(); r.Step != 0 || r.Weight != 0 {
		t.Errorf("harm was seen at step %d, %g %%; the cohort is the first step", r.Step+1, r.Weight)
	}
	s.wantServing(s.v2)
}

// applyWithAWord applies, and says to go on when the rollout waits for that.
func (s *stage) applyWithAWord() {
	s.t.Helper()
	cmd := s.Command("apply", "-json", "-input=false", "-auto-approve")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	acctest.Eventually(s.t, "the rollout waits for a person", func() bool {
		open := s.history().Open()
		return open != nil && open.Cause == release.CausePause
	})
	if _, err := s.engine().Resume(s.t.Context(), key, "kim@acme", "the basket is fine"); err != nil {
		s.t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		s.t.Fatalf("%v: %s", err, out.String())
	}
}

// The example of blue/green checks the new version before anybody is sent there.
func TestAccRelease_BlueGreen(t *testing.T) {
	s := strategyStage(t, "blue-green", lab.Config{})
	s.wish(s.v1)
	s.MustApply()
	s.wish(s.v2)
	s.MustApply()
	if r := s.history().Last(); r.ClosedAt.Sub(r.OpenedAt) < 4*time.Second {
		t.Errorf("it took %s; the preview is 1s and the old version is kept warm for 3s", r.ClosedAt.Sub(r.OpenedAt))
	}
	s.MustBeSettled()
	s.wantServing(s.v2)
	down := s.lab.Artifact(service.Descriptor{Version: "1.3.0", ErrorRate: 1})
	s.wish(down)
	s.MustFail("rolled back", "What serves now 1.1.0", `the check "answers" did not pass in 3 attempts: status 500; expected 200`)
	if r := s.history().Last(); r.Cause != release.CauseCheck || s.history().Quarantine[down.Key()].Reason == "" {
		t.Errorf("it went back because of %s", r.Cause)
	}
	s.wantServing(s.v2)
}

// The example of batches goes through, and a harmful version stops in the first.
func TestAccRelease_Rolling(t *testing.T) {
	s := strategyStage(t, "rolling", lab.Config{Instances: 4})
	s.wish(s.v1)
	s.MustApply()
	s.wish(s.v2)
	s.MustApply()
	s.MustBeSettled()
	s.wantServing(s.v2)
	s.wish(s.v3)
	s.MustFail("rolled back", "What serves now 1.1.0")
	if r := s.history().Last(); r.Step != 0 {
		t.Errorf("harm was seen in batch %d", r.Step+1)
	}
}

// What a target cannot do is an error at plan that names the capability.
func TestAccRelease_CapabilitiesThatLack(t *testing.T) {
	for example, tc := range map[string]struct {
		config lab.Config
		want   []string
	}{
		"cohort":     {lab.Config{NoCohorts: true, NoMirror: true}, []string{`needs the capability "cohorts", which the target (contract) does not have`, `needs the capability "mirror"`}},
		"blue-green": {lab.Config{NoCohorts: true}, []string{`needs the capability "cohorts"`}},
		"rolling":    {lab.Config{NoBatches: true}, []string{`needs the capability "batches", which the target (contract) does not have; allowed is a strategy that is not rolling, for example blue_green = {}`}},
	} {
		t.Run(example, func(t *testing.T) {
			s := strategyStage(t, example, tc.config)
			s.wish(s.v1)
			plan := s.Plan()
			text := strings.Join(strings.Fields(plan.Text("error")), " ")
			for _, want := range tc.want {
				if plan.Exit != 1 || !strings.Contains(text, want) {
					t.Errorf("exit %d: %s\nwant %s", plan.Exit, text, want)
				}
			}
		})
	}
}
