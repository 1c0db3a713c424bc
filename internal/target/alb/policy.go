package alb

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// Policy is what the driver needs to be allowed, as a policy document of IAM: one
// action for each of its calls. What stands behind the target groups
// has statements of its own, of which a release needs those of its kind. The roles
// are those that tasks run with.
func Policy(c Config, account string, roles []string) (string, error) {
	partition := awscloud.Partition(c.Region)
	arn := func(service, rest string) string {
		return fmt.Sprintf("arn:%s:%s:%s:%s:%s", partition, service, c.Region, account, rest)
	}
	read, write := calls[balancer]("elasticloadbalancing")
	var weights, tags []string
	for _, action := range write {
		if strings.HasSuffix(action, ":AddTags") {
			tags = append(tags, action)
		} else {
			weights = append(weights, action)
		}
	}
	out := []awscloud.Statement{
		{Sid: "LookAtLoadBalancers", Effect: "Allow", Action: read, Resource: []string{"*"}},
		{Sid: "MoveWeights", Effect: "Allow", Action: weights, Resource: c.Routes},
		{Sid: "Remember", Effect: "Allow", Action: tags, Resource: c.TargetGroups},
	}
	if e := c.ECS; e != nil {
		out = append(out, e.policy(arn, roles)...)
	}
	if a := c.AutoScaling; a != nil {
		read, write := calls[scalingGroups]("autoscaling")
		var groups []string
		for _, name := range a.Groups {
			groups = append(groups, arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/"+name))
		}
		out = append(out, awscloud.Statement{Sid: "LookAtGroups", Effect: "Allow", Action: read, Resource: []string{"*"}},
			awscloud.Statement{Sid: "BringUpInstances", Effect: "Allow", Action: write, Resource: groups})
	}
	return awscloud.Policy(out)
}

func (e ECS) policy(arn func(service, rest string) string, roles []string) []awscloud.Statement {
	var own []string
	for _, name := range e.Services {
		own = append(own, arn("ecs", "service/"+e.Cluster+"/"+name))
	}
	scaleRead, scaleWrite := calls[scaler]("application-autoscaling")
	out := []awscloud.Statement{
		{Sid: "DriveServices", Effect: "Allow", Action: []string{"ecs:DescribeServices", "ecs:UpdateService"}, Resource: own},
		{Sid: "MakeTaskDefinitions", Effect: "Allow", Action: []string{"ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:RegisterTaskDefinition", "ecs:TagResource"}, Resource: []string{"*"}},
		{Sid: "LookAtScaling", Effect: "Allow", Action: scaleRead, Resource: []string{"*"}},
		{Sid: "HoldScaleIn", Effect: "Allow", Action: scaleWrite, Resource: []string{arn("application-autoscaling", "scalable-target/*")}},
	}
	if len(roles) > 0 {
		out = append(out, awscloud.Statement{Sid: "RunTasksAs", Effect: "Allow", Action: []string{"iam:PassRole"}, Resource: roles,
			Condition: map[string]map[string]any{"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}})
	}
	return out
}

// calls are the actions of what is called of a client: those that look, and those that
// change something.
func calls[client any](service string) (read, write []string) {
	for _, m := range reflect.VisibleFields(reflect.TypeFor[client]()) {
		if action := service + ":" + m.Name; strings.HasPrefix(m.Name, "Describe") || strings.HasPrefix(m.Name, "List") {
			read = append(read, action)
		} else {
			write = append(write, action)
		}
	}
	slices.Sort(read)
	slices.Sort(write)
	return read, write
}
