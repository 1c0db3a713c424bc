package release

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ecsTarget is target.ecs.
func ecsTarget() schema.SingleNestedAttribute {
	attributes := awsAttributes("ecs")
	maps.Copy(attributes, map[string]schema.Attribute{
		"cluster":         schema.StringAttribute{Required: true, MarkdownDescription: "The cluster's name. Example: `\"production\"`."},
		"service":         schema.StringAttribute{Required: true, MarkdownDescription: "The service's name, without account and cluster. Its deployment controller is `ECS`. Example: `\"checkout\"`."},
		"container":       schema.StringAttribute{Optional: true, MarkdownDescription: "The container whose image a release replaces. Default: the only one of the task definition. Example: `\"app\"`."},
		"task_definition": schema.StringAttribute{Optional: true, MarkdownDescription: "The revision that new task definitions are made of: all but the image is copied. Default: what serves. Example: `\"checkout:42\"`."},
		"alarms":          schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "CloudWatch alarms at which ECS goes back by itself. Default: those of the service. Example: `[\"checkout-errors\"]`."},
		"shifting": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "How ECS moves traffic between two target groups, for a service that does not say so itself.",
			Attributes: map[string]schema.Attribute{
				"alternate_target_group": schema.StringAttribute{Required: true, MarkdownDescription: "The ARN of the target group beside the service's own. The two change places with each release."},
				"production_rule":        schema.StringAttribute{Required: true, MarkdownDescription: "The ARN of the listener rule that users come by, or of the listener of a Network Load Balancer."},
				"test_rule":              schema.StringAttribute{Optional: true, MarkdownDescription: "The ARN of a rule by which the new tasks are reached before any user is. Default: none."},
				"role_arn":               schema.StringAttribute{Required: true, MarkdownDescription: "The ARN of the role that ECS assumes to change rules. Example: `\"arn:aws:iam::123456789012:role/ecs-infrastructure\"`."},
			},
		},
	})
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "A service of Amazon ECS, driven by ECS's own strategies: a canary and then all, equal steps, blue/green or rolling. ECS stops before each step for Sluice's word. The artifact's reference is an image with its registry.",
		Attributes: attributes,
	}
}
