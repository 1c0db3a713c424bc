package awstest_test

import (
	"slices"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// The policy says yes to what it names, and to nothing beside it.
func TestPolicyAllows(t *testing.T) {
	p := awstest.ParsePolicy(t, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["ecs:UpdateService"], "Resource": ["arn:aws:ecs:eu-central-1:1:service/production/checkout"]},
		{"Effect": "Allow", "Action": ["ecs:ListTaskDefinitions"], "Resource": ["*"]},
		{"Effect": "Allow", "Action": ["ecs:RegisterTaskDefinition"], "Resource": ["arn:aws:ecs:eu-central-1:1:task-definition/checkout:*"]},
		{"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": ["arn:aws:iam::1:role/team/*"], "Condition": {"StringEquals": {"iam:PassedToService": ["ecs.amazonaws.com", "ecs-tasks.amazonaws.com"]}}}]}`)
	to := func(service string) map[string]string { return map[string]string{"iam:PassedToService": service} }
	for _, c := range []struct {
		use  awstest.Use
		want bool
	}{
		{awstest.Use{Action: "ecs:UpdateService", Resource: "arn:aws:ecs:eu-central-1:1:service/production/checkout"}, true},
		{awstest.Use{Action: "ecs:UpdateService", Resource: "arn:aws:ecs:eu-central-1:1:service/production/billing"}, false},
		{awstest.Use{Action: "ecs:UpdateService", Resource: "*"}, false},
		{awstest.Use{Action: "ecs:DeleteService", Resource: "arn:aws:ecs:eu-central-1:1:service/production/checkout"}, false},
		{awstest.Use{Action: "ecs:ListTaskDefinitions", Resource: "*"}, true},
		{awstest.Use{Action: "ecs:RegisterTaskDefinition", Resource: "arn:aws:ecs:eu-central-1:1:task-definition/checkout:12"}, true},
		{awstest.Use{Action: "ecs:RegisterTaskDefinition", Resource: "arn:aws:ecs:eu-central-1:1:task-definition/billing:12"}, false},
		{awstest.Use{Action: "iam:PassRole", Resource: "arn:aws:iam::1:role/team/a/b", Keys: to("ecs-tasks.amazonaws.com")}, true},
		{awstest.Use{Action: "iam:PassRole", Resource: "arn:aws:iam::1:role/team/a", Keys: to("ec2.amazonaws.com")}, false},
		{awstest.Use{Action: "iam:PassRole", Resource: "arn:aws:iam::1:role/team/a"}, false},
	} {
		if got := p.Allows(c.use); got != c.want {
			t.Errorf("%+v: %t", c.use, got)
		}
	}
	if p.Without("iam:PassRole").Allows(awstest.Use{Action: "iam:PassRole", Resource: "arn:aws:iam::1:role/team/a", Keys: to("ecs.amazonaws.com")}) || !slices.Contains(p.Actions(), "iam:PassRole") {
		t.Error("what is taken away is there, or what is there was taken away")
	}
}
