package release_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// settings serves a JSON document, or what stands in for it, to whoever has the
// token.
func settings(t *testing.T) (url string, set func(string)) {
	t.Helper()
	var body atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "Bearer a-token-of-the-test" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		text, _ := body.Load().(string)
		_, _ = w.Write([]byte(text)) // A client that is gone reads nothing.
	}))
	t.Cleanup(server.Close)
	return server.URL, func(text string) { body.Store(text) }
}

func TestAccDeclaredDocumentsAndFilesAreComparedByTheirPathsAndSecretsAreNeverShown(t *testing.T) {
	s := newStage(t)
	url, set := settings(t)
	token, flags := filepath.Join(s.Dir, "token"), filepath.Join(s.Dir, "flags.txt")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(token, "a-token-of-the-test\n")
	write(flags, "beta=off\n")
	const good = `{"limits":{"max":100},"servers":[{"port":8080}],"key":"hunter2-first","loud":true}`
	set(good)
	declared := func(more string) string {
		return fmt.Sprintf(`  documents = {
    settings = {
      url   = %q
      token = { file = %q }
      paths = {
        "limits.max"     = { equals = 100 }
        "servers.0.port" = { equals = 8080 }
        "key"            = { sha256 = %q }
      }
    }
    flags = { file = %q, sha256 = %q }
  }
  fields = { "baseline.replicas" = { equals = 1 } }
  ignore = [{ path = "baseline.replicas", reason = "the lab has no such notion", expires = "2034-01-01T00:00:00Z" }]
%s`, url, token, sum("hunter2-first"), flags, sum("beta=off\n"), more)
	}
	s.Write("main.tf", watched(s.config(s.v1), "report", declared("")))
	s.MustApply()
	if got := s.State(checkAddress)["status"]; got != "clean" {
		t.Fatalf("status is %v: %v", got, s.State(checkAddress))
	}
	set(strings.ReplaceAll(good, "loud", "quiet"))
	s.MustBeSettled() // Nobody declared that.

	set(strings.NewReplacer("100", "7", "hunter2-first", "hunter2-second", "8080", "8080.0").Replace(good))
	write(flags, "beta=on\n")
	plan := s.Plan()
	if plan.Exit != 0 {
		t.Fatalf("a report changes nothing: exit %d: %s", plan.Exit, plan.Output)
	}
	s.Golden("documents have drifted", plan, "warning")
	s.Wants(plan, "warning", "has drifted in 3 places", "settings.limits.max: expected 100, observed 7", "settings.key: expected what the hash says", "flags: expected")
	if strings.Contains(plan.Output, "hunter2") {
		t.Error("the plan shows a secret")
	}
	s.Write("main.tf", watched(s.config(s.v1), "remediate", declared("")))
	s.Golden("documents that no repair reaches", s.Plan(), "warning")
	if result := s.Apply(); result.Exit != 0 || s.history().Last().Kind == release.Repair {
		t.Fatalf("exit %d, the last rollout is %s: %s", result.Exit, s.history().Last().Kind, result.Output)
	}
	if plan = s.Plan(); plan.Exit != 0 {
		t.Errorf("what no repair reaches is planned for ever: %s", plan.Output)
	}
	if state := fmt.Sprint(s.State(checkAddress)); strings.Contains(state, "hunter2") || !strings.Contains(state, "settings.key") {
		t.Errorf("the state is %s", state)
	}

	s.Write("main.tf", watched(s.config(s.v1), "report", declared(`  severity = { settings = "high", flags = "low" }`+"\n")))
	if plan = s.Plan(); plan.Exit != 1 {
		t.Errorf("what is of high severity fails in every mode: %s", plan.Output)
	}
	set(good)
	s.Write("main.tf", watched(s.config(s.v1), "fail", declared(`  severity = { flags = "low" }`+"\n")))
	if plan = s.Plan(); plan.Exit != 2 || len(plan.Of("warning")) != 1 {
		t.Errorf("what is of low severity fails the plan: exit %d: %s", plan.Exit, plan.Output)
	}

	write(flags, "beta=off\n")
	s.Write("main.tf", watched(s.config(s.v1), "report", declared("")))
	s.MustApply()
	for name, body := range map[string]string{"no JSON": `<html>hunter2</html>`, "too much": `"` + strings.Repeat("x", 1<<20) + `"`, "two": good + good} {
		set(body)
		plan = s.Plan()
		s.Wants(plan, "warning", "nobody can tell whether checkout/production has drifted: unable to read settings")
		if strings.Contains(plan.Output, "hunter2") {
			t.Errorf("%s: the plan shows what it read", name)
		}
	}
	set(good)
	write(token, "another\n")
	plan = s.Plan()
	s.Wants(plan, "warning", "unable to read settings", "answered 401")
	s.Write("main.tf", watched(s.config(s.v1), "fail", declared("")))
	if plan = s.Plan(); plan.Exit != 1 {
		t.Errorf("mode fail takes what cannot be read for clean: %s", plan.Output)
	}
}

