package deploymentstrategy

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/percenttype"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

func analysis() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "What the judge looks at, and how strictly. Without metrics nothing is judged: a step passes when its time is over " +
			"and the target calls the new artifact healthy.",
		Attributes: map[string]schema.Attribute{
			"interval": withDefault(strategy.DefaultInterval, duration(false, fmt.Sprintf("The time between two looks. Default: `%s`. Example: `\"5s\"`.", field.FormatDuration(strategy.DefaultInterval)))),
			"metrics":  metrics(),
			"alpha_harm": schema.Float64Attribute{
				Optional: true, MarkdownDescription: "The chance of rolling back a good release, per release, above 0 and below 1. Default: 0.01.",
			},
			"alpha_safe": schema.Float64Attribute{
				Optional: true, MarkdownDescription: "The chance of calling a harmful step safe, per step, above 0 and below 1. Default: 0.05.",
			},
			"margin": schema.Float64Attribute{
				Optional: true, MarkdownDescription: "The relative increase of the rate of bad events that does not matter, from 0 to 10: 0.1 is a tenth more. Default: 0.1.",
			},
			"min_abs": schema.StringAttribute{
				Optional: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()},
				MarkdownDescription: "The absolute increase of the share of bad events below which nothing is harm. Default: `\"0%\"`. Example: `\"0.1%\"`.",
			},
		},
	}
}

func metrics() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "The metrics by the name under which a signal of the release counts them, such as `errors` and `slow`. " +
			"At least one is critical.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"critical": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether the metric must be proved safe before a step passes. The others can only prove harm. Default: `false`.",
			},
			"importance": schema.Float64Attribute{
				Optional:            true,
				MarkdownDescription: "The weight of the metric's evidence for harm, above 0 and at most 1000. Default: 3 for critical metrics, 1 for others.",
			},
			"ceiling": schema.StringAttribute{
				Optional: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()},
				MarkdownDescription: "The share of bad events that the service must stay below, from its objective. Default: `\"1%\"`. Example: `\"0.5%\"`.",
			},
			"dispersion": schema.Float64Attribute{
				Optional: true,
				MarkdownDescription: "The variance-to-mean ratio of the baseline's bad events, from 1 to 1000: 1 where they come independently, more where they come in bursts. " +
					"Default: measured over the day before, or 2 where there is no history.",
			},
			"signal": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The signal that counts the metric, where several of the release's signals can. Example: `\"http\"`.",
			},
			"slower_than": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Makes the metric a latency: an event is bad when it took longer than this. Exactly one is given.",
				Attributes: map[string]schema.Attribute{
					"baseline_quantile": schema.Float64Attribute{
						Optional: true, MarkdownDescription: "Takes this quantile of the old artifact before the rollout, above 0 and below 1. Example: `0.99`.",
					},
					"fixed": duration(false, "A fixed time. Example: `\"300ms\"`."),
				},
			},
		}},
	}
}
