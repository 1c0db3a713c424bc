package alb

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// Policy is what the driver needs to be allowed, as a policy document of IAM: one
// action for each of its calls, and the roles that are handed on. What stands behind
// the target groups has statements of its own, of which a release needs those of its
// kind. With the right to simulate, the plan names what is missing.
func Policy(at awscloud.Place, c GrantConfig) (string, error) {
	return awscloud.Policy(append(statements(at, c), rehearsal(at)))
}

// rehearsal lets the driver ask IAM what it may. IAM takes no policy that names all of
// an account's principals with one star.
func rehearsal(at awscloud.Place) awscloud.Statement {
	iam := fmt.Sprintf("arn:%s:iam::%s:", awscloud.Partition(at.Region), at.Account)
	return allow("Rehearsal", []string{"iam:SimulatePrincipalPolicy"}, iam+"role/*", iam+"user/*")
}

// statements allow each call that the clients have.
func statements(at awscloud.Place, c GrantConfig) []awscloud.Statement {
	look, write := calls[balancer]("elasticloadbalancing")
	var weights, tags []string
	for _, action := range write {
		if strings.HasSuffix(action, ":AddTags") {
			tags = append(tags, action)
		} else {
			weights = append(weights, action)
		}
	}
	arn := func(service, rest string) string {
		return fmt.Sprintf("arn:%s:%s:%s:%s:%s", awscloud.Partition(at.Region), service, at.Region, at.Account, rest)
	}
	rest := []awscloud.Statement{allow("MoveWeights", weights, c.Routes...), allow("Remember", tags, c.TargetGroups...)}
	for _, behind := range []interface {
		allowed(at awscloud.Place, arn func(service, rest string) string) (look []string, more []awscloud.Statement)
	}{c.ECS, c.AutoScaling} {
		more, own := behind.allowed(at, arn)
		look, rest = append(look, more...), append(rest, own...)
	}
	// IAM ties what only looks to nothing.
	return append([]awscloud.Statement{allow("Look", look, "*")}, rest...)
}

// placed are the calls of ECS that IAM ties to something, by what that is.
var placed = map[string]string{"DescribeServices": "service", "UpdateService": "service", "RegisterTaskDefinition": "task"}

func (e *GrantECS) allowed(_ awscloud.Place, arn func(service, rest string) string) (look []string, out []awscloud.Statement) {
	if e == nil {
		return nil, nil
	}
	var pair []string
	for _, name := range e.Services {
		pair = append(pair, arn("ecs", "service/"+e.Cluster+"/"+name))
	}
	by := map[string][]string{}
	for _, action := range all[services]("ecs") {
		by[placed[strings.TrimPrefix(action, "ecs:")]] = append(by[placed[strings.TrimPrefix(action, "ecs:")]], action)
	}
	read, write := calls[scaler]("application-autoscaling")
	out = []awscloud.Statement{
		allow("DriveServices", by["service"], pair...),
		// What is registered with tags asks for the second one, too.
		allow("MakeTaskDefinitions", append(by["task"], "ecs:TagResource"), arn("ecs", "task-definition/"+e.Family+":*")),
		allow("HoldScaleIn", write, arn("application-autoscaling", "scalable-target/*")),
	}
	return append(by[""], read...), append(out, handed("RunTasksAs", "ecs-tasks.amazonaws.com", e.Roles)...)
}

func (a *GrantAutoScaling) allowed(at awscloud.Place, arn func(service, rest string) string) (look []string, out []awscloud.Statement) {
	if a == nil {
		return nil, nil
	}
	var groups []string
	for _, name := range a.Groups {
		groups = append(groups, arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/"+name))
	}
	read, write := calls[scalingGroups]("autoscaling")
	// Whoever gives a group a launch template must be allowed to start instances of it,
	// and to tag them as it says.
	start, tag := allow("StartInstances", []string{"ec2:RunInstances"}, "*"), allow("TagInstances", []string{"ec2:CreateTags"}, "*")
	start.Condition = map[string]map[string]any{"ArnLike": {"ec2:LaunchTemplate": arn("ec2", "launch-template/"+a.LaunchTemplate)}}
	tag.Condition = map[string]map[string]any{"StringEquals": {"ec2:CreateAction": "RunInstances"}}
	out = []awscloud.Statement{allow("DriveGroups", write, groups...), start, tag}
	return read, append(out, handed("RunInstancesAs", ec2Of(at.Region), a.Roles)...)
}

// ec2Of is how EC2 is called where roles are handed to it. Of the services that are handed
// roles here it is the one that has another name in China.
func ec2Of(region string) string {
	if awscloud.Partition(region) == "aws-cn" {
		return "ec2.amazonaws.com.cn"
	}
	return "ec2.amazonaws.com"
}

// handed lets roles be handed to a service of AWS.
func handed(sid, service string, roles []string) []awscloud.Statement {
	if len(roles) == 0 {
		return nil
	}
	s := allow(sid, []string{"iam:PassRole"}, roles...)
	s.Condition = map[string]map[string]any{"StringEquals": {"iam:PassedToService": service}}
	return []awscloud.Statement{s}
}

func allow(sid string, actions []string, resources ...string) awscloud.Statement {
	return awscloud.Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

// calls are the actions of what is called of a client: those that look, and those that
// change something.
func calls[client any](service string) (read, write []string) {
	for _, action := range all[client](service) {
		if name := strings.TrimPrefix(action, service+":"); strings.HasPrefix(name, "Describe") || strings.HasPrefix(name, "List") {
			read = append(read, action)
		} else {
			write = append(write, action)
		}
	}
	return read, write
}

// all are the actions of what is called of a client.
func all[client any](service string) []string {
	var out []string
	for _, m := range reflect.VisibleFields(reflect.TypeFor[client]()) {
		out = append(out, service+":"+m.Name)
	}
	slices.Sort(out)
	return out
}
