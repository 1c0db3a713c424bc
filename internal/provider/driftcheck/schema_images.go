package driftcheck

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

func imagesAttribute() schema.MapNestedAttribute {
	required := func(text string) schema.StringAttribute {
		return schema.StringAttribute{Required: true, MarkdownDescription: text}
	}
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "What runs an image on AWS, by names of your choice, which begin the paths: `app.digest` and `app.tag`. Whatever runs there must have the artifact's digest, or that of one platform where the artifact is an index. " +
			"It is only read, as `docs/policies/drift-images.json` allows.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"aws": placeAttribute("ecs"),
			"ecs": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "The running tasks of a service of ECS. Exactly one of `ecs` and `lambda` says what runs.",
				Attributes: map[string]schema.Attribute{
					"cluster":   required("The cluster's name. Example: `aws_ecs_cluster.main.name`."),
					"service":   required("The service's name. Example: `aws_ecs_service.checkout.name`."),
					"container": schema.StringAttribute{Optional: true, MarkdownDescription: "Whose image is compared. Default: the only one that the tasks have. Example: `\"app\"`."},
				},
			},
			"lambda": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Every version of a function that an alias sends requests to: the digest of its image, or of its package.",
				Attributes: map[string]schema.Attribute{
					"function": required("The function's name. Example: `aws_lambda_function.checkout.function_name`."),
					"alias":    required("The alias. Example: `\"live\"`."),
				},
			},
			"artifact": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "What should run, for what is not released here, such as a sidecar. Default: what the ledger says should serve. Example: `data.sluice_ecr_artifact.proxy.artifact`.",
				Attributes: map[string]schema.Attribute{
					"version":   required("The version. Example: `\"1.4.2\"`."),
					"reference": required("The reference, which ends in the digest."),
				},
			},
			"tag": schema.StringAttribute{
				Optional: true, MarkdownDescription: "A tag of the artifact's repository in ECR that must still name its digest; `{version}` stands for the artifact's version. That it was moved changes nothing of what runs, and is `low` where `severity` says nothing else. Default: no tag is looked at. Example: `\"{version}\"`.",
			},
		}},
	}
}
