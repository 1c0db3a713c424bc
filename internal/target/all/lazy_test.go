package all_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/all"
)

// Clients of AWS are built with the first call that needs them: whoever opens a target
// whose profile is not there is told of it by the first look, and not before. Terraform
// opens every release's target at each plan.
func TestClientsOfAWSAreBuiltOnFirstUse(t *testing.T) {
	awstest.Credentials(t)
	t.Setenv("AWS_PROFILE", "not-there")
	const elb = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:"
	for driver, config := range map[string]string{
		"lambda": `{"function": "checkout", "alias": "live", "region": "eu-central-1"}`,
		"ecs":    `{"cluster": "production", "service": "checkout", "region": "eu-central-1"}`,
		"alb": `{"target_groups": ["` + elb + `targetgroup/blue/73e2d6bc24d8a067", "` + elb + `targetgroup/green/9f0c4e1d7b6a5823"],
			"routes": ["` + elb + `listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"], "region": "eu-central-1"}`,
	} {
		opened, err := all.Drivers().Open(t.Context(), target.Config{Driver: driver, Config: json.RawMessage(config)}, target.Deps{Clock: clock.System{}})
		if err != nil {
			t.Errorf("%s: %v", driver, err)
			continue
		}
		if _, err := opened.Capabilities(t.Context()); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
		if _, err := opened.Observe(t.Context()); err == nil || !strings.Contains(err.Error(), "not-there") {
			t.Errorf("%s: the first look says %v", driver, err)
		}
	}
}
