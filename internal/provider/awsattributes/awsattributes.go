// Package awsattributes has the attributes that lead to AWS: where something is, and by
// whose right it is reached. They are those of awscloud.Settings.
package awsattributes

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
)

// Of gives what all that is reached in AWS has in common. The service is whose endpoint
// it is. Each call makes a map of its own.
func Of(service string) map[string]schema.Attribute {
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
				"duration":        schema.StringAttribute{Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.NotNegative()}, MarkdownDescription: "How long a session lasts, from `15m` to `12h`; it is renewed while it is in use. Default: `15m`."},
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
	return schema.SingleNestedAttribute{
		Required: true, MarkdownDescription: "Where the bearer token for STS is. Exactly one is given. The token itself never stands in configuration, state or ledger.",
		Attributes: map[string]schema.Attribute{
			"env":     schema.StringAttribute{Optional: true, MarkdownDescription: "An environment variable of whoever drives the rollout. Example: `\"DEPLOY_TOKEN\"`."},
			"file":    schema.StringAttribute{Optional: true, MarkdownDescription: "A file whose whole content is the token. Example: `\"/run/secrets/deploy\"`."},
			"command": schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "A program and its arguments, run without a shell, whose output is the token. Example: `[\"pass\", \"show\", \"deploy\"]`."},
		},
	}
}
