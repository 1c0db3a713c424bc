package lambda_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

// The policy of the documentation suffices for a release with provisioned concurrency, on
// the function that it names, of packages and of images; and each of its actions that is
// taken away is named before anything is changed.
func TestThePolicyIsEnforced(t *testing.T) {
	text, err := lambda.Policy("eu-central-1", "123456789012", "checkout", "acme-builds/checkout/*")
	if err != nil {
		t.Fatal(err)
	}
	whole, used := awstest.ParsePolicy(t, text), map[string]bool{}
	started := func(image bool, p *awstest.Policy) (*lambdatest.Server, *lambda.Target, artifact.Payload) {
		s, payload := serve(t), b
		if image {
			s, payload = serveImages(t)
		}
		c := config(s)
		c.ProvisionedConcurrency = 1
		s.Versions["1"].Concurrency = 1
		s.Enforce(p, lambdatest.Uses)
		return s, open(t, c, clock.System{}), payload
	}
	for _, image := range []bool{false, true} {
		s, d, payload := started(image, whole)
		if obstacles, err := d.Preflight(t.Context(), payload); err != nil || len(obstacles) > 0 {
			t.Fatalf("with the whole policy: %+v, %v", obstacles, err)
		}
		ship(t, d, payload)
		for action := range s.Used() {
			used[action] = true
		}
	}
	for _, action := range whole.Actions() {
		if !strings.HasPrefix(action, "lambda:") {
			continue // S3 is asked by Lambda itself.
		}
		if !used[action] {
			t.Errorf("%s is allowed and was not needed", action)
		}
		s, d, payload := started(true, whole.Without(action))
		obstacles, err := d.Preflight(t.Context(), payload)
		if err != nil || len(obstacles) != 1 || !strings.HasSuffix(obstacles[0].What, "may not do "+action) || len(s.Made()) > 0 {
			t.Errorf("without %s: %+v, %v; it wrote %q", action, obstacles, err, s.Made())
		}
	}
	other, err := lambda.Policy("eu-central-1", "123456789012", "billing", "acme-builds/*")
	if err != nil {
		t.Fatal(err)
	}
	_, d, payload := started(false, awstest.ParsePolicy(t, other))
	if _, err := d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: payload}); target.CodeOf(err) != target.CodeUnauthorized {
		t.Errorf("with the policy of another function: %v", err)
	}
}
