package release

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
	"github.com/sluice/terraform-provider-sluice/internal/target/exec"
)

// attrType keeps the tables of types short.
type attrType = attr.Type

// Each driver of a target or a signal is an attribute of its name, whose members
// are those of the driver's configuration in JSON. Exactly one of them is given.

func targetAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "The runtime behind the service in this environment. Exactly one driver is given. It cannot change while a rollout is open. Exactly one of `target` and `targets` is given.",
		Attributes: map[string]schema.Attribute{
			"alb":     albTarget(),
			"haproxy": haproxyTarget(),
			"contract": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Anything that answers the deployment contract, an HTTP and JSON interface that any platform can implement.",
				Attributes: map[string]schema.Attribute{
					"url":     schema.StringAttribute{Required: true, MarkdownDescription: "The base to which `/v1/...` is added, with http or https and without credentials. Example: `\"https://deploy.example/checkout\"`."},
					"token":   tokenAttribute("the target"),
					"timeout": timeoutAttribute("Bounds one call, from `100ms` to `1m`. Default: `" + field.FormatDuration(contract.DefaultTimeout) + "`."),
				},
			},
			"ecs":    ecsTarget(),
			"exec":   execAttribute(),
			"lambda": lambdaTarget(),
		},
	}
}

func execAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "A program of yours that answers the deployment contract on its standard input and output, one run for each verb.",
		Attributes: map[string]schema.Attribute{
			"command":     schema.ListAttribute{ElementType: types.StringType, Required: true, MarkdownDescription: "The program and its arguments, run without a shell. The program is an absolute path, or a name on the `PATH` of whoever drives the rollout. Example: `[\"deploy-checkout\", \"--region\", \"eu-1\"]`."},
			"directory":   schema.StringAttribute{Optional: true, MarkdownDescription: "Where it runs, an absolute path. Default: where Sluice runs."},
			"environment": schema.MapAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Its environment variables. It sees no others but those of `environment_from`. Example: `{ REGION = \"eu-1\" }`."},
			"environment_from": schema.MapNestedAttribute{
				Optional: true, MarkdownDescription: "Environment variables whose values are looked up at each run and are kept nowhere. Example: `{ DEPLOY_TOKEN = { file = \"/run/secrets/deploy\" } }`.",
				NestedObject: schema.NestedAttributeObject{Attributes: tokenAttribute("the program").Attributes},
			},
			"timeout": timeoutAttribute("Bounds one run, from `100ms` to `1m`; then it is killed with all that it started. Default: `" + field.FormatDuration(exec.DefaultTimeout) + "`."),
		},
	}
}

func tokenAttribute(whom string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Where the bearer token for " + whom + " is. Exactly one is given. The token itself never stands in configuration, state or ledger.",
		Attributes: map[string]schema.Attribute{
			"env":     schema.StringAttribute{Optional: true, MarkdownDescription: "An environment variable of whoever drives the rollout. Example: `\"DEPLOY_TOKEN\"`."},
			"file":    schema.StringAttribute{Optional: true, MarkdownDescription: "A file whose whole content is the token. Example: `\"/run/secrets/deploy\"`."},
			"command": schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "A program and its arguments, run without a shell, whose output is the token. Example: `[\"pass\", \"show\", \"deploy\"]`."},
		},
	}
}

func timeoutAttribute(text string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, CustomType: durationtype.Type{}, MarkdownDescription: text, Validators: []validator.String{durationtype.NotNegative()}}
}

// keyCheck checks an id of a release.
type keyCheck struct{}

// Description implements validator.String.
func (keyCheck) Description(context.Context) string { return "SERVICE/ENVIRONMENT" }

// MarkdownDescription implements validator.String.
func (c keyCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (keyCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := engine.ParseKey(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid release", err.Error())
	}
}
