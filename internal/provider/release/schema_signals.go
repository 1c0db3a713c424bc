package release

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/signal/openmetrics"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
)

func signalsAttribute() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: "What counts requests and their failures, by names of your choice. Exactly one driver is given for each. Example: `{ http = { openmetrics = { url = \"http://127.0.0.1:7070/metrics\", preset = \"lab\" } } }`.",
		NestedObject: schema.NestedAttributeObject{Attributes: SignalDrivers()},
	}
}

// SignalDrivers are the drivers of a signal, each as its attribute. Data sources
// that read a signal take the same.
func SignalDrivers() map[string]schema.Attribute {
	presets := slices.Sorted(maps.Keys(openmetrics.Presets()))
	selector := func(text string) schema.SingleNestedAttribute {
		return selectorAttribute(text, "The metric's name, with or without `_total`. Example: `\"http_requests\"`.")
	}
	return map[string]schema.Attribute{
		"cloudwatch": cloudwatchSignal(),
		"haproxy":    haproxySignal(),
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
		"prometheus": prometheusAttribute(),
	}
}

func selectorAttribute(text, name string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: text,
		Attributes: map[string]schema.Attribute{
			"name":  schema.StringAttribute{Optional: true, MarkdownDescription: name},
			"match": matchAttribute("A regular expression (RE2) for each label, which must match the whole value. Example: `{ code = \"5..\" }`."),
		},
	}
}

func matchAttribute(text string) schema.MapAttribute {
	return schema.MapAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: text}
}

func prometheusAttribute() schema.SingleNestedAttribute {
	optional := func(text string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: text}
	}
	presets := slices.Sorted(maps.Keys(prometheus.Presets()))
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Counts what a Prometheus, or a store with its HTTP API, has scraped. Between two scrapes a look is late: nothing is judged until the counts have come.",
		Attributes: map[string]schema.Attribute{
			"url":         schema.StringAttribute{Required: true, MarkdownDescription: "The base to which `/api/v1/query` is added, with http or https and without credentials. Example: `\"http://prometheus.internal:9090\"`."},
			"preset":      optional("A ready set of metrics and the label of the arms, by exporter: " + tfconv.OneOf(presets) + ". `sluice signal queries PRESET` prints its queries."),
			"token":       tokenAttribute("Prometheus"),
			"sigv4":       sigV4Attribute(),
			"proxy":       optional("The address of an HTTP proxy. Default: that of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). Example: `\"http://proxy.internal:3128\"`."),
			"timeout":     timeoutAttribute("Bounds one question with its repeats. Default: `" + field.FormatDuration(prometheus.DefaultTimeout) + "`."),
			"stale_after": timeoutAttribute("How old the newest sample of an arm may be before it counts as no data, from `1s` to `1h`; more than the scrape interval. Default: `" + field.FormatDuration(prometheus.DefaultStaleAfter) + "`."),
			"match":       matchAttribute("Narrows all series down: a regular expression (RE2) for each label, which must match the whole value. Example: `{ namespace = \"shop\" }`."),
			"basic": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "A user and where their password is, instead of `token`.",
				Attributes: map[string]schema.Attribute{
					"username": schema.StringAttribute{Required: true, MarkdownDescription: "The user. Example: `\"sluice\"`."},
					"password": passwordAttribute(),
				},
			},
			"arms": schema.SingleNestedAttribute{
				Required: true, MarkdownDescription: "How to tell the old artifact from the new one: by a label and its values, each a regular expression (RE2) that must match the whole value.",
				Attributes: map[string]schema.Attribute{
					"label":    optional("The label that differs. Default: that of the preset. Example: `\"server\"`."),
					"baseline": schema.StringAttribute{Required: true, MarkdownDescription: "Its value on the old artifact. Example: `\"old.*\"`."},
					"canary":   schema.StringAttribute{Required: true, MarkdownDescription: "Its value on the new artifact. Example: `\"new.*\"`."},
				},
			},
			"metrics": schema.MapNestedAttribute{
				Optional: true, MarkdownDescription: "What can be counted, by the name that the strategy uses, besides what the preset has: bad events among all, or those of a histogram that were too slow.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"total":     selectorAttribute("Selects the counters of all events.", "The metric's name as Prometheus has it. Example: `\"http_requests_total\"`."),
					"bad":       selectorAttribute("Selects those of the bad events. Without a name it narrows `total` down.", "The metric's name as Prometheus has it. Example: `\"http_errors_total\"`."),
					"histogram": optional("A histogram with buckets, for a latency, without `_bucket`. Example: `\"http_request_duration_seconds\"`."),
					"unit":      optional("The unit of the histogram's bounds, `s` or `ms`. Default: `s`."),
					"match":     matchAttribute("Narrows the histogram's series down, a regular expression (RE2) for each label."),
				}},
			},
		},
	}
}

func passwordAttribute() schema.SingleNestedAttribute {
	out := tokenAttribute("Prometheus")
	out.Optional, out.Required = false, true
	out.MarkdownDescription = "Where the password is. Exactly one is given. The password itself never stands in configuration, state or ledger."
	return out
}
