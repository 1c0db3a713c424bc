package alb

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// rights asks IAM whether what will be changed may be, before the first change. That
// what is read may be read, the look has shown. Where IAM cannot tell, nothing is said.
func (t *Target) rights(ctx context.Context, sc scene) ([]target.Obstacle, error) {
	var listeners, rules []string
	for _, arn := range t.config.Routes {
		if isRule(arn) {
			rules = append(rules, arn)
		} else {
			listeners = append(listeners, arn)
		}
	}
	behind, err := t.fleet.changes(ctx, sc)
	if err != nil {
		return nil, t.failed(err, false)
	}
	lacks, _ := t.session.Simulated(ctx, append([]awscloud.Use{
		{Actions: []string{"elasticloadbalancing:ModifyListener"}, Resources: listeners},
		{Actions: []string{"elasticloadbalancing:ModifyRule"}, Resources: rules},
		{Actions: []string{"elasticloadbalancing:AddTags"}, Resources: t.config.TargetGroups},
	}, behind...)...)
	return awsport.Lacks(lacks, "docs/policies/alb.json"), nil
}

// isRule tells a rule from a listener.
func isRule(arn string) bool { return strings.Contains(arn, ":"+string(kindRule)+"/") }

func (p *servicePair) changes(ctx context.Context, sc scene) ([]awscloud.Use, error) {
	var services, scaled []string
	for _, u := range sc.units {
		services = append(services, aws.ToString(u.raw.(standing).ServiceArn)) //nolint:forcetypeassert // look made it.
	}
	both, err := p.scalable(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range both {
		if s != nil && aws.ToString(s.ScalableTargetARN) != "" {
			scaled = append(scaled, *s.ScalableTargetARN)
		}
	}
	uses := []awscloud.Use{
		{Actions: []string{"ecs:UpdateService"}, Resources: services},
		{Actions: []string{"application-autoscaling:RegisterScalableTarget"}, Resources: scaled},
	}
	template, _, err := p.template(ctx, sc.units[sc.base].raw.(standing), sc.base) //nolint:forcetypeassert // look made it.
	if err != nil {
		return uses, nil //nolint:nilerr // obstacles has said so.
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
	), nil
}

// changes of groups. The right to start instances of a launch template, and the role
// that those are handed, only EC2 knows, which is not asked.
func (*groupPair) changes(_ context.Context, sc scene) ([]awscloud.Use, error) {
	var groups []string
	for _, u := range sc.units {
		groups = append(groups, aws.ToString(u.raw.(types.AutoScalingGroup).AutoScalingGroupARN)) //nolint:forcetypeassert // look made it.
	}
	return []awscloud.Use{{Actions: []string{"autoscaling:UpdateAutoScalingGroup"}, Resources: groups}}, nil
}

func (*plain) changes(context.Context, scene) ([]awscloud.Use, error) { return nil, nil }
