package alb_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
)

// elsewhere writes the configuration of a grant as another partition has it.
func elsewhere(c alb.GrantConfig, region, partition string) alb.GrantConfig {
	move := func(arns []string) []string {
		out := make([]string, len(arns))
		for i, arn := range arns {
			out[i] = strings.ReplaceAll(strings.Replace(arn, "arn:aws:", "arn:"+partition+":", 1), here.Region, region)
		}
		return out
	}
	c.TargetGroups, c.Routes = move(c.TargetGroups), move(c.Routes)
	e, a := *c.ECS, *c.AutoScaling
	e.Roles, a.Roles = move(e.Roles), move(a.Roles)
	c.ECS, c.AutoScaling = &e, &a
	return c
}

// Policies and grants name what is of their own partition, and EC2 as that calls it.
func TestPoliciesOfOtherPartitions(t *testing.T) {
	for region, c := range map[string]struct{ partition, ec2 string }{
		"cn-north-1":    {"aws-cn", "ec2.amazonaws.com.cn"},
		"us-gov-west-1": {"aws-us-gov", "ec2.amazonaws.com"},
		"eu-central-1":  {"aws", "ec2.amazonaws.com"},
	} {
		place, moved := awscloud.Place{Region: region, Account: here.Account}, elsewhere(granted, region, c.partition)
		document, err := alb.Policy(place, moved)
		if err != nil {
			t.Fatal(err)
		}
		if n, ours := strings.Count(document, "arn:aws"), strings.Count(document, "arn:"+c.partition+":"); ours != n || n == 0 {
			t.Errorf("%s: %d of %d ARNs are of %s", region, ours, n, c.partition)
		}
		for _, want := range []string{`"iam:PassedToService": "` + c.ec2 + `"`, `"iam:PassedToService": "ecs-tasks.amazonaws.com"`, ":" + region + ":"} {
			if !strings.Contains(document, want) {
				t.Errorf("%s: %s is not in the policy", region, want)
			}
		}
		moved.ECS = nil // A grant is of one of the two.
		g, errs := alb.Grant(place, inJSON(t, moved))
		if text, err := awscloud.Document(g.Full); len(errs) > 0 || err != nil || !strings.Contains(text, "arn:"+c.partition+":elasticloadbalancing:"+region) {
			t.Errorf("%s: %v, %v, %s", region, errs, err, text)
		}
	}
}