func TestAccARepairIsMadeOnlyOnWhatThePlanSaw(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1), "remediate", ""))
	s.MustApply()
	apply := func() (exit int, text string) {
		result := s.Run("apply", "-json", "-input=false", "tfplan")
		return result.Exit, result.Text("error")
	}

	s.nudge()
	if plan := s.Plan(); plan.Exit != 2 {
		t.Fatalf("want a repair: %s", plan.Output)
	}
	s.lab.Weight(lab.Weight{Weight: 40, Reference: s.v2.Reference})
	result := s.Run("apply", "-json", "-input=false", "tfplan")
	if result.Exit != 1 {
		t.Fatalf("the repair overruled what somebody did since: %s", result.Output)
	}
	s.Golden("a repair of something else", result, "error")
	s.Wants(result, "error", "Unable to repair release checkout/production: what serves is not what the plan saw", "baseline.weight: expected 100 %, observed 60 %", "Nothing was changed.")
	if weight := s.lab.Status().Observation.Baseline.Weight; weight != 60 {
		t.Errorf("the baseline has %g %%", weight)
	}

	if plan := s.Plan(); plan.Exit != 2 {
		t.Fatalf("want a repair: %s", plan.Output)
	}
	s.lab.Faults(lab.Faults{Contract: &lab.ContractFault{Refuse: true}})
	if exit, text := apply(); exit != 1 || !strings.Contains(text, "what serves cannot be seen") {
		t.Errorf("blind, exit %d: %s", exit, text)
	}
	s.lab.Faults(lab.Faults{})

	if plan := s.Plan(); plan.Exit != 2 {
		t.Fatalf("want a repair: %s", plan.Output)
	}
	if exit, text := apply(); exit != 0 {
		t.Errorf("exit %d: %s", exit, text)
	}
	s.wantServing(s.v1)
	s.MustBeSettled()
}

func TestAccTheAuthorAcceptsJustTheValuesThatAreStated(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1), "report", ""))
	s.MustApply()
	s.nudge()
	accepted := fmt.Sprintf(`  accepted = [
    { path = "baseline.weight", value = "70 %%", reason = "a trial" },
    { path = "canary.weight", value = "30 %%", reason = "a trial" },
    { path = "canary.digest", sha256 = %q, reason = "a trial" },
  ]
`, sum(s.v2.Digest()))
	s.Write("main.tf", watched(s.config(s.v1), "accept", accepted))
	s.MustApply()
	if got := s.State(checkAddress)["status"]; got != "clean" {
		t.Errorf("status is %v", got)
	}
	s.lab.Weight(lab.Weight{Weight: 31, Reference: s.v2.Reference})
	plan := s.Plan()
	s.Golden("another value than the accepted one", plan, "warning")
	s.Wants(plan, "warning", "has drifted in 2 places", "baseline.weight: expected 100 %, observed 69 %", "(accepted: a trial)")
}

func TestAccADriftedEnvironmentKeepsReleasesBackButNoRepair(t *testing.T) {
	s := newStage(t)
	s.Write("main.tf", watched(s.config(s.v1), "report", "  blocks = \"environment\"\n"))
	s.MustApply()
	flags := filepath.Join(s.Dir, "flags.txt")
	if err := os.WriteFile(flags, []byte("on"), 0o600); err != nil {
		t.Fatal(err)
	}
	more := fmt.Sprintf("  blocks = \"environment\"\n  documents = { flags = { file = %q, sha256 = %q } }\n", flags, sum("off"))
	s.Write("main.tf", watched(s.config(s.v1), "remediate", more))
	if result := s.Apply(); result.Exit != 0 {
		t.Fatal(result.Output)
	}
	s.Write("main.tf", watched(s.config(s.v2), "remediate", more))
	s.Golden("drift keeps a release back", s.MustFail("Unable to release checkout 1.1.0 to production: blocked", "drift", "flags"), "error")
	s.wantServing(s.v1)

	s.nudge()
	s.Write("main.tf", watched(s.config(s.v1), "remediate", more))
	if result := s.Apply(); result.Exit != 0 {
		t.Fatalf("drift keeps its own repair back: %s", result.Output)
	}
	s.wantServing(s.v1)
	if last := s.history().Last(); last.Kind != release.Repair || last.State != release.Succeeded {
		t.Errorf("the last rollout is %s %s, want a repair", last.Kind, last.State)
	}
	if err := os.WriteFile(flags, []byte("off"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Write("main.tf", watched(s.config(s.v2), "remediate", more))
	s.MustApply()
	s.wantServing(s.v2)
}
