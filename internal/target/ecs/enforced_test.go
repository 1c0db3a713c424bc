package ecs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// underPolicy releases, and takes another release back, with no more rights than the
// policy gives; of all that is refused the errors are joined. Used notes the actions that
// were needed.
func underPolicy(t *testing.T, p *awstest.Policy, used map[string]bool) error {
	t.Helper()
	var all []error
	note := func(err error) bool {
		all = append(all, err)
		return err == nil
	}
	for _, pending := range []bool{false, true} {
		clk := clock.NewFake(start)
		s := serve(t, clk)
		s.Enforce(p, ecstest.Uses)
		d := open(t, config(s), clk)
		if note(prepare(t, d, tenth)) {
			if pending {
				s.Change(func(e *ecstest.Service) { e.Slow, e.Newest().Hook, e.Newest().Status = true, nil, "PENDING" })
				_, err := verb(t, revert(t), d)
				note(err)
			} else {
				for _, w := range []float64{10, 100} {
					_, err := apply(t, d, w)
					note(err)
				}
				_, err := verb(t, func(d *ecs.Target, w target.WriteRequest) (target.Progress, error) { return d.Complete(t.Context(), w) }, d)
				note(err)
			}
		}
		// A Network Load Balancer has no rules, but listeners.
		s.Change(func(e *ecstest.Service) {
			e.Advanced()["productionListenerRule"] = strings.Replace(ecstest.Rule, "listener-rule/app", "listener/net", 1)
		})
		_, err := d.Observe(t.Context())
		note(err)
		for action := range s.Used() {
			used[action] = true
		}
	}
	return errors.Join(all...)
}

// The policy of the documentation suffices, on the resources that it names, and each
// action that is taken away from it is missed and named.
func TestThePolicyIsEnforced(t *testing.T) {
	text, err := ecs.Policy("eu-central-1", "123456789012", "production", "checkout", "checkout", "arn:aws:iam::123456789012:role/checkout", ecstest.Role)
	must(t, err)
	whole, used := awstest.ParsePolicy(t, text), map[string]bool{}
	if err := underPolicy(t, whole, used); err != nil {
		t.Fatalf("with the whole policy: %v", err)
	}
	for _, action := range whole.Actions() {
		if action == "iam:SimulatePrincipalPolicy" {
			continue // The plan asks for it, and can do without.
		}
		if !used[action] {
			t.Errorf("%s is allowed and was not needed", action)
		}
		named := action
		if action == "ecs:TagResource" || action == "iam:PassRole" {
			// AWS itself checks these with others, whose error tells of them.
			named = "ecs:RegisterTaskDefinition"
		}
		if err := underPolicy(t, whole.Without(action), map[string]bool{}); target.CodeOf(err) != target.CodeUnauthorized || !strings.Contains(err.Error(), "may not do "+named) {
			t.Errorf("without %s: %v", action, err)
		}
	}
	other, err := ecs.Policy("eu-central-1", "123456789012", "production", "billing", "billing", "arn:aws:iam::123456789012:role/checkout")
	must(t, err)
	if err := underPolicy(t, awstest.ParsePolicy(t, other), map[string]bool{}); target.CodeOf(err) != target.CodeUnauthorized {
		t.Errorf("with the policy of another service: %v", err)
	}
}

// What the plan simulates is answered by the policy: with the whole one nothing is in the
// way, and what is missing of the changes is named before any is made.
func TestThePlanNamesWhatThePolicyLacks(t *testing.T) {
	text, err := ecs.Policy("eu-central-1", "123456789012", "production", "checkout", "checkout", "arn:aws:iam::123456789012:role/checkout", ecstest.Role)
	must(t, err)
	whole := awstest.ParsePolicy(t, text)
	for _, action := range []string{"", "ecs:UpdateService", "ecs:ContinueServiceDeployment", "ecs:StopServiceDeployment", "ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"} {
		clk := clock.NewFake(start)
		s := serve(t, clk)
		s.Enforce(whole.Without(action), ecstest.Uses)
		obstacles, err := open(t, config(s), clk).Preflight(t.Context(), b)
		must(t, err)
		var said strings.Builder
		for _, o := range obstacles {
			said.WriteString(o.What + o.Remedy)
		}
		if (len(obstacles) == 0) != (action == "") || !strings.Contains(said.String(), action) || len(s.Made()) > 0 {
			t.Errorf("without %q: %+v, and it wrote %q", action, obstacles, s.Made())
		}
	}
}
