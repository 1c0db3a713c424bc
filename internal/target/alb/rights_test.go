package alb_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

// IAM is asked about each change before the first, PassRole included, and what it denies
// is named with what it is denied on.
func TestMissingRightsAreNamedAtPlan(t *testing.T) {
	const aws = "arn:aws:"
	services, pair := two(t)
	services.ECS.Definitions[0].In["taskRoleArn"] = "arn:aws:iam::123456789012:role/task"
	groups, scaled := serveGroups(t, 2)
	plain := servePlain(t)
	plain.Groups[albtest.Green].Tags["sluice:artifact"] = b.Digest()
	family, scalable := aws+"ecs:eu-central-1:123456789012:task-definition/checkout:1", aws+"application-autoscaling:eu-central-1:123456789012:scalable-target/checkout-"
	service, group := aws+"ecs:eu-central-1:123456789012:service/production/checkout-", aws+"autoscaling:eu-central-1:123456789012:autoScalingGroup:0b8a7a4e:autoScalingGroupName/checkout-"
	for _, c := range []struct {
		s      *albtest.Server
		config alb.Config
		next   artifact.Payload
		denied map[string][]string
	}{
		{services, pair, b, map[string][]string{
			"elasticloadbalancing:ModifyListener": {albtest.HTTPS}, "elasticloadbalancing:ModifyRule": {albtest.Rule}, "elasticloadbalancing:AddTags": {albtest.Blue, albtest.Green},
			"ecs:ListTaskDefinitions": {"*"}, "ecs:UpdateService": {service + "blue", service + "green"}, "ecs:RegisterTaskDefinition": {family}, "ecs:TagResource": {family},
			"iam:PassRole": {aws + "iam::123456789012:role/task", aws + "iam::123456789012:role/execution"},
			"application-autoscaling:RegisterScalableTarget": {scalable + "blue", scalable + "green"},
		}},
		{groups, scaled, template("8"), map[string][]string{"autoscaling:UpdateAutoScalingGroup": {group + "blue", group + "green"}, "ec2:RunInstances": {aws + "ec2:eu-central-1:123456789012:instance/*"}}},
		{plain, config(plain), b, map[string][]string{"elasticloadbalancing:ModifyListener": {albtest.HTTPS}}},
	} {
		d := open(t, c.config, clock.System{})
		for action, on := range c.denied {
			c.s.Deny(action)
			got, err := d.Preflight(t.Context(), c.next)
			if err != nil || len(got) != len(on) {
				t.Errorf("%s: %+v, %v", action, got, err)
				continue
			}
			for i, o := range got {
				if o.What != "IAM says that the credentials may not do "+action+" on "+on[i] || !strings.Contains(o.Remedy, "docs/policies/alb.json") {
					t.Errorf("%s: %+v", action, o)
				}
			}
		}
		if w := c.s.Made(); len(w) > 0 {
			t.Errorf("preflight wrote %q", w)
		}
	}
}

