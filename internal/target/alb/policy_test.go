package alb_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

var update = flag.Bool("update", false, "write docs/policies")

// here is where the fake is.
var here = awscloud.Place{Region: "eu-central-1", Account: "123456789012"}

// granted is what the guide's release needs; both kinds of what stands behind the groups
// at once, which no release has.
var granted = alb.GrantConfig{
	TargetGroups: []string{albtest.Blue, albtest.Green}, Routes: []string{albtest.HTTPS, albtest.Rule},
	ECS: &alb.GrantECS{Cluster: "production", Services: []string{"checkout-blue", "checkout-green"}, Family: "checkout",
		Roles: []string{"arn:aws:iam::123456789012:role/checkout-execution", "arn:aws:iam::123456789012:role/checkout-task"}},
	AutoScaling: &alb.GrantAutoScaling{Groups: []string{"checkout-blue", "checkout-green"}, LaunchTemplate: albtest.Template,
		Roles: []string{"arn:aws:iam::123456789012:role/checkout-instance"}},
}

func policy(t *testing.T) string {
	t.Helper()
	text, err := alb.Policy(here, granted)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The policy in docs is the one that Policy gives.
func TestPolicyInDocs(t *testing.T) {
	awstest.PolicyInDocs(t, *update, "alb.json", policy(t))
}

// Each call is in the policy, and each action of the policy is called, but for those
// that AWS checks beside others.
func TestPolicyHasWhatIsCalledAndNoMore(t *testing.T) {
	text, called := policy(t), map[string]bool{"TagResource": true, "PassRole": true, "RunInstances": true, "CreateTags": true}
	services, c := two(t)
	groups, other := serveGroups(t, 2)
	for _, run := range []struct {
		s *albtest.Server
		c alb.Config
		p artifact.Payload
	}{{services, c, b}, {groups, other, template("8")}} {
		d := open(t, run.c, clock.System{})
		if obstacles, err := d.Preflight(t.Context(), run.p); err != nil || len(obstacles) > 0 {
			t.Fatalf("%+v, %v", obstacles, err)
		}
		prepare(t, d, run.p)
		steps(t, d, "100", 100)
		for _, verb := range []func() (target.Progress, error){
			func() (target.Progress, error) { return d.Complete(t.Context(), write("complete")) },
			func() (target.Progress, error) { return d.Finalize(t.Context(), write("finalize")) },
		} {
			if p, err := again(verb); err != nil || !p.Done {
				t.Fatalf("%+v, %v", p, err)
			}
		}
		for name := range run.s.Called() {
			called[name] = true
		}
	}
	delete(called, "GetCallerIdentity") // Everybody may.
	for name := range called {
		if !strings.Contains(text, ":"+name+`"`) {
			t.Errorf("%s is called and not allowed", name)
		}
	}
	for line := range strings.Lines(text) {
		service, name, ok := strings.Cut(strings.Trim(line, " \",\n"), ":")
		if ok && !strings.Contains(name, ":") && !strings.Contains(service, "\"") && !called[name] {
			t.Errorf("%s:%s is allowed and not called", service, name)
		}
	}
}

// The role of examples/aws-alb, which has services and no Auto Scaling groups, may do
// what the policy allows, statement by statement.
func TestPolicyInTheExample(t *testing.T) {
	role, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "aws-alb", "role.tf"))
	if err != nil {
		t.Fatal(err)
	}
	services := granted
	services.AutoScaling = nil
	text, err := alb.Policy(here, services)
	if err != nil {
		t.Fatal(err)
	}
	actions := regexp.MustCompile(`"(?:elasticloadbalancing|ecs|application-autoscaling|iam):[A-Z]\w+"`)
	if diff := cmp.Diff(actions.FindAllString(text, -1), actions.FindAllString(string(role), -1)); diff != "" {
		t.Errorf("role.tf (-want +got):\n%s", diff)
	}
}
