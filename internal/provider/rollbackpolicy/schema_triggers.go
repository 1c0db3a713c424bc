package rollbackpolicy

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/choice"
	"github.com/sluice/terraform-provider-sluice/internal/provider/partial"
	"github.com/sluice/terraform-provider-sluice/internal/provider/percenttype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func triggers() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "What may turn a rollout back. `harm`, `health` and `failed_check` are on where they are not given, the others off. " +
			"Where several fire, the first that may go back by itself decides, in the order harm, burn rate, ceiling, external, with health before all.",
		Attributes: map[string]schema.Attribute{
			"harm":          onOff("The judge's verdict of harm."),
			"health":        onOff("The target's word that the new artifact is unhealthy, which it also is when it crashes again and again."),
			"failed_check":  onOff("A check of the strategy that failed."),
			"burn_rate":     burnRate(),
			"error_ceiling": errorCeiling(),
			"external":      external(),
		},
	}
}

func during() schema.StringAttribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "In which part of a rollout the trigger is on: " + tfconv.OneOf(release.Durings()) + ". Default: `both`.",
		Validators:          []validator.String{partial.String(choice.Of("part of a rollout", release.Durings()))},
	}
}

func onOff(text string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: text + " Off, the rollout pauses for a person: `{ during = \"never\" }`.",
		Attributes: map[string]schema.Attribute{"during": during()},
	}
}

func metric() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: fmt.Sprintf("The metric that counts bad events; one of the release's signals must count it, and the strategy need not judge it. Default: `%s`.",
			release.DefaultTriggerMetric),
	}
}

func least(text string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true, MarkdownDescription: fmt.Sprintf("How many requests %s must hold before it says anything. Default: %d.", text, release.DefaultMinRequests),
	}
}

func burnRate() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "An error budget that the new artifact spends too quickly, by its own counts alone: its share of bad events, divided by the share that the objective allows, " +
			"is at least `factor` over both ranges of one window. The part of a range in which it had no traffic yet spent nothing, so a steady share of bad events fires after " +
			"`long * factor * ceiling / share` at the earliest. For short rollouts, state shorter windows.",
		Attributes: map[string]schema.Attribute{
			"during": during(),
			"metric": metric(),
			"ceiling": schema.StringAttribute{
				Optional: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()},
				MarkdownDescription: "The share of bad events that the objective allows, above `0%` and below `100%`: `0.1%` for 99.9 %. Default: the `error_ceiling` of the release's `service_definition`. Example: `\"0.1%\"`.",
			},
			"windows": schema.ListNestedAttribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("At most %d windows, any of which fires. Default: those that page a person in the [Google SRE workbook](https://sre.google/workbook/alerting-on-slos/), "+
					"14.4 over `1h` and `5m`, and 6 over `6h` and `30m`, which spend 2 %% and 5 %% of the budget of 30 days.", release.MaxWindows),
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"long":  required(duration(fmt.Sprintf("The range that says that it matters, at most `%s`. Example: `\"1h\"`.", field.FormatDuration(release.MaxTriggerRange)), false)),
					"short": required(duration("The shorter range that says that it still goes on. Example: `\"5m\"`.", false)),
					"factor": schema.Float64Attribute{
						Required: true, MarkdownDescription: "How many times as fast as the objective allows, above 0. Example: `14.4`.",
					},
				}},
			},
			"min_requests": least("the long range"),
		},
	}
}

func errorCeiling() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "A share of bad events that the new artifact must not exceed, whatever the old one does.",
		Attributes: map[string]schema.Attribute{
			"during": during(),
			"metric": metric(),
			"share": schema.StringAttribute{
				Required: true, CustomType: percenttype.Type{}, Validators: []validator.String{percenttype.Valid()},
				MarkdownDescription: "The share, above `0%` and below `100%`. Example: `\"5%\"`.",
			},
			"over":         duration(fmt.Sprintf("The range that is counted, up to the last look. Default: `%s`. Example: `\"10m\"`.", field.FormatDuration(release.DefaultCeilingOver)), false),
			"min_requests": least("it"),
		},
	}
}

func external() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Anything else that a signal of the release counts, by a name of your own: an alarm, an incident, a business figure. It fires when the signal counts a bad event of that metric, of whichever arm, between two looks. " +
			"It says nothing about the artifact, so it does not quarantine it.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"during": during(),
			"signal": schema.StringAttribute{Required: true, MarkdownDescription: "The name of the signal among the release's `signals`. Example: `\"pager\"`."},
			"metric": schema.StringAttribute{Required: true, MarkdownDescription: "The metric that it counts. Example: `\"alarms\"`."},
		}},
	}
}
