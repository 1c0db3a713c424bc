package release

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
)

// cloudwatchSignal is signals.*.cloudwatch.
func cloudwatchSignal() schema.SingleNestedAttribute {
	optional := func(text string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: text}
	}
	attributes := awsAttributes("monitoring")
	maps.Copy(attributes, map[string]schema.Attribute{
		"preset":      optional("A ready set of metrics of one of AWS's services: " + tfconv.OneOf(slices.Sorted(maps.Keys(cloudwatch.Presets()))) + ". The guide has what each counts and which dimensions it needs."),
		"dimensions":  dimensionsAttribute("Dimensions that all metrics have in common. Example: `{ LoadBalancer = \"app/shop/50dc6c495c0c9188\" }`."),
		"alarms":      schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Names of alarms, metric alarms and composite ones, which make the one metric `alarms`: a bad event is an alarm that fires at the moment of the look. They are a signal of their own, without metrics, for a trigger `external` of a rollback policy. One that fires before the first step refuses the start. Example: `[\"checkout-5xx\"]`."},
		"delay":       timeoutAttribute("How long after a minute's end its sums are taken to be there, up to `1h`. What comes later is counted then. Default: `" + field.FormatDuration(cloudwatch.DefaultDelay) + "`."),
		"stale_after": timeoutAttribute("How long an arm may have no data points before it counts as no data, from `2m` to `3h`. Default: `" + field.FormatDuration(cloudwatch.DefaultStaleAfter) + "`."),
		"timeout":     timeoutAttribute("Bounds one question with its repeats and pages, from `1s` to `1m`. Default: `" + field.FormatDuration(cloudwatch.DefaultTimeout) + "`."),
		"arms": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "What stands for `{arm}` in each arm. Default: what the target calls them, anew in each rollout, where it does: `lambda` the version's number, `alb` and `ecs` the target group. Where it does, it is refused to state the same for good, since target groups change places with each release. Target groups may be given by their ARN.",
			Attributes: map[string]schema.Attribute{
				"baseline": schema.StringAttribute{Required: true, MarkdownDescription: "The old artifact's. Example: `\"targetgroup/blue/73e2d6bc24d8a067\"`."},
				"canary":   schema.StringAttribute{Required: true, MarkdownDescription: "The new artifact's. Example: `\"targetgroup/green/9f2c4d7b1a60f3c5\"`."},
			},
		},
		"metrics": schema.MapNestedAttribute{
			Optional: true, MarkdownDescription: "What can be counted, by the name that the strategy uses, besides what the preset has: bad events among all, or those of a latency that were too slow.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"total":   schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "What counts all events.", Attributes: cloudwatchSelector()},
				"bad":     schema.ListNestedAttribute{Optional: true, MarkdownDescription: "What counts the bad ones; several are added up.", NestedObject: schema.NestedAttributeObject{Attributes: cloudwatchSelector()}},
				"latency": schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "A metric with one value for each event, whose percentile rank is asked for. It has neither statistic nor expression.", Attributes: cloudwatchSelector()},
				"unit":    optional("The unit of the latency's values, `s` or `ms`. Example: `\"ms\"`."),
			}},
		},
	})
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Counts what AWS's services, or the service itself, have written into Amazon CloudWatch, all metrics in one call; or watches alarms. Metrics come minutes late: nothing is judged, and no time is soaked, of which the counts have not come.",
		Attributes: attributes,
	}
}

func dimensionsAttribute(text string) schema.MapAttribute {
	return schema.MapAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: text}
}

func cloudwatchSelector() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"namespace":  schema.StringAttribute{Optional: true, MarkdownDescription: "The metric's namespace. Example: `\"AWS/ApplicationELB\"`."},
		"name":       schema.StringAttribute{Optional: true, MarkdownDescription: "The metric's name. Example: `\"RequestCount\"`."},
		"dimensions": dimensionsAttribute("Its dimensions besides those that all metrics have; CloudWatch knows a metric by all of them together. In one of them `{arm}` stands for what tells the arms apart. Example: `{ TargetGroup = \"{arm}\" }`."),
		"statistic":  schema.StringAttribute{Optional: true, MarkdownDescription: "How events are counted: `Sum` of the values, or `SampleCount`, how many values there are. Default: `Sum`."},
		"expression": schema.StringAttribute{Optional: true, MarkdownDescription: "An expression of metric math or Metrics Insights instead of all else, with `{arm}` in it. Example: `\"SELECT SUM(Failures) FROM Shop WHERE Version = '{arm}'\"`."},
	}
}

// sigV4Attribute is signals.*.prometheus.sigv4.
func sigV4Attribute() schema.SingleNestedAttribute {
	attributes := awsAttributes("aps")
	for _, name := range []string{"endpoint", "use_fips_endpoint", "use_dualstack_endpoint"} {
		delete(attributes, name) // The address says it.
	}
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Signs each question as Amazon Managed Service for Prometheus wants it, instead of `token` and `basic`; `url` is the workspace's. The credentials need `aps:QueryMetrics`. Example: `{ region = \"eu-central-1\" }`.",
		Attributes: attributes,
	}
}
