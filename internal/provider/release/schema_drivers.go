package release

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal/openmetrics"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
)

// attrType keeps the tables of types short.
type attrType = attr.Type

// Each driver of a target or a signal is an attribute of its name, whose members
// are those of the driver's configuration in JSON. Exactly one of them is given.

func targetAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Required: true, MarkdownDescription: "The runtime behind the service in this environment. Exactly one driver is given. It cannot change while a rollout is open.",
		Attributes: map[string]schema.Attribute{
			"contract": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Anything that answers the deployment contract, an HTTP and JSON interface that any platform can implement.",
				Attributes: map[string]schema.Attribute{
					"url":     schema.StringAttribute{Required: true, MarkdownDescription: "The base to which `/v1/...` is added, with http or https and without credentials. Example: `\"https://deploy.example/checkout\"`."},
					"token":   tokenAttribute("the target"),
					"timeout": timeoutAttribute("Bounds one call, from `100ms` to `1m`. Default: `" + field.FormatDuration(contract.DefaultTimeout) + "`."),
				},
			},
		},
	}
}

func signalsAttribute() schema.MapNestedAttribute {
	presets := slices.Sorted(maps.Keys(openmetrics.Presets()))
	selector := func(text string) schema.SingleNestedAttribute {
		return schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: text,
			Attributes: map[string]schema.Attribute{
				"name":  schema.StringAttribute{Optional: true, MarkdownDescription: "The metric's name, with or without `_total`. Example: `\"http_requests\"`."},
				"match": schema.MapAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "A regular expression (RE2) for each label, which must match the whole value. Example: `{ code = \"5..\" }`."},
			},
		}
	}
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: "What counts requests and their failures, by names of your choice. Exactly one driver is given for each. Example: `{ http = { openmetrics = { url = \"http://127.0.0.1:7070/metrics\", preset = \"lab\" } } }`.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"openmetrics": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Scrapes counters and histograms from the services themselves.",
				Attributes: map[string]schema.Attribute{
					"url":     schema.StringAttribute{Optional: true, MarkdownDescription: "The endpoint, where one endpoint has both arms. Example: `\"http://127.0.0.1:7070/metrics\"`."},
					"preset":  schema.StringAttribute{Optional: true, MarkdownDescription: "A ready set of arms and metrics: " + tfconv.OneOf(presets) + "."},
					"token":   tokenAttribute("the endpoint"),
					"timeout": timeoutAttribute("Bounds one scrape with its repeats. Default: `5s`."),
					"arms": schema.SingleNestedAttribute{
						Optional: true, MarkdownDescription: "How to tell the old artifact from the new one: by a label, or by an endpoint for each.",
						Attributes: map[string]schema.Attribute{
							"label":        schema.StringAttribute{Optional: true, MarkdownDescription: "The label that differs. Example: `\"arm\"`."},
							"baseline":     schema.StringAttribute{Optional: true, MarkdownDescription: "Its value on the old artifact. Example: `\"baseline\"`."},
							"canary":       schema.StringAttribute{Optional: true, MarkdownDescription: "Its value on the new artifact. Example: `\"canary\"`."},
							"baseline_url": schema.StringAttribute{Optional: true, MarkdownDescription: "The endpoint of the old artifact, instead of `url`."},
							"canary_url":   schema.StringAttribute{Optional: true, MarkdownDescription: "The endpoint of the new artifact, instead of `url`."},
						},
					},
					"metrics": schema.MapNestedAttribute{
						Optional: true, MarkdownDescription: "What can be counted, by the name that the strategy uses: bad events among all, or those of a histogram that were too slow.",
						NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
							"total":     selector("Selects the counters of all events."),
							"bad":       selector("Selects those of the bad events. Without a name it narrows `total` down."),
							"histogram": schema.StringAttribute{Optional: true, MarkdownDescription: "A histogram in seconds, for a latency. Example: `\"http_request_duration_seconds\"`."},
							"match":     schema.MapAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Narrows the histogram's series down, a regular expression (RE2) for each label."},
						}},
					},
				},
			},
		}},
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
