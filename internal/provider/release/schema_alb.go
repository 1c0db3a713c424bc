package release

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// albTarget is target.alb.
func albTarget() schema.SingleNestedAttribute {
	attributes := awsAttributes("elasticloadbalancing")
	names := func(text string) schema.ListAttribute {
		return schema.ListAttribute{ElementType: types.StringType, Required: true, MarkdownDescription: text}
	}
	maps.Copy(attributes, map[string]schema.Attribute{
		"target_groups": names("The ARNs of the two target groups. Either may be the one that serves; they change parts with each release. Both exist, and are in the forward action of a listener or rule. Example: `[aws_lb_target_group.blue.arn, aws_lb_target_group.green.arn]`."),
		"routes":        names("The ARNs of the listeners and rules of an Application Load Balancer whose weights are moved, 1 to 20. They are moved one after the other, in this order, so the one with the most traffic goes first. Everything else of their actions stays as it is. Example: `[aws_lb_listener.https.arn]`."),
		"ecs": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "A pair of ECS services behind the target groups. The artifact's reference is an image of the repository that the container has: `registry/checkout@sha256:...`.",
			Attributes: map[string]schema.Attribute{
				"cluster":         schema.StringAttribute{Required: true, MarkdownDescription: "The cluster's name. Example: `\"production\"`."},
				"services":        names("The names of the two services, in the order of `target_groups`. Their deployment controller is `ECS`, and their strategy `ROLLING`. Example: `[\"checkout-blue\", \"checkout-green\"]`."),
				"container":       schema.StringAttribute{Optional: true, MarkdownDescription: "The container whose image is released. Default: the one to which the load balancer sends. Example: `\"checkout\"`."},
				"task_definition": schema.StringAttribute{Optional: true, MarkdownDescription: "The task definition that new ones are copied from, with the image of the release. Default: that of the service that serves. Example: `aws_ecs_task_definition.checkout.arn`."},
			},
		},
		"auto_scaling": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "A pair of Auto Scaling groups behind the target groups. The artifact's reference is a version of a launch template with the digest of that name: `lt-0123456789abcdef0:7@sha256:...`.",
			Attributes: map[string]schema.Attribute{
				"groups": names("The names of the two Auto Scaling groups, in the order of `target_groups`. Example: `[\"checkout-blue\", \"checkout-green\"]`."),
			},
		},
		"idle_capacity": schema.Int64Attribute{Optional: true, MarkdownDescription: "How many tasks or instances the arm without traffic keeps after a rollout, for a quicker way back. Default: `0`. Example: `2`."},
		"min_healthy":   schema.Float64Attribute{Optional: true, MarkdownDescription: "The share of the serving arm's healthy targets, in percent, that the other arm must have before it gets all traffic; for a smaller weight that share of it. Default: `100`. Example: `80`."},
	})
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Two target groups behind listeners or rules of an AWS Application Load Balancer, whose weights are moved from one group to the other. With neither `ecs` nor `auto_scaling` somebody else deploys to the targets, and says so by a tag of the target group.",
		Attributes: attributes,
	}
}
