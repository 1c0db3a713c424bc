package lambda_test

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
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

var update = flag.Bool("update", false, "write docs/policies")

// The policy in docs is the one that Policy gives.
func TestPolicyInDocs(t *testing.T) {
	want, err := lambda.Policy("eu-central-1", "123456789012", "checkout", "acme-builds/checkout/*")
	if err != nil {
		t.Fatal(err)
	}
	awstest.PolicyInDocs(t, *update, "lambda.json", want)
}

// The role of the example may do what the policy says.
func TestPolicyInTheExample(t *testing.T) {
	policy, err := lambda.Policy("eu-central-1", "123456789012", "checkout", "acme-builds/checkout/*")
	if err != nil {
		t.Fatal(err)
	}
	role, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "aws-lambda", "role.tf"))
	if err != nil {
		t.Fatal(err)
	}
	actions := regexp.MustCompile(`"(?:lambda|s3):\w+"`)
	if diff := cmp.Diff(actions.FindAllString(policy, -1), actions.FindAllString(string(role), -1)); diff != "" {
		t.Errorf("role.tf (-want +got):\n%s", diff)
	}
}

// Each call is in the policy, and each action of the policy is called: a release
// with provisioned concurrency, a rollback and a look at everything before.
func TestPolicyHasWhatIsCalledAndNoMore(t *testing.T) {
	policy, err := lambda.Policy("eu-central-1", "123456789012", "checkout", "acme-builds/*")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, image := range []bool{false, true} {
		s := serve(t)
		p := b
		if image {
			s, p = serveImages(t)
		}
		c := config(s)
		c.ProvisionedConcurrency = 1
		s.Versions["1"].Concurrency = 1 // As the release before left it.
		d := open(t, c, clock.System{})
		if obstacles, err := d.Preflight(t.Context(), p); err != nil || len(obstacles) > 0 {
			t.Fatalf("%+v, %v", obstacles, err)
		}
		ship(t, d, p)
		s.Change(func(*lambdatest.Function) {
			for name := range s.Calls {
				called[name] = true
			}
		})
	}
	for name := range called {
		if !strings.Contains(policy, `"lambda:`+name+`"`) {
			t.Errorf("%s is called and not allowed", name)
		}
	}
	for line := range strings.Lines(policy) {
		name, ok := strings.CutPrefix(strings.Trim(line, " \",\n"), "lambda:")
		if ok && !called[name] {
			t.Errorf("%s is allowed and not called", name)
		}
	}
}
