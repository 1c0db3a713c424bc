package alb

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// AWS's clients have a method for each operation of a service. Were they reachable
// from an interface, or from the type of a field, the linker would have to keep them
// all, since libraries of Terraform look methods up by their names at run time: 6 MB.
// So what is called stands here as functions, and a policy is made of their names.

// call is one operation of a client.
type call[In, Out, Options any] func(context.Context, *In, ...func(*Options)) (*Out, error)

// balancer is what of Elastic Load Balancing the driver calls, and all that its policy allows there.
type balancer struct {
	DescribeListeners    call[elb.DescribeListenersInput, elb.DescribeListenersOutput, elb.Options]
	DescribeRules        call[elb.DescribeRulesInput, elb.DescribeRulesOutput, elb.Options]
	ModifyListener       call[elb.ModifyListenerInput, elb.ModifyListenerOutput, elb.Options]
	ModifyRule           call[elb.ModifyRuleInput, elb.ModifyRuleOutput, elb.Options]
	DescribeTargetGroups call[elb.DescribeTargetGroupsInput, elb.DescribeTargetGroupsOutput, elb.Options]
	DescribeTargetHealth call[elb.DescribeTargetHealthInput, elb.DescribeTargetHealthOutput, elb.Options]
	DescribeTags         call[elb.DescribeTagsInput, elb.DescribeTagsOutput, elb.Options]
	AddTags              call[elb.AddTagsInput, elb.AddTagsOutput, elb.Options]
}

// services is what of ECS the driver calls, and all that its policy allows there.
type services struct {
	DescribeServices       call[awsecs.DescribeServicesInput, awsecs.DescribeServicesOutput, awsecs.Options]
	UpdateService          call[awsecs.UpdateServiceInput, awsecs.UpdateServiceOutput, awsecs.Options]
	RegisterTaskDefinition call[awsecs.RegisterTaskDefinitionInput, awsecs.RegisterTaskDefinitionOutput, awsecs.Options]
	DescribeTaskDefinition call[awsecs.DescribeTaskDefinitionInput, awsecs.DescribeTaskDefinitionOutput, awsecs.Options]
	ListTaskDefinitions    call[awsecs.ListTaskDefinitionsInput, awsecs.ListTaskDefinitionsOutput, awsecs.Options]
}

// scaler is what of Application Auto Scaling the driver calls, and all that its policy allows there.
type scaler struct {
	DescribeScalableTargets call[applicationautoscaling.DescribeScalableTargetsInput, applicationautoscaling.DescribeScalableTargetsOutput, applicationautoscaling.Options]
	RegisterScalableTarget  call[applicationautoscaling.RegisterScalableTargetInput, applicationautoscaling.RegisterScalableTargetOutput, applicationautoscaling.Options]
}

// scalingGroups is what of EC2 Auto Scaling the driver calls, and all that its policy allows there.
type scalingGroups struct {
	DescribeAutoScalingGroups call[autoscaling.DescribeAutoScalingGroupsInput, autoscaling.DescribeAutoScalingGroupsOutput, autoscaling.Options]
	UpdateAutoScalingGroup    call[autoscaling.UpdateAutoScalingGroupInput, autoscaling.UpdateAutoScalingGroupOutput, autoscaling.Options]
}

func newBalancer(cfg aws.Config) *balancer {
	c := elb.NewFromConfig(cfg)
	return &balancer{
		DescribeListeners:    c.DescribeListeners,
		DescribeRules:        c.DescribeRules,
		ModifyListener:       c.ModifyListener,
		ModifyRule:           c.ModifyRule,
		DescribeTargetGroups: c.DescribeTargetGroups,
		DescribeTargetHealth: c.DescribeTargetHealth,
		DescribeTags:         c.DescribeTags,
		AddTags:              c.AddTags,
	}
}

func newServices(cfg aws.Config) *services {
	c := awsecs.NewFromConfig(cfg)
	return &services{
		DescribeServices:       c.DescribeServices,
		UpdateService:          c.UpdateService,
		RegisterTaskDefinition: c.RegisterTaskDefinition,
		DescribeTaskDefinition: c.DescribeTaskDefinition,
		ListTaskDefinitions:    c.ListTaskDefinitions,
	}
}

func newScaler(cfg aws.Config) *scaler {
	c := applicationautoscaling.NewFromConfig(cfg)
	return &scaler{
		DescribeScalableTargets: c.DescribeScalableTargets,
		RegisterScalableTarget:  c.RegisterScalableTarget,
	}
}

func newScalingGroups(cfg aws.Config) *scalingGroups {
	c := autoscaling.NewFromConfig(cfg)
	return &scalingGroups{
		DescribeAutoScalingGroups: c.DescribeAutoScalingGroups,
		UpdateAutoScalingGroup:    c.UpdateAutoScalingGroup,
	}
}
