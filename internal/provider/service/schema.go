// Package service is sluice_service: the thing that is released.
package service

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/percenttype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const description = "The thing that is released: who owns it, what it needs, and what it promises. " +
	"Windows select releases by its team and its labels, and the judge takes its objectives where a strategy's metric states no ceiling.\n\n" +
	"A release takes it as `service_definition = sluice_service.checkout.definition`. `service` stays a plain name, and a release works without a declared service."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"team": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The team that owns the service. Windows can be scoped to a team. Example: `\"payments\"`.",
			Validators:          []validator.String{teamCheck{}},
		},
		"criticality": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "How much depends on the service: " + tfconv.OneOf(release.Criticalities()) + ". It is for people; nothing depends on it yet. Example: `\"high\"`.",
			Validators:          []validator.String{partial.String(choice.Of("criticality", release.Criticalities()))},
		},
		"labels": schema.MapAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: "Labels that the scope of a window can ask for, together with those of the environment. Both may not give one label different values. Example: `{ pci = \"yes\" }`.",
		},
		"dependencies": schema.ListAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: fmt.Sprintf("The names of the other services that it needs, at most %d. Windows can be scoped to what depends on a service, and what these need, the service needs too. "+
				"One that is not declared may need anything: once the ledger knows an external dependency, the gate `dependency` blocks for that. Example: `[\"payments\", \"search\"]`.", release.MaxDependencies),
		},
		"external_dependencies": schema.ListAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: fmt.Sprintf("The names of the third parties that it needs, at most %d, each a `sluice_external_dependency`. One that is not declared is unknown, which blocks. Example: `[sluice_external_dependency.psp.name]`.", release.MaxDependencies),
		},
		"objectives": objectives(),
	}
}

func objectives() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "What the service promises to its users.",
		Attributes: map[string]schema.Attribute{
			"error_ceiling": schema.StringAttribute{
				Optional: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()},
				MarkdownDescription: "The share of bad events that it must stay below, above `0%` and below `100%`. The judge takes it for each metric that is no latency and states no `ceiling`. Example: `\"0.5%\"`.",
			},
			"latency": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "How quickly it answers. The judge takes `1 - share` as the ceiling of each metric with `slower_than = { fixed = ... }` of just this time that states no `ceiling`; " +
					"at another time another share is slow.",
				Attributes: map[string]schema.Attribute{
					"share": schema.StringAttribute{
						Required: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()},
						MarkdownDescription: "The share of the requests that is answered in time, above `0%` and below `100%`. Example: `\"99%\"`.",
					},
					"within": schema.StringAttribute{
						Required: true, CustomType: durationtype.Type{}, Validators: []validator.String{durationtype.Positive()},
						MarkdownDescription: "The time. Example: `\"300ms\"`.",
					},
				},
			},
		},
	}
}
