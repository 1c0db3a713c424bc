package alb

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// rights asks IAM whether what will be changed may be, before the first change. That
// what is read may be read, the look has shown. Where IAM cannot tell, that is said, with what is needed.
// Behind is what is changed behind the target groups.
func (t *Target) rights(ctx context.Context, behind []awscloud.Use) []target.Obstacle {
	var listeners, rules []string
	for _, arn := range t.config.Routes {
		if isRule(arn) {
			rules = append(rules, arn)
		} else {
			listeners = append(listeners, arn)
		}
	}
	told := t.session.Simulated(ctx, append([]awscloud.Use{
		{Actions: []string{"elasticloadbalancing:ModifyListener"}, Resources: listeners},
		{Actions: []string{"elasticloadbalancing:ModifyRule"}, Resources: rules},
		{Actions: []string{"elasticloadbalancing:AddTags"}, Resources: t.config.TargetGroups},
	}, behind...)...)
	return awsport.Lacks(told, "docs/policies/alb.json")
}

// isRule tells a rule from a listener.
func isRule(arn string) bool { return strings.Contains(arn, ":"+string(kindRule)+"/") }

// changes of services, of which both is what scales them, and template what new task
// definitions are copied from: nil where there is none.
func (*servicePair) changes(sc scene, both [2]*scaling.ScalableTarget, template *taskDefinition) []awscloud.Use {
	var services, scaled []string
	for _, u := range sc.units {
		services = append(services, aws.ToString(u.raw.(standing).ServiceArn)) //nolint:forcetypeassert // look made it.
	}
	for _, s := range both {
		if s != nil && aws.ToString(s.ScalableTargetARN) != "" {
			scaled = append(scaled, *s.ScalableTargetARN)
		}
	}
	uses := []awscloud.Use{
		// Where an earlier try registered is looked for between two writes.
		{Actions: []string{"ecs:ListTaskDefinitions"}, Resources: []string{"*"}},
		{Actions: []string{"ecs:UpdateService"}, Resources: services},
		{Actions: []string{"application-autoscaling:RegisterScalableTarget"}, Resources: scaled},
	}
	if template == nil {
		return uses
	}
	arn := aws.ToString(template.TaskDefinitionArn)
	family := arn[:strings.LastIndex(arn, ":")+1] + "1"
	var handed []string
	for _, role := range []*string{template.TaskRoleArn, template.ExecutionRoleArn} {
		if aws.ToString(role) != "" && (len(handed) == 0 || handed[0] != *role) {
			handed = append(handed, *role)
		}
	}
	return append(uses,
		awscloud.Use{Actions: []string{"ecs:RegisterTaskDefinition", "ecs:TagResource"}, Resources: []string{family}},
		awscloud.Use{Actions: []string{"iam:PassRole"}, Resources: handed, PassedTo: "ecs-tasks.amazonaws.com"},
	)
}

// changes of groups. AWS lets only those give a group a version of a launch template who may
// also start instances of it, tag them and hand on the role of its instance profile. What
// the version has, EC2 alone knows, so of the last two only a yes is told.
func (*groupPair) changes(sc scene, payload artifact.Payload) []awscloud.Use {
	var groups []string
	for _, u := range sc.units {
		groups = append(groups, aws.ToString(u.raw.(types.AutoScalingGroup).AutoScalingGroupARN)) //nolint:forcetypeassert // look made it.
	}
	uses := []awscloud.Use{{Actions: []string{"autoscaling:UpdateAutoScalingGroup"}, Resources: groups}}
	place, m := arnPlace.FindStringSubmatch(groups[0]), templatePattern.FindStringSubmatch(payload.Reference)
	if place == nil || m == nil {
		return uses
	}
	ec2 := fmt.Sprintf("arn:%s:ec2:%s:%s:", place[1], place[2], place[3])
	instances, of := []string{ec2 + "instance/*"}, "the launch template "+m[1]+":"+m[2]
	return append(uses,
		awscloud.Use{Actions: []string{"ec2:RunInstances"}, Resources: instances, LaunchTemplate: ec2 + "launch-template/" + m[1]},
		awscloud.Use{Actions: []string{"ec2:CreateTags"}, Resources: instances, CreatedBy: "RunInstances", Of: "the instances of " + of + ", where it has tags"},
		awscloud.Use{Actions: []string{"iam:PassRole"}, Resources: []string{fmt.Sprintf("arn:%s:iam::%s:role/*", place[1], place[3])}, PassedTo: ec2Of(place[2]), Of: "the role of the instance profile of " + of + ", where it has one"},
	)
}

// arnPlace is the partition, the region and the account of what an ARN names.
var arnPlace = pattern.New(`^arn:([a-z-]+):autoscaling:([a-z0-9-]+):([0-9]{12}):`)
