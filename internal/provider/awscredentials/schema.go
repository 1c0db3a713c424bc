package awscredentials

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
)

const description = "Credentials of AWS for one rollout: a role for minutes, whose session is cut to what this rollout calls. They stand in no state, no plan file and no ledger.\n\n" +
	"Until the gates pass the session may look at everything and go back, and bring nothing new up; `scope` says which it is. " +
	"It is `full` while a rollout is open whose gates pass, or none is open and the gates would let the one begin that brings `reference`. " +
	"No gate makes opening fail, since Terraform opens it at plan too and a way back needs it; neither does a ledger that cannot be asked, which gives `read_and_revert` and a warning. What AWS refuses is an error.\n\n" +
	"The session's name, its tags (`sluice:service`, `sluice:environment`, `sluice:rollout`, `sluice:actor`, `sluice:scope`, and `sluice:organisation` where the provider block has a scope) and its source identity say for what and by whom. " +
	"So the role's trust policy must allow `sts:AssumeRole`, `sts:TagSession` and `sts:SetSourceIdentity`. The ledger records each time: who, which role, which key id, the policy, until when; `sluice credentials` lists them.\n\n" +
	"Sluice's own drivers need none of this: they assume roles by themselves, by the `assume_role` of the target. These are for the rest of a configuration, such as another provider or a write-only argument. " +
	"Ephemeral resources need Terraform 1.10 or OpenTofu 1.11."

// Schema implements ephemeral.EphemeralResource.
func (*Credentials) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"service":     schema.StringAttribute{Required: true, Validators: []validator.String{definition.Name()}, MarkdownDescription: "The service that is released. Example: `\"checkout\"`."},
		"environment": schema.StringAttribute{Required: true, Validators: []validator.String{definition.Name()}, MarkdownDescription: "The environment that it is released to. Example: `\"production\"`."},
		"reference": schema.StringAttribute{Optional: true, MarkdownDescription: "The artifact that is to be released, by digest, as `artifact.reference` of the release has it. " +
			"While no rollout is open the gates are asked about it, the quarantine among them; without it the credentials are then for reading and going back. Example: `\"s3://acme-builds/checkout/1.4.0.zip@sha256:...\"`."},
		"configuration_digest": schema.StringAttribute{Optional: true, MarkdownDescription: "The digest of the configuration that is released with it, as `configuration_digest` of the release has it."},
		"target": schema.SingleNestedAttribute{
			Required: true, MarkdownDescription: "What is released to, which decides what the session may call. Exactly one driver.",
			Attributes: drivers(),
		},
		"metrics":         schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether the session may also read metrics and alarms of CloudWatch, as the signal `cloudwatch` does (`docs/policies/cloudwatch.json`), whatever the gates say. Default: `false`."},
		"role_arn":        schema.StringAttribute{Required: true, MarkdownDescription: "The role that is assumed for the rollout. Its own policies must allow what the driver calls: a session's policy only takes away. Example: `\"arn:aws:iam::123456789012:role/releases\"`."},
		"external_id":     schema.StringAttribute{Optional: true, MarkdownDescription: "What the role's owner asks for. Example: `\"acme-releases\"`."},
		"duration":        schema.StringAttribute{Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.NotNegative()}, MarkdownDescription: "How long the credentials are good for, from `15m` to `1h`; nothing renews them. Default: `15m`."},
		"source_identity": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether who acts is the session's source identity, which stays with every role that is assumed from it. Default: `true`."},
		"session_tags":    schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether the session has tags. Default: `true`."},
	}
	for name, a := range settings() {
		attributes[name] = a
	}
	for name, a := range computed() {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{MarkdownDescription: description, Attributes: attributes}
}

