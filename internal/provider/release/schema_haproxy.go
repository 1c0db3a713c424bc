package release

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/haproxy"
	haproxytarget "github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
)

// haproxyTarget is target.haproxy.
func haproxyTarget() schema.SingleNestedAttribute {
	source := func(required bool, text string) schema.SingleNestedAttribute {
		return schema.SingleNestedAttribute{
			Required: required, Optional: !required, MarkdownDescription: text + " Exactly one of `header` and `json` is given.",
			Attributes: map[string]schema.Attribute{
				"header": schema.StringAttribute{Optional: true, MarkdownDescription: "The name of a header of the answer. Example: `\"X-Artifact-Digest\"`."},
				"json":   schema.StringAttribute{Optional: true, MarkdownDescription: "The dotted path of a string in a JSON body. Example: `\"build.digest\"`."},
			},
		}
	}
	attributes := haproxyLayout()
	maps.Copy(attributes, map[string]schema.Attribute{
		"identity": schema.SingleNestedAttribute{
			Required: true, MarkdownDescription: "How each server is asked what it runs. That, and not what is written here, is what Sluice takes for serving.",
			Attributes: map[string]schema.Attribute{
				"url":                  schema.StringAttribute{Optional: true, MarkdownDescription: "What is asked by GET. `{address}`, `{port}`, `{backend}` and `{server}` stand for what HAProxy knows of the server. Default: `\"" + haproxytarget.DefaultURL + "\"`."},
				"digest":               source(true, "Where the artifact's digest is, as `sha256:...` or as a reference that ends so."),
				"configuration_digest": source(false, "Where the digest of the configuration is, for releases with a `configuration_digest`."),
				"version":              source(false, "Where the version is, a label for people."),
			},
		},
		"install": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "A command of yours that brings an artifact onto the servers of the idle arm. Without it something else does so before the apply, and an artifact that is not on the idle arm is an error.",
			Attributes: map[string]schema.Attribute{
				"command":     schema.ListAttribute{ElementType: types.StringType, Required: true, MarkdownDescription: "A program and its arguments, run without a shell where Terraform runs. It reads one JSON object from its standard input (`verb`: `preflight` or `install`; `payload`, `arm`, `servers`; the same is in the variables `SLUICE_VERB`, `SLUICE_DIGEST`, `SLUICE_ARM`, `SLUICE_SERVERS` and so on) and writes one to its standard output: `{}`, or `obstacles`, `look_again`, or `error` with `code`, `message` and `remedy`. It may be run again at any time. Example: `[\"./install.sh\"]`."},
				"environment": schema.ListAttribute{ElementType: types.StringType, Optional: true, MarkdownDescription: "Names of environment variables that the command gets besides `PATH` and `HOME`. Example: `[\"AWS_PROFILE\"]`."},
				"timeout":     timeoutAttribute("Bounds one run of the command, from `1s` to `10m`. Default: `" + field.FormatDuration(haproxytarget.DefaultInstallTimeout) + "`."),
			},
		},
		"state_file":      schema.StringAttribute{Optional: true, MarkdownDescription: "The `server-state-file` of HAProxy, where Terraform runs on the same machine: it is written after each change, so that a reload or a restart keeps the weights. Without it, whoever reloads HAProxy saves the state first (`show servers state`). Example: `\"/var/lib/haproxy/state\"`."},
		"cohort_map":      schema.StringAttribute{Optional: true, MarkdownDescription: "The map that sends a cohort (requests with a header or a cookie that the strategy names) to an arm, by its name in haproxy.cfg, where each of the backends looks it up; the guide has the lines. Sluice keeps it, so nothing else may write it. Without it the target has no capability `cohorts`. Example: `\"/etc/haproxy/cohorts.map\"`."},
		"cohort_map_file": schema.StringAttribute{Optional: true, MarkdownDescription: "The map's file, where Terraform runs on the same machine: it is written after each change, so that a reload or a restart keeps the cohort. Without it a reload sends the cohort to the baseline, and the rollout pauses. Example: `\"/etc/haproxy/cohorts.map\"`."},
		"drain":           timeoutAttribute("How long the open sessions of an arm without traffic may take to end before it is taken out, up to `1h`; `0s` for no wait. Default: `" + field.FormatDuration(haproxytarget.DefaultDrain) + "`."),
	})
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Two groups of servers behind HAProxy, which take turns at being the baseline. Their weights are moved over the runtime API.",
		Attributes: attributes,
	}
}

// haproxySignal is signals.*.haproxy.
func haproxySignal() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Counts requests and those with status 5xx or without an answer from HAProxy's statistics, as the metric `errors`; no metric store is needed. The attributes are the same as in `target.haproxy`.",
		Attributes: haproxyLayout(),
	}
}

// haproxyLayout holds what the target and the signal have in common.
func haproxyLayout() map[string]schema.Attribute {
	group := func(name string) schema.ListAttribute {
		return schema.ListAttribute{ElementType: types.StringType, Required: true, MarkdownDescription: "Names of servers, with `*` for any characters. Example: `[\"" + name + "-*\"]`."}
	}
	return map[string]schema.Attribute{
		"socket":   schema.StringAttribute{Required: true, MarkdownDescription: "HAProxy's stats socket, at level admin for a target. Example: `\"unix:///run/haproxy/admin.sock\"` or `\"tcp://10.0.0.5:9999\"`."},
		"backends": schema.ListAttribute{ElementType: types.StringType, Required: true, MarkdownDescription: "The backends that send traffic to the service. They move together. Example: `[\"checkout\"]`."},
		"arms": schema.SingleNestedAttribute{
			Required: true, MarkdownDescription: "The servers of the two groups, which are there in each of the backends.",
			Attributes: map[string]schema.Attribute{string(haproxy.Blue): group("blue"), string(haproxy.Green): group("green")},
		},
		"memory":  schema.StringAttribute{Required: true, MarkdownDescription: "A server, `backend/server`, that takes no traffic and is `disabled`: its weight says which group is the baseline, 1 for blue and 2 for green, so that a reload which keeps the weights keeps this too. Example: `\"sluice_checkout/baseline\"`."},
		"timeout": timeoutAttribute("Bounds one conversation with HAProxy, from `100ms` to `1m`. Default: `" + field.FormatDuration(haproxy.DefaultTimeout) + "`."),
	}
}
