package ecs_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

var update = flag.Bool("update", false, "write docs/policies")

func policy(t *testing.T) string {
	t.Helper()
	text, err := ecs.Policy("eu-central-1", "123456789012", "production", "checkout", "checkout", "arn:aws:iam::123456789012:role/checkout-task", "arn:aws:iam::123456789012:role/checkout-execution", "arn:aws:iam::123456789012:role/ecs-infrastructure")
	must(t, err)
	return text
}

// The policy in docs is the one that Policy gives.
func TestPolicyInDocs(t *testing.T) {
	awstest.PolicyInDocs(t, *update, "ecs.json", policy(t))
}

// Each call is in the policy, and each action of the policy is called: a release, a
// stop on the way and a rollback.
func TestPolicyHasWhatIsCalledAndNoMore(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	if obstacles, err := d.Preflight(t.Context(), b); err != nil || len(obstacles) > 0 {
		t.Fatalf("%+v, %v", obstacles, err)
	}
	must(t, prepare(t, d, tenth))
	_, err := apply(t, d, 10)
	must(t, err)
	s.Change(func(e *ecstest.Service) { e.Slow, e.Newest().Hook, e.Newest().Status = true, nil, "PENDING" })
	_, err = verb(t, revert(t), d)
	must(t, err)
	_, err = verb(t, func(d *ecs.Target, w target.WriteRequest) (target.Progress, error) { return d.Finalize(t.Context(), w) }, d)
	must(t, err)
	// A Network Load Balancer has no rules, but listeners.
	listener := strings.Replace(ecstest.Rule, "listener-rule/app", "listener/net", 1)
	s.Change(func(e *ecstest.Service) { e.Advanced()["productionListenerRule"] = listener })
	if o, err := d.Observe(t.Context()); err != nil || o.Baseline.Weight != 100 {
		t.Fatalf("%+v, %v", o, err)
	}
	called := map[string]bool{}
	s.Change(func(*ecstest.Service) {
		for name := range s.Calls {
			called[name] = true
		}
	})
	text := policy(t)
	delete(called, "GetCallerIdentity") // Everybody may.
	for name := range called {
		if !strings.Contains(text, ":"+name+`"`) {
			t.Errorf("%s is called and not allowed", name)
		}
	}
	for line := range strings.Lines(text) {
		service, name, ok := strings.Cut(strings.Trim(line, " \",\n"), ":")
		if ok && (service == "ecs" || service == "elasticloadbalancing") && !called[name] {
			t.Errorf("%s is allowed and not called", name)
		}
	}
}

// The role of examples/aws-ecs may do what the policy allows, statement by statement.
func TestPolicyInTheExample(t *testing.T) {
	policy, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "policies", "ecs.json"))
	if err != nil {
		t.Fatal(err)
	}
	role, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "aws-ecs", "role.tf"))
	if err != nil {
		t.Fatal(err)
	}
	_, releases, _ := strings.Cut(string(role), `resource "aws_iam_role_policy" "releases"`)
	actions := regexp.MustCompile(`"(?:elasticloadbalancing|ecs|iam):[A-Z]\w+"`)
	if diff := cmp.Diff(actions.FindAllString(string(policy), -1), actions.FindAllString(releases, -1)); diff != "" {
		t.Errorf("role.tf (-want +got):\n%s", diff)
	}
}