// drivers has an attribute for each driver that targets/all.Grants has.
func drivers() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"alb": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Two target groups behind an Application Load Balancer. For reading and going back the session may do all that the driver does but `ecs:RegisterTaskDefinition`, `ec2:RunInstances` and `iam:PassRole`, without which no new image and no other version of a launch template can be named; IAM cannot tell weights that go down from those that go up.",
			Attributes: map[string]schema.Attribute{
				"target_groups": schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "The ARNs of the two target groups. Example: `[aws_lb_target_group.blue.arn, aws_lb_target_group.green.arn]`."},
				"routes": schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "The ARNs of the listeners and rules whose weights are moved. With services or Auto Scaling groups AWS has room for about three in a session; one that ends in `/*` stands for all listeners, or all rules, of a load balancer. " +
					"Example: `[aws_lb_listener.https.arn]`."},
				"ecs": schema.SingleNestedAttribute{
					Optional: true, MarkdownDescription: "The pair of services behind the target groups, as in the target of the release. With it the session may copy their capacity and suspend their scale-in.",
					Attributes: map[string]schema.Attribute{
						"cluster":  schema.StringAttribute{Required: true, MarkdownDescription: "The cluster's name. Example: `\"production\"`."},
						"services": schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "The names of the two services. Example: `[\"checkout-blue\", \"checkout-green\"]`."},
						"family":   schema.StringAttribute{Required: true, MarkdownDescription: "The family of the services' task definitions. Example: `\"checkout\"`."},
						"roles":    schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "The roles that tasks are handed: their own, and the one that starts them. Default: none. Example: `[aws_iam_role.task.arn, aws_iam_role.execution.arn]`."},
					},
				},
				"auto_scaling": schema.SingleNestedAttribute{
					Optional: true, MarkdownDescription: "The pair of Auto Scaling groups behind the target groups, as in the target of the release.",
					Attributes: map[string]schema.Attribute{
						"groups":          schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "The names of the two groups. Example: `[\"checkout-blue\", \"checkout-green\"]`."},
						"launch_template": schema.StringAttribute{Required: true, MarkdownDescription: "The id of the launch template whose versions are released. Example: `\"lt-0123456789abcdef0\"`."},
						"roles":           schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "The roles that instances are handed by their instance profile. Default: none. Example: `[aws_iam_role.instance.arn]`."},
					},
				},
			},
		},
		"ecs": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "A service of Amazon ECS. For reading and going back the session may do all that the driver does but `ecs:RegisterTaskDefinition`, without which no new image can be named; IAM cannot tell an `UpdateService` that goes back from one that goes on.",
			Attributes: map[string]schema.Attribute{
				"cluster": schema.StringAttribute{Required: true, MarkdownDescription: "The cluster's name. Example: `\"production\"`."},
				"service": schema.StringAttribute{Required: true, MarkdownDescription: "The service's name. Example: `\"checkout\"`."},
				"family":  schema.StringAttribute{Required: true, MarkdownDescription: "The family of the service's task definitions. Example: `\"checkout\"`."},
				"roles":   schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "The roles that ECS is handed: the task's, the one that starts it, and the one that moves rules. Default: none. Example: `[aws_iam_role.task.arn, aws_iam_role.execution.arn]`."},
			},
		},
		"lambda": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "A function of AWS Lambda. For reading and going back the session may do all that the driver does but `lambda:UpdateFunctionCode`, `lambda:PublishVersion` and `lambda:PutProvisionedConcurrencyConfig`; IAM cannot tell a weight that goes up from one that goes down.",
			Attributes: map[string]schema.Attribute{
				"function": schema.StringAttribute{Required: true, MarkdownDescription: "The function's name, without account and version. Example: `\"checkout\"`."},
				"packages": schema.StringAttribute{Optional: true, MarkdownDescription: "Which packages may be read: a bucket, a slash and a key, in which `*` stands for any text. Default: none. Example: `\"acme-builds/checkout/*\"`."},
			},
		},
	}
}

// settings lead to the credentials that assume the role, as in targets of AWS.
func settings() map[string]schema.Attribute {
	role := func() schema.StringAttribute {
		return schema.StringAttribute{Required: true, MarkdownDescription: "The role's ARN. Example: `\"arn:aws:iam::123456789012:role/hop\"`."}
	}
	return map[string]schema.Attribute{
		"region":  schema.StringAttribute{Required: true, MarkdownDescription: "The region of the target, whose STS is asked. Example: `\"eu-central-1\"`."},
		"profile": schema.StringAttribute{Optional: true, MarkdownDescription: "A profile of AWS's configuration files. Default: what the environment gives, as for AWS's own tools; Terraform Cloud's dynamic credentials are found so, too. Example: `\"releases\"`."},
		"assume_role": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "Roles that are assumed before `role_arn`, one after the other, each with the credentials of the one before.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"role_arn":        role(),
				"external_id":     schema.StringAttribute{Optional: true, MarkdownDescription: "What the role's owner asks for. Example: `\"acme-releases\"`."},
				"duration":        schema.StringAttribute{Optional: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()}, MarkdownDescription: "How long a session lasts, from `15m` to `12h`. Default: `15m`."},
				"source_identity": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether who acts is the session's source identity already here. Default: `false`."},
			}},
		},
		"assume_role_with_web_identity": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "The first role is assumed with a token of CI, instead of a profile.",
			Attributes: map[string]schema.Attribute{
				"role_arn": role(),
				"token": schema.SingleNestedAttribute{
					Required: true, MarkdownDescription: "Where the token is. Exactly one is given.",
					Attributes: map[string]schema.Attribute{
						"env":     schema.StringAttribute{Optional: true, MarkdownDescription: "An environment variable. Example: `\"OIDC_TOKEN\"`."},
						"file":    schema.StringAttribute{Optional: true, MarkdownDescription: "A file whose whole content is the token. Example: `\"/run/secrets/oidc\"`."},
						"command": schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "A program and its arguments, run without a shell, whose output is the token. Example: `[\"ci\", \"oidc-token\"]`."},
					},
				},
			},
		},
		"use_fips_endpoint":      schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether AWS's FIPS endpoints are used. Default: what the environment says, or `false`."},
		"use_dualstack_endpoint": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether AWS's endpoints for IPv4 and IPv6 are used. Default: what the environment says, or `false`. An address of STS of one's own comes from `AWS_ENDPOINT_URL_STS`."},
	}
}

func computed() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	secret := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"access_key_id":      text("The id of the key. It is no secret; CloudTrail and the ledger have it."),
		"secret_access_key":  secret("The key."),
		"session_token":      secret("The session's token."),
		"expiration":         text("Until when they are good, RFC 3339 in UTC."),
		"scope":              text("What they are good for: `full`, or `read_and_revert` until the gates pass."),
		"reason":             text("Why they have this scope, in one line."),
		"session_name":       text("The session's name, by which CloudTrail knows it."),
		"rollout":            schema.Int64Attribute{Computed: true, MarkdownDescription: "The number of the rollout that is open, or of the next; null where the ledger cannot be asked."},
		"recorded":           schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the ledger has the record."},
		"packed_policy_size": schema.Int64Attribute{Computed: true, MarkdownDescription: "How much of AWS's room the session's policy and tags take, in per cent."},
	}
}
