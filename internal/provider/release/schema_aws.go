package release

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// lambdaTarget is target.lambda.
func lambdaTarget() schema.SingleNestedAttribute {
	attributes := awsAttributes("lambda")
	maps.Copy(attributes, map[string]schema.Attribute{
		"function":                schema.StringAttribute{Required: true, MarkdownDescription: "The function's name, without account and version. Example: `\"checkout\"`."},
		"alias":                   schema.StringAttribute{Required: true, MarkdownDescription: "The alias that users invoke. It exists, and names a published version. Sluice moves its version, its weights and the end of its description. Example: `\"live\"`."},
		"provisioned_concurrency": schema.Int64Attribute{Optional: true, MarkdownDescription: "How many instances of a new version are kept ready, from before its first request until the version is out again. It is put onto versions: an alias that has it cannot have weights. Default: none. Example: `5`."},
	})
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "A function of AWS Lambda behind an alias, whose weights are moved from one published version to another. The artifact's reference is a package in S3, `s3://bucket/key@sha256:...`, or an image in ECR. It needs the rights of `docs/policies/lambda.json`, which are looked at before the first change, and no `iam:PassRole`, since a release names no role.",
		Attributes: attributes,
	}
}

// AWSAttributes are how a service of AWS is reached, for objects that are no release.
func AWSAttributes(service string) map[string]schema.Attribute { return awsAttributes(service) }

// awsAttributes are what all drivers of AWS have in common. The service is whose
// endpoint it is.
func awsAttributes(service string) map[string]schema.Attribute {
	role := func() schema.StringAttribute {
		return schema.StringAttribute{Required: true, MarkdownDescription: "The role's ARN. Example: `\"arn:aws:iam::123456789012:role/releases\"`."}
	}
	return map[string]schema.Attribute{
		"region":  schema.StringAttribute{Required: true, MarkdownDescription: "The region. It is stated here and not taken from the environment, since an agent or a colleague may drive the rollout next. Example: `\"eu-central-1\"`."},
		"profile": schema.StringAttribute{Optional: true, MarkdownDescription: "A profile of AWS's configuration files, where whoever drives the rollout has them. Default: what the environment gives, as for AWS's own tools. Example: `\"releases\"`."},
		"assume_role": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "Roles that are assumed one after the other, each with the credentials of the one before. The session's name holds service, environment and who acts.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"role_arn":        role(),
				"external_id":     schema.StringAttribute{Optional: true, MarkdownDescription: "What the role's owner asks for. Example: `\"acme-releases\"`."},
				"duration":        timeoutAttribute("How long a session lasts, from `15m` to `12h`; it is renewed while it is in use. Default: `15m`."),
				"source_identity": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether who acts is the session's source identity, which the role's trust policy must allow (`sts:SetSourceIdentity`). Default: `false`."},
			}},
		},
		"assume_role_with_web_identity": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "The first role is assumed with a token of CI, instead of a profile.",
			Attributes: map[string]schema.Attribute{"role_arn": role(), "token": webIdentityToken()},
		},
		"use_fips_endpoint":      schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether AWS's FIPS endpoints are used. Default: what the environment says, or `false`."},
		"use_dualstack_endpoint": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether AWS's endpoints for IPv4 and IPv6 are used. Default: what the environment says, or `false`."},
		"endpoint":               schema.StringAttribute{Optional: true, MarkdownDescription: "Instead of AWS's address of " + service + ", for a VPC endpoint or an emulator. Example: `\"https://vpce-0123-abcd." + service + ".eu-central-1.vpce.amazonaws.com\"`."},
	}
}

func webIdentityToken() schema.SingleNestedAttribute {
	token := tokenAttribute("STS")
	token.Required, token.Optional = true, false
	return token
}