// Where nobody may ask IAM, or it lacks what policies ask for, that is said with all that
// the rollout needs, PassRole included, and stops nothing: missing is no pass.
func TestRightsThatNobodyCanTell(t *testing.T) {
	const all = "elasticloadbalancing:ModifyListener on " + albtest.HTTPS + ", elasticloadbalancing:ModifyRule on " + albtest.Rule + ", elasticloadbalancing:AddTags on " + albtest.Blue + " and " + albtest.Green +
		", ecs:ListTaskDefinitions on *, ecs:UpdateService on arn:aws:ecs:eu-central-1:123456789012:service/production/checkout-blue and arn:aws:ecs:eu-central-1:123456789012:service/production/checkout-green, " +
		"application-autoscaling:RegisterScalableTarget on arn:aws:application-autoscaling:eu-central-1:123456789012:scalable-target/checkout-blue and arn:aws:application-autoscaling:eu-central-1:123456789012:scalable-target/checkout-green, " +
		"ecs:RegisterTaskDefinition on arn:aws:ecs:eu-central-1:123456789012:task-definition/checkout:1, ecs:TagResource on arn:aws:ecs:eu-central-1:123456789012:task-definition/checkout:1, " +
		"iam:PassRole on arn:aws:iam::123456789012:role/execution"
	for name, c := range map[string]struct {
		change     func(*albtest.Server)
		why, needs string
	}{
		"nobody may ask":   {func(s *albtest.Server) { s.Faults(every("SimulatePrincipalPolicy", denied)) }, "iam:SimulatePrincipalPolicy", all},
		"nobody knows who": {func(s *albtest.Server) { s.Faults(every("GetCallerIdentity", denied)) }, "sts:GetCallerIdentity", all},
		"the role has a path": {func(s *albtest.Server) {
			s.Faults(every("SimulatePrincipalPolicy", awstest.Fault{Status: 404, Code: "NoSuchEntity"}))
		}, "IAM does not find the role by its name, as where it has a path", all},
		"a policy has tags": {func(s *albtest.Server) { s.Miss("iam:PassedToService", "aws:ResourceTag/team") }, "policies ask for aws:ResourceTag/team, which only the call itself has",
			"ecs:UpdateService on arn:aws:ecs:eu-central-1:123456789012:service/production/checkout-blue and arn:aws:ecs:eu-central-1:123456789012:service/production/checkout-green, iam:PassRole on arn:aws:iam::123456789012:role/execution"},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := two(t)
			s.Deny("ecs:UpdateService", "iam:PassRole")
			c.change(s)
			got, err := open(t, config, clock.System{}).Preflight(t.Context(), b)
			if err != nil || len(got) != 1 || !got[0].Doubt || !strings.Contains(got[0].Remedy, "iam:SimulatePrincipalPolicy") {
				t.Fatalf("%+v, %v", got, err)
			}
			why, needs, _ := strings.Cut(got[0].What, "; it needs ")
			if !strings.HasPrefix(why, "could not ask IAM whether the credentials may do what the rollout needs, since ") || !strings.Contains(why, c.why) {
				t.Errorf("why: %s", why)
			}
			if diff := cmp.Diff(c.needs, needs); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
			}
		})
	}
	s, config := two(t)
	s.Deny("ecs:UpdateService")
	s.Miss("iam:PassedToService")
	if got, err := open(t, config, clock.System{}).Preflight(t.Context(), b); err != nil || len(got) != 2 || got[0].Doubt {
		t.Errorf("a key that the policy of the documentation asks for hides a no: %+v, %v", got, err)
	}
}

// What a version of a launch template has, only EC2 knows. Who may hand on any role and
// tag any instance surely may; of others the plan names what is needed.
func TestWhatALaunchTemplateNeedsIsNamed(t *testing.T) {
	s, config := serveGroups(t, 2)
	d := open(t, config, clock.System{})
	if got, err := d.Preflight(t.Context(), template("8")); err != nil || len(got) != 0 {
		t.Errorf("all is allowed: %+v, %v", got, err)
	}
	for action, want := range map[string]string{
		"iam:PassRole":   "iam:PassRole on the role of the instance profile of the launch template " + albtest.Template + ":8, where it has one",
		"ec2:CreateTags": "ec2:CreateTags on the instances of the launch template " + albtest.Template + ":8, where it has tags",
	} {
		s.Deny(action)
		got, err := d.Preflight(t.Context(), template("8"))
		if err != nil || len(got) != 1 || !got[0].Doubt || !strings.HasSuffix(got[0].What, "since only AWS knows what that is on; it needs "+want) {
			t.Errorf("%s: %+v, %v", action, got, err)
		}
	}
	s.Faults(every("SimulatePrincipalPolicy", denied))
	if got, err := d.Preflight(t.Context(), template("8")); err != nil || len(got) != 1 || !strings.Contains(got[0].What, "ec2:RunInstances on arn:aws:ec2:eu-central-1:123456789012:instance/*, ec2:CreateTags on the instances of") || !strings.Contains(got[0].What, "iam:PassRole on the role of the instance profile") {
		t.Errorf("%+v, %v", got, err)
	}
}
