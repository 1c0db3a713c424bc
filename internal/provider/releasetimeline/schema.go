// Package releasetimeline is the data source sluice_release_timeline: the earliest
// start and finish of a release through its environments.
package releasetimeline

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
)

const description = "When a release can be through its environments at the earliest: the declared windows, the soak between the environments, and what the steps took in earlier rollouts of the same strategy, or what it plans at the least. " +
	"Windows count as the engine takes them: they are asked before each step, a step is never cut short, and a rollout that began goes on in a window with `overrun`. " +
	"A deadline that cannot be met is an error that names what stands in the way, or, with `fail_on_miss = false`, `reachable = false`. Holds, quarantines and overrides are not foreseen; nobody promises that the judge is content at once."

// Schema implements datasource.DataSource.
func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := asked()
	for name, a := range answered() {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{MarkdownDescription: description, Attributes: attributes}
}

func optional(description string, more ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: more}
}

func text(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

// reference is a definition of another object, within an environment of the list.
func reference(noun, resource, more string, required bool) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Required: required, Optional: !required,
		MarkdownDescription: "The " + noun + ", as `" + resource + ".example.definition`. `{ name = \"example\" }` takes one that the ledger knows already." + more,
		Attributes: map[string]schema.Attribute{
			"name":    schema.StringAttribute{Required: true, MarkdownDescription: "The name of the " + noun + ".", Validators: []validator.String{definition.Name()}},
			"content": optional("The content of the " + noun + ", from its `definition`. Without it the ledger is asked for the name."),
		},
	}
}

// asked are the attributes that an author writes.
func asked() map[string]schema.Attribute {
	soak := optional("How long the release must have been in this environment before the next one begins. Default: `0s`. Of the last one it counts nothing. Example: `\"24h\"`.", durationtype.NotNegative())
	soak.CustomType = durationtype.Type{}
	return map[string]schema.Attribute{
		"service": schema.StringAttribute{Required: true, MarkdownDescription: "The service that is released. Example: `\"checkout\"`.", Validators: []validator.String{definition.Name()}},
		"service_definition": reference("service", "sluice_service",
			" Its team and labels bring windows into scope. Default: what the ledger knows of the service.", false),
		"environments": schema.ListNestedAttribute{
			Required: true, MarkdownDescription: "The environments in the order of promotion, at least one and each once.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"environment": reference("environment", "sluice_environment", "", true),
				"strategy":    reference("strategy", "sluice_deployment_strategy", "", true),
				"soak":        soak,
			}},
		},
		// A nested object would refuse definitions that are not known yet: the framework
		// misses their required attributes.
		"windows": schema.ListAttribute{
			Optional: true, ElementType: definition.Type(),
			MarkdownDescription: "Windows that the ledger may not know yet, as `sluice_change_window.example.definition`. They are added to those of the ledger, and replace those of the same name.",
		},
		"start":        optional("From when on the release may begin, RFC 3339 with an offset. Default: now, so that it differs from plan to plan. Example: `\"2026-12-01T08:00:00+01:00\"`."),
		"deadline":     optional("Until when the last environment must have it, RFC 3339 with an offset. Example: `\"2026-12-04T18:00:00+01:00\"`."),
		"fail_on_miss": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether a deadline that cannot be met is an error. Default: `true`. With `false`, ask `reachable` in a `check` block or a test."},
		"time_zone":    optional("The IANA name of the zone in which times are written. Default: `\"UTC\"`."),
	}
}

// answered are the attributes of timeline.Report, by its names in JSON.
func answered() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"reachable":       schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the deadline can be met; without a deadline, whether the release can get through at all."},
		"reason":          text("Why not: the window or the soak that stands in the way, and the earliest finish. Empty when it is reachable."),
		"from":            text("The instant from which on it was computed, RFC 3339."),
		"earliest_start":  text("When the first environment can begin; null when the release cannot get through."),
		"earliest_finish": text("When the last environment has it at the earliest, with its bake; null when the release cannot get through."),
		"total":           text("How long that is from `from` on, as a duration; null when the release cannot get through."),
		"picture":         text("The environments as bars, within 80 columns."),
		"stages": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "The environments that can be reached, in order.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"environment": text("The name of the environment."), "ready": text("When it could begin if there were no windows."),
				"earliest_start": text("When it can begin."), "earliest_finish": text("When it is through, with its bake."),
				"takes": text("How long the rollout takes when nothing holds it up."), "takes_from": text("Where that comes from: recorded rollouts, or what the strategy plans."),
				"soak": text("The soak behind it."), "why": text("What makes these times, in words."),
				"waits": schema.ListNestedAttribute{
					Computed: true, MarkdownDescription: "The windows that it waits for.",
					NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
						"from": text("From when on it waits."), "until": text("Until when."),
						"step":   schema.Int64Attribute{Computed: true, MarkdownDescription: "The step that waits, from 1 on. A wait of the first is before the start; behind it the rollout is interrupted, and the new artifact keeps its share of the traffic meanwhile."},
						"window": text("The name of the window that closes."), "reason": text("Why it is closed."),
					}},
				},
			}},
		},
	}
}
