package alb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

// underPolicy releases to a pair of services and to a pair of Auto Scaling groups with no
// more rights than the policy gives; of all that is refused the errors are joined.
func underPolicy(t *testing.T, p *awstest.Policy, used map[string]bool) error {
	t.Helper()
	services, c := two(t)
	groups, other := serveGroups(t, 2)
	var all []error
	for _, run := range []struct {
		s *albtest.Server
		c alb.Config
		p artifact.Payload
	}{{services, c, b}, {groups, other, template("8")}} {
		run.s.Enforce(p, run.s.Uses)
		d := open(t, run.c, clock.System{})
		obstacles, err := d.Preflight(t.Context(), run.p)
		all = append(all, err)
		// What nobody can tell, as of the role of the instances, is a warning and no refusal.
		surely, _ := target.Doubts(obstacles)
		for _, o := range surely {
			all = append(all, &target.Error{Code: target.CodeUnauthorized, Message: o.What})
		}
		all = append(all, released(t, d, run.p))
		for action := range run.s.Used() {
			used[action] = true
		}
	}
	return errors.Join(all...)
}

// released goes from the old to the new, and ends with the first error.
func released(t *testing.T, d target.Target, p artifact.Payload) error {
	t.Helper()
	for _, verb := range []func() (target.Progress, error){
		func() (target.Progress, error) {
			return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: p})
		},
		func() (target.Progress, error) { return apply(t, d, "100", 100) },
		func() (target.Progress, error) { return d.Complete(t.Context(), write("complete")) },
		func() (target.Progress, error) { return d.Finalize(t.Context(), write("finalize")) },
	} {
		if p, err := again(verb); err != nil || !p.Done {
			return errors.Join(err, map[bool]error{true: nil, false: errors.New("it does not end")}[p.Done || err != nil])
		}
	}
	return nil
}

// enforced is the policy for what the fake has.
func enforced(t *testing.T) *awstest.Policy {
	t.Helper()
	c := granted
	services := *c.ECS
	services.Roles = []string{"arn:aws:iam::123456789012:role/execution"}
	c.ECS = &services
	text, err := alb.Policy(here, c)
	if err != nil {
		t.Fatal(err)
	}
	return awstest.ParsePolicy(t, text)
}

// The policy of the documentation suffices, on the resources that it names, and each
// action that is taken away from it is missed and named.
func TestThePolicyIsEnforced(t *testing.T) {
	whole, used := enforced(t), map[string]bool{}
	if err := underPolicy(t, whole, used); err != nil {
		t.Fatalf("with the whole policy: %v", err)
	}
	// AWS checks these with others, whose error tells of them. The instances' own tags
	// and role are matters of the launch template.
	with := map[string]string{"ecs:TagResource": "ecs:RegisterTaskDefinition", "iam:PassRole": "ecs:RegisterTaskDefinition", "ec2:RunInstances": "autoscaling:UpdateAutoScalingGroup"}
	for _, action := range whole.Actions() {
		if action == "iam:SimulatePrincipalPolicy" || action == "ec2:CreateTags" {
			continue
		}
		if !used[action] {
			t.Errorf("%s is allowed and was not needed", action)
		}
		named := action
		if with[action] != "" {
			named = with[action]
		}
		if err := underPolicy(t, whole.Without(action), map[string]bool{}); target.CodeOf(err) != target.CodeUnauthorized || !strings.Contains(err.Error(), named) {
			t.Errorf("without %s: %v", action, err)
		}
	}
	elsewhere := granted
	elsewhere.Routes = []string{albtest.HTTP}
	text, err := alb.Policy(here, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if err := underPolicy(t, awstest.ParsePolicy(t, text), map[string]bool{}); target.CodeOf(err) != target.CodeUnauthorized {
		t.Errorf("with the policy of another listener: %v", err)
	}
}
